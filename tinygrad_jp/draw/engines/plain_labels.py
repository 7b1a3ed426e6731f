"""DOT with plain labels, for a Graphviz that was built without HTML-like ones.

Every flavour writes its labels as tables. Here their texts are kept, line by line, in
the size and colour of the first, or the colour of what shouts, on the ground of the
table. Bold, alignment and the legend's swatches are lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, fromstring

FACE = "Verdana"
"""The face whose widths such a build knows, and which is as wide as ours."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|<', re.DOTALL)
_FACES = re.compile(r'fontname="[^"]*"')
_END = re.compile(r"\]|\n")  # of a statement, outside of quotes
_FAR = {"TABLE": "fillcolor", "TD": "fontcolor"}


def with_plain_labels(source: str) -> str:
    """The same graph with plain labels and a single face.

    Args:
        source: DOT in which text inside of HTML-like labels is escaped.
    """
    return _FACES.sub(f'fontname="{FACE}"', "".join(_pieces(source)))


def _pieces(source: str) -> Iterator[str]:
    """The source piece by piece; what replaces a label, and what it asks for."""
    here = 0
    wanted = ""  # attributes that go to the end of the statement, where they win
    while here < len(source):
        token = _TOKEN.search(source, here)
        gap = source[here : token.start() if token else None]
        end = _END.search(gap)
        if end and wanted:
            gap = f"{gap[: end.start()]} {wanted}{gap[end.start() :]}"
            wanted = ""
        yield gap
        if token is None:
            return
        here = token.end()
        if token[0] != "<":
            yield token[0]
            continue
        here = _closing(source, token.start()) + 1
        markup = source[token.end() : here - 1].replace("<BR/>", "\n")
        whole = fromstring(f"<TD>{markup}</TD>")  # noqa: S314  # written by us
        yield '"' + "".join([f"{_escaped(line)}\\n" for line in _lines(whole)]) + '"'
        start = source.rfind("\n", 0, token.start())
        wanted = _attributes(whole, wire="->" in source[start : token.start()])


def _closing(source: str, start: int) -> int:
    """Where the bracket closes that opens at `start`."""
    depth = 0
    for mark in re.compile("[<>]").finditer(source, start):
        depth += 1 if mark[0] == "<" else -1
        if not depth:
            return mark.start()
    raise AssertionError("an HTML-like label that does not end")


def _lines(cell: Element) -> Iterator[str]:
    """The texts of a cell: a line for each row of its table, empty ones too."""
    table = cell.find("TABLE")
    if table is None:
        yield from _text(cell).split("\n")
        return
    for row in table.iterfind("TR"):
        texts = []
        swatch = False
        for part in row:
            if part.find("TABLE") is None:
                if not swatch:  # else it is the word that explains the swatch
                    texts.append(_text(part))
                swatch = False
            elif _text(part):
                yield from _lines(part)
            else:
                swatch = True
        is_rail = row.find("TD[@PORT]") is not None and not _text(row)
        if texts and not is_rail:
            # Graphviz 16.1 for WebAssembly can crash on a line without a character.
            yield " ".join(filter(None, texts)) or " "


def _text(part: Element) -> str:
    return "".join(part.itertext())


def _attributes(whole: Element, *, wire: bool) -> str:
    """What a label says by its tags, as attributes of its node or wire."""
    found = {}
    font = next((one for one in whole.iter("FONT") if one.get("POINT-SIZE")), None)
    if font is not None:
        found = {"fontsize": font.get("POINT-SIZE"), "fontcolor": font.get("COLOR")}
    for ground in whole.iter():
        if ground.get("BGCOLOR") and _text(ground):
            found[_FAR[ground.tag]] = ground.get("BGCOLOR")
    if whole.find(".//TD[@PORT]") is not None:
        # Wires went on in the table's coloured cells; now they end at a frame.
        found["shape"] = "box" if _text(whole) else "point"
    if wire:
        found.pop("fillcolor", None)  # of its arrow
    if "fillcolor" in found:
        found["margin"] = "0.11,0.06"  # the table brought its own
    return " ".join([f'{name}="{value}"' for name, value in found.items() if value])


def _escaped(text: str) -> str:
    for mark, code in (("&", "&amp;"), ('"', "&quot;"), ("\\", "\\\\")):
        text = text.replace(mark, code)
    return text
