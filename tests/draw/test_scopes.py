"""The scopes flavour: what Graphviz makes of a picture, read back from the SVG."""

import re

import numpy as np
from drawn import SVG, groups, legend, middle, mlp, texts, tip

import tinygrad_jp as tg
from tinygrad_jp import Tensor, draw
from tinygrad_jp.draw import palette
from tinygrad_jp.draw.picture import Kind
from tinygrad_jp.draw.text import WORDS

# --- structure -------------------------------------------------------------------


def test_the_books_network():
    drawing = draw(mlp())
    kinds = {kind: len(groups(drawing, kind.value)) for kind in Kind}
    assert kinds == {
        Kind.INPUT: 2,
        Kind.PARAMETER: 4,
        Kind.OP: 4,
        Kind.LAYER: 2,
        Kind.OUTPUT: 1,
    }
    assert len(groups(drawing, "node")) == 13
    assert len(groups(drawing, "wire")) == len(groups(drawing, "edge")) == 12
    frames = [texts(frame) for frame in groups(drawing, "frame")]
    assert frames == [["Affine1"], ["Affine2"]]


def test_nodes_say_name_shape_and_norm():
    parameters = []
    loss = mlp(parameters)
    drawing = draw(loss)
    loss.backward()
    norm = np.linalg.norm(parameters[0].grad.data)
    assert texts(groups(drawing, "parameter")[0]) == [
        *("W1", "(7, 4)", f"∇ {float(f'{norm:.2g}'):g}")
    ]
    assert texts(groups(drawing, "input")[0]) == ["x", "(5, 7)"]
    assert texts(groups(drawing, "output")[0]) == ["loss", f"{loss.item():.4g}"]
    assert texts(groups(drawing, "layer")[0]) == ["ReLU1"]
    assert texts(groups(drawing, "layer")[1]) == ["SoftmaxWithLoss", "9 ops"]


def test_wires_between_layers_say_shape_and_norm_and_others_nothing():
    said = [texts(wire) for wire in groups(draw(mlp()), "wire") if texts(wire)]
    assert [lines[0] for lines in said] == ["(5, 4)", "(5, 4)", "(5, 3)"]
    assert all(re.fullmatch(r"∇ [\d.]+", lines[1]) for lines in said)


def test_a_named_tensor_is_named_on_its_wire():
    x = Tensor([1.0, 2.0], requires_grad=True, name="x")
    h = x * x
    h.name = "hidden"
    (wire,) = [w for w in groups(draw(h.sum()), "wire") if texts(w)]
    assert texts(wire) == ["hidden", "(2,)", "∇ 1.4"]


def test_two_wires_between_two_boxes_are_drawn_as_one():
    x = Tensor([1.0, 2.0], requires_grad=True, name="x")
    with tg.scope("A"):
        y = tg.exp(x * x)
    with tg.scope("B"):
        z = tg.tanh(y * y)
    assert len(groups(draw(z.sum()), "wire")) == 6
    assert len(groups(draw((x * x).sum()), "wire")) == 4  # two of them from x to ×


def test_a_tensor_with_two_users_is_described_once():
    x = Tensor([1.0, 2.0], requires_grad=True, name="x")
    h = tg.exp(x)
    said = [texts(w) for w in groups(draw((tg.tanh(h) * h).sum()), "wire") if texts(w)]
    assert len(said) == 3  # of exp, tanh and ×; Σ is the output


def places(drawing):
    """The middle of each node, by its first line."""
    return {texts(node)[0]: middle(node) for node in groups(drawing, "node")}


def test_the_spine_is_straight_and_parameters_stand_under_their_op():
    across = places(draw(mlp()))
    spine = [across[name] for name in ("x", "@", "ReLU1", "SoftmaxWithLoss", "loss")]
    assert max(y for _, y in spine) - min(y for _, y in spine) < 1
    assert [x for x, _ in sorted(spine)] == sorted(x for x, _ in spine)
    for name, op in {"W2": "@", "b2": "+", "t": "SoftmaxWithLoss"}.items():
        (x, y), (op_x, op_y) = across[name], across[op]
        assert abs(x - op_x) < 1
        assert y > op_y + 30


def test_the_spine_is_straight_with_skip_connections_and_boxes_too():
    drawing = draw(mlp(), depth=9)
    down = places(drawing)
    beside = {"W1", "b1", "W2", "b2", "t"}
    xs = [x for name, (x, _) in down.items() if name not in beside]
    assert max(xs) - min(xs) < 1
    assert all(down[name][0] < min(xs) - 30 for name in beside)


