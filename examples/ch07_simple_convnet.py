"""7.5〜7.6 節 CNN の実装と可視化 / Chapters 7.5 and 7.6: SimpleConvNet, and a look in.

畳み込み 1 層の CNN が、形を保ったまま画像から学びます。学習前のフィルタは雑音、
学習後は縁や塊に反応する模様。--full は 60,000 枚を 3 エポックです。
A net with one layer of convolution learns from pictures that keep their shape. Its
filters are noise before, and patterns that answer to edges and blobs afterwards.
--full takes 3 epochs of all 60,000 pictures.

    python examples/ch07_simple_convnet.py --mnist DIR --full
    python examples/ch07_simple_convnet.py --mnist DIR --weights out/ch07.safetensors
"""

from pathlib import Path

import _book
import _plots
import _plots_filters

import nn
import tinygrad_jp as tg


def train(page, net, data, epochs):
    """Adam で学ぶ / Learn with Adam; the last third at a tenth of its rate."""
    adam = nn.Adam(net.parameters(), lr=0.001)
    schedule = nn.StepDecay(max(2 * epochs // 3, 1))
    trainer = nn.Trainer(net, nn.SoftmaxWithLoss(), adam, schedule=schedule)
    history = trainer.fit(
        data.train, data.test, epochs=epochs, batch_size=50, rng=page.rng
    )
    page.show(
        _plots.loss_curve(history.steps["loss"]),
        "ch07_loss.png",
        "ミニバッチごとの損失",
        "The loss of each mini-batch",
    )
    path = page.out / "ch07.safetensors"
    tg.save(path, net.state_dict())
    page.say("重みを保存", "weights saved", path)


def look(page, net, image):
    """特徴マップ / What the strongest filters make of a picture, layer by layer."""
    names = {
        1: _plots.both("畳み込み", "Convolution"),
        2: "ReLU",
        3: _plots.both("プーリング", "Pooling"),
    }
    with tg.no_grad():
        maps = {name: net.layers[:n](image[None]).numpy() for n, name in names.items()}
    strongest = maps["ReLU"][0].mean(axis=(1, 2)).argsort()[::-1][:8]
    some = {name: found[0, strongest] for name, found in maps.items()}
    filters = net.params["W1"].numpy()[strongest, 0]
    page.show(
        _plots_filters.layer_by_layer(image[0], filters, some),
        "ch07_maps.png",
        "最も強く反応した 8 つのフィルタと特徴マップ（橙は負、紫は正）",
        "The eight filters that answer most, and their maps (orange below 0, purple "
        "above)",
    )


def main():
    """グラフを描き、学習し、中を見る / Draw the graph, learn, and look inside."""
    weights = {"type": Path, "metavar": "FILE", "help": "of an earlier training"}
    page = _book.Page(__file__, __doc__, weights=weights)
    data = page.images(train=page.pick(500, 10_000, None), flatten=False)
    net = nn.SimpleConvNet(data.train.x.shape[1:], rng=page.rng)
    before = net.params["W1"].numpy().copy()
    print(net)
    page.show(
        tg.draw(net.loss, data.train.x[:100], data.train.t[:100], lang="ja"),
        "ch07_network.svg",
        "SimpleConvNet の計算グラフ",
        "The graph of SimpleConvNet",
    )
    if page.options.weights is None:
        # 8x8 の数字は少ないので何度も / The 8x8 digits are few: more rounds.
        rounds = page.pick(1, 3, 3) if page.has_mnist else page.pick(20, 40, 40)
        train(page, net, data, rounds)
    else:
        net.load_state_dict(tg.load(page.options.weights))
    page.say("正解率", "accuracy", f"{net.accuracy(*data.test):.4f}")
    groups = {
        _plots.both("学習前のフィルタ", "filters before"): before[:, 0],
        _plots.both("学習後のフィルタ", "filters after"): net.params["W1"].numpy()[
            :, 0
        ],
    }
    page.show(
        _plots_filters.filters(groups),
        "ch07_filters.png",
        "学習前は雑音、学習後は縁や塊の模様（橙は負、紫は正）",
        "Noise before, edges and blobs after (orange below 0, purple above)",
    )
    look(page, net, data.test.x[0])


if __name__ == "__main__":
    main()
