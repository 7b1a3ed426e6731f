"""IDX files, the format of MNIST: read with care, plain or gzip-compressed.

A file says in its header how long it is. That is compared with the file's real size
before memory is taken, and every field is checked: a download that broke off, or
labels in the place of images, is named at once instead of training on rubbish.

Format: two zero bytes, a type code (8: unsigned bytes), the number of axes, then
the length of each axis as four bytes, the most significant first, then the data.
"""

from __future__ import annotations

import gzip
import zlib
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

_TYPES = {
    0x08: "unsigned byte",
    0x09: "signed byte",
    0x0B: "int16",
    0x0C: "int32",
    0x0D: "float32",
    0x0E: "float64",
}
_HOLDS = {1: "labels", 3: "images"}
_GZIP = b"\x1f\x8b"
_DEFLATE_LIMIT = 1032  # gzip never makes a byte stand for more bytes than this


def find(owner: str, folder: Path, stem: str) -> Path:
    """The file of a name such as "train-images-idx3-ubyte", plain or gzip.

    Raises:
        FileNotFoundError: Neither is there.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{owner}: {folder} is not a folder")
    dotted = stem.replace("-idx", ".idx")  # as some programs unpack them
    names = [stem, f"{stem}.gz", dotted, f"{dotted}.gz"]
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(
        f"{owner}: {stem} or {stem}.gz is missing in {folder}; it needs the four IDX "
        "files of MNIST: {train,t10k}-{images-idx3,labels-idx1}-ubyte, plain or .gz"
    )


def read(path: Path, axes: int) -> NDArray[np.uint8]:
    """Read a file of unsigned bytes with so many axes: 1 for labels, 3 for images.

    Raises:
        ValueError: Names the file, the field, what it must be and what it is.
    """
    size = path.stat().st_size
    with path.open("rb") as raw:
        packed = raw.read(2) == _GZIP
        raw.seek(0)
        if not packed:
            return _parse(path, raw, axes, largest=size)
        try:
            with gzip.open(raw) as unpacked:
                return _parse(path, unpacked, axes, largest=size * _DEFLATE_LIMIT)
        except EOFError:
            raise ValueError(
                f"{path}: the gzip data breaks off after {size:,} bytes; "
                "the file is truncated"
            ) from None
        except (gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(f"{path}: the gzip data is damaged: {error}") from None


def _parse(
    path: Path, file: BinaryIO | gzip.GzipFile, axes: int, largest: int
) -> NDArray[np.uint8]:
    header = file.read(4 + 4 * axes)
    _check_magic(path, header[:4], axes)
    if len(header) < 4 + 4 * axes:
        raise ValueError(
            f"{path}: the header must have {4 + 4 * axes} bytes, got {len(header)}; "
            "the file is truncated"
        )
    shape = tuple(np.frombuffer(header, ">u4", offset=4).tolist())
    if 0 in shape:
        raise ValueError(
            f"{path}: the lengths in the header must be above 0, got {shape}"
        )
    needed = prod(shape)
    if needed > largest:
        raise ValueError(
            f"{path}: the header says {shape}, {needed:,} bytes of data, but the file "
            f"can hold no more than {largest:,}; it is truncated or not an IDX file"
        )
    data = file.read(needed)
    if len(data) < needed:
        raise ValueError(
            f"{path}: the data must have {needed:,} bytes for {shape}, "
            f"got {len(data):,}; the file is truncated"
        )
    if file.read(1):
        raise ValueError(
            f"{path}: the data must end after {needed:,} bytes for {shape}, "
            "but more bytes follow"
        )
    return np.frombuffer(data, np.uint8).reshape(shape)


def _check_magic(path: Path, magic: bytes, axes: int) -> None:
    wanted = bytes([0, 0, 0x08, axes])
    if magic == wanted:
        return
    start = (
        f"{path}: the magic number must be {int.from_bytes(wanted)} for {_HOLDS[axes]}"
    )
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise ValueError(f"{start}, got bytes {magic.hex(' ')!r}; not an IDX file")
    if magic[2] != 0x08:
        kind = _TYPES.get(magic[2], "unknown")
        raise ValueError(
            f"{start}, got {int.from_bytes(magic)}: the type code must be 0x08 "
            f"(unsigned byte), got 0x{magic[2]:02X} ({kind})"
        )
    held = _HOLDS.get(magic[3])
    swapped = f"; these are {held}: were two files swapped?" if held else ""
    raise ValueError(
        f"{start}, got {int.from_bytes(magic)}: the number of axes must be {axes}, "
        f"got {magic[3]}{swapped}"
    )
