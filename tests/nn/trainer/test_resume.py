"""Stopped anywhere and taken up again: the same bits as if never stopped."""

import contextlib
import copy
import json
import os
import signal
import sys
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
import tinygrad_jp as tg
from nn.trainer.run import Run

SOURCES = {
    "PCG64": np.random.PCG64,
    "MT19937": np.random.MT19937,
    "Philox": np.random.Philox,
    "SFC64": np.random.SFC64,
}
ROWS, BATCH, EPOCHS = 22, 5, 3
STEPS = EPOCHS * 5  # the last batch of an epoch is shorter


def examples(rows=ROWS):
    source = np.random.default_rng(9)
    t = source.integers(0, 3, rows)
    return nn.Examples((source.normal(size=(rows, 4)) + t[:, None]).astype("f4"), t)


class Noise(nn.Module):
    """A user's own module, whose buffer is written to where it lies."""

    def __init__(self, rng):
        self.source = rng
        self.calls = np.zeros(1, np.int64)

    def forward(self, x):
        if not self.training:
            return x
        self.calls += 1
        return x + self.source.normal(size=x.shape).astype(x.dtype) * 0.01


class Setup:
    """All that a fresh process makes before it trains."""

    def __init__(self, kind="PCG64", optimizer=nn.Adam, shared=False):
        source = np.random.Generator(SOURCES[kind](1))
        self.rng = source if shared else np.random.Generator(SOURCES[kind](2))
        self.model = nn.Sequential(
            nn.Affine(4, 8, rng=source),
            nn.BatchNormalization(8),
            nn.ReLU(),
            nn.Dropout(0.3, rng=source),
            Noise(source if shared else np.random.Generator(SOURCES[kind](3))),
            nn.Affine(8, 3, rng=source),
        )
        self.trainer = nn.Trainer(
            self.model,
            nn.SoftmaxWithLoss(),
            optimizer(self.model.parameters(), lr=0.05),
            schedule=nn.WarmUp(3, then=nn.Plateau(patience=0, gamma=0.7, least=0.5)),
            clip_norm=1.0,
            watch=4,
        )

    def fit(self, epochs=EPOCHS, **keywords):
        return self.trainer.fit(
            examples(),
            examples(7),
            epochs=epochs,
            batch_size=BATCH,
            rng=self.rng,
            progress=False,
            **keywords,
        )

    def state(self):
        """Everything that there is, as bytes and plain data."""
        trainer = self.trainer
        arrays = {
            **self.model.state_dict(),
            **trainer.optimizer.state_dict(),
            **trainer.schedule.state_dict(),
        }
        sources = [self.rng, self.model[3].rng, self.model[4].source]
        history = trainer.history
        return (
            {name: (str(a.dtype), a.tobytes()) for name, a in arrays.items()},
            [repr(source.bit_generator.state) for source in sources],
            copy.deepcopy([dict(history), history.steps, history.watch]),
            trainer.position,
            {name: array.tobytes() for name, array in trainer.best.items()},
        )


@contextlib.contextmanager
def after_each_step(look):
    """Call `look` whenever a step, or the end of an epoch, is whole."""
    keep = Run._keep

    def kept(run):
        keep(run)
        look()

    Run._keep = kept
    try:
        yield
    finally:
        Run._keep = keep


def stop_at(setup, step):
    if setup.trainer.position.step >= step:
        raise KeyboardInterrupt


@given(
    step=st.integers(1, STEPS),
    kind=st.sampled_from(sorted(SOURCES)),
    optimizer=st.sampled_from([nn.Adam, nn.Momentum, nn.RMSProp, nn.AdamW]),
    shared=st.booleans(),
    patience=st.sampled_from([None, 2]),
)
@settings(max_examples=25)
def test_stopped_at_any_step_it_goes_on_to_the_same_bits(
    tmp_path_factory, step, kind, optimizer, shared, patience
):
    path = tmp_path_factory.mktemp("run") / "checkpoint.safetensors"
    whole = Setup(kind, optimizer, shared)
    whole.fit(patience=patience)
    first = Setup(kind, optimizer, shared)
    with (
        after_each_step(lambda: stop_at(first, step)),
        pytest.raises(KeyboardInterrupt),
    ):
        first.fit(checkpoint=path, patience=patience)
    assert first.trainer.history.ended == "interrupted"
    second = Setup(kind, optimizer, shared)
    second.rng.random(3)  # where its generators stand does not count
    second.fit(resume=path, patience=patience)
    assert second.state() == whole.state()
    assert second.trainer.history.ended == whole.trainer.history.ended


