"""`compare` with a library of our own making, in which anything can be made wrong."""

import sys
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
import tinygrad_jp as tg
from tinygrad_jp.record import lift
from tinygrad_jp.testing import ComparisonError, compare
from tinygrad_jp.testing import strategies as drawn
from tinygrad_jp.testing.cases import rule_cases
from tinygrad_jp.testing.compare import Backend
from tinygrad_jp.testing.compare.backend import PAGES, Ran
from tinygrad_jp.testing.compare.conventions import KINKS
from tinygrad_jp.testing.compare.recorded import record
from tinygrad_jp.testing.compare.replay import ROUGH
from tinygrad_jp.testing.compare.report import WHOLE
from tinygrad_jp.testing.compare.scale import PICKS, SUMS

RULES = list(tg.RULES.values())
RNG = np.random.default_rng(0)
X = RNG.normal(size=(2, 3))
W = RNG.normal(size=(3, 4))
EPS = np.finfo(np.float64).eps
FEW = max(settings().max_examples // 10, 1)


NUMPY = {name: getattr(np, name) for name in ("tanh", "exp", "sum", "multiply")}
OURS = {name: lift(rule) for name, rule in tg.RULES.items()}


class Mirror(Backend):
    """NumPy's functions where it has them, differentiated by our own engine."""

    name = "mirror"

    def __init__(self, **calls):
        self.table = {**OURS, **NUMPY, **calls}

    def constant(self, array):
        return tg.Tensor(array)

    def floating(self, value):
        return tg.Tensor(value.data.astype(np.float64))

    def pinned(self, value, array):
        if value.dtype.kind != "f":
            return tg.Tensor(array)
        finite = np.isfinite(value.data) & np.isfinite(array)
        moved = tg.where(finite, value - value.detach() + array, array)
        return tg.where(value.data == array, value, moved)

    def run(self, function, arrays, live, cotangents):
        given = [tg.Tensor(a, requires_grad=on) for a, on in zip(arrays, live)]
        results = function(given)
        for result, g in zip(results, cotangents):
            if g is not None and result.requires_grad and result.shape == g.shape:
                result.backward(g.astype(result.dtype), retain_graph=True)
        grads = [
            np.zeros(x.shape) if x.grad is None else x.grad.data
            for x, on in zip(given, live)
            if on
        ]
        return Ran([result.data for result in results], grads)


def against_mirror(fn, *inputs, **settings):
    return compare(fn, *inputs, against=Mirror(**settings))


def loss(x, W):
    h = tg.tanh(x @ W)
    return tg.logsumexp(h, axis=1).sum()


@tg.rule(vjp=lambda g, x: np.broadcast_to(1e-3 * g, x.shape))
def leak(x, /):
    """Nothing, but with a slope."""
    return np.zeros((), x.dtype)


def leaning(name):
    """An op whose gradient is off by a little, everywhere."""

    def call(*operands, **keywords):
        out = lift(tg.RULES[name])(*operands, **keywords)
        return out + sum([leak(x) for x in operands])

    return call


# --- what agrees -------------------------------------------------------------------


def test_a_comparison_reads_as_a_table():
    comparison = against_mirror(loss, X, W)
    title, head, *rows = str(comparison).splitlines()
    assert title == "loss: 4 ops agree with mirror, in ulps"
    assert head.split() == ["op", "line", "value", "gradient", "allowed", "verdict"]
    ops = ["matmul", "tanh", "logsumexp", "sum", "whole"]
    assert [row.split()[0] for row in rows] == ops
    assert "test_compare.py" in rows[1]
    assert "h = tg.tanh(x @ W)" in rows[1]
    assert [row.verdict for row in comparison.rows] == ["same"] * 5
    # Four ulps, and one for each term: 3 and 4 in the product, 12 of all, 2 in the sum.
    allowed = [row.allowed for row in comparison.rows]
    assert allowed == [4 + 4, 4 + 1, 4 + 8, 4 + 2, 32]


@pytest.mark.parametrize("rule", RULES, ids=[rule.name for rule in RULES])
@given(data=st.data())
@settings(max_examples=FEW)
def test_every_rule_agrees_with_itself(rule, data):
    dtype = data.draw(st.sampled_from([np.float16, np.float32, np.float64]))
    case = data.draw(rule_cases(rule, dtype=dtype))
    comparison = against_mirror(
        lambda *x: lift(rule)(*x, **case.keywords), *case.operands
    )
    assert rule.name in {row.op for row in comparison.rows}
    if dtype == np.float64:
        assert comparison.apart == ()


def test_what_overflows_in_a_narrow_dtype_alone_is_listed_apart():
    x, y = np.array([0.125, 2.0], np.float16), np.array([-5.336, 1.0], np.float16)
    comparison = against_mirror(tg.pow, x, y)
    assert "pow, overflow: the gradient by" in comparison.apart[0]
    assert "mirror says -17" in str(comparison)
    for wider in (np.float32, np.float64):
        assert against_mirror(tg.pow, x.astype(wider), y.astype(wider)).apart == ()


@given(program=drawn.graphs())
@settings(max_examples=FEW)
def test_programs_agree_with_themselves(program):
    against_mirror(program, *program.inputs)


def test_modules_and_containers_are_taken_apart():
    model = nn.Sequential(nn.Affine(3, 4, rng=RNG), nn.ReLU(), nn.Affine(4, 2, rng=RNG))

    def network(batch, model):
        return {"loss": (model(batch["x"]) * batch["scale"]).sum(), "n": 3}["loss"]

    batch = {"x": X.astype(np.float32), "scale": 2.0}
    recording = record(network, [batch, model])
    labels = [leaf.label for leaf in recording.leaves]
    assert 'batch["x"]' in labels
    assert "W of model.Affine1" in labels
    # The Python float takes the dtype of what is beside it.
    assert {leaf.array.dtype.name for leaf in recording.leaves} == {"float32"}
    assert against_mirror(network, batch, model).apart == ()


def test_ops_without_gradient_are_compared_too():
    def masked(x):
        return tg.where(tg.greater(x, 0.5), x, 0.0).sum(), tg.argmax(x)

    comparison = against_mirror(masked, X)
    assert {"greater", "argmax"} <= {row.op for row in comparison.rows}
    with pytest.raises(ComparisonError, match="greater is the first op") as raised:
        against_mirror(masked, X, greater=np.less)
    assert raised.value.ulps == np.inf


def test_a_graph_of_several_dtypes_agrees():
    def mixed(x):
        narrow = tg.astype(x, dtype=np.float32)
        return tg.tanh(narrow) * 3.0, tg.sum(tg.exp(narrow) * x)

    against_mirror(mixed, X)


def test_small_results_of_large_numbers_agree():
    # log(1 + 4.5e-5) in float32, which is off by an ulp of 1
    x = np.array([0.0, -9.9971895], np.float32)
    assert against_mirror(tg.logsumexp, x).apart == ()


def test_what_is_detached_is_a_constant():
    against_mirror(lambda x: tg.tanh(x) * tg.exp(x).detach(), X)
    against_mirror(lambda x: tg.Tensor(x.data) * 2.0, X)


# --- what differs ------------------------------------------------------------------


def half_a_percent_more(x):
    return np.tanh(x) * 1.0005


@tg.rule(vjp=lambda g, out: g * (1 - out), elementwise=True)
def wrong_slope(x, /):
    return np.tanh(x)


@pytest.mark.parametrize(
    ("wrong", "operand"), [(half_a_percent_more, None), (wrong_slope, "x")]
)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_first_op_that_differs_is_named(wrong, operand, dtype):
    x, w = X.astype(dtype), W.astype(dtype)
    with pytest.raises(ComparisonError, match="tanh is the first op") as raised:
        against_mirror(loss, x, w, tanh=wrong, sum=lambda x, **_: x * 7.0)
    error = raised.value
    assert (error.op, error.operand) == ("tanh", operand)
    assert "h = tg.tanh(x @ W)" in error.line
    assert error.ulps > error.allowed
    assert error.ours != error.theirs
    product = x @ w
    assert 0 <= error.index[0] < 2
    assert 0 <= error.index[1] < 4
    if operand is None:
        assert error.ours == pytest.approx(np.tanh(product)[error.index], rel=1e-3)
    assert f"[{error.index[0]}, {error.index[1]}]" in str(error)


def test_another_shape_is_named():
    with pytest.raises(ComparisonError, match=r"shape of the value is \(\), mirror"):
        against_mirror(loss, X, W, sum=lambda x, **_: x)


@pytest.mark.parametrize("factor", [2.0, 1 + 1e-9])
def test_the_whole_graph_is_at_fault_where_every_op_is_right(factor):
    def steeper(x, W):
        h = tg.tanh(x @ W)
        h.register_hook(lambda g: factor * g)
        return h.sum()

    with pytest.raises(ComparisonError, match="each op agrees") as raised:
        against_mirror(steeper, X, W)
    error = raised.value
    assert (error.op, error.operand) == (WHOLE, "x")
    assert error.ours == pytest.approx(factor * error.theirs, rel=1e-12)


def test_an_ulp_more_or_less_is_allowed_and_many_are_not():
    against_mirror(tg.exp, X, exp=lambda x: np.exp(x) * (1 + 2 * EPS))
    with pytest.raises(ComparisonError):
        against_mirror(tg.exp, X, exp=lambda x: np.exp(x) * (1 + 32 * EPS))
    with pytest.raises(ComparisonError):
        compare(
            tg.exp,
            X,
            against=Mirror(exp=lambda x: np.exp(x) * (1 + 2 * EPS)),
            tolerance=0.5,
        )


@given(seed=st.integers(0, 10_000), dtype=st.sampled_from([np.float32, np.float64]))
@settings(max_examples=5 * FEW)
def test_sums_in_another_order_agree_though_they_cancel(seed, dtype):
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=200) * 10.0 ** rng.uniform(-6, 6, 200)).astype(dtype)
    x[100:] = -rng.permutation(x[:100])

    def from_behind(x, axis, keepdims):
        total = x[-1]
        for i in range(len(x) - 2, -1, -1):
            total = total + x[i]
        return total

    against_mirror(tg.sum, x, sum=from_behind)
    with pytest.raises(ComparisonError, match="sum is the first op"):
        against_mirror(tg.sum, x, sum=lambda x, **_: from_behind(x[1:], 0, 0))


