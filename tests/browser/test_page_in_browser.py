"""The html page as a reader meets it: what is drawn where, and what clicks do."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tinygrad_jp as tg
from tinygrad_jp import Tensor
from tinygrad_jp.draw.text import clean

# --- graphs ------------------------------------------------------------------------


def numbers(*shape):
    return np.random.default_rng((7, *shape)).random(shape) - 0.4


def parameter(name, shape=()):
    return Tensor(numbers(*shape), requires_grad=True, name=name)


def affine(name, x, sizes, suffix=""):
    W = parameter(f"W{suffix}", sizes)
    b = parameter(f"b{suffix}", sizes[1:])
    with tg.scope(name):
        return x @ W + b


def mlp(x=None):
    x = Tensor(numbers(5, 7), name="x") if x is None else x
    with tg.scope("Net"):
        h = affine("Affine1", x, (7, 4), "1")
        with tg.scope("ReLU"):
            h = tg.relu(h)
        h = affine("Affine2", h, (4, 3), "2")
    with tg.scope("Loss"):
        t = Tensor(np.eye(3)[[0, 1, 2, 0, 1]], name="t")
        return -(tg.log_softmax(h) * t).sum() / 5


def residual(blocks=4):
    x = Tensor(numbers(2, 6), name="x")
    for i in range(blocks):
        with tg.scope(f"Block{i}"):
            h = affine("Affine1", x, (6, 6), f"{i}a")
            h = affine("Affine2", tg.relu(h), (6, 6), f"{i}b")
            x = x + h
    return (x * x).sum()


def recurrent(steps=4):
    W, b = parameter("W", (3, 3)), parameter("b", (3,))
    h = Tensor(numbers(2, 3), name="h0")
    for t in range(steps):
        with tg.scope("RNN"):
            h = tg.tanh(h @ W + Tensor(numbers(2, 3), name=f"x{t}") + b)
    return h.sum()


def wild(seed):
    """A random graph with scopes in scopes, long wires, and leaves of many users."""
    rng = np.random.default_rng(seed)
    made = [parameter(f"p{i}", (2,)) for i in range(4)]

    def grow(depth):
        for _ in range(int(rng.integers(2, 5))):
            if depth < 3 and rng.random() < 0.5:
                with tg.scope(f"s{rng.integers(6)}"):
                    grow(depth + 1)
            x, y = (made[int(rng.integers(len(made)))] for _ in "xy")
            made.append(tg.sin(x) if rng.random() < 0.3 else x * y)

    grow(0)
    return sum(made[-3:], made[-4]).sum()


GRAPHS = {
    "mlp": mlp,
    "residual": residual,
    "recurrent": recurrent,
    "chain": lambda: sum([parameter("a", (2,))] * 20).sum(),
    "wild1": lambda: wild(1),
    "wild2": lambda: wild(2),
    "wild3": lambda: wild(3),
}


@pytest.fixture
def show(visit, tmp_path):
    """Open the page of a graph."""

    def opened(tensor, *, dark=False, width=1400, height=900, **options):
        path = tg.draw(tensor, **options).save(tmp_path / "graph.html")
        page = visit(path, dark=dark, width=width, height=height)
        page.wait("document.querySelector('#canvas .node')")
        return page

    return opened


# --- where things stand ------------------------------------------------------------

PLACES = """
const scene = document.querySelector("#canvas > g");
const from = scene.getCTM().inverse();
const place = (element, shape) => {
  const box = shape.getBBox();
  const {e, f} = from.multiply(shape.getCTM());
  return [element.dataset.id, e + box.x, f + box.y, box.width, box.height];
};
const all = (selector) => [...scene.querySelectorAll(selector)];
const nodes = all(".node").map((one) => place(one, one.querySelector(".rim, .shape")));
const frames = all(".frame").map((one) => place(one, one.querySelector(".area")));
const wires = all(".wire").map((one) => [one.dataset.source, one.dataset.target,
  [...one.querySelectorAll(".stroke")].map((path) => {
    const start = path.getPointAtLength(0);
    return [start.x, start.y];
  }),
  [...one.querySelectorAll(".head")].map((path) => {
    const tip = path.getPointAtLength(0);
    return [tip.x, tip.y];
  })]);
