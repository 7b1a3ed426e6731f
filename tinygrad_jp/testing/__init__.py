"""Check gradients and meaning: of the ops here, and of your own functions.

    from tinygrad_jp.testing import gradcheck, check_semantics, strategies as st

`strategies` needs the package `hypothesis` (``pip install 'tinygrad_jp[testing]'``);
the checkers need NumPy alone.
"""

from tinygrad_jp.testing.compare import Comparison, ComparisonError, compare
from tinygrad_jp.testing.contracts import check_module
from tinygrad_jp.testing.declared import (
    duplicate_batch_invariant,
    homogeneous,
    monotone,
    permutation_equivariant,
    permutation_invariant,
    shift_invariant,
    sums_to_one,
)
from tinygrad_jp.testing.errors import GradientError, SemanticsError
from tinygrad_jp.testing.gradcheck import gradcheck
from tinygrad_jp.testing.laws import LAWS
from tinygrad_jp.testing.numerical import numerical_gradient
from tinygrad_jp.testing.plugin import SignatureError, gradtest
from tinygrad_jp.testing.semantics import check_semantics
from tinygrad_jp.testing.subject import Law, Subject, difference

__all__ = [
    "LAWS",
    "Comparison",
    "ComparisonError",
    "GradientError",
    "Law",
    "SemanticsError",
    "SignatureError",
    "Subject",
    "check_module",
    "check_semantics",
    "compare",
    "difference",
    "duplicate_batch_invariant",
    "gradcheck",
    "gradtest",
    "homogeneous",
    "monotone",
    "numerical_gradient",
    "permutation_equivariant",
    "permutation_invariant",
    "shift_invariant",
    "sums_to_one",
]
