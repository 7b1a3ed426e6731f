"""Colours, shapes and numbers: told apart, and read, by everybody, light and dark."""

import re
from itertools import combinations

import numpy as np
import pytest
from drawn import SVG, groups, mlp
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_jp import draw
from tinygrad_jp.draw import palette
from tinygrad_jp.draw.palette import LOOKS, RAMPS, TWINS, Ramp, Scale, pair
from tinygrad_jp.draw.picture import Kind
from tinygrad_jp.draw.text import number

# --- colours -----------------------------------------------------------------------

MODES = {"light": lambda color: color, "dark": TWINS.__getitem__}
in_both_modes = pytest.mark.parametrize("seen", MODES.values(), ids=MODES)


def light_of(color):
    """Linear light of red, green and blue (IEC 61966-2-1)."""
    parts = np.array(list(bytes.fromhex(color[1:]))) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def luminance(color):
    return light_of(color) @ [0.2126, 0.7152, 0.0722]


def contrast(a, b):
    """WCAG 2.2: 4.5 for small text, 3 for graphics."""
    light, dark = sorted([luminance(a), luminance(b)], reverse=True)
    return (light + 0.05) / (dark + 0.05)


@in_both_modes
def test_every_text_can_be_read_on_its_ground(seen):
    fills = [look.fill for look in LOOKS.values()]
    for fill in [*fills, palette.PAPER, palette.FRAME_FILL]:
        assert contrast(seen(palette.INK), seen(fill)) > 7
        assert contrast(seen(palette.QUIET), seen(fill)) > 4.5
        assert contrast(seen(palette.GRADIENT), seen(fill)) > 4.5
    assert contrast(seen(palette.PAPER), seen(palette.ALARM)) > 4.5


@in_both_modes
def test_every_line_can_be_seen_on_its_ground(seen):
    for ground in (palette.PAPER, palette.FRAME_FILL):
        for line in (palette.PLAIN_WIRE, palette.ALARM):
            assert contrast(seen(line), seen(ground)) > 3
        for color in palette.WIRES.colors:
            assert contrast(seen(color), seen(ground)) > 2
        assert contrast(seen(palette.FRAME), seen(ground)) > 2
    for look in LOOKS.values():
        assert contrast(seen(look.line), seen(look.fill)) > 3


# For linear light, at full strength: Machado, Oliveira and Fernandes, "A
# Physiologically-based Model for Simulation of Color Vision Deficiency" (2009).
EYES = {
    "most": np.eye(3),
    "without red": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "without green": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "without blue": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)


def lab(color, eyes):
    """CIELAB of a colour as some eyes see it: 2 apart is hardly a difference."""
    t = XYZ @ np.clip(np.array(eyes) @ light_of(color), 0, 1) / XYZ.sum(axis=1)
    x, y, z = np.where(t > 216 / 24389, np.cbrt(t), (24389 / 27 * t + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("eyes", EYES.values(), ids=EYES)
@in_both_modes
def test_kinds_are_told_apart_by_colour_whoever_looks(seen, eyes):
    def apart(a, b):
        return np.linalg.norm(lab(seen(a), eyes) - lab(seen(b), eyes))

    shown = [LOOKS[kind] for kind in Kind if kind is not Kind.LAYER]  # as an op
    for a, b in combinations(shown, 2):
        assert apart(a.fill, b.fill) > 9
        assert apart(a.fill, b.fill) + apart(a.line, b.line) > 25
    for color in palette.WIRES.colors:
        assert apart(color, palette.PLAIN_WIRE) > 25


def test_kinds_differ_in_shape():
    shown = [kind for kind in Kind if kind is not Kind.LAYER]
    drawn = draw(mlp())
    forms = {}
    for kind in shown:
        group = groups(drawn, kind.value)[0]
        tags = [child.tag for child in group.iter() if child.tag != f"{SVG}text"]
        forms[kind] = tuple(tags)
    for a, b in combinations(shown, 2):
        assert forms[a] != forms[b]


def test_a_colour_has_one_twin():
    with pytest.raises(ValueError, match="two twins, #11161f and #000000"):
        pair(palette.PAPER, "#000000")
    assert TWINS[palette.PAPER] == "#11161f"


def test_colours_have_six_digits_in_lower_case():
    for color in [*TWINS, *TWINS.values()]:
        assert re.fullmatch("#[0-9a-f]{6}", color)
    colors = re.findall(r"#[0-9a-zA-Z]+", draw(mlp()).dot)
    entities = {color for color in colors if color in ("#92", "#39")}
    assert {len(color) for color in colors if color not in entities} == {7}


# --- ramps -------------------------------------------------------------------------

each_ramp = pytest.mark.parametrize("ramp", RAMPS.values(), ids=RAMPS)


@each_ramp
@in_both_modes
def test_a_ramp_leads_away_from_the_paper(ramp, seen):
    away = [contrast(seen(color), seen(palette.PAPER)) for color in ramp.colors]
    assert away == sorted(away)
    assert away[-1] > 2 * away[0]


@each_ramp
def test_a_ramp_has_its_stops_at_its_ends_and_a_step_for_every_place(ramp):
    assert ramp.color(0.0) == ramp.colors[0]
    assert ramp.color(1.0) == ramp.colors[-1]
    assert len(set(ramp.colors)) == Ramp.STEPS
    assert len({TWINS[color] for color in ramp.colors}) == Ramp.STEPS
    places = [ramp.color(i / 1000) for i in range(1001)]
    assert list(dict.fromkeys(places)) == ramp.colors


def test_a_ramp_passes_its_stops_in_both_modes():
    stops = ("#010203", "#a0b0c0", "#fdfefd"), ("#fcfdfe", "#102030", "#030201")
    try:
        ramp = Ramp(*stops)
        middle = ramp.color(0.5)
        assert (ramp.color(0), middle, ramp.color(1)) == stops[0]
        assert [TWINS[c] for c in (ramp.color(0), middle, ramp.color(1))] == [*stops[1]]
        assert TWINS[ramp.color(0.25)] == "#868e97"
    finally:
        for color in set(ramp.colors):
            del TWINS[color]


@in_both_modes
def test_text_can_be_read_on_nodes_that_a_ramp_fills(seen):
    fills = [ramp for name, ramp in RAMPS.items() if name != "wires"]
    for color in [color for ramp in fills for color in ramp.colors]:
        assert contrast(seen(palette.INK), seen(color)) > 4.5


# --- fonts, wires and numbers ------------------------------------------------------


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
    assert luminance(TWINS[scale.color(low)]) <= luminance(TWINS[scale.color(high)])
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
