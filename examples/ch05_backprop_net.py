"""5.7 節 逆伝播で学ぶ / Chapter 5.7: the layered network learns by backpropagation.

層を積み、損失から逆にたどり、重みを少し動かす。--full は本と同じ 10,000 回です。
Stack layers, walk back from the loss, move the weights a little. --full takes the
book's 10,000 steps.

    python examples/ch05_backprop_net.py --mnist DIR --full
"""

import _book
import _plots
import _plots_lines

import nn
import tinygrad_jp as tg


def build(pixels, rng):
    """2 層のネットワーク / Two layers; the weights start as in the book."""
    return nn.Sequential(
        nn.Affine(pixels, 50, rng=rng, std=0.01),
        nn.ReLU(),
        nn.Affine(50, 10, rng=rng, std=0.01),
    )


def train(page, model, data, steps):
    """10,000 回の繰り返し / The book's loop; notes accuracies once an epoch."""
    loss_layer = nn.SoftmaxWithLoss()
    sgd = nn.SGD(model.parameters(), lr=0.1)
    epoch = max(len(data.train) // 100, 1)
    seen = {"train": [], "test": []}
    for step in range(steps):
        if step % epoch == 0:
            for name, examples in (("train", data.train), ("test", data.test)):
                seen[name].append(_book.accuracy(model, examples))
        batch = page.rng.choice(len(data.train), 100)
        loss = loss_layer(model(data.train.x[batch]), data.train.t[batch])
        sgd.zero_grad()
        loss.backward()
        sgd.step()
    return seen


def main():
    """グラフを描き、学習する / Draw the graph, then learn."""
    page = _book.Page(__file__, __doc__)
    data = page.images()
    model = build(data.train.x.shape[1], page.rng)
    print(model)
    x = tg.Tensor(data.train.x[:100], name="x")
    loss = nn.SoftmaxWithLoss()(model(x), data.train.t[:100])
    page.show(
        tg.draw(loss, lang="ja"),
        "ch05_network.svg",
        "学習前の計算グラフと勾配",
        "The graph before learning, with gradients",
    )
    seen = train(page, model, data, page.pick(300, 3_000, 10_000))
    for name, examples in (("訓練 train", data.train), ("テスト test", data.test)):
        page.say("正解率", "accuracy", f"{name} {_book.accuracy(model, examples):.4f}")
    curves = {
        _plots.both("訓練", "train"): seen["train"],
        _plots.both("テスト", "test"): seen["test"],
    }
    labels = _plots.both("エポック", "epoch"), _plots.both("正解率", "accuracy")
    page.show(
        _plots_lines.lines(curves, *labels),
        "ch05_accuracy.png",
        "エポックごとの正解率",
        "Accuracy after each epoch",
    )


if __name__ == "__main__":
    main()
