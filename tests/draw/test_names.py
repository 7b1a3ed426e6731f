"""Any name is safe: it reads in the picture as it was given."""

import unicodedata

from drawn import groups, texts, tip
from hypothesis import example, given, settings
from hypothesis import strategies as st

import tinygrad_jp as tg
from tinygrad_jp import Tensor, draw

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


@settings(max_examples=settings().max_examples // 2)  # each runs Graphviz
@example(HOSTILE[:10], "&lt;", "\\N")
@example(HOSTILE[10:20], "</g>", "\\\\")
@example(HOSTILE[20:30], "日本", "]]>")
@example(HOSTILE[30:], "\ud800", "\x00")
@given(st.lists(names, min_size=1, max_size=10), names, names)
def test_any_name_reads_as_it_was_given(given_names, scope, layer):
    parameters = [Tensor([1.0], requires_grad=True, name=n) for n in given_names]
    total = Tensor([0.0], name="start") * parameters[0]
    with tg.scope(scope):
        for tensor in parameters:
            total = total * tensor
        total = total + total
    with tg.scope(layer, key=1):
        total = tg.tanh(total)
    total.name = given_names[0]
    drawing = draw(total.sum(), depth=1)
    nodes = groups(drawing, "parameter")
    fresh = [node for node in nodes if len(texts(node)) == 3]
    assert sorted(texts(node)[0] for node in fresh) == sorted(map(visible, given_names))
    for node in fresh:
        assert tip(node)[0] == f"{texts(node)[0]} (parameter)"
    (layer_node,) = groups(drawing, "layer")
    assert texts(layer_node)[0] == tip(layer_node)[0].removesuffix(" (layer)")
    assert texts(layer_node)[0] == visible(layer)
    said = ["".join(texts(wire)) for wire in groups(drawing, "wire")]
    assert f"{visible(given_names[0])}(1,)∇ 1" in said
    (frame,) = groups(drawing, "frame")
    assert texts(frame) == tip(frame) == [visible(scope)]


def test_a_long_name_is_cut_in_the_label_and_whole_in_the_tooltip():
    name = "very " * 100
    (node,) = groups(
        draw(Tensor(1.0, requires_grad=True, name=name) * 2.0), "parameter"
    )
    assert texts(node)[0] == name[:39] + "…"
    assert tip(node)[0] == f"{name} (parameter)"
