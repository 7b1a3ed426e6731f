"""Files that are no safetensors: what they are, and how to convert them elsewhere.

None of them is opened any further than it takes to name it.
"""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import IO

import numpy as np

_WHY = "reading it can run any code that its writer put in, so it is not read here"
_HOW = (
    "Where it comes from someone you trust, read it in a program of its own with "
    "{reader}, make a dict of arrays of it, and write that with tinygrad_jp.save"
)


def refuse(path: str | os.PathLike[str], file: IO[bytes]) -> None:
    """Refuse a pickle, a NumPy file, a PyTorch file and HDF5 by their first bytes.

    Raises:
        ValueError: It is one of these; the message says why, and what to do.
    """
    start = file.read(9)
    if start[6:] == b"\0\0{":
        return  # the length of a header, which follows: its low bytes may be any
    suffix = Path(path).suffix.lower()
    if start.startswith(b"PK"):
        raise ValueError(f"load: {path} {_archive(file)}")
    if start.startswith(b"\x93NUMPY"):
        raise ValueError(f"load: {path} {_numpy(file)}")
    if start.startswith(b"\x89HDF"):
        raise ValueError(
            f"load: {path} is an HDF5 file; read it with h5py and write its arrays "
            "with tinygrad_jp.save"
        )
    # From protocol 2 on a pickle begins with 0x80 and its protocol.
    binary = len(start) > 1 and start[0] == 0x80 and 2 <= start[1] <= 5
    if suffix in (".pkl", ".pickle") or binary:
        raise ValueError(f"load: {path} {_pickle('pickle.load')}")
    if suffix in (".pt", ".pth"):
        raise ValueError(f"load: {path} {_pickle('torch.load(weights_only=True)')}")


def _pickle(reader: str) -> str:
    return f"is a pickle: {_WHY}. {_HOW.format(reader=reader)}"


def _archive(file: IO[bytes]) -> str:
    """What a zip archive is, by the names in it."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            if any(name.endswith("data.pkl") for name in names):
                return _pickle("torch.load(weights_only=True)")
            for name in names:
                if name.endswith(".npy"):
                    with archive.open(name) as member:
                        if _holds_objects(member):
                            return _pickle("numpy.load(allow_pickle=True)")
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError):
        return "is a zip archive, and a damaged one"
    return (
        "is a zip archive, as numpy.savez writes; read it with numpy.load and write "
        "its arrays with tinygrad_jp.save"
    )


def _numpy(file: IO[bytes]) -> str:
    file.seek(0)
    if _holds_objects(file):
        return _pickle("numpy.load(allow_pickle=True)")
    return (
        "is a NumPy file; read it with numpy.load and write the array with "
        "tinygrad_jp.save"
    )


def _holds_objects(file: IO[bytes]) -> bool:
    """Whether the header of a .npy file names objects, which are kept as a pickle."""
    try:
        version = np.lib.format.read_magic(file)
        reader = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        _, _, dtype = reader(file)
    except (ValueError, EOFError):
        return False
    return bool(dtype.hasobject)
