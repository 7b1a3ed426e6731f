"""The Trainer: mini-batches, epochs, and a way back at every step."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

import numpy as np

import tinygrad_jp as tg
from nn import checks
from nn.data import Examples, batches
from nn.module import Module
from nn.optim import Optimizer
from nn.schedule import Schedule
from nn.trainer.history import History
from nn.trainer.metrics import Means, Metrics, usual
from nn.trainer.run import Plan, Run
from nn.trainer.snapshot import Position

PathLike = str | os.PathLike[str]


class Trainer:
    """Trains a model with mini-batches, and tells how it goes.

    An interrupt (Ctrl-C) or an error, wherever it strikes, leaves everything as it was
    after the last whole step: parameters, running averages, the optimiser's memory and
    every generator. A `KeyboardInterrupt` is raised again, after a checkpoint has been
    written where `fit` was given a path for it.

    Args:
        model: A Module; called with the inputs of a batch.
        loss: Called with what the model gives and the batch's `t`; gives a scalar.
        optimizer: Of the model's parameters.
        schedule: Changes the learning rate, starting from the optimiser's own.
        clip_norm: Shortens longer gradients to this norm; see `clip_grad_norm`.
        clip_value: Cuts larger elements of gradients; see `clip_grad_value`.
        metrics: Functions of outputs and `t`, by name, measured besides the loss. None:
            accuracy, where `t` holds whole numbers, one for each row of scores.
        watch: Look at gradients, dead units and plateaus every so many steps, write
            them to ``history.watch`` and warn (`TrainingWarning`); None: never.

    Attributes:
        history: Of the last `fit`.
        position: Where it stands.

    Example:
        >>> import nn
        >>> rng = np.random.default_rng(0)
        >>> data = nn.digits(rng=rng)
        >>> model = nn.Sequential(
        ...     nn.Affine(64, 50, rng=rng), nn.ReLU(), nn.Affine(50, 10, rng=rng)
        ... )
        >>> sgd = nn.SGD(model.parameters(), lr=0.5)
        >>> trainer = nn.Trainer(model, nn.SoftmaxWithLoss(), sgd)
        >>> history = trainer.fit(
        ...     data.train, data.test, epochs=5, rng=rng, progress=False
        ... )
        >>> history["test_accuracy"][-1] > 0.9
        True
    """

    def __init__(
        self,
        model: Module,
        loss: Callable[[Any, Any], tg.Tensor],
        optimizer: Optimizer,
        *,
        schedule: Schedule | None = None,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        metrics: Metrics | None = None,
        watch: int | None = None,
    ) -> None:
        _kind("model", model, Module)
        _kind("optimizer", optimizer, Optimizer)
        if not callable(loss):
            raise TypeError(f"Trainer: loss must be a Module or function, got {loss!r}")
        self.schedule = Schedule() if schedule is None else schedule
        _kind("schedule", self.schedule, Schedule)
        self.model = model
        self.loss = loss
        self.optimizer = optimizer
        for name, number in (("clip_norm", clip_norm), ("clip_value", clip_value)):
            if number is not None:
                checks.real("Trainer", name, number)
        if watch is not None:
            checks.whole("Trainer", "watch", watch)
        self.clip_norm = clip_norm
        self.clip_value = clip_value
        self.metrics = metrics
        self.watch = watch
        self.base_lr = optimizer.lr
        self.best: dict[str, Any] = {}
        self.history = History()
        self.position = Position()

    # --- the face ----------------------------------------------------------------

    def fit(
        self,
        train: Examples,
        test: Examples | None = None,
        *,
        epochs: int,
        batch_size: int = 100,
        rng: np.random.Generator | None = None,
        patience: int | None = None,
        checkpoint: PathLike | None = None,
        checkpoint_every: int | None = None,
        resume: PathLike | None = None,
        progress: bool = True,
    ) -> History:
        """Go through the examples `epochs` times, a step for each mini-batch.

        Args:
            train: To learn from. The last batch of an epoch may be shorter.
            test: To be tested with after each epoch.
            epochs: How many, with those before a checkpoint that it goes on from.
            batch_size: Examples per step.
            rng: Shuffles the examples anew in each epoch; None: as they are.
            patience: Stop after so many epochs without a smaller loss (that of `test`
                where it is given). The model then has the parameters of the best one.
            checkpoint: File for checkpoints, written at the end of each epoch, and
                when interrupted. See `nn.trainer.checkpoint` for what it holds.
            checkpoint_every: Write them after every so many steps too.
            resume: File of a checkpoint to go on from, as if never stopped, to the
                bit; with the same data, sizes, and kinds of optimiser and generators.
            progress: Print a line for an epoch (of many, some), with a bar of tqdm
                on a terminal.

        Returns:
            Numbers for each epoch and step.

        Raises:
            NonFiniteError: The loss is NaN or infinite; the message says where. The
                parameters are the last ones that are finite.
            KeyboardInterrupt: Ctrl-C; everything is as after the last whole step.
            ValueError: A checkpoint of another training; nothing has changed then.
        """
        for name, part in (("train", train), ("test", test)):
            if part is not None or name == "train":
                _kind(name, part, Examples)
        if rng is not None:
            checks.generator("fit", rng)
        plan = Plan(
            train,
            test,
            checks.whole("fit", "epochs", epochs),
            checks.whole("fit", "batch_size", batch_size),
            rng,
            _whole_or_none("patience", patience),
            checkpoint,
            _whole_or_none("checkpoint_every", checkpoint_every),
            resume,
            progress,
        )
        self.history, self.position, self.best = History(), Position(), {}
        # In a context of its own: an interrupt cannot leave no_grad switched on.
        copy_context().run(Run(self, plan).run)
        return self.history

    def evaluate(
        self, examples: Examples, *, batch_size: int = 500
    ) -> dict[str, float]:
        """Loss and metrics over all examples, in `eval`; nothing is learned.

        Args:
            examples: In any number.
            batch_size: How many are computed at once; a matter of memory.
        """
        _kind("examples", examples, Examples)
        modes = [(m, m.training) for _, m in self.model.named_modules()]
        means = Means()
        try:
            self.model.eval()
            with tg.no_grad():
                for x, t in batches(examples.x, examples.t, batch_size, rng=None):
                    outputs = self.model(x)
                    loss = self.loss(outputs, t).item()
                    means.add(len(x), {"loss": loss, **self.measure(outputs, t)})
        finally:
            for module, training in modes:
                module.training = training
        return means.of()

    def measure(self, outputs: tg.Tensor, t: Any) -> dict[str, float]:
        """The metrics of a batch by name."""
        if self.metrics is None:
            self.metrics = usual(outputs, t)
        values = outputs.data
        return {name: float(f(values, t)) for name, f in self.metrics.items()}


def _kind(name: str, value: object, kind: type) -> None:
    if not isinstance(value, kind):
        article = "an" if kind.__name__[0] in "EO" else "a"
        raise TypeError(
            f"Trainer: {name} must be {article} {kind.__name__}, "
            f"got {type(value).__name__}"
        )


def _whole_or_none(name: str, value: int | None) -> int | None:
    return None if value is None else checks.whole("fit", name, value)
