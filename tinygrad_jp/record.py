"""Recording: a rule of arrays becomes a function of Tensors that builds the graph.

`lift` writes one Python function per rule, with just the work that this rule
needs: take the arrays out of the operands, run the rule, and, if a gradient flows
into an operand, make a node that keeps what the vjps name. Shown for `exp`, this
is what `lifted` writes and what runs:

    def exp(x, /):
        if type(x) is Tensor:
            x_data = x._data
            x_node = x._node
        else:
            x_data, x_node = settle('exp', (x,))[0]
        try:
            out = exp_forward(x_data)
        except Exception as error:
            explain(exp_rule, error, (x_data,), {})
        result = new(Tensor)
        if type(out) is not ndarray:
            out = asarray(out)
        result._data = out
        if x_node is not None and x_node.live:
            _mode = current()
            if _mode.grad:
                node = exp_node()
                node.x_node = x_node
                node.order = tick()
                node.live = True
                node.scope = _mode.scope
                node.dtype = out.dtype
                out_shape = out.shape
                if out_shape == x_node.shape:
                    node.shape = x_node.shape
                else:
                    node.shape = out_shape
                node.out_kept = out if out.base is None else keep_view(out, 'out')
                result._node = node
                return result
        result._node = None
        return result
"""

from __future__ import annotations

from _thread import allocate_lock
from collections.abc import Callable
from types import FunctionType, TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, cast

import numpy as np

from tinygrad_jp.errors import explain
from tinygrad_jp.graph import tick
from tinygrad_jp.lifted import source
from tinygrad_jp.mode import Mode, Switch, Watcher, current
from tinygrad_jp.operands import floats, keep_view, node_of, settle, space, weak
from tinygrad_jp.ops.rule import Rule
from tinygrad_jp.ops.source import bare_call, compile_source

if TYPE_CHECKING:
    from tinygrad_jp.tensor import Tensor

P = ParamSpec("P")


_lifted: dict[Rule[Any], Callable[..., Tensor]] = {}
_plain: dict[Rule[Any], FunctionType] = {}
"""The recording functions themselves, under the lifted ones."""


def lift(rule: Rule[P]) -> Callable[P, Tensor]:
    """Make the function of Tensors that runs a rule and records it.

    It writes itself when it is first called: writing all at import would take as
    long as importing NumPy.
    """
    if rule not in _lifted:
        names, defaults = rule.signature.keywords, dict(rule.signature.defaults)
        first = names[: rule.signature.by_position]
        stub = FunctionType(_first_call.__code__, space, rule.name)
        # One set of defaults serves each code that this function will have.
        stub.__defaults__ = tuple([defaults.pop(n) for n in first if n in defaults])
        stub.__kwdefaults__ = {**defaults, "_rule": rule}
        stub.__qualname__ = rule.name
        stub.__doc__ = rule.__doc__
        stub.__module__ = "tinygrad_jp"
        stub.__wrapped__ = rule.forward  # type: ignore[attr-defined]  # its signature
        _lifted[rule] = stub
    return _lifted[rule]


def _first_call(*operands: Any, _rule: Rule[Any], **keywords: Any) -> Tensor:
    _write(_rule)
    return _lifted[_rule](*operands, **keywords)


def _write(rule: Rule[Any]) -> None:
    """Give a lifted function, which may be a method by now, its own code."""
    label = rule.name
    while f"{label}_rule" in space:  # a user's rule of the same name
        label += "_"
    space[f"{label}_rule"] = rule
    space[f"{label}_forward"] = bare_call(rule.forward)
    space[f"{label}_node"] = rule.node
    made = compile_source(source(rule, label), f"<lifted {label}>", space)[rule.name]
    lifted = cast("FunctionType", _lifted[rule])
    plain = _plain[rule] = cast("FunctionType", made)
    plain.__defaults__ = lifted.__defaults__
    plain.__kwdefaults__ = lifted.__kwdefaults__
    with _watch_lock:
        lifted.__code__ = _watched_call.__code__ if _watches else plain.__code__


# --- watching --------------------------------------------------------------------

_watch_lock = allocate_lock()
_watches: list[object] = []


def _watched_call(*operands: Any, _rule: Rule[Any], **keywords: Any) -> Tensor:
    """What a lifted function runs while anyone watches, in whatever thread."""
    if _rule not in _plain:
        _write(_rule)
    watchers = current().watchers
    for watcher in watchers:
        watcher.runs(_rule, operands)
    result: Tensor = _plain[_rule](*operands, **keywords)
    for watcher in watchers:
        watcher.ran(_rule, operands, keywords, result)
    return result


class watching(Switch):
    """Show every op of the block to a watcher; where none is there, it costs nothing.

    All lifted functions change their code when the first begins to watch, and back
    when the last has ended.
    """

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher

    def _changed(self, mode: Mode) -> Mode:
        return Mode(mode.grad, mode.scope, (*mode.watchers, self.watcher), mode)

    def __enter__(self) -> None:
        super().__enter__()
        with _watch_lock:
            _watches.append(self)
            for rule in _plain:
                lifted = cast("FunctionType", _lifted[rule])
                lifted.__code__ = _watched_call.__code__

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, trace)
        with _watch_lock:
            _watches.remove(self)
            if not _watches:
                for rule, plain in _plain.items():
                    lifted = cast("FunctionType", _lifted[rule])
                    lifted.__code__ = plain.__code__


space.update(
    asarray=np.asarray,
    current=current,
    explain=explain,
    floats=floats,
    ndarray=np.ndarray,
    new=object.__new__,
    node_of=node_of,
    settle=settle,
    keep_view=keep_view,
    tick=tick,
    weak=weak,
    _lifted=_lifted,
    _plain=_plain,
    _write=_write,
)


def apply_rule(rule: Rule[Any], operands: Any, keywords: Any) -> Tensor:
    """Run a rule that was called with a Tensor among its operands."""
    return lift(rule)(*operands, **keywords)
