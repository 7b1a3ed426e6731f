"""The readers' cases A, B and C: what they print, to the digits that were printed."""

import re

import numpy as np

import nn
import tinygrad_jp as tg


def number(pattern, text):
    return float(re.search(pattern + r"\D*?([\d.]+)", text)[1])


# --- A: the softmax of the whole batch ---------------------------------------------


def test_one_call_finds_the_softmax_of_the_whole_batch(run_example):
    done = run_example("softmax_axis")
    assert "gradient of wrong_softmax: OK\n" in done.text
    assert "wrong_softmax: row 0 moved when only row 1 changed" in done.text
    assert "meaning of right_softmax: OK\n" in done.text
    assert "op at fault    loss_by_hand" in done.text
    assert number("accuracy, each row:", done.text) > 0.8
    assert number("accuracy, whole batch, by hand:", done.text) < 0.2
    assert done.files == ["softmax_axis.png"]


def test_the_backward_pass_by_hand_is_that_of_the_right_softmax(run_example):
    space = run_example("softmax_axis").space
    a = np.random.default_rng(0).normal(size=(1, 4))
    t = np.eye(4)[[2]]
    # Of a single row both softmaxes are one, and so the gradient by hand is right.
    by_hand = tg.grad(lambda a: space["loss_by_hand"](a, t))(a)
    right = tg.grad(lambda a: nn.SoftmaxWithLoss()(a, t))(a)
    np.testing.assert_allclose(by_hand.data, right.data, rtol=1e-6)


# --- B: save and look --------------------------------------------------------------


def test_a_saved_network_predicts_the_same_one_by_one_and_in_a_batch(run_example):
    done = run_example("save_and_look")
    assert number("numerical gradient:", done.text) > 0
    assert float(re.search(r"largest difference: (\S+)\n", done.text)[1]) < 1e-6
    assert "same predictions: 100.00%" in done.text
    assert number(r"difference: \S+ =", done.text) < 20  # units of the last digit
    assert "weights.pkl is a pickle: reading it can run any code" in done.text
    state = tg.load(done.out / "two_layer_net.safetensors")
    assert state.metadata["made by"] == "save_and_look"
    assert sum(array.size for array in state.values()) == 64 * 50 + 50 + 500 + 10
    assert len(done.files) == 4


# --- C: XOR that stands still ------------------------------------------------------

PRINTED = {
    "W1": """0.69638447 5.57807722 3.73301229 1.27710358
             -0.02576369 5.5070093 3.82151436 1.32686045""",
    "b1": "1.46459913 -2.22010371 -5.78779532 0.7035585",
    "W2": """1.43463791 -1.06940843 -5.00845106 5.83744973 5.90110456 -5.1779304
             0.41666394 0.33468281""",
    "b2": "0.30761498 -2.62794276",
    "y": """0.98193707 0.01806293 0.01690937 0.98309063 0.01852566 0.98147434
            0.97960081 0.02039919""",
    "hidden": """0.81223509 0.09795964 0.00305537 0.66897627
                 0.80827425 0.96397685 0.12278891 0.88395406
                 0.8966907 0.96636497 0.11356997 0.87875172
                 0.89427953 0.99985877 0.85405071 0.96468598""",
}
LOSSES = (0.76667, 0.68360, 0.58572, 0.19858, 0.05496, 0.02839)


def test_xor_stands_still_and_then_learns_to_every_printed_digit(run_example):
    done = run_example("xor_plateau", size=None)
    for name, numbers in PRINTED.items():
        printed = re.search(rf"  {name}:(.*?)(?=\n  \S)", done.text, re.DOTALL)[1]
        found = [float(n) for n in re.findall(r"-?\d+\.\d*", printed)]
        assert found == [float(n) for n in numbers.split()], name
    for step, loss in zip(range(0, 60_000, 10_000), LOSSES):
        assert f"  {step:>7,}  {loss:8.5f}" in done.text
    assert re.search(r"7,500 .*plateau\n", done.text)
    assert not re.search(r"30,000 .*plateau\n", done.text)
