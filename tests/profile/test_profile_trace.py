"""The trace file: what browsers' viewers need, and that slices are nested."""

import contextvars
import json
import threading
from itertools import pairwise

import numpy as np
import pytest

import nn
import tinygrad_jp as tg
from tinygrad_jp import Tensor


def events_of(p, tmp_path):
    """The events of a saved trace; the file is UTF-8 and valid JSON."""
    path = p.save(tmp_path / "trace.json")

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    found = json.loads(path.read_bytes().decode(), parse_constant=refuse)
    assert set(found) == {"traceEvents", "displayTimeUnit"}
    return found["traceEvents"]


def slices(events):
    return [event for event in events if event["ph"] == "X"]


def tracks(events):
    """The number of each track, by its name."""
    named = [e for e in events if e["ph"] == "M" and e["name"] == "thread_name"]
    return {event["args"]["name"]: event["tid"] for event in named}


def nano(microseconds):
    return round(microseconds * 1000)


def around(events):
    """For each slice the names of those around it; none overlap in part."""
    found = {}
    for tid in {event["tid"] for event in slices(events)}:
        own = [event for event in slices(events) if event["tid"] == tid]
        # A slice that is as long as the one in it comes later in the file.
        order = {id(event): i for i, event in enumerate(own)}
        own.sort(key=lambda e: (nano(e["ts"]), -nano(e["dur"]), -order[id(e)]))
        opened = []
        for event in own:
            start, end = nano(event["ts"]), nano(event["ts"]) + nano(event["dur"])
            while opened and opened[-1][1] <= start:
                opened.pop()
            assert not opened or end <= opened[-1][1]
            found[id(event)] = [name for name, _ in opened]
            opened.append((event["name"], end))
    return found


def mlp_step(p, backward=True, **options):
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Affine(4, 5, rng=rng), nn.ReLU(), nn.Affine(5, 3, rng=rng))
    x = Tensor(rng.random((8, 4), dtype=np.float32))
    with p:
        loss = nn.SoftmaxWithLoss()(model(x), rng.integers(0, 3, 8))
        if backward:
            loss.backward(**options)
    return loss


def test_every_event_has_what_viewers_need(tmp_path):
    p = tg.profile()
    mlp_step(p)
    events = events_of(p, tmp_path)
    assert {event["ph"] for event in events} == {"X", "M", "C"}
    for event in events:
        assert isinstance(event["name"], str)
        assert isinstance(event["pid"], int)
        assert isinstance(event["tid"], int)
        if event["ph"] != "M":
            assert event["ts"] >= 0
        if event["ph"] == "X":
            assert event["dur"] > 0
            assert event["cat"] in ("op", "backward", "scope")
    assert tracks(events) == {"forward": 1, "backward": 2}
    assert min(event["ts"] for event in slices(events)) < 1000


def test_there_is_a_slice_for_each_run_and_each_pull(tmp_path):
    p = tg.profile()
    mlp_step(p)
    events = slices(events_of(p, tmp_path))
    for row in p.ops:
        runs = [e for e in events if (e["cat"], e["name"]) == ("op", row.name)]
        pulls = [e for e in events if (e["cat"], e["name"]) == ("backward", row.name)]
        assert (len(runs), len(pulls)) == (row.runs, row.pulls)
        assert {event["tid"] for event in runs} == {1}
        assert {event["tid"] for event in pulls} <= {2}
        took = sum(event["dur"] for event in runs) * 1e-6
        assert took == pytest.approx(row.forward)
        assert sum(e["dur"] for e in pulls) * 1e-6 == pytest.approx(row.backward)


def test_slices_are_nested_scopes_around_their_ops(tmp_path):
    p = tg.profile()
    mlp_step(p)
    events = events_of(p, tmp_path)
    found = around(events)
    matmuls = [e for e in slices(events) if e["name"] == "matmul"]
    paths = [(e["cat"], *found[id(e)]) for e in matmuls]
    assert paths == [
        ("op", "Sequential", "Affine1"),
        ("op", "Sequential", "Affine2"),
        ("backward", "Sequential", "Affine2"),
        ("backward", "Sequential", "Affine1"),
    ]


def test_the_calls_of_a_scope_are_slices_of_their_own(tmp_path):
    p = tg.profile()
    for _ in range(3):
        mlp_step(p)
    scopes = [e for e in slices(events_of(p, tmp_path)) if e["name"] == "Affine1"]
    assert [event["tid"] for event in scopes] == [1, 2] * 3
    forward = [e for e in scopes if e["tid"] == 1]
    for one, next_one in pairwise(forward):
        assert one["ts"] + one["dur"] < next_one["ts"]


def test_two_passes_through_a_retained_graph_have_two_slices(tmp_path):
    x = Tensor([1.0, 2.0], requires_grad=True)
    with tg.profile() as p:
        with tg.scope("layer"):
            y = tg.sin(x).sum()
        y.backward(retain_graph=True)
        tg.cos(x)
        y.backward()
    events = events_of(p, tmp_path)
    around(events)
    layers = [e["tid"] for e in slices(events) if e["name"] == "layer"]
    assert sorted(layers) == [1, 2, 2]


