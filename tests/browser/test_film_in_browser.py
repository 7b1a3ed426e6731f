"""The film of a backward pass as a class sees it: steps, keys, and what is shown."""

import numpy as np
import pytest

import tinygrad_jp as tg
from tinygrad_jp import Tensor
from tinygrad_jp.draw import engines
from tinygrad_jp.draw.engines.packages import WASI

SEEN = """
const gone = (one) => one.closest(".unseen") !== null;
const texts = [...document.querySelectorAll("#stage g.tensor text")];
const seen = texts.filter((one) => !gone(one));
const shown = seen.map((one) => one.textContent.trim()).filter(Boolean);
const back = [...document.querySelectorAll("#stage g.back")];
const tracks = back.filter((one) => !gone(one));
const badges = [...document.querySelectorAll("#stage .badge:not(.gone) text")];
const words = (look) => [...document.querySelectorAll(`#stage text.${look}`)]
  .map((one) => one.textContent);
const all = (look) => [...document.querySelectorAll(`#stage .node.${look}`)]
  .map((one) => one.querySelector("text").textContent);
return {
  texts: shown.sort(),
  tracks: tracks.length,
  badges: badges.map((one) => one.textContent).sort(),
  now: all("now"), done: all("op.done"), waits: all("waits"),
  given: words("given"), arrived: words("arrived"),
};
"""


def number(name, value):
    return Tensor(value, requires_grad=True, name=name)


X = number("x", 0.5)  # kept, so that its value is known


def two_ways():
    h = X * 2.0
    return tg.exp(h) + h * h


def network():
    rng = np.random.default_rng(1)
    x, t = Tensor(rng.random((5, 4)), name="x"), Tensor(np.eye(3)[[0, 1, 2, 0, 1]])
    h = tg.relu(x @ number("W1", rng.random((4, 6))) + number("b1", np.zeros(6)))
    scores = h @ number("W2", rng.random((6, 3))) + number("b2", np.zeros(3))
    return -(tg.log_softmax(scores) * t).sum() / 5


@pytest.fixture
def show(visit, tmp_path):
    def opened(tensor, *, lang="en", **window):
        path = tg.draw(tensor, lang=lang).film(tmp_path / "film.html")
        return visit(path, **window)

    return opened


def heading(page):
    return page.text("#panel h2")


def test_it_starts_with_the_inputs_and_no_gradient_is_seen(show):
    page = show(two_ways())
    assert heading(page) == "The graph"
    seen = page.run(SEEN)
    assert seen["texts"] == ["0.5"]
    assert (seen["tracks"], seen["badges"], seen["now"]) == (0, [], [])
    assert page.find("#previous").get_property("disabled")


def test_each_step_shows_what_has_happened_so_far(show):
    page = show(two_ways())
    page.press(*["ARROW_RIGHT"] * 4)
    seen = page.run(SEEN)
    assert seen["texts"] == sorted(["0.5", "1", "1", "1", "1", "2.718", "3.718"])
    assert (seen["tracks"], seen["now"]) == (0, ["+"])
    page.press("ARROW_RIGHT")  # the gradient of the output
    seen = page.run(SEEN)
    assert (seen["tracks"], seen["given"]) == (2, ["1"])
    assert seen["badges"] == ["1", "1", "1", "3"]
    page.press("ARROW_RIGHT", "ARROW_RIGHT")  # the product, while exp is missing
    assert heading(page) == "Backward: #3 ×"
    seen = page.run(SEEN)
    assert (seen["now"], seen["done"], seen["waits"]) == (["×"], ["+"], ["×"])
    assert (seen["given"], seen["arrived"]) == (["1", "1"], ["1"])
    assert seen["badges"] == ["1", "1"]
    page.press("ARROW_RIGHT")
    seen = page.run(SEEN)
    assert (seen["given"], seen["waits"], seen["badges"]) == (["2.718"], [], ["1"])
    page.press("ARROW_LEFT", "ARROW_LEFT", "ARROW_LEFT", "ARROW_LEFT")
    assert page.run(SEEN)["tracks"] == 0  # going back takes it away again


