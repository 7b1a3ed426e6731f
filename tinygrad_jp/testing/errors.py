"""What the checkers raise. They derive from `AssertionError`.

A check is a claim about the user's own function: that its gradient is right, that
its rows do not mix. A claim that turned out false is what an `AssertionError` is,
and test runners count it as a failure of the function, not as an error of the test.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mismatch:
    """One wrong number in a gradient, for programs; the message is for people.

    Attributes:
        argument: Which argument of the function, counted from 0.
        index: Which element of it.
        claimed: What backward says.
        behind: The slope that was measured in front of the point.
        ahead: The slope that was measured after it; another one at a kink.
        times: How far `claimed` is from the nearer slope, in units of the tolerance.
    """

    argument: int
    index: tuple[int, ...]
    claimed: float
    behind: float
    ahead: float
    times: float


class GradientError(AssertionError):
    """A gradient is wrong, or there is none to check.

    Attributes:
        mismatch: Where and by how much; None where there is no such number.
    """

    def __init__(self, message: str, mismatch: Mismatch | None = None) -> None:
        super().__init__(message)
        self.mismatch = mismatch


class SemanticsError(AssertionError):
    """A function does not do to a batch what it says it does.

    Attributes:
        law: The name of the law that it breaks.
    """

    def __init__(self, message: str, law: str | None = None) -> None:
        super().__init__(message)
        self.law = law
