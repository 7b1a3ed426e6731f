"""バッチ全体のソフトマックス / The softmax that normalised over the whole batch.

ある読者のネットワークは、正解率が 10 % のまま動きませんでした。関数を 1 つずつ
1 次元の配列で試しても、どれも正しい。原因は、最大値と和を行ごとではなくバッチ全体で
取るソフトマックス。手書きの逆伝播 (y - t) / N は正しいソフトマックスのためのもので、
合いません。自動微分なら勾配は合い、勾配の確認はすべて通ります：「間違った関数の正しい
勾配」だから。学習まで進むので、かえって気づけません。
A reader's network stayed at 10 %. Tried on one-dimensional arrays each function was
right. The cause: a softmax that took maximum and sum over the whole batch in place of
each row. The backward pass by hand, (y - t) / N, belongs to the right softmax. With
autograd the gradient does fit, and every gradient check passes: it is the right
gradient of the wrong function. It even learns, which makes it harder to notice.

    python examples/softmax_axis.py --mnist DIR --full
"""

import _book
import _plots
import _plots_lines
import numpy as np

import nn
import tinygrad_jp as tg
from tinygrad_jp.testing import (
    GradientError,
    SemanticsError,
    check_semantics,
    gradcheck,
)


def wrong_softmax(a):
    """読者が書いたもの / As the reader wrote it: max and sum of everything."""
    exp_a = np.exp(a - np.max(a))
    return exp_a / np.sum(exp_a)


def right_softmax(a):
    """行ごとに / The same for each row."""
    exp_a = np.exp(a - np.max(a, axis=1, keepdims=True))
    return exp_a / np.sum(exp_a, axis=1, keepdims=True)


def cross_entropy(y, t):
    """正解の確率の対数 / The mean of minus the logarithm at the labels."""
    return -(t * np.log(y + 1e-7)).sum() / len(t)


@tg.rule(vjp=(lambda g, a, t: g * (wrong_softmax(a) - t) / len(t), None))
def loss_by_hand(a, t, /):
    """読者の SoftmaxWithLoss / The reader's, whose backward pass is by hand."""
    return np.asarray(cross_entropy(wrong_softmax(a), t))


def said(check, *arguments):
    """確認の結果 / What a check says: OK, or its error."""
    try:
        check(*arguments)
    except (GradientError, SemanticsError) as error:
        return error
    return "OK"


def check(page):
    """勾配の確認と、意味の確認 / The check of gradients, and that of the meaning."""
    scores = page.rng.normal(size=(4, 3))
    t = np.eye(3)[[0, 2, 1, 1]]
    by_hand = said(gradcheck, lambda a: loss_by_hand(a, t), scores)
    page.say("手書きの逆伝播の勾配", "gradient by hand", by_hand)
    for softmax in (wrong_softmax, right_softmax):
        name = softmax.__name__
        gradient = said(gradcheck, softmax, scores)
        page.say(f"{name} の勾配", f"gradient of {name}", gradient)
        meaning = said(check_semantics, softmax, scores)
        page.say(f"{name} の意味", f"meaning of {name}", meaning)


def train(page, data, loss_of, steps):
    """学習し、テストの正解率を記録する / Learn with it, and note the accuracies."""
    rng = np.random.default_rng(page.options.seed)
    sizes = data.train.x.shape[1], 100
    first = nn.Affine(*sizes, rng=rng, init="xavier")
    second = nn.Affine(sizes[1], 10, rng=rng, init="xavier")
    model = nn.Sequential(first, nn.Sigmoid(), second)
    adam = nn.Adam(model.parameters(), lr=0.001)
    seen = [(0, _book.accuracy(model, data.test))]
    for step in range(1, steps + 1):
        batch = rng.choice(len(data.train), 100)
        t = nn.one_hot(data.train.t[batch], 10)
        loss = loss_of(model(data.train.x[batch]), t)
        adam.zero_grad()
        loss.backward()
        adam.step()
        if step % max(steps // 40, 1) == 0:
            seen.append((step, _book.accuracy(model, data.test)))
    return np.array(seen)


LOSSES = {
    ("行ごと", "each row"): lambda a, t: cross_entropy(right_softmax(a), t),
    ("全体、自動微分", "whole batch, autograd"): lambda a, t: cross_entropy(
        wrong_softmax(a), t
    ),
    ("全体、手書きの逆伝播", "whole batch, by hand"): loss_by_hand,
}


def main():
    """1 回の呼び出しで見つけ、学習で比べる / Find it by one call, and compare."""
    page = _book.Page(__file__, __doc__)
    check(page)
    data = page.images()
    steps = page.pick(400, 2_000, 10_000)
    curves, places = {}, []
    for (japanese, english), loss_of in LOSSES.items():
        places, accuracies = train(page, data, loss_of, steps).T
        page.say(f"正解率、{japanese}", f"accuracy, {english}", f"{accuracies[-1]:.4f}")
        curves[_plots.both(japanese, english)] = accuracies
    labels = _plots.both("繰り返し", "iteration"), _plots.both("正解率", "accuracy")
    page.show(
        _plots_lines.lines(curves, *labels, x=places, limits=(0, 1)),
        "softmax_axis.png",
        "テストの正解率。手書きでは止まり、自動微分では気づかないまま学習が進む",
        "Accuracy on the test data: by hand it stands still, with autograd it learns "
        "unnoticed",
    )


if __name__ == "__main__":
    main()
