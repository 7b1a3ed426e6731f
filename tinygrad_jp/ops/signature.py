"""What the parameters of a rule say: which are array operands, which metadata."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

CO_VARARGS, CO_VARKEYWORDS = 4, 8  # as in `inspect`, which takes long to import

RESERVED = frozenset(
    [
        "asarray",
        "cotangents",
        "current",
        "error",
        "explain",
        "floats",
        "g",
        "gu",
        "keep_view",
        "Leaf",
        "ndarray",
        "new",
        "node",
        "node_of",
        "out",
        "out_shape",
        "reopen",
        "result",
        "retain",
        "settle",
        "settled",
        "Tensor",
        "tick",
        "u",
        "wait",
        "weak",
    ]
)
"""Names that stand in the functions that are written for a rule."""

_PARTS = ("data", "given", "kept", "live", "node", "shape")
"""What these functions call the parts of an operand, as in ``x_node``."""


class Signature(NamedTuple):
    """What the parameters of a rule's forward function say."""

    operands: tuple[str, ...]
    variadic: bool
    keywords: tuple[str, ...]
    defaults: Mapping[str, Any]
    by_position: int
    """How many of the keywords may also be given by position."""

    @classmethod
    def of(cls, forward: Callable[..., Any]) -> Signature:
        """Read a signature; refuse one in which an operand could be a keyword."""
        code = forward.__code__
        names = code.co_varnames
        count = code.co_argcount + code.co_kwonlyargcount
        starred = names[count : count + 1] if code.co_flags & CO_VARARGS else ()
        operands = names[: code.co_posonlyargcount]
        shown = f"{forward.__name__}({', '.join((*names[:count], *starred))})"
        if code.co_flags & CO_VARKEYWORDS or bool(operands) == bool(starred):
            raise TypeError(
                f"{shown}: a rule's array operands stand before '/' (or are one "
                "*operands), and its metadata after it, each by name"
            )
        for name in (*names[:count], *starred):
            if name in RESERVED or name.startswith("_") or _is_part(name, operands):
                raise TypeError(
                    f"{shown}: a rule's parameter cannot be called {name!r}, which the "
                    "engine uses itself; choose another name"
                )
        by_position = code.co_argcount - len(operands)
        given = forward.__defaults__ or ()
        if len(given) > by_position:
            raise TypeError(f"{shown}: an array operand cannot have a default")
        positional = names[code.co_argcount - len(given) : code.co_argcount]
        return cls(
            operands=operands or starred,
            variadic=bool(starred),
            keywords=names[len(operands) : count],
            defaults=dict(zip(positional, given)) | (forward.__kwdefaults__ or {}),
            by_position=by_position,
        )


def _is_part(name: str, operands: tuple[str, ...]) -> bool:
    """Whether it is what the engine calls a part of an operand."""
    taken = {f"{operand}_{part}" for operand in operands for part in _PARTS}
    return name in taken or name in {f"vjp_{operand}" for operand in operands}
