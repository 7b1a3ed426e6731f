"""手書き数字を学ぶ / Learn handwritten digits with the book's two-layer network.

『ゼロから作る Deep Learning』5 章の 2 層ネットワークです。書くのは順伝播だけ。
勾配は、計算グラフを逆向きにたどって tinygrad_jp が求めます。
The network of the book's chapter 5. Only the forward pass is written: tinygrad_jp
walks its computation graph backward and finds the gradients.

    python examples/quickstart.py
    python examples/quickstart.py --data mnist --folder DIR
"""

import argparse
from pathlib import Path

import _plots
import numpy as np
from tqdm import tqdm

import nn
import tinygrad_jp as tg
from tinygrad_jp.draw import draw
from tinygrad_jp.testing import check_semantics

# データごとの既定の設定 / What each data set is learned with, unless told otherwise.
SETTINGS = {
    "digits": {"hidden": 100, "iterations": 3_000, "lr": 0.5},
    "mnist": {"hidden": 50, "iterations": 10_000, "lr": 0.1},
}


def main() -> None:
    """データ、ネットワーク、検証、学習、結果 / From the data to the pictures."""
    options = read_options()
    out = options.out
    out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(options.seed)
    print("\n手書き数字を学ぶ  Learning handwritten digits\n")

    data = load(options, rng)
    x_train, x_test = data.train.x, data.test.x
    t_train = nn.one_hot(data.train.t, 10)
    t_test = nn.one_hot(data.test.t, 10)
    pixels = x_train.shape[1]
    print(
        f"  データ  data       {options.data}: "
        f"訓練 train {len(x_train):,}, テスト test {len(x_test):,}"
    )

    net = nn.TwoLayerNet(pixels, options.hidden, 10, rng=rng)
    weights = sum(parameter.size for parameter in net.parameters())
    print(
        f"  ネット  network    {pixels} → {options.hidden} → 10, "
        f"パラメータ parameters {weights:,}"
    )

    prove(net, x_train[:3], t_train[:3])
    pictures = draw_graph(net, x_train[:100], t_train[:100], out)

    losses = train(net, x_train, t_train, options, rng)
    print(
        f"  損失    loss       {losses[0]:.4f} → {losses[-1]:.4f} "
        f"({len(losses):,} 回 iterations)"
    )
    print(
        f"  正解率  accuracy   訓練 train {net.accuracy(x_train, t_train):.4f}, "
        f"テスト test {net.accuracy(x_test, t_test):.4f}"
    )

    with tg.no_grad():
        probabilities = tg.softmax(net.predict(x_test)).numpy()
    _plots.save(_plots.loss_curve(losses), out / "loss.png")
    tiles = _plots.predictions(x_test, data.test.t, probabilities)
    _plots.save(tiles, out / "predictions.png")
    names = ["loss.png", "predictions.png", *(path.name for path in pictures)]
    print(f"  図      pictures   {out}: {', '.join(names)}\n")


def train(net, x_train, t_train, options, rng):
    """ミニバッチで学習する (4.5 節) / Learn, one mini-batch after the other."""
    sgd = nn.SGD(net.parameters(), lr=options.lr)
    losses = []
    steps = range(options.iterations)
    for _ in tqdm(steps, "  学習    training", leave=False, disable=None):
        batch = rng.choice(len(x_train), options.batch_size)
        loss = net.loss(x_train[batch], t_train[batch])
        sgd.zero_grad()
        loss.backward()
        sgd.step()
        losses.append(loss.item())
    return losses


def prove(net, x, t):
    """勾配確認 (5.7.3 節) と、行が独立であること / Check the gradients and the rows."""
    exact = net.gradient(x, t)
    numerical = net.numerical_gradient(x, t)
    difference = max(np.abs(exact[name] - numerical[name]).max() for name in exact)
    if not difference < 1e-6:
        raise SystemExit(f"勾配が数値微分と違う / gradients differ by {difference:.1e}")
    print(
        "  勾配    gradients  数値微分と一致 match numerical ones: "
        f"最大の差 largest difference {difference:.0e}"
    )
    check_semantics(net.predict, x)
    print(
        "  行      rows       互いに混ざらない no row of the batch leaks into another"
    )


def draw_graph(net, x, t, out):
    """計算グラフを勾配とともに描く / Draw the computation graph with gradients."""
    loss = net.loss(x, t)
    loss.name = "loss"
    drawing = draw(loss, lang="ja" if _plots.has_japanese() else "en")
    svg = drawing.save(out / "graph.svg")
    if svg.suffix == ".dot":  # Graphviz がない / without Graphviz
        return [svg]
    return [svg, drawing.save(out / "graph.png")]


def load(options, rng):
    """データを読む / Read the data."""
    if options.data == "digits":
        return nn.digits(rng=rng)
    try:
        return nn.mnist(options.folder)
    except (OSError, ValueError) as error:
        raise SystemExit(f"quickstart: {error}") from None


def read_options():
    """コマンドラインを読む / Read the command line."""
    parser = argparse.ArgumentParser(
        description="手書き数字を学ぶ / Learn handwritten digits."
    )
    parser.add_argument("--data", choices=SETTINGS, default="digits")
    parser.add_argument("--folder", type=Path, help="the four IDX files of MNIST")
    parser.add_argument("--out", type=Path, default="out", help="for the pictures")
    parser.add_argument("--seed", type=at_least(0), default=0)
    parser.add_argument(
        "--hidden", type=at_least(1), help="neurons in the hidden layer"
    )
    parser.add_argument("--iterations", type=at_least(1))
    parser.add_argument("--batch-size", type=at_least(1), default=100)
    parser.add_argument("--lr", type=at_least(1e-6, float), help="learning rate")
    options = parser.parse_args()
    if options.data == "mnist" and options.folder is None:
        parser.error("--data mnist needs --folder DIR with the four IDX files")
    for name, value in SETTINGS[options.data].items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    return options


def at_least(least, kind=int):
    """下限のある数 / Read a number that has a lower bound."""

    def read(text):
        number = kind(text)
        if not least <= number < float("inf"):
            raise argparse.ArgumentTypeError(f"must be at least {least}, got {text}")
        return number

    read.__name__ = kind.__name__  # what argparse calls it
    return read


if __name__ == "__main__":
    main()
