"""Residual: a way around modules, on which gradients pass unhindered."""

from __future__ import annotations

from typing import Any

import tinygrad_jp as tg
from nn import checks
from nn.contract import Contract
from nn.module import Module


class Residual(Module):
    """``x + body(x)`` (He et al. 2016).

    Where the body changes the shape, a `projection` brings `x` to the same:
    ``projection(x) + body(x)``.

    Args:
        body: A Module.
        projection: A Module, such as an Affine or a Convolution of size 1; None for
            `x` as it is.

    Attributes:
        body: The one.
        projection: The other, or None.

    Raises:
        TypeError: Something else than Modules.
        ShapeError: The two ways do not give the same shape.

    Example:
        >>> import nn
        >>> rng = np.random.default_rng(0)
        >>> block = nn.Residual(nn.Sequential(nn.Affine(4, 4, rng=rng), nn.ReLU()))
        >>> block(np.ones((2, 4))).shape
        (2, 4)
        >>> nn.Residual(nn.Affine(4, 3, rng=rng))(np.ones((2, 4)))
        Traceback (most recent call last):
            ...
        tinygrad_jp.errors.ShapeError: Residual: body gives (2, 3) for x of (2, 4); \
pass a projection that gives (2, 3) too
    """

    def __init__(self, body: Module, projection: Module | None = None) -> None:
        for name, module in (("body", body), ("projection", projection)):
            missing = module is None and name == "projection"
            if not missing and not isinstance(module, Module):
                raise TypeError(f"Residual: {name} must be a Module, got {module!r}")
        self.body = body
        self.projection = projection

    @property
    def contract(self) -> Contract | None:
        """The body's, without its laws; None where a module has none."""
        ways = [self.body] if self.projection is None else [self.body, self.projection]
        contracts = [module.contract for module in ways]
        known = [contract for contract in contracts if contract is not None]
        if len(known) < len(ways):
            return None
        return Contract(
            known[0].takes,
            known[0].gives,
            mixes_rows=any(contract.mixes_rows for contract in known),
            least=known[0].least,
            random=any(contract.random for contract in known),
            without=tuple({name: None for c in known for name in c.without}),
        )

    def forward(self, x: Any) -> tg.Tensor:
        """Go both ways, and add."""
        x = checks.tensor(x)
        result = self.body(x)
        around = x if self.projection is None else self.projection(x)
        if result.shape != around.shape:
            raise self._misfit(x.shape, result.shape, around.shape)
        summed: tg.Tensor = around + result
        return summed

    def _misfit(
        self, given: tuple[int, ...], body: tuple[int, ...], around: tuple[int, ...]
    ) -> tg.ShapeError:
        text = (
            f"{checks.who('Residual', self.name)}: body gives {body} for x of {given}"
        )
        if self.projection is None:
            return tg.ShapeError(f"{text}; pass a projection that gives {body} too")
        return tg.ShapeError(f"{text}, but projection gives {around}")
