"""The colours of the page as CSS, from the one palette."""

from __future__ import annotations

from collections.abc import Sequence

from tinygrad_jp.draw import palette as p
from tinygrad_jp.draw.picture import Kind
from tinygrad_jp.draw.theme import both, schemes


def variables(colors: Sequence[str]) -> str:
    """CSS for the colours of the page, and a class for each colour of its data."""
    found = {
        "paper": p.PAPER,
        "ink": p.INK,
        "quiet": p.QUIET,
        "plain-wire": p.PLAIN_WIRE,
        "gradient": p.GRADIENT,
        "alarm": p.ALARM,
        "frame": p.FRAME,
        "frame-fill": p.FRAME_FILL,
        "focus": p.LOOKS[Kind.INPUT].line,
    }
    for kind, look in p.LOOKS.items():
        found |= {f"{kind.value}-fill": look.fill, f"{kind.value}-line": look.line}
    light = [f"--{name}:{color}" for name, color in found.items()]
    light += [f"--w{i}:{color}" for i, color in enumerate(colors)]
    twins = [f"--{name}:{both(color)}" for name, color in found.items()]
    twins += [f"--w{i}:{both(color)}" for i, color in enumerate(colors)]
    classes = [
        f".w{i}{{--flow:var(--w{i})}}.heat .n{i}.n{i}{{fill:var(--w{i})}}"
        for i in range(len(colors))
    ]
    *families, generic = p.FONTS.split(",")
    fonts = ",".join([*[f'"{family}"' for family in families], generic])
    return "\n".join(
        [
            schemes(":root"),
            f":root{{--fonts:{fonts};{';'.join(light)}}}",
            "@supports (color:light-dark(red,red)){",
            f":root{{{';'.join(twins)}}}",
            "}",
            *classes,
        ]
    )
