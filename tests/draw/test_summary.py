"""What a picture keeps of an array: right for every dtype, also where sums overflow."""

import numpy as np
import pytest
from drawn import groups, parameter, tip
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_jp as tg
from tinygrad_jp import Tensor, draw
from tinygrad_jp.draw.summary import summary_of

DTYPES = [np.float16, np.float32, np.float64, np.int8, np.int64, np.uint64, bool]
arrays = st.sampled_from(DTYPES).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0))
)


@given(arrays)
def test_a_summary_is_that_of_the_array(array):
    found = summary_of(array)
    exact = array.astype(np.longdouble).ravel()
    finite = exact[np.isfinite(exact)]
    assert found.size == array.size
    assert found.zeros == np.count_nonzero(exact == 0)
    assert found.nans == np.count_nonzero(np.isnan(exact))
    assert found.infinities == np.count_nonzero(np.isinf(exact))
    assert sum(found.bars) == finite.size
    if finite.size:
        assert found.low == float(finite.min())
        assert found.high == float(finite.max())
        scale = max(abs(found.low), abs(found.high))
        assert found.mean == pytest.approx(float(finite.mean()), abs=1e-12 * scale)
        assert found.low <= found.mean + 1e-12 * scale
    if finite.size == exact.size and array.size:
        largest = np.abs(exact).max()
        scaled = exact / largest if largest else exact
        norm = float(largest * np.sqrt((scaled**2).sum()))
        assert found.norm == pytest.approx(norm, rel=1e-9)
        assert found.rms == pytest.approx(norm / np.sqrt(array.size), rel=1e-9)


def test_numbers_of_half_precision_do_not_overflow():
    found = summary_of(np.full((300, 300), 60000, np.float16))
    assert (found.low, found.mean, found.high) == (60000, 60000, 60000)
    assert found.rms == pytest.approx(60000)


def test_the_largest_numbers_have_a_mean():
    found = summary_of(np.array([1.7e308, 1.7e308, 1.6e308]))
    assert found.mean == pytest.approx(1.7e308, rel=0.03)


# --- in tooltips ---------------------------------------------------------------------


def test_a_tooltip_says_what_is_in_an_array():
    x = Tensor([[0.0, 1.0, -3.0]], requires_grad=True, name="x")
    (node,) = groups(draw((x * x * 0.5).sum()), "parameter")
    assert tip(node) == [
        "x (parameter)",
        "shape (1, 3), float64",
        "value: min -3, mean -0.6667, max 1",
        "value: zeros 1, NaN 0, infinite 0",
        "gradient: min -3, mean -0.6667, max 1",
        "gradient: zeros 1, NaN 0, infinite 0",
        "gradient norm 3.16228, RMS 1.82574",
    ]


def test_a_tooltip_of_numbers_that_are_not_finite_counts_them():
    x = Tensor([[np.nan, 1.0, np.inf]], name="x")
    W = parameter("W", (3, 1))
    (node,) = groups(draw((x @ W).sum()), "input")
    assert "⚠ NaN ×1 in the data" in tip(node)
    assert "value: min 1, mean 1, max 1" in tip(node)
    assert "value: zeros 0, NaN 1, infinite 1" in tip(node)


def test_a_tooltip_of_a_single_number_is_that_number_and_there_is_its_line():
    drawing = draw(lambda a: a * 3.0, 1.5)
    (node,) = groups(drawing, "op")
    lines = tip(node)
    assert "value: 4.5" in lines
    assert any(
        "test_summary.py" in line and line.startswith("line: ") for line in lines
    )


def test_tooltips_speak_japanese():
    x = Tensor([[0.0, 1.0, -3.0]], requires_grad=True, name="x")
    (node,) = groups(draw((x * x).sum(), lang="ja"), "parameter")
    assert tip(node)[2:4] == [
        "値: 最小 -3、平均 -0.6667、最大 1",
        "値: 0 が 1 個、NaN 0 個、無限大 0 個",
    ]


def test_problems_are_counted_in_the_text_of_a_drawing():
    x = Tensor([0.0, 1.0], requires_grad=True, name="x")
    with np.errstate(all="ignore"):
        drawing = draw(tg.log(x).sum())
    assert repr(drawing).endswith(", 1 problem>")
    assert "problem" not in repr(draw((x * x).sum()))
