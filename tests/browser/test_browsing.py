"""The helper itself: it tells of trouble, and sees what is there."""

import numpy as np
import pytest

pytestmark = pytest.mark.browser

PAGE = """<!doctype html><meta charset="utf-8"><title>x</title>
<style>
  body { margin: 0; background: rgb(250, 0, 10) }
  @media (prefers-color-scheme: dark) { body { background: rgb(0, 20, 250) } }
</style>
<input id="in"><p id="out">なし</p>
<svg width="100" height="50" style="position:absolute;left:200px;top:100px">
  <g id="g"><rect width="80" height="40"/></g>
</svg>
<script>
  const say = (text) => { document.querySelector("#out").textContent = text }
  document.querySelector("#in").oninput = (event) => say(event.target.value)
  const g = document.querySelector("#g")
  let from = 0
  g.onclick = () => setTimeout(() => say("clicked"), 50)
  g.onpointerenter = () => say("over")
  g.onpointerdown = (event) => { from = event.clientX }
  document.onpointerup = (event) => { if (event.clientX - from > 9) say("dragged") }
  g.onwheel = (event) => say(`wheel ${event.deltaY}`)
  document.onkeydown = (event) => { if (event.key == "Escape") say("escape") }
</script>"""


def test_it_reads_clicks_types_and_drags(visit):
    page = visit(PAGE)
    assert page.text("#out") == "なし"
    assert page.count("rect") == 1
    page.type("#in", "層 W1")
    assert page.text("#out") == "層 W1"
    page.press("ESCAPE")
    assert page.text("#out") == "escape"
    page.hover("#g")
    assert page.text("#out") == "over"
    page.click("#g")
    assert page.wait("document.querySelector('#out').textContent == 'clicked'")
    page.wheel("#g", 30)
    page.wait("document.querySelector('#out').textContent == 'wheel 30'")
    page.drag("#g", 70, 0)
    assert page.text("#out") == "dragged"
    assert page.box("rect") == (200, 100, 80, 40)


@pytest.mark.parametrize(
    ("dark", "color"), [(False, (250, 0, 10)), (True, (0, 20, 250))]
)
def test_it_sees_colours_in_light_and_dark(visit, tmp_path, dark, color):
    page = visit(PAGE, dark=dark, width=640, height=320)
    assert page.css("body", "background-color") == f"rgb{color}"
    seen = page.pixels()
    assert seen.shape == (320, 640, 3)
    assert tuple(seen[-1, -1]) == color
    assert np.array_equal(seen[120, 220], [0, 0, 0])
    assert page.screenshot(tmp_path / "x.png").read_bytes()[1:4] == b"PNG"
    page.prefer(dark=not dark)
    assert page.css("body", "background-color") != f"rgb{color}"


@pytest.mark.parametrize(
    ("script", "word"),
    [
        ("console.error('spilt milk')", "spilt milk"),
        ("null.x", "TypeError"),
        ("Promise.reject(new Error('broken'))", "broken"),
        ("fetch('https://example.org/a.json').catch(() => 0)", "network: https"),
        ("new Image().src = 'http://example.org/a.png'", "network: http://example"),
        ("import('./missing.js')", "missing.js"),
    ],
)
def test_it_tells_of_trouble_once(visit, script, word):
    page = visit(f"<!doctype html><meta charset=utf-8><script>{script}</script>")
    page.run("return new Promise((done) => setTimeout(done, 100))")
    assert any(word in line for line in page.trouble())
    assert page.trouble() == []
