"""Our gradients against PyTorch's, in float64: two engines that share no line.

Both run one random composition in step. Numbers come from a coarse grid, so ties,
zeros and kinks abound; there the conventions are the same where the matching op of
PyTorch is taken: `amax` and `maximum` share ties evenly (`torch.max(x, dim)` picks
one winner), `relu` and `abs` have slope 0 at 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import nn
import tinygrad_jp as tg

pytestmark = pytest.mark.peers

Array = Any
GRID = st.integers(-8, 8).map(lambda k: k / 4)
"""Few numbers, and exact ones: sums and products of some of them have no rounding."""


class Ours:
    """The ops that are compared, as we call them."""

    exp, log, sqrt, tanh, abs, relu = (
        tg.exp,
        tg.log,
        tg.sqrt,
        tg.tanh,
        tg.abs,
        tg.relu,
    )
    where, maximum, minimum, matmul = tg.where, tg.maximum, tg.minimum, tg.matmul
    sum, max, min, mean, concat = tg.sum, tg.max, tg.min, tg.mean, tg.concat
    broadcast_to, permute_dims = tg.broadcast_to, tg.permute_dims
    array = staticmethod(tg.Tensor)

    @staticmethod
    def index(array: Array) -> Array:
        """An index array."""
        return array


def _reduction(reduce: Callable[..., Any]) -> Callable[..., Any]:
    """A reduction of PyTorch with our keywords."""

    def reduced(x: Any, *, axis: Any, keepdims: bool) -> Any:
        if axis is None:
            axis = tuple(range(x.ndim))
        return reduce(x, dim=axis, keepdim=keepdims)

    return staticmethod(reduced)  # type: ignore[return-value]  # it is called as one


class Torch:
    """The ops that are compared, as PyTorch calls them."""

    exp, log, sqrt, tanh, abs = torch.exp, torch.log, torch.sqrt, torch.tanh, torch.abs
    where, maximum, minimum = torch.where, torch.maximum, torch.minimum
    relu, matmul = torch.relu, torch.matmul
    sum, max, min = (_reduction(r) for r in (torch.sum, torch.amax, torch.amin))
    mean = _reduction(torch.mean)
    array = index = staticmethod(torch.tensor)

    @staticmethod
    def concat(arrays: Any, *, axis: int) -> Any:
        """Join."""
        return torch.cat(arrays, dim=axis)

    @staticmethod
    def broadcast_to(x: Any, *, shape: tuple[int, ...]) -> Any:
        """Repeat."""
        return torch.broadcast_to(x, shape)

    @staticmethod
    def permute_dims(x: Any, *, axes: tuple[int, ...]) -> Any:
        """Reorder axes."""
        return torch.permute(x, axes)


class Pair:
    """One value in both engines."""

    def __init__(self, ours: Any, theirs: Any) -> None:
        self.ours = ours
        self.theirs = theirs
        assert tuple(theirs.shape) == ours.shape
        close(ours.data, theirs.detach().numpy())

    @property
    def shape(self) -> tuple[int, ...]:
        return self.ours.shape

    @property
    def alike(self) -> bool:
        """Equal to the last bit, so that ties and kinks are the same in both."""
        return np.array_equal(self.ours.data, self.theirs.detach().numpy())


def both(step: Callable[..., Any], *pairs: Pair) -> Pair:
    """Take a step in both engines."""
    return Pair(
        step(Ours, *(p.ours for p in pairs)), step(Torch, *(p.theirs for p in pairs))
    )


def leaf(array: Array) -> Pair:
    """A value that gets a gradient."""
    return Pair(
        tg.Tensor(array, requires_grad=True), torch.tensor(array, requires_grad=True)
    )


def close(ours: Array, theirs: Array) -> None:
    """Equal but for rounding; nothing here grows much above 1,000."""
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10)


# --- steps -----------------------------------------------------------------------

SMOOTH: dict[str, Callable[..., Any]] = {
    "exp": lambda m, x: m.exp(m.tanh(x)),
    "log": lambda m, x: m.log(x * x + 0.5),
    "sqrt": lambda m, x: m.sqrt(x * x + 0.5),
    "tanh": lambda m, x: m.tanh(x),
    "negative": lambda m, x: 1.0 - (-x),
    "square": lambda m, x: m.tanh(x) ** 2,
    "cube": lambda m, x: m.tanh(x) ** 3,
    "root": lambda m, x: (x * x + 0.5) ** 0.7,
    "reciprocal": lambda m, x: 2.0 / (x * x + 0.5),
}
SMOOTH_BINARY: dict[str, Callable[..., Any]] = {
    "add": lambda m, x, y: x + y,
    "subtract": lambda m, x, y: x - y,
    "multiply": lambda m, x, y: x * y,
    "divide": lambda m, x, y: x / (y * y + 0.5),
    # At an exponent of 0 PyTorch's second derivative is wrong: d/dy of d/dx x**y is
    # 0 there, where d/dx of d/dy, and ours, are 1/x.
    "pow": lambda m, x, y: (x * x + 0.5) ** (m.tanh(y) + 1.5),
}
KINKED: dict[str, Callable[..., Any]] = {
    "abs": lambda m, x: m.abs(x),
    "relu": lambda m, x: m.relu(x),
    "clip": lambda m, x: m.where(x > 0.5, x * 0.25, x),
}
KINKED_BINARY: dict[str, Callable[..., Any]] = {
    "maximum": lambda m, x, y: m.maximum(x, y),
    "minimum": lambda m, x, y: m.minimum(x, y),
    "where": lambda m, x, y: m.where(x > y, x * y, y),
}


def broadcast_together(x: Pair, y: Pair) -> bool:
    """Whether two shapes broadcast, to something small."""
    try:
        return np.prod(np.broadcast_shapes(x.shape, y.shape)) <= 200
    except ValueError:
        return False


def elementwise(data: st.DataObject, pool: list[Pair]) -> Pair:
    """One or two operands, broadcasting; kinks only where both engines see the same."""
    x = data.draw(st.sampled_from(pool))
    kinked = KINKED if x.alike else {}
    others = [y for y in pool if broadcast_together(x, y)]
    y = data.draw(st.sampled_from(others))
    kinked_binary = KINKED_BINARY if x.alike and y.alike else {}
    unary = SMOOTH | kinked
    binary = SMOOTH_BINARY | kinked_binary
    name = data.draw(st.sampled_from([*unary, *binary]))
    return both(unary[name], x) if name in unary else both(binary[name], x, y)


def reduction(data: st.DataObject, pool: list[Pair]) -> Pair:
    """Over no, one or several axes, from either end."""
    x = data.draw(st.sampled_from(pool))
    names = ["sum", "mean", *(["max", "min"] if x.alike else [])]
    name = data.draw(st.sampled_from(names))
    axis = None
    if x.shape and data.draw(st.booleans()):
        axis = data.draw(hnp.valid_tuple_axes(len(x.shape), min_size=1))
    keepdims = data.draw(st.booleans())
    return both(lambda m, v: getattr(m, name)(v, axis=axis, keepdims=keepdims), x)


def product(data: st.DataObject, pool: list[Pair]) -> Pair:
    """A matrix product with a constant, or with the value's own transpose."""
    matrices = [x for x in pool if x.shape]
    if not matrices:
        return elementwise(data, pool)
    x = data.draw(st.sampled_from(matrices))
    if len(x.shape) > 1 and data.draw(st.booleans()):
        axes = (*range(len(x.shape) - 2), len(x.shape) - 1, len(x.shape) - 2)
        return both(lambda m, v: m.matmul(v, m.permute_dims(v, axes=axes)), x)
    batch = data.draw(st.sampled_from([(), (1,), (2, 1)]))
    shape = data.draw(st.sampled_from([(x.shape[-1],), (*batch, x.shape[-1], 2)]))
    y = leaf(data.draw(hnp.arrays(np.float64, shape, elements=GRID)))
    pool.append(y)
    return both(lambda m, v, w: m.matmul(v, w), x, y)


