"""Chapter 6 as examples: optimisers, initial values, normalisation, regularisation."""

import re

import numpy as np

import nn


def numbers(line):
    return [float(n.replace(",", "")) for n in re.findall(r"[\d.,]*\d(?:e-\d+)?", line)]


def after(text, start, lines=1):
    """The numbers of the lines that follow the first one with this beginning."""
    return [numbers(line) for line in text.split(start)[1].splitlines()[1 : 1 + lines]]


# --- 6.1 optimisers ------------------------------------------------------------------


def test_six_ways_down_the_valley(run_example):
    done = run_example("ch06_optimizers_valley")
    assert "gradient at the start: [-0.7  4. ]\n" in done.text
    found = {}
    for name in done.space["OPTIMIZERS"]:
        start, end, length, crossings = after(done.text, f"  {name}, 30 ")[0]
        assert start == 6.45
        assert end < 0.15
        found[name] = length, crossings
    assert found["SGD"][1] == 30  # a zigzag: across the valley in every step
    assert found["AdaGrad"][1] == 0
    assert found["Momentum"][1] < found["RMSProp"][1] < 30
    assert max(found, key=lambda name: found[name][0]) == "SGD"
    assert done.files == ["ch06_optimizers_valley.png"]

    path = done.space["descend"](lambda p: nn.SGD(p, lr=0.95), [-7.0, 2.0], 5)
    powers = np.arange(6)[:, None]
    expected = np.array([-7.0, 2.0]) * np.array([1 - 0.95 / 10, 1 - 1.9]) ** powers
    np.testing.assert_allclose(path, expected, rtol=1e-5)


def test_plain_sgd_is_the_slowest_of_six(run_example):
    done = run_example("ch06_optimizers_mnist")
    rows = re.findall(r"      (\w+) +([\d.]+) +([\d.]+) +([\d.]+)\n", done.text)
    names = [row[0] for row in rows]
    means, ends, accuracies = np.array([row[1:] for row in rows], float).T
    assert set(names) == set(done.space["OPTIMIZERS"])
    assert names[-1] == "SGD"
    assert names.index("AdaGrad") < names.index("Adam") < names.index("Momentum")
    assert means.tolist() == sorted(means)
    assert ends[-1] > 5 * ends[:-1].max()
    assert accuracies[:-1].min() > 0.9
    assert done.files == ["ch06_optimizers_mnist.png"]


# --- 6.2 initial values --------------------------------------------------------------


def test_initial_values_decide_over_signals_gradients_and_learning(run_example):
    done = run_example("ch06_initial_values")
    spread = {}
    for name in ("sigmoid", "tanh", "relu"):
        rows = done.text.split(f"  {name}、1 層")[1].splitlines()[1:5]
        for row in rows:
            spread[name, row[6:15].strip()] = [float(n) for n in row[15:].split()]
    assert min(spread["sigmoid", "std 1"]) > 0.4  # nearly all at 0 and 1
    assert max(spread["sigmoid", "std 0.01"]) < 0.03
    np.testing.assert_allclose(
        np.divide(spread["tanh", "std 0.01"][1:], spread["tanh", "std 0.01"][:-1]),
        0.1,  # sqrt(100) * 0.01, layer by layer
        rtol=0.1,
    )
    assert spread["relu", "std 1"][-1] > 1e4
    assert spread["relu", "std 0.01"][-1] < 1e-5
    assert 0.5 < spread["relu", "He"][-1] / spread["relu", "He"][0] < 2
    assert spread["relu", "Xavier"][-1] < 0.5 * spread["relu", "Xavier"][0]

    change = dict(re.findall(r"loss, (.*): .* → (\S+)\n", done.text))
    change = {name: float(loss) for name, loss in change.items()}
    assert change["He"] < change["Xavier"] < change["std 0.01"]
    assert abs(change["std 0.01"] - np.log(10)) < 0.01
    sizes = dict(re.findall(r"gradient of W1, (.*): (\S+)\n", done.text))
    assert float(sizes["He"]) > 1e3 * float(sizes["std 0.01"])
    svg = (done.out / "ch06_vanishing.svg").read_text(encoding="utf-8")
    for shown in ("std 0.01", "He", "Affine5", "RMS", "出力にほとんど差がない"):
        assert shown in svg
    assert len(done.files) == 5


# --- 6.3 batch normalisation ---------------------------------------------------------


def test_batch_normalisation_learns_where_plain_layers_do_not(run_example):
    done = run_example("ch06_batch_norm")
    rows = re.findall(r"\n +([\d.]+) +([\d.]+) % +([\d.]+) %", done.text)
    assert [float(scale) for scale, _, _ in rows] == [1, 0.046, 0.0022, 0.0001]
    assert sum(float(normalised) > 50 for _, normalised, _ in rows) >= 3
    assert max(float(plain) for _, _, plain in rows) < 20
    assert done.files == ["ch06_batch_norm.png"]


# --- 6.4 overfitting -----------------------------------------------------------------


def test_weight_decay_keeps_weights_small(run_example):
    done = run_example("ch06_weight_decay")
    found = [after(done.text, f"  λ = {s}：")[0] for s in ("0", "0.01", "0.1")]
    trains, tests, gaps, squares = zip(*found)
    assert squares[0] > squares[1] > squares[2]
    assert trains[0] > trains[2]
    np.testing.assert_allclose(np.subtract(trains, tests), gaps, atol=0.11)
    assert done.files == ["ch06_weight_decay.png"]


def test_dropout_drops_in_training_alone(run_example):
    done = run_example("ch06_dropout")
    rows = [numbers(row) for row in re.findall(r"gap: (.*)\n", done.text)]
    assert len(rows) == 3
    assert rows[0][0] > rows[1][0] > rows[2][0]  # slower, the more is dropped
    assert float(re.search(r"in training: .*: (\S+)\n", done.text)[1]) > 0.01
    assert "in prediction: scores differ by: 0\n" in done.text
    assert done.files == ["ch06_dropout.png"]


# --- 6.5 hyper-parameters ------------------------------------------------------------


def test_the_search_is_uniform_in_magnitude_and_ranks_by_validation(run_example):
    done = run_example("ch06_hyperparameters")
    assert "training, validation: 240, 60\n" in done.text
    alike = (50.0, 0.1, 1e-6, np.zeros((3, 2)))
    assert len(done.space["by_place"]([alike, alike])) == 2
    rows = re.findall(r"\n +([\d.]+) % +(\S+) +(\S+)", done.text)
    accuracies = [float(accuracy) for accuracy, _, _ in rows]
    assert len(rows) == 5
    assert accuracies == sorted(accuracies, reverse=True)
    assert accuracies[0] > 40
    assert 0.003 < float(rows[0][1]) < 0.3
    assert done.files == ["ch06_best.png", "ch06_search.png"]

    rng = np.random.default_rng(0)
    drawn = [done.space["log_uniform"]((-4, 0), rng) for _ in range(4_000)]
    counts, _ = np.histogram(drawn, [1e-4, 1e-3, 1e-2, 1e-1, 1])
    assert counts.sum() == 4_000
    np.testing.assert_allclose(counts, 1_000, rtol=0.1)
