"""Windows that slide over pictures: what Convolution and Pooling have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import tinygrad_jp as tg
from nn import checks
from nn.module import Module

Lengths: TypeAlias = int | Sequence[int]
Pairs: TypeAlias = tuple[tuple[int, int], ...]
Padding: TypeAlias = str | int | Sequence[int | tuple[int, int]]

AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
"""What the axes behind the channels are called, by their number."""


class Windows(Module):
    """A layer that slides windows over a batch, (batch, channels, *lengths).

    Args:
        size: Of a window: an int for both axes of pictures, or one to three.
        stride: How far apart windows start: an int, or one for each axis.
        padding: How far they reach over the ends: an int, for each axis an int or
            (before, after), or "same".
        within: Whether padding must be below the size.

    Raises:
        TypeError: Something else than whole numbers.
        ValueError: Numbers out of range, or too many or few.
    """

    def __init__(self, size: Any, stride: Any, padding: Any, *, within: bool) -> None:
        kind = type(self).__name__
        given = _each(size, 2)
        if len(given) not in AXES:
            raise ValueError(f"{kind}: size must have 1 to 3 lengths, got {given}")
        self.size = _lengths(kind, "size", given, len(given))
        self.stride = _lengths(kind, "stride", stride, len(given))
        self.padding = _padding(kind, padding, len(given))
        if within and not isinstance(self.padding, str):
            for pair, length in zip(self.padding, self.size):
                if max(pair) >= length:
                    raise ValueError(
                        f"{kind}: padding must be below the size, {length}, "
                        f"got {max(pair)}"
                    )

    def ends(self, spatial: tuple[int, ...]) -> Pairs:
        """How far windows reach over the ends of axes of these lengths."""
        if not isinstance(self.padding, str):
            return self.padding
        found = []
        for n, k, step in zip(spatial, self.size, self.stride):
            over = max((-(-n // step) - 1) * step + k - n, 0)
            found.append((over // 2, over - over // 2))
        return tuple(found)

    def counts(self, spatial: tuple[int, ...], ends: Pairs) -> tuple[int, ...]:
        """How many windows fit.

        Raises:
            ShapeError: Not one.
        """
        whole = [n + sum(pair) for n, pair in zip(spatial, ends)]
        if any(n < k for n, k in zip(whole, self.size)) or 0 in spatial:
            who = checks.who(type(self).__name__, self.name)
            raise tg.ShapeError(
                f"{who}: x must hold a window of {self.size}, got {spatial}"
                + (f" with padding {ends}" if any(map(any, ends)) else "")
                + ('; use padding="same"' if 0 not in spatial else "")
            )
        steps = zip(whole, self.size, self.stride)
        return tuple([(n - k) // step + 1 for n, k, step in steps])

    def least(self) -> dict[str, int]:
        """Lengths for tests: room for two windows and a rest."""
        axes = AXES[len(self.size)]
        return {
            name: k + step + i
            for i, (name, k, step) in enumerate(zip(axes, self.size, self.stride))
        }

    def settings(self, usual_stride: Any) -> str:
        """Size, stride and padding, without what is as usual."""
        count = len(self.size)
        square = count == 2 and len(set(self.size)) == 1
        said = [str(self.size[0] if square else self.size)]
        if self.stride != usual_stride:
            said.append(f"stride={_short(self.stride)}")
        if self.padding != ((0, 0),) * count:
            said.append(f"padding={_short(self.padding)}")
        return ", ".join(said)


def _each(given: Any, count: int) -> tuple[Any, ...]:
    """Several values as they are; one, so many times."""
    several = isinstance(given, Iterable) and not isinstance(given, str)
    return tuple(given) if several else (given,) * count


def _lengths(owner: str, name: str, given: Any, count: int) -> tuple[int, ...]:
    """One whole number for each axis."""
    found = _each(given, count)
    if len(found) != count:
        raise ValueError(
            f"{owner}: {name} must be an int or {count} ints, got {given!r}"
        )
    return tuple([checks.whole(owner, name, value) for value in found])


def _padding(owner: str, given: Any, count: int) -> Pairs | str:
    """A pair (before, after) for each axis; "same" is told where a batch comes."""
    if isinstance(given, str):
        if given == "same":
            return given
        raise ValueError(
            f'{owner}: padding must be "same", an int, or an int or (before, after) '
            f"for each axis, got {given!r}"
        )
    each = _each(given, count)
    if len(each) != count:
        raise ValueError(f"{owner}: padding must have {count} parts, got {given!r}")
    pairs = []
    for part in each:
        pair = _each(part, 2)
        if len(pair) != 2:
            raise ValueError(f"{owner}: padding must be (before, after), got {part!r}")
        ends = [checks.whole(owner, "padding", value, least=0) for value in pair]
        pairs.append((ends[0], ends[1]))
    return tuple(pairs)


def _short(values: str | tuple[Any, ...]) -> str:
    """Settings as one would write them: 2 for (2, 2), 1 for ((1, 1), (1, 1))."""
    if isinstance(values, str):
        return f'"{values}"'
    ends = [v[0] if isinstance(v, tuple) and v[0] == v[1] else v for v in values]
    if len(set(ends)) == 1 and not isinstance(ends[0], tuple):
        return str(ends[0])
    return str(tuple(ends))
