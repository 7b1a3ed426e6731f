"""In a notebook: pictures, Tensors with their graph, and never a traceback."""

import time
import warnings

import numpy as np
from drawn import Tensor, mlp, numbers
from hypothesis import given, settings
from hypothesis import strategies as st
from IPython.core.formatters import DisplayFormatter

import tinygrad_jp as tg
from tinygrad_jp import Drawing, draw
from tinygrad_jp.draw import engines, notebook, theme
from tinygrad_jp.draw.engines import dot, process


def product():
    x = Tensor([1.0, -2.0], requires_grad=True, name="x")
    return (x * x).sum()


def html(tensor):
    return tensor._repr_html_()


# --- drawings ----------------------------------------------------------------------


def test_a_drawing_stands_in_the_page_as_an_element():
    made = draw(product())
    shown = made._repr_mimebundle_(include=None, exclude=None)
    assert list(shown) == ["text/html", "image/svg+xml", "text/plain"]
    assert shown["image/svg+xml"] == made.svg()
    assert shown["text/plain"] == repr(made)
    assert "<svg style=" in shown["text/html"]
    assert shown["text/html"].startswith("<div style=")


def test_a_picture_shrinks_to_three_fifths_and_then_scrolls():
    svg = '<svg class="a" width="500pt" height="90pt"></svg>'
    shown = notebook.html_of_svg(svg)
    assert 'style="overflow-x:auto"' in shown
    head = '<svg style="display:block;min-width:300pt" class="a" width="500pt" '
    assert head + 'height="90pt"></svg>' in shown
    assert "min-width" in draw(product())._repr_mimebundle_()["text/html"]


# --- tensors -----------------------------------------------------------------------


def test_a_result_shows_its_value_and_its_graph():
    y = product()
    text, _, picture = html(y).partition("\n")
    assert text.endswith(">Tensor(5., requires_grad=True)</pre>")
    assert picture == notebook.html_of_svg(draw(y).svg())


def test_a_text_is_escaped():
    x = Tensor(2.0, requires_grad=True, name="a<b>&\"'")
    y = x * x
    y.name = "</pre><script>alert(1)</script>"
    text = html(y).partition("\n")[0]
    assert "&lt;/pre&gt;&lt;script&gt;" in text
    assert "<script" not in html(y)


def test_a_leaf_and_what_was_not_recorded_show_their_text_alone():
    x = Tensor([1.0, 2.0], requires_grad=True, name="x")
    with tg.no_grad():
        unrecorded = x * 2
    for one in (x, Tensor(1.0), (x * 2).detach(), unrecorded, Tensor([1, 2]) + 1):
        assert html(one) is None


def test_showing_changes_nothing():
    W = Tensor(numbers(3, 2), requires_grad=True, name="W")
    y = (Tensor(numbers(4, 3)) @ W).sum()
    seen = []
    W.register_hook(seen.append)
    assert html(y) == html(y)
    assert W.grad is None
    assert seen == []
    y.backward()
    assert W.grad is not None
    assert html(y).count("<svg") == 1  # its graph was released


def test_what_raises_warnings_is_shown_without_them():
    with np.errstate(all="ignore"):
        y = tg.log(Tensor([-1.0, 0.0], requires_grad=True)).sum()
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        assert "NaN" in html(y)


def chain(length, shape=()):
    y = Tensor(np.ones(shape), requires_grad=True)
    for _ in range(length):
        y = y * 1.0
    return y


def test_only_a_small_graph_is_drawn_unasked():
    many = notebook.ITEMS - 2  # beside them, where it begins and where it ends
    assert html(chain(many)) is not None
    assert html(chain(many + 1)) is None
    most = notebook.NODES - 2  # beside them, where it begins and the 1.0
    with tg.scope("Layer"):
        folded, larger = chain(most), chain(most + 1)
    assert html(folded) is not None
    assert html(larger) is None
    large = notebook.ELEMENTS // 4
    assert html(chain(2, (large,))) is not None
    assert html(chain(5, (large,))) is None


