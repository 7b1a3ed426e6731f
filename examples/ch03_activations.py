"""3.2 節 活性化関数 / Chapter 3.2: activations, with their gradients.

上の段が関数、下の段が勾配。勾配は数式ではなく、計算グラフから求めます。
Above the functions, below their gradients: not from formulas, but from the graph.

    python examples/ch03_activations.py
"""

import _book
import _plots_lines
import numpy as np

import tinygrad_jp as tg

FUNCTIONS = {
    "step": lambda x: tg.where(x > 0, 1.0, x * 0),
    "sigmoid": tg.sigmoid,
    "tanh": tg.tanh,
    "ReLU": tg.relu,
    "leaky ReLU": tg.leaky_relu,
    "ELU": tg.elu,
    "GELU": tg.gelu,
    "SiLU": tg.silu,
}


def slope(function, x):
    """各点の勾配 / The gradient at each point, by one pass: no point moves another."""
    return tg.grad(lambda x: function(x).sum())(x)


def main():
    """図と、原点での勾配 / The picture, and the gradients at 0."""
    page = _book.Page(__file__, __doc__)
    x = np.linspace(-5, 5, 1001)
    curves = {
        name: (function(tg.Tensor(x)).numpy(), slope(function, tg.Tensor(x)).numpy())
        for name, function in FUNCTIONS.items()
    }
    zero = tg.Tensor([0.0])
    at_zero = [f"{name} {slope(f, zero).item():.2f}" for name, f in FUNCTIONS.items()]
    page.say("x = 0 での勾配", "gradients at x = 0", ", ".join(at_zero))
    largest = max(curves["sigmoid"][1])
    page.say(
        "シグモイドの勾配の最大", "largest gradient of the sigmoid", f"{largest:.4f}"
    )
    page.show(
        _plots_lines.curves_with_slopes(x, curves),
        "ch03_activations.png",
        "シグモイドの勾配は最大でも 1/4。層を重ねるたびに小さくなる",
        "The sigmoid's gradient is 1/4 at most: each layer makes gradients smaller",
    )


if __name__ == "__main__":
    main()
