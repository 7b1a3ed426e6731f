"""`@gradtest`: what it reads, what it draws, what it checks, what it refuses."""

import inspect
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies

import nn
import tinygrad_jp as tg
from tinygrad_jp.testing import (
    GradientError,
    SemanticsError,
    check_semantics,
    gradcheck,
    sums_to_one,
)
from tinygrad_jp.testing.plugin import SignatureError, gradtest
from tinygrad_jp.testing.plugin.example import Example, examples_of
from tinygrad_jp.testing.plugin.leaks import Leaks
from tinygrad_jp.testing.plugin.paste import code_of
from tinygrad_jp.testing.plugin.signature import lengths, parse
from tinygrad_jp.testing.plugin.witness import Witness, watching_checks
from tinygrad_jp.testing.samples import DOMAINS

QUICK = [one for one in Phase if one is not Phase.explain]
few = settings(max_examples=25, deadline=None, phases=QUICK)
RNG = np.random.default_rng(0)

# --- signatures ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "problem", "marked"),
    [
        ("", "a shape is missing", ""),
        ("N D", "axes are separated by commas", "D"),
        ("N,,D", "',' is out of place", ","),
        ("(N, D), (D, M)", "arguments are separated by ;", ","),
        ("(N, D", "a bracket is not closed", ""),
        ("N+1", "an axis is a name, a number or ...", "+"),
        ("N,0", "a length must be 1 or more", "0"),
        ("..., ...", "only once", "..."),
        ("N,D -> N,M", "no argument has the length 'M'; write _", "M"),
        ("N -> ..., N", "no argument has further axes", "..."),
        ("N,D in postive", "neither a length of an argument nor a kind", "postive"),
        ("N in", "what counts the labels", ""),
        ("N in not so odd", "or a kind of numbers", "not so odd"),
        ("x: y: N", "before it stands the name of one argument", ":"),
        ("N; -> N", "a shape is missing; write () for a single number", "->"),
        ("N -> N in 3", "only of arguments", "in"),
    ],
)
def test_a_wrong_signature_is_refused_and_the_place_is_marked(text, problem, marked):
    with pytest.raises(SignatureError) as caught:
        gradtest(text)
    said, shown, marks = str(caught.value).split("\n")
    assert problem in said
    assert shown == f"    {text}"
    start = marks.index("^")
    assert shown[start:] == "" if not marked else shown[start:].startswith(marked)
    assert marks.count("^") == max(len(marked), 1)
    place = f"at character {start - 3}" if marked else "at the end"
    assert place in said


def test_what_is_no_text_is_refused():
    with pytest.raises(
        TypeError, match="needs a shape signature such as 'N,D', got func"
    ):
        gradtest(lambda x: x)


AXES = st.lists(st.sampled_from(["N", "D", "名", 1, 3]), max_size=3)


@few
@given(AXES, AXES, st.lists(st.integers(1, 3), max_size=2))
def test_shapes_that_fit_fit_and_others_do_not(before, after, further):
    axes = [*before, "...", *after]
    (argument,) = parse(f"({', '.join(map(str, axes))})", DOMAINS).arguments
    known = {"N": 2, "D": 4, "名": 5}
    plain = [[known.get(axis, axis) for axis in part] for part in (before, after)]
    shape = (*plain[0], *further, *plain[1])
    assert lengths(argument.axes, shape, {}) is None
    found = {}
    lengths(argument.axes, shape, found)
    assert found[...] == tuple(further)
    for place, axis in enumerate(before):
        longer = [*shape]
        longer[place] += 1
        fits = lengths(argument.axes, tuple(longer), {}) is None
        free = isinstance(axis, str) and [*before, *after].count(axis) == 1
        assert fits == free


# --- what is drawn -----------------------------------------------------------------


