"""Compare a function's values and gradients with those of another library."""

from tinygrad_jp.testing.compare.backend import Backend
from tinygrad_jp.testing.compare.report import Comparison, ComparisonError
from tinygrad_jp.testing.compare.run import compare

__all__ = ["Backend", "Comparison", "ComparisonError", "compare"]