def test_a_finished_run_can_be_made_longer(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    whole = Setup()
    whole.fit(epochs=4)
    Setup().fit(epochs=2, checkpoint=path)
    longer = Setup()
    longer.fit(epochs=4, resume=path)
    assert longer.state() == whole.state()
    again = Setup()
    again.fit(epochs=2, resume=path)  # nothing left to do
    assert again.trainer.position.epoch == 2


def test_checkpoints_are_written_every_so_many_steps(tmp_path, monkeypatch):
    written = []
    save = tg.save
    monkeypatch.setattr(tg, "save", lambda *a: (written.append(a[2]), save(*a)))
    Setup().fit(epochs=2, checkpoint=tmp_path / "a.safetensors", checkpoint_every=2)
    steps = [json.loads(metadata["position"])["step"] for metadata in written]
    assert steps == [2, 4, 5, 6, 8, 10, 10]


def test_the_model_alone_can_be_read_from_a_checkpoint(tmp_path):
    path = tmp_path / "a.safetensors"
    setup = Setup()
    setup.fit(epochs=1, checkpoint=path)
    arrays = tg.load(path)
    model = {n[6:]: a for n, a in arrays.items() if n.startswith("model.")}
    fresh = Setup().model
    fresh.load_state_dict(model)
    for name, array in setup.model.state_dict().items():
        np.testing.assert_array_equal(array, fresh.state_dict()[name])


def refused(setup, path, message, **keywords):
    before = setup.state()
    with pytest.raises(ValueError, match=message):
        setup.fit(resume=path, **keywords)
    assert setup.state() == before


def test_a_checkpoint_of_something_else_is_refused_whole(tmp_path):
    path = tmp_path / "a.safetensors"
    Setup().fit(epochs=1, checkpoint=path)
    refused(
        Setup(optimizer=nn.SGD), path, r"(?s)resume: .*unexpected: .*optimizer\.0\.m"
    )
    refused(Setup(kind="Philox"), path, "generator rng was PCG64, got Philox")
    refused(
        Setup(shared=True),
        path,
        r"generator model\.Dropout1\.rng was PCG64, got that of rng",
    )
    refused(Setup(), path, "patience was None, got 3", patience=3)
    other = Setup()
    with pytest.raises(
        ValueError, match=r"(?s)examples was 22, got 9.*batch_size was 5"
    ):
        other.trainer.fit(examples(9), epochs=2, rng=other.rng, resume=path)
    wider = Setup()
    wider.model[1].gamma = tg.Tensor(np.ones(9, "f4"), requires_grad=True)
    with pytest.raises(ValueError, match=r"gamma: needs float32 of shape \(9,\)"):
        wider.fit(resume=path)
    plain = tmp_path / "plain.safetensors"
    tg.save(plain, Setup().model.state_dict())
    refused(Setup(), plain, r"is no checkpoint of a Trainer; .*load_state_dict")
    with pytest.raises(FileNotFoundError):
        Setup().fit(resume=tmp_path / "nowhere.safetensors")


# --- interrupts ------------------------------------------------------------------


def whole_states():
    """The state after each whole step, and each whole epoch, of an undisturbed run."""
    setup = Setup()
    states = [setup.state()]
    with after_each_step(lambda: states.append(setup.state())):
        setup.fit()
    return states


WHOLE = whole_states()


@contextlib.contextmanager
def interrupted_at(line):
    """Raise KeyboardInterrupt as the n-th line of our code begins, wherever it is."""
    left = line
    roots = tuple(os.path.dirname(p.__file__) + os.sep for p in (nn, tg))

    def trace(frame, event, argument):
        nonlocal left
        if not frame.f_code.co_filename.startswith(roots):
            return None
        if event == "line":
            left -= 1
            if left == 0:
                sys.settrace(None)
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield lambda: left
    finally:
        sys.settrace(before)


@pytest.fixture(scope="module")
def lines():
    """How many lines of ours an undisturbed run goes through."""
    many = 10**9
    with interrupted_at(many) as left:
        Setup().fit()
    return many - left()


@given(data=st.data(), resumed=st.booleans())
@settings(max_examples=80)
def test_an_interrupt_on_any_line_leaves_the_last_whole_step(
    lines, tmp_path_factory, data, resumed
):
    path = tmp_path_factory.mktemp("run") / "checkpoint.safetensors"
    if resumed:  # the interrupt may strike as the checkpoint is read
        Setup().fit(epochs=1, checkpoint=path)
    setup = Setup()
    line = data.draw(st.integers(1, 1500) | st.integers(1, lines))
    with contextlib.suppress(KeyboardInterrupt):
        with interrupted_at(line):
            setup.fit(checkpoint=path, resume=path if resumed else None)
        return  # the run was over before
    assert tg.is_grad_enabled()
    assert setup.trainer.base_lr == 0.05
    assert all(module.training for _, module in setup.model.named_modules())
    assert setup.state() in WHOLE
    fresh = Setup()
    fresh.fit(resume=path if path.exists() else None)
    assert fresh.state() == WHOLE[-1]


@pytest.mark.parametrize("place", range(4))
def test_an_interrupt_inside_of_the_optimiser_changes_nothing(monkeypatch, place):
    setup = Setup()
    update = nn.Adam.change
    calls = 0

    def change(self, gradient, memory):
        nonlocal calls
        result = update(self, gradient, memory)
        calls += 1
        if calls == 3 * len(self.parameters) + place:
            raise KeyboardInterrupt
        return result

    monkeypatch.setattr(nn.Adam, "change", change)
    with pytest.raises(KeyboardInterrupt):
        setup.fit()
    assert setup.state() == WHOLE[3 if place else 2]


@pytest.mark.parametrize("seconds", [0.005, 0.02, 0.035])
def test_a_signal_is_an_interrupt(seconds, tmp_path, capsys):
    assert threading.current_thread() is threading.main_thread()
    setup = Setup()
    path = tmp_path / "a.safetensors"

    def run():
        signal.setitimer(signal.ITIMER_REAL, seconds)
        setup.trainer.fit(
            examples(), epochs=10**6, batch_size=BATCH, rng=setup.rng, checkpoint=path
        )

    signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            run()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
    step = setup.trainer.position.step
    assert len(setup.trainer.history.steps.get("loss", [])) == step
    if step:
        assert f"interrupted; everything is as after step {step:,}" in (
            capsys.readouterr().out
        )
        metadata = tg.load(path).metadata
        assert json.loads(metadata["position"])["step"] == step


def test_an_error_of_the_users_own_leaves_the_last_whole_step():
    setup = Setup()
    seen = []

    def fail(module, arguments, result):
        seen.append(1)
        if len(seen) == 4:
            raise LookupError("mine")

    setup.model[-1].register_forward_hook(fail)
    with pytest.raises(LookupError, match="mine"):
        setup.fit()
    assert setup.state() == WHOLE[3]


def test_an_error_after_the_optimisers_step_takes_that_back_too():
    setup = Setup()
    calls = []

    def accuracy(scores, t):
        calls.append(1)
        if len(calls) == 2:
            raise LookupError("mine")
        return nn.accuracy(scores, t)

    setup.trainer.metrics = {"accuracy": accuracy}
    with pytest.raises(LookupError, match="mine"):
        setup.fit()
    assert setup.state() == WHOLE[1]


def test_an_interrupt_before_the_first_step_leaves_the_file(tmp_path, monkeypatch):
    path = tmp_path / "a.safetensors"
    Setup().fit(epochs=1, checkpoint=path)
    before = path.read_bytes()

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(tg, "load", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Setup().fit(checkpoint=path, resume=path)
    assert path.read_bytes() == before
