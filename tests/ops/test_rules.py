"""One test over the table of all rules: a new rule is tested by being there."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matrix_references import CANCELLING, MATRIX_REFERENCES

import tinygrad_jp as tg
from tinygrad_jp.record import lift
from tinygrad_jp.testing import gradcheck
from tinygrad_jp.testing.cases import rule_cases
from tinygrad_jp.testing.samples import DOMAINS
from tinygrad_jp.testing.strategies import cotangents

RULES = list(tg.RULES.values())
DIFFERENTIABLE = [rule for rule in RULES if any(rule.vjps)]
OTHERS = [rule for rule in RULES if not any(rule.vjps)]
FLOATS = [np.float16, np.float32, np.float64]
ALL = settings().max_examples
MANY, SOME, FEW = (settings(max_examples=ALL // n) for n in (2, 4, 10))


def ordered(x, axis, descending, stable):
    """Where each element belongs, by comparing it with all others; ties in order."""
    x = x.ravel() if axis is None else np.moveaxis(x, axis, -1)
    key = -x if descending else x
    places = np.arange(x.shape[-1])
    before = (key[..., :, None] > key[..., None, :]) | (
        (key[..., :, None] == key[..., None, :]) & (places[:, None] > places)
    )
    rank = before.sum(-1)
    found = (rank[..., None, :] == places[:, None]).argmax(-1) if x.size else rank
    return found if axis is None else np.moveaxis(found, -1, axis)


def windows(x, window_shape, stride, padding, dilation):
    """NumPy's windows, of which some are left out."""
    count = len(window_shape)
    x = np.pad(x, ((0, 0),) * (x.ndim - count) + padding)
    reach = [(k - 1) * gap + 1 for k, gap in zip(window_shape, dilation)]
    view = np.lib.stride_tricks.sliding_window_view
    found = view(x, reach, axis=tuple(range(-count, 0)))
    steps = [slice(None, None, step) for step in (*stride, *dilation)]
    return found[(..., *steps)]


def overlapped(x, shape, stride, padding, dilation):
    """Each element counted at the place that its window took it from."""
    lead = x.shape[: x.ndim - 2 * len(shape)]
    places = np.arange(1, 1 + math.prod(lead + shape)).reshape(lead + shape)
    size = x.shape[x.ndim - len(shape) :]
    places = windows(places, size, stride, padding, dilation)  # 0 in the padding
    counts = np.bincount(
        places.ravel(), x.ravel(), minlength=1 + math.prod(lead + shape)
    )
    return counts[1:].reshape(lead + shape).astype(x.dtype)


NUMPY = {
    "relu": lambda x: np.maximum(x, x.dtype.type(0)),
    **MATRIX_REFERENCES,
    "acos": np.arccos,  # NumPy 2 has these names too
    "acosh": np.arccosh,
    "argsort": ordered,
    "asin": np.arcsin,
    "asinh": np.arcsinh,
    "astype": lambda x, dtype: x.astype(dtype),
    "atan": np.arctan,
    "atan2": np.arctan2,
    "atanh": np.arctanh,
    "bitwise_invert": np.invert,
    "concat": lambda *arrays, axis: np.concatenate(arrays, axis),
    "cumulative_sum": np.cumsum,
    "erf": lambda x: np.vectorize(math.erf, otypes=[x.dtype])(x),
    "getitem": lambda x, index: x[index],
    "logsumexp": lambda x, **given: exactly(
        lambda x: np.log(np.sum(np.exp(x), **given)), x
    ),
    "norm": lambda x, **given: exactly(lambda x: np.sqrt(np.sum(x * x, **given)), x),
    "overlap_add": overlapped,
    "permute_dims": np.transpose,
    "pow": np.power,
    "reshape": lambda x, shape: np.reshape(x, shape),  # NumPy 1 calls it newshape
    "scatter_add": lambda x, index, shape: added(x, index, shape),
    "sliding_window_view": windows,
}
"""NumPy's own function where it has another name than the rule."""

