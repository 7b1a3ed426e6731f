"""5.1 節 計算グラフ / Chapter 5.1: computational graphs, apples and oranges.

順伝播は左から右へ、逆伝播は右から左へ。「りんごが 1 円上がると、支払いは何円増える？」
Forward from left to right, backward from right to left: "If an apple costs 1 yen more,
how much more is there to pay?"

    python examples/ch05_apple.py
"""

import _book

import tinygrad_jp as tg


def number(name, value):
    """名前のある数 / A number with a name, whose gradient is wanted."""
    return tg.Tensor(float(value), requires_grad=True, name=name)


def apple():
    """りんご 2 個と消費税 / Two apples and the tax."""
    count, price = number("りんごの個数", 2), number("りんごの値段", 100)
    tax = number("消費税", 1.1)
    total = count * price * tax
    total.name = "支払金額"
    return total, [count, price, tax]


def apple_and_orange():
    """りんご 2 個、みかん 3 個、消費税 / Two apples, three oranges, and the tax."""
    apples, apple_price = number("りんごの個数", 2), number("りんごの値段", 100)
    orange_price, oranges = number("みかんの値段", 150), number("みかんの個数", 3)
    tax = number("消費税", 1.1)
    total = (apples * apple_price + orange_price * oranges) * tax
    total.name = "支払金額"
    return total, [apples, apple_price, orange_price, oranges, tax]


def sigmoid():
    """シグモイドを部品から (5.5.2 節) / The sigmoid from its parts."""
    x = number("x", 0.5)
    y = 1 / (1 + (-x).exp())
    y.name = "y"
    return y, [x]


GRAPHS = {
    "apple": (apple, "りんご 2 個の買い物", "Two apples"),
    "orange": (apple_and_orange, "りんごとみかんの買い物", "Apples and oranges"),
    "sigmoid": (sigmoid, "シグモイドの部品", "The parts of a sigmoid"),
}


def main():
    """3 つの計算グラフ / Three graphs, as numbers and as the book draws them."""
    page = _book.Page(__file__, __doc__)
    for name, (make, japanese, english) in GRAPHS.items():
        result, inputs = make()
        drawing = tg.draw(result, style="book", lang="ja")
        result.backward()
        page.say(japanese, english, f"{result.item():.6g}")
        for tensor in inputs:
            page.say(tensor.name, tensor.name, f"{tensor.grad.item():.6g}")
        page.show(
            drawing,
            f"ch05_{name}.svg",
            f"{japanese}：線の上が値、下が勾配",
            f"{english}: values above the wires, gradients beneath",
        )


if __name__ == "__main__":
    main()