def test_a_long_picture_runs_down_the_page():
    y = Tensor(1.0, requires_grad=True, name="x")
    for _ in range(30):
        y = tg.tanh(y)
    assert "rankdir=TB" in draw(y).dot
    ys = [middle(group)[1] for group in groups(draw(y), "op")]
    assert ys == sorted(ys)


def test_a_skip_connection_runs_over_the_spine():
    x = Tensor([1.0], requires_grad=True, name="x")
    h = x * 2.0
    drawing = draw((h + tg.tanh(tg.exp(h))).sum())
    assert drawing.dot.count("headport=n") == 1
    assert len(groups(drawing, "wire")) == 7


def test_tooltips_say_shape_dtype_norm_and_ops():
    drawing = draw(mlp())
    first, shape, *_, norm = tip(groups(drawing, "parameter")[0])
    assert first == "W1 (parameter)"
    assert shape == "shape (7, 4), float64"
    assert re.fullmatch(r"gradient norm [\d.]{5,}, RMS [\d.]{5,}", norm)
    lines = tip(groups(drawing, "layer")[1])
    assert lines[:2] == ["SoftmaxWithLoss (layer)", "shape (), float64"]
    assert lines[-9] == "subtract(·, const)"
    assert tip(groups(drawing, "wire")[0])[0] == "x: shape (5, 7), float64"


def test_a_layer_of_many_parameters_lists_some_and_counts_the_rest():
    x = Tensor(np.ones((2, 2)), name="x")
    W = [Tensor(np.ones((2, 2)), requires_grad=True, name=f"W{i}") for i in range(6)]
    with tg.scope("Block"):
        for w in W:
            x = x @ w
    (card,) = groups(draw(x.sum()), "parameter")
    assert texts(card)[-1] == "and 2 more"
    assert "".join(texts(card)).count("∇") == 4
    assert len([line for line in tip(card) if line.startswith("W")]) == 6


def test_nan_shouts():
    x = Tensor([0.0, 1.0], requires_grad=True, name="x")
    drawing = draw((tg.sqrt(x) * 0.0).sum() + np.nan)
    (x_node,) = groups(drawing, "parameter")
    assert texts(x_node)[-1] == "∇ NaN ×1"
    assert palette.ALARM in [text.get("fill") for text in x_node.iter(f"{SVG}text")]
    (output,) = groups(drawing, "output")
    assert texts(output)[-1].strip() == "NaN"
    fills = [polygon.get("fill") for polygon in output.iter(f"{SVG}polygon")]
    assert palette.ALARM in fills


# --- legend ----------------------------------------------------------------------


def test_the_legend_names_just_what_occurs():
    assert legend(draw(mlp())) == [
        *("input", "parameter", "○", "op", "layer", "output"),
        "∇ gradient norm (thicker and stronger = larger)",
    ]
    x = Tensor(2.0, requires_grad=True)
    assert legend(draw(x * x))[:4] == ["parameter", "○", "op", "output"]


def test_japanese():
    drawing = draw(mlp(), lang="ja")
    assert legend(drawing)[-1] == "∇ 勾配のノルム（太く鮮やかな矢印ほど大きい）"
    assert texts(groups(drawing, "input")[0])[0] == "x 入力"
    assert texts(groups(drawing, "input")[1])[0] == "t 教師"
    assert texts(groups(drawing, "output")[0])[0] == "loss 損失"
    assert texts(groups(drawing, "parameter")[0])[0] == "W1"


def test_after_backward_the_legend_says_how_to_get_more():
    parameters = []
    loss = mlp(parameters)
    loss.backward()
    drawing = draw(loss)
    assert "∇ norm of .grad" in legend(drawing)
    assert "retain_graph=True" in legend(drawing)[-1]
    assert len(parameters) == 4
    assert not any("∇" in "".join(texts(w)) for w in groups(drawing, "wire"))
    x = Tensor([1.0, 2.0], requires_grad=True)
    assert legend(draw(x * 2.0))[-1] == WORDS["en"].not_scalar


def test_leaves_that_are_drawn_again_are_dashed_and_explained():
    W = Tensor(np.eye(2), requires_grad=True, name="W")
    x = Tensor(np.ones((2, 2)), name="x")
    for _ in range(3):
        x = tg.tanh(x @ W)
    drawing = draw(x.sum())
    assert drawing.dot.count("dashed") >= 3
    assert any("dashed" in line for line in legend(drawing))
    drawn = [texts(g) for g in groups(drawing, "parameter")]
    assert sorted(len(lines) for lines in drawn) == [1, 1, 3]