def test_what_is_used_twice_counts_once():
    y = Tensor(np.ones(100), requires_grad=True)
    for _ in range(20):
        y = y + y
    assert html(y) is not None


def test_a_large_graph_costs_nothing():
    deep = chain(50_000)
    wide = tg.stack([chain(1) for _ in range(2_000)])
    start = time.perf_counter()
    assert html(deep) is None
    assert html(wide) is None
    assert time.perf_counter() - start < 0.5


def test_a_layout_that_takes_long_is_given_up(monkeypatch):
    waited = []

    def run(name, command, source):
        waited.append(min(process.TIMEOUT, process._patience.get()))
        raise engines.EngineError("too long")

    monkeypatch.setattr(dot, "run", run)
    y = product()
    made = draw(y)
    assert html(y) is None
    assert "too long" in made._repr_mimebundle_()["text/plain"]
    assert waited == [notebook.PATIENCE, process.TIMEOUT]


def test_no_traceback_whatever_breaks(monkeypatch):
    y = product()
    made = draw(y)
    for error in (ValueError("a"), MemoryError(), RecursionError(), OSError(2, "b")):

        def fail(*args, error=error, **kwargs):
            raise error

        for module, name in (
            (engines, "svg"),
            (theme, "themed"),
            (notebook, "html_of_svg"),
        ):
            with monkeypatch.context() as patch:
                patch.setattr(module, name, fail)
                assert html(y) is None
                assert list(made._repr_mimebundle_()) == ["text/plain"]
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(engines, "ENGINES", ())
    assert html(y) is None
    assert "get it with" in made._repr_mimebundle_()["text/plain"]


def test_a_rule_that_breaks_when_it_runs_again_is_no_traceback():
    calls = []

    @tg.rule(vjp=lambda g, x: g)
    def once(x, /):
        """The same, but only once."""
        calls.append(x)
        if len(calls) > 1:
            raise RuntimeError("used up")
        return np.array(x)

    y = once(Tensor([1.0, 2.0], requires_grad=True)).sum()
    y.backward()
    assert html(y) is None or "<svg" in html(y)


OPS = [tg.exp, tg.log, tg.sqrt, lambda x: x @ x.T, lambda x: x[:0], lambda x: x.sum()]


@settings(max_examples=25)
@given(
    st.lists(st.sampled_from(OPS), max_size=5),
    st.text(max_size=20),
    st.sampled_from([(0, 3), (2, 2), (1, 1)]),
    st.booleans(),
)
def test_any_graph_has_a_text_or_a_picture(ops, name, shape, released):
    y = Tensor(np.full(shape, -1.0), requires_grad=True, name=name)
    with np.errstate(all="ignore"):
        for op in ops:
            y = op(y) if y.ndim == 2 else y
        if released and y.size == 1 and ops:
            y.backward()
        shown = html(y)
    assert shown is None or shown.count("<svg") == 1


def test_ipython_shows_what_we_give():
    formatter = DisplayFormatter()
    y = product()
    formatter.active_types = formatter.format_types
    assert set(formatter.format(y)[0]) == {"text/plain", "text/html"}
    assert formatter.format(y)[0]["text/plain"] == repr(y)
    assert set(formatter.format(draw(y))[0]) == {
        "text/plain",
        "text/html",
        "image/svg+xml",
    }
    assert set(formatter.format(y.detach())[0]) == {"text/plain"}
    for one in (Tensor, Drawing, [y]):
        assert set(formatter.format(one)[0]) == {"text/plain"}


def test_a_terminal_does_not_wait_for_pictures(monkeypatch):
    formatter = DisplayFormatter()
    formatter.active_types = ["text/plain"]
    asked = []
    monkeypatch.setattr(notebook, "html_of_tensor", asked.append)
    assert set(formatter.format(mlp())[0]) == {"text/plain"}
    assert asked == []