def test_gradients_that_cancel_agree_but_for_their_own_roundings():
    # The gradient of x / x is 0, or what two roundings leave of it.
    def ratio(x):
        return x / x

    x = np.arange(1.0, 50.0) / 7
    found = against_mirror(ratio, x, divide=lambda x, y: x * tg.pow(y, -1.0))
    assert found.rows[-1].gradient > 0


# --- conventions -------------------------------------------------------------------

TIED = {
    "abs": ([0.0, 0.0],),
    "sign": ([0.0, 0.0],),
    "maximum": ([1.0, 2.0], [1.0, 2.0]),
    "minimum": ([1.0, 2.0], [1.0, 2.0]),
    "max": ([2.0, 2.0],),
    "min": ([2.0, 2.0],),
    "norm": ([0.0, 0.0],),
    "hypot": ([0.0, 0.0], [0.0, 0.0]),
    "atan2": ([0.0, 0.0], [0.0, 0.0]),
    "pow": ([0.0, 0.0], [1.0, 2.0]),
    "floor": ([1.0, 2.0],),
    "ceil": ([1.0, 2.0],),
    "trunc": ([1.0, 2.0],),
    "round": ([0.5, 1.5],),
    "floor_divide": ([6.0, 0.3], [3.0, 0.1]),
    "remainder": ([6.0, 0.3], [3.0, 0.1]),
    "logaddexp": ([-np.inf, -np.inf], [-np.inf, -np.inf]),
    "logsumexp": ([-np.inf, -np.inf],),
    "det": ([[1.0, 2.0], [2.0, 4.0]],),
    "cofactors": ([[1.0, 2.0], [2.0, 4.0]],),
}
PLACES = {"argmax", "argmin", "argsort"}


