"""Blocks that are alike are drawn once, with the numbers of all of them."""

import numpy as np
import pytest
from drawn import affine, links, model, named, numbers, parameter, relu, titles

import tinygrad_jp as tg
from tinygrad_jp import Tensor
from tinygrad_jp.draw.basics import Options
from tinygrad_jp.draw.build import pictures_of
from tinygrad_jp.draw.picture import Kind
from tinygrad_jp.draw.runs import stem


def block(name, x, *, width=3, mask=None, scale=None):
    """Two layers and the sum with what came in."""
    with tg.scope(name):
        h = relu("ReLU", affine("up", x, (width, 4)))
        if mask is not None:
            h = h * mask
        y = affine("down", h, (4, width))
        return x + (y if scale is None else y * scale)


def data(width=3):
    return Tensor(numbers(2, width), name="x")


def blocks(count, x=None, **options):
    x = data() if x is None else x
    for i in range(count):
        x = block(f"Block{i + 1}", x, **options)
    return x


def frames(picture):
    """The titles of all boxes, outside of each other first."""
    found = {}
    for item in picture.items:
        box, path = item.box, []
        while box.parent:
            path.append(box.title)
            box = box.parent
        found.update(dict.fromkeys(path[::-1]))
    return list(found)


def box_of(picture, title):
    for item in picture.items:
        box = item.box
        while box is not None:
            if box.title == title:
                return box
            box = box.parent
    raise LookupError(title)


# --- what is folded --------------------------------------------------------------


def test_twelve_blocks_are_one_frame_with_the_inside_of_one():
    picture = model(blocks(12).sum())
    assert frames(picture) == ["Block ×12", "up", "down"]
    assert titles(picture, Kind.OP) == ["@", "+", "@", "+", "+", "Σ"]
    assert titles(picture, Kind.LAYER) == ["ReLU"]
    parts = [i for i in picture.items if i.kind is Kind.PARAMETER]
    assert [part.rows[0].name for part in parts] == ["W", "b", "W", "b"]
    assert box_of(picture, "Block ×12").parameters == 12 * (12 + 4 + 12 + 3)


def test_one_wire_leads_in_and_one_out():
    picture = model(blocks(12).sum())
    inside = {i for i in picture.items if i.box.parent}
    entering = [w for w in picture.wires if w.target in inside - {w.source}]
    entering = [w for w in entering if w.source not in inside]
    assert [(w.source.rows[0].name, w.target.title) for w in entering] == [
        *(("x", "@"), ("x", "+"))
    ]
    leaving = [w for w in picture.wires if w.source in inside]
    leaving = [w for w in leaving if w.target not in inside]
    assert [w.target.title for w in leaving] == ["Σ"]


def test_two_blocks_are_drawn_both_and_so_are_three_that_fit():
    assert "Block1" in frames(model(blocks(2).sum()))
    x = parameter("x", (2, 3))
    for i in range(3):
        with tg.scope(f"Block{i}"):
            x = tg.tanh(x)
    assert titles(model(x.sum()), Kind.LAYER) == ["Block0", "Block1", "Block2"]


def test_with_a_depth_each_block_is_drawn():
    picture = model(blocks(4).sum(), depth=1)
    assert frames(picture) == [f"Block{i + 1}" for i in range(4)]


def test_the_whole_picture_and_other_styles_show_each_block():
    loss = blocks(5).sum()
    whole = pictures_of([loss], Options()).whole
    assert {f"Block{i + 1}" for i in range(5)} <= set(frames(whole))
    ops = model(loss, style="ops")
    assert {f"Block{i + 1}" for i in range(5)} <= set(frames(ops))


def test_a_block_of_another_width_stands_alone():
    h = block("Block1", data(7), width=7)
    h = affine("narrow", h, (7, 3))
    picture = model(blocks(5, h).sum())
    assert "Block ×5" in frames(picture)
    assert "Block1" in frames(picture)


@pytest.mark.parametrize("odd", ["scale", "activation", "name", "keyword"])
def test_a_block_that_differs_parts_the_others(odd):
    x = blocks(4)
    if odd == "scale":
        x = block("Block5", x, scale=0.5)
    elif odd == "name":
        x = block("Other", x)
    elif odd == "activation":
        with tg.scope("Block5"):
            x = x + affine("down", tg.tanh(affine("up", x, (3, 4))), (4, 3))
    else:
        with tg.scope("Block5"):
            x = x - x.mean(axis=0, keepdims=True)
    found = frames(model(blocks(4, x).sum()))
    assert found.count("Block ×4") == 1  # two of one title
    assert len([i for i in found if "×" in i]) == 1
    assert "Block ×9" not in found


