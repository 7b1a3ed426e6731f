"""The plots: both languages, one language, and unusual numbers of images."""

import importlib
from pathlib import Path

import numpy as np
import pytest
from matplotlib import font_manager
from matplotlib.image import imread

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def plots(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    return importlib.import_module("_plots")


@pytest.fixture(params=[True, False], ids=["font", "no font"])
def font(request, monkeypatch):
    names = font_manager.get_font_names()
    if request.param and "IPAexGothic" not in names:
        pytest.skip("IPAexGothic is not installed")
    kept = [name for name in names if request.param or name != "IPAexGothic"]
    monkeypatch.setattr(font_manager, "get_font_names", lambda: kept)
    return request.param


def test_labels_are_japanese_where_the_font_is_there(plots, font):
    assert plots.has_japanese() is font
    assert plots.both("損失", "loss") == ("損失 loss" if font else "loss")


@pytest.mark.parametrize("count", [1, 2, 60, 500])
def test_loss_curve_of_any_length(plots, font, tmp_path, count, caplog):
    losses = np.geomspace(2.3, 0.01, count).tolist()
    plots.save(plots.loss_curve(losses), tmp_path / "loss.png")
    assert imread(tmp_path / "loss.png").shape == (675, 1200, 4)
    assert not caplog.records  # a glyph or a font that is missing


@pytest.mark.parametrize(
    ("count", "wrong"), [(1, 0), (1, 1), (7, 3), (25, 0), (40, 25)]
)
def test_predictions_of_any_number(plots, font, tmp_path, count, wrong, caplog):
    rng = np.random.default_rng(0)
    labels = rng.integers(10, size=count)
    predicted = np.where(np.arange(count) < wrong, (labels + 1) % 10, labels)
    probabilities = 0.05 + 0.5 * np.eye(10)[predicted]
    path = tmp_path / "predictions.png"
    figure = plots.predictions(rng.random((count, 64)), labels, probabilities)
    plots.save(figure, path)
    image = imread(path)[..., :3]
    red = np.isclose(image, [0xDC / 255, 0x26 / 255, 0x26 / 255], atol=0.01).all(axis=2)
    assert red.any() == (wrong > 0)
    assert not caplog.records
