"""Checkpoints: all that training needs to go on, in one safetensors file.

Arrays by name ("model.Affine1.W", "optimizer.0.m", "history.steps.loss", ...), and in
the metadata, as JSON, where training stands and the state of every generator. The
model alone is what begins with "model.".
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tinygrad_jp as tg
from nn.state import check, differences
from nn.trainer.snapshot import Position, generators

_FORMAT = "tinygrad_jp.trainer"
_STATES = ("model", "loss", "optimizer", "schedule")


def write(
    path: str | os.PathLike[str],
    trainer: Any,
    rng: np.random.Generator | None,
    setting: Mapping[str, Any],
) -> None:
    """Write a trainer, which stands between two steps, with what `fit` was given."""
    arrays = _with_prefix("best", trainer.best)
    for part, owner in _owners(trainer).items():
        arrays.update(_with_prefix(part, owner.state_dict()))
    for table, columns in trainer.history.tables.items():
        lists = {name: np.array(column) for name, column in columns.items()}
        arrays.update(_with_prefix(f"history.{table}", lists))
    notes = {
        _FORMAT: 1,
        "position": trainer.position.plain(),
        "base_lr": trainer.base_lr,
        "generators": _states(_generators(trainer, rng)),
        "setting": dict(setting),
    }
    metadata = {name: json.dumps(n, default=_encoded) for name, n in notes.items()}
    tg.save(path, arrays, metadata)


def read(
    path: str | os.PathLike[str],
    trainer: Any,
    rng: np.random.Generator | None,
    setting: Mapping[str, Any],
) -> None:
    """Take over what `write` has written; all of it, or nothing.

    Raises:
        ValueError: No checkpoint, or one of another network, optimiser, schedule,
            data or setting; the message lists all that differs.
    """
    arrays = tg.load(path)
    if _FORMAT not in arrays.metadata:
        raise ValueError(
            f"resume: {path} is no checkpoint of a Trainer; for parameters alone use "
            "model.load_state_dict(tg.load(path))"
        )
    notes = {
        name: json.loads(text, object_hook=_decoded)
        for name, text in arrays.metadata.items()
    }
    owners = _owners(trainer)
    wanted: dict[str, Any] = {}
    for part, owner in owners.items():
        wanted.update(_with_prefix(part, owner.state_dict()))
    given = {n: a for n, a in arrays.items() if n.split(".")[0] in _STATES}
    check(f"resume: {path}", differences(wanted, given))
    sources = _generators(trainer, rng)
    _compare(f"resume: {path}", notes, setting, _states(sources))

    for part, owner in owners.items():
        owner.load_state_dict(_below(part, arrays))
    trainer.best = _below("best", arrays)
    trainer.base_lr = notes["base_lr"]
    trainer.position = Position(**notes["position"])
    for name, (_, state) in notes["generators"].items():
        sources[name].bit_generator.state = state
    for table, columns in trainer.history.tables.items():
        columns.clear()
        for name, array in _below(f"history.{table}", arrays).items():
            columns[name] = array.tolist()


def _owners(trainer: Any) -> dict[str, Any]:
    """Whose state a checkpoint holds; a loss may be a plain function, without one."""
    owners = {part: getattr(trainer, part) for part in _STATES}
    return {part: o for part, o in owners.items() if hasattr(o, "load_state_dict")}


def _generators(
    trainer: Any, rng: np.random.Generator | None
) -> dict[str, np.random.Generator]:
    return generators({"rng": rng, "model": trainer.model, "loss": trainer.loss})


def _states(sources: Mapping[str, np.random.Generator]) -> dict[str, Any]:
    """Each generator's state, with the name under which it was met first."""
    first: dict[int, str] = {}
    return {
        name: [first.setdefault(id(source), name), source.bit_generator.state]
        for name, source in sources.items()
    }


def _compare(
    owner: str,
    notes: Mapping[str, Any],
    setting: Mapping[str, Any],
    states: Mapping[str, Any],
) -> None:
    """Refuse another setting, or other generators than those of the checkpoint."""
    faults = [
        f"{name} was {before!r}, got {setting.get(name)!r}"
        for name, before in notes["setting"].items()
        if before != setting.get(name)
    ]
    then = {name: (n, s["bit_generator"]) for name, (n, s) in _items(notes)}
    now = {name: (n, s["bit_generator"]) for name, (n, s) in states.items()}
    for name in {**then, **now}:
        if then.get(name) != now.get(name):
            was, got = (_told(name, side.get(name)) for side in (then, now))
            faults.append(f"generator {name} was {was}, got {got}")
    if faults:
        raise ValueError("\n  ".join([f"{owner}: was written otherwise", *faults]))


def _items(notes: Mapping[str, Any]) -> Any:
    return notes["generators"].items()


def _told(name: str, source: tuple[str, str] | None) -> str:
    if source is None:
        return "none"
    first, kind = source
    return kind if first == name else f"that of {first}"


def _with_prefix(prefix: str, state: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{prefix}.{name}": value for name, value in state.items()}


def _below(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    start = f"{prefix}."
    return {n.removeprefix(start): a for n, a in arrays.items() if n.startswith(start)}


def _encoded(value: object) -> Any:
    """The parts of a generator's state that JSON does not know."""
    if isinstance(value, np.ndarray):
        return {"dtype": str(value.dtype), "values": value.tolist()}
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"cannot be written to a checkpoint: {value!r}")


def _decoded(found: dict[str, Any]) -> Any:
    if found.keys() == {"dtype", "values"}:
        return np.array(found["values"], found["dtype"])
    return found
