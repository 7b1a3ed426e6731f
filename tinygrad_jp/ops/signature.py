"""What the parameters of a rule say: which are array operands, which metadata."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

CO_VARARGS, CO_VARKEYWORDS = 4, 8  # as in `inspect`, which takes long to import


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
