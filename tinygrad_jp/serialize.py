"""Files of arrays: `save` and `load`, in the safetensors format.

A file holds names, shapes, dtypes and numbers, and nothing that could run. It is
written whole or not at all, and read only after every field of its header was found
to fit the file. This page knows nothing of modules: it takes and gives dicts.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from math import prod
from typing import TYPE_CHECKING, Any, BinaryIO, TypeGuard

import numpy as np

from tinygrad_jp.operands import as_tensor

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

PathLike = str | os.PathLike[str]

_DTYPES = {
    "BOOL": 1,
    "U8": 1,
    "I8": 1,
    "U16": 2,
    "I16": 2,
    "F16": 2,
    "U32": 4,
    "I32": 4,
    "F32": 4,
    "U64": 8,
    "I64": 8,
    "F64": 8,
}
"""Bytes per element of the dtypes that both the format and NumPy have."""
_LONGEST_HEADER = 100_000_000  # the format's own limit
_OTHER_FORMATS = {".pkl", ".pickle", ".npy", ".npz", ".pt", ".pth", ".h5", ".hdf5"}


class Saved(dict[str, "NDArray[Any]"]):
    """What a file holds: arrays by name, in the file's order.

    Attributes:
        metadata: The texts that were saved with them.
    """

    def __init__(self, metadata: dict[str, str]) -> None:
        super().__init__()
        self.metadata = metadata


def save(
    path: PathLike,
    tensors: Mapping[str, Any],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write arrays to a file, as safetensors: whole, or not at all.

    The file takes its place only when all of it is on the disk. Whatever happens
    before, what stood there stays. Folders that are missing are made.

    Args:
        path: Where to; by custom it ends in ``.safetensors``.
        tensors: Tensors or arrays by name, such as `Module.state_dict` gives.
        metadata: Texts by name, kept in the file's header.

    Raises:
        TypeError: A name or a text that is no str, or an array that holds no real
            numbers.
        ValueError: A path that ends like another format.
        OSError: The file cannot be written; the error names it.
        ModuleNotFoundError: safetensors is not installed.

    Example:
        >>> import numpy as np
        >>> import tinygrad_jp as tg
        >>> tg.save("point.safetensors", {"x": tg.Tensor([1.0, 2.0])}, {"unit": "m"})
        >>> tg.load("point.safetensors")
        {'x': array([1., 2.])}
        >>> tg.load("point.safetensors").metadata
        {'unit': 'm'}
    """
    # Imported late, here and in `load`: a program that saves nothing shall not wait.
    from pathlib import Path

    from tinygrad_jp.files import replace

    place = Path(path)
    if place.suffix.lower() in _OTHER_FORMATS:
        raise ValueError(
            f"save: {place} would be a safetensors file; name it "
            f"{place.with_suffix('.safetensors').name}"
        )
    arrays = {_text("a name", name): _array(name, tensors[name]) for name in tensors}
    texts = {}
    for name, text in (metadata or {}).items():
        texts[_text("a name in metadata", name)] = _text(f"metadata[{name!r}]", text)
    if "__metadata__" in arrays:
        raise ValueError("save: the name '__metadata__' belongs to the format")
    content = _safetensors("save").save(arrays, texts or None)
    replace(place, content, "save")
    _settle(Path(os.path.realpath(place)).parent)


def load(path: PathLike) -> Saved:
    """Read what `save`, or another library, has written as safetensors.

    Nothing in a file is ever run, and nothing is read before the header was checked
    against the size of the file.

    Returns:
        A dict of arrays in the file's order; its attribute `metadata` holds the texts.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: Another format, or a damaged file; the message names file and
            field. A pickle is refused, for reading one runs code.
        ModuleNotFoundError: safetensors is not installed.

    Example:
        >>> tg.load("nowhere.safetensors")
        Traceback (most recent call last):
            ...
        FileNotFoundError: [Errno 2] No such file or directory: 'nowhere.safetensors'
    """
    from tinygrad_jp.foreign import refuse

    with open(path, "rb") as file:
        refuse(path, file)
        header = _read_header(path, file)
    texts = header.pop("__metadata__", {})
    found = Saved(texts)
    safetensors = _safetensors("load")
    try:
        with safetensors.safe_open(path, framework="np") as opened:
            for name in sorted(header, key=lambda n: header[n]["data_offsets"]):
                found[name] = opened.get_tensor(name)
    except safetensors.SafetensorError as error:
        raise ValueError(f"{path}: {error}") from error
    return found