def test_every_kink_is_tried():
    assert set(TIED) | PLACES == set(KINKS)


@pytest.mark.parametrize("name", TIED)
def test_at_a_kink_another_slope_is_listed_and_beside_it_raised(name):
    at = [np.array(x) for x in TIED[name]]
    comparison = against_mirror(lift(tg.RULES[name]), *at, **{name: leaning(name)})
    assert comparison.apart[0].startswith(f"{name}, ")
    assert comparison.rows[0].verdict.startswith("apart: ")
    assert "where each has its convention" in str(comparison)
    rng = np.random.default_rng(0)
    beside = [rng.uniform(1.1, 1.4, x.shape) for x in at]
    with pytest.raises(ComparisonError, match=f"{name} is the first op"):
        against_mirror(lift(tg.RULES[name]), *beside, **{name: leaning(name)})


def last_winner(x, axis, keepdims):
    return len(x.data) - 1 - tg.argmax(x[::-1], axis=axis, keepdims=keepdims)


def test_another_place_is_a_convention_at_a_tie_alone():
    def largest(x):
        return x[int(tg.argmax(x))] * 2.0

    assert against_mirror(largest, np.array([1.0, 3.0, 3.0]), argmax=last_winner).apart
    assert not against_mirror(
        largest, np.array([1.0, 1.0, 3.0]), argmax=last_winner
    ).apart
    with pytest.raises(ComparisonError, match="argmax is the first op"):
        against_mirror(largest, np.array([1.0, 1.0, 3.0]), argmax=tg.argmin)
    order = np.array([2.0, 1.0, 2.0])
    unstable = {"argsort": lambda x, **_: tg.Tensor(np.array([1, 2, 0]))}
    assert against_mirror(tg.argsort, order, **unstable).apart
    with pytest.raises(ComparisonError):
        against_mirror(tg.argsort, order[:2], argsort=lambda x, **_: tg.Tensor([0, 1]))


