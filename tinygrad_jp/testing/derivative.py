"""The gradient of a function, as a function to check in its turn.

Checking its gradient checks second derivatives: backward through backward.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinygrad_jp.mode import enable_grad
from tinygrad_jp.tensor import Tensor
from tinygrad_jp.testing.flat import FlatFunction, others_untouched
from tinygrad_jp.testing.inputs import Call
from tinygrad_jp.testing.slopes import signs


class Derivative(FlatFunction):
    """What backward computes: a function of inputs and cotangents.

    Args:
        function: The function to differentiate.
        rng: Draws the cotangents at which to look.
    """

    def __init__(self, function: FlatFunction, rng: np.random.Generator) -> None:
        self._function = function
        self.order = function.order + 1
        cotangents = function.cotangents(signs(rng, function.value.shape))
        numbers = [""] if len(cotangents) == 1 else range(len(cotangents))
        labels = [f"cotangent {n}".strip() for n in numbers]
        given = function.given.extended(cotangents, labels)
        self.begin(f"gradient of {function.name}", given)

    @property
    def innermost(self) -> FlatFunction:
        """The function that the user gave."""
        return self._function.innermost

    def run(self, call: Call, *, recorded: bool = False) -> list[Tensor]:
        """Run the function and backward; the results are the gradients."""
        count = self.least_live()
        inputs, cotangents = call.tensors[:count], call.tensors[count:]
        with enable_grad():
            results = self._function.run(call, recorded=True)
            with others_untouched(results, inputs):
                for result, g in zip(results, cotangents):
                    if result.requires_grad:
                        result.backward(g, create_graph=recorded, retain_graph=True)
        spots = self.given.spots[:count]
        self.places = [f"gradient by {spot.label}" for spot in spots]
        grads = []
        for tensor in inputs:
            zero = Tensor(np.zeros(tensor.shape))
            grads.append(zero if tensor.grad is None else tensor.grad)
            tensor.grad = None  # the outer backward pass will add to it
        return grads

    def least_live(self) -> int:
        """All inputs; the cotangents need not."""
        return len(self._function.given.spots)

    def demand_graph(self, results: Sequence[Tensor]) -> None:
        """A gradient may be constant; if it is not, its slopes will tell."""
