"""5.7.3 節 勾配確認 / Chapter 5.7.3: checking gradients.

数値微分は遅くても間違えにくい。だから、速い逆伝播の答え合わせに使います。
Numerical gradients are slow, but hard to get wrong: so they check the quick ones.

    python examples/ch05_gradient_check.py
"""

import _book
import numpy as np

import nn
import tinygrad_jp as tg
from tinygrad_jp.testing import (
    GradientError,
    SemanticsError,
    check_semantics,
    gradcheck,
)


@tg.rule(vjp=lambda g, x: g * x, elementwise=True)
def wrong_square(x, /):
    """X の 2 乗。勾配の 2 を忘れた / The square; its gradient lacks a 2."""
    return np.multiply(x, x)


def wrong_softmax(x):
    """バッチ全体で正規化してしまう / Normalises over the whole batch."""
    e = np.exp(x - np.max(x))
    return e / np.sum(e)


def main():
    """正しい層、間違えた勾配、間違えた意味 / Right layers, and two kinds of wrong."""
    page = _book.Page(__file__, __doc__)
    net = nn.TwoLayerNet(6, 5, 3, weight_init_std=0.5, rng=page.rng)
    x = page.rng.random((4, 6))
    t = page.rng.integers(3, size=4)
    exact, numerical = net.gradient(x, t), net.numerical_gradient(x, t)
    for name in exact:
        mean = np.abs(exact[name] - numerical[name]).mean()
        page.say(f"{name} の差の平均", f"mean difference of {name}", f"{mean:.0e}")

    page.say("層ごとに", "layer by layer")
    for layer in (nn.Sigmoid(), nn.Softmax(), nn.Affine(6, 3, rng=page.rng)):
        gradcheck(layer, x)
        print(f"      {layer!r:<42} gradcheck")

    page.say("勾配を間違えた演算", "an op with a wrong gradient")
    try:
        gradcheck(lambda x: wrong_square(x) * tg.sigmoid(x), x[:2, :2])
    except GradientError as error:
        print("      " + str(error).replace("\n", "\n      "))

    page.say(
        "バッチ全体のソフトマックスは、勾配は正しく、意味が違う",
        "A softmax over the whole batch has the right gradient and the wrong meaning",
    )
    gradcheck(wrong_softmax, x)
    try:
        check_semantics(wrong_softmax, x)
    except SemanticsError as error:
        print("      " + str(error).replace("\n", "\n      "))


if __name__ == "__main__":
    main()
