"""Pictures as readers see them: light and dark, alone, as images and in pages."""

import numpy as np
import pytest
from drawn import Tensor, mlp, numbers, parameter

import tinygrad_jp as tg
from tinygrad_jp import draw
from tinygrad_jp.draw import palette
from tinygrad_jp.draw.palette import LOOKS, TWINS
from tinygrad_jp.draw.picture import Kind

pytestmark = pytest.mark.browser

HEAD = '<!doctype html><meta charset="utf-8"><style>body{margin:0}</style>'


def rgb(color):
    return tuple(bytes.fromhex(color[1:]))


def css(color):
    return f"rgb{rgb(color)}"


@pytest.fixture(scope="module")
def svg():
    return draw(mlp()).svg()


# --- the viewer's setting ----------------------------------------------------------

PARTS = {
    ".graph > g polygon": ("fill", palette.PAPER),
    ".input polygon": ("fill", LOOKS[Kind.INPUT].fill),
    ".parameter path": ("stroke", LOOKS[Kind.PARAMETER].line),
    ".op ellipse": ("fill", palette.CARD),
    ".output text": ("fill", palette.INK),
    ".frame text": ("fill", palette.QUIET),
    ".frame path": ("fill", palette.FRAME_FILL),
}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_an_svg_alone_takes_the_viewers_colours(visit, svg, tmp_path, dark):
    (tmp_path / "graph.svg").write_text(svg)
    page = visit(tmp_path / "graph.svg", dark=dark)
    for selector, (name, color) in PARTS.items():
        assert page.css(selector, name) == css(TWINS[color] if dark else color)
    for name in ("fill", "stroke"):
        for color in page.run(
            f"return [...document.querySelectorAll('[{name}]')]"
            f".map((e) => [e.getAttribute('{name}'), getComputedStyle(e).{name}])"
        ):
            if color[0] != "none":
                assert color[1] == css(TWINS[color[0]] if dark else color[0])
    # The window around the picture has its colour.
    seen = page.pixels()
    paper = rgb(TWINS[palette.PAPER] if dark else palette.PAPER)
    assert tuple(seen[5, 5]) == tuple(seen[-1, -1]) == paper


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_an_image_takes_the_viewers_colours(visit, svg, tmp_path, dark):
    (tmp_path / "graph.svg").write_text(svg)
    (tmp_path / "page.html").write_text(f'{HEAD}<img src="graph.svg" width="800">')
    seen = visit(tmp_path / "page.html", dark=dark, width=1000).pixels()
    colors = {tuple(color) for color in seen[:250, :800].reshape(-1, 3).tolist()}
    for look in LOOKS.values():
        assert rgb(TWINS[look.fill] if dark else look.fill) in colors
        assert rgb(look.fill if dark else TWINS[look.fill]) not in colors


def test_a_picture_follows_when_the_viewers_setting_changes(visit, svg):
    page = visit(HEAD + svg)
    assert page.css(".op ellipse", "fill") == css(palette.CARD)
    page.prefer(dark=True)
    assert page.css(".op ellipse", "fill") == css(TWINS[palette.CARD])


# --- the page around ---------------------------------------------------------------

DARK = [
    '<body data-theme="dark">',
    '<body><main data-theme="dark"><div>',
    '<body data-jp-theme-light="false">',
    '<body class="vscode-dark">',
    '<body class="vscode-high-contrast">',
    "<script>document.documentElement.setAttribute('theme', 'dark')</script><body>",
]
LIGHT = [
    '<body data-theme="light">',
    '<body data-jp-theme-light="true">',
    '<body class="vscode-light">',
    '<body class="vscode-high-contrast vscode-high-contrast-light">',
    "<script>document.documentElement.setAttribute('theme', 'light')</script><body>",
]


@pytest.mark.parametrize(
    ("around", "dark"),
    [(around, True) for around in DARK] + [(around, False) for around in LIGHT],
)
def test_what_a_page_says_comes_before_the_viewers_setting(visit, svg, around, dark):
    page = visit(HEAD + around + svg, dark=not dark)
    for selector, (name, color) in PARTS.items():
        assert page.css(selector, name) == css(TWINS[color] if dark else color)


def test_a_mark_may_stand_on_the_picture_itself(visit, svg):
    page = visit(HEAD + svg.replace("<svg ", '<svg data-theme="dark" ', 1) + svg)
    found = page.run(
        "return [...document.querySelectorAll('.op ellipse')]"
        ".map((e) => getComputedStyle(e).fill)"
    )
    assert found[: len(found) // 2] == [css(TWINS[palette.CARD])] * (len(found) // 2)
    assert found[len(found) // 2 :] == [css(palette.CARD)] * (len(found) // 2)


def test_a_picture_does_not_change_the_page_around(visit, svg):
    page = visit(
        f'{HEAD}<p id="text">text</p><svg id="other" class="input" width="9"'
        ' style="color-scheme:dark">'
        f'<rect width="9" height="9" fill="#ffffff"/></svg>{svg}',
        dark=True,
    )
    assert page.css("#text", "color") == "rgb(0, 0, 0)"
    assert page.css("#other rect", "fill") == "rgb(255, 255, 255)"
    assert page.css("#other", "background-color") == "rgba(0, 0, 0, 0)"
    assert page.css("body", "background-color") == "rgba(0, 0, 0, 0)"


# --- size --------------------------------------------------------------------------


def wide():
    """A picture that is wider than a page."""
    x = Tensor(numbers(2, 3), name="x")
    for i in range(3):
        with tg.scope(f"Affine{i}"):
            h = x @ parameter(f"W{i}", (3, 3)) + parameter(f"b{i}", (3,))
        x = [tg.tanh, tg.sigmoid, tg.relu][i](h)
    return x.sum()


def notebook_page(thing):
    shown = getattr(thing, "_repr_mimebundle_", dict)()
    html = shown.get("text/html") or thing._repr_html_()
    return f'{HEAD}<div style="width:100%">{html}</div>'


def test_a_picture_in_a_page_is_never_wider_than_the_page(visit, svg):
    page = visit(HEAD + svg, width=600)
    left, _, width, height = page.box("svg")
    assert (left, width) == (0, 600)
    assert height < 300
    assert page.run("return document.documentElement.scrollWidth") == 600
    page = visit(HEAD + svg, width=1400)
    assert 900 < page.box("svg")[2] < 1100  # and no larger than it was drawn


def test_in_a_notebook_text_stays_large_enough_and_a_wide_picture_scrolls(visit):
    page = visit(notebook_page(draw(wide())), width=500)
    assert page.run("return document.documentElement.scrollWidth") == 500
    across = page.run(
        "const d = document.querySelector('svg').parentNode;"
        "return [d.scrollWidth, d.clientWidth]"
    )
    assert across[0] > across[1] == 500
    heights = page.run(
        "return [...document.querySelectorAll('text')]"
        ".map((t) => parseFloat(t.getAttribute('font-size')) * t.getScreenCTM().a)"
    )
    assert min(heights) > 7.9


def test_a_tensor_in_a_notebook_shows_its_value_above_its_graph(visit):
    y = (Tensor(np.ones((2, 2)), requires_grad=True, name="<b>W") * 3).sum()
    page = visit(notebook_page(y), dark=True, width=700)
    assert page.text("pre") == repr(y)
    assert "monospace" in page.css("pre", "font-family")
    assert page.count("b") == 0
    value, picture = page.box("pre"), page.box("svg")
    assert value[1] + value[3] <= picture[1]
