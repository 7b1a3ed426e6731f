"""The buttons of the page's bar, with pictures of what they do."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

_FRAME = "M2 5V2.5H5M11 2.5h3V5M14 11v2.5h-3M5 13.5H2V11"
_BOX = "M2.5 2.5h11v11h-11z"

PICTURES = {
    "fit": f'<path d="{_FRAME}"/>',
    "closer": '<path d="M8 3v10M3 8h10"/>',
    "farther": '<path d="M3 8h10"/>',
    "": "",
    "open_all": f'<path d="{_BOX}M8 5v6M5 8h6"/><path d="M5 16h11V5"/>',
    "open_level": f'<path d="{_BOX}M8 5v6M5 8h6"/>',
    "fold_level": f'<path d="{_BOX}M5 8h6"/>',
    "fold_all": f'<path d="{_BOX}M5 8h6"/><path d="M5 16h11V5"/>',
    " ": "",
    "turn": '<path d="M2 4h8M8 2l2 2-2 2M13 6v8M11 12l2 2 2-2"/>',
    "theme": (
        '<circle cx="8" cy="8" r="6"/><path class="full" d="M8 2a6 6 0 0 1 0 12z"/>'
    ),
}
"""What stands on each button, in an SVG of 16 by 16; an empty one is a gap."""


def buttons(words: Mapping[str, str]) -> str:
    """The markup of all buttons."""
    return "\n".join([_button(name, words) for name in PICTURES])


def _button(name: str, words: Mapping[str, str]) -> str:
    if not PICTURES[name]:
        return '<span class="gap"></span>'
    said = escape(words[name])
    return (
        f'<button id="{name}" type="button" title="{said}" aria-label="{said}">'
        f'<svg viewBox="0 0 17 17" aria-hidden="true">{PICTURES[name]}</svg></button>'
    )
