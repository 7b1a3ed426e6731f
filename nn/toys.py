"""Small data that is made on the spot: XOR and spirals."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from nn import checks
from nn.data import Examples


def xor(*, dtype: DTypeLike = np.float32) -> Examples:
    """The four inputs of XOR, and its result as labels (book, chapter 2.5).

    Returns:
        x: (4, 2); t: (4,) int64, 0 or 1.

    Example:
        >>> import nn
        >>> x, t = nn.xor()
        >>> x.tolist(), t.tolist()
        ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1, 0])
    """
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], checks.floating("xor", dtype))
    return Examples(x, np.array([0, 1, 1, 0]))


def spiral(
    size: int = 100,
    classes: int = 3,
    *,
    noise: float = 0.2,
    turns: float = 0.64,
    rng: np.random.Generator,
    dtype: DTypeLike = np.float32,
) -> Examples:
    """Arms of a spiral, a class each, that no straight line tells apart.

    Args:
        size: Points of each class.
        classes: How many arms.
        noise: Standard deviation of the angle, in radians.
        turns: How often an arm goes around.
        rng: Draws the noise, and the order of the points.
        dtype: Of the points.

    Returns:
        x: (classes * size, 2), within the unit circle; t: as many labels, int64.

    Raises:
        ValueError: No points or fewer than two classes.

    Example:
        >>> import nn
        >>> x, t = nn.spiral(100, 3, rng=np.random.default_rng(0))
        >>> x.shape, np.bincount(t).tolist()
        ((300, 2), [100, 100, 100])
    """
    checks.whole("spiral", "size", size)
    checks.whole("spiral", "classes", classes, least=2)
    checks.real("spiral", "noise", noise, zero=True)
    checks.real("spiral", "turns", turns)
    checks.generator("spiral", rng)
    t = np.repeat(np.arange(classes), size)
    radius = np.tile(np.arange(size) / size, classes)
    start = 2 * np.pi * t / classes
    angle = start + 2 * np.pi * turns * radius + noise * rng.standard_normal(t.size)
    x = np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1)
    order = rng.permutation(t.size)
    return Examples(x[order].astype(checks.floating("spiral", dtype)), t[order])
