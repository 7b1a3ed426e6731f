"""The complex step: a slope read off the imaginary part, with nothing subtracted.

For a function that is analytic, f(x + ih) = f(x) + ih f'(x) - h² f''(x) / 2 - ..., so
Im f(x + ih) / h is f'(x) but for h². A function that looks at the size of a number, or
at which of two is larger, is not analytic; the arrays here tell who did.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
from numpy.exceptions import ComplexWarning

from tinygrad_jp.errors import ShapeError
from tinygrad_jp.testing.slopes import Vector

_UFUNCS = frozenset(
    [
        np.absolute,
        np.conjugate,
        np.equal,
        np.fmax,
        np.fmin,
        np.greater,
        np.greater_equal,
        np.less,
        np.less_equal,
        np.maximum,
        np.minimum,
        np.not_equal,
        np.sign,
    ]
)
_FUNCTIONS = frozenset(
    [
        np.amax,
        np.amin,
        np.angle,
        np.argmax,
        np.argmin,
        np.argsort,
        np.clip,
        np.imag,
        np.linalg.norm,
        np.max,
        np.median,
        np.min,
        np.nan_to_num,
        np.real,
        np.real_if_close,
        np.sort,
        np.std,
        np.var,
    ]
)
_ATTRIBUTES = frozenset(
    [
        *("argmax", "argmin", "argsort", "clip", "conj", "conjugate"),
        *("imag", "max", "min", "real", "sort", "std", "var"),
    ]
)
"""They see the sizes of numbers, or their order; most would not say so."""


def complex_gradient(f: Callable[[Any], Any], point: Vector, step: float) -> Vector:
    """The gradient of `f` by a step of `step` in the imaginary direction."""
    gradient = np.empty_like(point)
    for index in np.ndindex(point.shape):
        moved = point.astype(np.complex128)
        moved[index] += 1j * step
        gradient[index] = _value(f, moved.view(_Watched)).imag / step
    return gradient


def _value(f: Callable[[Any], Any], at: Any) -> complex:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", ComplexWarning)
            found = np.asarray(f(at))
    except ComplexWarning:
        _refuse("a cast to real numbers")
    except _DropsError:
        raise
    except TypeError as error:
        raise TypeError(
            f"numerical_gradient: f takes no complex numbers ({error}); use "
            "method='central'"
        ) from error
    if found.size != 1:
        raise ShapeError(
            f"numerical_gradient: f must return one number, got shape {found.shape}"
        )
    if found.dtype.kind != "c":
        raise TypeError(
            f"numerical_gradient: f returns {found.dtype} for a complex x, so it drops "
            "the imaginary part; use method='central'"
        )
    return complex(found.reshape(()))


class _DropsError(TypeError):
    """A function that is not analytic was called."""


def _refuse(name: str) -> NoReturn:
    raise _DropsError(
        f"numerical_gradient: f calls {name}, which drops or compares away the "
        "imaginary part; use method='central'"
    )


class _Watched(np.ndarray[Any, np.dtype[np.complex128]]):
    """A complex array that refuses what is not analytic, by its name."""

    def __array_ufunc__(
        self, ufunc: Any, method: str, *inputs: Any, **keywords: Any
    ) -> Any:
        watched = any(isinstance(x, _Watched) for x in inputs)
        if ufunc in _UFUNCS and watched:
            _refuse(f"np.{ufunc.__name__}")
        plain = [_plain(x) for x in inputs]
        if "out" in keywords:
            keywords["out"] = tuple([_plain(x) for x in keywords["out"]])
        return _watch(getattr(ufunc, method)(*plain, **keywords))

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if func in _FUNCTIONS:
            home = func.__module__.replace("numpy", "np", 1)
            _refuse(f"{home}.{func.__name__}")
        return super().__array_function__(func, types, args, kwargs)

    def __getattribute__(self, name: str) -> Any:
        if name in _ATTRIBUTES:
            _refuse(f".{name}")
        return super().__getattribute__(name)


def _plain(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, _Watched) else value


def _watch(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple([_watch(part) for part in value])
    if isinstance(value, (np.ndarray, np.complexfloating)) and value.dtype.kind == "c":
        return np.asarray(value, dtype=np.complex128).view(_Watched)
    return value
