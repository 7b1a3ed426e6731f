"""JAX. A training step is compiled whole; a chain is recorded anew each time.

Compiling a chain would take longer than running it once, and what W5 asks is the
price of recording an op: so it runs without `jit`, which no user of JAX would do
in earnest. Read its row of W5 as that.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.contenders.base import pairs
from benchmarks.workloads import Array, Chain, Network

jax.config.update("jax_enable_x64", True)

REMARKS = {"chain": "without jit"}


def versions() -> dict[str, str]:
    """Name and version."""
    return {"JAX": jax.__version__}


def sigmoid(x: jax.Array) -> jax.Array:
    """The logistic function, of the same primitives as ours."""
    return jnp.tanh(x * 0.5) * 0.5 + 0.5


ACTIVATIONS = {"relu": jax.nn.relu, "sigmoid": sigmoid}


class Training:
    """Forward, backward, SGD in one compiled function."""

    def __init__(self, problem: Network) -> None:
        self.values = [jnp.asarray(p) for p in problem.parameters]
        x, t, rows = (jnp.asarray(a) for a in (problem.x, problem.t, problem.rows))
        activation = ACTIVATIONS[problem.activation]

        def loss(parameters: list[jax.Array], x: jax.Array, t: jax.Array) -> jax.Array:
            *hidden, last = pairs(parameters)
            h = x
            for weight, bias in hidden:
                h = activation(h @ weight + bias)
            weight, bias = last
            z = h @ weight + bias
            z = z - jax.lax.stop_gradient(z.max(1, keepdims=True))
            log_p = z - jnp.log(jnp.exp(z).sum(1, keepdims=True))
            return -log_p[rows, t].mean()

        def update(
            parameters: list[jax.Array], x: jax.Array, t: jax.Array
        ) -> tuple[jax.Array, list[jax.Array]]:
            value, gradients = jax.value_and_grad(loss)(parameters, x, t)
            moved = [p - problem.lr * g for p, g in zip(parameters, gradients)]
            return value, moved

        self.batch = x, t
        self.update = jax.jit(update)
        self.value_and_grad = jax.jit(jax.value_and_grad(loss))

    def step(self) -> jax.Array:
        """One update."""
        loss, self.values = self.update(self.values, *self.batch)
        return loss

    def wait(self) -> None:
        """JAX returns before it has finished."""
        jax.block_until_ready(self.values)

    def gradients(self) -> tuple[float, list[Array]]:
        """Loss and gradients; nothing is updated."""
        loss, found = self.value_and_grad(self.values, *self.batch)
        return float(loss), [np.array(g) for g in found]

    def parameters(self) -> list[Array]:
        """Copies of the parameters."""
        return [np.array(p) for p in self.values]


class Ops:
    """A chain."""

    def __init__(self, problem: Chain) -> None:
        factor = jnp.asarray(problem.factor)
        term = jnp.asarray(problem.term)

        def loss(x: jax.Array) -> jax.Array:
            h: Any = x
            for _ in range(problem.length // 2):
                h = h * factor
                h = h + term
            return h.sum()

        self.x = jnp.asarray(problem.x)
        self.value_and_grad = jax.value_and_grad(loss)
        self.last: Any = None

    def step(self) -> None:
        """Record, backpropagate, free."""
        self.last = self.value_and_grad(self.x)

    def wait(self) -> None:
        """JAX returns before it has finished."""
        jax.block_until_ready(self.last)

    def gradients(self) -> tuple[float, list[Array]]:
        """Value and gradient."""
        value, gradient = self.value_and_grad(self.x)
        return float(value), [np.array(gradient)]

    def parameters(self) -> list[Array]:
        """Nothing is trained."""
        return []


network = Training
chain = Ops
