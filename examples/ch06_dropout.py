"""6.4.3 節 Dropout / Chapter 6.4.3: dropout against overfitting.

学習のたびにニューロンを乱数で消すと、どれか 1 つに頼れなくなります。予測では、消し
ません。
Neurons are dropped at random in each step of learning, so that the network cannot rely
on any one of them; in prediction all are there.

    python examples/ch06_dropout.py --mnist DIR --full
"""

import _book
import _learning
import _plots
import _plots_learning
import numpy as np

import nn


def network(pixels, ratio, seed):
    """7 層のネットワーク / Seven layers, with dropout where the ratio is above 0."""
    return nn.MultiLayerNet(
        pixels,
        [100] * 6,
        10,
        use_dropout=ratio > 0,
        dropout_ratio=ratio,
        rng=np.random.default_rng(seed),
    )


def main():
    """Dropout なし、少し、多く / Without, with little, with more."""
    page = _book.Page(__file__, __doc__)
    data = page.images(train=300)
    epochs = page.pick(30, 300, 300)
    panels = {}
    for ratio in (0.0, 0.1, 0.2):
        net = network(data.train.x.shape[1], ratio, page.options.seed)
        sgd = nn.SGD(net.parameters(), lr=0.01)
        rng = np.random.default_rng(page.options.seed)
        found = _learning.accuracies(net, sgd, data, epochs, rng)
        train, test = found[-1]
        name = f"Dropout {ratio:.0%}"
        page.say(
            f"{name}：訓練、テスト、差",
            "training, test, gap",
            f"{train:.1f} %, {test:.1f} %, {train - test:.1f}",
        )
        panels[name] = {
            _plots.both("訓練", "training"): found[:, 0],
            _plots.both("テスト", "test"): found[:, 1],
        }
    x = data.test.x[:1]
    before = net.predict(x).numpy(), net.predict(x).numpy()
    net.eval()
    after = net.predict(x).numpy(), net.predict(x).numpy()
    for japanese, english, (first, second) in (
        ("学習中", "in training", before),
        ("予測", "in prediction", after),
    ):
        page.say(
            f"同じ画像を 2 回、{japanese}：得点の差",
            f"the same picture twice, {english}: scores differ by",
            f"{np.abs(first - second).max():.3g}",
        )
    page.show(
        _plots_learning.accuracies(panels),
        "ch06_dropout.png",
        "消す割合を増やすと、学習は遅くなり、訓練とテストの差は縮む",
        "The more is dropped, the slower it learns, and the smaller gets the gap",
    )


if __name__ == "__main__":
    main()
