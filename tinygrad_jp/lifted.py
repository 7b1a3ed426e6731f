"""The text of the functions that record: `source`, which `record` compiles.

It has just the work that one rule needs. `print(source(rule, rule.name))` shows it.
"""

from __future__ import annotations

from typing import Any

from tinygrad_jp.ops.rule import Rule


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

    A tuple of its own would be 64 bytes more for each op that stays.
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
