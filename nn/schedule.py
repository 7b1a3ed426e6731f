"""Schedules: what the learning rate is multiplied with as training goes on.

A schedule counts, and says a factor; it knows no optimiser. `nn.Trainer` takes one.
By hand: ``optimizer.lr = 0.1 * schedule.step()`` after each step of the optimiser, and
``optimizer.lr = 0.1 * schedule.end_epoch(loss)`` after each epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import cos, inf, pi
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn import checks
from nn.state import check, differences


class Schedule:
    """A factor of the learning rate that follows a count; always 1 here.

    Subclasses write `at`, or change `factor` in `end_epoch`.

    Args:
        per: What is counted: "step" or "epoch".

    Attributes:
        count: How many steps or epochs there have been.
        factor: What the learning rate is multiplied with now.

    Example:
        >>> class Halved(nn.Schedule):
        ...     def at(self, count):
        ...         return 0.5**count
        >>> schedule = Halved()
        >>> [schedule.factor, schedule.step(), schedule.step()]
        [1.0, 0.5, 0.25]
    """

    keeps: tuple[str, ...] = ("count", "factor")

    def __init__(self, *, per: str = "step") -> None:
        self.per = checks.choice(type(self).__name__, "per", per, "step", "epoch")
        self.count = 0
        self.factor = self.at(0)

    def at(self, count: int) -> float:
        """The factor after this many steps or epochs."""
        return 1.0

    def step(self) -> float:
        """The optimiser has made a step; returns the factor of the next."""
        if self.per == "step":
            self._count()
        return self.factor

    def end_epoch(self, loss: float) -> float:
        """An epoch is over, with this loss; returns the factor of the next."""
        if self.per == "epoch":
            self._count()
        return self.factor

    def _count(self) -> None:
        self.count += 1
        self.factor = self.at(self.count)

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """Where it stands, as arrays."""
        return {name: np.array(getattr(self, name)) for name in self.keeps}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave; all of it, or nothing.

        Raises:
            ValueError: Anything missing, unexpected or of another dtype.
        """
        check(type(self).__name__, differences(self.state_dict(), state))
        for name in self.keeps:
            setattr(self, name, np.asarray(state[name]).item())

    def __repr__(self) -> str:
        return f"{type(self).__name__}(factor={self.factor:g}, after {self.count})"


class StepDecay(Schedule):
    """Times `gamma` after each `every` epochs (or steps).

    Args:
        every: How many there are between two changes.
        gamma: What the factor is multiplied with, above 0.
        per: What is counted: "step" or "epoch".

    Example:
        >>> schedule = nn.StepDecay(2, 0.5)
        >>> [schedule.end_epoch(0.0) for _ in range(5)]
        [1.0, 0.5, 0.5, 0.25, 0.25]
    """

    def __init__(self, every: int, gamma: float = 0.1, *, per: str = "epoch") -> None:
        self.every = checks.whole("StepDecay", "every", every)
        self.gamma = checks.real("StepDecay", "gamma", gamma)
        super().__init__(per=per)

    def at(self, count: int) -> float:
        """As many times `gamma` as there have been changes."""
        return self.gamma ** (count // self.every)


class CosineDecay(Schedule):
    """Half a cosine wave, from 1 down to `floor`, where it stays (Loshchilov 2017).

    Args:
        length: How many steps (or epochs) it takes.
        floor: The last factor, from 0 to below 1.
        per: What is counted: "step" or "epoch".

    Example:
        >>> schedule = nn.CosineDecay(4)
        >>> [round(schedule.step(), 3) for _ in range(5)]
        [0.854, 0.5, 0.146, 0.0, 0.0]
    """

    def __init__(self, length: int, floor: float = 0.0, *, per: str = "step") -> None:
        self.length = checks.whole("CosineDecay", "length", length)
        self.floor = checks.below_one("CosineDecay", "floor", floor)
        super().__init__(per=per)

    def at(self, count: int) -> float:
        """The wave's height."""
        height = (1 + cos(pi * min(count / self.length, 1))) / 2
        return self.floor + (1 - self.floor) * height


class WarmUp(Schedule):
    """In equal parts up to 1, and then another schedule from its start.

    Args:
        length: How many steps (or epochs) it takes.
        then: What follows; None: the factor stays 1.
        per: What is counted: "step" or "epoch".

    Example:
        >>> schedule = nn.WarmUp(4, then=nn.CosineDecay(2))
        >>> schedule.factor, [round(schedule.step(), 3) for _ in range(5)]
        (0.25, [0.5, 0.75, 1.0, 0.5, 0.0])
    """

    def __init__(
        self, length: int, then: Schedule | None = None, *, per: str = "step"
    ) -> None:
        self.length = checks.whole("WarmUp", "length", length)
        if then is not None and not isinstance(then, Schedule):
            raise TypeError(f"WarmUp: then must be a Schedule or None, got {then!r}")
        self.then = Schedule() if then is None else then
        super().__init__(per=per)

    def at(self, count: int) -> float:
        """How much of the way it has gone; the first step goes a part too."""
        return (count + 1) / self.length

    def step(self) -> float:
        """The optimiser has made a step; returns the factor of the next."""
        if self._over:
            self.factor = self.then.step()
            return self.factor
        return super().step()

    def end_epoch(self, loss: float) -> float:
        """An epoch is over, with this loss; returns the factor of the next."""
        if self._over:
            self.factor = self.then.end_epoch(loss)
            return self.factor
        return super().end_epoch(loss)

    @property
    def _over(self) -> bool:
        return self.count >= self.length - 1

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """Where it stands, and where the other one does, as arrays."""
        then = self.then.state_dict().items()
        return {**super().state_dict(), **{f"then.{name}": a for name, a in then}}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave; all of it, or nothing."""
        super().load_state_dict(state)
        then = {n[5:]: a for n, a in state.items() if n.startswith("then.")}
        self.then.load_state_dict(then)


class Plateau(Schedule):
    """Times `gamma` whenever the loss has not become better for a while.

    Args:
        patience: How many epochs may pass without a better loss.
        gamma: What the factor is multiplied with, above 0.
        least: The part of the best loss by which a better one must be below it.
        floor: The smallest factor.

    Example:
        >>> schedule = nn.Plateau(patience=1, gamma=0.5)
        >>> [schedule.end_epoch(loss) for loss in (3.0, 2.0, 2.0, 2.0, 1.0)]
        [1.0, 1.0, 1.0, 0.5, 0.5]
    """

    keeps = ("count", "factor", "best")

    def __init__(
        self,
        patience: int = 10,
        gamma: float = 0.1,
        *,
        least: float = 1e-4,
        floor: float = 0.0,
    ) -> None:
        self.patience = checks.whole("Plateau", "patience", patience, least=0)
        self.gamma = checks.real("Plateau", "gamma", gamma)
        self.least = checks.below_one("Plateau", "least", least)
        self.floor = checks.real("Plateau", "floor", floor, zero=True)
        self.best = inf
        super().__init__(per="epoch")

    def end_epoch(self, loss: float) -> float:
        """An epoch is over, with this loss; returns the factor of the next."""
        margin = self.least * abs(self.best) if self.best < inf else 0
        if loss < self.best - margin:
            self.best = float(loss)
            self.count = 0
            return self.factor
        self.count += 1
        if self.count > self.patience:
            self.factor = max(self.factor * self.gamma, self.floor)
            self.count = 0
        return self.factor
