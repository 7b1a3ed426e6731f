"""Dtypes by their Array API names, and questions about dtypes.

Dtypes are NumPy's own `np.dtype` objects: what `x.dtype` returns.
"""

from __future__ import annotations

from typing import Any

import numpy as np

float16 = np.dtype(np.float16)
float32 = np.dtype(np.float32)
float64 = np.dtype(np.float64)
int8 = np.dtype(np.int8)
int16 = np.dtype(np.int16)
int32 = np.dtype(np.int32)
int64 = np.dtype(np.int64)
uint8 = np.dtype(np.uint8)
uint16 = np.dtype(np.uint16)
uint32 = np.dtype(np.uint32)
uint64 = np.dtype(np.uint64)
bool = np.dtype(np.bool_)

_KINDS = {
    "bool": "b",
    "signed integer": "i",
    "unsigned integer": "u",
    "integral": "iu",
    "real floating": "f",
    "complex floating": "c",
    "numeric": "iufc",
}


def _dtype_of(given: Any) -> Any:
    """The dtype of what has one; dtypes, their names and types stay themselves."""
    return getattr(given, "dtype", given) if not isinstance(given, type) else given


def isdtype(dtype: Any, kind: Any) -> Any:
    """Whether a dtype is of a kind. Array API ``isdtype``.

    Args:
        dtype: A dtype, or a Tensor or array that has one.
        kind: "bool", "signed integer", "unsigned integer", "integral", "real
            floating", "complex floating", "numeric", a dtype, or a tuple of these.

    Raises:
        ValueError: Another word.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.isdtype(tg.Tensor([1.0]).dtype, "real floating")
        True
    """
    found = np.dtype(_dtype_of(dtype))
    if isinstance(kind, tuple):
        return any(isdtype(found, one) for one in kind)
    if not isinstance(kind, str):
        return found == np.dtype(_dtype_of(kind))
    if kind not in _KINDS:
        raise ValueError(
            f"isdtype: kind must be a dtype or one of {', '.join(_KINDS)}, got {kind!r}"
        )
    return found.kind in _KINDS[kind]


def finfo(dtype: Any) -> Any:
    """Limits of a floating dtype, or of that of a Tensor. Array API ``finfo``.

    Example:
        >>> import tinygrad_jp as tg
        >>> float(tg.finfo(tg.Tensor([1.0])).eps)
        2.220446049250313e-16
    """
    return np.finfo(_dtype_of(dtype))


def iinfo(dtype: Any) -> Any:
    """Limits of an integer dtype, or of that of a Tensor. Array API ``iinfo``.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.iinfo(tg.int8).max
        127
    """
    return np.iinfo(_dtype_of(dtype))


def result_type(*arrays_and_dtypes: Any) -> Any:
    """The dtype that operands of these have together. Array API ``result_type``.

    A Python scalar is weak: it takes the precision of its partners.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.result_type(tg.ones(2, dtype=tg.float32), tg.float64)
        dtype('float64')
        >>> tg.result_type(tg.float32, 2.0)
        dtype('float32')
    """
    return np.result_type(*map(_dtype_of, arrays_and_dtypes))


def can_cast(from_: Any, to: Any, casting: Any = "safe") -> Any:
    """Whether a dtype, or that of a Tensor, can become another. Array API.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.can_cast(tg.float64, tg.float32), tg.can_cast(tg.int8, tg.int16)
        (False, True)
    """
    return np.can_cast(_dtype_of(from_), _dtype_of(to), casting)