const labels = all(".label").map((one) => {
  const box = one.getBBox();
  return ["", box.x, box.y, box.width, box.height];
});
const data = JSON.parse(document.getElementById("data").textContent);
return {nodes, frames, wires, labels,
  parents: data.boxes.map((box) => box.parent), boxes: data.items.map((i) => i.box),
  kinds: data.items.map((i) => i.kind),
  uses: data.wires.map((w) => [w.source, w.target])};
"""


def overlap(first, second):
    _, x, y, width, height = first
    _, u, v, wide, high = second
    return x < u + wide and u < x + width and y < v + high and v < y + height


def within(inner, outer):
    _, x, y, width, height = inner
    _, u, v, wide, high = outer
    return u <= x and v <= y and x + width <= u + wide and y + height <= v + high


def boxes_around(name, found):
    """The boxes around a node: an item, a scope, or the card of a scope."""
    number = int(name[1:])
    if name[0] != "i":
        return way_out(found["parents"][number], found)
    if found["kinds"][number] != "parameter":
        return way_out(found["boxes"][number], found)
    users = [target for source, target in found["uses"] if source == number]
    around = [way_out(found["boxes"][user], found) for user in users]
    return [box for box in around[0] if all(box in other for other in around)]


def way_out(box, found):
    boxes = []
    while box:
        boxes.append(f"b{box}")
        box = found["parents"][box]
    return boxes


def check_places(page):
    found = page.run(PLACES)
    nodes, frames = found["nodes"], found["frames"]
    assert nodes
    for i, node in enumerate(nodes):
        for other in nodes[:i]:
            assert not overlap(node, other), (node, other)
    at = {place[0]: place for place in nodes + frames}
    assert len(at) == len(nodes) + len(frames)
    for place in nodes + frames:
        around = boxes_around(place[0], found)
        for frame in frames:
            if frame[0] in around:
                assert within(place, frame), (place, frame)
            elif frame is not place and place[0] not in boxes_around(frame[0], found):
                assert not overlap(place, frame), (place, frame)
    for source, target, starts, tips in found["wires"]:
        assert source != target
        for start, tip in zip(starts, tips, strict=True):
            assert on_border(start, at[source]), (source, target, start, at[source])
            assert on_border(tip, at[target]), (source, target, tip, at[target])
    for i, label in enumerate(found["labels"]):
        for other in nodes + found["labels"][:i]:
            assert not overlap(shrunk(label), shrunk(other)), (label, other)


def on_border(point, place):
    """Whether a wire ends where the node begins: at its sides, or on its circle."""
    _, x, y, width, height = place
    right, down = point[0] - x, point[1] - y
    if width == height and width < 40:
        radius = np.hypot(right - width / 2, down - height / 2)
        return abs(radius - width / 2) < 1.5
    inner = -1 < right < width + 1 and -1 < down < height + 1
    return inner and min(right, down, width - right, height - down) < 1.5


def shrunk(place):
    name, x, y, width, height = place
    return [name, x + 1, y + 1, width - 2, height - 2]


@pytest.mark.parametrize("name", GRAPHS)
def test_nothing_overlaps_and_wires_end_at_their_nodes(name, show):
    page = show(GRAPHS[name]())
    check_places(page)
    for button in ("open_all", "turn", "fold_level", "turn", "fold_level", "fold_all"):
        page.click(f"#{button}")
        check_places(page)


def test_single_scopes_are_folded_and_opened_in_any_order(show):
    page = show(wild(4))
    page.click("#open_all")
    rng = np.random.default_rng(0)
    for _ in range(12):
        titles = page.run("return [...document.querySelectorAll('.toggle')].length")
        page.run(
            "document.querySelectorAll('.toggle')[arguments[0]].dispatchEvent("
            "new MouseEvent('click', {bubbles: true}))",
            int(rng.integers(titles)),
        )
        check_places(page)


def test_the_main_line_is_straight(show):
    page = show(mlp())
    page.click("#open_all")
    found = page.run(PLACES)
    middles = [
        y + height / 2
        for name, x, y, width, height in found["nodes"]
        if name[0] == "i" and width == height  # the ops of the main line are circles
    ]
    assert len(middles) >= 4
    assert max(middles[:4]) - min(middles[:4]) < 0.5


def test_parameters_stand_under_their_op(show):
    page = show(affine("Affine", Tensor(numbers(2, 3), name="x"), (3, 4)).sum())
    page.click("#open_all")
    found = page.run(PLACES)
    at = {place[0]: place for place in found["nodes"]}
    checked = 0
    for source, target, _, _ in found["wires"]:
        if page.count(f'.parameter[data-id="{source}"]'):
            _, x, y, width, _ = at[source]
            _, u, v, wide, high = at[target]
            assert y > v + high
            assert abs(x + width / 2 - u - wide / 2) < 0.5
            checked += 1
    assert checked == 2


# --- folding -----------------------------------------------------------------------


def names(page, selector):
    script = (
        "return [...document.querySelectorAll(arguments[0])]"
        ".map((one) => one.querySelector('text').textContent)"
    )
    return page.run(script, selector)


def test_folding_all_shows_the_top_level_alone_and_opening_all_everything(show):
    page = show(mlp())
    page.click("#fold_all")
    assert names(page, ".frame") == []
    assert sorted(names(page, ".folded")) == ["+ Loss", "+ Net"]
    assert sorted(names(page, ".node:not(.folded)")) == ["W1", "loss", "t", "x"]
    assert page.count('.node[data-id^="c"]') == 1  # the card of Net's parameters
    page.click("#open_level")
    assert sorted(names(page, ".frame")) == ["− Loss", "− Net"]
    assert "+ Affine1" in names(page, ".folded")
    page.click("#open_all")
    expected = ["− Affine1", "− Affine2", "− Loss", "− Net"]
    assert sorted(names(page, ".frame")) == expected
    assert names(page, ".folded") == ["+ ReLU"]  # of one op, as in the SVG
    page.click("#fold_level")
    assert sorted(names(page, ".frame")) == ["− Loss", "− Net"]


def test_a_click_on_a_title_folds_and_opens_and_the_title_stays_in_place(show):
    page = show(mlp())
    page.click("#fold_all")
    title = ".folded[aria-label^='Net'] .toggle"
    before = page.box(".folded[aria-label^='Net']")
    page.click(title)
    after = page.box(".frame[aria-label^='Net']")
    assert before[:2] == pytest.approx(after[:2], abs=3)
    assert (
        page.find(".frame[aria-label^='Net']").get_attribute("aria-expanded") == "true"
    )
    page.click(".frame[aria-label^='Net'] .toggle")
    again = page.box(".folded[aria-label^='Net']")
    assert before[:2] == pytest.approx(again[:2], abs=6)


# --- the panel ---------------------------------------------------------------------


def test_a_node_tells_its_numbers(show):
    W = parameter("W", (30, 20))
    page = show((Tensor(numbers(5, 30), name="x") @ W).sum())
    page.click(".node.parameter")
    page.wait("!document.getElementById('panel').hidden")
    assert page.text("#panel h2") == "W"
    text = page.find("#panel").text
    for said in ("parameter", "(30, 20)", "float64", "600"):
        assert said in text
    assert "Source line" not in text
    value = page.find("#panel .value").text.split()
    assert value[value.index("min") + 1] == f"{W.data.min():.4g}"
    assert value[value.index("max") + 1] == f"{W.data.max():.4g}"
    assert page.count("#panel .bar.value") == 20
    assert page.count("#panel .bar.gradient") == 20
    assert "norm" in page.find("#panel .gradient").text
    page.click(".node.op")
    assert "tg.draw(function, *args)" in page.find("#panel").text
    page.press("ESCAPE")
    assert not page.find("#panel").is_displayed()


def test_a_wire_tells_its_tensor_and_leads_to_its_ends(show):
    page = show(mlp())
    page.run(
        "const x = document.querySelector('.node.input').dataset.id;"
        "document.querySelector(`.wire[data-source=${x}] .touch`).dispatchEvent("
        "new MouseEvent('click', {bubbles: true}))"
    )
    assert page.find("#panel h2").text == "x"
    assert "(5, 7)" in page.find("#panel").text
    page.click("#panel .link:last-of-type")
    assert "call" in page.run("return document.querySelector('#panel pre').className")


def test_a_function_drawn_shows_its_lines(show, visit, tmp_path):
    def squared(x):
        return (x * x).sum()

    path = tg.draw(squared, np.arange(6.0)).save(tmp_path / "lines.html")
    page = visit(path)
    page.click(".node.op")
    site = page.text("#panel .site")
    assert "test_page_in_browser.py" in site
    assert "return (x * x).sum()" in site


def test_problems_are_listed_and_lead_to_their_nodes(show):
    with np.errstate(all="ignore"), tg.scope("Log"):
        h = tg.log(Tensor([1.0, 0.0], requires_grad=True, name="w"))
    page = show((h * 2.0).sum())
    page.click("#problems")
    assert "log in Log" in page.find("#panel .marks").text
    page.click("#panel .link")
    assert page.count(".frame") == 1
    assert page.find("#panel .marks").text.startswith("⚠")


NAMES = [
    "<b>bold</b>",
    "</script><script>throw 1</script>",
    "&amp; &lt;",
    '"; alert(1) //',
    "名前 パラメータ",
    "a\\N\\n",
    "$1 $& {}",
    "😀 emoji",
    "W" * 300,
    "\u202eright to left",
    "__proto__",
    "constructor",
    "case",
    "CASE",
    "  spaces  ",
]


def search(page, text):
    page.run(
        "const field = document.getElementById('search'); field.focus();"
        "field.value = arguments[0];"
        "field.dispatchEvent(new InputEvent('input', {bubbles: true}))",
        text,
    )


def test_the_search_finds_hostile_names_exactly(show):
    total = parameter("first")
    for name in NAMES:
        with tg.scope(f"in {name}"):
            total = tg.sin(total * parameter(name) + 1.0)
    page = show(total, depth=0)
    for name in NAMES:
        search(page, name)
        page.press("ENTER")
        assert page.text("#panel h2") == clean(name)
        assert page.count(".node.selected") == 1
        assert not page.find("#results").is_displayed()
    search(page, "nothing is called so")
    assert page.find("#results").text == "nothing found"


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.text(min_size=1), min_size=12, max_size=12))
def test_the_panel_shows_any_name_as_it_is(show, names):
    total = parameter("first")
    for name in names:
        with tg.scope(name):
            total = tg.sin(total * parameter(name) + 1.0)
    page = show(total)
    page.click("#open_all")
    script = """
    const found = [];
    for (const node of document.querySelectorAll("#canvas .node.parameter, .frame")) {
      node.dispatchEvent(new MouseEvent("click", {bubbles: true}));
      found.push(document.querySelector("#panel h2").textContent);
    }
    return found;
    """
    assert set(map(clean, names)) <= set(page.run(script))


def test_the_search_opens_what_is_around_a_node(show):
    page = show(mlp(), depth=0)
    page.type("#search", "w2")
    page.wait("document.querySelectorAll('#results [role=option]').length === 2")
    assert "Net / Affine2" in page.find("#results").text
    page.press("ARROW_DOWN", "ARROW_UP", "ENTER")
    assert page.text("#panel h2") == "W2"
    assert names(page, ".frame") == ["− Net", "− Affine2"]
    left, top, width, height = page.box(".node.selected")
    frame = page.box("#canvas")
    assert frame[0] < left
    assert left + width < frame[0] + frame[2]
    assert frame[1] < top
    assert top + height < frame[1] + frame[3]


def test_the_search_finds_what_stands_on_a_card(show):
    W = parameter("W", (4, 3))
    with tg.scope("Outer"):
        with tg.scope("Layer"):
            y = Tensor(numbers(2, 4), name="x") @ tg.exp(W)
        y = tg.tanh(y)
    page = show(y.sum(), depth=0)
    assert names(page, ".node.parameter") == ["W"]
    search(page, "W")
    page.press("ENTER")
    assert page.text("#panel h2") == "W"
    assert page.count(".node.parameter.selected") == 1
    assert page.count(".node.parameter") == 1


def test_a_leaf_used_often_in_a_folded_scope_stands_beside_it_once(show):
    x = Tensor(numbers(2, 3), name="x")
    with tg.scope("Attention"):
        q, k, v = (x @ parameter(name, (3, 3)) for name in "qkv")
        y = (q * k + v) * x
    page = show(y.sum(), depth=0)
    assert names(page, ".node.input") == ["x"]
    page.click("#open_all")
    assert len(names(page, ".node.input")) > 2
    check_places(page)


def test_the_search_opens_what_is_around_a_scope(show):
    x = parameter("x")
    with tg.scope("a"), tg.scope("b"), tg.scope("c"), tg.scope("d"):
        y = tg.sin(tg.exp(x))
    page = show(y, depth=0)
    search(page, "d")
    page.press("ENTER")
    assert names(page, ".folded.selected") == ["+ d"]


@pytest.mark.parametrize(
    ("text", "count"), [("matmul", 2), ("MATMUL", 2), ("(4, 3)", 1), ("scope", 5)]
)
def test_the_search_knows_ops_shapes_and_kinds(show, text, count):
    page = show(mlp())
    search(page, text)
    assert page.count("#results [role=option]") >= count


# --- moving ------------------------------------------------------------------------


def scale(page):
    return page.run("return document.querySelector('#canvas > g').getCTM().a")


def test_dragging_moves_and_clicks_nothing(show):
    page = show(mlp())
    before = page.box("#canvas .node")
    page.drag("#canvas .node", 80, 50)
    after = page.box("#canvas .node")
    moved = after[0] - before[0], after[1] - before[1]
    assert moved == pytest.approx((80, 50), abs=2)
    assert not page.find("#panel").is_displayed()
    page.click(".node.input")
    page.drag("#canvas .node", 0, 30)
    assert page.find("#panel").is_displayed()
    page.press("ESCAPE")
    page.click("#fit")
    assert page.box("#canvas .node") == pytest.approx(before, abs=1)


def test_the_wheel_zooms_at_the_pointer(show):
    page = show(mlp())
    left, top, width, height = page.box("#canvas .node.output")
    page.wheel("#canvas .node.output", -300)
    after = page.box("#canvas .node.output")
    assert after[2] > 1.3 * width
    middle = left + width / 2, top + height / 2
    there = after[0] + after[2] / 2, after[1] + after[3] / 2
    assert there == pytest.approx(middle, abs=2)


def test_two_fingers_zoom(show):
    page = show(mlp())
    before = scale(page)

    def touch(kind, *xs):
        points = [{"x": x, "y": 400, "id": i} for i, x in enumerate(xs)]
        page._command("Input.dispatchTouchEvent", type=kind, touchPoints=points)

    page._command("Emulation.setTouchEmulationEnabled", enabled=True, maxTouchPoints=2)
    try:
        touch("touchStart", 600)
        touch("touchStart", 600, 700)
        touch("touchMove", 550, 750)
        touch("touchMove", 500, 800)
        touch("touchEnd")
    finally:
        page._command("Emulation.setTouchEmulationEnabled", enabled=False)
    assert scale(page) == pytest.approx(3 * before, rel=0.05)


def test_everything_can_be_done_by_keys(show):
    page = show(mlp())
    page.find("body").click()
    start = scale(page), page.box("#canvas .node")[0]
    page.press("ARROW_LEFT")
    assert page.box("#canvas .node")[0] == pytest.approx(start[1] + 60, abs=1)
    page.run("document.activeElement.blur()")
    for key, grows in (("+", True), ("-", False)):
        before = scale(page)
        page.run(
            "document.body.dispatchEvent(new KeyboardEvent('keydown',"
            "{key: arguments[0], bubbles: true}))",
            key,
        )
        assert (scale(page) > before) is grows
    page.run("document.querySelector('.node.input').focus()")
    page.press("ENTER")
    assert page.text("#panel h2") == "x"
    page.press("ESCAPE")
    assert not page.find("#panel").is_displayed()
    page.run("document.querySelector('.frame').focus()")
    folded = len(names(page, ".folded"))
    page.press("SPACE")
    assert page.run("return document.activeElement.classList.contains('folded')")
    page.press("SPACE")
    assert len(names(page, ".folded")) == folded
    page.run(
        "document.body.dispatchEvent(new KeyboardEvent('keydown',"
        "{key: '/', bubbles: true}))"
    )
    assert page.run("return document.activeElement.id") == "search"


def test_every_node_and_button_has_a_name_for_who_cannot_see_it(show):
    page = show(mlp())
    unnamed = page.run(
        "return [...document.querySelectorAll('button, .node, .frame, .wire, input')]"
        ".filter((one) => !(one.getAttribute('aria-label') || one.textContent)).length"
    )
    assert unnamed == 0
    untold = page.run(
        "return [...document.querySelectorAll('.node, .frame')]"
        ".filter((one) => one.tabIndex !== 0).length"
    )
    assert untold == 0


# --- looks -------------------------------------------------------------------------


def test_light_and_dark_follow_the_viewer_and_the_button(show):
    page = show(mlp())
    light, dark = "rgb(255, 255, 255)", "rgb(17, 22, 31)"
    assert page.css("body", "background-color") == light
    page.prefer(dark=True)
    assert page.css("body", "background-color") == dark
    fill = page.css(".node.parameter .shape", "fill")
    page.click("#theme")
    assert page.css("body", "background-color") == light
    assert page.css(".node.parameter .shape", "fill") != fill
    page.prefer(dark=False)
    page.click("#theme")
    assert page.css("body", "background-color") == dark


def test_the_page_fits_a_telephone(show):
    page = show(mlp(), width=400, height=720)
    assert page.run("return document.documentElement.scrollWidth") <= 400
    for name in page.run(
        "return [...document.querySelectorAll('button')].map(b => b.id)"
    ):
        if name and name != "close":
            left, top, width, height = page.box(f"#{name}")
            assert left >= 0
            assert left + width <= 400
            assert top >= 0
            assert top + height <= 720
    page.click(".node.input")
    left, top, width, height = page.box("#panel")
    assert width == 400
    assert top + height <= 720
    check_places(page)
    page.click("#close")
    assert not page.find("#panel").is_displayed()


def test_the_gradients_set_colour_and_width_of_wires(show):
    W, V = parameter("W", (3,)), parameter("V", (3,))
    page = show((W * 1000.0 + V * 0.001).sum())
    widths = {}
    for name in ("W", "V"):
        (number,) = page.run(
            "return [...document.querySelectorAll('.node.parameter')].filter((one) =>"
            "one.querySelector('text').textContent === arguments[0])"
            ".map((one) => one.dataset.id)",
            name,
        )
        stroke = f'.wire[data-source="{number}"] .stroke'
        widths[name] = (
            float(page.css(stroke, "stroke-width").removesuffix("px")),
            page.css(stroke, "stroke"),
        )
    assert widths["W"][0] > widths["V"][0] + 1
    assert widths["W"][1] != widths["V"][1]


def test_two_thousand_ops_open_quickly(show):
    x = parameter("x", (2,))
    for i in range(40):
        with tg.scope(f"layer{i}"):
            for _ in range(48):
                x = tg.sin(x)
    page = show(x.sum())
    took = page.run(
        "const entry = performance.getEntriesByType('navigation')[0];"
        "return entry.loadEventEnd || entry.domComplete"
    )
    assert took < 4000  # 400 on a machine that does nothing else
    page.click("#open_all")
    assert page.count(".node") > 1900
