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
        gives: The shape of the result, such as ``("batch", 50)``; () for a number.
        mixes_rows: Whether one row's result depends on other rows.
        laws: Each the name of a law in `tinygrad_jp.testing` with its keywords, or a
            `Law` object.
        labels: Further arguments that are labels, a whole number for each row; each
            with the name of the axis that counts the classes.
        without: Names of laws of all functions that do not hold here.

    Example:
        >>> import nn
        >>> nn.Affine(784, 50, rng=np.random.default_rng(0)).contract.gives
        ('batch', Ellipsis, 50)
        >>> nn.Softmax().contract.laws[0]
        ('sums_to_one', {'axis': -1})
    """

    takes: tuple[Any, ...] = ("batch", ...)
    gives: tuple[Any, ...] = ("batch", ...)
    mixes_rows: bool = False
    laws: tuple[Any, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ()


def in_sequence(contracts: Sequence[Contract]) -> Contract:
    """The contract of modules that are applied one after the other.

    The first that asks for a length says what goes in, and the last that gives one what
    comes out; the others must not change the shape. No laws are left.
    """
    fixed = [c for c in contracts if any(type(axis) is int for axis in c.takes)]
    mixes = any(contract.mixes_rows for contract in contracts)
    without = tuple({name: None for c in contracts for name in c.without})
    if not fixed:
        ends = (contracts[0], contracts[-1]) if contracts else (Contract(),) * 2
        return Contract(ends[0].takes, ends[1].gives, mixes, without=without)
    return Contract(
        _plain(fixed[0].takes), _plain(fixed[-1].gives), mixes, without=without
    )


def _plain(shape: tuple[Any, ...]) -> tuple[Any, ...]:
    """A shape without further axes, which not all modules may take."""
    return tuple(axis for axis in shape if axis is not ...)
