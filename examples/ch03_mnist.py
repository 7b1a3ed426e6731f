"""3.6 節 手書き数字の推論 / Chapter 3.6: telling digits, one by one and in batches.

推論だけを見るために、まず短く学習します。同じ画像を 1 枚ずつ、そして 100 枚ずつ。
To look at prediction alone, a network is first trained for a moment. Then the same
pictures, one at a time and a hundred at a time.

    python examples/ch03_mnist.py
"""

import time

import _book
import _plots
import numpy as np

import nn
import tinygrad_jp as tg


def learned(page, data):
    """短く学習したネットワーク / A network that has learned for a moment."""
    net = nn.TwoLayerNet(data.train.x.shape[1], 50, 10, rng=page.rng)
    sgd = nn.SGD(net.parameters(), lr=0.5)
    for _ in range(page.pick(200, 1_000, 3_000)):
        batch = page.rng.choice(len(data.train), 100)
        loss = net.loss(data.train.x[batch], data.train.t[batch])
        sgd.zero_grad()
        loss.backward()
        sgd.step()
    return net


def predict(net, images, batch_size):
    """確率と、かかった時間 / Probabilities, and the time that they took."""
    start = time.perf_counter()
    parts = []
    with tg.no_grad():
        for i in range(0, len(images), batch_size):
            parts.append(tg.softmax(net.predict(images[i : i + batch_size])).numpy())
    return np.concatenate(parts), time.perf_counter() - start


def main():
    """1 枚ずつとバッチ、予測の図 / Both ways, and a picture of the predictions."""
    page = _book.Page(__file__, __doc__)
    data = page.images(test=page.pick(200, 2_000, None))
    net = learned(page, data)
    x, t = data.test
    one, slow = predict(net, x, 1)
    many, quick = predict(net, x, 100)
    page.say("正解率", "accuracy", f"{np.mean(many.argmax(axis=1) == t):.4f}")
    page.say(
        "1 枚ずつ / 100 枚ずつ",
        "one by one / by the hundred",
        f"{slow:.3f} s / {quick:.3f} s ({slow / quick:.0f}x)",
    )
    same = bool((one.argmax(axis=1) == many.argmax(axis=1)).all())
    page.say(
        "予測は同じか",
        "the same predictions?",
        f"{same}; 確率の差 probabilities differ by {np.abs(one - many).max():.0e}",
    )
    page.show(
        _plots.predictions(x, t, many),
        "ch03_mnist.png",
        "上が予測とその確率、下が正解",
        "Above the prediction with its probability, below the label",
    )


if __name__ == "__main__":
    main()
