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
from benchmarks.problems import (
    Array,
    Chain,
    ConvNet,
    CrossEntropy,
    Elementwise,
    Network,
)

jax.config.update("jax_enable_x64", True)

REMARKS = {"chain": "without jit"}


def versions() -> dict[str, str]:
    """Name and version."""
    return {"JAX": jax.__version__}


def sigmoid(x: jax.Array) -> jax.Array:
    """The logistic function, of the same primitives as ours."""
    return jnp.tanh(x * 0.5) * 0.5 + 0.5


def softmax_cross_entropy(z: jax.Array, t: jax.Array, rows: jax.Array) -> jax.Array:
    """Its mean; the shift by the largest score is a constant."""
    z = z - jax.lax.stop_gradient(z.max(1, keepdims=True))
    log_p = z - jnp.log(jnp.exp(z).sum(1, keepdims=True))
    return -log_p[rows, t].mean()


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
            return softmax_cross_entropy(h @ weight + bias, t, rows)

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


class Repeated:
    """Forward and backward from the same place: `value_and_grad` of `arguments`."""

    arguments: tuple[Any, ...]
    value_and_grad: Any
    last: Any = None

    def step(self) -> None:
        """Forward and backward."""
        self.last = self.value_and_grad(*self.arguments)

    def wait(self) -> None:
        """JAX returns before it has finished."""
        jax.block_until_ready(self.last)

    def gradients(self) -> tuple[float, list[Array]]:
        """Value and gradients."""
        value, found = self.value_and_grad(*self.arguments)
        return float(value), [np.array(g) for g in jax.tree.leaves(found)]

    def parameters(self) -> list[Array]:
        """Nothing is trained."""
        return []


class Ops(Repeated):
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

        self.arguments = (jnp.asarray(problem.x),)
        self.value_and_grad = jax.value_and_grad(loss)


class Formula(Repeated):
    """Elementwise ops, and a sum."""

    def __init__(self, problem: Elementwise) -> None:
        a, b = float(problem.a), float(problem.b)

        def loss(x: jax.Array) -> jax.Array:
            return (jnp.tanh(x * a + b) * jnp.exp(-(x * x))).sum()

        self.arguments = (jnp.asarray(problem.x),)
        self.value_and_grad = jax.jit(jax.value_and_grad(loss))


class Scores(Repeated):
    """The loss of scores that are given."""

    def __init__(self, problem: CrossEntropy) -> None:
        arrays = problem.z, problem.t, problem.rows
        self.arguments = tuple(jnp.asarray(a) for a in arrays)
        self.value_and_grad = jax.jit(jax.value_and_grad(softmax_cross_entropy))


class Convolutional(Repeated):
    """SimpleConvNet. Pooling takes longer by `reduce_window` on a CPU."""

    def __init__(self, problem: ConvNet) -> None:
        def loss(
            parameters: list[jax.Array], x: jax.Array, t: jax.Array, rows: jax.Array
        ) -> jax.Array:
            W1, b1, W2, b2, W3, b3 = parameters
            h = jax.lax.conv_general_dilated(x, W1, (1, 1), "VALID")
            h = jax.nn.relu(h + b1[:, None, None])
            batch, filters, height, width = h.shape
            h = h.reshape(batch, filters, height // 2, 2, width // 2, 2).max((3, 5))
            h = jax.nn.relu(h.reshape(batch, -1) @ W2 + b2)
            return softmax_cross_entropy(h @ W3 + b3, t, rows)

        arrays = problem.x, problem.t, problem.rows
        leaves = [jnp.asarray(p) for p in problem.parameters]
        self.arguments = (leaves, *(jnp.asarray(a) for a in arrays))
        self.value_and_grad = jax.jit(jax.value_and_grad(loss))


network = Training
chain = Ops
elementwise = Formula
cross_entropy = Scores
convnet = Convolutional
