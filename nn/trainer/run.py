"""One run of training: the loop over epochs and steps, and the way back."""

from __future__ import annotations

import os
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import islice
from math import ceil, isfinite
from typing import Any

import numpy as np

import tinygrad_jp as tg
from nn.clip import clip_grad_norm, clip_grad_value
from nn.data import Examples, batches
from nn.trainer import checkpoint
from nn.trainer.metrics import Means
from nn.trainer.progress import Progress
from nn.trainer.snapshot import Position, Snapshots, all_finite
from nn.trainer.watch import Watch

PathLike = str | os.PathLike[str]


@dataclass(frozen=True)
class Plan:
    """What `Trainer.fit` was asked for."""

    train: Examples
    test: Examples | None
    epochs: int
    batch_size: int
    rng: np.random.Generator | None
    patience: int | None
    path: PathLike | None
    every: int | None
    resume: PathLike | None
    progress: bool

    @property
    def setting(self) -> dict[str, Any]:
        """What must be the same where training goes on from a checkpoint."""
        return {
            "examples": len(self.train),
            "batch_size": self.batch_size,
            "test": self.test is not None,
            "patience": self.patience,
        }

    @property
    def steps(self) -> int:
        """Steps of one epoch; the last batch may be shorter."""
        return ceil(len(self.train) / self.batch_size)