def picking(data: st.DataObject, pool: list[Pair]) -> Pair:
    """An index: slices, or integer arrays, in which an element may come twice."""
    many = [x for x in pool if x.shape]
    if not many:
        return elementwise(data, pool)
    x = data.draw(st.sampled_from(many))
    if data.draw(st.booleans()):
        # PyTorch has no negative steps.
        index = data.draw(
            hnp.basic_indices(x.shape, allow_newaxis=True).filter(
                lambda i: (
                    not any(
                        isinstance(s, slice) and (s.step or 1) < 0
                        for s in (i if isinstance(i, tuple) else (i,))
                    )
                    and x.ours.data[i].size
                )
            )
        )
        return both(lambda m, v: v[index], x)
    arrays = data.draw(
        hnp.integer_array_indices(
            x.shape, result_shape=hnp.array_shapes(max_dims=2, max_side=4)
        )
    )
    return both(lambda m, v: v[tuple(m.index(i) for i in arrays)], x)


def joining(data: st.DataObject, pool: list[Pair]) -> Pair:
    """Concatenation of two values of one shape, which may be the same one."""
    many = [x for x in pool if x.shape and np.prod(x.shape) <= 100]
    if not many:
        return elementwise(data, pool)
    x = data.draw(st.sampled_from(many))
    y = data.draw(st.sampled_from([y for y in many if y.shape == x.shape]))
    axis = data.draw(st.integers(-len(x.shape), len(x.shape) - 1))
    return both(lambda m, v, w: m.concat([v, w], axis=axis), x, y)


