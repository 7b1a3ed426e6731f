"""Programs as data: inputs, and steps that each name an op and its operands.

    program = Program(
        inputs=(np.array([0.5, -0.25]),),
        steps=(Step("exp", (0,)), Step("multiply", (0, 1))),
        outputs=(2,),
    )
    program(tg.Tensor(program.inputs[0]))   # the loss, a Tensor
    print(program)                          # the same as a script, ready to paste

A program does not know what its ops mean: it runs on any table of functions by name,
ours or another engine's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

import tinygrad_jp as tg
from tinygrad_jp.compose.assignment import At

Namespace: TypeAlias = Mapping[str, Callable[..., Any]]
"""The functions that a program calls, by the names of its steps."""

OURS: dict[str, Callable[..., Any]] = {
    **vars(tg),
    "constant": lambda value: value,
    "part": lambda parts, index: parts[index],
    "at_set": lambda x, value, index: At(x)[index].set(value),
    "at_add": lambda x, value, index: At(x)[index].add(value),
}
"""Our ops. Another engine's table has the same names and takes the same arguments."""

SPELLED: dict[str, str] = {
    "constant": "{value}",
    "part": "{0}[{index}]",
    "at_set": "{0}.at[{index}].set({1})",
    "at_add": "{0}.at[{index}].add({1})",
}
"""How steps are written that are no function of `tinygrad_jp`."""


@dataclass(frozen=True)
class Step:
    """One line of a program.

    Attributes:
        op: A name in the table of functions.
        operands: Numbers of earlier values, inputs first; floats are constants,
            strings are passed on, and a tuple is a sequence of operands.
        keywords: Metadata: axes, shapes, indices.
    """

    op: str
    operands: tuple[Any, ...] = ()
    keywords: Mapping[str, Any] = field(default_factory=dict)

    @property
    def uses(self) -> Iterator[int]:
        """The numbers of the values that it takes."""
        return _numbers(self.operands)


@dataclass(frozen=True)
class Program:
    """A computation of one number from a few arrays.

    Attributes:
        inputs: Where to evaluate it; values number 0, 1, ...
        steps: Their results are the values that follow.
        outputs: The numbers of the values that it gives, all of floating point.
    """

    inputs: tuple[NDArray[Any], ...]
    steps: tuple[Step, ...]
    outputs: tuple[int, ...]

    @property
    def __name__(self) -> str:
        """What errors call it: the program itself."""
        return f"program\n\n{self}\n"

    def run(self, *inputs: Any, ns: Namespace = OURS) -> list[Any]:
        """All its values, in the order of their numbers."""
        values = list(inputs)
        for step in self.steps:
            operands = [resolved(operand, values) for operand in step.operands]
            values.append(ns[step.op](*operands, **step.keywords))
        return values

    def __call__(self, *inputs: Any, ns: Namespace = OURS) -> Any:
        """The loss: a sum over all outputs in which every element counts differently.

        Args:
            inputs: Tensors of the shapes of `inputs`.
            ns: Whose ops to run: ours, or another engine's, by name.
        """
        values = self.run(*inputs, ns=ns)
        loss: Any = None
        for number in self.outputs:
            out = values[number]
            if out.shape:
                scaled = ns["multiply"](out, ns["constant"](value=weights(out.shape)))
                out = ns["sum"](scaled)
            loss = out if loss is None else ns["add"](loss, out)
        return loss

    def source(self) -> str:
        """A script that runs this program and prints the gradients of its inputs."""
        names = self._names()
        lines = ["import numpy as np", "import tinygrad_jp as tg", ""]
        for name, array in zip(names, self.inputs):
            lines.append(f"{name} = tg.Tensor({array.tolist()}, requires_grad=True)")
        for name, step in zip(names[len(self.inputs) :], self.steps):
            lines.append(f"{name} = {_written(step, names)}")
        values = self.run(*self.inputs)
        terms = [_term(names[i], values[i].shape) for i in self.outputs]
        lines += ["", f"loss = {' + '.join(terms)}", "loss.backward()"]
        lines += [f"print({name}.grad)" for name in names[: len(self.inputs)]]
        return "\n".join(lines)

    __str__ = source
    __repr__ = source

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """How Hypothesis, and IPython, print it."""
        printer.text(f"\n{self}\n")

    def _names(self) -> list[str]:
        """x1, x2, ... for inputs, k1, k2, ... for constants, letters for results."""
        names = [f"x{i}" for i in range(1, len(self.inputs) + 1)]
        constants = results = 0
        for step in self.steps:
            if step.op == "constant":
                constants += 1
                names.append(f"k{constants}")
            else:
                lap, letter = divmod(results, 10)
                results += 1
                names.append("abcdefghij"[letter] + (str(lap + 1) if lap else ""))
        return names


def weights(shape: tuple[int, ...]) -> NDArray[Any]:
    """What each element of an output counts in the loss: no two alike."""
    count = np.arange(np.prod(shape, dtype=int))
    return np.asarray(np.cos(count).reshape(shape))


def literal(value: Any) -> str:
    """How a keyword is written in a script."""
    if isinstance(value, np.ndarray):
        return f"np.array({value.tolist()})"
    if isinstance(value, tuple):
        comma = "," if len(value) == 1 else ""
        return f"({', '.join(literal(part) for part in value)}{comma})"
    if isinstance(value, list):
        return f"[{', '.join(literal(part) for part in value)}]"
    if isinstance(value, type) and issubclass(value, np.generic):
        return f"np.{value.__name__}"
    if isinstance(value, float) and np.isinf(value):
        return "np.inf" if value > 0 else "-np.inf"
    return repr(value)


def _written(step: Step, names: list[str]) -> str:
    operands = [_operand(operand, names) for operand in step.operands]
    keywords = {key: literal(value) for key, value in step.keywords.items()}
    if step.op in SPELLED:
        return SPELLED[step.op].format(*operands, **keywords)
    given = [*operands, *(f"{key}={value}" for key, value in keywords.items())]
    return f"tg.{step.op}({', '.join(given)})"


def _operand(operand: Any, names: list[str]) -> str:
    if isinstance(operand, tuple):
        return f"[{', '.join(_operand(part, names) for part in operand)}]"
    return names[operand] if isinstance(operand, int) else repr(operand)


def _term(name: str, shape: tuple[int, ...]) -> str:
    if not shape:
        return name
    if len(shape) == 1:
        return f"tg.sum({name} * np.cos(np.arange({shape[0]})))"
    count = int(np.prod(shape))
    return f"tg.sum({name} * np.cos(np.arange({count})).reshape({shape}))"


def resolved(operand: Any, values: list[Any]) -> Any:
    """What a step is called with for one of its operands."""
    if isinstance(operand, tuple):
        return [resolved(part, values) for part in operand]
    return values[operand] if isinstance(operand, int) else operand


def _numbers(operands: tuple[Any, ...]) -> Iterator[int]:
    for operand in operands:
        if isinstance(operand, tuple):
            yield from _numbers(operand)
        elif isinstance(operand, int):
            yield operand
