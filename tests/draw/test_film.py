"""The film of a backward pass: the engine's numbers, its order, and one safe file."""

import gc
import json
import re
import string
import weakref
from unittest.mock import patch

import numpy as np
import pytest
from drawn import parameter
from films import apple, number, told, two_ways
from hypothesis import assume, given, settings
from hypothesis import strategies as hypothesis_strategies

import tinygrad_jp as tg
from tinygrad_jp import Tensor
from tinygrad_jp.draw import EngineError, TooLargeError, engines, film
from tinygrad_jp.draw.basics import Options
from tinygrad_jp.draw.build import pictures_of
from tinygrad_jp.draw.film import formulas, stage, story
from tinygrad_jp.draw.film.story import MOST, Story, story_of
from tinygrad_jp.draw.film.words import FILM_WORDS
from tinygrad_jp.draw.text import clean
from tinygrad_jp.errors import GraphError
from tinygrad_jp.graph import walk
from tinygrad_jp.mode import Watcher
from tinygrad_jp.record import watching
from tinygrad_jp.testing import strategies as st

DATA = re.compile('(<script type="application/json" id="data">)(.*?)(</script>)', re.S)


# --- the numbers ---------------------------------------------------------------------


@given(st.graphs(max_ops=12), hypothesis_strategies.booleans())
@settings(max_examples=25)
def test_the_parts_of_a_gradient_add_up_to_what_backward_leaves(program, released):
    inputs = [Tensor(array, requires_grad=True) for array in program.inputs]
    loss = program(*inputs)
    assume(loss._node is not None and loss._node.rule is not None)
    if released:
        loss.backward()
    with patch.object(story, "summary_of", np.array), patch.object(story, "MOST", 999):
        pictures = pictures_of([loss], Options(depth=0))
        found = story_of(pictures._replace(values={}, grads={}))
    if released and not isinstance(found, Story):
        return  # a constant is gone, so the ops could not be run again
    if not released:
        loss.backward()
    nodes = walk([loss._node])
    place = {node: i for i, node in enumerate(nodes)}
    for tensor in inputs:
        if tensor._node not in place or tensor is loss:
            continue
        parts = [found.uses[i].part for i in found.parts(place[tensor._node])]
        expected = np.zeros(tensor.shape) if tensor.grad is None else tensor.grad.data
        np.testing.assert_allclose(
            sum(parts, np.zeros(tensor.shape)), expected, rtol=1e-10, atol=1e-10
        )
    for value, node in zip(found.values, nodes):
        if value.grad is not None:
            parts = [found.uses[i].part for i in found.parts(place[node])]
            seed = np.full(node.shape, float(value.seed))
            np.testing.assert_allclose(sum(parts, seed), value.grad, 1e-10, 1e-10)


class Order(Watcher):
    """The nodes that the backward pass came to."""

    def __init__(self):
        self.nodes = []

    def pulled(self, node, g, cotangents):
        self.nodes.append(node)


@given(st.graphs(max_ops=12))
@settings(max_examples=25)
def test_the_order_is_the_engines_own_and_every_node_comes_after_its_users(program):
    loss = program(*[Tensor(array, requires_grad=True) for array in program.inputs])
    assume(loss._node is not None and loss._node.rule is not None)
    with patch.object(story, "MOST", 999):
        found = story_of(pictures_of([loss], Options(depth=0)))
    order = Order()
    with watching(order):
        loss.backward()
    nodes = walk([loss._node])
    assert [nodes[i] for i in found.visits] == order.nodes
    turns = {place: turn for turn, place in enumerate(found.visits)}
    for use in found.uses:
        if use.part is not None and use.source in turns:
            assert turns[use.user] < turns[use.source]


def test_the_local_derivative_is_the_rules_own():
    x = parameter("x", (3,))
    found = story_of(pictures_of([tg.tanh(x).sum()], Options()))
    slope = found.uses[0].slope.elements
    np.testing.assert_allclose(slope, 1 - np.tanh(x.data) ** 2, rtol=1e-12)
    assert found.uses[1].slope is None  # a sum has no slope at each place


@pytest.mark.parametrize("released", [False, True])
def test_nothing_of_the_users_is_touched(released):
    x = parameter("x", (2,))
    called = []
    x.register_hook(called.append)
    loss = (x * x).sum()
    if released:
        loss.backward()
    before = None if x.grad is None else x.grad.data.copy()
    called.clear()
    order = Order()
    with watching(order):
        found = story_of(pictures_of([loss], Options()))
    assert isinstance(found, Story)
    assert called == []
    assert order.nodes == []
    np.testing.assert_array_equal(None if x.grad is None else x.grad.data, before)
    if not released:
        loss.backward()  # the graph is still there


def test_a_drawing_with_a_film_keeps_no_array(tmp_path):
    x = parameter("x", (2,))
    kept = weakref.ref(x)
    drawing = tg.draw((x * x).sum())
    del x
    gc.collect()
    assert kept() is None
    assert drawing.film(tmp_path / "film.html").exists()


