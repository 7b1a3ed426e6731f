"""7.2〜7.4 節 畳み込みとプーリング / Chapters 7.2 to 7.4: convolution, step by step.

フィルタを窓のように動かし、重なった数を掛けて足す。窓を行に並べれば (im2col)、畳み込み
は行列の積 1 つ。逆伝播では、窓を元の場所に足し戻します (col2im)。
A filter moves like a window: multiply what lies on top of each other, and sum. With
windows laid out as rows (im2col) a convolution is one product of matrices; its backward
pass adds the windows back to where they came from (col2im).

    python examples/ch07_convolution.py
"""

import _book
import _plots
import _plots_grids
import numpy as np

import nn
import tinygrad_jp as tg

X = np.array([[1, 2, 0, 1], [0, 3, 1, 2], [2, 1, 0, 3], [1, 0, 2, 1]], float)
W = np.array([[1, 0, 2], [0, 1, 0], [-1, 0, 1]], float)
G = np.array([[1, 2], [3, 4]], float)


def convolve(x, W):
    """窓を行に並べ、行列の積 1 つ / Windows as rows, and one product."""
    windows = tg.sliding_window_view(x, W.shape)  # (2, 2, 3, 3)
    columns = windows.reshape(-1, W.size)  # (4, 9)
    return (columns @ W.reshape(-1)).reshape(windows.shape[:2])


def im2col(x, size):
    """本の im2col / The book's, of a batch: a row for each window of each picture."""
    windows = tg.sliding_window_view(x, (size, size))  # (N, C, OH, OW, size, size)
    side_by_side = windows.transpose(0, 2, 3, 1, 4, 5)
    return side_by_side.reshape(-1, x.shape[1] * size * size)


def forward(page):
    """順伝播 / Each step, padding and stride, and the product of matrices."""
    out = tg.conv(X[None, None], W[None, None])[0, 0].numpy()
    page.say("出力", "output", out)
    same = np.array_equal(out, convolve(X, W).numpy())
    page.say("行列の積でも同じ？", "the same by a product?", same)
    page.show(
        _plots_grids.steps(X, W, out),
        "ch07_steps.png",
        "窓を 1 つずつ動かし、重なった数を掛けて足す",
        "The window moves by one: multiply what lies on top of each other, and sum",
    )
    results = {
        (padding, stride): tg.conv(
            X[None, None], W[None, None], padding=padding, stride=stride
        )[0, 0].numpy()
        for padding, stride in ((0, 1), (1, 1), (1, 2))
    }
    page.show(
        _plots_grids.settings(X, len(W), results),
        "ch07_padding_stride.png",
        "パディングは 0 で囲み、ストライドは窓の間隔。枠は最初の 2 つの窓",
        "Padding surrounds with zeros, stride is how far windows are apart; outlined: "
        "the first two windows",
    )
    columns = tg.sliding_window_view(X, W.shape).reshape(-1, W.size).numpy()
    page.show(
        _plots_grids.product(columns, W, out),
        "ch07_im2col.png",
        "窓を行に、フィルタを列に。畳み込みは行列の積 1 つになる",
        "Windows as rows, the filter as a column: one product of matrices",
    )


def backward(page):
    """逆伝播 / The gradient of the input, by autograd and by adding windows back."""
    x = tg.Tensor(X, requires_grad=True, name="x")
    filters = tg.Tensor(W, requires_grad=True, name="W")
    out = convolve(x, filters)
    out.name = "y"
    drawing = tg.draw(out, lang="ja")
    out.backward(G)
    page.show(
        drawing,
        "ch07_graph.svg",
        "畳み込みの計算グラフ：窓、行列の積、形",
        "The graph of a convolution: windows, a product, shapes",
    )
    added = tg.overlap_add(G[:, :, None, None] * W, X.shape).numpy()
    same = np.array_equal(added, x.grad.numpy())
    page.say("窓を足し戻すと x.grad？", "windows added back, x.grad?", same)
    page.show(
        _plots_grids.overlaps(G, W, added),
        "ch07_backward.png",
        "逆伝播：どの出力も、自分の窓にフィルタの何倍かを返す。重なった所は足す",
        "Backward: each output gives a multiple of the filter back to its window; "
        "where they overlap, they add up",
    )


def batch(page):
    """バッチとチャンネル / The book's Convolution on a batch, by im2col."""
    layer = nn.Convolution(3, 8, 5, rng=page.rng, dtype=np.float64)
    x = page.rng.normal(size=(10, 3, 7, 7))
    columns = im2col(x, 5)
    page.say("バッチの im2col", "im2col of a batch", f"{x.shape} → {columns.shape}")
    rows = columns @ layer.W.reshape(8, -1).T + layer.b  # (90, 8)
    out = rows.reshape(10, 3, 3, 8).transpose(0, 3, 1, 2)
    difference = np.abs((out - layer(x)).numpy()).max()
    page.say(
        "nn.Convolution との差", "difference to nn.Convolution", f"{difference:.0e}"
    )


def pooling(page):
    """最大と平均 / The largest of each window, or the mean, and their gradients."""
    pooled = {}
    names = {"max": ("最大", "max"), "average": ("平均", "average")}
    for kind, name in names.items():
        x = tg.Tensor(X[None, None], requires_grad=True)
        out = nn.Pooling(2, kind=kind)(x)
        out.sum().backward()
        pooled[_plots.both(*name)] = out[0, 0].numpy(), x.grad[0, 0]
    page.show(
        _plots_grids.pools(X, pooled),
        "ch07_pooling.png",
        "プーリング：最大では勾配が最大の 1 か所へ、平均では等しく分かれる",
        "Pooling: the gradient of a maximum goes to the largest, that of a mean to all",
    )


def main():
    """順伝播、逆伝播、プーリング / Forward, backward and pooling."""
    page = _book.Page(__file__, __doc__)
    forward(page)
    backward(page)
    batch(page)
    pooling(page)


if __name__ == "__main__":
    main()
