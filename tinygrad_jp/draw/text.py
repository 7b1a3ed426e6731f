"""Text in pictures: escaping, numbers, and the words of the two languages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite, isnan

from tinygrad_jp.draw.basics import Language

_LONGEST = 40  # characters of a name in a label; its tooltip has all of them

# --- escaping ----------------------------------------------------------------------

# Control characters, lone surrogates and U+FFFE, U+FFFF have no place in XML.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_JAPANESE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uff01-\uffef]")


def clean(text: str) -> str:
    """Put U+FFFD in the place of what cannot be shown."""
    return _UNPRINTABLE.sub("\ufffd", text)


def short(text: str) -> str:
    """A name that is not longer than a label should be."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def has_japanese(text: str) -> bool:
    """Whether a Japanese font is needed to show it."""
    return _JAPANESE.search(text) is not None


def _entities(text: str) -> str:
    for mark, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(mark, entity)
    return text


def label(
    text: str, *, bold: bool = False, color: str = "", size: float | None = None
) -> str:
    r"""A piece of an HTML-like label that shows `text` as it stands.

    A backslash and an ampersand stand in a tag of their own, because Graphviz takes
    ``\N`` for the node's name and does not escape what looks like an entity. It also
    stumbles over a text of just ``]``.
    """
    size_given = f' POINT-SIZE="{size:g}"' if size else ""
    color_given = f' COLOR="{color}"' if color else ""
    head, tail = f"<FONT{color_given}{size_given}>", "</FONT>"
    if bold:
        head, tail = f"{head}<B>", f"</B>{tail}"
    pieces = []
    for piece in re.split(r"([\\&])", clean(text)):
        if piece:
            escaped = _entities(piece).replace("\\", "&#92;").replace("]", "&#93;")
            pieces.append(f"{head}{escaped}{tail}")
    return "".join(pieces)


def tooltip(lines: Iterable[str]) -> str:
    """A quoted attribute for a tooltip; Graphviz un-escapes backslashes twice."""
    escaped = [_entities(clean(line)).replace("\\", "\\" * 4) for line in lines]
    return "\\n".join(escaped)


# --- numbers -----------------------------------------------------------------------


def number(value: float, digits: int = 2) -> str:
    """A number with so many significant digits, without trailing zeros.

    Example:
        >>> [number(v) for v in (0.00494, 1.0, 1234.0, 3.1e-7, float("nan"))]
        ['0.0049', '1', '1200', '3.1e-7', 'NaN']
    """
    if isnan(value):
        return "NaN"
    if not isfinite(value):
        return "∞" if value > 0 else "-∞"
    if not value:
        return "0"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    if -4 <= int(exponent) < 5:
        text = f"{float(f'{mantissa}e{exponent}'):.10f}"
        return text.rstrip("0").rstrip(".")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}"


def is_trouble(value: float) -> bool:
    """Whether a value or a gradient's norm is NaN or infinite."""
    return not isfinite(value)


# --- words -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Words:
    """What a picture says in one language.

    The templates of `ops`, `more`, `repeated` take a number or a name.
    """

    input: str
    parameter: str
    op: str
    layer: str
    output: str
    ops: str
    more: str
    shape: str
    norm: str
    drawn: str
    legend: str
    accumulated: str
    redraw: str
    not_scalar: str
    dashed: str
    title: str
    roles: bool
    """Whether a name is followed by its role: "x 入力"."""
    above: str
    """Of a wire in the book's style; the gradient is beneath it."""
    beneath: str
    value: str
    gradient: str
    statistics: str
    """Takes the smallest, the mean and the largest element."""
    counts: str
    """Takes how many elements are 0, NaN and infinite."""
    line: str
    problem: str
    problems: str
    grad_scale: str
    time_scale: str
    memory_scale: str
    time_parts: str
    memory_parts: str
    share: str
    unmeasured: str
    unseen: str
    run: str
    parameters: str


ENGLISH = Words(
    input="input",
    parameter="parameter",
    op="op",
    layer="layer",
    output="output",
    ops="{} ops",
    more="and {} more",
    shape="shape",
    norm="gradient norm",
    drawn="drawn in full elsewhere",
    legend="∇ gradient norm (thicker and stronger = larger)",
    accumulated="∇ norm of .grad",
    redraw="for ∇ on every wire draw before backward(), or with retain_graph=True",
    not_scalar="no ∇: the output is no scalar",
    dashed="dashed: drawn again",
    title="computation graph",
    roles=False,
    above="forward: value",
    beneath="backward: gradient",
    value="value",
    gradient="gradient",
    statistics="min {}, mean {}, max {}",
    counts="zeros {}, NaN {}, infinite {}",
    line="line",
    problem="⚠ 1 problem",
    problems="⚠ {} problems",
    grad_scale="colour: RMS of the gradient",
    time_scale="colour: time, forward and backward",
    memory_scale="colour: memory",
    time_parts="forward {}, backward {}",
    memory_parts="result {}, kept copies {}",
    share="{} % of all",
    unmeasured="not measured: the graph is too large to run again",
    unseen="grey: did not run in the profile's block",
    run="gradients are not known: draw(function, *args), or before backward()",
    parameters="{} parameters",
)

JAPANESE = Words(
    input="入力",
    parameter="パラメータ",
    op="演算",
    layer="層",
    output="出力",
    ops="演算 {} 個",
    more="ほか {} 個",
    shape="形状",
    norm="勾配のノルム",
    drawn="別の場所にも描かれています",
    legend="∇ 勾配のノルム（太く鮮やかな矢印ほど大きい）",
    accumulated="∇ .grad のノルム",
    redraw="全ての線に ∇ を出すには backward() の前に描くか retain_graph=True",
    not_scalar="∇ なし（出力がスカラーではない）",
    dashed="破線は再掲",
    title="計算グラフ",
    roles=True,
    above="順伝播の値",
    beneath="逆伝播の勾配",
    value="値",
    gradient="勾配",
    statistics="最小 {}、平均 {}、最大 {}",
    counts="0 が {} 個、NaN {} 個、無限大 {} 個",
    line="行",
    problem="⚠ 問題 1 件",
    problems="⚠ 問題 {} 件",
    grad_scale="色: 勾配の RMS",
    time_scale="色: 時間（順伝播と逆伝播）",
    memory_scale="色: メモリ",
    time_parts="順伝播 {}、逆伝播 {}",
    memory_parts="結果 {}、保持するコピー {}",
    share="全体の {} %",
    unmeasured="未計測: グラフが大きすぎて再実行できません",
    unseen="灰色: プロファイルのブロックの外で実行",
    run="勾配が不明: draw(関数, *引数) とするか、backward() の前に描くこと",
    parameters="パラメータ {} 個",
)

WORDS: dict[Language, Words] = {"en": ENGLISH, "ja": JAPANESE}
