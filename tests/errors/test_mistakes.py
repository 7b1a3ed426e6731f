"""Typical mistakes of a reader of the book, and what they are told, word for word."""

import re

import numpy as np
import pytest

import nn
import tinygrad_jp as tg
from tinygrad_jp import Tensor


def told(call):
    """The message, with the numbers of lines left out: this page may move."""
    with pytest.raises(tg.ShapeError) as caught:
        call()
    text = re.sub(r"test_mistakes\.py:\d+:", "here:", str(caught.value))
    return re.sub(r"  line \d+: ", "  line N: ", text).splitlines()


def load():
    return np.ones((100, 28, 28))


def test_images_that_were_not_flattened():
    def forward():
        images = tg.Tensor(load())
        W = tg.Tensor(np.ones((784, 50)))
        b = tg.Tensor(np.zeros(50))
        h = images @ W + b
        return h  # noqa: RET504 - the line as a reader writes it

    assert told(forward) == [
        "matmul: images has 28 columns, but W has 784 rows",
        "    images  (100,  28, 28)",
        "                       ^^",
        "    W            (784, 50)",
        "                  ^^^ must be equal",
        "here: h = images @ W + b",
        "    images  line N: images = tg.Tensor(load())",
        "    W       line N: W = tg.Tensor(np.ones((784, 50)))",
        "This fits: images.reshape(-1, 784) @ W  # (100, 50)",
    ]


def test_one_image_without_a_batch():
    image, W = Tensor(np.ones((28, 28))), Tensor(np.ones((784, 50)))
    assert told(lambda: image @ W)[-3:] == [
        "These fit:",
        "    image.reshape(-1) @ W  # (50,)",
        "    image.reshape(1, 784) @ W  # (1, 50)",
    ]


def test_weights_transposed():
    x, W = Tensor(np.ones((100, 784))), Tensor(np.ones((50, 784)))
    for call in (lambda: x @ W, lambda: np.dot(x, W), lambda: tg.matmul(x, W)):
        lines = told(call)
        assert lines[0] == "matmul: x has 784 columns, but W has 50 rows"
        assert lines[-1] == "This fits: x @ W.T  # (100, 50)"


def test_operands_in_the_wrong_order():
    x, W = np.ones((100, 784)), Tensor(np.ones((784, 50)))
    lines = told(lambda: W @ x)
    assert lines[0] == "matmul: W has 50 columns, but x has 100 rows"
    assert lines[-1] == "This fits: x @ W  # (100, 50)"


class Layer:
    def __init__(self):
        self.W = Tensor(np.ones((784, 50)), requires_grad=True)
        self.b = Tensor(np.zeros(784), requires_grad=True)

    def forward(self, x):
        return x @ self.W + self.b


def test_a_bias_of_the_wrong_length():
    layer = Layer()
    assert told(lambda: layer.forward(Tensor(np.ones((100, 784))))) == [
        "add: axis -1 has length 50 in x @ self.W, but 784 in self.b",
        "    x @ self.W  (100,  50)",
        "    self.b           (784,)",
        "                      ^^^ must be equal, or one of them 1",
        "here: return x @ self.W + self.b",
        "    self.b  line N: self.b = Tensor(np.zeros(784), requires_grad=True)",
    ]


def test_a_bias_of_channels():
    out, b = Tensor(np.ones((100, 30, 24, 24))), np.zeros(30)
    lines = told(lambda: out + b)
    assert lines[-1] == "This fits: out + b[:, None, None]  # (100, 30, 24, 24)"


def test_class_numbers_against_scores():
    y, t = tg.softmax(np.ones((100, 10))), np.arange(100) % 10
    lines = told(lambda: y - t)
    assert lines[0] == "subtract: axis -1 has length 10 in y, but 100 in t"
    assert lines[-3:] == [
        "These fit:",
        "    y - np.eye(10)[t]  # (100, 10)",
        "    y - t[:, None]  # (100, 10)",
    ]
    np.testing.assert_allclose((y - np.eye(10)[t]).sum().item(), 0.0, atol=1e-12)
    t[0] = 10  # no class number any more
    assert told(lambda: y - t)[-1] == "This fits: y - t[:, None]  # (100, 10)"


