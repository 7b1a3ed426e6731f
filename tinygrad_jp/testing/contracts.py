"""Check a layer against its contract: its gradient, its shapes, and what it means.

    check_module(nn.Affine(3, 2, rng=rng))

A contract is plain data that a module carries in its attribute `contract`: the shapes
that go in and out, whether rows mix, which laws hold. What has such an attribute can be
checked; this page imports no package of layers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any

import numpy as np

from tinygrad_jp.testing import declared
from tinygrad_jp.testing.errors import SemanticsError
from tinygrad_jp.testing.gradcheck import gradcheck
from tinygrad_jp.testing.laws import LAWS
from tinygrad_jp.testing.semantics import check_semantics
from tinygrad_jp.testing.subject import Array, Law, Subject
from tinygrad_jp.tree import leaves

ROWS = 4
"""How many rows the batches have."""

FURTHER = ((), (2, 3))
"""What stands for the axes that a contract writes as ``...``."""

MIXING = "mixes rows as declared"


def check_module(
    module: Any,
    x: Any = None,
    *,
    data: Mapping[str, Any] | None = None,
    order: int = 1,
    seed: int = 0,
) -> tuple[str, ...]:
    """Check gradient and meaning of a module against the contract that it carries.

    The contract has the attributes `takes` and `gives` (shapes, of lengths and of names
    for any length; ``...`` for any further axes), `mixes_rows`, `laws` (each a `Law`,
    or the name of one in `tinygrad_jp.testing` and its keywords), `labels` (arguments
    that are labels, each with the name of the axis that counts the classes) and
    `without` (names of laws that do not hold); it may have those of `nn.Contract` that
    say what else to draw, and how. A module that can be switched, by
    ``train()`` and ``eval()``, is checked in both modes, each with the contract that it
    has there. Everything is tried on copies; the module stays as it is.

    Args:
        module: Called with a batch; has `contract`, and `parameters()` if it has any.
        x: A batch to try it on, (batch, ...); random ones by default.
        data: Further arguments by name, whose rows go with those of `x`.
        order: Of the derivatives to check.
        seed: Of what is drawn.

    Returns:
        The names of the laws that hold.

    Raises:
        GradientError: A gradient is wrong, by `x` or by a parameter.
        SemanticsError: The contract is broken.
        TypeError: The module carries no contract.

    Example:
        >>> from tinygrad_jp.testing import check_module
        >>> "sums_to_one(axis=-1)" in check_module(nn.Softmax())
        True
        >>> class Centred(nn.Module):
        ...     contract = nn.Contract(("batch", "features"), ("batch", "features"))
        ...     def forward(self, x):
        ...         return x - x.mean(axis=0)
        >>> check_module(Centred())
        Traceback (most recent call last):
            ...
        tinygrad_jp.testing.errors.SemanticsError: Centred: row 0 moved when only row \
1 changed, by 0.308 (so did 2 more): [0, 0] was 0.058428 and became -0.24974; rows \
lie along batch axis 0
          law: rows do not mix
          usual cause: axis= missing in a sum, mean or max, or naming the batch axis; \