def test_no_gradient_peeps_out_where_the_engine_draws_no_tracks(show, monkeypatch):
    if WASI.find() is None:
        pytest.skip(f"needs {WASI.name}: {WASI.cure()}")
    monkeypatch.setattr(engines, "ENGINES", (WASI,))
    page = show(two_ways())
    assert page.run(SEEN)["texts"] == ["0.5"]
    page.press(*["ARROW_RIGHT"] * 7)
    seen = page.run(SEEN)
    assert (seen["given"], seen["arrived"]) == (["1", "1"], ["1"])


def test_the_last_step_has_all_gradients_and_their_table(show):
    page = show(two_ways())
    page.press("END")
    assert heading(page) == "The gradients"
    assert page.text("#panel td + td") == "9.437"
    seen = page.run(SEEN)
    assert (seen["badges"], seen["waits"], seen["now"]) == ([], [], [])
    assert len(seen["done"]) == 4
    assert page.find("#next").get_property("disabled")
    page.press("ARROW_RIGHT")
    assert page.text("#count") == "Step 11 of 11"


def test_buttons_keys_and_slider_lead_to_the_same_steps(show):
    page = show(two_ways())
    page.click("#backward")
    assert page.text("#count") == "Step 6 of 11"
    page.click("#next")
    assert heading(page) == "Backward: #4 +"
    page.click("#previous")
    page.click("#last")
    assert page.text("#count") == "Step 11 of 11"
    page.click("#first")
    assert page.text("#count") == "Step 1 of 11"
    page.run(
        "const s = document.querySelector('#slider'); s.value = 7;"
        "s.dispatchEvent(new Event('input'))"
    )
    assert heading(page) == "Backward: #3 ×"
    page.press("HOME")
    assert heading(page) == "The graph"
    page.click("#slider")  # keys go where they belong when the slider has them
    middle = page.text("#count")
    page.press("ARROW_RIGHT")
    assert page.text("#count") != middle
    assert page.run("return document.querySelector('#slider').value") == str(
        int(page.text("#count").split()[1]) - 1
    )


def test_it_plays_and_stops(show):
    page = show(two_ways())
    page.click("#play")
    assert page.text("#count") == "Step 2 of 11"
    assert page.find("#play").get_attribute("aria-label") == "Pause"
    page.wait("document.querySelector('#count').textContent.startsWith('Step 3')", 9)
    page.press("ARROW_LEFT")
    assert page.find("#play").get_attribute("aria-label") == "Play"
    assert page.text("#count") == "Step 2 of 11"


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1400, 700])
def test_every_step_is_in_view_and_readable(show, dark, width):
    page = show(network(), dark=dark, width=width, lang="ja")
    assert page.css("body", "background-color") == (
        "rgb(17, 22, 31)" if dark else "rgb(255, 255, 255)"
    )
    last = int(page.run("return document.querySelector('#slider').max"))
    for _ in range(last):
        page.press("ARROW_RIGHT")
        hidden = page.run(
            """
            const frame = document.querySelector("#stage").getBoundingClientRect();
            const now = document.querySelector("#stage .node.now");
            const box = now && now.getBoundingClientRect();
            const panel = document.querySelector("#panel");
            return [now && (box.left < frame.left || box.right > frame.right
              || box.top < frame.top || box.bottom > frame.bottom),
              panel.scrollWidth > panel.clientWidth];
            """
        )
        assert hidden in ([False, False], [None, False])
    box = page.box("#stage")
    assert box[2] >= width - 420
    assert box[3] >= 250


def test_the_button_turns_light_to_dark_and_back(show):
    page = show(two_ways())
    page.click("#theme")
    assert page.css("body", "background-color") == "rgb(17, 22, 31)"
    assert page.css("#stage text", "fill") == "rgb(230, 235, 243)"
    page.click("#theme")
    assert page.css("body", "background-color") == "rgb(255, 255, 255)"
