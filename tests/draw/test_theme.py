"""The stylesheet of an SVG: complete, its own, and gone for whoever knows no styles."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from drawn import SVG, Tensor, affine, mlp, numbers, parameter

import tinygrad_jp as tg
from tinygrad_jp import draw
from tinygrad_jp.draw.palette import TWINS, WIRES
from tinygrad_jp.draw.theme import CLASS, both, schemes, themed


def broken():
    """A network whose logarithm gives NaN."""
    x = Tensor(numbers(5, 7) - 0.5, name="x")
    with np.errstate(all="ignore"):
        return affine("Affine2", tg.log(affine("Affine1", x, (7, 4))), (4, 3)).sum()


def vanishing():
    x = Tensor(numbers(4, 3), name="x")
    for _ in range(4):
        with tg.scope("Layer"):
            x = tg.sigmoid(x @ parameter("W", (3, 3)) * 0.1)
    return (x * 0).sum() + x.sum()


def after_backward():
    loss = mlp()
    loss.backward()
    return loss


GRAPHS = [mlp, broken, vanishing, after_backward]
OPTIONS = [
    {},
    {"depth": 0, "lang": "ja"},
    {"style": "ops"},
    {"style": "book"},
    {"color": "grad"},
    {"color": "time", "lang": "ja"},
    {"color": "memory"},
]


def colors_of(svg):
    """Each attribute that is a colour, as (name, value)."""
    for element in ET.fromstring(svg).iter():
        for name in ("fill", "stroke", "stop-color", "color"):
            if name in element.attrib:
                yield name, element.attrib[name]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("graph", GRAPHS)
def test_every_colour_of_a_picture_has_its_twin(graph, options):
    svg = draw(graph(), **options).svg()
    found = set(colors_of(svg))
    assert len(found) > 5
    for name, color in found:
        if color != "none":
            rule = f".{CLASS} [{name}={color!r}]{{{name}:light-dark({color},"
            assert f"{rule}{TWINS[color]})}}".replace("'", '"') in svg


def test_without_styles_the_svg_is_what_graphviz_made():
    made = (
        '<svg width="9pt"><polygon fill="#ffffff" stroke="transparent"/>'
        '<path fill="none" stroke="#1e293b"/></svg>'
    )
    shown = re.sub(r"\n<style>.*</style>", "", themed(made), flags=re.DOTALL)
    made = made.replace("transparent", "none")
    assert shown == made.replace("<svg ", f'<svg class="{CLASS}" ')


def test_programs_that_know_only_simple_styles_find_none():
    (style,) = re.findall(r"<style>(.*?)</style>", draw(mlp()).svg(), re.DOTALL)
    size, colors = style.split("\n", 1)
    for block, head in (
        (size, "@media all{"),
        (colors, "@supports (color:light-dark(red,red)){"),
    ):
        assert block.startswith(head)
        assert block.count("{") == block.count("}")
        inside = block.removeprefix(head).removesuffix("}")
        assert inside.count("{") == inside.count("}") > 0  # the block ends at the end
        assert "@" not in inside


def test_the_rules_hold_for_our_pictures_alone():
    (style,) = re.findall(r"<style>(.*?)</style>", draw(mlp()).svg(), re.DOTALL)
    rules = style.splitlines()[2:-1]
    assert len(rules) > 15
    assert all(re.match(r"\.tinygrad-jp\b", rule) for rule in rules)


def test_only_colours_that_occur_have_rules():
    made = themed(
        f'<svg width="9pt"><path fill="{WIRES.color(0)}" stroke="red"/></svg>'
    )
    assert re.findall(r"\[.*?=.(#......)", made) == [WIRES.color(0)]
    assert both(WIRES.color(0)) in made
    assert "stroke" not in made.partition("</style>")[0]


@pytest.mark.parametrize(
    "name",
    ['stroke="transparent"', 'fill="#ffffff"', "<style>", "</style>", "<svg ", "}"],
)
def test_a_name_like_a_style_comes_out_as_it_is(name):
    x = Tensor(2.0, requires_grad=True, name=name)
    root = ET.fromstring(draw(x * x).svg())
    assert name in [text.text for text in root.iter(f"{SVG}text")]


def test_a_page_can_take_the_same_marks():
    said = schemes("main")
    assert said.startswith("main{color-scheme:light dark}\n")
    assert all(line.startswith("main") for line in said.splitlines())
    assert '[data-theme="dark"]' in said
