"""DOT for a Graphviz without HTML-like labels: what is kept, and what it costs."""

import re

import pytest

from tinygrad_jp.draw import labels, palette, text
from tinygrad_jp.draw.engines.plain_labels import FACE, with_plain_labels


def node(markup, more="shape=box"):
    return f'digraph "a < b" {{\n\tn0 [label=<{markup}> {more}]\n}}\n'


def attributes(source):
    """Those of the node or wire; of one that is given twice, the last, as in DOT."""
    inside = re.search(r"n0[^\[]*\[(.*)\]\n", source)[1]
    pairs = re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|[^\s"]+)', inside)
    return {name: value.removeprefix('"').removesuffix('"') for name, value in pairs}


def lines(source):
    return attributes(source)["label"].split("\\n")[:-1]


def test_rows_are_lines_and_cells_are_words():
    cells = [labels.cell(text.label(word, size=11)) for word in "abc"]
    rows = [cells[0], cells[1] + labels.cell("", ' WIDTH="6"') + cells[2]]
    assert lines(with_plain_labels(node(labels.table(rows)))) == ["a", "b c"]


def test_a_bare_text_and_its_breaks():
    markup = f"{text.label('a')}<BR/>{text.label('b')}"
    assert lines(with_plain_labels(node(markup))) == ["a", "b"]


def test_a_row_of_nothing_is_a_line_with_a_character():
    """Graphviz 16.1 for WebAssembly crashes on some labels with an empty line."""
    rim = labels.cell("", ' HEIGHT="7"')
    source = node(labels.table([rim, labels.cell("a"), rim]))
    assert lines(with_plain_labels(source)) == [" ", "a", " "]


def test_a_framed_table_gives_its_ground_to_the_node():
    inside = labels.table([labels.cell(text.label("loss", size=13))])
    look = palette.LOOKS[palette.Kind.OUTPUT]
    markup = f'<TABLE BGCOLOR="{look.fill}"><TR><TD>{inside}</TD></TR></TABLE>'
    found = attributes(with_plain_labels(node(markup, 'fillcolor="#ffffff"')))
    assert found["label"] == "loss\\n"
    assert found["fillcolor"] == look.fill


def test_the_first_text_sets_size_and_colour_and_what_shouts_the_colour():
    rows = [
        labels.cell(text.label("W", color="#111111", size=13)),
        labels.cell(text.label("(2,)", color="#222222", size=10)),
    ]
    found = attributes(with_plain_labels(node(labels.table(rows))))
    assert (found["fontsize"], found["fontcolor"]) == ("13", "#111111")
    loud = text.label("NaN", color=palette.PAPER, size=12)
    rows.append(labels.cell(loud, f' BGCOLOR="{palette.ALARM}"'))
    found = attributes(with_plain_labels(node(labels.table(rows))))
    assert (found["fontsize"], found["fontcolor"]) == ("13", palette.ALARM)


def test_the_ground_of_a_wires_label_is_not_that_of_its_arrow():
    markup = '<TABLE BGCOLOR="#123456"><TR><TD>a</TD></TR></TABLE>'
    source = f"digraph {{\n\tn0 -> n1 [label=<{markup}> weight=2]\n}}\n"
    found = attributes(with_plain_labels(source))
    assert found == {"label": "a\\n", "weight": "2"}


def test_a_swatch_goes_with_the_word_that_explains_it():
    swatch = labels.cell(labels.table([labels.cell("", ' BGCOLOR="#123456"')]))
    words = [labels.cell(text.label(word)) for word in ("input", "∇ gradient")]
    source = node(labels.table([swatch + words[0] + words[1]]))
    assert lines(with_plain_labels(source)) == ["∇ gradient"]


def test_tracks_are_frames():
    rail = labels.cell("", ' PORT="f" HEIGHT="2" BGCOLOR="#000000"')
    rows = [labels.cell(text.label("3")), rail, labels.cell(text.label("0.5"))]
    found = attributes(with_plain_labels(node(labels.table(rows), "shape=plain")))
    assert found["label"] == "3\\n0.5\\n"
    assert found["shape"] == "box"
    found = attributes(with_plain_labels(node(labels.table([rail]), "shape=plain")))
    assert found["label"] == ""
    assert found["shape"] == "point"


@pytest.mark.parametrize(
    ("name", "escaped"),
    [
        ("a&b", "a&amp;b"),
        ("\\N", "\\\\N"),
        ('"', "&quot;"),
        ("<b>]", "<b>]"),
        ("&lt;", "&amp;lt;"),
        (" a  ", " a  "),
    ],
)
def test_names_are_escaped_for_quoted_labels(name, escaped):
    source = with_plain_labels(node(labels.table([labels.cell(text.label(name))])))
    assert f'label="{escaped}\\n"' in source


def test_what_is_quoted_stays_as_it_is():
    tip = text.tooltip(['label=<x> "', "a -> b <", "\\"])
    quoted = f'tooltip="{tip}" label="<b>" comment="\\" <a>"'
    source = f'digraph "<" {{\n\tn0 [{quoted}]\n}}\n'
    assert with_plain_labels(source) == source


def test_one_face_whose_widths_are_known():
    source = f'digraph {{\n\tnode [fontname="{palette.FONTS}"]\n}}\n'
    assert with_plain_labels(source) == f'digraph {{\n\tnode [fontname="{FACE}"]\n}}\n'
