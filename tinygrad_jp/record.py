"""Recording: a rule of arrays becomes a function of Tensors that builds the graph.

`lift` writes one Python function per rule, with just the work that this rule
needs: take the arrays out of the operands, run the rule, and, if a gradient flows
into an operand, make a node that keeps what the vjps name. Shown for `exp`, this
is what runs (`print(tg.exp.source)`):

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


def source(rule: Rule[Any], label: str) -> str:
    """Write the recording function of a rule."""
    signature = rule.signature
    keywords = signature.keywords
    passed = "".join(f", {name}={name}" for name in keywords)
    given = f"{{{', '.join(f'{name!r}: {name}' for name in keywords)}}}"
    parameters = [
        f"{name}=None" if name in signature.defaults else name for name in keywords
    ]
    if not signature.variadic and len(keywords) > signature.by_position:
        parameters.insert(signature.by_position, "*")
    if signature.variadic:
        (name,) = signature.operands
        head = [f"*{name}", *parameters]
        take = [
            f"settled = settle({rule.name!r}, {name})",
            f"{name}_data = [data for data, _ in settled]",
        ]
        data = f"*{name}_data"
        live = [f"{name}_live = any([n is not None and n.live for _, n in settled])"]
        nodes = [
            f"node.{name}_node = tuple([n or node_of(t) for t, (_, n) in "
            f"zip({name}, settled)])"
        ]
    else:
        operands = signature.operands
        head = [*operands, "/", *parameters]
        pairs = ", ".join(f"({n}_data, {n}_node)" for n in operands)
        test = " and ".join(f"type({n}) is Tensor" for n in operands)
        take = [
            f"if {test}:",
            *(f"    {line}" for n in operands for line in _take_source(n)),
            *_scalar_source(operands),
            "else:",
            f"    {pairs}, = settle({rule.name!r}, ({', '.join(operands)},))",
        ]
        data = ", ".join(f"{n}_data" for n in operands)
        live = [f"{n}_live = {n}_node is not None and {n}_node.live" for n in operands]
        nodes = [
            f"node.{n}_node = {n}_node = {n}_node or node_of({n})" for n in operands
        ]
    differentiable = [n for n, vjp in zip(signature.operands, rule.vjps) if vjp]
    any_live = " or ".join(f"{name}_live" for name in differentiable)
    if not signature.variadic and len(operands) == 1 == len(differentiable):
        (name,) = operands
        live, any_live = [], f"{name}_node is not None and {name}_node.live"
        nodes = [f"node.{name}_node = {name}_node"]
    lines = [
        *take,
        "try:",
        f"    out = {label}_forward({data}{passed})",
        "except Exception as error:",
        f"    explain({label}_rule, error, ({data},), {given})",
        "result = new(Tensor)",
        "if type(out) is not ndarray:",
        "    out = asarray(out)",
        "result._data = out",
        *live,
        f"if {any_live or False}:",
        "    _mode = current()",
        "    if _mode.grad:",
        f"        node = {label}_node()",
        *(f"        {line}" for line in nodes),
        "        node.order = tick()",
        "        node.live = True",
        "        node.scope = _mode.scope",
        "        node.dtype = out.dtype",
        *(f"        {line}" for line in _shape_source(rule)),
        *(f"        node.{name}_given = {name}" for name in keywords),
        *(f"        {line}" for line in _keep_source(rule)),
        "        result._node = node",
        "        return result",
        "result._node = None",
        "return result",
    ]
    body = "\n".join(f"    {line}" for line in lines)
    return f"def {rule.name}({', '.join(head)}):\n{body}"


def _shape_source(rule: Rule[Any]) -> list[str]:
    """Write the lines that share an operand's shape, which most results have.

    Every tuple that stays is one more object for the cyclic collector to visit: a
    million ops are recorded in two thirds of the time.
    """
    lines: list[str] = []
    if rule.elementwise and not rule.signature.variadic:
        for name in rule.signature.operands:
            word = "elif" if lines else "if"
            shape = f"{name}_node.shape"
            lines += [f"{word} out_shape == {shape}:", f"    node.shape = {shape}"]
    if not lines:
        return ["node.shape = out.shape"]
    return ["out_shape = out.shape", *lines, "else:", "    node.shape = out_shape"]


def _take_source(operand: str) -> list[str]:
    """Write the lines that take array and node out of a Tensor."""
    return [f"{operand}{part} = {operand}.{part}" for part in ("_data", "_node")]


def _scalar_source(operands: tuple[str, ...]) -> list[str]:
    """Write the quick way for a Tensor and a Python float, in either order."""
    if len(operands) != 2:
        return []
    lines = []
    for tensor, scalar in (operands, reversed(operands)):
        lines += [
            f"elif type({scalar}) is float and type({tensor}) is Tensor:",
            *(f"    {line}" for line in _take_source(tensor)),
            f"    {scalar}_data, {scalar}_node = "
            f"floats.get(({scalar}, {tensor}_data.dtype)) or "
            f"weak({scalar}, {tensor}_data.dtype)",
        ]
    return lines


def _keep_source(rule: Rule[Any]) -> list[str]:
    """Write the lines that keep an array where a live operand's vjp names it."""
    lines = []
    for name in (*rule.signature.operands, "out"):
        needed = rule.kept_for(name)
        if not needed:
            continue
        array = "out" if name == "out" else f"{name}_data"
        owned = f"{array} if {array}.base is None else keep_view({array}, {name!r})"
        if len(needed) == len(rule.signature.operands):
            lines.append(f"node.{name}_kept = {owned}")
        else:
            wanted = " or ".join(f"{operand}_live" for operand in needed)
            lines.append(f"node.{name}_kept = ({owned}) if {wanted} else None")
    return lines