def test_blocks_with_other_numbers_in_their_formulas_are_not_alike():
    x = data()
    for i in range(6):
        x = block(f"Block{i}", x, scale=0.5 + i)
    assert not [title for title in frames(model(x.sum())) if "×" in title]


def test_blocks_with_other_keywords_are_not_alike():
    x = Tensor(numbers(3, 3), name="x")
    for i in range(6):
        with tg.scope(f"Block{i}"):
            h = tg.tanh(affine("up", x, (3, 3)))
            x = x - tg.exp(h).sum(axis=i % 2) - affine("down", h, (3, 3))
    assert not [title for title in frames(model(x.sum())) if "×" in title]


def test_blocks_side_by_side_are_not_folded():
    x = parameter("x", (2, 3))
    y = tg.concatenate([block(f"Block{i}", x) for i in range(6)])
    for factor in range(2, 16):  # so that it does not fit on a page
        y = tg.tanh(y * float(factor))
    picture = model(y.sum())
    assert not [title for title in frames(picture) if "×" in title]


def test_neighbours_repeat_together():
    x = Tensor(numbers(2, 4), name="x")
    x = relu("ReLU1", affine("Affine1", x, (4, 3)))
    for i in range(2, 31):
        x = relu(f"ReLU{i}", affine(f"Affine{i}", x, (3, 3)))
    picture = model(affine("Affine31", x, (3, 2)).sum())
    assert frames(picture) == ["Affine1", "×29", "Affine", "Affine31"]
    assert "ReLU" in titles(picture, Kind.LAYER)


def test_a_unit_begins_with_parameters():
    x = Tensor(numbers(2, 3), name="x")
    for i in range(1, 16):
        x = relu(f"ReLU{i}", affine(f"Affine{i}", x, (3, 3)))
    picture = model(affine("Affine16", x, (3, 3)).sum())
    assert frames(picture) == ["×15", "Affine", "Affine16"]


def test_a_sum_behind_each_block_is_a_part_of_it():
    x = data()
    for i in range(6):
        with tg.scope(f"Block{i}"):
            h = affine("down", tg.tanh(affine("up", x, (3, 4))), (4, 3))
        x = tg.tanh(x + h)
    picture = model(x.sum())
    assert frames(picture)[:2] == ["×6", "Block"]
    assert len(titles(picture, Kind.OP)) == 8


def test_stages_of_blocks():
    x = data()
    for i in range(4):
        with tg.scope(f"stage{i}"):
            x = blocks(3, x)
    picture = model(x.sum())
    assert frames(picture) == ["stage ×4", "Block ×3", "up", "down"]
    assert box_of(picture, "stage ×4").parameters == 12 * 31
    assert box_of(picture, "Block ×3").parameters == 3 * 31


def test_calls_of_one_module_over_time_share_their_weights():
    for sliced_before in (False, True):
        x = Tensor(numbers(20, 2, 3), requires_grad=True, name="x")
        W, U = parameter("W", (3, 4)), parameter("U", (4, 4))
        h = Tensor(np.zeros((2, 4)), name="h0")
        cell = tg.scope("RNN", key=1)
        steps = [x[i] for i in range(20)] if sliced_before else x
        for i in range(20):
            step = steps[i]
            with cell:
                h = tg.tanh(step @ W + h @ U)
        picture = model(h.sum())
        assert box_of(picture, "×20").parameters == x.size + W.size + U.size
        assert titles(picture, Kind.OP)[0] == "[i]"
        assert titles(picture, Kind.OP).count("[i]") == 1
        assert named(picture, "h0").box is picture.sheet
        assert named(picture, "x").box is picture.sheet


def test_a_mask_that_all_blocks_use_comes_in_once_from_outside():
    mask = Tensor(np.ones((2, 4)), name="mask")
    picture = model(blocks(5, mask=mask).sum())
    item = named(picture, "mask")
    assert item.box is picture.sheet
    assert len([w for w in picture.wires if w.source is item]) == 1


def test_what_each_block_takes_from_outside_comes_in_once():
    sources = [tg.exp(parameter(f"p{i}", (2, 4))) for i in range(5)]
    used_elsewhere = sum(source.sum() for source in sources)
    x = data()
    for i in range(5):
        x = block(f"Block{i}", x, mask=sources[i])
    picture = model(x.sum() + used_elsewhere)
    assert "Block ×5" in frames(picture)
    assert links(picture).count(("exp", "×")) == 5


