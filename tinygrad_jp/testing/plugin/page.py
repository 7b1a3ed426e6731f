"""The page that `--gradcheck-report` writes: one file, which needs no network.

A row is a function in a test, as `run.Run.rows` gives it: numbers and text alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from textwrap import dedent
from typing import Any, TypeAlias

Row: TypeAlias = dict[str, Any]

LEAST = 0.0001
"""Smaller errors are not told apart."""

MINUTES = 100
"""From so many seconds on, time is told in minutes."""

STYLE = Path(__file__).with_name("page.css")

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def write_page(rows: Iterable[Row], path: Path) -> None:
    """Write the page; folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # A lone surrogate has no place in a file.
    path.write_bytes(page(rows).encode(errors="replace"))


def page(rows: Iterable[Row]) -> str:
    """The page as text: failures first, then by the worst error."""
    ordered = sorted(rows, key=lambda row: (-(row["worst"] or 0.0), row["name"]))
    wrong = [row for row in ordered if row["failed"]]
    right = [row for row in ordered if not row["failed"]]
    title = _verdict(wrong, right)
    body = [_header(title, wrong, right)]
    body += [_wrong(row) for row in wrong]
    body += [_table(right)] if right else []
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{escape(title)}</title>",
            f"<style>\n{STYLE.read_text()}</style>",
            "</head>\n<body>\n<main>",
            *body,
            "</main>\n</body>\n</html>\n",
        ]
    )


def _verdict(wrong: Sequence[Row], right: Sequence[Row]) -> str:
    count = len(wrong) + len(right)
    if not count:
        return "No function was checked"
    if not wrong:
        return (
            "The function is right"
            if count == 1
            else f"All {count:,} functions are right"
        )
    verb = "is" if len(wrong) == 1 else "are"
    return f"{len(wrong):,} of {count:,} functions {verb} wrong"


def _header(title: str, wrong: Sequence[Row], right: Sequence[Row]) -> str:
    rows = [*wrong, *right]
    facts = [
        ("points", f"{sum(row['points'] for row in rows):,}"),
        ("kinks met", f"{sum(row['kinks'] for row in rows):,}"),
        ("batches", f"{sum(row['batches'] for row in rows):,}"),
        (
            "worst error",
            _worst(max([row["worst"] or 0 for row in right], default=None)),
        ),
        ("time", _seconds(sum(row["seconds"] for row in rows))),
    ]
    state = "bad" if wrong else "good" if right else ""
    when = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M")
    return (
        f'<header class="{state}">\n<p class="what">Gradients and meaning '
        f"<time>{when}</time></p>\n<h1>{escape(title)}</h1>\n{_facts(facts)}\n</header>"
    )


def _facts(facts: Iterable[tuple[str, str]]) -> str:
    parts = [f"<div><dt>{k}</dt><dd>{v}</dd></div>" for k, v in facts if v]
    return f"<dl>{''.join(parts)}</dl>"


def _wrong(row: Row) -> str:
    """A function that failed: what, where, how to repeat it, and a picture."""
    first, *rest = row["message"].splitlines() or [""]
    message = dedent("\n".join(rest))
    parts = [
        '<article class="wrong">',
        f"<h2>{_text(row['name'])}</h2>",
        f'<p class="test">{_text(row["test"])}</p>',
        f'<p class="said">{_text(first.removeprefix(row["name"] + ": "))}</p>',
    ]
    if message:
        parts.append(f"<pre>{_text(message)}</pre>")
    if row["svg"]:
        label = f"The graph of {row['name']}"
        parts.append(f'<figure aria-label="{_text(label)}">{row["svg"]}</figure>')
    elif row["picture"]:
        parts.append(f'<p class="test">Its graph: {_text(row["picture"])}</p>')
    where = f" in the folder {row['folder']}" if row["folder"] else ""
    parts.append(f"<h3>How to repeat it{_text(where)}</h3>")
    parts.append(f'<pre class="code">{_text(row["code"].strip())}</pre>')
    before = [
        ("right before at", f"{row['points']:,} points" if row["points"] else ""),
        ("kinks met", f"{row['kinks']:,}" if row["kinks"] else ""),
        ("time", _seconds(row["seconds"])),
    ]
    return "\n".join([*parts, _facts(before), "</article>"])


def _table(rows: Sequence[Row]) -> str:
    heads = ("function", "worst error", "points", "kinks met", "laws", "time")
    head = "".join([f'<th scope="col">{name}</th>' for name in heads])
    body = "\n".join([_line(row) for row in rows])
    return (
        "<section>\n<h2>What is right</h2>\n"
        "<p>The worst error first, in units of what is allowed: at 1 a gradient is "
        "wrong. At a kink it lies between the slopes of both sides. A law is something "
        "that batches must obey, such as that one row moves no other.</p>\n"
        f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>\n"
        "</section>"
    )


def _line(row: Row) -> str:
    order = f" to order {row['order']}" if row["order"] > 1 else ""
    points = f"{row['points']:,}{order}" if row["points"] else ""
    meets = f" ({row['meetings']:,} meet)" if row["meetings"] else ""
    kinks = f"{row['kinks']:,}{meets}" if row["kinks"] else ""
    cells = [
        ("worst error", _bar(row["worst"])),
        ("points", points),
        ("kinks met", kinks),
        ("laws", _laws(row)),
        ("time", _seconds(row["seconds"])),
    ]
    refused = ""
    if row["refused"]:
        checks = "check" if row["refused"] == 1 else "checks"
        refused = (
            f"<small>{row['refused']:,} {checks} refused, as the test wants</small>"
        )
    name = f"<b>{_text(row['name'])}</b><small>{_text(row['test'])}</small>{refused}"
    tags = [f'<td data-name="{name}">{text}</td>' for name, text in cells]
    return f'<tr><th scope="row">{name}</th>{"".join(tags)}</tr>'


def _bar(worst: float | None) -> str:
    if worst is None:
        return ""
    width = min(100 * worst, 100)
    bar = f'<span class="bar"><i style="width:{width:.1f}%"></i></span>'
    return f"<span>{bar}{_worst(worst)}</span>"


def _laws(row: Row) -> str:
    if not row["laws"]:
        return ""
    names = "".join([f"<li>{_text(law)}</li>" for law in row["laws"]])
    count = len(row["laws"])
    return f"<details><summary>{count} held</summary><ul>{names}</ul></details>"


def _worst(worst: float | None) -> str:
    if worst is None:
        return ""
    return f"{worst:.2g}" if worst >= LEAST or not worst else f"&lt; {LEAST}"


def _seconds(seconds: float) -> str:
    if seconds >= MINUTES:
        return f"{seconds / 60:.0f} min"
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds:.1g} s"


def _text(text: object) -> str:
    return escape(_CONTROLS.sub("�", str(text)))
