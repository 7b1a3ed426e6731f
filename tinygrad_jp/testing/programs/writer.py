"""What writes a program: it runs each step as it is written, and looks at the values.

So whoever writes a step can judge its operands by their actual numbers, and make them
fit where they do not: scale what is too large for ``exp``, write ``x * x + 0.5`` where
``log`` needs positive numbers, move what lies beside a kink. Such repairs are ordinary
steps of the program.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, TypeAlias

import numpy as np

from tinygrad_jp.tensor import Tensor
from tinygrad_jp.testing.programs.choices import Choices, T
from tinygrad_jp.testing.programs.figures import Array, one_digit, random, readable
from tinygrad_jp.testing.programs.program import (
    OURS,
    Namespace,
    Program,
    Step,
    resolved,
)

Shape: TypeAlias = tuple[int, ...]
Value: TypeAlias = int | float
"""An operand: the number of a value, or a constant."""

LARGE = 10.0
"""No value of a program is larger, so that slopes can be measured well."""

SIZE = 36
"""A value of more elements is not used again."""

MARGIN = 1 / 64
"""How far a number stays away from a kink, unless it lies on it by construction."""

SAME = 1e-12
"""Numbers that differ by less are the same computation, rounded differently."""

SHAPES: tuple[Shape, ...] = (
    (),
    (2,),
    (1,),
    (3,),
    (2, 3),
    (1, 3),
    (3, 1),
    (2, 2),
    (1, 1),
    (3, 3),
    (2, 1, 3),
    (2, 2, 2),
    (2, 3, 2),
    (1, 2, 1),
    (2, 2, 1, 2),
)
"""Of new inputs, the simplest first."""

SCALARS = (2.0, 0.5, -1.5, 3.0, -0.25)


Entry: TypeAlias = "Callable[[Writer], object]"
"""What writes the steps of one op into a program."""


class Writer(Choices):
    """A program that grows.

    Args:
        seed: Of the numbers that inputs hold; 0 for numbers that read well.
        ns: The functions by which the program is run as it is written.

    Attributes:
        pool: The numbers of the values that may be used again.
    """

    def __init__(self, seed: int = 0, ns: Namespace = OURS) -> None:
        super().__init__()
        self.pool: list[int] = []
        self._ns = ns
        self._numbers = readable() if seed == 0 else random(seed)
        self._numbers_used = 0
        self._made: list[Step | Array] = []  # a step, or the array of an input
        self._values: list[Any] = []
        self._has_kink = False

    @property
    def ops(self) -> list[str]:
        """What has been written so far, in use or not."""
        return [made.op for made in self._made if isinstance(made, Step)]

    # --- values --------------------------------------------------------------------

    def array(self, value: Value) -> Array:
        """The numbers of a value."""
        found = self._values[value] if isinstance(value, int) else value
        return found.data if isinstance(found, Tensor) else np.asarray(found)

    def shape(self, value: Value) -> Shape:
        """The shape of a value."""
        return self.array(value).shape

    def is_tensor(self, value: int) -> bool:
        """Whether it is no array, but has our methods."""
        return isinstance(self._values[value], Tensor)

    def pick(self, fits: Callable[[Shape], bool] = lambda shape: True) -> int:
        """A value whose shape fits: any earlier one, the oldest first, or a new input.

        Raises:
            LookupError: There is none, nor does a shape of new inputs fit.
        """
        # Every way takes as many choices: the next ones mean the same when a failing
        # program loses what was picked here.
        how, which, kind = self.below(8), self.below(256), self.below(4)
        found = [n for n in self.pool if fits(self._values[n].shape)]
        if how == 7 or not found:
            shapes = [shape for shape in SHAPES if fits(shape)]
            if shapes:
                return self.fresh(shapes[which % len(shapes)], live=kind < 3)
        if not found:
            raise LookupError("no value has a shape that fits, and no new one would")
        if how == 0:
            return found[0]
        return found[-1] if how > 4 else found[which % len(found)]

    def some(self) -> int:
        """Any value."""
        return self.pick()

    def with_axes(self, least: int, most: int = 9) -> int:
        """A value of so many axes, from those that are or a new one."""
        return self.pick(lambda shape: least <= len(shape) <= most)

    def pick_small(self, size: int) -> int:
        """A value of few elements."""
        return self.pick(lambda shape: prod(shape) <= size)

    def having(self, *shape: int) -> int:
        """A value of a shape: an earlier one or a new one."""
        new, which, kind = self.below(4), self.below(256), self.below(4)
        found = [n for n in self.pool if self._values[n].shape == shape]
        if new == 3 or not found:
            return self.fresh(shape, live=kind < 3)
        return found[which % len(found)]

    def beside(self, x: Value) -> Value:
        """A value that broadcasts with another one, to something small."""
        shape = self.shape(x)
        how, kind = self.below(4), self.below(4)
        if how < 2:
            return self.pick(lambda other: size_together(shape, other) <= SIZE)
        if how == 2:
            return self.of(SCALARS)
        sides = [1 if self.flag() else side for side in shape]
        return self.fresh(tuple(sides[self.below(len(shape) + 1) :]), live=kind < 3)

    def fresh(self, shape: Shape, *, live: bool = True) -> int:
        """A new input, or a constant if it is not the first."""
        array = self._drawn(shape)
        if live or not self.pool:
            return self._input(array)
        return self.constant(array, pooled=True)

    def operands(self, count: int) -> tuple[Value, ...]:
        """Values that broadcast, in any order; not all of them constants."""
        if count == 1:
            return (self.some(),)
        x = self.some()
        return self.swapped(x, self.beside(x))

    def swapped(self, x: T, y: T) -> tuple[T, T]:
        """The two, in any order."""
        return (y, x) if self.flag() else (x, y)

    def shape_of_both(self, x: Value, y: Value) -> Shape:
        """What two values broadcast to."""
        return np.broadcast_shapes(self.shape(x), self.shape(y))

    def on_a_kink(self) -> int | None:
        """A new input with a 0, for one op that has its kink there, or None.

        Only one in a program: where several kinks meet there may be no gradient
        between the slopes, see `gradcheck`. No other op may use it.
        """
        if self._has_kink or self.below(16) != 15:
            return None
        self._has_kink = True
        shape = self.of(SHAPES)
        array = self._drawn(shape)
        array[tuple([0] * len(shape))] = 0.0
        value = self._input(array)
        self.pool.remove(value)
        return value

    def constant(self, array: Any, *, pooled: bool = False) -> int:
        """An array that is not differentiated by; `pooled`: others may use it too."""
        return self._take(Step("constant", (), {"value": array}), array, pooled=pooled)

    def step(self, op: str, *operands: Any, **keywords: Any) -> int:
        """Write a step; its value is scaled by another one where it is large.

        Raises:
            ValueError: The op gives inf or NaN, which no operand here gives reason to.
        """
        step = Step(op, operands, keywords)
        arguments = [resolved(operand, self._values) for operand in operands]
        with np.errstate(all="ignore"):
            result = self._ns[op](*arguments, **keywords)
        if isinstance(result, (tuple, list)):
            parts = self._take(step, tuple(result), pooled=False)
            numbers = [self.step("part", parts, index=i) for i in range(len(result))]
            return numbers[0]
        number = self._take(step, result, pooled=False)
        array = self.array(number)
        if array.dtype.kind != "f" or not array.size:
            return number
        largest = float(np.abs(array).max())
        if not np.isfinite(largest):
            raise ValueError(f"{op}: gives inf or NaN in\n\n{self.finish([number])}")
        if largest > LARGE:
            return self.step("multiply", number, one_digit(0.8 * LARGE / largest))
        self._offer(number)
        return number

    def finish(self, outputs: Sequence[int] = ()) -> Program:
        """The program up to here; it gives `outputs`, or all that no step uses."""
        if not self._made:
            self.fresh(())
        found = set(outputs)
        needed = set(outputs)
        for n in reversed(range(len(self._made))):
            made = self._made[n]
            if n not in needed and not outputs and self._is_result(n):
                found.add(n)
                needed.add(n)
            if n in needed and isinstance(made, Step):
                needed.update(made.uses)
        if not found:
            found = {n for n in range(len(self._made)) if self._is_input(n)}
            needed |= found
        kept = sorted(needed, key=lambda n: (not self._is_input(n), n))
        number = {old: new for new, old in enumerate(kept)}
        steps = [self._made[n] for n in kept]
        return Program(
            tuple([made for made in steps if not isinstance(made, Step)]),
            tuple(
                [_renumbered(made, number) for made in steps if isinstance(made, Step)]
            ),
            tuple([number[n] for n in sorted(found)]),
        )

    def _is_input(self, n: int) -> bool:
        return not isinstance(self._made[n], Step)

    def _is_result(self, n: int) -> bool:
        """Whether a value is made by a step that a gradient flows through."""
        value = self._values[n]
        live = getattr(value, "requires_grad", False)
        return not self._is_input(n) and live and value.size > 0

    def _drawn(self, shape: Shape) -> Array:
        size = int(np.prod(shape))
        places = np.arange(self._numbers_used, self._numbers_used + size)
        self._numbers_used += size
        return np.asarray(self._numbers[places % len(self._numbers)].reshape(shape))

    def _input(self, array: Array) -> int:
        return self._take(array, Tensor(array, requires_grad=True))

    def _take(self, made: Step | Array, value: Any, *, pooled: bool = True) -> int:
        self._made.append(made)
        self._values.append(value)
        number = len(self._values) - 1
        if pooled:
            self._offer(number)
        return number

    def _offer(self, number: int) -> None:
        if self._values[number].size <= SIZE:
            self.pool.append(number)


def size_together(x: Shape, y: Shape) -> int:
    """How many elements two shapes have when they broadcast; many if they do not."""
    size = 1
    for i in range(1, max(len(x), len(y)) + 1):
        a = x[-i] if i <= len(x) else 1
        b = y[-i] if i <= len(y) else 1
        if a != b and a != 1 and b != 1:
            return SIZE + 1
        size *= max(a, b)
    return size


def _renumbered(step: Step, number: dict[int, int]) -> Step:
    def renumbered(operand: Any) -> Any:
        if isinstance(operand, tuple):
            return tuple([renumbered(part) for part in operand])
        return number[operand] if isinstance(operand, int) else operand

    operands = tuple([renumbered(operand) for operand in step.operands])
    return Step(step.op, operands, step.keywords)
