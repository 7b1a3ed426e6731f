"""What a film says: the sentences of each step, and the formulas."""

import re

import numpy as np
import pytest
from drawn import mlp
from films import apple, number, told, two_ways

import tinygrad_jp as tg
from tinygrad_jp.draw.basics import Options
from tinygrad_jp.draw.build import pictures_of
from tinygrad_jp.draw.film import formulas
from tinygrad_jp.draw.film.story import story_of

# --- the sentences -------------------------------------------------------------------


def test_the_apple_of_the_book():
    steps = told(apple(), lang="ja")
    assert list(steps) == [
        "計算グラフ",
        "順伝播：#1 ×",
        "順伝播：#2 ×",
        "逆伝播：出力から始まる",
        "逆伝播：#2 ×",
        "逆伝播：#1 ×",
        "求まった勾配",
    ]
    assert steps["順伝播：#1 ×"] == {
        "計算": [
            "x · y = 200",
            "x = 2 (りんごの個数)",
            "y = 100 (りんごの値段)",
            "逆伝播のために残すもの：x、y。",
        ]
    }
    assert steps["逆伝播：#1 ×"] == {
        "届いた勾配": ["g = ∂L/∂#1 = 1.1"],
        "局所的な微分": [
            "∂(x · y)/∂x = y = 100",
            "∂(x · y)/∂y = x = 2",
            "ここで x は りんごの個数、y は りんごの値段。",
        ],
        "渡す勾配": [
            "届いた勾配 × 局所的な微分：",
            "→ りんごの個数：1.1 × 100 = 110",
            "→ りんごの値段：1.1 × 2 = 2.2",
        ],
        "なぜ今このノードなのか": [
            "これを使う演算は #2 × だけで、もう済んでいます。ほかには何も届きません。"
        ],
        "勾配が届いているノード": [
            ("ノード", "届いた数", ""),
            ("りんごの個数", "1 / 1", "そろった：.grad になる"),
            ("りんごの値段", "1 / 1", "そろった：.grad になる"),
            ("消費税", "1 / 1", "そろった：.grad になる"),
        ],
    }
    assert steps["求まった勾配"]["backward() を呼ぶと .grad に入るもの"] == [
        ("葉", "勾配"),
        ("りんごの個数", "110"),
        ("りんごの値段", "2.2"),
        ("消費税", "200"),
    ]


def test_apples_and_oranges():
    apples = number("apples", 2.0) * number("apple", 100.0)
    oranges = number("oranges", 3.0) * number("orange", 150.0)
    steps = told((apples + oranges) * number("tax", 1.1))
    assert steps["Backward: #3 +"]["Local derivative"] == [
        "∂(x + y)/∂x = 1",
        "∂(x + y)/∂y = 1",
        "Here x is #1 ×, y is #2 ×.",
    ]
    assert steps["Backward: #3 +"]["Handed on"][1:] == [
        "→ #1: 1.1 × 1 = 1.1",
        "→ #2: 1.1 × 1 = 1.1",
    ]
    assert steps["Backward: #2 ×"]["Why this node now?"] == [
        "Its only user, #3 +, has been visited. Nothing can still arrive.",
        "#1 × would have been possible too: complete as well. The engine takes the "
        "node that was computed last.",
    ]
    (table,) = [
        lines
        for head, lines in steps["The gradients"].items()
        if head.startswith("backward()")
    ]
    assert dict(table[1:]) == {
        "apples": "110",
        "apple": "2.2",
        "oranges": "165",
        "orange": "3.3",
        "tax": "650",
    }


