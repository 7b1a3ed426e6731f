"""The way back to the last whole step: all that a step changes, held by reference.

An array that is held here is not written to: parameters are updated copy on write,
optimisers put new arrays into their memory. So to hold costs next to nothing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from math import inf
from typing import Any

import numpy as np

import tinygrad_jp as tg

State = dict[str, Any]


@dataclass(frozen=True)
class Position:
    """Where training stands, between two steps.

    Attributes:
        epoch: Epochs that are over.
        batch: Batches of this epoch that are done.
        step: Steps of all epochs.
        rows: Examples of this epoch that are done.
        totals: Sums over these, of the loss and of each metric.
        order: State of the shuffling generator as the epoch began; None before.
        best: The smallest loss of an epoch.
        waited: Epochs since then.
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0
    rows: int = 0
    totals: dict[str, float] = field(default_factory=dict)
    order: State | None = None
    best: float = inf
    waited: int = 0

    def plain(self) -> dict[str, Any]:
        """As a dict."""
        return asdict(self)


def generators(parts: dict[str, Any]) -> dict[str, np.random.Generator]:
    """The generators of modules, and those given themselves, by dotted name."""
    found = {}
    for part, value in parts.items():
        if isinstance(value, np.random.Generator):
            found[part] = value
        if not hasattr(value, "named_modules"):
            continue
        for path, module in value.named_modules():
            for name, attribute in vars(module).items():
                if isinstance(attribute, np.random.Generator):
                    found[f"{part}.{path}.{name}".replace("..", ".")] = attribute
    return found


class Snapshots:
    """Takes snapshots of a trainer, and goes back to one.

    Args:
        trainer: Whose model, optimiser, schedule, history and position.
        rng: The shuffling generator, or None.
    """

    def __init__(self, trainer: Any, rng: np.random.Generator | None) -> None:
        self._trainer = trainer
        parts = {"rng": rng, "model": trainer.model, "loss": trainer.loss}
        unique = {id(g): g for g in generators(parts).values()}
        self._generators = list(unique.values())
        self._places = []
        for part in (trainer.model, trainer.loss):
            if hasattr(part, "state_places"):
                places = part.state_places().values()
                self._places += [(module, name) for module, name, _ in places]

    def take(self) -> dict[str, Any]:
        """All that a step changes, as it is now."""
        trainer = self._trainer
        optimizer = trainer.optimizer
        values = []
        for module, name in self._places:
            value = getattr(module, name)
            held = value.data if isinstance(value, tg.Tensor) else value.copy()
            values.append((module, name, value, held))
        return {
            "values": values,
            "parameters": [(p, p.data) for p in optimizer.parameters],
            "memory": [dict(memory) for memory in optimizer.memory],
            "lr": optimizer.lr,
            "schedule": trainer.schedule.state_dict(),
            "generators": [g.bit_generator.state for g in self._generators],
            "history": trainer.history.lengths(),
            "trainer": (trainer.position, trainer.best, trainer.base_lr),
        }

    def go_back(self, taken: dict[str, Any]) -> None:
        """Have everything as it was when the snapshot was taken."""
        trainer = self._trainer
        optimizer = trainer.optimizer
        for module, name, value, held in taken["values"]:
            if isinstance(value, tg.Tensor):
                value.data = held
                setattr(module, name, value)
            else:
                setattr(module, name, held.copy())
        for parameter, held in taken["parameters"]:
            parameter.data = held
        for memory, held in zip(optimizer.memory, taken["memory"]):
            memory.clear()
            memory.update(held)
        optimizer.zero_grad()
        optimizer.lr = taken["lr"]
        trainer.schedule.load_state_dict(taken["schedule"])
        for generator, state in zip(self._generators, taken["generators"]):
            generator.bit_generator.state = state
        trainer.history.cut(taken["history"])
        trainer.position, trainer.best, trainer.base_lr = taken["trainer"]


def all_finite(taken: dict[str, Any]) -> bool:
    """Whether the parameters of a snapshot hold finite numbers alone."""
    return all(np.isfinite(held).all() for _, held in taken["parameters"])
