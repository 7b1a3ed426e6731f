"""Data to learn from: handwritten digits, and batches of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

import tinygrad_jp as tg
from nn import checks, idx

_DIGITS = 10


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


def digits(*, rng: np.random.Generator, test_size: int = 360) -> Dataset:
    """The 1,797 handwritten digits of 8x8 pixels that come with scikit-learn.

    Args:
        rng: Chooses which of them are for testing.
        test_size: How many.

    Returns:
        x: (n, 64) float32 from 0 to 1; t: (n,) int64 from 0 to 9.

    Raises:
        ModuleNotFoundError: scikit-learn is not installed.
        ValueError: A test_size that leaves nothing to learn from.

    Example:
        >>> import nn
        >>> import numpy as np
        >>> data = nn.digits(rng=np.random.default_rng(0))
        >>> data.train.x.shape, data.test.x.shape
        ((1437, 64), (360, 64))
    """
    checks.generator("digits", rng)
    checks.whole("digits", "test_size", test_size)
    try:
        datasets = import_module("sklearn.datasets")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "digits: needs scikit-learn; install it with: pip install 'tinygrad_jp[nn]'"
        ) from error
    pixels, labels = datasets.load_digits(return_X_y=True)
    if test_size >= len(pixels):
        raise ValueError(
            f"digits: test_size must be below {len(pixels)}, got {test_size}"
        )
    order = rng.permutation(len(pixels))
    x = (pixels[order] / 16).astype(np.float32)
    t = labels[order].astype(np.int64)
    return Dataset(
        train=Examples(x[test_size:], t[test_size:]),
        test=Examples(x[:test_size], t[:test_size]),
    )


def mnist(folder: str | os.PathLike[str]) -> Dataset:
    """MNIST, or another data set in its format, from the four IDX files in a folder.

    Args:
        folder: Holds {train,t10k}-{images-idx3,labels-idx1}-ubyte, plain or .gz.

    Returns:
        x: (n, rows * columns) float32 from 0 to 1; t: (n,) int64 from 0 to 9.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: A file is damaged, truncated or in another's place; the message
            names file and field.

    Example:
        >>> import nn
        >>> nn.mnist("nowhere")
        Traceback (most recent call last):
            ...
        FileNotFoundError: mnist: nowhere is not a folder
    """
    here = Path(folder)
    train = _read_pair(here, "train")
    test = _read_pair(here, "t10k")
    if train.x.shape[1:] != test.x.shape[1:]:
        raise ValueError(
            f"mnist: the images for training and testing must be of one size, "
            f"got {train.x.shape[1]} and {test.x.shape[1]} pixels in {here}"
        )
    return Dataset(train, test)


def _read_pair(folder: Path, part: str) -> Examples:
    image_file = idx.find(folder, f"{part}-images-idx3-ubyte")
    label_file = idx.find(folder, f"{part}-labels-idx1-ubyte")
    labels = idx.read(label_file, axes=1)
    if labels.max() >= _DIGITS:
        place = int(np.argmax(labels >= _DIGITS))
        raise ValueError(
            f"{label_file}: labels must be 0 to {_DIGITS - 1}, "
            f"got {labels[place]} at {place}"
        )
    images = idx.read(image_file, axes=3)
    if len(images) != len(labels):
        raise ValueError(
            f"{image_file}: {len(images):,} images, but {label_file.name} holds "
            f"{len(labels):,} labels; the counts must be equal"
        )
    x = images.reshape(len(images), -1).astype(np.float32)
    x /= 255
    return Examples(x, labels.astype(np.int64))


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