def test_what_comes_back_into_later_blocks_is_not_folded_over():
    x = data()
    early = None
    for i in range(6):
        with tg.scope(f"Block{i}"):
            h = affine("down", tg.tanh(affine("up", x, (3, 4))), (4, 3))
            x = x + (h if early is None else h * early)
        if i == 0:
            with tg.scope("gate"):
                early = tg.exp(tg.sin(x) * x)
    picture = model(x.sum())
    order = {item: i for i, item in enumerate(picture.items)}
    assert len(order) == len(picture.items)
    found = frames(picture)
    assert "Block ×5" in found  # without the first, through which the gate hangs
    assert "Block ×6" not in found


def test_results_of_all_blocks_leave_by_one_wire():
    for collect in (tg.concatenate, tg.stack):  # which reshapes each first
        x, kept = data(), []
        for i in range(8):
            x = block(f"Block{i}", x)
            kept.append(x)
        picture = model(collect(kept).sum())
        assert [title for title in frames(picture) if "×8" in title]
        inside = {item for item in picture.items if item.box.parent}
        leaving = [w for w in picture.wires if w.source in inside]
        assert len([w for w in leaving if w.target not in inside]) == 1


def test_what_is_folded_counts_all_ops():
    x = data()
    for i in range(20):
        with tg.scope(f"Block{i}"):
            for _ in range(20):
                x = tg.tanh(x * parameter("w", (3,)))
    (layer,) = [i for i in model(x.sum()).items if i.kind is Kind.LAYER]
    assert layer.title == "Block ×20"
    assert layer.size == 20 * 40


# --- numbers ---------------------------------------------------------------------


def test_rows_have_the_range_of_norms_and_the_numbers_of_all():
    x, weights = data(), []
    for i in range(9):
        with tg.scope(f"Block{i}"):
            W = parameter(f"W{i}", (3, 3))
            x = tg.tanh(x @ W)
        weights.append(W)
    loss = x.sum()
    picture = model(loss)
    (row,) = [i.rows[0] for i in picture.items if i.kind is Kind.PARAMETER]
    loss.backward()
    norms = [np.linalg.norm(W.grad.data) for W in weights]
    assert row.name == "W"
    assert row.norms == pytest.approx((min(norms), max(norms)))
    assert row.norm == row.norms[1]
    assert row.grad.size == row.value.size == 81
    assert row.grad.norm == pytest.approx(np.sqrt(np.sum(np.square(norms))))
    values = np.stack([W.data for W in weights])
    assert row.value.mean == pytest.approx(values.mean())
    assert (row.value.low, row.value.high) == (values.min(), values.max())


def test_one_nan_among_the_blocks_is_seen():
    x = data()
    for i in range(9):
        with tg.scope(f"Block{i}"):
            W = parameter("W", (3, 3))
            x = tg.tanh(x @ W)
            x = x * (np.nan if i == 20 else 1.0)
    y = x.sum() * np.nan
    (row,) = [i.rows[0] for i in model(y).items if i.kind is Kind.PARAMETER]
    assert np.isnan(row.norm)
    assert row.grad.nans == 81


def test_nan_is_the_largest_of_a_range():
    x = Tensor(np.zeros((2, 3)), name="x")
    for i in range(15):
        with tg.scope(f"Block{i}"):
            x = tg.sqrt((x @ parameter("W", (3, 3))) ** 2) + 1.0  # no slope at 0
    (row,) = [i.rows[0] for i in model(x.sum()).items if i.kind is Kind.PARAMETER]
    assert np.isfinite(row.norms[0])
    assert np.isnan(row.norms[1])
    assert row.grad.nans == 9


def test_the_same_leaf_in_two_roles_ends():
    a, b = parameter("a", (3,)), parameter("b", (3,))
    x = data()
    for i in range(20):
        first, second = (a, b) if i % 2 else (b, a)
        with tg.scope(f"Block{i}"):
            x = tg.tanh(x * first) * second
    picture = model(x.sum())
    assert "Block ×20" in frames(picture) + titles(picture, Kind.LAYER)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Block3", "Block"), ("層 12", "層"), ("a1.b_2", "a.b"), ("7", ""), ("x", "x")],
)
def test_a_stem_is_the_name_without_numbers(name, expected):
    assert stem(name) == expected


def test_many_long_blocks_are_one_layer():
    x = parameter("x")
    for i in range(50):
        with tg.scope(f"Block{i}"):
            for _ in range(1000):
                x = x + 1e-6
    picture = model(x)
    assert titles(picture, Kind.LAYER) == ["Block ×50"]
    assert named(picture, "Block ×50").size == 50_000
