"""What is told while training runs: a line for an epoch, and a bar where it moves."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from time import perf_counter
from typing import Any

_LINES = 20
"""More epochs than this are not all told."""


class Progress:
    """Tells of training on standard output; a bar of tqdm runs on a terminal.

    Args:
        shown: Whether anything is told.
        epochs: How many there will be.
        steps: How many there will be in all epochs together.
    """

    def __init__(self, shown: bool, epochs: int, steps: int) -> None:
        self._shown = shown
        self._epochs = epochs
        self._every = max(1, round(epochs / _LINES))
        self._began = perf_counter()
        self._widths: dict[str, int] = {}
        self._steps = steps
        self._bar: Any = None

    def start(self, done: int) -> None:
        """Begin, with so many steps done before; the bar appears."""
        if not self._shown or not sys.stderr.isatty():
            return
        try:
            tqdm = import_module("tqdm").tqdm
        except ModuleNotFoundError:
            return
        self._bar = tqdm(total=self._steps, initial=done, leave=False, unit="step")

    def step(self, loss: float) -> None:
        """A step has been made."""
        if self._bar is not None:
            self._bar.set_postfix_str(f"loss {loss:.4f}", refresh=False)
            self._bar.update()

    def epoch(self, row: Mapping[str, Any]) -> None:
        """An epoch is over; of many some are told, with the first and the last."""
        number = row["epoch"]
        if not self._shown or (
            number % self._every and number not in (1, self._epochs)
        ):
            return
        cells = {name.replace("_", " "): _cell(value) for name, value in row.items()}
        cells["time"] = _time(perf_counter() - self._began)
        if not self._widths:
            self._widths = {name: max(len(name), 7) for name in cells}
            self.tell(self._line({name: name for name in cells}))
        self.tell(self._line(cells))

    def tell(self, text: str) -> None:
        """Print a line, above the bar where there is one."""
        if self._bar is not None:
            self._bar.clear()
        if self._shown:
            print(text, flush=True)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()

    def _line(self, cells: Mapping[str, str]) -> str:
        return "  ".join([f"{cells[n]:>{width}}" for n, width in self._widths.items()])


def _cell(value: Any) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4f}" if 1e-3 <= abs(value) < 1e4 else f"{value:.3g}"


def _time(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = int(seconds) // 60
    return f"{minutes}:{int(seconds) % 60:02d} min"