EXPORTED_OTHERWISE = {
    "broadcast_to": "takes an int or a list too",
    "concat": "takes a sequence of arrays, as in the Array API",
    "cumulative_sum": "has more arguments, as in the Array API",
    "getitem": "copies index arrays, as x[index] does",
    "norm": "knows more norms, as np.linalg.norm",
    "overlap_add": "takes ints for all axes",
    "permute_dims": "takes a list too",
    "reshape": "takes an int or a list too",
    "scatter_add": "copies index arrays, as x[index] does",
    "sliding_window_view": "takes ints for all axes, and NumPy's axis",
}


def added(x, index, shape):
    """What scatter_add gives, by counting weights at flat places."""
    places = np.arange(np.prod(shape, dtype=int)).reshape(shape)[index]
    counts = np.bincount(places.ravel(), x.ravel(), minlength=np.prod(shape, dtype=int))
    return counts.reshape(shape).astype(x.dtype)


def exactly(function, x):
    """What a function gives in float64, rounded to the dtype of `x`."""
    return np.asarray(function(x.astype(np.float64))).astype(x.dtype)


def over(rules):
    return pytest.mark.parametrize("rule", rules, ids=[rule.name for rule in rules])


def called(rule, keywords):
    def call(*operands):
        return rule(*operands, **keywords)

    call.__name__ = rule.name
    return call


def assert_same(result, expected, least=0.0):
    """The same shape and dtype, and the same numbers but for a few roundings."""
    assert result.shape == expected.shape
    assert result.dtype == expected.dtype
    if expected.dtype.kind != "f":
        np.testing.assert_array_equal(result, expected)
        return
    finite = np.abs(expected[np.isfinite(expected)].astype(np.float64))
    allowed = 8 * float(np.finfo(expected.dtype).eps)
    np.testing.assert_allclose(
        result.astype(np.float64),
        expected.astype(np.float64),
        rtol=allowed,
        atol=allowed * finite.max(initial=least),
    )


@over(RULES)
@given(data=st.data())
@SOME
def test_forward_is_numpy_s_own(rule, data):
    operands, keywords = data.draw(
        rule_cases(rule, dtype=data.draw(st.sampled_from(FLOATS)))
    )
    reference = NUMPY.get(rule.name) or getattr(np, rule.name)
    with np.errstate(all="ignore"):  # float16 overflows soon
        expected = np.asarray(reference(*operands, **keywords))
        result = rule(*[tg.Tensor(x) for x in operands], **keywords)
        bare = np.asarray(rule(*operands, **keywords))
    assert isinstance(result, tg.Tensor)
    least = {"logsumexp": 1.0, **CANCELLING}.get(rule.name, 0.0)
    assert_same(bare, expected, least)
    assert_same(result.data, expected, least)


@over(DIFFERENTIABLE)
@given(data=st.data(), seed=st.integers(0, 1000))
@MANY
def test_gradients_are_right_to_the_second_order(rule, data, seed):
    operands, keywords = data.draw(rule_cases(rule))
    if "dtype" in keywords:  # slopes are measured in float64
        keywords["dtype"] = np.float64
    report = gradcheck(called(rule, keywords), *operands, seed=seed)
    if not report.kinks:  # at a kink the gradient jumps, and has no slope
        gradcheck(called(rule, keywords), *operands, order=2, seed=seed)


@over(DIFFERENTIABLE)
@given(data=st.data(), seed=st.integers(0, 1000))
@FEW
def test_gradients_are_right_to_the_third_order(rule, data, seed):
    operands, keywords = data.draw(rule_cases(rule))
    if "dtype" in keywords:
        keywords["dtype"] = np.float64
    report = gradcheck(called(rule, keywords), *operands, seed=seed)
    if not report.kinks:
        gradcheck(called(rule, keywords), *operands, order=3, seed=seed)


