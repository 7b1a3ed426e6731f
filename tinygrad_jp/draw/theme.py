"""Light and dark: an SVG that takes the colours and the width of its page.

The attributes of the SVG keep the colours of light pages, so that whatever knows no
styles (Inkscape, librsvg, a printer) draws what a PNG shows. A stylesheet inside names
the twin of each colour that occurs, and browsers choose between the two:

- by the viewer's setting, as `prefers-color-scheme` tells it;
- by what the page around says, where it says something: `data-theme="dark"` (or
  "light") on any element around the SVG or on itself; and what JupyterLab, VS Code and
  Colab write on theirs.

The rules hold for elements of class `tinygrad-jp` alone, so a picture does not change
the page on which it stands. Browsers older than `light-dark()` (2024) show light ones.
"""

from __future__ import annotations

import re

from tinygrad_jp.draw.palette import PAPER, TWINS

CLASS = "tinygrad-jp"
"""Of the SVG element."""

_ATTRIBUTE = re.compile(r'\b(fill|stroke|stop-color)="(#[0-9a-fA-F]{6})"')

# The light ones come last: a light high contrast theme of VS Code has both classes.
_PAGES = {
    "dark": (
        '[data-theme="dark"]',
        '[data-jp-theme-light="false"]',
        'html[theme="dark"]',
        ".vscode-dark",
        ".vscode-high-contrast",
    ),
    "light": (
        '[data-theme="light"]',
        '[data-jp-theme-light="true"]',
        'html[theme="light"]',
        ".vscode-light",
        ".vscode-high-contrast-light",
    ),
}


def schemes(selector: str) -> str:
    """CSS rules that set `color-scheme` of an element to what the page around says.

    Whatever stands in it can then say `light-dark(#ffffff, #000000)` for a colour.
    """
    rules = [f"{selector}{{color-scheme:light dark}}"]
    for scheme, marks in _PAGES.items():
        around = ",".join(marks)
        rules.append(
            f"{selector}:is({around},:is({around}) *){{color-scheme:{scheme}}}"
        )
    return "\n".join(rules)


def both(color: str) -> str:
    """A colour of the palette as CSS: that of light pages, or of dark ones."""
    return f"light-dark({color},{TWINS[color]})"


# A medium, so that CairoSVG, which stumbles over such a height, leaves it out.
_SIZE = f"@media all{{.{CLASS}{{max-width:100%;height:auto}}}}"


def themed(svg: str) -> str:
    """An SVG element with the stylesheet that knows dark pages and narrow ones.

    Args:
        svg: An SVG element whose colours are the palette's.

    Example:
        >>> from tinygrad_jp.draw.theme import themed
        >>> print(themed('<svg width="9"><path fill="#ffffff"/></svg>'))
        <svg class="tinygrad-jp" width="9">
        <style>@media all{.tinygrad-jp{max-width:100%;height:auto}}
        @supports (color:light-dark(red,red)){
        .tinygrad-jp{color-scheme:light dark}
        ...
        .tinygrad-jp [fill="#ffffff"]{fill:light-dark(#ffffff,#11161f)}
        }</style><path fill="#ffffff"/></svg>
    """
    used = sorted(set(_ATTRIBUTE.findall(svg)))
    rules = [
        f'.{CLASS} [{name}="{color}"]{{{name}:{both(color)}}}'
        for name, color in used
        if color in TWINS
    ]
    ground = f".{CLASS}{{background:{both(PAPER)}}}"  # of a window that is larger
    sheet = "\n".join([schemes(f".{CLASS}"), ground, *rules])
    start = svg.index(">") + 1
    head = svg[:start].replace("<svg ", f'<svg class="{CLASS}" ', 1)
    colors = f"@supports (color:light-dark(red,red)){{\n{sheet}\n}}"
    style = f"\n<style>{_SIZE}\n{colors}</style>"
    # SVG knows no colour of this name, and some programs draw it in black.
    body = svg[start:].replace('stroke="transparent"', 'stroke="none"')
    return f"{head}{style}{body}"