def test_a_sum_that_did_not_keep_its_axis():
    e = tg.exp(np.ones((100, 10)))
    lines = told(lambda: e / e.sum(axis=1))
    assert lines[0] == "divide: axis -1 has length 10 in e, but 100 in e.sum(axis=1)"
    assert lines[-1] == "This fits: e / e.sum(axis=1, keepdims=True)  # (100, 10)"
    lines = told(lambda: e / np.sum(e, -1))
    assert lines[-1] == "This fits: e / np.sum(e, -1, keepdims=True)  # (100, 10)"
    total = e.sum(axis=1)
    assert told(lambda: e / total)[-1] == "This fits: e / total[:, None]  # (100, 10)"


def test_concat_along_the_wrong_axis():
    a, b = Tensor(np.ones((100, 3))), np.ones((100, 4))
    assert told(lambda: tg.concat([a, b])) == [
        "concat: axis 1 has length 3 in a, but 4 in b",
        "    a  (100, 3)",
        "    b  (100, 4)",
        "             ^ must be equal: only axis 0 may differ",
        "here: assert told(lambda: tg.concat([a, b])) == [",
        "    a, b  line N: a, b = Tensor(np.ones((100, 3))), np.ones((100, 4))",
        "This fits: tg.concat([a, b], axis=1)  # (100, 7)",
    ]


def test_concat_of_a_batch_and_one():
    batch, image = Tensor(np.ones((100, 28, 28))), np.ones((28, 28))
    lines = told(lambda: np.concatenate((batch, image), axis=0))
    assert lines[0] == "concat: batch has 3 axes, but image has 2"
    assert lines[-1].startswith("This fits: np.concatenate([batch, image[None]])")
    pieces = [batch, batch, image]
    lines = told(lambda: tg.concat(pieces))
    assert lines[0] == "concat: pieces[0] has 3 axes, but pieces[2] has 2"
    assert "concat([pieces[0], pieces[1], pieces[2][None]])" in lines[-1]


def test_reshape_with_a_wrong_number():
    x = Tensor(np.ones((60, 28, 28)))
    lines = told(lambda: x.reshape(100, 784))
    assert lines[0] == (
        "reshape: the 47040 elements of x (60, 28, 28) do not fit (100, 784), "
        "which has 78400"
    )
    assert lines[-1] == "This fits: x.reshape(-1, 784)  # (60, 784)"
    lines = told(lambda: np.reshape(x, (60, 783)))
    assert lines[-1] == "This fits: x.reshape(60, -1)  # (60, 784)"
    a = Tensor(np.ones((3, 4)))
    assert told(lambda: a.reshape(5, -1))[0] == (
        "reshape: the 12 elements of a (3, 4) do not fit (5, -1): 12 is no multiple "
        "of 5"
    )
    assert "only one length may be -1" in told(lambda: a.reshape(-1, -1))[0]
    empty = Tensor(np.ones((0, 4)))
    assert "leave open what -1 is" in told(lambda: empty.reshape(0, -1))[0]


def test_an_axis_that_is_not_there():
    x = Tensor(np.ones((100, 10)))
    for call in (lambda: x.sum(axis=2), lambda: x.max(2), lambda: tg.argmax(x, axis=2)):
        assert re.fullmatch(
            r"\w+: axis 2 is out of bounds: x \(100, 10\) has 2 axes, "
            r"0 to 1 \(or -2 to -1\)",
            told(call)[0],
        )
    number = Tensor(1.0)
    assert "number is a number, no axes" in told(lambda: number.sum(axis=1))[0]


