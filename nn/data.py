"""Data to learn from: examples, and batches of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

import tinygrad_jp as tg
from nn import checks


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs and what they shall become, row by row; ``x, t = examples`` unpacks.

    Attributes:
        x: Inputs; the first axis counts the examples.
        t: Labels or one-hot rows, as many.

    Example:
        >>> import nn
        >>> import numpy as np
        >>> images, labels = nn.Examples(np.zeros((8, 2)), np.arange(8))
        >>> images.shape, labels.shape
        ((8, 2), (8,))
    """

    x: NDArray[Any]
    t: NDArray[Any]

    def __post_init__(self) -> None:
        _same_length("Examples", self.x, self.t)

    def __len__(self) -> int:
        return len(self.x)

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return iter((self.x, self.t))

    def first(self, count: int) -> Examples:
        """The first so many of them, or all where there are fewer."""
        checks.whole("Examples.first", "count", count)
        return Examples(self.x[:count], self.t[:count])

    def split(self, part: float, *, rng: np.random.Generator) -> Dataset:
        """Put some aside, such as for validation, chosen at random.

        Args:
            part: Which part of them goes into `test`; above 0 and below 1.
            rng: Chooses.

        Raises:
            ValueError: A part that leaves nothing on one side.

        Example:
            >>> import nn
            >>> examples = nn.Examples(np.zeros((10, 2)), np.arange(10))
            >>> data = examples.split(0.2, rng=np.random.default_rng(0))
            >>> len(data.train), len(data.test)
            (8, 2)
        """
        checks.generator("Examples.split", rng)
        aside = round(checks.real("Examples.split", "part", part) * len(self))
        if not 0 < aside < len(self):
            raise ValueError(
                f"Examples.split: part must leave examples on both sides, got {part:g} "
                f"of {len(self)}"
            )
        order = rng.permutation(len(self))
        ours, others = order[aside:], order[:aside]
        return Dataset(
            Examples(self.x[ours], self.t[ours]),
            Examples(self.x[others], self.t[others]),
        )


@dataclass(frozen=True, eq=False)
class Dataset:
    """Examples to learn from, and others to be tested with.

    Attributes:
        train: To learn from.
        test: To be tested with.

    Example:
        >>> import nn
        >>> import numpy as np
        >>> seen, unseen = (nn.Examples(np.zeros((n, 2)), np.arange(n)) for n in (8, 2))
        >>> data = nn.Dataset(seen, unseen)
        >>> len(data.train), len(data.test)
        (8, 2)
    """

    train: Examples
    test: Examples


def one_hot(
    labels: Any, classes: int, *, dtype: DTypeLike = np.float32
) -> NDArray[Any]:
    """Labels as rows with a 1 at the label's place (book, chapter 3.6.1).

    Raises:
        TypeError: Labels that are no integers.
        ValueError: A label out of range.

    Example:
        >>> import nn
        >>> nn.one_hot([2, 0], 3)
        array([[0., 0., 1.],
               [1., 0., 0.]], dtype=float32)
    """
    checks.whole("one_hot", "classes", classes)
    given = np.asarray(labels)
    if given.dtype.kind not in "iu":
        raise TypeError(f"one_hot: labels must be integers, got {given.dtype}")
    bad = (given < 0) | (given >= classes)
    if bad.any():
        raise ValueError(
            f"one_hot: labels must be 0 to {classes - 1}, got {given[bad][0]} "
            f"at {int(np.argmax(bad))}"
        )
    rows: NDArray[Any] = np.eye(classes, dtype=dtype)[given]
    return rows


def batches(
    x: Any,
    t: Any,
    batch_size: int,
    *,
    rng: np.random.Generator | None,
    drop_last: bool = False,
) -> Iterator[tuple[Any, Any]]:
    """Go through all examples once, a batch at a time.

    Args:
        x: Inputs; an array or a Tensor.
        t: Labels or one-hot rows; an array or a Tensor.
        batch_size: Examples per batch; the last batch may be shorter.
        rng: Shuffles the examples; None leaves them in their order.
        drop_last: Leave a shorter last batch out.

    Raises:
        ShapeError: `x` and `t` are not equally long, or empty.
        ValueError: A batch_size below 1.

    Example:
        >>> import nn
        >>> import numpy as np
        >>> x, t = np.arange(5), np.arange(5) % 2
        >>> [x_batch.tolist() for x_batch, _ in nn.batches(x, t, 2, rng=None)]
        [[0, 1], [2, 3], [4]]
    """
    # Checked here and not in a generator's body, which would wait for the first batch.
    checks.whole("batches", "batch_size", batch_size)
    if rng is not None:
        checks.generator("batches", rng)
    x, t = (a if isinstance(a, tg.Tensor) else np.asarray(a) for a in (x, t))
    _same_length("batches", x, t)
    count = len(x)
    order = np.arange(count) if rng is None else rng.permutation(count)
    stop = count - count % batch_size if drop_last else count
    starts = range(0, stop, batch_size)
    picks = (order[start : start + batch_size] for start in starts)
    return ((x[pick], t[pick]) for pick in picks)


def _same_length(owner: str, x: Any, t: Any) -> None:
    shapes = np.shape(x), np.shape(t)
    if () in shapes or shapes[0][0] != shapes[1][0] or not shapes[0][0]:
        raise tg.ShapeError(
            f"{owner}: x and t must be equally long and not empty, "
            f"got x {shapes[0]} and t {shapes[1]}"
        )
