"""Pooling: one number for each window, or for each channel (book, chapter 7.3)."""

from __future__ import annotations

from typing import Any

import tinygrad_jp as tg
from nn import checks
from nn.contract import Contract
from nn.module import Module
from nn.windows import AXES, Lengths, Padding, Windows


class Pooling(Windows):
    """The largest number of each window, or their mean (book, chapter 7.3).

    Numbers of a window that tie for the largest share its gradient.

    Shapes:
        x: (batch, channels, height, width); the result: (batch, channels, height,
            width), the latter two ``(length + padding - size) // stride + 1``.

    Args:
        size: Of a window: an int, or (height, width); with one length or three,
            signals or volumes are taken in place of pictures.
        stride: How far apart windows start; as far as they are long where it is None.
        padding: How far they reach over the ends, as in `Convolution`, and less than
            `size`. What lies there is never the largest; in a mean it counts as 0.
        kind: "max" or "average".

    Raises:
        ShapeError: Called with other axes, or pictures below the size.

    Example:
        >>> import nn
        >>> nn.Pooling(2)(np.arange(16.0).reshape(1, 1, 4, 4))
        Tensor([[[[ 5.,  7.],
                  [13., 15.]]]])
        >>> nn.Pooling(2, stride=1, kind="average")([[[[1.0, 2.0], [3.0, 4.0]]]])
        Tensor([[[[2.5]]]])
    """

    def __init__(
        self,
        size: Lengths,
        stride: Lengths | None = None,
        padding: Padding = 0,
        *,
        kind: str = "max",
    ) -> None:
        stride = size if stride is None else stride
        super().__init__(size, stride, padding, within=True)
        self.kind = checks.choice("Pooling", "kind", kind, "max", "average")

    @property
    def contract(self) -> Contract:
        """Each channel of each picture for itself."""
        axes = AXES[len(self.size)]
        return Contract(
            ("batch", "channels", *axes),
            self._gives,
            laws=(
                ("monotone", {}),
                ("homogeneous", {"degree": 1}),
                ("permutation_equivariant", {"axis": 1}),
            ),
            least=self.least(),
        )

    def _gives(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (*shape[:2], *self.counts(shape[2:], self.ends(shape[2:])))

    def forward(self, x: Any) -> tg.Tensor:
        """Reduce each window to one number."""
        x = checks.tensor(x)
        if x.ndim != len(self.size) + 2:
            axes = ", ".join(AXES[len(self.size)])
            raise tg.ShapeError(
                f"{checks.who('Pooling', self.name)}: x must have shape (batch, "
                f"channels, {axes}), got {x.shape}"
            )
        ends = self.ends(x.shape[2:])
        self.counts(x.shape[2:], ends)
        pool = tg.max_pool if self.kind == "max" else tg.avg_pool
        return pool(x, self.size, self.stride, ends)

    def arguments(self) -> str:
        """Kind of pooling, and how windows slide."""
        said = self.settings(self.size)
        return said if self.kind == "max" else f'{said}, kind="{self.kind}"'


class GlobalAveragePooling(Module):
    """The mean of each channel: (batch, channels, ...) becomes (batch, channels).

    In place of a Flatten and a wide Affine (Lin et al. 2014).

    Raises:
        ShapeError: Called with fewer than three axes, or with empty pictures.

    Example:
        >>> import nn
        >>> nn.GlobalAveragePooling()(np.ones((100, 64, 7, 7))).shape
        (100, 64)
    """

    @property
    def contract(self) -> Contract:
        """Each channel of each picture for itself."""
        return Contract(
            ("batch", "channels", "height", "width"),
            ("batch", "channels"),
            laws=(
                ("monotone", {}),
                ("homogeneous", {"degree": 1}),
                ("permutation_equivariant", {"axis": 1}),
            ),
        )

    def forward(self, x: Any) -> tg.Tensor:
        """Take the mean over all axes behind the channels."""
        x = checks.tensor(x)
        if x.ndim < 3 or 0 in x.shape[2:]:
            raise tg.ShapeError(
                f"{checks.who('GlobalAveragePooling', self.name)}: x must have shape "
                f"(batch, channels, height, width), got {x.shape}"
            )
        return tg.mean(x, tuple(range(2, x.ndim)))