def test_axes_of_transpose():
    x = Tensor(np.ones((100, 28, 14)))
    lines = told(lambda: x.transpose(1, 0))
    assert lines[0] == "permute_dims: x (100, 28, 14) has 3 axes, but (1, 0) names 2"
    assert lines[-1] == "This fits: x.transpose(0, 2, 1)  # (100, 14, 28)"
    assert "repeated axis 0 in (0, 0, 1)" in told(lambda: x.transpose(0, 0, 1))[0]
    assert "axis 3 is out of bounds" in told(lambda: x.transpose(0, 1, 3))[0]


def test_an_index_beyond_the_end():
    y, t = Tensor(np.ones((100, 10))), np.arange(100) % 10 + 1  # counted from 1
    assert told(lambda: y[np.arange(100), t])[0] == (
        "getitem: index 10 is out of bounds: axis 1 of y (100, 10) takes 0 to 9 "
        "(or -10 to -1)"
    )
    assert told(lambda: y[0, 0, 0])[0] == (
        "getitem: too many indices: y (100, 10) has 2 axes, got 3"
    )
    assert told(lambda: y[np.ones(9, bool)])[0] == (
        "getitem: axis 0 of y (100, 10) has length 100, but 9 in the boolean index"
    )
    empty = Tensor(np.ones((0, 2)))
    assert "axis 0 of empty (0, 2) is empty" in told(lambda: empty[0])[0]


def test_broadcast_to_the_wrong_side():
    s = Tensor(np.ones(100))
    assert told(lambda: tg.broadcast_to(s, (100, 10)))[:4] == [
        "broadcast_to: axis -1 of s has length 100, but 10 is wanted",
        "    s            (100,)",
        "    wanted  (100,  10)",
        "                   ^^ only a 1 can be repeated",
    ]
    lines = told(lambda: tg.broadcast_to(s, (100, 10)))
    assert lines[-1].startswith("This fits: tg.broadcast_to(s[:, None], (100, 10))")
    deep = Tensor(np.ones((2, 3, 4)))
    assert (
        "has 3 axes, but only 1 are wanted"
        in told(lambda: tg.broadcast_to(deep, (4,)))[0]
    )


def test_three_operands():
    mask, x = np.ones((100, 1), bool), Tensor(np.ones((100, 10)))
    assert told(lambda: tg.where(mask, x, np.ones(9)))[:5] == [
        "where: axis -1 has length 10 in x, but 9 in np.ones(9)",
        "    mask        (100,  1)",
        "    x           (100, 10)",
        "    np.ones(9)        (9,)",
        "                       ^ must be equal, or one of them 1",
    ]
    rows = Tensor(np.ones(100))
    lines = told(lambda: tg.where(mask, x, rows))
    assert lines[-1] == "This fits: tg.where(mask, x, rows[:, None])  # (100, 10)"


def test_a_number_in_a_matrix_product():
    x = Tensor(np.ones((2, 3)))
    lines = told(lambda: x @ 2.0)
    assert "needs at least one axis in each operand" in lines[0]
    assert lines[-1] == "This fits: x * tg.asarray(2.0)  # (2, 3)"


def test_batches_of_matrices():
    x, y = Tensor(np.ones((2, 3, 4))), Tensor(np.ones((3, 4, 5)))
    lines = told(lambda: x @ y)
    assert lines[:4] == [
        "matmul: batch axis -3 has length 2 in x, but 3 in y",
        "    x  (2, 3, 4)",
        "    y  (3, 4, 5)",
        "        ^ must be equal, or one of them 1",
    ]


def test_inside_a_layer_the_users_line_is_told():
    class Affine(nn.Module):
        def forward(self, x):
            return x @ np.ones((3, 2))

    rows = np.ones((5, 4))
    lines = told(lambda: Affine()(Tensor(rows)))
    assert "here: return x @ np.ones((3, 2))" in lines
