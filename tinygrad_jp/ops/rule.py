"""What a rule is: an op in plain NumPy with its gradient beside it.

    @rule(vjp=(lambda g, y: g * y, lambda g, x: g * x))
    def multiply(x, y, /):
        return np.multiply(x, y)

Parameters before the `/` are array operands, those after it metadata. A
vjp (vector-Jacobian product) takes the cotangent `g` of the result and returns
that of its operand. The names of its further parameters say what is kept:

- an operand's name (`y`): that operand's array;
- `out`: the result;
- an operand's name with `_shape` (`x_shape`): the shape alone, no array;
- a keyword's name (`axis`): that argument.

Nothing else is kept. The signatures are read here, once, and turned into a node
class whose slots are just what is kept, and a function that pulls a cotangent
through it; `print(multiply.source)` shows that function.

A rule may return a cotangent that is wider or narrower than its operand where
the two broadcast together, and of any float dtype: `tinygrad_jp.cotangents` makes
it fit. No rule sums over broadcast axes itself.
"""

from __future__ import annotations

import importlib
import pickle
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, Generic, ParamSpec, TypeAlias

from numpy import ndarray

from tinygrad_jp.graph import Leaf, Node
from tinygrad_jp.ops.signature import Signature
from tinygrad_jp.ops.source import call_source, compile_source

P = ParamSpec("P")
Array: TypeAlias = Any
"""What a rule computes with: arrays, or Tensors when it is differentiated again."""
Vjp: TypeAlias = Callable[..., Any]


_GIVE = (
    "if gu.shape != u.shape or gu.dtype is not u.dtype:",
    "    gu = cotangents.fitted(gu, u)",
    "if u in cotangents:",
    "    cotangents.add(gu, u)",
    "else:",
    "    cotangents[u] = gu",
    "    if type(u) is not Leaf:",
    "        wait(u)",
)
"""`cotangents.give(gu, u)`, written out: it runs for every operand."""


