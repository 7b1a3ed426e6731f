"""Chapters 2 to 5 as examples: what they print and show, and that it is so."""

import re

import numpy as np

import tinygrad_jp as tg


def test_the_gates_are_those_of_the_truth_tables(run_example):
    done = run_example("ch02_gates")
    for line in ("AND:  0  0  0  1", "NAND:  1  1  1  0", "OR:  0  1  1  1"):
        assert f"  {line}\n" in done.text
    assert "  XOR:  0  1  1  0\n" in done.text
    assert done.files == ["ch02_gates.png"]


def test_three_layers_give_the_printed_numbers(run_example):
    done = run_example("ch03_forward")
    for numbers in (
        "[0.31682708 0.69627909]",
        "[0.67948244 0.7082739 ]",
        "[0.72023846 0.11905462 0.16070692]",
    ):
        assert f": {numbers}\n" in done.text
    svg = (done.out / "ch03_forward.svg").read_text(encoding="utf-8")
    assert all(f">第{i}層</text>" in svg for i in (1, 2, 3))


def test_slopes_of_activations_are_those_of_their_curves(run_example):
    done = run_example("ch03_activations")
    assert "the sigmoid: 0.2500\n" in done.text
    for name, function in done.space["FUNCTIONS"].items():
        x = np.array([-1.3, 0.4, 2.1])
        slopes = done.space["slope"](function, tg.Tensor(x)).numpy()
        high, low = (function(tg.Tensor(x + h)).numpy() for h in (1e-6, -1e-6))
        np.testing.assert_allclose(slopes, (high - low) / 2e-6, atol=1e-8, err_msg=name)


def test_batches_predict_what_single_pictures_do(run_example):
    done = run_example("ch03_mnist")
    assert "the same predictions?: True;" in done.text
    assert float(re.search(r"accuracy: ([\d.]+)", done.text)[1]) > 0.8
    assert done.files == ["ch03_mnist.png"]


def test_numerical_derivatives_err_as_the_book_says(run_example):
    done = run_example("ch04_numerical_gradient")
    assert "backpropagation: 0.1999999999990898 / 0.2\n" in done.text
    best = {}
    for name in ("forward", "central"):
        found = re.search(rf"{name}: h = (\S+), (\S+)\n", done.text)
        best[name] = float(found[1]), float(found[2])
    assert best["forward"][0] < best["central"][0]  # the best steps
    assert best["central"][1] < 1e-3 * best["forward"][1]  # and what they reach
    error = float(re.search(r"error of backpropagation: (\S+)", done.text)[1])
    assert error < best["central"][1]


def test_learning_rates_too_small_right_and_too_large(run_example):
    done = run_example("ch04_gradient_descent")
    ends = [float(end) for end in re.findall(r"4\.81 → (\S+)", done.text)]
    small, right, near, large = ends
    assert right < small < 4.81 < large
    assert near < 4.81


def test_both_gradients_of_the_two_layer_net_agree(run_example):
    done = run_example("ch04_two_layer_net")
    differences = re.findall(r"largest difference of \w+: (\S+)", done.text)
    assert len(differences) == 4
    assert max(float(d) for d in differences) < 1e-6
    assert int(re.search(r"\(([\d,]+)x\)", done.text)[1].replace(",", "")) > 10
    first, last = re.search(r"loss: (\S+) → (\S+)", done.text).groups()
    assert float(last) < float(first)


def test_the_shopping_of_the_book(run_example):
    done = run_example("ch05_apple")
    numbers = [float(n) for n in re.findall(r": ([\d.]+)\n", done.text)]
    assert numbers == [
        *(220, 110, 2.2, 200),
        *(715, 110, 2.2, 3.3, 165, 650),
        *(0.622459, 0.235004),
    ]
    assert done.files == ["ch05_apple.svg", "ch05_orange.svg", "ch05_sigmoid.svg"]


def test_the_network_of_chapter_5_learns(run_example):
    done = run_example("ch05_backprop_net")
    accuracies = re.findall(r"accuracy: .* ([\d.]+)\n", done.text)
    assert float(accuracies[-1]) > 0.5
    assert done.files == ["ch05_network.svg", "ch05_accuracy.png"]


def test_the_gradient_check_finds_what_is_wrong(run_example):
    done = run_example("ch05_gradient_check")
    differences = re.findall(r"mean difference of \w+: (\S+)", done.text)
    assert len(differences) == 4
    assert max(float(d) for d in differences) < 1e-7
    assert "op at fault    wrong_square: its gradient by x" in done.text
    assert "wrong_softmax: row 0 moved when only row 1 changed" in done.text
