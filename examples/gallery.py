"""図の見本帳 / A gallery of computation graphs, as the READMEs show it.

python examples/gallery.py --out examples/gallery
python examples/gallery.py --lang ja --only mlp,nan
"""

import argparse
from pathlib import Path

import numpy as np

import nn
import tinygrad_jp as tg

SIZES = (784, 50, 10)


def rng():
    """見本はいつも同じ / The gallery is the same every time."""
    return np.random.default_rng(0)


def batch(shape, classes=10):
    """画像とラベル / Random pictures, and labels."""
    x = tg.Tensor(rng().random(shape), dtype=np.float32, name="x")
    return x, tg.Tensor(rng().integers(classes, size=shape[0]), name="t")


def mlp(**options):
    """2 層のネットワーク / The book's two layers."""
    net = nn.TwoLayerNet(*SIZES, rng=rng())
    return tg.draw(net.loss(*batch((100, 784))), **options)


def apple(**options):
    """りんごの買い物 / Two apples and the tax, as the book draws them."""
    count, price, tax = (
        tg.Tensor(value, requires_grad=True, name=name)
        for value, name in (
            (2.0, "りんごの個数"),
            (100.0, "りんごの値段"),
            (1.1, "消費税"),
        )
    )
    total = count * price * tax
    total.name = "支払金額"
    return tg.draw(total, style="book", **options)


def convnet(**options):
    """本の SimpleConvNet / The book's SimpleConvNet."""
    net = nn.SimpleConvNet(weight_init_std=0.05, rng=rng())
    x, t = batch((20, 1, 28, 28))
    return tg.draw(lambda x: net.loss(x, t), x - 0.5, **options)


class Block(nn.Module):
    """正規化、2 つの Affine、残差 / A block with a residual, as Transformers have."""

    def __init__(self, size, source):
        self.norm = nn.LayerNormalization(size)
        self.body = nn.Sequential(
            nn.Affine(size, 4 * size, rng=source),
            nn.GELU(),
            nn.Affine(4 * size, size, rng=source),
        )

    def forward(self, x):
        """入力に加える / What the body makes is added to its input."""
        return x + self.body(self.norm(x))


def blocks(**options):
    """同じブロックが 12 個 / Twelve blocks, folded into one."""
    source = rng()
    model = nn.Sequential(
        nn.Affine(64, 32, rng=source),
        *[Block(32, source) for _ in range(12)],
        nn.Affine(32, 10, rng=source),
    )
    x, t = batch((50, 64))
    return tg.draw(nn.SoftmaxWithLoss()(model(x), t), **options)


def nan(**options):
    """log(0) が NaN になる / A probability that becomes 0, and its logarithm."""
    affine = nn.Affine(4, 3, rng=rng(), dtype=np.float64)
    x = tg.Tensor(1000 * rng().standard_normal((5, 4)), name="x")
    t = tg.Tensor(np.eye(3)[[0, 1, 2, 0, 1]], name="t")
    with np.errstate(all="ignore"):
        y = nn.Softmax()(affine(x))
        with tg.scope("CrossEntropy"):
            loss = -(t * np.log(y)).sum() / 5  # 0 * log(0) = NaN
        loss.name = "loss"
        return tg.draw(loss, **options)


def vanishing(**options):
    """勾配が消える / Ten sigmoids, and gradients that vanish on the way back."""
    net = nn.MultiLayerNet(
        784, [100] * 6, 10, activation="sigmoid", weight_init_std=0.05, rng=rng()
    )
    return tg.draw(net.loss(*batch((100, 784))), color="grad", **options)


def double(**options):
    """勾配の計算グラフ / The graph of a gradient, which has a gradient itself."""
    x = tg.Tensor([0.5, -1.0], requires_grad=True, name="x")
    W = tg.Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True, name="W")
    with tg.scope("layer"):
        y = tg.tanh(x @ W)
    y.sum().backward(create_graph=True)
    return tg.draw(x.grad, depth=3, **options)


PICTURES = {
    "mlp": mlp,
    "apple": apple,
    "convnet": convnet,
    "blocks": blocks,
    "nan": nan,
    "vanishing": vanishing,
    "double": double,
}


def main() -> None:
    """図を描いて保存する / Draw and save them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("out/gallery"))
    parser.add_argument("--lang", choices=("en", "ja"), default="en")
    parser.add_argument("--suffix", default=".svg")
    parser.add_argument("--only", type=lambda text: text.split(","), default=[])
    options = parser.parse_args()
    for name, make in PICTURES.items():
        if options.only and name not in options.only:
            continue
        drawing = make(lang=options.lang)
        path = drawing.save(options.out / f"{name}{options.suffix}")
        print(f"{path}  {drawing!r}")


if __name__ == "__main__":
    main()