@over(DIFFERENTIABLE)
@given(data=st.data())
@SOME
def test_vjps_make_no_float64(rule, data):
    operands, keywords = data.draw(rule_cases(rule, dtype=np.float32))
    out = np.asarray(rule.forward(*operands, **keywords))
    g = data.draw(cotangents(out))
    if out.dtype != np.float32:  # of astype
        return
    if not out.ndim and np.lib.NumpyVersion(np.__version__) < "2.0.0":
        return  # NumPy 1 makes float64 of a 0-d array and a Python scalar
    names = rule.signature.operands
    kept = {**keywords, "out": out}
    if rule.signature.variadic:
        kept[f"{names[0]}_shape"] = tuple(x.shape for x in operands)
    else:
        kept |= dict(zip(names, operands))
        kept |= {f"{name}_shape": x.shape for name, x in zip(names, operands)}
    with np.errstate(all="ignore"):
        for vjp, keeps in zip(rule.vjps, rule.keeps):
            if vjp is not None:
                found = vjp(g, *[kept[name] for name in keeps])
                for cotangent in found if rule.signature.variadic else [found]:
                    assert cotangent.dtype == np.float32


@over(DIFFERENTIABLE)
@given(data=st.data())
@SOME
def test_gradients_have_the_shape_and_dtype_of_their_operand(rule, data):
    operands, keywords = data.draw(
        rule_cases(rule, dtype=data.draw(st.sampled_from(FLOATS)))
    )
    tensors = [tg.Tensor(x, requires_grad=x.dtype.kind == "f") for x in operands]
    with np.errstate(all="ignore"):
        out = rule(*tensors, **keywords)
        out.backward(data.draw(cotangents(out.data)))
    for vjp, tensor in zip(rule.vjps * len(tensors), tensors):
        if vjp is None:
            assert tensor.grad is None
        else:
            assert tensor.grad.shape == tensor.shape
            assert tensor.grad.dtype == tensor.dtype


@over(DIFFERENTIABLE)
@given(data=st.data())
@FEW
def test_two_uses_do_not_disturb_each_other(rule, data):
    operands, keywords = data.draw(rule_cases(rule))
    if "dtype" in keywords:
        keywords["dtype"] = np.float64
    one, two = (
        [tg.Tensor(x, requires_grad=x.dtype.kind == "f") for x in operands]
        for _ in range(2)
    )
    first, second = rule(*one, **keywords), rule(*two, **keywords)
    other = tg.Tensor(np.zeros(first.shape), requires_grad=True)
    g = np.arange(1.0, 1 + first.size).reshape(first.shape)
    # All three get one array for a cotangent, and may neither write to it nor keep it.
    ((other + first * 2.0 + second) * g).sum().backward()
    assert_same(other.grad.data, g)
    for doubled, single in zip(one, two):
        if single.grad is not None:
            assert_same(doubled.grad.data, 2.0 * single.grad.data)


@over(OTHERS)
@given(data=st.data())
@FEW
def test_what_has_no_vjp_gives_no_gradient(rule, data):
    operands, keywords = data.draw(rule_cases(rule))
    tensors = [tg.Tensor(x, requires_grad=x.dtype.kind == "f") for x in operands]
    assert not rule(*tensors, **keywords).requires_grad


@over(RULES)
def test_nothing_is_forgotten(rule):
    operands = rule.signature.operands
    assert len(rule.domain) == len(operands)
    assert set(rule.domain) <= set(DOMAINS), "add it to samples.DOMAINS"
    assert rule.__doc__
    assert rule.name in tg.__all__, "export it in tinygrad_jp/__init__.py"
    if rule.name not in EXPORTED_OTHERWISE:
        assert getattr(tg, rule.name) is lift(rule)


def test_every_domain_is_used():
    assert set(DOMAINS) == {word for rule in RULES for word in rule.domain}


def test_every_exception_is_needed():
    for name in EXPORTED_OTHERWISE:
        assert getattr(tg, name) is not lift(tg.RULES[name])
    assert set(NUMPY) <= set(tg.RULES)
