"""Training: what a fit does, what it tells, and what it refuses."""

import csv
import math
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
import tinygrad_jp as tg


def rng(seed=0):
    return np.random.default_rng(seed)


def blobs(rows, seed=0):
    """Two classes that lie apart."""
    source = rng(seed)
    t = source.integers(0, 2, rows)
    x = source.normal(size=(rows, 3)) + 3 * t[:, None]
    return nn.Examples(x.astype(np.float32), t)


def mlp(seed=0):
    source = rng(seed)
    return nn.Sequential(
        nn.Affine(3, 8, rng=source), nn.ReLU(), nn.Affine(8, 2, rng=source)
    )


def trainer(model=None, **keywords):
    model = mlp() if model is None else model
    sgd = nn.SGD(model.parameters(), lr=0.1)
    return nn.Trainer(model, nn.SoftmaxWithLoss(), sgd, **keywords)


@given(rows=st.integers(1, 23), batch_size=st.integers(1, 30), shuffled=st.booleans())
@settings(max_examples=20)
def test_a_fit_is_the_loop_that_one_would_write(rows, batch_size, shuffled):
    data = blobs(rows)
    fitted = trainer()
    history = fitted.fit(
        data,
        epochs=2,
        batch_size=batch_size,
        rng=rng(5) if shuffled else None,
        progress=False,
    )
    model, source = mlp(), rng(5) if shuffled else None
    loss, sgd = nn.SoftmaxWithLoss(), nn.SGD(model.parameters(), lr=0.1)
    losses = []
    for _ in range(2):
        for x, t in nn.batches(data.x, data.t, batch_size, rng=source):
            sgd.zero_grad()
            value = loss(model(x), t)
            value.backward()
            sgd.step()
            losses.append(value.item())
    assert history.steps["loss"] == losses
    assert history.steps["step"] == list(range(1, len(losses) + 1))
    for ours, theirs in zip(fitted.model.parameters(), model.parameters()):
        np.testing.assert_array_equal(ours.data, theirs.data)


def test_it_learns_and_says_how_well():
    test = blobs(40, seed=1)
    fitted = trainer()
    history = fitted.fit(blobs(100), test, epochs=5, batch_size=16, rng=rng())
    assert list(history) == [
        *("epoch", "loss", "accuracy", "test_loss", "test_accuracy", "lr")
    ]
    assert history["epoch"] == [1, 2, 3, 4, 5]
    assert history["test_accuracy"][-1] > 0.9
    assert history.ended == "finished"
    measured = fitted.evaluate(test)
    assert measured == {
        "loss": pytest.approx(history["test_loss"][-1]),
        "accuracy": history["test_accuracy"][-1],
    }


def test_means_are_over_rows_and_not_over_batches():
    data = blobs(5)
    model = mlp()
    one = trainer(model).evaluate(data, batch_size=5)
    assert trainer(model).evaluate(data, batch_size=2) == pytest.approx(one)
    frozen = nn.SGD([tg.Tensor(1.0, requires_grad=True)])
    fitted = nn.Trainer(model, nn.SoftmaxWithLoss(), frozen)
    history = fitted.fit(data, epochs=1, batch_size=2, progress=False)
    assert history["loss"] == [pytest.approx(one["loss"])]
    assert history["accuracy"] == [pytest.approx(one["accuracy"])]


def test_modes_are_as_before_and_testing_is_in_eval():
    model = nn.Sequential(
        nn.Affine(3, 4, rng=rng()), nn.BatchNormalization(4), nn.Affine(4, 2, rng=rng())
    )
    model[1].eval()
    seen = []
    model[1].register_forward_hook(lambda m, a, y: seen.append(m.training))
    trainer(model).fit(blobs(8), blobs(4), epochs=2, batch_size=4, progress=False)
    assert seen == [True, True, False] * 2
    assert [m.training for _, m in model.named_modules()] == [True, True, False, True]


