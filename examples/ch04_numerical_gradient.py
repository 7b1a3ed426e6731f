"""4.3, 4.4 節 数値微分 / Chapters 4.3 and 4.4: numerical derivatives.

刻み幅 h は、大きいと打ち切り誤差、小さいと丸め誤差。ちょうどよい h があります。
A large step h errs by what it cuts off, a small one by rounding; in between lies the
best. Backpropagation needs no h at all.

    python examples/ch04_numerical_gradient.py
"""

import _book
import _plots
import _plots_lines
import numpy as np

import tinygrad_jp as tg


def f(x):
    """本の式 4.5 / The book's example, a parabola."""
    return 0.01 * x**2 + 0.1 * x


def bowl(x):
    """本の式 4.6 / The sum of squares: a bowl over the plane."""
    return (x**2).sum()


def forward_difference(function, x, h):
    """(f(x+h) - f(x)) / h."""
    return (function(x + h) - function(x)) / h


def central_difference(function, x, h):
    """(f(x+h) - f(x-h)) / 2h."""
    return (function(x + h) - function(x - h)) / (2 * h)


def main():
    """微分の値、h と誤差、勾配の場 / Derivatives, errors over h, and a field."""
    page = _book.Page(__file__, __doc__)
    for x in (5.0, 10.0):
        page.say(
            f"f'({x:g}): 数値微分 / 逆伝播",
            f"f'({x:g}): numerical / backpropagation",
            f"{central_difference(f, x, 1e-4)} / {tg.grad(f)(x).item()}",
        )

    place = 2.0
    exact = np.cos(place)  # sin の微分 / the derivative of the sine
    steps = np.logspace(0, -16, 161)
    errors = {
        _plots.both("前進差分", "forward"): forward_difference(np.sin, place, steps),
        _plots.both("中心差分", "central"): central_difference(np.sin, place, steps),
    }
    errors = {name: np.abs(found - exact) for name, found in errors.items()}
    for name, error in errors.items():
        best = int(error.argmin())
        page.say(name, name, f"h = {steps[best]:.0e}, {error[best]:.0e}")
    engine = abs(tg.grad(tg.sin)(place).item() - exact)
    page.say("逆伝播の誤差", "error of backpropagation", f"{engine:.0e}")
    page.show(
        _plots_lines.errors_over_steps(steps, errors),
        "ch04_steps.png",
        "sin の数値微分の誤差。右へ行くほど h は小さい",
        "Errors of the numerical derivative of the sine; h gets smaller to the right",
    )

    ticks = np.linspace(-2, 2, 17)
    points = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    field = tg.grad(bowl)(points).numpy()
    page.show(
        _plots_lines.field(points, -field, lambda p: (p**2).sum(axis=-1)),
        "ch04_field.png",
        "勾配の逆向きの矢印は、どこからでも谷底を指す",
        "Against the gradient: from everywhere the arrows point into the bowl",
    )


if __name__ == "__main__":
    main()
