"""Colours, shapes and numbers: told apart, and read, by everybody."""

import re
from itertools import combinations

import pytest
from drawn import SVG, groups, mlp
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_jp import draw
from tinygrad_jp.draw import palette
from tinygrad_jp.draw.palette import LOOKS, Scale
from tinygrad_jp.draw.picture import Kind
from tinygrad_jp.draw.text import number


def luminance(color):
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    light, dark = sorted([luminance(a), luminance(b)], reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_every_text_can_be_read_on_its_ground():
    fills = [look.fill for look in LOOKS.values()]
    for fill in [*fills, palette.PAPER, palette.FRAME_FILL]:
        assert contrast(palette.INK, fill) > 7
    for ground in (palette.PAPER, palette.FRAME_FILL):
        assert contrast(palette.QUIET, ground) > 4.5
        assert contrast(palette.GRADIENT, ground) > 4.5
    assert contrast(palette.GRADIENT, LOOKS[Kind.PARAMETER].fill) > 4
    assert contrast(palette.PAPER, palette.ALARM) > 4.5


def test_kinds_differ_in_shape_and_in_colour():
    shown = [kind for kind in Kind if kind is not Kind.LAYER]  # a layer is a big op
    drawn = draw(mlp())
    forms = {}
    for kind in shown:
        group = groups(drawn, kind.value)[0]
        tags = [child.tag for child in group.iter() if child.tag != f"{SVG}text"]
        forms[kind] = tuple(tags)
    for a, b in combinations(shown, 2):
        assert forms[a] != forms[b]
        assert LOOKS[a].fill != LOOKS[b].fill
        assert LOOKS[a].line != LOOKS[b].line


def test_colours_have_six_digits():
    colors = re.findall(r"#[0-9a-zA-Z]+", draw(mlp()).dot)
    entities = {color for color in colors if color in ("#92", "#39")}
    assert {len(color) for color in colors if color not in entities} == {7}


def test_a_latin_font_comes_before_a_japanese_one():
    fonts = re.findall(r'fontname="([^"]*)"', draw(mlp()).dot)
    assert len(set(fonts)) == 1
    order = fonts[0].split(",")
    assert order.index("DejaVu Sans") < order.index("IPAexGothic")


positive = st.floats(1e-30, 1e30)


@given(st.lists(positive, min_size=1, max_size=6), positive, positive)
def test_a_larger_gradient_is_never_thinner_or_lighter(norms, a, b):
    scale = Scale([*norms, a, b])
    low, high = sorted([a, b])
    assert scale.width(low) <= scale.width(high)
    assert luminance(scale.color(low)) >= luminance(scale.color(high))
    if high > 1000 * low:
        assert scale.width(low) < scale.width(high)
        assert scale.color(low) != scale.color(high)


@pytest.mark.parametrize("norm", [float("nan"), float("inf")])
def test_trouble_has_a_colour_of_its_own(norm):
    scale = Scale([norm, 1.0])
    assert scale.color(norm) == palette.ALARM
    assert scale.color(None) == scale.color(0.0) == palette.PLAIN_WIRE
    assert scale.width(norm) >= scale.width(1.0)


@given(st.floats(-1e300, 1e300), st.integers(1, 6))
def test_a_number_is_short_and_right(value, digits):
    text = number(value, digits)
    assert float(text) == pytest.approx(value, rel=0.5001 * 10 ** (1 - digits), abs=0)
    assert len(text) <= digits + 7
    assert not re.search(r"\.\d*0$|\.$", text.split("e")[0])
