"""States of modules: what belongs to one, and taking it over whole or not at all."""

import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
import tinygrad_jp as tg


def rng(seed=0):
    return np.random.default_rng(seed)


class Part(nn.Module):
    """One of each kind of attribute."""

    def __init__(self, seed=0):
        self.W = tg.Tensor(rng(seed).normal(size=(2, 3)), requires_grad=True)
        self.frozen = tg.Tensor(np.full(2, float(seed)))
        self.count = np.array(seed)
        self.mask = np.array([True, seed == 0])
        self._cache = np.ones(3)
        self.names = np.array(["a"])
        self.size = 3
        self.kept = self.W * 2  # a result is no parameter

    def forward(self, x):
        return x @ self.W


class Whole(nn.Module):
    def __init__(self, seed=0):
        self.part = Part(seed)
        self.norm = nn.BatchNormalization(3)
        self.again = self.part
        self.tied = self.part.W

    def forward(self, x):
        return self.norm(self.part(x))


def test_parameters_and_buffers_each_once():
    whole = Whole()
    assert list(whole.state_dict()) == [
        "tied",
        "part.frozen",
        "part.count",
        "part.mask",
        "norm.gamma",
        "norm.beta",
        "norm.running_mean",
        "norm.running_var",
    ]
    assert [name for name, _ in whole.named_buffers()] == [
        *("part.count", "part.mask", "norm.running_mean", "norm.running_var")
    ]
    assert [name for name, _ in whole.named_parameters()] == [
        *("tied", "norm.gamma", "norm.beta")
    ]


def test_a_frozen_parameter_belongs_to_the_state():
    affine = nn.Affine(2, 2, rng=rng())
    affine.b.requires_grad = False
    assert list(affine.state_dict()) == ["W", "b"]


def test_a_state_is_safe_from_what_happens_later():
    whole = Whole()
    state = whole.state_dict()
    before = {name: array.copy() for name, array in state.items()}
    whole.part.count += 5
    sgd = nn.SGD(whole.parameters(), 0.1)
    for _ in range(2):
        sgd.zero_grad()
        (whole(rng().normal(size=(4, 2))) ** 3).sum().backward()
        sgd.step()
    for name, array in state.items():
        np.testing.assert_array_equal(array, before[name])
    assert not np.array_equal(whole.state_dict()["tied"], state["tied"])


def test_what_is_loaded_is_a_copy_to_the_bit_in_the_same_tensors(tmp_path):
    source, target = Whole(1), Whole(2)
    source.part.W.data = np.array([[np.nan, -0.0, 1e-310], [np.inf, 0.1, -3.0]])
    source.norm.running_mean += 3
    sgd = nn.SGD(target.parameters(), 0.1)
    path = tmp_path / "whole.safetensors"
    tg.save(path, source.state_dict())
    state = tg.load(path)
    assert not target.load_state_dict(state)
    for name, array in source.state_dict().items():
        assert array.tobytes() == target.state_dict()[name].tobytes()
        assert array.dtype == target.state_dict()[name].dtype
    assert target.part.W in sgd.parameters
    for array in state.values():
        array[...] = 0
    assert target.part.count == 1
    assert target.part.W.data[1, 2] == -3.0


def test_tensors_can_be_loaded_and_a_recorded_graph_keeps_its_values():
    affine = nn.Affine(2, 1, rng=rng())
    x = tg.Tensor(np.ones((1, 2), "f4"), requires_grad=True)
    before = affine.W.data.copy()
    loss = affine(x).sum()
    affine.load_state_dict(
        {"W": tg.Tensor(np.zeros((2, 1), "f4")), "b": np.ones(1, "f4")}
    )
    assert affine(x).item() == 1.0
    loss.backward()
    np.testing.assert_array_equal(x.grad.data, before.T)


FAULTS = {
    "missing": lambda state, name: state.pop(name),
    "unexpected": lambda state, name: state.update({name + "2": np.ones(1)}),
    "shape": lambda state, name: state.update({name: np.ones((7, 7))}),
    "dtype": lambda state, name: state.update({name: state[name].astype("f2")}),
    "kind": lambda state, name: state.update({name: [1.0]}),
}


