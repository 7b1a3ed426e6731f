"""What goes wrong, said so that the reader can put it right.

Each error names the op, what it needed and what came. All derive from Python's own
types: `TypeError` for a wrong kind, `ValueError` for a wrong value or shape,
`RuntimeError` for calls in the wrong order. A clash of shapes shows them in columns,
where the operands came from, and changes that were tried and fit.

The rooms that find that out are loaded when something goes wrong.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from numpy.linalg import LinAlgError

__all__ = ["GraphError", "NonFiniteError", "ShapeError", "explain"]


class ShapeError(ValueError, IndexError):
    """Shapes, axes or indices that do not fit together."""


class NonFiniteError(FloatingPointError):
    """A NaN or an infinity that an op has made, found by `detect_anomaly`."""


class GraphError(RuntimeError):
    """A gradient that the graph cannot give, for instance of a released graph."""


def explain(
    rule: Any, error: Exception, arrays: Sequence[Any], keywords: Mapping[str, Any]
) -> NoReturn:
    """Raise what a rule's forward function raised, in the terms of its caller.

    Called from the function that records the rule, in whose frame the operands stand.
    """
    if not isinstance(error, (TypeError, ValueError, IndexError, LinAlgError)):
        raise error  # not about the operands: out of memory, a warning as an error
    from tinygrad_jp.errors.message import tell
    from tinygrad_jp.errors.origin import find

    signature = rule.signature
    origin = find(
        sys._getframe(1), signature.operands, arrays, rule.name, signature.variadic
    )
    text = tell(rule, error, origin, keywords)
    if isinstance(error, LinAlgError):
        raise LinAlgError(text) from None
    if isinstance(error, (ValueError, IndexError)):
        raise ShapeError(text) from None
    raise TypeError(text) from error
