"""Random programs of all ops: gradients are the slopes, and failures shrink well.

`tests/peers/test_programs_against_torch.py` compares them with PyTorch's.
"""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as hypothesis_strategies

import tinygrad_jp as tg
from tinygrad_jp.record import lift
from tinygrad_jp.testing import strategies as st
from tinygrad_jp.testing.claim import Claim
from tinygrad_jp.testing.errors import GradientError
from tinygrad_jp.testing.flat import FlatFunction
from tinygrad_jp.testing.programs import OURS, VOCABULARY, Program, Step, Writer
from tinygrad_jp.testing.programs.vocabulary import by_domain
from tinygrad_jp.testing.programs.writer import LARGE
from tinygrad_jp.testing.slopes import signs

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") in ("ci", "thorough")
PROGRAMS = 5000 if THOROUGH else 300
"""So many in a run: all of them where it is decided on a landing."""

TOLERANCE = 1e-7
FEWER = settings(max_examples=50)


def error(program, ns=OURS, seed=0, looks=2):
    """How far the gradient is from the slope in a random direction, in tolerances.

    Every input moves at once, so one direction tells a wrong gradient from a right one.
    """

    def loss(*inputs):
        try:
            return program(*inputs, ns=ns)
        except np.linalg.LinAlgError:  # too far from where it is well conditioned
            return tg.Tensor(np.nan, requires_grad=True)

    function = FlatFunction(loss, program.inputs, name="program")
    claim = Claim(function, np.ones(1), TOLERANCE)
    direction = signs(np.random.default_rng(seed), function.at.shape)
    direction /= np.sqrt(direction.size)
    verdict = claim.verdict(direction[None], claim.measured(direction[None]))
    if looks > 1 and verdict.suspect.any():
        verdict = claim.second_look(direction)
    return verdict.times[0]


@given(program=st.graphs(), seed=hypothesis_strategies.integers(0, 1000))
@settings(max_examples=PROGRAMS)
def test_gradients_of_programs_are_their_slopes(program, seed):
    assert error(program, seed=seed) <= 1


# --- what is in them -----------------------------------------------------------------

NO_OPS = {
    "integers or booleans come out": """
        all allclose any argmax argmin argsort bitwise_and bitwise_invert bitwise_or
        bitwise_xor count_nonzero equal greater greater_equal isclose isfinite isinf
        isnan less less_equal logical_and logical_not logical_or logical_xor nonzero
        not_equal""",
    "a leaf or a constant comes out": """
        arange asarray empty empty_like eye from_dlpack full full_like linspace one_hot
        ones ones_like signdet zeros zeros_like""",
    "words about dtypes come out": "can_cast finfo iinfo isdtype result_type",
    "functions, pictures, files or modes come out": """
        checkpoint draw grad hessian hvp is_grad_enabled jacobian jvp load rule save
        value_and_grad vjp""",
}
"""Public functions that are in no program, and why. `argmax` is, inside of others."""


def test_every_rule_with_a_gradient_is_in_the_vocabulary():
    differentiable = {name for name, rule in tg.RULES.items() if any(rule.vjps)}
    assert differentiable <= set(VOCABULARY)


def test_every_public_function_is_in_the_vocabulary_or_has_its_reason():
    public = {name: getattr(tg, name) for name in tg.__all__}
    known = [public[name] for name in VOCABULARY if name in public]
    others = [public[name] for names in NO_OPS.values() for name in names.split()]
    for name, function in public.items():
        if callable(function) and not isinstance(function, type):
            assert function in known or function in others, name
            assert not (function in known and function in others), name


def test_the_vocabulary_holds_nothing_else():
    methods = {"at_set", "at_add"}  # x.at[index].set(value)
    assert set(VOCABULARY) <= set(tg.__all__) | methods


@pytest.mark.parametrize("op", VOCABULARY)
@given(choices=hypothesis_strategies.binary(min_size=20, max_size=20))
@settings(max_examples=10)
def test_every_entry_writes_its_op(op, choices):
    writer = Writer()
    writer.choose_by(choices)
    VOCABULARY[op](writer)
    assert op in writer.ops


@given(program=st.graphs())
@FEWER
def test_values_are_moderate(program):
    values = program.run(*program.inputs)[len(program.inputs) :]
    scaled = {i for s in program.steps if s.op == "multiply" for i in s.uses}
    for number, value in enumerate(values, start=len(program.inputs)):
        if getattr(value, "requires_grad", False) and number not in scaled:
            assert np.abs(value.data).max(initial=0.0) <= LARGE


@pytest.mark.parametrize(
    "wanted",
    [
        lambda program: any(x.shape == () for x in program.inputs),
        lambda program: any(1 in x.shape for x in program.inputs),
        lambda program: any(0 in x for x in program.inputs),  # on a kink
        lambda program: (
            len({n for s in program.steps for n in s.uses}) + 5
            < sum(len(list(s.uses)) for s in program.steps)
        ),
        lambda program: any(
            s.op == "maximum" and len(set(s.operands)) == 1 for s in program.steps
        ),
        lambda program: len(program.steps) > 30,
        lambda program: len(program.outputs) == 1 and len(program.steps) > 5,
    ],
    ids=["0-d", "size 1", "kink", "shared", "tie", "long", "one output"],
)
def test_programs_have(wanted):
    generate = settings(max_examples=5000, phases=[Phase.generate])
    find(st.graphs(), wanted, settings=generate)


