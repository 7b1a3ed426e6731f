"""What is shown of an array: a few numbers and a histogram, and never the array."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

_BARS = 20
_SAMPLE = 20_000  # elements that a histogram is made of; more are skipped evenly
_FEW = 6  # elements that are kept as they are


@dataclass(frozen=True)
class Summary:
    """An array in numbers. Minimum, maximum, mean and bars are of the finite elements.

    Attributes:
        size: How many elements.
        low: The smallest.
        high: The largest.
        mean: Their mean.
        norm: Frobenius norm of all; NaN if anything is NaN.
        zeros: How many are exactly 0.
        nans: How many are NaN.
        infinities: How many are infinite.
        bars: How many elements of a sample fall into equal steps from low to high.
        elements: All of them, in C order, where they are few; otherwise empty.
    """

    size: int
    low: float
    high: float
    mean: float
    norm: float
    zeros: int
    nans: int
    infinities: int
    bars: tuple[int, ...]
    elements: tuple[float, ...]

    @cached_property
    def rms(self) -> float:
        """Root of the mean of the squares: the norm, whatever the size."""
        return self.norm / self.size**0.5 if self.size else 0.0


def summary_of(array: Any) -> Summary:
    """Take the numbers of an array."""
    flat = np.asarray(array).ravel()
    finite = flat if _all_finite(flat) else flat[np.isfinite(flat)]
    low, high, mean = 0.0, 0.0, 0.0
    if finite.size:
        low, high = float(finite.min()), float(finite.max())
        with np.errstate(over="ignore"):
            mean = float(finite.mean(dtype=np.float64))
        if not isfinite(mean):  # the sum was too large
            mean = float((finite / finite.size).sum(dtype=np.float64))
    lost = flat.size - finite.size
    nans = int(np.count_nonzero(flat != flat)) if lost else 0
    return Summary(
        size=flat.size,
        low=low,
        high=high,
        mean=mean,
        norm=norm_of(flat),
        zeros=flat.size - int(np.count_nonzero(flat)),
        nans=nans,
        infinities=lost - nans,
        bars=_bars(finite, low, high),
        elements=tuple(flat.tolist()) if flat.size <= _FEW else (),
    )


def norm_of(array: Any) -> float:
    """Frobenius norm, without overflow on the way. NaN if anything is NaN."""
    flat = np.abs(np.asarray(array, np.float64)).ravel()
    largest = float(flat.max(initial=0.0))
    if not 0.0 < largest < np.inf:
        return largest
    flat /= largest
    return largest * float(np.sqrt(flat @ flat))


def _all_finite(flat: NDArray[Any]) -> bool:
    return flat.dtype.kind != "f" or bool(np.isfinite(flat).all())


def _bars(finite: NDArray[Any], low: float, high: float) -> tuple[int, ...]:
    if not low < high:
        return (finite.size,) if finite.size else ()
    sample = finite[:: -(-finite.size // _SAMPLE)].astype(np.float64)
    # Each is divided first: high - low may overflow.
    place = (sample / 2 - low / 2) / (high / 2 - low / 2) * _BARS
    counts = np.bincount(np.clip(place, 0, _BARS - 1).astype(np.intp), minlength=_BARS)
    return tuple(counts.tolist())
