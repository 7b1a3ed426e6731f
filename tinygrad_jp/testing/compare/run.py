"""Compare a function with another library, op by op and as a whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np

from tinygrad_jp.testing.compare.backend import Backend, Call, Ran, find
from tinygrad_jp.testing.compare.nodes import check_step
from tinygrad_jp.testing.compare.recorded import record
from tinygrad_jp.testing.compare.report import Comparison
from tinygrad_jp.testing.compare.whole import check_whole
from tinygrad_jp.testing.inputs import name_of


def compare(
    fn: Callable[..., Any],
    *inputs: Any,
    against: Literal["torch", "jax"] | Backend = "torch",
    tolerance: float | None = None,
    calls: Mapping[str, Call] | None = None,
    seed: int | np.random.Generator = 0,
) -> Comparison:
    """Compare values and gradients of `fn` with what PyTorch or JAX says, in ulps.

    The function runs once. Then every op is run again by the other library, on the
    operands that it had: the first one that differs is itself at fault. Last, the whole
    graph is run and differentiated by that library from end to end.

    What is compared is the calculus: the other library follows the ops that were
    recorded, in float64 and in the dtype that they had (both of them for float32). A
    difference at a tie or a kink, such as that of the gradient of a norm at 0, is a
    convention: it is listed in `Comparison.apart`, not raised.

    Args:
        fn: A function of Tensors; or a module, or a method of one.
        inputs: As of `gradcheck`: Tensors, arrays, floats, modules, and tuples, lists
            and dicts of them. They keep their dtypes.
        against: The library. Where it is not installed, nothing is compared, and the
            result says that it was `skipped`; see `Comparison.or_skip` for tests.
        tolerance: How many ulps an op may be off. By default 4, and one more for each
            term of a sum that is made; of numbers that cancel, an ulp is that of the
            largest terms.
        calls: What the library calls further ops: functions of its arrays by the name
            of the rule, such as one of your own.
        seed: Of the random cotangents.

    Raises:
        ComparisonError: They differ; names op, operand, line, index and both numbers.
        LookupError: The library has no counterpart of an op.

    Example:
        >>> from tinygrad_jp.testing import compare
        >>> def loss(x, W):
        ...     return tg.tanh(x @ W).sum()
        >>> comparison = compare(loss, np.ones((2, 3)), np.ones((3, 4)))
        >>> comparison.apart  # and print(comparison) is a table of all ops
        ()
    """
    if isinstance(against, Backend):
        backend: Backend | None = against
    else:
        backend = find(against)
    if backend is None:
        return Comparison(name_of(fn), str(against), skipped=True)
    if calls:
        backend = _Extended(backend, calls)
    rng = np.random.default_rng(seed)
    recording = record(fn, inputs)
    with np.errstate(all="ignore"):  # scales overflow sooner than values
        steps = [check_step(step, backend, rng, tolerance) for step in recording.steps]
        row, told = check_whole(recording, backend, rng, steps)
    apart = [text for checked in steps for text in checked.apart]
    return Comparison(
        recording.name,
        backend.name,
        (*[checked.row for checked in steps], row),
        tuple(dict.fromkeys([*apart, *told])),
    )


class _Extended(Backend):
    """A backend that knows more ops."""

    def __init__(self, backend: Backend, calls: Mapping[str, Call]) -> None:
        self.name = backend.name
        self.dtypes = backend.dtypes
        self.table = {**backend.table, **calls}
        self._backend = backend

    def constant(self, array: Any) -> Any:
        return self._backend.constant(array)

    def floating(self, value: Any) -> Any:
        return self._backend.floating(value)

    def run(self, *what: Any) -> Ran:
        return self._backend.run(*what)

    def pinned(self, value: Any, array: Any) -> Any:
        return self._backend.pinned(value, array)