# --- as scripts ----------------------------------------------------------------------


@given(program=st.graphs())
@FEWER
def test_a_printed_program_runs_and_gives_the_same_gradients(program):
    inputs = [tg.Tensor(x, requires_grad=True) for x in program.inputs]
    loss = program(*inputs)
    loss.backward()
    printed = {}
    exec(str(program).replace("print(", "("), printed)
    np.testing.assert_array_equal(printed["loss"].data, loss.data)
    for number, x in enumerate(inputs, start=1):
        script_grad = printed[f"x{number}"].grad
        np.testing.assert_array_equal(script_grad, x.grad)


def test_a_program_prints_as_a_script():
    program = Program(
        inputs=(np.array([0.5, -1.5]), np.array(2.0)),
        steps=(
            Step("constant", (), {"value": np.array([0, 0, 1])}),
            Step("take", (0, 2), {"axis": -1}),
            Step("multiply", (3, 1)),
            Step("split", (4,), {"indices_or_sections": (1,)}),
            Step("part", (5,), {"index": 0}),
            Step("at_set", (4, 6), {"index": (slice(None, 2), None)}),
            Step("concat", ((4, 6),), {"axis": 0}),
            Step("einsum", ("i->", 8)),
            Step("add", (9, 0.5)),
        ),
        outputs=(7, 10),
    )
    assert str(program).splitlines() == [
        "import numpy as np",
        "import tinygrad_jp as tg",
        "",
        "x1 = tg.Tensor([0.5, -1.5], requires_grad=True)",
        "x2 = tg.Tensor(2.0, requires_grad=True)",
        "k1 = np.array([0, 0, 1])",
        "a = tg.take(x1, k1, axis=-1)",
        "b = tg.multiply(a, x2)",
        "c = tg.split(b, indices_or_sections=(1,))",
        "d = c[0]",
        "e = b.at[(slice(None, 2, None), None)].set(d)",
        "f = tg.concat([b, d], axis=0)",
        "g = tg.einsum('i->', f)",
        "h = tg.add(g, 0.5)",
        "",
        "loss = tg.sum(e * np.cos(np.arange(3))) + h",
        "loss.backward()",
        "print(x1.grad)",
        "print(x2.grad)",
    ]
    done = subprocess.run(
        [sys.executable, "-c", str(program)], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("Tensor([")


# --- the test of the test ------------------------------------------------------------


def broken(op, vjp, forward=None):
    """Our table of functions with one rule whose gradient is wrong."""
    wrong = tg.rule(vjp=vjp)(forward or tg.RULES[op].forward)
    return {**OURS, op: lift(wrong)}


def assigned(g, index, x_shape):
    """Forgets to add up where an element is picked twice."""
    out = np.zeros(x_shape)
    out[index] = g
    return out


WRONG = {
    "sign": broken("tanh", lambda g, out: g * (out * out) - g),
    "a part in 2,000": broken("exp", lambda g, out: g * out * 1.0005),
    "g ignored": broken("sin", lambda g, x: np.cos(x)),
    "operands swapped": broken(
        "atan2",
        (
            lambda g, x, y: -g * x / (x * x + y * y),
            lambda g, x, y: g * y / (x * x + y * y),
        ),
    ),
    "one operand forgotten": broken("hypot", (lambda g, x, out: g * x / out, None)),
    "keepdims missing": broken("logsumexp", lambda g, x, out: g * np.exp(x - out)),
    "mean for a sum where it was broadcast": broken(
        "broadcast_to", lambda g, x_shape: g * (np.prod(x_shape) / g.size)
    ),
    "order of axes not inverted": broken(
        "permute_dims", lambda g, axes: g.transpose(axes)
    ),
    "not transposed": broken(
        "matmul", (lambda g, x, y: g * 0 + np.matmul(g, y), lambda g, x, y: g * 0)
    ),
    "elements picked twice": broken("getitem", assigned),
}


@pytest.mark.parametrize("ns", WRONG.values(), ids=WRONG)
def test_a_wrong_rule_is_found_and_the_program_shrunk(ns):
    (op,) = [name for name, function in ns.items() if function is not OURS[name]]

    def fails(program):
        if op not in [step.op for step in program.steps]:
            return False
        try:
            return error(program, ns=ns, looks=1) > 1
        except (GradientError, ValueError):  # a cotangent of a wrong shape
            return True

    family = [*list(VOCABULARY)[:20], op, "sum", "concat", "reshape"]
    vocabulary = {name: VOCABULARY[name] for name in family}
    program = find(
        st.graphs(vocabulary=vocabulary), fails, settings=settings(max_examples=2000)
    )
    assert len([step for step in program.steps if step.op != "constant"]) <= 3
    assert op in [step.op for step in program.steps]
    assert sum(x.size for x in program.inputs) <= 16


def test_a_new_elementwise_rule_needs_no_entry():
    @tg.rule(vjp=lambda g, x: g / x, elementwise=True, domain="positive")
    def ln(x, /):
        return np.log(x)

    entries = by_domain([ln, *tg.RULES.values()])
    writer = Writer()
    writer.choose_by(bytes(20))
    assert {"ln", "tanh", "divide", "acosh"} <= set(entries)
    entries["tanh"](writer)
    assert "tanh" in writer.ops
    assert not set(entries) & {"sum", "where", "matmul", "less"}
