"""2 章 パーセプトロン / Chapter 2: perceptrons, AND, NAND, OR, and XOR made of them.

1 つのパーセプトロンは平面を 1 本の直線で 2 つに分けます。XOR は直線では分けられない
ので、2 層に重ねます。
A perceptron cuts the plane in two by one straight line. XOR cannot be cut so; it takes
two layers.

    python examples/ch02_gates.py
"""

import _book
import _plots_lines
import numpy as np

import tinygrad_jp as tg

INPUTS = tg.Tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], name="x")

# 重みとバイアス / Weights and bias: the gate fires where x @ w + b > 0.
GATES = {
    "AND": ([0.5, 0.5], -0.7),
    "NAND": ([-0.5, -0.5], 0.7),
    "OR": ([0.5, 0.5], -0.2),
}


def perceptron(x, w, b):
    """重み付きの和が 0 を超えれば 1 / 1 where the weighted sum is above 0."""
    return (x @ np.array(w) + b > 0).astype(float)


def gate(name, x):
    """名前のゲート / One of the three gates."""
    return perceptron(x, *GATES[name])


def xor(x):
    """NAND と OR の AND / The AND of a NAND and an OR: two layers."""
    s1, s2 = gate("NAND", x), gate("OR", x)
    return gate("AND", tg.stack([s1, s2], axis=-1))


def main():
    """真理値表と、平面の分け方 / The truth tables, and how each cuts the plane."""
    page = _book.Page(__file__, __doc__)
    functions = {name: (lambda x, n=name: gate(n, x)) for name in GATES}
    functions["XOR"] = xor
    page.say("入力", "inputs", " ".join(f"{a:g}{b:g}" for a, b in INPUTS.tolist()))
    for name, function in functions.items():
        page.say(name, name, " ".join(f"{y:2g}" for y in function(INPUTS).tolist()))
    figure = _plots_lines.planes(functions, INPUTS.numpy())
    page.show(
        figure,
        "ch02_gates.png",
        "4 つのゲート。XOR だけは直線 1 本では分けられない",
        "The four gates; XOR alone is not cut by one straight line",
    )


if __name__ == "__main__":
    main()