@given(
    faults=st.dictionaries(
        st.sampled_from(sorted(Whole().state_dict())),
        st.sampled_from(sorted(FAULTS)),
        min_size=1,
    ),
    strict=st.booleans(),
)
def test_all_that_differs_is_said_at_once(faults, strict):
    target, state = Whole(2), Whole(1).state_dict()
    before = target.state_dict()
    for name, fault in faults.items():
        FAULTS[fault](state, name)
    if strict:
        with pytest.raises(ValueError, match="Whole: the state does not fit") as caught:
            target.load_state_dict(state)
        said = str(caught.value)
        taken = {}
    else:
        found = target.load_state_dict(state, strict=False)
        assert found
        said = str(found)
        bad = {name for name, fault in faults.items() if fault != "unexpected"}
        taken = {name: a for name, a in state.items() if name in before.keys() - bad}
    for name, fault in faults.items():
        if fault in ("missing", "unexpected"):
            (line,) = [part for part in said.split("\n") if f"{fault}:" in part]
            assert name + "2" * (fault == "unexpected") in line.split(": ")[1].split(
                ", "
            )
        else:
            assert f"{name}: needs {before[name].dtype} of shape" in said
    for name, array in target.state_dict().items():
        np.testing.assert_array_equal(array, taken.get(name, before[name]))


# --- forward hooks ---------------------------------------------------------------


def test_hooks_see_each_call_and_go_with_their_handle():
    relu = nn.ReLU()
    seen = []
    handle = relu.register_forward_hook(lambda *call: seen.append(call))
    x = np.array([-1.0, 2.0])
    result = relu(x)
    ((module, arguments, given_back),) = seen
    assert module is relu
    assert arguments[0] is x
    assert given_back is result
    with relu.register_forward_hook(lambda *call: seen.append("second")):
        relu(x)
    assert seen[2] == "second"
    handle.remove()
    relu(x)
    assert len(seen) == 3


def test_a_copy_has_no_hooks():
    relu = nn.ReLU()
    seen = []
    relu.register_forward_hook(lambda *call: seen.append(call))
    copy.deepcopy(relu)([1.0])
    assert seen == []


# --- summary ---------------------------------------------------------------------


def test_summary_counts_and_changes_nothing():
    source = rng()
    model = nn.Sequential(
        nn.Affine(4, 3, rng=source),
        nn.BatchNormalization(3),
        nn.Dropout(0.5, rng=source),
    )
    before, stand = model.state_dict(), source.bit_generator.state
    summary = model.summary((5, 4))
    assert summary.parameters == 21
    assert [(row.path, row.output, row.parameters) for row in summary.rows] == [
        ("", (5, 3), 0),
        ("Affine1", (5, 3), 15),
        ("BatchNormalization1", (5, 3), 6),
        ("Dropout1", (5, 3), 0),
    ]
    assert all(module.training for _, module in model.named_modules())
    assert source.bit_generator.state == stand
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])
    assert "_scope" not in vars(model)


def test_summary_of_what_is_nested_shared_named_in_japanese_or_not_called():
    class Net(nn.Module):
        def __init__(self):
            self.body = nn.Sequential(nn.Affine(4, 3, rng=rng()), nn.ReLU())
            self.出力 = nn.Affine(3, 3, rng=rng())
            self.scale = tg.Tensor(2.0, requires_grad=True)
            self.idle = nn.ReLU()

        def forward(self, x):
            return self.出力(self.出力(self.body(x))), self.scale

    assert repr(Net().summary((5, 4))) == "\n".join(
        [
            "layer      output      parameters",
            "─────────────────────────────────",
            "body       (5, 3)",
            "  Affine1  (5, 3)              15",
            "  ReLU1    (5, 3)",
            "出力       (5, 3)              12",
            "idle       -",
            "(itself)                        1",
            "─────────────────────────────────",
            "Net        (5, 3), ()          28",
        ]
    )
    assert repr(nn.ReLU().summary((2,))).splitlines()[-1] == (
        "ReLU   (2,)             0"
    )


def test_summary_takes_indices_and_says_what_does_not_fit():
    embedding = nn.Embedding(10, 4, rng=rng())
    assert embedding.summary((2, 3), dtype=np.int64).rows[0].output == (2, 3, 4)
    with pytest.raises(tg.ShapeError, match=r"x must have shape \(batch, 4\)"):
        nn.Affine(4, 3, rng=rng()).summary((4, 5))