def test_ops_within_a_pull_are_in_its_slice(tmp_path):
    p = tg.profile()
    mlp_step(p, create_graph=True)
    events = events_of(p, tmp_path)
    found = around(events)
    inside = [e for e in slices(events) if e["cat"] == "op" and e["tid"] == 2]
    assert inside
    for event in inside:
        assert found[id(event)]  # a pull, or an op in one
        assert event["args"]["scope"] in (
            "Sequential / Affine1",
            "Sequential / Affine2",
            "Sequential / ReLU1",
            "SoftmaxWithLoss",
        )


def test_a_checkpoint_is_nested_too(tmp_path):
    x = Tensor([1.0, 2.0], requires_grad=True)

    def block(x):
        with tg.scope("part"):
            y = tg.sin(x)
        return tg.exp(y)

    with tg.profile() as p, tg.scope("net"):
        tg.checkpoint(block)(x).sum().backward()
    events = events_of(p, tmp_path)
    found = around(events)
    names = [(e["cat"], e["name"], *found[id(e)]) for e in slices(events)]
    assert ("op", "sin", "net", "part") in names
    assert ("op", "sin", "net", "checkpoint") in names  # its scope stands in the text
    assert ("backward", "exp", "net", "checkpoint") in names
    again = [e for e in slices(events) if (e["name"], e["tid"]) == ("sin", 2)]
    assert {e["args"]["scope"] for e in again} == {"net / part"}


def test_a_slice_tells_shapes_dtype_and_bytes(tmp_path):
    x = Tensor(np.ones((5, 7)), dtype=np.float32, requires_grad=True)
    W = Tensor(np.ones((7, 3)), dtype=np.float32, requires_grad=True)
    with tg.profile() as p, tg.scope("層"):
        tg.exp(x @ W).sum().backward()
    events = slices(events_of(p, tmp_path))
    run, pull = (
        next(e["args"] for e in events if (e["name"], e["cat"]) == ("matmul", kind))
        for kind in ("op", "backward")
    )
    assert run == {
        "op": "@",
        "scope": "層",
        "operands": [[5, 7], [7, 3]],
        "shape": [5, 3],
        "dtype": "float32",
        "bytes": 60,
        "kept": 0,
    }
    assert pull == {
        "op": "@",
        "scope": "層",
        "shape": [5, 3],
        "dtype": "float32",
        "bytes": (5 * 7 + 7 * 3) * 4,
    }
    exp = next(e["args"] for e in events if e["name"] == "exp")
    assert exp["kept"] == 60


def test_memory_is_a_counter(tmp_path):
    x = Tensor(np.ones(1000))
    with tg.profile() as p:
        y = tg.sin(x)
        z = tg.sin(y)
        del y, z
        tg.sum(x)
    events = [e for e in events_of(p, tmp_path) if e["ph"] == "C"]
    assert [e["args"]["bytes alive"] for e in events] == [8000, 16000, 8]
    times = [e["ts"] for e in events]
    assert times == sorted(times)
    assert max(e["args"]["bytes alive"] for e in events) == p.peak


@pytest.mark.parametrize(
    "name",
    ["活性化", 'a"b', "a\\b", "a\nb", "</script>", "\x00", "\ud800", "😀", "", "%s{}"],
)
def test_any_name_gives_valid_json(name, tmp_path):
    with tg.profile() as p, tg.scope(name):
        tg.sin(Tensor([1.0]))
    (scope,) = [e for e in slices(events_of(p, tmp_path)) if e["cat"] == "scope"]
    assert scope["name"] == name.replace("\ud800", "?")


def test_threads_have_tracks_of_their_own(tmp_path):
    x = Tensor([1.0], requires_grad=True)

    def work():
        with tg.scope("other"):
            tg.sin(x).sum().backward()

    with tg.profile() as p:
        tg.cos(x)
        thread = threading.Thread(target=contextvars.copy_context().run, args=(work,))
        thread.start()
        thread.join()
    events = events_of(p, tmp_path)
    around(events)
    assert tracks(events) == {
        "forward": 1,
        "backward": 2,
        "forward, thread 2": 3,
        "backward, thread 2": 4,
    }
    found = {(e["name"], e["tid"]) for e in slices(events)}
    assert found == {
        ("cos", 1),
        ("other", 3),
        ("sin", 3),
        ("sum", 3),
        ("other", 4),
        ("sin", 4),
        ("sum", 4),
    }


def test_nothing_measured_is_a_valid_file_too(tmp_path):
    assert slices(events_of(tg.profile(), tmp_path)) == []


def test_the_ending_must_be_json(tmp_path):
    with pytest.raises(
        ValueError,
        match=r"profile.save: the file name must end in "
        r"\.json, got 'trace.txt'",
    ):
        tg.profile().save(tmp_path / "trace.txt")


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "new" / "trace.JSON"
    assert tg.profile().save(path) == path  # folders are made
    before = path.read_bytes()
    monkeypatch.setattr("tinygrad_jp.files.os.fsync", fail)
    with pytest.raises(OSError, match=r"profile.save: cannot write the file: full"):
        tg.profile().save(path)
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == ["trace.JSON"]


def fail(_):
    raise OSError(28, "full")


def test_many_ops_make_a_file_of_bounded_size(tmp_path):
    x = Tensor([1.0], requires_grad=True)
    with tg.profile() as p:
        y = x
        for _ in range(20_000):
            y = y * 1.0
        y.sum().backward()
    path = p.save(tmp_path / "trace.json")
    assert path.stat().st_size < 40_002 * 350
    assert len(slices(events_of(p, tmp_path))) == 40_002
