"""Who takes part. One page a library, written as its own good user would write it.

A page offers a function for each kind of problem that it takes part in
(`network`, `chain`, ...), which turns the problem into a `Program`, and `versions()`;
`REMARKS` may say for a kind what a reader of its row must know. It imports its
library at the top: where that is missing, a line in the table says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray


class Program(Protocol):
    """A problem as one library solves it."""

    def step(self) -> object:
        """Do the work once. This is what is timed."""

    def wait(self) -> None:
        """Return when all work of earlier steps is done."""

    def gradients(self) -> tuple[float, list[NDArray[Any]]]:
        """Value and gradients where the parameters stand now; nothing is updated."""

    def parameters(self) -> list[NDArray[Any]]:
        """The parameters as they are now."""


@dataclass(frozen=True)
class Contender:
    """A row of the table.

    Attributes:
        key: How `--peers` calls it.
        title: How the table calls it.
        page: The module of this package that holds it.
        ours: Whether it is part of this project, so that goals apply.
        compared: Whether it has gradients to compare; a limit has none.
    """

    key: str
    title: str
    page: str
    ours: bool = False
    compared: bool = True


BASE = "torch"
"""The contender that all are divided by."""

CONTENDERS = (
    Contender(BASE, "PyTorch eager", "with_torch"),
    Contender("ours", "tinygrad_jp", "ours", ours=True),
    Contender("ours-nn", "tinygrad_jp, nn layers", "ours_nn", ours=True),
    Contender("torch-fused", "PyTorch, fused ops", "with_torch_fused"),
    Contender("torch-compile", "torch.compile", "with_torch_compile"),
    Contender("hand", "backward by hand", "hand"),
    Contender("jax", "JAX jit", "with_jax"),
    Contender("mygrad", "MyGrad", "with_mygrad"),
    Contender("autograd", "HIPS autograd", "with_autograd"),
    Contender("dezero", "DeZero", "with_dezero"),
    Contender("numpy-calls", "limit: our NumPy calls", "limit_calls"),
    Contender("numpy-gemm", "limit: NumPy's GEMMs", "limit_numpy", compared=False),
    Contender("torch-gemm", "limit: PyTorch's GEMMs", "limit_torch", compared=False),
    Contender("numpy-pass", "limit: one NumPy pass", "pass_numpy", compared=False),
    Contender("torch-pass", "limit: one PyTorch pass", "pass_torch", compared=False),
)
