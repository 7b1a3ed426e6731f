"""Data sets: the digits of scikit-learn, MNIST and Fashion-MNIST."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nn import checks, idx
from nn.data import Dataset, Examples

_DIGITS = 10

FASHION = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
"""The classes of Fashion-MNIST, by label."""


class Source(NamedTuple):
    """Where a data set can be downloaded: SHA-256 by file, and addresses before it."""

    files: Mapping[str, str]
    mirrors: Sequence[str]


MNIST = Source(
    {
        "train-images-idx3-ubyte.gz": (
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
        ),
        "train-labels-idx1-ubyte.gz": (
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
        ),
        "t10k-images-idx3-ubyte.gz": (
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
        ),
        "t10k-labels-idx1-ubyte.gz": (
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
        ),
    },
    (
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
    ),
)

FASHION_MNIST = Source(
    {
        "train-images-idx3-ubyte.gz": (
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"
        ),
        "train-labels-idx1-ubyte.gz": (
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"
        ),
        "t10k-images-idx3-ubyte.gz": (
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"
        ),
        "t10k-labels-idx1-ubyte.gz": (
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"
        ),
    },
    (
        "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/"
        "fashion/",
    ),
)


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


def mnist(
    folder: str | os.PathLike[str] | None = None, *, flatten: bool = True
) -> Dataset:
    """MNIST, or another data set in its format: pictures of 28x28 of 10 classes.

    Args:
        folder: Holds {train,t10k}-{images-idx3,labels-idx1}-ubyte, plain or .gz. Where
            it is None, the files are downloaded, 12 MB, and kept for the next time: in
            the folder that the variable TINYGRAD_JP_DATA names, or the user's cache.
        flatten: Whether a picture is a row, or (1, rows, columns) as a Convolution
            takes it.

    Returns:
        x: (n, rows * columns) or (n, 1, rows, columns), float32 from 0 to 1; t: (n,)
        int64 from 0 to 9.

    Raises:
        FileNotFoundError: A file is missing.
        ConnectionError: It could not be downloaded; says how to get it by hand.
        ValueError: A file is damaged, truncated or in another's place; the message
            names file and field.

    Example:
        >>> import nn
        >>> nn.mnist("nowhere")
        Traceback (most recent call last):
            ...
        FileNotFoundError: mnist: nowhere is not a folder
    """
    return _pictures("mnist", folder, MNIST, flatten)


def fashion_mnist(
    folder: str | os.PathLike[str] | None = None, *, flatten: bool = True
) -> Dataset:
    """Fashion-MNIST: pictures of clothes, of the size and number of MNIST's digits.

    Xiao, Rasul and Vollgraf 2017; 31 MB. `nn.datasets.FASHION` names its classes.
    Arguments, result and errors are those of `mnist`.

    Example:
        >>> import nn
        >>> nn.fashion_mnist("nowhere")
        Traceback (most recent call last):
            ...
        FileNotFoundError: fashion_mnist: nowhere is not a folder
    """
    return _pictures("fashion_mnist", folder, FASHION_MNIST, flatten)


def _pictures(
    owner: str, folder: str | os.PathLike[str] | None, source: Source, flatten: bool
) -> Dataset:
    """Pictures to learn from and to be tested with, from four files."""
    if folder is None:
        from nn import download  # what the network needs takes as long as all of nn

        here = download.cache() / owner
        download.fetch(owner, here, source.files, source.mirrors)
    else:
        here = Path(folder)
    train = _read_pair(owner, here, "train", flatten)
    test = _read_pair(owner, here, "t10k", flatten)
    if train.x.shape[1:] != test.x.shape[1:]:
        raise ValueError(
            f"{owner}: the images for training and testing must be of one size, "
            f"got {train.x[0].size} and {test.x[0].size} pixels in {here}"
        )
    return Dataset(train, test)


def _read_pair(owner: str, folder: Path, part: str, flatten: bool) -> Examples:
    image_file = idx.find(owner, folder, f"{part}-images-idx3-ubyte")
    label_file = idx.find(owner, folder, f"{part}-labels-idx1-ubyte")
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
    shape = (len(images), -1) if flatten else (len(images), 1, *images.shape[1:])
    x = images.reshape(shape).astype(np.float32)
    x /= 255
    return Examples(x, labels.astype(np.int64))