def test_metrics_are_the_users_own_and_regression_has_none():
    x = rng().normal(size=(20, 3))
    data = nn.Examples(x, x.sum(axis=1, keepdims=True))
    model = nn.Affine(3, 1, rng=rng())
    sgd = nn.SGD(model.parameters(), lr=0.1)
    plain = nn.Trainer(model, nn.MeanSquaredError(), sgd)
    assert list(plain.fit(data, epochs=1, progress=False)) == ["epoch", "loss", "lr"]

    def off(outputs, t):
        return np.abs(outputs - t).max()

    measured = nn.Trainer(model, nn.MeanSquaredError(), sgd, metrics={"off": off})
    history = measured.fit(data, data, epochs=60, progress=False)
    assert history["test_off"][-1] < history["test_off"][0]


def test_a_loss_may_be_a_function():
    model = nn.Affine(3, 1, rng=rng())
    fitted = nn.Trainer(
        model, lambda y, t: ((y - t) ** 2).sum(), nn.SGD(model.parameters(), lr=0.01)
    )
    data = nn.Examples(np.ones((4, 3)), np.ones((4, 1)))
    history = fitted.fit(data, epochs=3, progress=False)
    assert history["loss"][-1] < history["loss"][0]


def test_schedules_follow_steps_and_epochs():
    fitted = trainer(schedule=nn.WarmUp(2, then=nn.StepDecay(1, 0.5)))
    history = fitted.fit(blobs(8), epochs=3, batch_size=4, progress=False)
    assert history.steps["lr"] == pytest.approx([0.05, 0.1, 0.05, 0.05, 0.025, 0.025])
    assert history["lr"] == pytest.approx([0.1, 0.05, 0.025])
    steady = trainer(schedule=nn.Plateau(patience=0, gamma=0.5, least=0.99))
    history = steady.fit(blobs(8), blobs(8), epochs=3, progress=False)
    assert history["lr"] == [0.1, 0.1, 0.05]


def test_gradients_are_clipped():
    for keywords in ({"clip_norm": 1e-3}, {"clip_value": 1e-4}):
        fitted = trainer(**keywords)
        before = fitted.model.state_dict()
        fitted.fit(blobs(8), epochs=1, batch_size=8, progress=False)
        moved = [
            (array - before[name]).ravel()
            for name, array in fitted.model.state_dict().items()
        ]
        assert 0 < np.linalg.norm(np.concatenate(moved)) < 1.1e-4


def test_early_stopping_ends_with_the_best_parameters():
    test_losses = iter([3.0, 1.0, 2.0, 2.0, 0.5])
    fitted = trainer()
    states = []

    def evaluate(examples):
        states.append(fitted.model.state_dict())
        return {"loss": next(test_losses)}

    fitted.evaluate = evaluate
    history = fitted.fit(blobs(8), blobs(8), epochs=9, patience=2, progress=False)
    assert history["test_loss"] == [3.0, 1.0, 2.0, 2.0]
    assert history.ended == "stopped early"
    for name, array in fitted.model.state_dict().items():
        np.testing.assert_array_equal(array, states[1][name])
        assert not np.array_equal(array, states[3][name])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("lr", [1e30, 3e38])  # the second one overflows in the step
def test_a_loss_that_is_nan_stops_it_with_finite_parameters(lr):
    fitted = trainer()
    fitted.optimizer.lr = fitted.base_lr = lr
    data = blobs(40)
    data.x[...] *= 100
    with pytest.raises(tg.NonFiniteError, match=r"is nan at step \d \(epoch \d, ") as e:
        fitted.fit(data, epochs=5, batch_size=8, progress=False)
    assert f"Try a smaller lr than {lr:g}" in str(e.value)
    for array in fitted.model.state_dict().values():
        assert np.isfinite(array).all()
    assert len(fitted.history.steps.get("loss", [])) == fitted.position.step


