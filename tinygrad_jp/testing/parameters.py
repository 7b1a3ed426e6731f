"""Modules, as far as a check needs to know them: things with parameters.

`tinygrad_jp` knows no layers. Whatever has `named_parameters()` or `parameters()`, as
the modules of `nn` have, is one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_jp.tensor import Tensor


def is_module(value: Any) -> bool:
    """Whether a value has parameters of its own, as the modules of `nn` do."""
    return not isinstance(value, type) and any(
        callable(getattr(value, name, None))
        for name in ("named_parameters", "parameters")
    )


def parameters_of(module: Any) -> list[tuple[str, Any]]:
    """Names and parameters of a module, each parameter once."""
    if callable(getattr(module, "named_parameters", None)):
        found = module.named_parameters()
    else:
        found = module.parameters()
        if not isinstance(found, dict):
            found = [
                (getattr(parameter, "name", None) or f"parameter {i}", parameter)
                for i, parameter in enumerate(found)
            ]
    pairs = found.items() if isinstance(found, dict) else found
    unique = {id(parameter): (name, parameter) for name, parameter in pairs}
    return list(unique.values())


def is_parameter(value: Tensor) -> bool:
    """Whether it takes a gradient; a frozen one does not."""
    return bool(value.requires_grad and value.dtype.kind == "f")


def set_parameter(parameter: Tensor, value: Any) -> None:
    """Turn a copy of a parameter into a float64 leaf of another value."""
    name = parameter.name
    parameter._data = np.array(value)
    parameter._node = None
    parameter._grad = None
    parameter.name = name
    parameter.requires_grad = True