def test_lengths_are_shared_and_labels_are_below_their_count():
    met = []

    @settings(max_examples=60, deadline=None)
    @gradtest("..., D; D,K; t: 2 in K; 5 in positive; 3", batch_axis=None)
    def layer(x, W, p, y, t):
        met.append((x.shape, W.shape, int(max(t)), float(p.data.min())))
        assert t.shape == (2,)
        assert t.dtype.kind == "i"
        return (x @ W).sum() + p.sum() + y.sum()

    layer()
    for x, W, label, least in met:
        assert x[-1] == W[0]
        assert label < W[1]
        assert least > 0
    assert {len(x) for x, *_ in met} == {1, 2, 3}
    assert len({W for _, W, *_ in met}) > 5


def test_a_named_argument_may_stand_anywhere():
    seen = set()

    @few
    @gradtest("t: N in K; N,K -> ()")
    def loss(scores, t):
        seen.add((scores.ndim, t.ndim))
        return tg.cross_entropy(scores, t)

    loss()
    assert seen == {(2, 1)}


@pytest.mark.parametrize(
    ("signature", "said"),
    [
        ("N; D", "f takes x, which leaves no place for this argument"),
        ("y: N", "f takes x, which leaves no place"),
        ("x: N; x: N", "f takes x, which leaves no place"),
    ],
)
def test_a_signature_that_does_not_fit_the_function_is_refused(signature, said):
    def f(x):
        return x

    with pytest.raises(SignatureError, match=said):
        gradtest(signature)(f)


def test_a_module_must_be_given_all_that_it_takes():
    with pytest.raises(SignatureError, match="takes scores, t, more than is said here"):
        gradtest("N,D")(nn.SoftmaxWithLoss())


@pytest.mark.parametrize("sizes", [{"M": [1]}, {"N": []}, {"N": [0, 1]}])
def test_sizes_that_make_no_sense_are_refused(sizes):
    with pytest.raises(ValueError, match="gradtest: sizes"):
        gradtest("N,D", sizes=sizes)


# --- what is checked ---------------------------------------------------------------

