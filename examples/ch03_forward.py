"""3.4 節 3 層ネットワークの順伝播 / Chapter 3.4: the forward pass of three layers.

層ごとに、重み付きの和、バイアス、シグモイド。最後に 3.5 節のソフトマックス。
Layer by layer: a weighted sum, a bias, a sigmoid; at the end the softmax of 3.5.

    python examples/ch03_forward.py
"""

import _book
import numpy as np

import nn
import tinygrad_jp as tg

NETWORK = {
    "W1": [[0.1, 0.3, 0.5], [0.2, 0.4, 0.6]],
    "b1": [0.1, 0.2, 0.3],
    "W2": [[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]],
    "b2": [0.1, 0.2],
    "W3": [[0.1, 0.3], [0.2, 0.4]],
    "b3": [0.1, 0.2],
}

# ある読者のスライドの 3 層。最後の層にもシグモイドがある / The three layers of a
# reader's slides, with a sigmoid behind the last one too.
SLIDES = {
    "W1": [[0.1, 0.3, 0.5], [0.2, 0.4, 0.6]],
    "b1": [0.1, 0.2, 0.3],
    "W2": [[0.1, 0.3], [0.5, 0.2], [0.4, 0.6]],
    "b2": [0.2, 0.3],
    "W3": [[0.5, 0.2], [0.4, 0.6]],
    "b3": [0.1, 0.3],
}


sigmoid = nn.Sigmoid()  # 1 つの箱として描かれる / drawn as one box


def forward(network, x, last=lambda a: a):
    """入力から出力まで / From the input to the output."""
    p = {
        name: tg.Tensor(value, requires_grad=True, name=name)
        for name, value in network.items()
    }
    with tg.scope("第1層"):
        z1 = sigmoid(x @ p["W1"] + p["b1"])
    with tg.scope("第2層"):
        z2 = sigmoid(z1 @ p["W2"] + p["b2"])
    with tg.scope("第3層"):
        return last(z2 @ p["W3"] + p["b3"])


def main():
    """3 つの計算と、計算グラフ / Three computations, and the graph of the first."""
    page = _book.Page(__file__, __doc__)
    x = tg.Tensor([1.0, 0.5], name="x")
    y = forward(NETWORK, x)
    page.say("本の 3 層ネットワーク", "the book's three layers", y.data)
    slides = forward(SLIDES, x, last=sigmoid)
    page.say("スライドの 3 層", "the three layers of the slides", slides.data)
    scores = tg.Tensor([2.2, 0.4, 0.7])
    page.say(
        "softmax([2.2, 0.4, 0.7])", "softmax([2.2, 0.4, 0.7])", tg.softmax(scores).data
    )
    big = np.array([1010.0, 1000.0, 990.0])
    page.say(
        "大きな値でも", "large numbers do no harm", tg.softmax(tg.Tensor(big)).data
    )
    page.show(
        tg.draw(y, lang="ja"),
        "ch03_forward.svg",
        "3 つの層と、その重み",
        "The three layers with their weights",
    )


if __name__ == "__main__":
    main()
