"""What modules promise of their forward computation, as plain data.

A contract is for tests: `tinygrad_jp.testing.check_module` holds a module to it, its
gradient included. Nothing here is looked at when a network runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Contract:
    """The shapes that a module takes and gives, and the laws that it keeps.

    A shape begins with "batch". An axis is a length, a name for any length (the same
    name, the same length), or ``...`` for any further axes.

    Attributes:
        takes: The shape of the batch, such as ``("batch", 784)``.
        gives: The shape of the result, such as ``("batch", 50)``; () for a number. A
            list of them for several results. Where names cannot say it, a function of
            the batch's shape; None where nothing is said.
        mixes_rows: Whether one row's result depends on other rows.
        laws: Each the name of a law in `tinygrad_jp.testing` with its keywords, or a
            `Law` object.
        labels: Further arguments that are labels, a whole number for each row; each
            with the name of the axis that counts the classes.
        targets: Further arguments of the batch's shape; each "real", or "probability"
            for numbers from 0 to 1.
        integers: The batch holds whole numbers from 0 to below this; None: floats.
        least: For names in `takes`, the shortest length that makes sense.
        random: Whether it draws random numbers; each call is then tried with the same.
        without: Names of laws of all functions that do not hold here.

    Example:
        >>> import nn
        >>> nn.Affine(784, 50, rng=np.random.default_rng(0)).contract.gives
        ('batch', Ellipsis, 50)
        >>> nn.Softmax().contract.laws[0]
        ('sums_to_one', {'axis': -1})
    """

    takes: tuple[Any, ...] = ("batch", ...)
    gives: Any = ("batch", ...)
    mixes_rows: bool = False
    laws: tuple[Any, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    targets: Mapping[str, str] = field(default_factory=dict)
    integers: int | None = None
    least: Mapping[str, int] = field(default_factory=dict)
    random: bool = False
    without: tuple[str, ...] = ()


def in_sequence(contracts: Sequence[Contract]) -> Contract:
    """The contract of modules that are applied one after the other.

    The first that changes the shape, or asks for a length, says what goes in. What
    comes out is said by the last of these, as long as each of them changes the last
    axis alone; else nobody says it. No laws are left.
    """
    telling = [c for c in contracts if c.takes != c.gives or _fixed(c.takes)]
    if not telling:
        telling = [max([Contract(), *contracts], key=lambda c: _named(c.takes))]
    first, last = telling[0], telling[-1]
    takes, gives = first.takes, None
    if all(map(_alike, telling)):
        gives = takes
        if any(_fixed(contract.takes) for contract in telling):
            # Which further axes all of them take, nobody knows.
            takes = _plain(takes)
            gives = (*takes[:-1], _plain(last.gives)[-1])
    return Contract(
        takes,
        gives,
        mixes_rows=any(contract.mixes_rows for contract in contracts),
        integers=contracts[0].integers if contracts else None,
        least=first.least,
        random=any(contract.random for contract in contracts),
        without=tuple({name: None for c in contracts for name in c.without}),
    )


def _named(shape: tuple[Any, ...]) -> int:
    return sum(isinstance(axis, str) for axis in shape)


def _fixed(shape: tuple[Any, ...]) -> bool:
    return any(type(axis) is int for axis in shape)


def _alike(contract: Contract) -> bool:
    """Whether a result has the batch's axes, the last of them perhaps excepted."""
    given = contract.gives
    return (
        isinstance(given, tuple)
        and len(given) == len(contract.takes)
        and given[:-1] == contract.takes[:-1]
    )


def _plain(shape: tuple[Any, ...]) -> tuple[Any, ...]:
    """A shape without further axes, which not all modules may take."""
    return tuple(axis for axis in shape if axis is not ...)
