"""8.1 節 もっと深く、8.3 節 半精度 / Chapters 8.1 and 8.3: deeper, and half precision.

3x3 の畳み込みを 6 つ重ねた DeepConvNet。学習したネットワークが間違えた数字をすべて
描き、半精度 (float16) でも同じ答えになるかを見ます。学習は 1 度で足ります：保存した
重みは --weights で読み込めます。--full は 6 エポックです。
DeepConvNet has six convolutions of 3x3, one after the other. Shows every digit that it
gets wrong, and whether half precision (float16) answers the same. One training is
enough: --weights loads what was saved. --full takes 6 epochs.

    python examples/ch08_deep_convnet.py --mnist DIR --full
    python examples/ch08_deep_convnet.py --mnist DIR --weights out/ch08.safetensors
"""

import time
from pathlib import Path

import _book
import _plots
import _plots_filters
import numpy as np

import nn
import tinygrad_jp as tg


def train(page, net, data, epochs):
    """学習率を下げながら学ぶ / Learn, with a learning rate that falls to 0."""
    steps = epochs * -(-len(data.train) // 100)
    adam = nn.Adam(net.parameters(), lr=0.001)
    trainer = nn.Trainer(
        net, nn.SoftmaxWithLoss(), adam, schedule=nn.CosineDecay(steps)
    )
    history = trainer.fit(data.train, data.test, epochs=epochs, rng=page.rng)
    page.show(
        _plots.loss_curve(history.steps["loss"]),
        "ch08_loss.png",
        "ミニバッチごとの損失",
        "The loss of each mini-batch",
    )
    path = page.out / "ch08.safetensors"
    tg.save(path, net.state_dict())
    page.say("重みを保存", "weights saved", path)


def predict(net, x):
    """予測と秒数 / Predictions in the net's dtype, and the seconds they took."""
    dtype = net.params["W1"].dtype
    start = time.perf_counter()
    with tg.no_grad():
        parts = [
            net.predict(x[i : i + 100].astype(dtype)).numpy().argmax(axis=1)
            for i in range(0, len(x), 100)
        ]
    return np.concatenate(parts), time.perf_counter() - start


def main():
    """学習し、間違いと半精度を見る / Learn, then look at mistakes and float16."""
    weights = {"type": Path, "metavar": "FILE", "help": "of an earlier training"}
    page = _book.Page(__file__, __doc__, weights=weights)
    some, test = page.pick(500, 15_000, None), page.pick(100, 2_000, None)
    data = page.images(train=some, test=test, flatten=False)
    net = nn.DeepConvNet(data.train.x.shape[1:], rng=page.rng)
    print(net)
    page.show(
        tg.draw(net.loss, *data.train.first(20), color="time", lang="ja"),
        "ch08_time.svg",
        "DeepConvNet の計算グラフ。濃い色ほど時間がかかる",
        "The graph of DeepConvNet; the darker, the more time it takes (chapter 8.3.1)",
    )
    if page.options.weights is None:
        # 8x8 の数字は少ないので何度も / The 8x8 digits are few: more rounds.
        rounds = page.pick(1, 1, 6) if page.has_mnist else page.pick(4, 20, 20)
        train(page, net, data, rounds)
    else:
        net.load_state_dict(tg.load(page.options.weights))

    net.eval()
    x, t = data.test
    guesses, _ = predict(net, x)
    page.say("正解率", "accuracy", f"{(guesses == t).mean():.4f}")
    wrong = guesses != t
    page.show(
        _plots_filters.mistakes(x[wrong, 0], t[wrong], guesses[wrong]),
        "ch08_mistakes.png",
        "テストで間違えた数字のすべて",
        "All test digits that it took for others",
    )
    some = slice(page.pick(100, 1_000, None))
    for dtype in (np.float32, np.float16):
        copy = net.astype(dtype)
        guesses, seconds = predict(copy, x[some])
        size = sum(parameter.data.nbytes for parameter in copy.parameters())
        right = (guesses == t[some]).mean()
        name = np.dtype(dtype).name
        result = f"{right:.4f}, {size:,} bytes, {seconds:.2f} s"
        page.say(f"{name} の正解率", f"accuracy in {name}", result)


if __name__ == "__main__":
    main()
