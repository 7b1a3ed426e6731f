"""パーセプトロンから 97 % まで / From the perceptron to 97 %, in one run.

ある読者が勉強会のスライドにまとめた道のりです：ゲート、3 層の順伝播、ソフトマックス、
そして 2 層のネットワークで手書き数字を学び、97 % に届きます（--mnist --full）。
The way that a reader put on slides: gates, a forward pass of three layers, the softmax,
and then a network of two layers that learns digits up to 97 % (--mnist --full).

    python examples/slides.py --mnist DIR --full
"""

import _book
import _learning
import _plots
import _plots_learning
import _plots_lines
import ch02_gates
import ch03_forward
import numpy as np

import nn
import tinygrad_jp as tg


def gates(page):
    """2 章：ゲート / Chapter 2: gates, and XOR made of them."""
    functions = {
        name: (lambda x, n=name: ch02_gates.gate(n, x)) for name in ch02_gates.GATES
    }
    functions["XOR"] = ch02_gates.xor
    inputs = ch02_gates.INPUTS
    for name, function in functions.items():
        page.say(name, name, " ".join(f"{y:g}" for y in function(inputs).tolist()))
    page.show(
        _plots_lines.planes(functions, inputs.numpy()),
        "slides_gates.png",
        "1 本の直線で分けられるゲートと、2 層で作る XOR",
        "Gates that one line cuts, and XOR of two layers",
    )


def three_layers(page):
    """3 章：3 層の順伝播 / Chapter 3: the forward pass of three layers."""
    x = tg.Tensor([1.0, 0.5], name="x")
    y = ch03_forward.forward(ch03_forward.SLIDES, x, last=ch03_forward.sigmoid)
    page.say("3 層の順伝播", "three layers", y.data)
    page.show(
        tg.draw(y, lang="ja"),
        "slides_forward.svg",
        "3 層の順伝播の計算グラフ",
        "The computation graph of the three layers",
    )


def softmax(page):
    """3 章：ソフトマックス / Chapter 3: scores become probabilities."""
    scores = tg.Tensor([2.2, 0.4, 0.7])
    y = tg.softmax(scores)
    page.say("softmax([2.2, 0.4, 0.7])", "softmax([2.2, 0.4, 0.7])", y.data)
    page.say("和", "sum", f"{y.sum().item():.6g}")
    page.show(
        _plots_learning.scores(scores.numpy(), y.numpy()),
        "slides_softmax.png",
        "得点から確率へ。和は 1 になる",
        "From scores to probabilities, whose sum is 1",
    )


def learn(data, steps, seed):
    """4、5 章：2 層のネットワーク / Chapters 4 and 5: the two-layer network learns."""
    rng = np.random.default_rng(seed)
    net = nn.TwoLayerNet(data.train.x.shape[1], 50, 10, rng=rng)
    sgd = nn.SGD(net.parameters(), lr=0.1)
    tests = [net.accuracy(*data.test)]
    for _ in range(20):
        _learning.losses(net, sgd, data.train, steps // 20, rng)
        tests.append(net.accuracy(*data.test))
    return net, tests


def main():
    """ゲートから 97 % まで / From gates to 97 %."""
    page = _book.Page(__file__, __doc__)
    gates(page)
    three_layers(page)
    softmax(page)
    data = page.images()
    steps = page.pick(300, 3_000, 10_000)
    first = page.options.seed
    runs = {}
    for seed in range(first, first + page.pick(1, 1, 3)):
        net, tests = learn(data, steps, seed)
        runs[_plots.both(f"種 {seed}", f"seed {seed}")] = {
            "steps": np.linspace(0, steps, len(tests)),
            "errors": 100 * (1 - np.array(tests)),
            "test": 100 * tests[-1],
        }
        train = net.accuracy(*data.train)
        page.say(
            f"{steps:,} 回、種 {seed}：正解率",
            f"{steps:,} iterations, seed {seed}: accuracy",
            f"訓練 train {train:.4f}, テスト test {tests[-1]:.4f}",
        )
    page.show(
        _plots_learning.race(runs),
        "slides_accuracy.png",
        "2 層のネットワークが学ぶ。左は学習中のテストの誤り（対数）、右は最後の正解率",
        "The two-layer network learns. Left: test errors on the way (logarithmic); "
        "right: accuracy at the end",
    )
    with tg.no_grad():
        probabilities = tg.softmax(net.predict(data.test.x)).numpy()
    page.show(
        _plots.predictions(data.test.x, data.test.t, probabilities),
        "slides_predictions.png",
        "最後のネットワークの予測と、間違えた画像",
        "What the last network predicts, and where it errs",
    )


if __name__ == "__main__":
    main()
