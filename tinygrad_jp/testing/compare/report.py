"""What a comparison found, to read and to raise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

WHOLE = "whole graph"
"""What the row of the graph from end to end is called."""


class Row(NamedTuple):
    """One op, or the graph from end to end.

    Attributes:
        op: Its name.
        line: The user's line, as ``train.py:14: h = f(x)``; or empty.
        value: How far the results are apart at most, in ulps.
        gradient: The same for gradients; None where there are none.
        allowed: How many ulps are allowed there: in the gradient, if there is one.
        verdict: "same", or why a difference is none, such as "apart: tie".
    """

    op: str
    line: str
    value: float
    gradient: float | None
    allowed: float
    verdict: str


@dataclass(frozen=True)
class Comparison:
    """What was compared with another library, and how far the two are apart.

    Attributes:
        name: What errors call the function.
        against: The library.
        rows: One for each op, in order, and one for the whole graph.
        apart: Differences at ties and kinks, in words: there each library has chosen.
        skipped: Whether nothing was compared, because the library is not installed.

    Example:
        >>> from unittest import mock
        >>> from tinygrad_jp.testing import compare
        >>> with mock.patch.dict("sys.modules", torch=None):
        ...     print(compare(tg.tanh, np.array([0.5])))
        tanh: skipped: torch is not installed
    """

    name: str
    against: str
    rows: tuple[Row, ...] = ()
    apart: tuple[str, ...] = ()
    skipped: bool = False

    def __str__(self) -> str:
        if self.skipped:
            return f"{self.name}: skipped: {self.against} is not installed"
        ops = len(self.rows) - 1
        count = f"{ops} ops agree" if ops != 1 else "1 op agrees"
        lines = [f"{self.name}: {count} with {self.against}, in ulps"]
        lines += [f"    {line}" for line in _table(self.rows)]
        if self.apart:
            lines.append("  apart, at ties and kinks, where each has its convention:")
            lines += [f"    {text}" for text in self.apart]
        return "\n".join(lines)

    def or_skip(self) -> Comparison:
        """This comparison; or skip the test that runs, where there is none (pytest).

        Example:
            >>> from tinygrad_jp.testing import compare
            >>> def test_my_loss():
            ...     compare(lambda x: tg.log(x * x), np.array([2.0])).or_skip()
        """
        if self.skipped:
            import pytest  # optional: of `tinygrad_jp[testing]`

            pytest.skip(f"{self.against} is not installed")
        return self


class ComparisonError(AssertionError):
    """A value or a gradient is not that of another library.

    Attributes:
        op: The first op that differs; "whole graph" where each op alone agrees.
        operand: By which operand the gradient is wrong; None where it is the value.
        line: The user's line that called it; or empty.
        index: Which element.
        ours: What is there.
        theirs: What the other library says.
        ulps: How far they are apart.
        allowed: How many ulps are allowed.
    """

    def __init__(
        self,
        message: str,
        *,
        op: str,
        operand: str | None,
        line: str,
        index: tuple[int, ...],
        ours: Any,
        theirs: Any,
        ulps: float,
        allowed: float,
    ) -> None:
        super().__init__(message)
        self.op = op
        self.operand = operand
        self.line = line
        self.index = index
        self.ours = ours
        self.theirs = theirs
        self.ulps = ulps
        self.allowed = allowed


def _table(rows: tuple[Row, ...]) -> list[str]:
    """Rows in columns; those of one op on one line, folded."""
    folded: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        folded.setdefault((row.op, row.line, row.verdict), []).append(row)
    cells = [("op", "line", "value", "gradient", "allowed", "verdict")]
    for (op, line, verdict), same in folded.items():
        title = f"{op} x{len(same)}" if len(same) > 1 else op
        gradients = [row.gradient for row in same if row.gradient is not None]
        gradient = number(max(gradients)) if gradients else ""
        value = number(max(row.value for row in same))
        allowed = number(max(row.allowed for row in same))
        cells.append((title, line, value, gradient, allowed, verdict))
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]


def number(ulps: float) -> str:
    """A number of ulps in few digits."""
    return f"{ulps:.0f}" if ulps >= 100 and ulps < 1e6 else f"{ulps:.2g}"
