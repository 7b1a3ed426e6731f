"""States: what modules and optimisers hold, as a flat dict of arrays.

A state is checked as a whole, and all that does not fit is said at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tinygrad_jp as tg


@dataclass(frozen=True)
class Differences:
    """Where a state does not fit what shall take it over; false where it fits.

    Attributes:
        missing: Names that the state lacks.
        unexpected: Names that only the state has.
        misfits: By name what is wrong with an array: its shape or its dtype.
    """

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    misfits: Mapping[str, str]

    def __bool__(self) -> bool:
        return bool(self.missing or self.unexpected or self.misfits)

    def __str__(self) -> str:
        lines = []
        if self.missing:
            lines.append(f"missing: {', '.join(self.missing)}")
        if self.unexpected:
            lines.append(f"unexpected: {', '.join(self.unexpected)}")
        lines += [f"{name}: {fault}" for name, fault in self.misfits.items()]
        return "\n".join(lines) or "no differences"


def differences(wanted: Mapping[str, Any], given: Mapping[str, Any]) -> Differences:
    """Compare a state with what it shall be like, name by name."""
    misfits = {}
    for name, pattern in wanted.items():
        if name in given:
            fault = _misfit(pattern, given[name])
            if fault:
                misfits[name] = fault
    return Differences(
        missing=tuple([name for name in wanted if name not in given]),
        unexpected=tuple([str(name) for name in given if name not in wanted]),
        misfits=misfits,
    )


def _misfit(wanted: Any, given: Any) -> str:
    needs = f"needs {_described(wanted)}, got "
    if not isinstance(given, (tg.Tensor, np.ndarray, np.generic)):
        return needs + type(given).__name__
    if (given.shape, given.dtype) != (wanted.shape, wanted.dtype):
        return needs + _described(given)
    return ""


def _described(array: Any) -> str:
    return f"{array.dtype} of shape {array.shape}"


def check(owner: str, found: Differences) -> None:
    """Refuse a state that does not fit.

    Raises:
        ValueError: All the differences, a line each.
    """
    if found:
        lines = str(found).replace("\n", "\n  ")
        raise ValueError(f"{owner}: the state does not fit\n  {lines}")


class Stateful:
    """What a Module knows of its state; a part of `nn.Module`."""

    def named_modules(self) -> list[tuple[str, Any]]:
        """This and all below it, with dotted names."""
        raise NotImplementedError

    def state_places(self) -> dict[str, tuple[Any, str, Any]]:
        """By dotted name all that `state_dict` gives: module, attribute and value."""
        found: dict[str, tuple[Any, str, Any]] = {}
        seen: set[int] = set()
        for prefix, module in self.named_modules():
            for name, value in vars(module).items():
                if id(value) in seen or not _belongs(name, value):
                    continue
                if isinstance(value, tg.Tensor):
                    seen.add(id(value))  # a shared parameter is listed once
                found[f"{prefix}.{name}".lstrip(".")] = module, name, value
        return found

    def named_buffers(self) -> list[tuple[str, NDArray[Any]]]:
        """The arrays of numbers here and below that are no Tensors, by dotted name.

        Example:
            >>> import nn
            >>> [name for name, _ in nn.BatchNormalization(3).named_buffers()]
            ['running_mean', 'running_var']
        """
        held = self.state_places().items()
        return [
            (name, value) for name, (_, _, value) in held if type(value) is np.ndarray
        ]

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """All that it has learned: parameters and buffers by dotted name.

        A buffer is an attribute that is an array of numbers, such as a running mean,
        or a Tensor without gradient, such as a frozen parameter; one whose name
        begins with an underscore is left out. What happens to the module later does
        not change these arrays.

        Example:
            >>> import nn
            >>> model = nn.Sequential(nn.BatchNormalization(3))
            >>> for name, array in model.state_dict().items():
            ...     print(name, array)
            BatchNormalization1.gamma [1. 1. 1.]
            BatchNormalization1.beta [0. 0. 0.]
            BatchNormalization1.running_mean [0. 0. 0.]
            BatchNormalization1.running_var [1. 1. 1.]
        """
        # Of a Tensor a view will do: an update writes to another array then.
        return {
            name: value.data if isinstance(value, tg.Tensor) else value.copy()
            for name, (_, _, value) in self.state_places().items()
        }

    def load_state_dict(
        self, state: Mapping[str, Any], *, strict: bool = True
    ) -> Differences:
        """Take over what `state_dict` gave, such as `tinygrad_jp.load` reads.

        Args:
            state: Arrays or Tensors by name; copied.
            strict: Whether all must fit. Otherwise what fits is taken over.

        Returns:
            What differs: nothing where `strict`.

        Raises:
            ValueError: `strict`, and names are missing or unexpected, or shapes or
                dtypes differ. The message lists all; nothing has changed.

        Example:
            >>> import nn
            >>> norm = nn.BatchNormalization(2)
            >>> state = {"gamma": np.ones(3), "delta": np.ones(2)}
            >>> norm.load_state_dict(state)
            Traceback (most recent call last):
                ...
            ValueError: BatchNormalization: the state does not fit
              missing: beta, running_mean, running_var
              unexpected: delta
              gamma: needs float32 of shape (2,), got float64 of shape (3,)
        """
        held = self.state_places()
        wanted = {name: value for name, (_, _, value) in held.items()}
        found = differences(wanted, state)
        if strict:
            check(type(self).__name__, found)
        for name, (module, attribute, value) in held.items():
            if name in found.missing or name in found.misfits:
                continue
            if isinstance(value, tg.Tensor):
                value.data = state[name]
            else:
                setattr(module, attribute, np.array(state[name]))
        return found


def _belongs(name: str, value: object) -> bool:
    """Whether an attribute of a module is part of its state."""
    if isinstance(value, tg.Tensor):
        return value.is_leaf and (value.requires_grad or not name.startswith("_"))
    if name.startswith("_"):
        return False
    return type(value) is np.ndarray and value.dtype.kind in "fiub"