# --- when there is none --------------------------------------------------------------


def test_too_many_ops_are_refused_with_a_cure(tmp_path):
    x = number("x", 1.0)
    y = h = x * 1.0
    for _ in range(MOST - 1):  # all of them use `h`, which takes dot long
        y = y * h
    assert tg.draw(y).film(tmp_path / "film.html").exists()
    with pytest.raises(TooLargeError) as caught:
        tg.draw(y * x).film(tmp_path / "film2.html")
    assert str(caught.value) == (
        "film: 61 ops, and 60 is the limit for a film; make one of a smaller function "
        'or of a single layer, and look at the whole by .save("graph.html"), which '
        "folds scopes"
    )
    assert not (tmp_path / "film2.html").exists()


def test_an_output_of_several_elements_is_refused(tmp_path):
    x = number("x", [1.0, 2.0])
    with pytest.raises(GraphError, match="starts at one number"):
        tg.draw(x * x).film(tmp_path / "film.html")


def test_a_released_graph_is_run_again_or_refused(tmp_path):
    x = number("x", 3.0)
    loss = x * x
    loss.backward()
    again = told(loss)
    assert again["Backward: #1 ×"]["Handed on"][-1] == (
        "x: all 2 parts are there: 3 + 3 = 6"
    )
    x.data = np.array(5.0)
    with pytest.raises(GraphError, match=r"make the picture before backward\(\)"):
        tg.draw(loss).film(tmp_path / "film.html")


def test_another_ending_is_refused(tmp_path):
    drawing = tg.draw(apple())
    with pytest.raises(ValueError, match=r"must end in \.html, got 'film\.mp4'"):
        drawing.film(tmp_path / "film.mp4")


def test_without_graphviz_the_error_has_the_cure(tmp_path, monkeypatch):
    monkeypatch.setattr(engines, "ENGINES", ())
    with pytest.raises(EngineError, match="Graphviz"):
        tg.draw(apple()).film(tmp_path / "film.html")
    assert list(tmp_path.iterdir()) == []


# --- one safe file -------------------------------------------------------------------


def page_of(tensor, folder, **options):
    return tg.draw(tensor, **options).film(folder / "deep" / "film.html").read_text()


def test_the_page_is_one_file_and_the_same_each_time(tmp_path):
    html = page_of(apple(), tmp_path)
    assert html == page_of(apple(), tmp_path, style="book")
    addresses = set(re.findall(r"\w+://[^\s\"'<>]+", html))
    assert addresses == {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    for way_out in ("src=", " href=", "@import", "url(", "fetch(", "import("):
        assert way_out not in html
    for danger in ("innerHTML", "outerHTML", "insertAdjacent", "document.write"):
        assert danger not in html
    assert "default-src 'none'" in html


@given(hypothesis_strategies.text(min_size=1))
@settings(max_examples=30)
def test_names_are_data_whatever_they_are(name):
    loss = number(name, 2.0) * number("</script><b>$x", 3.0)
    with patch.object(engines, "svg", lambda source: '<svg width="1"></svg>'):
        html = film.write(story_of(pictures_of([loss], Options())), "en")
    ((start, found, _),) = DATA.findall(html)
    assert start
    texts = json.dumps(json.loads(found), ensure_ascii=False)
    assert json.dumps(clean(name)[:39], ensure_ascii=False)[1:-1] in texts
    assert "<b>" not in html


def test_both_languages_say_the_same_things():
    english, japanese = FILM_WORDS["en"], FILM_WORDS["ja"]
    assert english.keys() == japanese.keys()
    for name, text in english.items():
        fields = [f for _, f, _, _ in string.Formatter().parse(text) if f is not None]
        other = japanese[name]
        found = [f for _, f, _, _ in string.Formatter().parse(other) if f is not None]
        assert len(fields) == len(found), name
    assert formulas.WORDS["en"].keys() == formulas.WORDS["ja"].keys()


def test_the_picture_has_a_place_for_every_wire():
    found = story_of(pictures_of([two_ways()], Options()))
    source = stage.write(found, "en")
    for i, use in enumerate(found.uses):
        assert f'class="wire forward u{i}"' in source
        assert (f'class="wire back u{i}"' in source) == (use.part is not None)
    for place in range(len(found.values)):
        assert f'v{place}"' in source


def test_a_number_of_the_formula_stands_at_every_use():
    x = number("x", 1.0)
    found = story_of(pictures_of([(x * 2.0) * 2.0], Options()))
    assert stage.write(found, "en").count('class="leaf') == 3


def test_a_leaf_of_many_uses_stands_at_each_of_them():
    x = y = number("x", 1.0)
    for _ in range(4):
        y = y * x
    few = stage.write(story_of(pictures_of([y * x], Options())), "en")
    many = stage.write(story_of(pictures_of([y * x * x], Options())), "en")
    assert (few.count('class="leaf v0"'), many.count('class="leaf v0"')) == (1, 7)