if rows shall mix, declare mixes_rows=True
    """
    held: dict[str, None] = {}
    for switched in _modes(module):
        contract = getattr(switched, "contract", None)
        if contract is None:
            raise TypeError(
                f"check_module: {type(module).__name__} carries no contract; set "
                "contract = nn.Contract(takes, gives), or check it by gradcheck and "
                "check_semantics"
            )
        rng = np.random.default_rng(seed)
        for batch, labels in _batches(contract, x, rng):
            given = {**labels, **(data or {})}
            called = _called(type(module).__name__, given)
            gradcheck(called, batch, switched, order=order, seed=seed)
            held |= dict.fromkeys(_check_meaning(switched, contract, batch, given, rng))
    return tuple(held)


def _modes(module: Any) -> Iterator[Any]:
    """Copies of a module: in training and for prediction, if it knows of that."""
    if not (hasattr(module, "train") and hasattr(module, "eval")):
        yield deepcopy(module)
        return
    for switch in ("train", "eval"):
        twin = deepcopy(module)
        getattr(twin, switch)()
        yield twin


def _batches(
    contract: Any, x: Any, rng: np.random.Generator
) -> Iterator[tuple[Array, dict[str, Array]]]:
    """Batches of the shapes that a module takes, with labels if it takes some."""
    if x is not None:
        shapes = [np.shape(x)]
    else:
        least = getattr(contract, "least", {})
        shapes = [_shape(contract.takes, axes, least) for axes in FURTHER]
    for shape in dict.fromkeys(shapes):
        sizes = _sizes(contract.takes, shape)
        labels = {
            name: rng.integers(0, sizes[classes], shape[0])
            for name, classes in getattr(contract, "labels", {}).items()
        }
        for name, kind in getattr(contract, "targets", {}).items():
            draw = rng.random if kind == "probability" else rng.normal
            labels[name] = draw(size=shape)
        integers = getattr(contract, "integers", None)
        if integers is not None:
            batch = rng.integers(0, integers, shape) if x is None else np.array(x)
        else:
            batch = rng.normal(size=shape) if x is None else np.array(x, np.float64)
        yield batch, labels


def _shape(
    takes: tuple[Any, ...], further: tuple[int, ...], least: Mapping[str, int]
) -> tuple[int, ...]:
    """A shape of the kind: 4 rows, and lengths from 3 up for what is free."""
    free = [axis for axis in takes[1:] if isinstance(axis, str)]
    sizes = {
        name: max(3 + i, least.get(name, 0))
        for i, name in enumerate(dict.fromkeys(free))
    }
    found = [ROWS]
    for axis in takes[1:]:
        found += further if axis is ... else [sizes.get(axis, axis)]
    return tuple(found)


def _sizes(takes: tuple[Any, ...], shape: tuple[int, ...]) -> dict[Any, Any]:
    """The lengths that the names in a shape have here; what ``...`` stands for."""
    before = takes.index(...) if ... in takes else len(takes)
    after = len(takes) - before - 1 if ... in takes else 0
    sizes: dict[Any, Any] = dict(zip(takes[:before], shape))
    if ... in takes:
        stop = len(shape) - after
        sizes[...] = shape[before:stop]
        sizes |= dict(zip(takes[before + 1 :], shape[stop:]))
    return sizes


def _called(name: str, data: Mapping[str, Any]) -> Callable[..., Any]:
    """A function of a batch and a module, whose parameters are inputs too."""

    def function(x: Any, module: Any) -> Any:
        return module(x, **data)

    function.__name__ = name
    return function


def _check_meaning(
    module: Any,
    contract: Any,
    x: Array,
    data: Mapping[str, Any],
    rng: np.random.Generator,
) -> tuple[str, ...]:
    laws = [*map(_law, getattr(contract, "laws", ()))]
    # In a network another layer may hide it: a softmax of one class is constant.
    single = len(getattr(module, "named_modules", list)()) < 2
    if contract.mixes_rows and contract.gives and single:
        laws.append(_mixes())
    dtypes = {np.dtype(p.dtype) for p in getattr(module, "parameters", list)()}
    several = isinstance(contract.gives, list)
    held: dict[str, None] = {}
    for place, shape in enumerate(contract.gives if several else [contract.gives]):
        said = [] if shape is None else [_gives(contract.takes, shape)]
        checked = check_semantics(
            _one_result(module, contract, place if several else None),
            x,
            data=data,
            mixes_rows=contract.mixes_rows,
            keeps_dtype=np.dtype(np.float64) not in dtypes,
            laws=[*said, *laws],
            without=getattr(contract, "without", ()),
            seed=rng,
        )
        held |= dict.fromkeys(checked)
    return tuple(held)


def _one_result(module: Any, contract: Any, place: int | None) -> Callable[..., Any]:
    """The module as a function with one result, which draws the same in every call."""
    random = getattr(contract, "random", False)

    def function(x: Any, **data: Any) -> Any:
        result = (deepcopy(module) if random else module)(x, **data)
        return result if place is None else leaves(result)[place]

    function.__name__ = type(module).__name__
    if place is not None:
        function.__name__ += f" (result {place})"
    return function


def _law(entry: Any) -> Law:
    """A law of a contract, which names it or holds it."""
    if isinstance(entry, Law):
        return entry
    name, keywords = entry
    if name.startswith("_") or not hasattr(declared, name):
        raise ValueError(
            f"contract: no law is called {name!r}; see tinygrad_jp.testing, or write "
            "a Law of your own"
        )
    law: Law = getattr(declared, name)(**keywords)
    return law


def _gives(takes: tuple[Any, ...], gives: Any) -> Law:
    """The shape of the result is the one in the contract, or what it computes."""

    def broken(subject: Subject) -> str | None:
        expected: list[Any] = []
        if callable(gives):
            expected += gives(subject.x.shape)
        else:
            sizes = _sizes(takes, subject.x.shape)
            for axis in gives:
                expected += sizes[...] if axis is ... else [sizes.get(axis, axis)]
        shape = subject(subject.x).shape
        if shape == tuple(expected):
            return None
        return (
            f"returns shape {shape} for {subject.x.shape}, and its contract says "
            f"{tuple(expected)}"
        )

    return Law("gives the shape of its contract", broken, "a reshape, sum or matmul")


def _mixes() -> Law:
    """Rows that are declared to mix do: a contract says no less than the truth."""
    alone = next(law for law in LAWS if law.name == "rows do not mix")

    def broken(subject: Subject) -> str | None:
        try:
            alone.check(subject)
        except SemanticsError:
            return None
        return "declares mixes_rows=True, and no row depends on another"

    return Law(MIXING, broken, "a mode (eval) in which the declaration does not hold")
