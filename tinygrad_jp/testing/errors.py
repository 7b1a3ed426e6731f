"""What the checkers raise. They derive from `AssertionError`.

A check is a claim about the user's own function: that its gradient is right, that
its rows do not mix. A claim that turned out false is what an `AssertionError` is,
and test runners count it as a failure of the function, not as an error of the test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from tinygrad_jp.draw import Drawing, draw

Kind: TypeAlias = Literal[
    "wrong",
    "tie",
    "backward",
    "detached",
    "integer",
    "nonfinite",
    "random",
    "shapes",
    "writes",
]
"""What is the matter: a wrong number, a tie that is not shared, a backward pass that
fails; or a function that cannot be checked, because its result is cut off, integer,
inf or NaN, random, of a shape that changes, or because it writes to its inputs."""


@dataclass(frozen=True)
class Mismatch:
    """One wrong number in a gradient, for programs; the message is for people.

    Attributes:
        argument: Which argument of the function, counted from 0; None for a parameter
            of the function itself.
        label: What errors call the array: ``x``, ``params["W"]``, ``W of layer1``.
        index: Which element of it.
        result: Which element of the results.
        claimed: What backward says.
        behind: The slope that was measured in front of the point.
        ahead: The slope that was measured after it; another one at a kink.
        times: How far `claimed` is from the nearer slope, in units of the tolerance.
    """

    argument: int | None
    label: str
    index: tuple[int, ...]
    result: str
    claimed: float
    behind: float
    ahead: float
    times: float


class GradientError(AssertionError):
    """A gradient is wrong, or there is none to check.

    Attributes:
        kind: What is the matter.
        mismatch: Where and by how much; None where there is no such number.
        op: The name of the op at fault; None where every op is right on its own, or
            none was looked at.
        line: The user's line that called it, as ``train.py:14: h = f(x)``; or None.
    """

    def __init__(
        self,
        message: str,
        mismatch: Mismatch | None = None,
        *,
        kind: Kind = "wrong",
        op: str | None = None,
        line: str | None = None,
        results: Sequence[Any] = (),
    ) -> None:
        super().__init__(message)
        self.mismatch = mismatch
        self.kind = kind
        self.op = op
        self.line = line
        self._results = tuple(results)

    @property
    def drawing(self) -> Drawing | None:
        """The recorded graph, drawn when it is asked for; None where there is none.

        The op at fault stands in a box that says so.
        """
        recorded = [result for result in self._results if result.requires_grad]
        return draw(recorded) if recorded else None


class SemanticsError(AssertionError):
    """A function does not do to a batch what it says it does.

    Attributes:
        law: The name of the law that it breaks.
    """

    def __init__(self, message: str, law: str | None = None) -> None:
        super().__init__(message)
        self.law = law