class Rule(Generic[P]):
    """An op: its forward function, its vjps, and what the house knows of it.

    Calling a rule on arrays runs the forward function; on Tensors it records.

    Attributes:
        name: The op's name.
        forward: Plain NumPy, arrays in and array out.
        vjps: One per operand; None where there is no gradient (a single None: for
            no operand). A rule of `*operands` has one, which returns a sequence.
        keeps: For each vjp, the names of what it needs kept.
        signature: Operands and keywords.
        elementwise: Each element of the result depends on the elements at its own
            place alone; such a vjp also serves a cotangent that is not widened yet.
        symbol: How a picture shows it; the name where it is None.
        domain: For each operand the kind of numbers on which it is tested
            (`tinygrad_jp.testing.samples.DOMAINS`).
        node: The class of the nodes that it records, made when it is first asked for,
            with two methods:
        pull: `pull(g, cotangents, wait, reopen, retain)` runs the vjps on kept arrays,
            gives what they return to the operands (`cotangents.Cotangents`), and drops
            the arrays.
        pull_tensors: The same on Tensors, so that the backward pass is recorded.
    """

    def __init__(
        self,
        forward: Callable[P, Any],
        vjp: Vjp | Sequence[Vjp | None] | None,
        *,
        elementwise: bool,
        symbol: str | None,
        domain: str | Sequence[str],
    ) -> None:
        self.forward = forward
        self.name = forward.__name__
        self.__name__ = forward.__name__
        self.__doc__ = forward.__doc__
        self.signature = signature = Signature.of(forward)
        arity = len(signature.operands)
        self.vjps = tuple(vjp) if isinstance(vjp, Sequence) else (vjp,)
        if vjp is None:
            self.vjps = (None,) * arity
        if len(self.vjps) != arity:
            raise TypeError(
                f"{self.name}: needs one vjp per operand ({arity}: "
                f"{', '.join(signature.operands)}), got {len(self.vjps)}"
            )
        self.keeps = tuple(self._keeps(vjp) for vjp in self.vjps)
        if not self.name.isidentifier():
            raise TypeError(f"{self.name}: a rule needs a name; define it with def")
        self.elementwise = elementwise
        self.symbol = symbol
        self.domain = (domain,) * arity if isinstance(domain, str) else tuple(domain)

    def __call__(self, *operands: P.args, **keywords: P.kwargs) -> Any:
        """Run on arrays, or record where an operand is a Tensor."""
        for operand in operands:
            record = getattr(type(operand), "__apply_rule__", None)
            if record is not None:
                return record(self, operands, keywords)
        return self.forward(*operands, **keywords)

    def of(self, operand: Any) -> Callable[P, Any]:
        """The forward function where `operand` is an array, else the rule itself.

        For vjps of many small calls: a rule takes a microsecond to find out.
        """
        return self.forward if type(operand) is ndarray else self

    def __repr__(self) -> str:
        return f"<rule {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        module = self.forward.__module__
        try:
            same = _rule_named(module, self.name) is self
        except (ImportError, AttributeError):
            same = False
        if not same:
            raise pickle.PicklingError(
                f"{self.name}: a rule is pickled by its name; define it at the top "
                f"level of its module ({module})"
            )
        return _rule_named, (module, self.name)

    @property
    def source(self) -> str:
        """The text of the functions that carry cotangents through this op."""
        return "\n\n".join(
            [self._pull_source("pull"), self._pull_source("pull_tensors")]
        )

    def write(self) -> None:
        """Give the node class its two functions: when the first cotangent comes."""
        space: dict[str, Any] = {"ndarray": ndarray, "Leaf": Leaf}
        for name, vjp in zip(self.signature.operands, self.vjps):
            space[f"vjp_{name}"] = vjp
        made = compile_source(self.source, f"<rule {self.name}>", space)
        for name, function in made.items():
            setattr(self.node, name, function)

    def kept_for(self, what: str) -> tuple[str, ...]:
        """The operands whose gradient needs `what` (an operand's name, `out`)."""
        pairs = zip(self.signature.operands, self.keeps)
        return tuple(operand for operand, keeps in pairs if what in keeps)

    def _keeps(self, vjp: Vjp | None) -> tuple[str, ...]:
        if vjp is None:
            return ()
        names = vjp.__code__.co_varnames[1 : vjp.__code__.co_argcount]
        operands = self.signature.operands
        known = {"out", *self.signature.keywords, *(f"{n}_shape" for n in operands)}
        if not self.signature.variadic:
            known.update(operands)
        for name in names:
            if name not in known:
                raise TypeError(
                    f"{self.name}: a vjp asks for {name!r}, which is none of "
                    f"{', '.join(sorted(known))}"
                )
        return names

    @property
    def node(self) -> type[Node]:
        """The class of the nodes that it records; threads that ask get the same."""
        made: type[Node] | None = self.__dict__.get("_node")
        return made or self.__dict__.setdefault("_node", self._node_class())

    @node.setter
    def node(self, node: type[Node]) -> None:
        self.__dict__["_node"] = node

    def _node_class(self) -> type[Node]:
        signature = self.signature
        slots = [f"{name}_node" for name in signature.operands]
        slots += self._kept_slots()
        slots += [f"{name}_given" for name in signature.keywords]
        nodes = [f"{name}_node" for name in signature.operands]
        body = {
            "__slots__": tuple(slots),
            "__doc__": f"A recorded {self.name}.",
            "__module__": __name__,
            "inputs": property(_inputs(nodes, signature.variadic)),
            "pull": _first("pull"),
            "pull_tensors": _first("pull_tensors"),
            "rule": self,
        }
        return type(f"{self.name}_node", (Node,), body)

    def _kept_slots(self) -> list[str]:
        names = (*self.signature.operands, "out")
        return [f"{name}_kept" for name in names if self.kept_for(name)]

    def _pull_source(self, function: str) -> str:
        """Write the function that runs the vjps of the operands that are live."""
        on_tensors = function == "pull_tensors"
        lines = [f"def {function}(node, g, cotangents, wait, reopen, retain):"]
        for operand, vjp, keeps in zip(self.signature.operands, self.vjps, self.keeps):
            if vjp is None:
                continue
            arguments = ["g"]
            body = []
            for name in keeps:
                if name in self.signature.keywords:
                    arguments.append(f"node.{name}_given")
                elif name.endswith("_shape"):
                    arguments.append(self._shape_source(name.removesuffix("_shape")))
                elif on_tensors:
                    arguments.append(name)
                    owner = "node" if name == "out" else f"node.{name}_node"
                    body.append(f"{name} = reopen(node, node.{name}_kept, {owner})")
                else:
                    arguments.append(name)
                    body.append(f"{name} = node.{name}_kept")
                    body.append(f"if type({name}) is not ndarray:")
                    body.append(f"    {name} = reopen(node, {name})")
            call = call_source(f"vjp_{operand}", vjp, arguments)
            if self.signature.variadic:
                body.append(f"for u, gu in zip(node.{operand}_node, {call}):")
                body.append("    if u.live:")
                body += [f"        {line}" for line in _GIVE]
            else:
                lines.append(f"    u = node.{operand}_node")
                lines.append("    if u.live:")
                body = [f"    {line}" for line in [*body, f"gu = {call}", *_GIVE]]
            lines += [f"    {line}" for line in body]
        released = [f"node.{slot} = " for slot in self._kept_slots()]
        if released:
            lines += ["    if not retain:", f"        {''.join(released)}None"]
        return "\n".join(lines if len(lines) > 1 else [*lines, "    pass"])

    def _shape_source(self, operand: str) -> str:
        if self.signature.variadic:
            return f"tuple([u.shape for u in node.{operand}_node])"
        return f"node.{operand}_node.shape"


def _rule_named(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name)


def _first(function: str) -> Callable[..., None]:
    """Stand in for a function of a node class until it is written."""

    def write_and_run(node: Node, *arguments: Any) -> None:
        node.rule.write()
        getattr(node, function)(*arguments)

    return write_and_run


def _inputs(slots: list[str], variadic: bool) -> Callable[[Any], tuple[Node, ...]]:
    """What reads the input nodes out of their slots, as a tuple."""
    read: Callable[[Any], Any] = attrgetter(*slots)
    return read if variadic or len(slots) > 1 else lambda node: (read(node),)


def rule(
    *,
    vjp: Vjp | Sequence[Vjp | None] | None,
    elementwise: bool = False,
    symbol: str | None = None,
    domain: str | Sequence[str] = "real",
) -> Callable[[Callable[P, Any]], Rule[P]]:
    """Make a rule of a NumPy function; see this page's head and `Rule`.

    Raises:
        TypeError: The signature does not tell operands from metadata, the vjps do
            not match the operands, or a vjp asks for something that is not there.

    Example:
        >>> import numpy as np
        >>> import tinygrad_jp as tg
        >>> @tg.rule(vjp=lambda g, out: g * out)
        ... def doubling(x, /):
        ...     return np.exp(x)
        >>> tg.grad(doubling)(0.0)
        Tensor(1.)
    """

    def decorate(forward: Callable[P, Any]) -> Rule[P]:
        return Rule(forward, vjp, elementwise=elementwise, symbol=symbol, domain=domain)

    return decorate
