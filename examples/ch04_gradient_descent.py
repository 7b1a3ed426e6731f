"""4.4.1 節 勾配法 / Chapter 4.4.1: gradient descent on contours.

学習率が小さすぎると着かず、大きすぎると飛び出します。
With too small a learning rate it does not arrive; with too large a one it flies out.

    python examples/ch04_gradient_descent.py
"""

import _book
import _plots_lines
import numpy as np

import tinygrad_jp as tg

RATES = (0.01, 0.3, 0.95, 1.02)


def bowl(x):
    """細長いお椀 / A bowl that is narrow in one direction."""
    return x[..., 0] ** 2 / 4 + x[..., 1] ** 2


def descend(start, lr, steps):
    """勾配の逆へ少しずつ / Step by step against the gradient; returns all places."""
    gradient = tg.grad(bowl)
    places = [np.array(start)]
    for _ in range(steps):
        places.append(places[-1] - lr * gradient(places[-1]).numpy())
    return np.array(places)


def main():
    """4 つの学習率 / Four learning rates."""
    page = _book.Page(__file__, __doc__)
    steps = 20
    paths = {}
    for lr in RATES:
        path = descend([-3.0, 1.6], lr, steps)
        paths[f"lr = {lr:g}"] = path
        height = f"{bowl(path[0]):.2f} → {bowl(path[-1]):.3g}"
        page.say(f"学習率 {lr:g}, {steps} 回", f"lr {lr:g}, {steps} steps", height)
    page.show(
        _plots_lines.descents(paths, bowl, (-3.6, 3.6), (-2.4, 2.4)),
        "ch04_gradient_descent.png",
        "学習率による道筋の違い。点が 1 歩",
        "The ways of four learning rates; each dot is a step",
    )


if __name__ == "__main__":
    main()
