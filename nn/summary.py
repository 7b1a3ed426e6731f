"""A network as a table: what each layer gives, and how many numbers it learns."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any
from unicodedata import east_asian_width

import numpy as np
from numpy.typing import DTypeLike

import tinygrad_jp as tg


@dataclass(frozen=True)
class Row:
    """One module of a `Summary`.

    Attributes:
        path: Its dotted name; "" for the network itself.
        layer: What the table calls it.
        output: Shape of what its first call gave; a tuple of shapes where it gave
            several; None where it was not called.
        parameters: How many numbers it learns by itself, without modules below it.
    """

    path: str
    layer: str
    output: tuple[Any, ...] | None
    parameters: int


@dataclass(frozen=True)
class Summary:
    """What `Module.summary` found; shows itself as a table.

    Attributes:
        rows: One for each module; the network itself is the first.
    """

    rows: tuple[Row, ...]

    @property
    def parameters(self) -> int:
        """How many numbers the network learns."""
        return sum([row.parameters for row in self.rows])

    def __repr__(self) -> str:
        head = ("layer", "output", "parameters")
        network, *layers = self.rows
        lines = [self._cells(row) for row in layers]
        total = (network.layer, _shape(network.output), f"{self.parameters:,}")
        if network.parameters and layers:
            lines.append(("(itself)", "", f"{network.parameters:,}"))
        table = [head, *lines, total]
        widths = [max(_width(row[i]) for row in table) for i in range(3)]
        text = [
            f"{_left(layer, widths[0])}  {_left(output, widths[1])}  "
            f"{number:>{widths[2]}}".rstrip()
            for layer, output, number in table
        ]
        line = "─" * (sum(widths) + 4)
        inner = [*text[1:-1], line] if lines else []
        return "\n".join([text[0], line, *inner, text[-1]])

    def _cells(self, row: Row) -> tuple[str, str, str]:
        depth = row.path.count(".")
        number = f"{row.parameters:,}" if row.parameters else ""
        return "  " * depth + row.layer, _shape(row.output), number


def summarize(module: Any, input_shape: tuple[int, ...], dtype: DTypeLike) -> Summary:
    """Call a copy of a module with zeros, and write down what each part gives."""
    twin = deepcopy(module).eval()
    outputs: dict[Any, Any] = {}

    def note(called: Any, arguments: Any, result: Any) -> None:
        outputs.setdefault(called, _shapes(result))

    for _, part in twin.named_modules():
        part.register_forward_hook(note)
    with tg.no_grad():
        twin(tg.Tensor(np.zeros(input_shape, dtype), name="x"))
    seen: set[tg.Tensor] = set()
    rows = []
    for path, part in twin.named_modules():
        own = [p for p in part.parameters() if _owns(part, p) and p not in seen]
        seen.update(own)
        layer = path.rpartition(".")[2] or type(part).__name__
        number = sum([parameter.size for parameter in own])
        rows.append(Row(path, layer, outputs.get(part), number))
    return Summary(tuple(rows))


def _owns(module: Any, parameter: tg.Tensor) -> bool:
    return any(value is parameter for value in vars(module).values())


def _shapes(result: Any) -> tuple[Any, ...] | None:
    if isinstance(result, (tuple, list)):
        return tuple([_shapes(part) for part in result])
    return getattr(result, "shape", None)


def _shape(output: tuple[Any, ...] | None) -> str:
    if output is None:
        return "-"
    if any(isinstance(part, tuple) for part in output):
        return ", ".join([_shape(part) for part in output])
    return str(tuple(output))


def _width(text: str) -> int:
    """Columns of a terminal: a Japanese character takes two."""
    return sum([2 if east_asian_width(letter) in "WF" else 1 for letter in text])


def _left(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
