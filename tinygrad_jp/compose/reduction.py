"""Reductions that need no gradient of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_jp import functions as f
from tinygrad_jp.operands import as_tensor
from tinygrad_jp.ops.reduction import Axis

if TYPE_CHECKING:
    from tinygrad_jp.tensor import Tensor

Operand = Any


def mean(x: Operand, /, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Mean over `axis`. Array API ``mean``. The mean of nothing is NaN.

    Example:
        >>> import tinygrad_jp as tg
        >>> tg.mean(tg.Tensor([[1.0, 3.0], [2.0, 6.0]]), axis=1)
        Tensor([2., 4.])
    """
    x = as_tensor("mean", x)
    total = f.sum(x, axis=axis, keepdims=keepdims)
    if not x.size:
        return f.multiply(total, np.nan)
    return f.multiply(total, total.size / x.size)
