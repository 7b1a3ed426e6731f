"""Case D: from the perceptron to 97 %, and the follow-ups, one thing changed each."""

import re

import pytest
from test_quickstart import write_mnist


def test_the_slides_from_gates_to_digits(run_example):
    done = run_example("slides")
    for line in ("AND: 0 0 0 1", "NAND: 1 1 1 0", "OR: 0 1 1 1", "XOR: 0 1 1 0"):
        assert f"  {line}\n" in done.text
    assert "three layers: [0.67948244 0.7082739 ]\n" in done.text
    assert "0.7]): [0.72023846 0.11905462 0.16070692]\n" in done.text
    accuracy = float(re.search(r"テスト test ([\d.]+)", done.text)[1])
    assert 0.8 < accuracy < 1
    assert done.files == [
        "slides_gates.png",
        "slides_forward.svg",
        "slides_softmax.png",
        "slides_accuracy.png",
        "slides_predictions.png",
    ]


@pytest.fixture
def compare(run_example):
    """A function that runs one comparison and returns the rows of its table."""

    def run(what, *options):
        done = run_example("compare", "--what", what, *options)
        assert done.files == [f"compare_{what}.png"]
        rows = re.findall(
            r"\n {6}(\S.*?) {2,}([\d,]+) +([\d.]+) % +([\d.]+) % +([\d.]+) s", done.text
        )
        return {
            name: (int(count.replace(",", "")), float(train), float(test))
            for name, count, train, test, _ in rows
        }

    return run


def accuracies(rows):
    return {name: test for name, (_, _, test) in rows.items()}


def test_relu_learns_sooner_than_the_sigmoid(compare):
    found = accuracies(compare("activation"))
    assert list(found) == ["sigmoid", "tanh", "relu", "gelu"]
    assert found["relu"] > found["sigmoid"] + 30


def test_small_initial_values_stop_deep_networks_alone(compare):
    found = accuracies(compare("init"))
    assert len(found) == 6
    assert found.pop("4 x 50, std 0.01") < 20
    assert min(found.values()) > 60


def test_a_learning_rate_can_be_too_small(compare):
    found = accuracies(compare("rate"))
    assert found["lr 0.001"] < 50 < found["lr 0.1"]
    assert found["lr 5"] < found["lr 1"]


def test_depth_and_width_are_what_they_are_called(compare):
    found = compare("depth")
    assert found["1 x 200"][0] == 64 * 200 + 200 + 200 * 10 + 10
    assert found["4 x 50"][0] == 64 * 50 + 50 + 3 * (50 * 50 + 50) + 50 * 10 + 10
    assert min(accuracies(found).values()) > 50


def test_adam_and_rmsprop_are_ahead_of_sgd(compare):
    found = accuracies(compare("optimizer"))
    assert min(found["Adam"], found["RMSProp"]) > found["SGD"] + 1


def test_data_of_other_kinds_and_sizes(compare, tmp_path):
    write_mnist(tmp_path)
    folders = ["--mnist", str(tmp_path), "--fashion", str(tmp_path)]
    found = compare("data", *folders)
    assert list(found) == ["digits 8x8", "spiral", "MNIST", "Fashion-MNIST"]
    assert found["digits 8x8"][2] > 60
    assert found["spiral"][0] == 2 * 50 + 50 + 50 * 3 + 3
    assert found["MNIST"][0] == found["Fashion-MNIST"][0] == 784 * 50 + 50 + 510


def test_another_comparison_is_refused(run_example, capsys):
    with pytest.raises(SystemExit, match="2"):
        run_example("compare", "--what", "weather")
    assert "choose from" in capsys.readouterr().err
