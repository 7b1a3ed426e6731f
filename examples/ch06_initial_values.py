"""6.2 節 重みの初期値 / Chapter 6.2: initial values of weights.

5 層にデータを流すと、初期値しだいで、出力は 0 と 1 に張りつき、1 か所に集まり、または
ほどよく広がります。He の初期値では ReLU の信号も勾配も小さくなりません。
Data that flows through five layers sticks to 0 and 1, gathers in one place, or keeps a
good spread: that is up to the initial values. With He's, neither the signals of a ReLU
nor their gradients shrink.

    python examples/ch06_initial_values.py --mnist DIR --full
"""

import _book
import _learning
import _plots_learning
import numpy as np

import nn
import tinygrad_jp as tg

INITS = {"std 1": 1.0, "std 0.01": 0.01, "Xavier": "xavier", "He": "he"}
ACTIVATIONS = {
    "sigmoid": (nn.Sigmoid(), (0, 1)),
    "tanh": (nn.Tanh(), (-1, 1)),
    "relu": (nn.ReLU(), (0, 2)),
}


def outputs(init, activation, x, rng):
    """5 層それぞれの出力 / What each of five layers of 100 gives."""
    found = []
    with tg.no_grad():
        for _ in range(5):
            x = activation(nn.Affine(100, 100, init=init, rng=rng)(x))
            found.append(x.numpy())
    return found


def histograms(page):
    """アクティベーションの分布 / How activations are spread, for each function."""
    x = page.rng.standard_normal((1000, 100)).astype(np.float32)
    for name, (activation, limits) in ACTIVATIONS.items():
        layers = {
            init: outputs(value, activation, x, page.rng)
            for init, value in INITS.items()
        }
        spreads = [
            f"{init:<9}" + " ".join(f"{layer.std():9.3g}" for layer in found)
            for init, found in layers.items()
        ]
        page.say(
            f"{name}、1 層から 5 層の標準偏差",
            "standard deviations in layers 1 to 5",
            "\n".join(spreads),
        )
        page.show(
            _plots_learning.histograms(layers, limits),
            f"ch06_activations_{name}.png",
            f"{name}：行が初期値、列が層。高い棒は上で切ってある",
            f"{name}: a row for each way to start, a column for each layer; high bars "
            "are cut off",
        )


def network(pixels, init, seed):
    """5 層のネットワーク / Five layers with ReLU."""
    rng = np.random.default_rng(seed)
    return nn.MultiLayerNet(pixels, [100] * 4, 10, weight_init_std=init, rng=rng)


def main():
    """分布、学習曲線、勾配の図 / Spreads, learning curves, a picture of gradients."""
    page = _book.Page(__file__, __doc__)
    histograms(page)
    data = page.images()
    pixels = data.train.x.shape[1]
    steps = page.pick(100, 2_000, 2_000)
    curves = {}
    for name in ("std 0.01", "Xavier", "He"):
        net = network(pixels, INITS[name], page.options.seed)
        sgd = nn.SGD(net.parameters(), lr=0.01)
        rng = np.random.default_rng(page.options.seed)
        curves[name] = _learning.losses(net, sgd, data.train, steps, rng)
        change = f"{curves[name][0]:.3f} → {curves[name][-steps // 10 :].mean():.3f}"
        page.say(f"損失、{name}", f"loss, {name}", change)
    page.show(
        _plots_learning.losses(curves),
        "ch06_learning_by_init.png",
        "標準偏差 0.01 では学習がまったく進まない",
        "With a standard deviation of 0.01 nothing is learned",
    )

    results = []
    for name in ("He", "std 0.01"):
        net = network(pixels, INITS[name], page.options.seed)
        loss = net.loss(*data.train.first(100))
        loss.name = name
        results.append(loss)
        size = np.sqrt((net.gradient(*data.train.first(100))["W1"] ** 2).mean())
        page.say(f"W1 の勾配、{name}", f"gradient of W1, {name}", f"{size:.1e}")
    page.show(
        tg.draw(results, color="grad", lang="ja"),
        "ch06_vanishing.svg",
        "色は勾配の大きさ。標準偏差 0.01 では、左の層ほど消えていく",
        "Colours are the sizes of gradients: with 0.01 they vanish towards the left",
    )


if __name__ == "__main__":
    main()
