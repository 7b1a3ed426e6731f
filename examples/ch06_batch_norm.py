"""6.3 節 Batch Normalization / Chapter 6.3: batch normalisation.

各層の出力をミニバッチごとに平均 0、分散 1 にそろえると、初期値の広い範囲で学習が
進みます。
Where each layer's output has mean 0 and variance 1 over the batch, a network learns
from a wide range of initial values.

    python examples/ch06_batch_norm.py --mnist DIR --full
"""

import _book
import _learning
import _plots
import _plots_learning
import numpy as np

import nn


def learn(page, data, scale, normalised):
    """訓練データの正解率の推移 / Accuracies on training data, epoch by epoch."""
    rng = np.random.default_rng(page.options.seed)
    net = nn.MultiLayerNet(
        data.train.x.shape[1],
        [100] * 5,
        10,
        weight_init_std=scale,
        use_batchnorm=normalised,
        rng=rng,
    )
    lr = 0.01 if page.has_mnist else 0.05  # 小さな画像には大きく / for small pictures
    sgd = nn.SGD(net.parameters(), lr=lr)
    epochs = page.pick(10, 20, 20)
    return _learning.accuracies(net, sgd, data, epochs, rng)[:, 0]


def main():
    """初期値の標準偏差ごとに、ありとなし / With and without, for each scale."""
    page = _book.Page(__file__, __doc__)
    data = page.images(train=page.pick(500, 1_000, 1_000), test=1)
    kinds = {
        _plots.both("あり", "with"): True,
        _plots.both("なし", "without"): False,
    }
    panels, table = {}, []
    for scale in np.logspace(0, -4, page.pick(4, 16, 16)):
        curves = {
            name: learn(page, data, scale, normalised)
            for name, normalised in kinds.items()
        }
        panels[f"std {scale:.2g}"] = curves
        ends = [f"{curve[-1]:6.1f} %" for curve in curves.values()]
        table.append(f"{scale:<8.2g}" + " ".join(ends))
    page.say(
        "初期値の標準偏差と、訓練データの正解率、あり・なし",
        "initial standard deviation, and accuracy on training data with and without",
        "\n".join(table),
    )
    page.show(
        _plots_learning.accuracies(panels),
        "ch06_batch_norm.png",
        "Batch Normalization があると、ほとんどの初期値で学習が進む",
        "With batch normalisation the network learns from nearly all of them",
    )


if __name__ == "__main__":
    main()