def _safetensors(owner: str) -> Any:
    try:
        return import_module("safetensors.numpy" if owner == "save" else "safetensors")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{owner}: needs safetensors; install it with: "
            "pip install 'tinygrad_jp[nn]'"
        ) from error


# --- writing ---------------------------------------------------------------------


def _text(what: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"save: {what} must be a str, got {value!r}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"save: {what} must be Unicode text, got {value!r}") from None
    return value


def _array(name: str, value: Any) -> NDArray[Any]:
    """The numbers, in the order of axes that the format wants."""
    return np.asarray(as_tensor(f"save: {name}", value).data, order="C")


def _settle(folder: Path) -> None:
    """Have the folder's new entry on the disk too, where the system can do that."""
    # The file is in its place already; a system that cannot do more has done its best.
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


# --- reading ---------------------------------------------------------------------


def _read_header(path: PathLike, file: BinaryIO) -> dict[str, Any]:
    """The header of a file, after all that it claims was checked."""
    import json

    size = os.fstat(file.fileno()).st_size
    if size < 8:
        raise ValueError(f"{path}: needs 8 bytes or more, got {size}: truncated")
    file.seek(0)
    length = int.from_bytes(file.read(8), "little")
    longest = min(size - 8, _LONGEST_HEADER)
    if length > longest:
        raise ValueError(
            f"{path}: header length says {length:,} bytes, but at most {longest:,} "
            f"are possible in a file of {size:,}: truncated, or not safetensors"
        )
    try:
        header = json.loads(file.read(length), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: header is not valid JSON: {error}") from None
    if not isinstance(header, dict):
        raise ValueError(f"{path}: header must be an object, got {header!r:.60}")
    _check_metadata(path, header.get("__metadata__", {}))
    tensors = {name: e for name, e in header.items() if name != "__metadata__"}
    for name, entry in tensors.items():
        _check_entry(f"{path}: {name}", entry)
    _check_places(path, tensors, size - 8 - length)
    return header


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {twice!r} stands twice")
    return found


def _check_metadata(path: PathLike, texts: object) -> None:
    if not isinstance(texts, dict) or not all(
        isinstance(text, str) for text in texts.values()
    ):
        raise ValueError(f"{path}: __metadata__ must hold texts, got {texts!r:.60}")


def _check_entry(where: str, entry: Any) -> None:
    """One array's dtype, shape and place, each by itself and together."""
    if not isinstance(entry, dict):
        raise ValueError(f"{where}: must be an object, got {entry!r:.60}")
    dtype = entry.get("dtype")
    if not isinstance(dtype, str) or dtype not in _DTYPES:
        raise ValueError(
            f"{where}: dtype must be one of {', '.join(_DTYPES)}, got {dtype!r:.60}; "
            "NumPy has no other that the format has, so convert it to F32 first"
        )
    shape = entry.get("shape")
    if not _counts(shape):
        raise ValueError(f"{where}: shape must be lengths of axes, got {shape!r:.60}")
    place = entry.get("data_offsets")
    if not _counts(place) or len(place) != 2 or place[0] > place[1]:
        raise ValueError(
            f"{where}: data_offsets must be a start and an end, got {place!r:.60}"
        )
    needed = prod(shape) * _DTYPES[dtype]
    if place[1] - place[0] != needed:
        raise ValueError(
            f"{where}: shape {tuple(shape)} of {dtype} needs {needed:,} bytes, but "
            f"data_offsets give it {place[1] - place[0]:,}"
        )


def _counts(value: object) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(type(n) is int and n >= 0 for n in value)


def _check_places(path: PathLike, tensors: dict[str, Any], size: int) -> None:
    """The arrays must fill what follows the header, each byte belonging to one."""
    end = 0
    for name in sorted(tensors, key=lambda n: tensors[n]["data_offsets"]):
        first, last = tensors[name]["data_offsets"]
        if first != end:
            fault = "overlap with what stands before" if first < end else "leave a gap"
            raise ValueError(
                f"{path}: {name}: data_offsets ({first}, {last}) {fault}; "
                f"must start at {end}"
            )
        end = last
    if end != size:
        raise ValueError(
            f"{path}: data must be {end:,} bytes by data_offsets, got {size:,}: "
            f"{'truncated' if end > size else 'something follows'}"
        )
