"""6.1.8 節 最適化手法の比較 / Chapter 6.1.8: six optimisers learn the same network.

5 層、各層 100 ニューロン。初期値もミニバッチの順も同じ。違うのは更新のしかただけです。
Five layers of 100 neurons. Initial values and batches are the same; only the way in
which the parameters follow their gradients differs.

    python examples/ch06_optimizers_mnist.py --mnist DIR --full
"""

import _book
import _learning
import _plots_learning
import numpy as np

import nn

# 学習率は本のとおり。RMSProp は 0.01 では初めに大きく跳ねるので 0.001 / The rates are
# the book's; RMSProp takes a tenth of its own, with which it would leap at the start.
OPTIMIZERS = {
    "SGD": lambda p: nn.SGD(p, lr=0.01),
    "Momentum": lambda p: nn.Momentum(p, lr=0.01),
    "Nesterov": lambda p: nn.Nesterov(p, lr=0.01),
    "AdaGrad": lambda p: nn.AdaGrad(p, lr=0.01),
    "RMSProp": lambda p: nn.RMSProp(p, lr=0.001),
    "Adam": lambda p: nn.Adam(p, lr=0.001),
}


def learn(make, data, steps, seed):
    """5 層のネットワークを学習する / Learn five layers, always from the same start."""
    rng = np.random.default_rng(seed)
    net = nn.MultiLayerNet(data.train.x.shape[1], [100] * 4, 10, rng=rng)
    found = _learning.losses(
        net, make(net.parameters()), data.train, steps, rng, batch_size=128
    )
    return found, net.accuracy(*data.test)


def main():
    """学習曲線と、速さの順の表 / Curves, and a table by how fast they learn."""
    page = _book.Page(__file__, __doc__)
    data = page.images()
    steps = page.pick(100, 2_000, 2_000)
    curves, table = {}, []
    for name, make in OPTIMIZERS.items():
        curves[name], accuracy = learn(make, data, steps, page.options.seed)
        mean = curves[name].mean()
        last = curves[name][-steps // 10 :].mean()
        table.append((mean, f"{name:<10} {mean:.4f}   {last:.4f}   {accuracy:.4f}"))
    table = [line for _, line in sorted(table)]
    page.say(
        "損失の平均（小さいほど速い）、最後の 1 割の平均、テストの正解率",
        "mean loss (the smaller, the faster), that of the last tenth, test accuracy",
        "\n".join(table),
    )
    page.show(
        _plots_learning.losses(curves, log=True),
        "ch06_optimizers_mnist.png",
        "SGD がいちばん遅い。縦軸は対数",
        "SGD is the slowest; the axis of the loss is logarithmic",
    )


if __name__ == "__main__":
    main()
