"""NumPy's own functions on Tensors: `np.exp(x)` records.

NumPy asks a Tensor among the arguments what to do (`__array_ufunc__` of NEP 13,
`__array_function__` of NEP 18); the answer is looked up in tables. What is not in the
tables is refused by name: never an object array, never a silent detach.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tinygrad_jp.numpy_tables import FUNCTIONS, MAKES, REDUCTIONS, UFUNCS

_NAMES = [ufunc.__name__ for ufunc in UFUNCS] + [call.__name__ for call in FUNCTIONS]


def _refuse(name: str) -> TypeError:
    from difflib import get_close_matches  # takes long to load

    near = get_close_matches(name, _NAMES, n=1, cutoff=0.4)
    hint = f"; the nearest that is recorded is np.{near[0]}" if near else ""
    return TypeError(
        f"np.{name}: not an op of tinygrad_jp{hint}; for the values alone call it on "
        "x.data"
    )


def _only_defaults(name: str, keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Drop keywords that ask for nothing; refuse `out`, `dtype` and `where`."""
    kept = {}
    for key, value in keywords.items():
        if key in ("out", "dtype", "where", "order", "initial", "casting"):
            if value is None or value is np._NoValue or value is True:
                continue
            raise TypeError(f"np.{name}: {key}= is not possible with a Tensor")
        if value is not np._NoValue:
            kept[key] = value
    return kept


def array_ufunc(
    ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], keywords: Mapping[str, Any]
) -> Any:
    """Answer `ufunc(*inputs)` and `ufunc.reduce(x)`."""
    table = {"__call__": UFUNCS, "reduce": REDUCTIONS}.get(method, {})
    name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
    if ufunc not in table:
        raise _refuse(name)
    given = _only_defaults(name, keywords)
    if method == "reduce":
        given.setdefault("axis", 0)
    return table[ufunc](*inputs, **given)


def array_function(
    function: Callable[..., Any], args: tuple[Any, ...], keywords: Mapping[str, Any]
) -> Any:
    """Answer NumPy functions that are no ufuncs."""
    if function in MAKES:
        return MAKES[function](*args, **keywords)
    if function not in FUNCTIONS:
        raise _refuse(function.__name__)
    given = _only_defaults(function.__name__, keywords)
    return FUNCTIONS[function](*args, **given)
