"""Sharing memory with other libraries through DLPack, both ways, without a copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_jp.operands import bare, constant
from tinygrad_jp.update import held_once

if TYPE_CHECKING:
    from tinygrad_jp.tensor import Tensor


def exported(tensor: Tensor, *, copy: bool | None = None, **keywords: Any) -> Any:
    """What `tensor.__dlpack__` gives to whoever asks for its memory.

    They may write to it. So from now on it is watched like all memory from outside;
    where a graph holds it already, unwatched, they get a copy.

    Raises:
        BufferError: `copy=False`, and the memory cannot be shared.
    """
    alone = held_once(tensor)
    data = tensor._data
    shared = data.base is not None and not data.flags.writeable
    if copy or not (shared or alone):
        if copy is False:
            raise BufferError(
                "__dlpack__: a recorded graph or another tensor holds this memory; "
                "it can be given away as a copy only"
            )
        return data.copy().__dlpack__(**keywords)
    if not shared:
        tensor._data = data.view()
        tensor._data.flags.writeable = False
    try:
        return _writeable(data).__dlpack__(**keywords)
    except BufferError:  # NumPy 1 gives away no memory that it was lent read-only
        if copy is False:
            raise
        return data.copy().__dlpack__(**keywords)


def _writeable(data: Any) -> Any:
    """The array behind a read-only view of all of it: NumPy 1 exports no other."""
    base = data.base
    same = isinstance(base, np.ndarray) and (
        (base.ctypes.data, base.shape, base.strides, base.dtype)
        == (data.ctypes.data, data.shape, data.strides, data.dtype)
    )
    return base if same and not data.flags.writeable else data


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A constant Tensor that shares memory with another library's CPU array.

    Array API ``from_dlpack``. Whoever writes to that memory changes the Tensor; an op
    that has kept it notices, as with `asarray`.

    Args:
        x: An array with `__dlpack__`, of PyTorch, JAX, NumPy and others.
        device: Only "cpu" or None: there is no other.
        copy: True for a copy.

    Raises:
        ValueError: Another device.

    Example:
        >>> import numpy as np
        >>> import tinygrad_jp as tg
        >>> a = np.array([1.0, 2.0])
        >>> np.shares_memory(tg.from_dlpack(a).data, a)
        True
    """
    if device not in (None, "cpu"):
        raise ValueError(f"from_dlpack: device must be 'cpu' or None, got {device!r}")
    shared = np.from_dlpack(x)
    return bare(constant("from_dlpack", shared.copy() if copy else shared))
