"""Looking at a network while it learns: gradients, dead units, and plateaus."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

import nn.activations as known
import tinygrad_jp as tg
from nn.distances import SigmoidWithLoss
from nn.losses import SoftmaxWithLoss
from nn.module import Module
from nn.trainer.history import History

_ACTIVATIONS = (
    known.ELU,
    known.GELU,
    known.LeakyReLU,
    known.ReLU,
    known.Sigmoid,
    known.SiLU,
    known.Tanh,
)
_LOOKS, _STEPS = 5, 100
"""How many looks in a row, and over how many steps, must show a plateau."""
_SAME_OUTPUT = 0.1
"""Probabilities with a smaller standard deviation over the rows hardly differ."""
_SAME_LOSS = 0.01
"""How much of the loss may go between the first of these looks and the last."""
_LEARNED = 1e-3
"""A loss under which gradients may vanish: there is nothing left to learn."""


class TrainingWarning(UserWarning):
    """Training goes on, but something is the matter with it.

    Example:
        >>> import warnings
        >>> with warnings.catch_warnings(action="error", category=nn.TrainingWarning):
        ...     pass  # what would be told stops the training here
    """


class Watch:
    """Looks at every so many steps, writes down what it sees, and warns once of each.

    Args:
        model: The network.
        loss: What it is trained with; tells how outputs become probabilities.
        history: Takes a row for each look.
        every: How many steps there are from one look to the next.
    """

    def __init__(self, model: Module, loss: Any, history: History, every: int) -> None:
        self._model = model
        self._history = history
        self._every = every
        self._looks = max(_LOOKS, _STEPS // every)
        self._probabilities = _probabilities(loss)
        self._warned: set[str] = set()
        self._seen: dict[str, NDArray[Any]] = {}
        modules = model.named_modules()
        self._activations = {
            path: m for path, m in modules if isinstance(m, _ACTIVATIONS)
        }
        self._layers = {path: own for path, m in modules if (own := _own(m))}

    @contextmanager
    def looking(self, step: int) -> Iterator[None]:
        """Look at what the modules give in the block, if it is this step's turn."""
        self._seen = {}
        if step % self._every:
            yield
            return
        with ExitStack() as hooks:
            for path, module in self._activations.items():
                hooks.enter_context(module.register_forward_hook(self._noting(path)))
            yield

    def _noting(self, path: str) -> Callable[..., None]:
        def note(module: Module, arguments: tuple[Any, ...], result: Any) -> None:
            self._seen[path] = result.data

        return note

    def look(self, step: int, loss: float, outputs: tg.Tensor) -> None:
        """Write down gradients, dead units and how much the rows differ."""
        if step % self._every:
            return
        outputs = self._probabilities(outputs.detach())
        row: dict[str, Any] = {
            "step": step,
            "loss": loss,
            "output_spread": _spread(outputs.data),
        }
        for path, parameters in self._layers.items():
            row[f"gradient.{path}"] = _rms(parameters)
        for path, module in self._activations.items():
            values = self._seen.get(path)
            if isinstance(module, known.ReLU):
                row[f"dead.{path}"] = 0.0 if values is None else _dead(values)
            row[f"spread.{path}"] = 0.0 if values is None else _spread(values)
        self._history.add("watch", row)
        self._warn_of_vanishing(row)
        self._warn_of_a_plateau(row, outputs.data)

    def _warn_of_vanishing(self, row: dict[str, Any]) -> None:
        if row["loss"] < _LEARNED:
            return
        dead = [p for p in self._activations if row.get(f"dead.{p}") == 1.0]
        for path in self._layers:
            if row[f"gradient.{path}"] == 0.0:
                why = f"; every unit of {', '.join(dead)} gives 0 for all rows"
                self._warn(
                    f"gradient.{path}",
                    f"all gradients of {path or type(self._model).__name__} are 0 at "
                    f"step {row['step']:,}: it learns nothing{why if dead else ''}. "
                    "Smaller initial values or a smaller lr may help",
                )

    def _warn_of_a_plateau(self, row: dict[str, Any], outputs: NDArray[Any]) -> None:
        looks = self._history.watch
        losses = looks["loss"][-self._looks :]
        if (
            len(losses) < self._looks
            or len(outputs) < 2
            or max(looks["output_spread"][-self._looks :]) > _SAME_OUTPUT
            or losses[0] - losses[-1] > _SAME_LOSS * abs(losses[0])
            or row["loss"] < _LEARNED
        ):
            return
        gradients = [row[f"gradient.{path}"] for path in self._layers]
        middle = ", ".join([f"{v:.2f}" for v in np.ravel(outputs.mean(axis=0))[:4]])
        hidden = [f"{path} ({row[f'spread.{path}']:.2f})" for path in self._activations]
        text = (
            f"a plateau at step {row['step']:,}: outputs sit at {middle} and differ by "
            f"{row['output_spread']:.2g} from row to row, gradients are small (at most "
            f"{max(gradients, default=0.0):.2g})"
        )
        if hidden:
            text += f", hidden units hardly differ: {', '.join(hidden)}"
        cure = "It may pass by itself; other initial values or a larger lr may help"
        self._warn("plateau", f"{text}. {cure}")

    def _warn(self, key: str, text: str) -> None:
        if key not in self._warned:
            self._warned.add(key)
            # At the user's line, which calls `fit`.
            warnings.warn(f"Trainer: {text}", TrainingWarning, stacklevel=8)


def _own(module: Module) -> list[tg.Tensor]:
    held = vars(module).values()
    tensors = [value for value in held if isinstance(value, tg.Tensor)]
    return [tensor for tensor in tensors if tensor.requires_grad and tensor.is_leaf]


def _probabilities(loss: object) -> Callable[[tg.Tensor], tg.Tensor]:
    if isinstance(loss, SoftmaxWithLoss):
        return tg.softmax
    return tg.sigmoid if isinstance(loss, SigmoidWithLoss) else tg.asarray


def _rms(parameters: list[tg.Tensor]) -> float:
    """Root mean square of the gradients of a layer; one that is None counts as 0."""
    squares = [
        float(np.sum(np.square(p.grad.data, dtype=np.float64)))
        for p in parameters
        if p.grad is not None
    ]
    return float(np.sqrt(sum(squares) / sum([p.size for p in parameters])))


def _spread(values: NDArray[Any]) -> float:
    """Root mean square of the units' standard deviations over the rows."""
    if values.ndim < 1 or not values.size:
        return 0.0
    return float(np.sqrt(np.mean(np.var(values, axis=0, dtype=np.float64))))


def _dead(values: NDArray[Any]) -> float:
    """The share of units that give 0 for every row; a channel's places are its own."""
    return float(np.mean(np.max(values, axis=0) <= 0))