class Run:
    """Goes on with a trainer from where it stands, or from a checkpoint, to the end.

    Args:
        trainer: Whose model learns, and whose history and position are written.
        plan: What was asked for.
    """

    def __init__(self, trainer: Any, plan: Plan) -> None:
        self._trainer = trainer
        self._plan = plan
        self._snapshots = Snapshots(trainer, plan.rng)
        self._good = self._earlier = self._snapshots.take()
        self._began = 0
        self._progress = Progress(plan.progress, plan.epochs, plan.epochs * plan.steps)
        self._watch = None
        if trainer.watch is not None:
            self._watch = Watch(
                trainer.model, trainer.loss, trainer.history, trainer.watch
            )

    def run(self) -> None:
        """Train to the end; whatever stops it leaves the last whole step."""
        trainer = self._trainer
        modes = [(m, m.training) for _, m in trainer.model.named_modules()]
        try:
            self._start()
            while trainer.position.epoch < self._plan.epochs and not self._tired():
                self._epoch()
            if trainer.best:
                trainer.model.load_state_dict(trainer.best)
            trainer.history.ended = "stopped early" if self._tired() else "finished"
        except BaseException as error:
            self._recover(error)
            raise
        finally:
            self._progress.close()
            for module, training in modes:
                module.training = training

    def _start(self) -> None:
        trainer, plan = self._trainer, self._plan
        if plan.resume is not None:
            checkpoint.read(plan.resume, trainer, plan.rng, plan.setting)
            self._began = trainer.position.step
            self._keep()
        trainer.optimizer.lr = trainer.base_lr * trainer.schedule.factor
        self._progress.start(self._began)
        trainer.model.train()

    def _epoch(self) -> None:
        """The steps of an epoch that are still to be done, and its end."""
        trainer, plan = self._trainer, self._plan
        rng = plan.rng
        if rng is not None:
            if trainer.position.order is None:
                order = deepcopy(dict(rng.bit_generator.state))
                trainer.position = replace(trainer.position, order=order)
            else:  # in the middle: shuffle as it was shuffled when the epoch began
                rng = deepcopy(rng)
                rng.bit_generator.state = trainer.position.order
        chosen = batches(plan.train.x, plan.train.t, plan.batch_size, rng=rng)
        for x, t in islice(chosen, trainer.position.batch, None):
            loss = self._step(x, t)
            self._keep()
            self._progress.step(loss)
            if plan.every and trainer.position.step % plan.every == 0:
                self._save()
        self._end_epoch()
        self._keep()
        self._save()

    def _step(self, x: Any, t: Any) -> float:
        """Forward, backward, and a step of the optimiser."""
        trainer = self._trainer
        optimizer = trainer.optimizer
        place = trainer.position
        number = place.step + 1
        optimizer.zero_grad()
        with self._watch.looking(number) if self._watch else nullcontext():
            outputs = trainer.model(x)
        loss = trainer.loss(outputs, t)
        value = float(loss.item())
        if not isfinite(value):
            raise tg.NonFiniteError(self._lost(value))
        loss.backward()
        if self._watch is not None:
            self._watch.look(number, value, outputs)
        if trainer.clip_value is not None:
            clip_grad_value(optimizer.parameters, trainer.clip_value)
        if trainer.clip_norm is not None:
            clip_grad_norm(optimizer.parameters, trainer.clip_norm)
        optimizer.step()
        row = {"step": number, "loss": value, "lr": optimizer.lr}
        trainer.history.add("steps", row)
        optimizer.lr = trainer.base_lr * trainer.schedule.step()
        means = Means(place.rows, place.totals)
        means.add(len(x), {"loss": value, **trainer.measure(outputs, t)})
        trainer.position = replace(
            place,
            batch=place.batch + 1,
            step=number,
            rows=means.rows,
            totals=means.totals,
        )
        return value

    def _end_epoch(self) -> None:
        """Test, write the epoch down, and see whether it was the best."""
        trainer, plan = self._trainer, self._plan
        place = trainer.position
        row: dict[str, Any] = {"epoch": place.epoch + 1}
        row.update(Means(place.rows, place.totals).of())
        if plan.test is not None:
            tested = trainer.evaluate(plan.test)
            row.update({f"test_{name}": value for name, value in tested.items()})
        row["lr"] = trainer.history.steps["lr"][-1]
        loss = row.get("test_loss", row["loss"])
        trainer.history.add("epochs", row)
        better = loss < place.best
        if better and plan.patience is not None:
            trainer.best = trainer.model.state_dict()
        trainer.optimizer.lr = trainer.base_lr * trainer.schedule.end_epoch(loss)
        trainer.position = Position(
            epoch=place.epoch + 1,
            step=place.step,
            best=loss if better else place.best,
            waited=0 if better else place.waited + 1,
        )
        self._progress.epoch(row)

    def _tired(self) -> bool:
        patience = self._plan.patience
        return patience is not None and self._trainer.position.waited >= patience

    # --- the way back ------------------------------------------------------------

    def _keep(self) -> None:
        """A step is whole: from now on, back to here."""
        self._earlier, self._good = self._good, self._snapshots.take()

    def _recover(self, error: BaseException) -> None:
        """Go back to the last whole step, or one further where it has spoilt all."""
        spoilt = isinstance(error, tg.NonFiniteError)
        spoilt = spoilt and not all_finite(self._good)
        self._snapshots.go_back(self._earlier if spoilt else self._good)
        if not isinstance(error, KeyboardInterrupt):
            return
        trainer, plan = self._trainer, self._plan
        trainer.history.ended = "interrupted"
        place = trainer.position
        where = f"step {place.step:,} (epoch {place.epoch + 1}, batch {place.batch})"
        text = f"interrupted; everything is as after {where}"
        if place.step > self._began:  # else there is nothing new to save
            self._save()
            if plan.path is not None:
                text += f"; go on with fit(..., resume={os.fspath(plan.path)!r})"
        self._progress.tell(text)

    def _save(self) -> None:
        plan = self._plan
        if plan.path is not None:
            checkpoint.write(plan.path, self._trainer, plan.rng, plan.setting)

    def _lost(self, value: float) -> str:
        trainer = self._trainer
        place = trainer.position
        before = trainer.history.steps.get("loss", [])
        after = f" after {before[-1]:.4g} in the step before" if before else ""
        return (
            f"Trainer: the loss is {value:g} at step {place.step + 1:,} (epoch "
            f"{place.epoch + 1}, batch {place.batch + 1}){after}; the parameters are "
            f"back at the last finite ones. Try a smaller lr than "
            f"{trainer.optimizer.lr:g}, or clip_norm=1.0"
        )