def moulding(data: st.DataObject, pool: list[Pair]) -> Pair:
    """Other shapes of the same numbers."""
    x = data.draw(st.sampled_from([x for x in pool if np.prod(x.shape) <= 50]))
    axes = tuple(data.draw(st.permutations(range(len(x.shape)))))
    kind = data.draw(st.sampled_from(["reshape", "permute", "broadcast"]))
    if kind == "reshape":
        return both(lambda m, v: v.reshape((-1,)), x)
    if kind == "permute":
        return both(lambda m, v: m.permute_dims(v, axes=axes), x)
    return both(lambda m, v: m.broadcast_to(v, shape=(2, *x.shape)), x)


STEPS = (elementwise, elementwise, reduction, product, picking, joining, moulding)


def weighed(x: Pair) -> Pair:
    """A sum in which every element counts differently."""
    weights = np.cos(np.arange(x.ours.size)).reshape(x.shape)
    return both(lambda m, v: m.sum(v * m.array(weights), axis=None, keepdims=False), x)


def composition(data: st.DataObject) -> tuple[list[Pair], Pair]:
    """Random leaves, random steps, and a weighted sum of all that came about."""
    shapes = data.draw(
        hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3)
    )
    pool = [
        leaf(data.draw(hnp.arrays(np.float64, shape, elements=GRID)))
        for shape in shapes.input_shapes
    ]
    for _ in range(data.draw(st.integers(1, 6))):
        value = data.draw(st.sampled_from(STEPS))(data, pool)
        if np.abs(value.ours.data).max() > 8:
            value = both(SMOOTH["tanh"], value)
        pool.append(value)
    loss = weighed(pool[0])
    for value in pool[1:]:
        loss = both(lambda m, v, w: v + w, loss, weighed(value))
    leaves = [x for x in pool if x.theirs.is_leaf]
    return leaves, loss


# --- tests -----------------------------------------------------------------------


@given(st.data())
def test_gradients_of_random_compositions(data: st.DataObject) -> None:
    leaves, loss = composition(data)
    loss.ours.backward()
    loss.theirs.backward()
    for x in leaves:
        close(x.ours.grad.data, x.theirs.grad.numpy())


@given(st.data())
def test_second_derivatives_of_random_compositions(data: st.DataObject) -> None:
    leaves, loss = composition(data)
    loss.ours.backward(create_graph=True)
    first = torch.autograd.grad(
        loss.theirs, [x.theirs for x in leaves], create_graph=True
    )
    total_ours: Any = 0.0
    total_theirs: Any = 0.0
    for x, g in zip(leaves, first):
        # With the leaf itself the sum has a graph even where gradients are constant.
        total_ours = total_ours + (x.ours.grad * x.ours.grad + x.ours).sum()
        total_theirs = total_theirs + (g * g + x.theirs).sum()
        x.ours.grad = None
    total_ours.backward()
    second = torch.autograd.grad(total_theirs, [x.theirs for x in leaves])
    for x, g in zip(leaves, second):
        close(x.ours.grad.data, g.numpy(force=True))


@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
@given(data=st.data())
def test_gradients_of_the_two_layer_network(
    activation: str, data: st.DataObject
) -> None:
    """Ours composed of primitives, theirs of fused ops; the products are exact."""
    batch, inputs, hidden, classes = data.draw(
        st.tuples(*[st.integers(1, 5)] * 3, st.integers(2, 5))
    )
    x, *arrays = (
        data.draw(hnp.arrays(np.float64, shape, elements=GRID))
        for shape in (
            (batch, inputs),
            (inputs, hidden),
            (hidden,),
            (hidden, classes),
            (classes,),
        )
    )
    t = data.draw(hnp.arrays(np.int64, batch, elements=st.integers(0, classes - 1)))
    W1, b1, W2, b2 = parameters = [leaf(array) for array in arrays]

    act = getattr(tg, activation)
    scores = act(x @ W1.ours + b1.ours) @ W2.ours + b2.ours
    loss = nn.SoftmaxWithLoss()(scores, t)
    loss.backward()

    act = getattr(torch, activation)
    h = act(torch.addmm(b1.theirs, torch.tensor(x), W1.theirs))
    scores = torch.addmm(b2.theirs, h, W2.theirs)
    torch.nn.functional.cross_entropy(scores, torch.tensor(t)).backward()

    for p in parameters:
        close(p.ours.grad.data, p.theirs.grad.numpy())
