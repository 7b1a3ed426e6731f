"""6.4.2 節 荷重減衰 / Chapter 6.4.2: weight decay against overfitting.

300 枚の画像だけで 7 層を学習すると、訓練データは 100 % に近くても、テストはそうなり
ません（過学習）。損失に重みの 2 乗を足して大きな重みを罰すると差が縮みます。強すぎる
と、両方下がります。
Seven layers that learn from 300 pictures come near 100 % on these, and not on others:
they overfit. Where the loss punishes large weights, the gap gets smaller; where it does
so too much, both get worse.

    python examples/ch06_weight_decay.py --mnist DIR --full
"""

import _book
import _learning
import _plots
import _plots_learning
import numpy as np

import nn


def learn(page, data, strength, epochs):
    """荷重減衰の強さを決めて学習する / Learn with a weight decay of this strength."""
    rng = np.random.default_rng(page.options.seed)
    net = nn.MultiLayerNet(
        data.train.x.shape[1], [100] * 6, 10, weight_decay_lambda=strength, rng=rng
    )
    sgd = nn.SGD(net.parameters(), lr=0.01)
    found = _learning.accuracies(net, sgd, data, epochs, rng)
    weights = [p.data for name, p in net.params.items() if name.startswith("W")]
    return found, sum((W**2).sum() for W in weights)


def main():
    """減衰なし、弱く、強く / Without, with little, with much."""
    page = _book.Page(__file__, __doc__)
    data = page.images(train=300)
    epochs = page.pick(30, 200, 200)
    panels = {}
    for strength in (0.0, 0.01, 0.1):
        found, squares = learn(page, data, strength, epochs)
        train, test = found[-1]
        page.say(
            f"λ = {strength:g}：訓練、テスト、差、重みの 2 乗の和",
            "training, test, gap, sum of squared weights",
            f"{train:.1f} %, {test:.1f} %, {train - test:.1f}, {squares:.0f}",
        )
        panels[f"λ = {strength:g}"] = {
            _plots.both("訓練", "training"): found[:, 0],
            _plots.both("テスト", "test"): found[:, 1],
        }
    page.show(
        _plots_learning.accuracies(panels),
        "ch06_weight_decay.png",
        "λ が大きいほど訓練とテストの差は縮む。強すぎると両方下がる",
        "The larger λ, the smaller the gap; where it is too large, both get worse",
    )


if __name__ == "__main__":
    main()
