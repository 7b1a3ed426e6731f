"""学習し、保存し、眺める / Learn, save, load, and look.

ある読者の 4 章：数値微分は「とてつもなく時間がかかる」。そこで逆伝播で学習し、保存し、
読み込み、1 枚ずつ予測して、どのクラスがどれくらいの確率かを見ます。
A reader's chapter 4: the numerical gradient "takes an enormous time". So the network
learns by backpropagation, is saved and loaded, predicts one picture at a time, and
shows the probability of every class.

    python examples/save_and_look.py --mnist DIR
"""

import pickle
import time

import _book
import _plots
import _plots_lines
import numpy as np

import nn
import tinygrad_jp as tg


def both_gradients(page, data):
    """同じ勾配を 2 通りで / The same gradient in two ways, with their times."""
    hidden = page.pick(3, 10, 50)
    net = nn.TwoLayerNet(data.train.x.shape[1], hidden, 10, rng=page.rng)
    x, t = data.train.first(page.pick(5, 20, 100))
    start = time.perf_counter()
    numerical = net.numerical_gradient(x, t)
    middle = time.perf_counter()
    exact = net.gradient(x, t)
    end = time.perf_counter()
    page.say("数値微分", "numerical gradient", f"{middle - start:.2f} s")
    page.say("逆伝播", "backpropagation", f"{1000 * (end - middle):.1f} ms")
    apart = max(np.abs(exact[name] - numerical[name]).max() for name in exact)
    page.say("最大の差", "largest difference", f"{apart:.0e}")


def learned(page, data):
    """学習したネットワーク / A network that has learned, with its curves."""
    net = nn.TwoLayerNet(data.train.x.shape[1], 50, 10, rng=page.rng)
    trainer = nn.Trainer(net, net.last_layer, nn.SGD(net.parameters(), lr=0.1))
    epochs = 17 if page.has_mnist else page.pick(20, 100, 200)
    history = trainer.fit(
        data.train, data.test, epochs=epochs, rng=page.rng, progress=False
    )
    train, test = (_plots.both(*w) for w in (("訓練", "train"), ("テスト", "test")))
    epoch = _plots.both("エポック", "epoch")
    for key, japanese, english in (
        ("loss", "損失", "loss"),
        ("accuracy", "正解率", "accuracy"),
    ):
        curves = {train: history[key], test: history[f"test_{key}"]}
        page.show(
            _plots_lines.lines(
                curves, epoch, _plots.both(japanese, english), x=history["epoch"]
            ),
            f"save_{key}.png",
            f"{japanese}の推移",
            f"{english} over the epochs",
        )
    return net


def saved_and_loaded(page, net):
    """保存し、別のネットワークに読み込む / Save it, and load it into another one."""
    page.out.mkdir(parents=True, exist_ok=True)
    path = page.out / "two_layer_net.safetensors"
    tg.save(path, net.state_dict(), metadata={"made by": page.name})
    other = nn.TwoLayerNet(
        net.params["W1"].shape[0], 50, 10, rng=np.random.default_rng(99)
    )
    other.load_state_dict(tg.load(path))
    page.say("保存したファイル", "the file", f"{path.stat().st_size:,} bytes")
    broken = page.out / "weights.pkl"
    broken.write_bytes(pickle.dumps({"W1": [1.0]}))
    try:
        tg.load(broken)
    except ValueError as error:
        page.say("pickle は読み込まない", "a pickle is refused", error)
    return other


def predict(net, x, batch_size):
    """確率をバッチごとに / Probabilities, so many pictures at a time."""
    with tg.no_grad():
        parts = [
            tg.softmax(net.predict(x[i : i + batch_size])).numpy()
            for i in range(0, len(x), batch_size)
        ]
    return np.concatenate(parts)


def main():
    """学習、保存、予測、図 / Learn, save, predict, and look."""
    page = _book.Page(__file__, __doc__)
    data = page.images()
    both_gradients(page, data)
    net = saved_and_loaded(page, learned(page, data))
    x, t = data.test
    one, many = predict(net, x, 1), predict(net, x, len(x))
    page.say("正解率", "accuracy", f"{np.mean(one.argmax(axis=1) == t):.4f}")
    same = (one.argmax(axis=1) == many.argmax(axis=1)).mean()
    page.say("1 枚ずつとバッチで同じ予測", "same predictions", f"{same:.2%}")
    # BLAS は行の数により和の順を変える / BLAS sums in another order for other sizes.
    apart = np.abs(one - many).max()
    last = float(np.finfo(np.float32).eps)
    page.say(
        "確率の最大の差", "largest difference", f"{apart:.1e} = {apart / last:.0f} ε"
    )
    page.show(
        _plots.class_probabilities(x[:10], t[:10], many[:10]),
        "save_probabilities.png",
        "最初の 10 枚と、各クラスの確率（緑が正解）",
        "The first ten pictures and the probability of each class (green: the label)",
    )
    page.show(
        _plots.predictions(x, t, many),
        "save_misclassified.png",
        "予測と、間違えた画像",
        "Predictions, and the pictures that went wrong",
    )


if __name__ == "__main__":
    main()
