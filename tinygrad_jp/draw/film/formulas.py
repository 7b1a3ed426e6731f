"""The derivatives of ops as one writes them on a blackboard.

`FORMULAS` holds symbols, which need no translation: an op's result, and what its
derivative is in each operand. `WORDS` says the others in words: what becomes of `g`,
the gradient that has arrived. The numbers of a film do not come from here.
"""

from __future__ import annotations

from tinygrad_jp.draw.basics import Language

FORMULAS: dict[str, tuple[str, ...]] = {
    "add": ("x + y", "1", "1"),
    "subtract": ("x − y", "1", "−1"),
    "multiply": ("x · y", "y", "x"),
    "divide": ("x / y", "1 / y", "−x / y²"),
    "negative": ("−x", "−1"),
    "pow": ("x^y", "y · x^(y−1)", "x^y · log x"),
    "abs": ("|x|", "sign(x)"),
    "exp": ("exp(x)", "exp(x)"),
    "expm1": ("exp(x) − 1", "exp(x)"),
    "exp2": ("2^x", "2^x · log 2"),
    "log": ("log x", "1 / x"),
    "log1p": ("log(1 + x)", "1 / (1 + x)"),
    "log2": ("log₂ x", "1 / (x · log 2)"),
    "log10": ("log₁₀ x", "1 / (x · log 10)"),
    "logaddexp": (
        "log(exp(x) + exp(y))",
        "exp(x) / (exp(x) + exp(y))",
        "exp(y) / (exp(x) + exp(y))",
    ),
    "sqrt": ("√x", "1 / (2 √x)"),
    "erf": ("erf x", "2 / √π · exp(−x²)"),
    "sin": ("sin x", "cos x"),
    "cos": ("cos x", "−sin x"),
    "tan": ("tan x", "1 + tan² x"),
    "asin": ("asin x", "1 / √(1 − x²)"),
    "acos": ("acos x", "−1 / √(1 − x²)"),
    "atan": ("atan x", "1 / (1 + x²)"),
    "atan2": ("atan2(x, y)", "y / (x² + y²)", "−x / (x² + y²)"),
    "sinh": ("sinh x", "cosh x"),
    "cosh": ("cosh x", "sinh x"),
    "tanh": ("tanh x", "1 − tanh² x"),
    "asinh": ("asinh x", "1 / √(x² + 1)"),
    "acosh": ("acosh x", "1 / √(x² − 1)"),
    "atanh": ("atanh x", "1 / (1 − x²)"),
    "maximum": ("max(x, y)", "[x > y]", "[y > x]"),
    "minimum": ("min(x, y)", "[x < y]", "[y < x]"),
    "relu": ("max(x, 0)", "[x > 0]"),
    "where": ("where(condition, x, y)", "0", "[condition]", "[not condition]"),
    "remainder": ("x mod y", "1", "−⌊x / y⌋"),
    "floor_divide": ("⌊x / y⌋", "0", "0"),
    "hypot": ("√(x² + y²)", "x / √(x² + y²)", "y / √(x² + y²)"),
    "floor": ("⌊x⌋", "0"),
    "ceil": ("⌈x⌉", "0"),
    "trunc": ("trunc(x)", "0"),
    "round": ("round(x)", "0"),
    "sign": ("sign(x)", "0"),
}
"""Of an elementwise op, its result and its derivative in each operand.

Brackets stand for 1 where what they hold is true, and for 0 elsewhere.
"""

RESULTS: dict[str, str] = {"matmul": "x @ y"}
"""Of other ops, the result, where it has a short form that is not a call."""

_ENGLISH: dict[str, tuple[str, ...]] = {
    "matmul": ("g @ yᵀ", "xᵀ @ g"),
    "sum": ("g, for each element that was added",),
    "mean": ("g / n, for each of the n elements",),
    "max": ("g where x is the largest, shared among equals; 0 elsewhere",),
    "min": ("g where x is the smallest, shared among equals; 0 elsewhere",),
    "logsumexp": ("g · softmax(x)",),
    "norm": ("g · x / ‖x‖",),
    "cumulative_sum": ("g, added up from behind",),
    "reshape": ("g in the shape of x",),
    "permute_dims": ("g with its axes put back",),
    "broadcast_to": ("g, added up where x was repeated",),
    "concat": ("its own piece of g",),
    "astype": ("g in the dtype of x",),
    "getitem": ("g at the places that were picked, 0 elsewhere",),
    "scatter_add": ("g at the places that were added to",),
    "sliding_window_view": ("g, added up where windows overlap",),
    "det": ("g · det(x) · x⁻ᵀ",),
    "logabsdet": ("g · x⁻ᵀ",),
    "solve": ("−(∂L/∂y) @ outᵀ", "solve(xᵀ, g)"),
}

_JAPANESE: dict[str, tuple[str, ...]] = {
    **_ENGLISH,
    "sum": ("足した要素のすべてに g をそのまま",),
    "mean": ("平均した n 個の要素のそれぞれに g / n",),
    "max": ("x が最大の位置に g（同点なら等分）、ほかは 0",),
    "min": ("x が最小の位置に g（同点なら等分）、ほかは 0",),
    "cumulative_sum": ("g を後ろから足し上げたもの",),
    "reshape": ("g を x の形状に戻したもの",),
    "permute_dims": ("g の軸の順序を元に戻したもの",),
    "broadcast_to": ("x が繰り返された軸について g を足したもの",),
    "concat": ("g のうち自分の部分",),
    "astype": ("g を x のデータ型にしたもの",),
    "getitem": ("取り出した位置に g、ほかは 0",),
    "scatter_add": ("足し込んだ位置の g",),
    "sliding_window_view": ("窓が重なった位置で g を足したもの",),
}

WORDS: dict[Language, dict[str, tuple[str, ...]]] = {"en": _ENGLISH, "ja": _JAPANESE}
"""Of other ops, what they make of `g` for each operand."""