RIGHT = {
    "relu": ("N,D -> N,D", tg.relu),
    "softmax": ("..., D -> ..., D", tg.softmax),
    "max": ("N,D -> N", lambda x: x.max(axis=1)),
    "product": ("N,D; D,M -> N,M", lambda x, W: x @ W),
    "mean": ("N,D -> D", lambda x: x.mean(axis=0)),
    "two results": ("N,D -> N,_; N", lambda x: (tg.tanh(x), x.sum(axis=1))),
    "log": ("N,D in positive -> N,D", tg.log),
    "loss": ("N,K; t: N in K -> ()", lambda x, t: tg.cross_entropy(x, t)),
    "rows of data": ("N,D; N -> N,D", lambda x, w: x * w[:, None]),
    "number": ("() -> ()", tg.exp),
    "module": ("N,4 -> N,3", nn.Affine(4, 3, rng=RNG)),
    "maker": ("N,4 -> N,3", lambda: nn.Affine(4, 3, rng=np.random.default_rng(0))),
    "embedding": ("N in 5; 5,D -> N,D", lambda t, W: W[t]),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_passes(name):
    signature, function = RIGHT[name]
    few(gradtest(signature)(function))()


WRONG = {
    "mixes rows": ("N,D -> N,D", lambda x: x - x.mean(axis=0), SemanticsError, "row 0"),
    "says nothing of its result": ("N,D", lambda x: x.sum(), SemanticsError, "returns"),
    "another shape": ("N,D -> D,N", lambda x: x, SemanticsError, "says (2, 1)"),
    "a result too few": ("N -> N; N", lambda x: x, SemanticsError, "names 2"),
    "second result": (
        "N,D -> N,D; N,D",
        lambda x: (x, x - x.mean(axis=0)),
        SemanticsError,
        "row ",
    ),
    "cut off": ("N,D -> N,D", lambda x: x + x.detach(), GradientError, "is wrong"),
    "one winner": (
        "N,D -> N",
        lambda x: x[range(len(x)), x.data.argmax(1)],
        None,
        "tie",
    ),
    "data of another row": (
        "N,D; N -> N,D",
        lambda x, w: x * w[::-1][:, None],
        SemanticsError,
        "row ",
    ),
    "wider": ("N,D -> N,D", lambda x: x * np.ones(x.shape), SemanticsError, "float64"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_fails_and_can_be_checked_again(name):
    signature, function, kind, said = WRONG[name]
    test = settings(deadline=None, phases=QUICK)(gradtest(signature)(function))
    with pytest.raises((GradientError, SemanticsError)) as caught:
        test()
    assert said in str(caught.value)
    assert kind is None or caught.type is kind
    ((error, example),) = examples_of(caught.value)
    with pytest.raises(type(error)):
        example.called.check(**example.inputs)


def test_a_function_with_nan_is_told_how_to_say_which_numbers():
    with pytest.raises(GradientError) as caught:
        gradtest("N,D")(tg.log)()
    assert any("'N,D in positive'" in note for note in caught.value.__notes__)


def test_laws_order_and_ties_are_passed_on():
    assert few(gradtest("N,D", laws=[sums_to_one()])(tg.softmax))() is None
    with pytest.raises(SemanticsError, match="sum to"):
        gradtest("N,D", laws=[sums_to_one()])(tg.sigmoid)()

    @gradtest("N,D", order=2)
    def once(x):
        return _first_order_only(x)

    with pytest.raises(GradientError):
        once()
    few(gradtest("N,D", ties="any")(WRONG["one winner"][1]))()
    few(gradtest("N,D", mixes_rows=True)(WRONG["mixes rows"][1]))()
    few(gradtest("N,D -> N,D", batch_axis=None)(WRONG["mixes rows"][1]))()
    few(gradtest("D,N -> D,N", batch_axis=1)(WRONG["mixes rows"][1]))()


@tg.rule(vjp=lambda g, x: g * np.cos(x.detach() if isinstance(x, tg.Tensor) else x))
def _first_order_only(x, /):
    """A sine whose gradient cannot be differentiated."""
    return np.sin(x)


def test_check_refuses_what_does_not_fit():
    test = gradtest("N,D; D -> N,D")(lambda x, b: x + b)
    assert test.check(np.ones((2, 3)), b=np.ones(3)) is None
    with pytest.raises(ValueError, match=r"b must have shape \(3,\), as .* got \(2,\)"):
        test.check(np.ones((2, 3)), np.ones(2))
    with pytest.raises(TypeError, match="check: takes x, b, got 1 arrays"):
        test.check(np.ones((2, 3)))


def test_a_module_is_left_as_it_is():
    layer = nn.Sequential(nn.Affine(3, 2, rng=RNG), nn.BatchNormalization(2))
    before = [p.data.copy() for p in layer.parameters()]
    few(gradtest("N,3 -> N,2", mixes_rows=True, sizes={"N": [2, 4]})(layer))()
    assert all(map(np.array_equal, before, [p.data for p in layer.parameters()]))
    assert all(p.grad is None for p in layer.parameters())


# --- code to paste -----------------------------------------------------------------

NUMBERS = st.sampled_from(
    [np.float16, np.float32, np.float64, np.int64, np.uint8, bool]
)


@few
@given(
    NUMBERS.flatmap(
        lambda dtype: numpy_strategies.arrays(
            dtype, numpy_strategies.array_shapes(min_dims=0, min_side=0, max_side=8)
        )
    )
)
@example(np.array([np.nan, np.inf, -np.inf, -0.0, 0.1]))
def test_arrays_are_written_bit_for_bit(array):
    got = []

    def take(fn, **given):
        got.append(given)

    failed = Example(take, take, {"array": array}, {})
    space = {"__name__": __name__, "take": take}
    script = code_of(failed, space, Path("unused"))
    call = script[script.index("\n\n") :] if "import" in script else script
    exec(
        call.replace("take(take, array)", "take(take, array=array)"),
        {"np": np, "take": take},
    )
    (given_array,) = got[0].values()
    assert given_array.dtype == array.dtype
    assert given_array.shape == array.shape
    same = np.array_equal(given_array, array, equal_nan=array.dtype.kind == "f")
    assert same
    assert np.array_equal(np.signbit(given_array), np.signbit(array)) or (
        array.dtype.kind != "f" or np.isnan(array).any()
    )


def test_a_large_array_is_saved_beside_its_picture(tmp_path):
    array = RNG.normal(size=(30, 30))
    script = code_of(Example(gradcheck, tg.exp, {"x": array}, {}), {}, tmp_path / "new")
    assert "gradcheck(tg.exp, x)" in script
    assert np.array_equal(np.load(tmp_path / "new" / "x.npy"), array)
    exec(script, {})


def test_functions_are_written_with_what_they_use():
    scale, table = 3.0, {"b": np.arange(3.0)}

    def inner(x):
        return x * scale + table["b"]

    def outer(x):
        return [inner(part) for part in (x, np.tanh(x))][1]

    failed = Example(gradcheck, outer, {"x": np.ones(3)}, {"order": 2})
    script = code_of(failed, {}, Path("unused"))
    space = {}
    exec(script, space)
    assert np.array_equal(space["outer"](np.ones(3)), outer(np.ones(3)))
    assert script.endswith("gradcheck(outer, x, order=2)\n")


def test_what_cannot_be_written_is_left_open():
    failed = Example(gradcheck, nn.Affine(1, 1, rng=RNG), {"x": np.ones((1, 1))}, {})
    script = code_of(failed, {}, Path("unused"))
    assert "function = ...  # a nn.layers.Affine; it cannot be written down" in script


# --- seeing checks -----------------------------------------------------------------


def test_checks_are_seen_and_the_checkers_stay_as_they_are():
    codes = [checker.__code__ for checker in (gradcheck, check_semantics)]
    signature = inspect.signature(gradcheck)
    witness = Witness()
    with watching_checks(witness):
        assert inspect.signature(gradcheck) == signature
        gradcheck(tg.relu, np.zeros(2))
        gradcheck(tg.relu, np.ones(3), order=2)
        check_semantics(tg.relu, without=["splits"])
        laws = check_semantics(tg.relu)
        check_semantics(tg.relu, without=["deterministic"])
        with pytest.raises(GradientError):
            gradcheck(WRONG["cut off"][1], np.ones(2))
        with pytest.raises(TypeError, match="missing"):
            gradcheck()
        thread = Thread(target=gradcheck, args=(tg.exp, np.ones(2)))
        thread.start()
        thread.join()
    assert [checker.__code__ for checker in (gradcheck, check_semantics)] == codes
    assert inspect.signature(gradcheck) == signature
    assert set(witness.found) == {"relu", "<lambda>"}
    relu = witness.found["relu"]
    assert relu.gradient.points == 2
    assert relu.gradient.order == 2
    assert relu.gradient.kinks > 0
    assert set(laws) - set(relu.laws) == {"splits", "deterministic"}
    assert relu.batches == 3
    assert witness.found["<lambda>"].refused == 1


def test_watching_may_be_nested():
    inner, outer = Witness(), Witness()
    with watching_checks(outer):
        with watching_checks(inner):
            gradcheck(tg.exp, np.ones(2))
        gradcheck(tg.tanh, np.ones(2))
    assert list(inner.found) == ["exp"]
    assert list(outer.found) == ["tanh"]


# --- leaks -----------------------------------------------------------------------


class Holder:
    pass


KEPT = Holder()


def test_the_holder_of_a_leak_is_named():
    before = Leaks()
    assert before.found() is None
    KEPT.cache = {"last": [tg.Tensor([1.0, 2.0], name="W")]}
    said = before.found()
    KEPT.cache = None
    assert said.splitlines()[0] == "1 Tensor alive after the test:"
    assert "'W' of shape (2,), held by the attribute cache of" in said
    assert said.endswith("Holder, at ['last'][0]")
    assert before.found() is None


def test_a_tensor_in_the_place_of_a_freed_one_is_new():
    old = [tg.Tensor([1.0]) for _ in range(50)]
    places = {id(tensor) for tensor in old}
    before = Leaks()
    old.clear()
    new = [tg.Tensor([1.0]) for _ in range(50)]
    assert places & {id(tensor) for tensor in new}
    assert before.found().startswith("50 Tensors alive")


def test_a_tensor_that_a_function_closes_over_is_found():
    before = Leaks()
    holder = [(lambda x: lambda: x)(tg.Tensor([1.0]))]
    assert "held by the function" in before.found()
    holder.clear()
    assert before.found() is None
