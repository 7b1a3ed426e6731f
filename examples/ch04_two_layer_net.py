"""4.5 節 学習の実装 / Chapter 4.5: two layers, learned with both gradients.

同じネットワークの勾配を、数値微分と逆伝播で求めて比べます。違うのは時間です。
The gradient of one network, by numerical differentiation and by backpropagation. What
differs is the time.

    python examples/ch04_two_layer_net.py
"""

import time

import _book
import _plots
import _plots_lines
import numpy as np

import nn


def timed(function, *arguments):
    """結果とかかった秒数 / A result, and the seconds that it took."""
    start = time.perf_counter()
    result = function(*arguments)
    return result, time.perf_counter() - start


def compare(page, net, x, t):
    """両方の勾配 / Both gradients of one batch, and their times."""
    numerical, slow = timed(net.numerical_gradient, x, t)
    exact, _ = timed(net.gradient, x, t)
    exact, quick = timed(net.gradient, x, t)
    page.say("数値微分", "numerical", f"{slow:.2f} s")
    page.say(
        "逆伝播", "backpropagation", f"{quick * 1000:.2f} ms ({slow / quick:,.0f}x)"
    )
    for name in exact:
        difference = np.abs(exact[name] - numerical[name]).max()
        page.say(
            f"{name} の最大の差", f"largest difference of {name}", f"{difference:.0e}"
        )


def learn(page, net, data, epochs):
    """SGD で学習する / Learn, and note losses and accuracies."""
    sgd = nn.SGD(net.parameters(), lr=0.1)
    losses, accuracies = [], []
    for _ in range(epochs):
        accuracies.append((net.accuracy(*data.train), net.accuracy(*data.test)))
        for x, t in nn.batches(*data.train, 100, rng=page.rng):
            loss = net.loss(x, t)
            sgd.zero_grad()
            loss.backward()
            sgd.step()
            losses.append(loss.item())
    accuracies.append((net.accuracy(*data.train), net.accuracy(*data.test)))
    return losses, np.array(accuracies)


def main():
    """比べてから学習する / Compare, then learn."""
    page = _book.Page(__file__, __doc__)
    data = page.images()
    pixels = data.train.x.shape[1]
    net = nn.TwoLayerNet(pixels, 50, 10, rng=page.rng)
    small = nn.TwoLayerNet(pixels, page.pick(3, 10, 50), 10, rng=page.rng)
    compare(page, small, *data.train.first(10))
    epochs = page.pick(5, 16 if page.has_mnist else 60, 16 if page.has_mnist else 200)
    losses, accuracies = learn(page, net, data, epochs)
    page.say("損失", "loss", f"{losses[0]:.3f} → {losses[-1]:.3f}")
    train, test = accuracies[-1]
    page.say("正解率", "accuracy", f"訓練 train {train:.4f}, テスト test {test:.4f}")
    page.show(
        _plots.loss_curve(losses),
        "ch04_loss.png",
        "ミニバッチの損失",
        "The loss of the mini-batches",
    )
    curves = {
        _plots.both("訓練", "train"): accuracies[:, 0],
        _plots.both("テスト", "test"): accuracies[:, 1],
    }
    page.show(
        _plots_lines.lines(
            curves, _plots.both("エポック", "epoch"), _plots.both("正解率", "accuracy")
        ),
        "ch04_accuracy.png",
        "訓練とテストの正解率はほぼ重なる：過学習していない",
        "Accuracy on training and test data: hardly apart, so nothing is overfitted",
    )


if __name__ == "__main__":
    main()
