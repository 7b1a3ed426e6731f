"""Recording: a rule of arrays becomes a function of Tensors that builds the graph.

`lift` writes one Python function per rule, with just the work that this rule
needs: take the arrays out of the operands, run the rule, and, if a gradient flows
into an operand, make a node that keeps what the vjps name. Shown for `exp`, this
is what runs (`print(tg.exp.source)`):

    def exp(x, /):
        if type(x) is Tensor:
            x_data, x_node = x._data, x._node
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
        x_live = x_node is not None and x_node.live
        if x_live:
            mode = current()
            if mode.grad:
                node = new(exp_node)
                node.x_node = x_node or node_of(x)
                node.order, node.scope = tick(), mode.scope
                node.shape, node.dtype = out.shape, out.dtype
                node.out_kept = out if out.flags.writeable else Shared(out, 'out')
                result._node = node
                return result
        result._node = None
        return result
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, ParamSpec

import numpy as np
from numpy import ndarray

from tinygrad_jp.errors import GraphError, explain
from tinygrad_jp.graph import Leaf, Node, tick
from tinygrad_jp.mode import current
from tinygrad_jp.ops.rule import Rule, compile_source

if TYPE_CHECKING:
    from tinygrad_jp.tensor import Tensor

P = ParamSpec("P")


# --- operands --------------------------------------------------------------------

_weak: dict[tuple[float | str, type, Any], tuple[Any, Leaf]] = {}
_PLAIN = (float, int, bool)


def weak(value: float, dtype: Any) -> tuple[Any, Leaf]:
    """A Python scalar as an operand beside `dtype`, whose precision it takes.

    Arrays of a few recent scalars are kept: NumPy takes 170 ns longer for a
    Python scalar than for a 0-d array.
    """
    key = (value or str(value), type(value), dtype)  # 0.0 is not -0.0
    if key in _weak:
        return _weak[key]
    if dtype.kind != "f":
        if type(value) is float:
            dtype = np.dtype(np.float64)
        elif dtype.kind == "b":
            dtype = np.dtype(type(value))
    made = np.array(value, dtype), Leaf((), dtype, name=repr(value))
    if len(_weak) >= 256:
        _weak.clear()
    _weak[key] = made
    return made


def constant(op: str, value: object) -> ndarray[Any, Any]:
    """An operand that is not a Tensor, as a read-only array that shares its memory.

    Raises:
        TypeError: It is not an array of numbers.
    """
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise TypeError(f"{op}: needs an array of numbers, got {error}") from None
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"{op}: needs real numbers or booleans, got {type(value).__name__} "
            f"of dtype {array.dtype}"
        )
    view = array.view(ndarray)
    view.flags.writeable = False
    return view


def settle(op: str, operands: Sequence[object]) -> list[tuple[Any, Node | None]]:
    """Array and node of each operand where not every operand is a plain Tensor."""
    found: list[Any] = []
    dtype = None
    scalars = False
    for operand in operands:
        if isinstance(operand, _space["Tensor"]):
            pair = operand._data, operand._node
        elif type(operand) in _PLAIN:
            scalars = True
            found.append(None)
            continue
        else:
            data = constant(op, operand)
            pair = data, Leaf(data.shape, data.dtype)
        found.append(pair)
        known = pair[0].dtype
        if known.kind != "b":  # a condition says nothing about precision
            dtype = known if dtype is None else np.promote_types(dtype, known)
    if scalars:
        for i, operand in enumerate(operands):
            if found[i] is None:
                found[i] = weak(operand, dtype or np.asarray(operand).dtype)
    return found


# --- what is kept ----------------------------------------------------------------


class Shared:
    """A kept array whose memory the user can write to, and what it held.

    Inside the engine no array is ever written to, and what it hands out is
    read-only; so only memory that came from outside (`tg.asarray`, an ndarray as
    an operand) needs watching. The engine marks it by read-only views, which every
    view of a view inherits. Comparing with a copy is exact, and costs two passes.
    """

    __slots__ = ("array", "copy", "name")

    def __init__(self, array: ndarray[Any, Any], name: str) -> None:
        self.array = array
        self.copy = array.copy()
        self.name = name

    def unchanged(self) -> bool:
        """Whether the memory still holds what it held, NaN for NaN."""
        return np.array_equal(
            self.array, self.copy, equal_nan=self.array.dtype.kind == "f"
        )


def reopen(node: Node, kept: Shared | None) -> ndarray[Any, Any]:
    """A kept array that is not plainly there: check it, or say why it is gone."""
    if kept is None:
        raise GraphError(
            f"{node.rule.name}: the arrays kept for its gradient were released by an "
            "earlier backward pass; call backward(retain_graph=True) the first time, "
            "or record the computation again"
        )
    if not kept.unchanged():
        raise GraphError(
            f"{node.rule.name}: operand {kept.name} of shape {kept.array.shape} was "
            "changed in place after the op had been recorded, so its gradient would "
            "be wrong; change a copy instead, or record the computation again"
        )
    return kept.copy


# --- results ---------------------------------------------------------------------


def bare(data: Any, node: Node | None = None) -> Tensor:
    """A Tensor around an array of the engine, which is not copied or checked."""
    result: Tensor = object.__new__(_space["Tensor"])
    result._data = data if type(data) is ndarray else np.asarray(data)
    result._node = node
    return result


def as_tensor(op: str, value: object) -> Tensor:
    """An operand as a Tensor; one that shares memory where it was an array."""
    if isinstance(value, _space["Tensor"]):
        return value
    return bare(constant(op, value))


# --- lifting ---------------------------------------------------------------------


def node_of(value: Any) -> Leaf:
    """Give a constant Tensor its place in the graph, so that a picture shows it."""
    leaf = value._node = Leaf(value._data.shape, value._data.dtype)
    return leaf


_space: dict[str, Any] = {
    "asarray": np.asarray,
    "current": current,
    "explain": explain,
    "ndarray": ndarray,
    "new": object.__new__,
    "node_of": node_of,
    "settle": settle,
    "Shared": Shared,
    "tick": tick,
    "weak": weak,
}
"""What the functions below refer to; all of them share it."""


def make_results(tensor: type) -> None:
    """Name the class of what lifted ops return: called once, by `tensor.py`."""
    _space["Tensor"] = tensor


@cache
def lift(rule: Rule[P]) -> Callable[P, Tensor]:
    """Make the function of Tensors that runs a rule and records it."""
    name = rule.name
    while f"{name}_rule" in _space:  # a user's rule of the same name
        name += "_"
    _space[f"{name}_rule"] = rule
    _space[f"{name}_forward"] = rule.forward
    _space[f"{name}_node"] = rule.node
    for keyword, value in rule.signature.defaults.items():
        _space[f"{name}_{keyword}"] = value
    source = _source(rule, name)
    function = compile_source(source, f"<lifted {name}>", _space)[rule.name]
    function.__doc__ = rule.__doc__
    function.__module__ = "tinygrad_jp"
    function.source = source  # type: ignore[attr-defined]  # for readers
    return function


def apply_rule(rule: Rule[Any], operands: Any, keywords: Any) -> Tensor:
    """Run a rule that was called with a Tensor among its operands."""
    return lift(rule)(*operands, **keywords)


def _source(rule: Rule[Any], label: str) -> str:
    """Write the recording function of a rule."""
    signature = rule.signature
    keywords = signature.keywords
    passed = "".join(f", {name}={name}" for name in keywords)
    given = f"{{{', '.join(f'{name!r}: {name}' for name in keywords)}}}"
    parameters = [
        f"{name}={label}_{name}" if name in signature.defaults else name
        for name in keywords
    ]
    star = [] if signature.variadic or not keywords else ["*"]
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
        head = [*operands, "/", *star, *parameters]
        slots = ", ".join(f"{n}_data, {n}_node" for n in operands)
        pairs = ", ".join(f"({n}_data, {n}_node)" for n in operands)
        values = ", ".join(f"{n}._data, {n}._node" for n in operands)
        test = " and ".join(f"type({n}) is Tensor" for n in operands)
        take = [
            f"if {test}:",
            f"    {slots} = {values}",
            *_scalar_source(operands),
            "else:",
            f"    {pairs}, = settle({rule.name!r}, ({', '.join(operands)},))",
        ]
        data = ", ".join(f"{n}_data" for n in operands)
        live = [f"{n}_live = {n}_node is not None and {n}_node.live" for n in operands]
        nodes = [f"node.{n}_node = {n}_node or node_of({n})" for n in operands]
    differentiable = [n for n, vjp in zip(signature.operands, rule.vjps) if vjp]
    any_live = " or ".join(f"{name}_live" for name in differentiable)
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
        "    mode = current()",
        "    if mode.grad:",
        f"        node = new({label}_node)",
        *(f"        {line}" for line in nodes),
        "        node.order, node.scope = tick(), mode.scope",
        "        node.shape, node.dtype = out.shape, out.dtype",
        *(f"        node.{name}_given = {name}" for name in keywords),
        *(f"        {line}" for line in _keep_source(rule)),
        "        result._node = node",
        "        return result",
        "result._node = None",
        "return result",
    ]
    body = "\n".join(f"    {line}" for line in lines)
    return f"def {rule.name}({', '.join(head)}):\n{body}"


def _scalar_source(operands: tuple[str, ...]) -> list[str]:
    """Write the quick way for a Tensor and a Python float, in either order."""
    if len(operands) != 2:
        return []
    lines = []
    for tensor, scalar in (operands, reversed(operands)):
        lines += [
            f"elif type({scalar}) is float and type({tensor}) is Tensor:",
            f"    {tensor}_data, {tensor}_node = {tensor}._data, {tensor}._node",
            f"    {scalar}_data, {scalar}_node = weak({scalar}, {tensor}_data.dtype)",
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
        owned = f"{array} if {array}.flags.writeable else Shared({array}, {name!r})"
        if len(needed) == len(rule.signature.operands):
            lines.append(f"node.{name}_kept = {owned}")
        else:
            wanted = " or ".join(f"{operand}_live" for operand in needed)
            lines.append(f"node.{name}_kept = ({owned}) if {wanted} else None")
    return lines

