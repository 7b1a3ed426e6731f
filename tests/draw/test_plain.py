"""Numbers as a person writes them, and text that a terminal shows as it stands."""

import doctest
import re
import unicodedata

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tinygrad_jp.draw import plain
from tinygrad_jp.draw.plain import columns, cut, lines_of, padded, safe, written
from tinygrad_jp.draw.summary import summary_of


def test_the_examples_of_the_page_run():
    ran = doctest.testmod(plain)
    assert ran.attempted >= 8
    assert not ran.failed


@given(st.floats(-1e300, 1e300))
def test_a_written_number_has_at_least_four_right_digits(value):
    text = written(value)
    assert float(text) == pytest.approx(value, rel=0.5001e-3, abs=0)
    assert not re.search(r"\.\d*0$|\.$", text.split("e")[0])


@given(st.integers(-9_999_999, 9_999_999))
def test_a_whole_number_is_written_in_full(value):
    assert written(float(value)) == str(value)


@given(st.floats(-9e6, 9e6), st.sampled_from([1 - 2e-16, 1 + 4e-16]))
def test_the_noise_of_float64_is_not_written(value, noise):
    whole = float(round(value))
    assert written(whole * noise) == str(round(value))


@given(st.floats(1000, 9_999_999))
def test_no_digit_before_the_point_is_lost(value):
    assert abs(float(written(value)) - value) <= 0.5


def test_special_numbers():
    special = [
        0.0,
        -0.0,
        float("nan"),
        float("inf"),
        -float("inf"),
        1.1,
        2.2,
        3.3000001,
    ]
    texts = ["0", "0", "NaN", "∞", "-∞", "1.1", "2.2", "3.3"]
    assert [written(value) for value in special] == texts


def lines(values):
    array = np.asarray(values)
    return [
        line.replace("\u2007", " ") for line in lines_of(summary_of(array), array.shape)
    ]


def test_few_elements_are_shown_and_otherwise_the_shape():
    assert lines(1.5) == ["1.5"]
    assert lines([1.0, 2.0, 3.0]) == ["[1 2 3]"]
    assert lines([[1.0, 2.0, -3.0]]) == ["[[ 1  2 -3]]"]
    assert lines([[1.0, 2.0], [10.0, 4.5]]) == ["[  1   2]", "[ 10 4.5]"]
    assert lines(np.zeros(7)) == ["(7,)"]
    assert lines(np.zeros((1, 2, 1))) == ["(1, 2, 1)"]
    assert lines(np.zeros(0)) == ["(0,)"]
    assert lines([True, False]) == ["[1 0]"]


@pytest.mark.parametrize(
    ("bad", "mark"), [(np.nan, "NaN"), (np.inf, "∞"), (-np.inf, "∞")]
)
def test_a_large_array_says_what_is_wrong_in_it(bad, mark):
    array = np.zeros((3, 4))
    array[1, 1] = bad
    assert lines(array) == [f"(3, 4) {mark}"]


@given(st.text(st.characters()))
def test_safe_text_cannot_steer_a_terminal(text):
    bad = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    clean = safe(text)
    assert len(clean) == len(text)
    for before, after in zip(text, clean):
        steers = unicodedata.category(before) in bad
        assert after == "\ufffd" if steers else after in (before, "\ufffd", " ")
    assert clean.isprintable()


def test_what_a_terminal_shows_is_left_as_it_is():
    text = "W1 りんご é e\u0301 ∇ ×"
    assert safe(text) == text


texts = st.text(st.sampled_from("ab 入力ｱアＡ、e\u0301×…"), max_size=20)


@given(texts, st.integers(1, 30))
def test_a_cut_text_fits_and_loses_nothing_without_need(text, most):
    short = cut(text, most)
    assert columns(short) <= most
    if columns(text) <= most:
        assert short == text
    else:
        assert short.endswith("…")
        assert text.startswith(short[:-1])
        assert columns(short) >= most - 1


@given(texts, texts)
def test_columns_add_up(first, second):
    assert columns(first + second) == columns(first) + columns(second)


def test_japanese_letters_take_two_columns():
    assert [columns(text) for text in ("x", "入力", "ｱ", "Ａ", "e\u0301")] == [
        1,
        4,
        1,
        2,
        1,
    ]


@given(texts, st.integers(0, 40))
def test_padding_gives_equal_widths(text, width):
    assume(columns(text) <= width)
    assert columns(padded(text, width)) == width