def test_a_convention_excuses_no_leaf_that_does_not_lead_to_it():
    def two_ways(x, y):
        h = tg.tanh(y)
        h.register_hook(lambda g: 2 * g)
        return tg.abs(x).sum() + h.sum()

    with pytest.raises(ComparisonError, match="gradient by y"):
        against_mirror(two_ways, np.zeros(2), X, abs=leaning("abs"))


# --- libraries ---------------------------------------------------------------------


@pytest.mark.parametrize("library", PAGES)
def test_a_missing_library_is_skipped_with_a_word(library):
    with mock.patch.dict(sys.modules, {library: None}):
        comparison = compare(loss, X, W, against=library)
    assert comparison.skipped
    assert str(comparison) == f"loss: skipped: {library} is not installed"
    with pytest.raises(pytest.skip.Exception, match=f"{library} is not installed"):
        comparison.or_skip()


def test_what_was_compared_is_not_skipped():
    comparison = against_mirror(loss, X, W)
    assert comparison.or_skip() is comparison


def test_an_unknown_library_and_an_unknown_op_are_errors():
    with pytest.raises(ValueError, match="against must be 'torch' or 'jax'"):
        compare(loss, X, W, against="numpy")
    with pytest.raises(LookupError, match="leak: no counterpart in mirror is known"):
        against_mirror(lambda x: x + leak(x), X)
    call = {"leak": lambda x: leak(x)}
    compare(lambda x: x + leak(x), X, against=Mirror(), calls=call)


def test_what_is_no_tensor_is_an_error():
    with pytest.raises(TypeError, match="must return a Tensor, or a tuple"):
        compare(lambda x: x.data, X, against=Mirror())


@pytest.mark.parametrize("library", PAGES)
def test_the_table_of_a_library_knows_no_other_rules(library):
    """Seen without the library, by a stand-in; a new rule needs no entry."""
    names = (
        library,
        f"{library}.numpy",
        f"{library}.scipy",
        f"{library}.scipy.special",
    )
    page = f"tinygrad_jp.testing.compare.{PAGES[library]}"
    with mock.patch.dict(sys.modules, {name: mock.MagicMock() for name in names}):
        sys.modules.pop(page, None)
        table = __import__(page, fromlist=["TABLE"]).TABLE
        sys.modules.pop(page)
    assert len(table) > 80
    assert set(table) <= set(tg.RULES)


def test_scales_are_of_rules_that_are_there():
    assert SUMS | PICKS | ROUGH | set(KINKS) <= set(tg.RULES)
