"""6.1 節 谷を下る / Chapter 6.1: six optimisers on their way down a valley.

f(x, y) = x²/20 + y² は x 方向にゆるく、y 方向に急な谷です。勾配はほとんどの場所で谷底
(0, 0) を指しません。だから SGD はジグザグに進みます。
The valley f(x, y) = x²/20 + y² is gentle along x and steep along y. Nearly nowhere does
the gradient point to its bottom at (0, 0): so SGD goes in zigzags.

    python examples/ch06_optimizers_valley.py
"""

import _book
import _plots_lines
import numpy as np

import nn
import tinygrad_jp as tg

# 学習率は本のとおり / Learning rates as in the book, for the four that it draws.
OPTIMIZERS = {
    "SGD": lambda p: nn.SGD(p, lr=0.95),
    "Momentum": lambda p: nn.Momentum(p, lr=0.1),
    "Nesterov": lambda p: nn.Nesterov(p, lr=0.1),
    "AdaGrad": lambda p: nn.AdaGrad(p, lr=1.5),
    "RMSProp": lambda p: nn.RMSProp(p, lr=0.3, decay_rate=0.9),
    "Adam": lambda p: nn.Adam(p, lr=0.3),
}


def valley(p):
    """谷の高さ / The valley's height at points (..., 2)."""
    return p[..., 0] ** 2 / 20 + p[..., 1] ** 2


def descend(make, start, steps):
    """谷を下り、通った場所を返す / Go down; returns the places, (steps + 1, 2)."""
    place = tg.Tensor(start, requires_grad=True)
    optimizer = make([place])
    places = [place.numpy().copy()]
    for _ in range(steps):
        height = valley(place)
        optimizer.zero_grad()
        height.backward()
        optimizer.step()
        places.append(place.numpy().copy())
    return np.array(places)


def main():
    """6 つの道筋 / Six ways."""
    page = _book.Page(__file__, __doc__)
    steps = 30
    start = tg.Tensor([-7.0, 2.0], requires_grad=True)
    page.say("出発点の勾配", "gradient at the start", tg.grad(valley)(start).numpy())
    paths = {}
    for name, make in OPTIMIZERS.items():
        path = descend(make, [-7.0, 2.0], steps)
        length = np.linalg.norm(np.diff(path, axis=0), axis=1).sum()
        turns = int((np.diff(np.sign(path[:, 1])) != 0).sum())
        paths[name] = path
        page.say(
            f"{name}, {steps} 回：高さ、道のり、谷を横切った回数",
            "height, length of the way, crossings of the valley",
            f"{valley(path[0]):.2f} → {valley(path[-1]):.4f}, {length:.1f}, {turns}",
        )
    figure = _plots_lines.descents(paths, valley, (-8, 8), (-3, 3))
    figure.supxlabel("x", fontsize=11)
    figure.supylabel("y", fontsize=11)
    page.show(
        figure,
        "ch06_optimizers_valley.png",
        "赤い点から谷底の + へ。SGD はジグザグ、Momentum は玉のように行き過ぎて戻り、"
        "AdaGrad はまっすぐ",
        "From the red dot to the + at the bottom: SGD zigzags, Momentum rolls past it "
        "like a ball and comes back, AdaGrad goes straight",
    )


if __name__ == "__main__":
    main()
