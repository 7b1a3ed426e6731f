"""1 つだけ変えて比べる / Change one thing, and compare.

スライドのネットワーク（2 層、50 ニューロン、ReLU、標準偏差 0.01、SGD 0.1）を出発点に、
1 つだけ変えます。何を変えるかは --what で：
From the network of the slides (two layers, 50 neurons, ReLU, a standard deviation of
0.01, SGD 0.1) one thing is changed. Which one, says --what:

    python examples/compare.py --what activation   活性化関数 / activations
    python examples/compare.py --what init         初期値 / initial values
    python examples/compare.py --what rate         学習率 / learning rates
    python examples/compare.py --what depth        深さと幅 / depth and width
    python examples/compare.py --what optimizer    最適化手法 / optimisers
    python examples/compare.py --what data         データ / data; also --fashion DIR
"""

import time
from pathlib import Path

import _book
import _learning
import _plots_learning
import numpy as np

import nn

SLIDES = {
    "hidden": [50],
    "activation": "relu",
    "init": 0.01,
    "optimizer": lambda p: nn.SGD(p, lr=0.1),
}
CHANGES = {
    "activation": {
        name: {"activation": name} for name in ("sigmoid", "tanh", "relu", "gelu")
    },
    "init": {
        f"{len(hidden)} x 50, {name}": {"hidden": hidden, "init": init}
        for hidden in ([50], [50] * 4)
        for name, init in (("std 0.01", 0.01), ("Xavier", "xavier"), ("He", "he"))
    },
    "rate": {
        f"lr {lr:g}": {"optimizer": lambda p, lr=lr: nn.SGD(p, lr=lr)}
        for lr in (0.001, 0.01, 0.1, 1.0, 5.0)
    },
    "depth": {
        f"{len(hidden)} x {hidden[0]}": {"hidden": hidden, "init": "he"}
        for hidden in ([10], [50], [200], [50] * 2, [50] * 4, [200] * 2)
    },
    "optimizer": {
        "SGD": {},
        "RMSProp": {"optimizer": lambda p: nn.RMSProp(p, lr=0.001)},
        "Adam": {"optimizer": lambda p: nn.Adam(p, lr=0.001)},
    },
}
TITLES = {
    "activation": ("活性化関数を変える", "Another activation"),
    "init": (
        "初期値を変える（層 x ニューロン）",
        "Other initial values, layers x neurons",
    ),
    "rate": ("学習率を変える", "Another learning rate"),
    "depth": (
        "深さと幅を変える（層 x ニューロン）",
        "Deeper and wider, layers x neurons",
    ),
    "optimizer": ("最適化手法を変える", "Another optimiser"),
    "data": ("データを変える", "Other data"),
}


def datasets(page):
    """同じネットワークに学ばせるデータ / What there is to learn from."""
    rng = np.random.default_rng(page.options.seed)
    found = {"digits 8x8": nn.digits(rng=rng)}
    found["spiral"] = nn.spiral(400, 3, rng=rng).split(0.25, rng=rng)
    if page.has_mnist:
        found["MNIST"] = nn.mnist(page.options.mnist)
    if page.options.fashion:
        found["Fashion-MNIST"] = nn.fashion_mnist(page.options.fashion)
    return found


@_learning.overflowing
def run(data, steps, seed, *, hidden, activation, init, optimizer):
    """1 つのネットワークを学習する / Let one network learn, and note how it goes."""
    rng = np.random.default_rng(seed)
    net = nn.MultiLayerNet(
        data.train.x.shape[1],
        hidden,
        int(data.train.t.max()) + 1,
        activation=activation,
        weight_init_std=init,
        rng=rng,
    )
    follow = optimizer(net.parameters())
    tests, seconds = [net.accuracy(*data.test)], 0.0
    for _ in range(20):
        start = time.perf_counter()
        _learning.losses(net, follow, data.train, steps // 20, rng)
        seconds += time.perf_counter() - start
        tests.append(net.accuracy(*data.test))
    return {
        "steps": np.linspace(0, steps, 21),
        "errors": 100 * (1 - np.array(tests)),
        "test": 100 * tests[-1],
        "train": 100 * net.accuracy(*data.train),
        "parameters": sum(p.size for p in net.parameters()),
        "seconds": seconds,
    }


def main():
    """比べて、表と図にする / Compare: a table and a picture."""
    page = _book.Page(
        __file__,
        __doc__,
        what={"choices": TITLES, "default": "activation"},
        fashion={"type": Path, "help": "the four IDX files of Fashion-MNIST"},
    )
    what = page.options.what
    if what == "data":
        cases = {name: (data, {}) for name, data in datasets(page).items()}
    else:
        images = page.images()
        cases = {name: (images, change) for name, change in CHANGES[what].items()}
    steps = page.pick(240, 2_000, 10_000)
    seed = page.options.seed
    runs = {
        name: run(data, steps, seed, **(SLIDES | change))
        for name, (data, change) in cases.items()
    }
    table = [
        f"{'':<18}{'パラメータ parameters':>18}{'訓練 train':>12}{'テスト test':>11}"
        f"{'時間 time':>9}"
    ]
    for name, result in runs.items():
        table.append(
            f"{name:<18}{result['parameters']:>23,}{result['train']:>12.2f} %"
            f"{result['test']:>12.2f} %{result['seconds']:>9.1f} s"
        )
    japanese, english = TITLES[what]
    page.say(japanese, english, "\n".join(table))
    page.show(
        _plots_learning.race(runs),
        f"compare_{what}.png",
        f"{japanese}。左は学習中のテストの誤り（対数）、右は最後の正解率",
        f"{english}. Left: test errors on the way (logarithmic); right: at the end",
    )


if __name__ == "__main__":
    main()