def test_what_an_early_visit_would_lose_is_said_with_its_numbers():
    steps = told(two_ways())
    assert steps["Backward: it starts at the output"]["On the way"][1:] == [
        ("#4 +", "1 / 1", "complete, comes next")
    ]
    assert steps["Backward: #3 ×"]["Handed on"] == [
        "What arrives, times the local derivative:",
        "→ h: 1 × 1 = 1",
        "→ h: 1 × 1 = 1",
        "h: 2 of 3 parts are there, so it has to wait.",
    ]
    assert steps["Backward: #3 ×"]["On the way"][1:] == [
        ("#2 exp", "1 / 1", "complete, comes next"),
        ("#1 × (h)", "2 / 3", "waits"),
    ]
    assert steps["Backward: #2 exp"]["Handed on"][-1] == (
        "h: all 3 parts are there: 1 + 1 + 2.718 = 4.718"
    )
    assert steps["Backward: #1 × (h)"]["Gradient that arrives"] == [
        "g = ∂L/∂h = 1 + 1 + 2.718 = 4.718",
        "It was used 3 times, and what comes back is added: 1 from #3 ×, 1 from #3 ×, "
        "2.718 from #2 exp.",
    ]
    assert steps["Backward: #1 × (h)"]["Why this node now?"] == [
        "All its users have been visited: #3 ×, #2 exp. Nothing can still arrive.",
        "Had it come before #2 exp, it would have handed on a g of 1 + 1, and the "
        "2.718 that arrived later would be missing in everything to the left.",
    ]
    assert steps["Backward: #1 × (h)"]["Handed on"][-1] == (
        "Nothing goes to 2: no gradient was asked for."
    )


def test_sigmoid_op_by_op():
    x = number("x", 0.0)
    steps = told(1.0 / (1.0 + tg.exp(-x)))
    local = {
        title: parts["Local derivative"][0]
        for title, parts in steps.items()
        if "Local derivative" in parts
    }
    assert local == {
        "Backward: #4 ÷": "∂(x / y)/∂y = −x / y² = -0.25",
        "Backward: #3 +": "∂(x + y)/∂y = 1",
        "Backward: #2 exp": "∂(exp(x))/∂x = exp(x) = 1",
        "Backward: #1 −": "∂(−x)/∂x = −1",
    }
    assert steps["Backward: #1 −"]["Handed on"][-1] == "→ x: -0.25 × (-1) = 0.25"


def test_an_op_that_uses_one_tensor_twice():
    x = number("x", 3.0)
    y = x * 1.0
    steps = told(y * y)
    assert steps["Backward: #2 ×"]["Handed on"][1:] == [
        "→ #1: 1 × 3 = 3",
        "→ #1: 1 × 3 = 3",
        "#1: all 2 parts are there: 3 + 3 = 6",
    ]
    assert steps["Backward: #1 ×"]["Why this node now?"] == [
        "Its only user, #2 ×, has handed on all 2 parts. Nothing can still arrive."
    ]


def test_broadcasting_is_said():
    w, c = number("w", [1.0, 2.0]), number("c", 3.0)
    steps = told((w * c + c).sum())
    assert steps["Backward: #2 +"]["Local derivative"] == [
        "∂(x + y)/∂x = 1",
        "∂(x + y)/∂y = 1",
        "Here x is #1 ×, y is c.",
    ]
    assert steps["Backward: #2 +"]["Handed on"] == [
        "What arrives, times the local derivative:",
        "→ #1: [1 1] × [1 1] = [1 1]",
        "→ c: 2 (added up where c was repeated)",
        "c: 1 of 2 parts are there, so it has to wait.",
    ]
    assert steps["Backward: #1 ×"]["Handed on"][-1] == (
        "c: all 2 parts are there: 2 + 3 = 5"
    )
    assert steps["Backward: #3 Σ"]["Local derivative"][0] == (
        "∂L/∂x = g, for each element that was added"
    )


def test_a_network_of_two_layers():
    kept = []
    loss = mlp(kept)
    steps = told(loss)
    loss.backward()
    W = kept[0]
    matmul = steps["Backward: #1 @"]
    assert matmul["Local derivative"][0] == "∂L/∂y = xᵀ @ g"
    norm = f"{np.linalg.norm(W.grad.data):.2g}"
    assert matmul["Handed on"][0] == f"→ W1: [7×4, norm {norm}]"
    assert steps["Forward: #1 @"]["Computed"][0].startswith("x @ y = [5×4, norm")
    rows = dict(next(iter(steps["The gradients"].values()))[1:])
    assert list(rows) == ["W1", "b1", "W2", "b2"]