def test_a_batch_that_holds_nan_leaves_what_was_learned():
    data = blobs(12)
    data.x[9] = math.nan
    fitted = trainer()
    with pytest.raises(tg.NonFiniteError, match=r"step 3 \(epoch 1, batch 3\) after"):
        fitted.fit(data, epochs=1, batch_size=4, progress=False)
    twin = trainer()
    twin.fit(nn.Examples(data.x[:8], data.t[:8]), epochs=1, batch_size=4)
    for ours, theirs in zip(fitted.model.parameters(), twin.model.parameters()):
        np.testing.assert_array_equal(ours.data, theirs.data)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda t: t.fit(blobs(4).x, epochs=1), TypeError, "train must be an Examples"),
        (lambda t: t.fit(blobs(4), 3, epochs=1), TypeError, "test must be an Examples"),
        (lambda t: t.fit(blobs(4), epochs=0), ValueError, "epochs must be at least 1"),
        (lambda t: t.fit(blobs(4), epochs=1, rng=3), TypeError, r"default_rng\(3\)"),
        (lambda t: t.fit(blobs(4), epochs=1, patience=0), ValueError, "patience must"),
        (
            lambda t: nn.Trainer(3, t.loss, t.optimizer),
            TypeError,
            "model must be a Mod",
        ),
        (lambda t: nn.Trainer(t.model, 3, t.optimizer), TypeError, "loss must be"),
        (lambda t: nn.Trainer(t.model, t.loss, 3), TypeError, "must be an Optimizer"),
        (lambda t: trainer(schedule=3), TypeError, "schedule must be a Schedule"),
        (lambda t: trainer(clip_norm=0), ValueError, "clip_norm must be finite and"),
        (lambda t: trainer(watch=0), ValueError, "watch must be at least 1"),
    ],
)
def test_what_cannot_be_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(trainer())


# --- what it tells ---------------------------------------------------------------


def test_lines_are_aligned_and_few(capsys):
    trainer().fit(blobs(8), blobs(4), epochs=60)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == (
        ["epoch", "loss", "accuracy", "test", "loss", "test", "accuracy", "lr", "time"]
    )
    assert len({len(line) for line in lines}) == 1
    assert [int(line.split()[0]) for line in lines[1:]] == [1, *range(3, 61, 3)]
    trainer().fit(blobs(8), epochs=1, progress=False)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("installed", [True, False])
def test_on_a_terminal_a_bar_runs_where_tqdm_is(capsys, monkeypatch, installed):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    if not installed:
        monkeypatch.setitem(sys.modules, "tqdm", None)
    trainer().fit(blobs(8), epochs=2, batch_size=4)
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 3
    assert ("/4 [" in told.err) == installed


def test_history_as_csv_and_picture(tmp_path):
    history = trainer().fit(blobs(8), epochs=3, batch_size=4, progress=False)
    history.to_csv(tmp_path / "epochs.csv")
    history.to_csv(tmp_path / "steps.csv", "steps")
    for name, losses in (("epochs", history["loss"]), ("steps", history.steps["loss"])):
        text = (tmp_path / f"{name}.csv").read_text()
        rows = list(csv.DictReader(text.splitlines()))
        assert [float(row["loss"]) for row in rows] == losses
    for lang in ("en", "ja"):
        assert history.plot(tmp_path / f"{lang}.svg", lang=lang).stat().st_size > 1000
    with pytest.raises(ValueError, match='lang must be "en" or "ja", got \'de\''):
        history.plot(tmp_path / "a.svg", lang="de")
    with pytest.raises(ValueError, match="holds no epoch yet"):
        nn.History().plot(tmp_path / "a.svg")


def test_without_matplotlib_the_extra_is_named(monkeypatch, tmp_path):
    history = trainer().fit(blobs(8), epochs=1, progress=False)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install .*\[nn\]"):
        history.plot(tmp_path / "a.png")


def test_accuracy_counts_rows():
    scores = [[0.1, 0.9], [0.8, 0.2]]
    assert nn.accuracy(scores, [1, 0]) == 1.0
    assert nn.accuracy(scores, [[1, 0], [1, 0]]) == 0.5
    assert nn.accuracy([scores], [[0, 0]]) == 0.5
    with pytest.raises(tg.ShapeError, match=r"t must have shape \(2,\) or \(2, 2\)"):
        nn.accuracy(scores, [1])
