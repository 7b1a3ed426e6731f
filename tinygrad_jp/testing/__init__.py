"""Check gradients and meaning: of the ops here, and of your own functions.

    from tinygrad_jp.testing import gradcheck, check_semantics, strategies as st

`strategies` needs the package `hypothesis` (``pip install 'tinygrad_jp[testing]'``);
the checkers need NumPy alone.
"""

from tinygrad_jp.testing.errors import GradientError, SemanticsError
from tinygrad_jp.testing.gradcheck import gradcheck
from tinygrad_jp.testing.laws import LAWS, Law
from tinygrad_jp.testing.semantics import check_semantics
from tinygrad_jp.testing.slopes import numerical_gradient

__all__ = [
    "LAWS",
    "GradientError",
    "Law",
    "SemanticsError",
    "check_semantics",
    "gradcheck",
    "numerical_gradient",
]