def test_several_outputs_start_with_one_each():
    x = number("x", 2.0)
    y = x * 3.0
    steps = told(y, y * y)
    assert steps["Backward: it starts at the output"]["The first gradient"][1] == (
        "L is the sum of the outputs: the gradient of each is 1."
    )
    assert steps["Backward: #1 ×"]["Gradient that arrives"][0] == (
        "g = ∂L/∂#1 = 1 + 6 + 6 = 13"
    )


def test_a_rule_of_the_users_has_a_derivative_too():
    @tg.rule(vjp=lambda g, out: g * out)
    def doubling(x, /):
        return np.exp(x)

    steps = told(doubling(number("x", 0.0)))
    assert steps["Backward: #1 doubling"]["Local derivative"][0] == (
        "∂L/∂x = the vjp of doubling, applied to g"
    )


def test_what_the_graph_did_not_keep_is_not_made_up():
    x = number("x", [1.0, 2.0])
    loss = ((x + np.array([1.0, 2.0])) * 3.0).sum()
    steps = told(loss)
    assert steps["Forward: #1 +"]["Computed"][0] == "x + y = [2, not kept]"


# --- the formulas --------------------------------------------------------------------


def rules():
    found = {}
    for name in dir(tg):
        rule = getattr(getattr(tg, name), "__wrapped__", None)
        space = getattr(getattr(tg, name), "__kwdefaults__", None) or {}
        if rule is not None and "_rule" in space:
            found[space["_rule"].name] = space["_rule"]
    return found


ONES = [name for name, forms in formulas.FORMULAS.items() if len(forms) == 2]
SPACE = {
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "pi": np.pi,
    "sign": np.sign,
    **{name: getattr(np, name) for name in ("sin", "cos", "sinh", "cosh", "tanh")},
    "tan": np.tan,
}


def python(form):
    """A formula of the blackboard as Python."""
    form = form.replace("−", "-").replace("·", "*").replace("^", "**")
    form = re.sub(r"(\w+)² x", r"\1(x)**2", form).replace("²", "**2")
    form = re.sub(r"√(\w)", r"sqrt(\1)", form).replace("√(", "sqrt(")
    form = re.sub(r"\b(log|sin|cos|tan|sinh|cosh) (\w+)", r"\1(\2)", form)
    form = form.replace("2 sqrt", "2 * sqrt")
    return form.replace("π", "pi")


@pytest.mark.parametrize("name", [n for n in formulas.FORMULAS if n != "where"])
def test_a_formula_of_the_blackboard_has_the_number_of_the_engine(name):
    values = (1.25, 0.75) if name == "acosh" else (0.75, 0.5)
    forms = formulas.FORMULAS[name][1:]
    operands = [number(n, v) for n, v in zip("xy", values)][: len(forms)]
    loss = getattr(tg, name)(*operands)
    found = story_of(pictures_of([loss], Options()))
    spaces = SPACE | {operand.name: operand.item() for operand in operands}
    for use, form in zip(found.uses, forms):
        if form.startswith("["):
            expected = float(eval(form[1:-1], spaces))
        elif "⌊" in form:
            expected = -(spaces["x"] // spaces["y"])
        else:
            expected = float(eval(python(form), spaces))
        slope = 0.0 if use.slope is None else use.slope.elements[0]
        assert slope == pytest.approx(expected, rel=1e-12), form


def test_every_formula_has_one_derivative_for_each_operand():
    for name, forms in formulas.FORMULAS.items():
        rule = rules()[name]
        assert rule.elementwise
        assert len(forms) == 1 + len(rule.vjps)
    for words in formulas.WORDS.values():
        for name, forms in words.items():
            if name in rules():
                assert not rules()[name].elementwise
                assert len(forms) == len(rules()[name].vjps)
