"""Every layer carries a contract, and keeps it: in training and for prediction."""

import inspect

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

import nn
import tinygrad_jp as tg
from tinygrad_jp.testing import (
    GradientError,
    Law,
    SemanticsError,
    check_module,
    strategies,
)


def rng():
    return np.random.default_rng(0)


def affine(in_size, out_size):
    return nn.Affine(in_size, out_size, rng=rng())


SMALL_CONVNET = nn.SimpleConvNet(
    (1, 4, 4), filters=2, filter_size=3, hidden_size=3, output_size=2, rng=rng()
)

LAYERS = {
    "Affine": [
        affine(3, 2),
        nn.Affine(1, 4, rng=rng(), dtype=float, init="orthogonal"),
    ],
    "BatchNormalization": [
        nn.BatchNormalization(3),
        nn.BatchNormalization(3, axis=-1),
        nn.BatchNormalization(2, axis=2),
        nn.BatchNormalization(2, axis=-2),
        nn.BatchNormalization(1, momentum=0.5, dtype=np.float64),
    ],
    "Convolution": [
        nn.Convolution(2, 3, (1, 4), stride=(2, 1), padding=((0, 1), 2), rng=rng()),
        nn.Convolution(1, 2, (3,), stride=2, padding="same", rng=rng()),
        nn.Convolution(1, 1, (1, 2, 1), rng=rng(), dtype=np.float64),
        nn.Convolution(2, 2, 2, rng=rng()),
    ],
    "DeepConvNet": [nn.DeepConvNet((1, 4, 4), hidden_size=2, rng=rng()).eval()],
    "Dropout": [nn.Dropout(0, rng=rng()), nn.Dropout(rng=rng())],
    "ELU": [nn.ELU(0.5), nn.ELU()],
    "Embedding": [nn.Embedding(5, 3, rng=rng()), nn.Embedding(2, 1, rng=rng(), std=1)],
    "Flatten": [nn.Flatten()],
    "GELU": [nn.GELU("tanh"), nn.GELU()],
    "GlobalAveragePooling": [nn.GlobalAveragePooling()],
    "GRU": [
        nn.GRU(2, 2, rng=rng(), reset="after"),
        nn.GRU(2, 1, rng=rng(), returns="hidden"),
    ],
    "Huber": [nn.Huber(0.5, reduction="sum"), nn.Huber()],
    "L1": [nn.L1(reduction="sum"), nn.L1()],
    "LayerNormalization": [nn.LayerNormalization((2, 3)), nn.LayerNormalization(3)],
    "LeakyReLU": [nn.LeakyReLU(0), nn.LeakyReLU()],
    "LSTM": [
        nn.LSTM(2, 2, rng=rng(), returns="last"),
        nn.LSTM(3, 2, rng=rng()),
        nn.LSTM(2, 1, rng=rng(), returns="hidden"),
    ],
    "MeanSquaredError": [nn.MeanSquaredError(reduction="sum"), nn.MeanSquaredError()],
    "MultiHeadAttention": [
        nn.MultiHeadAttention(4, 2, rng=rng()),
        nn.MultiHeadAttention(2, 2, causal=True, rng=rng()),
    ],
    "MultiLayerNet": [
        nn.MultiLayerNet(3, [4, 2], 2, rng=rng()),
        nn.MultiLayerNet(3, [2], 2, use_batchnorm=True, use_dropout=True, rng=rng()),
    ],
    "Network": [nn.Network([affine(3, 2), nn.Tanh()])],
    "Pooling": [
        nn.Pooling(2),
        nn.Pooling((3, 2), stride=1, padding=(1, (0, 1))),
        nn.Pooling((2,), padding="same", kind="average"),
        nn.Pooling(3, stride=2, padding=1, kind="average"),
    ],
    "ReLU": [nn.ReLU()],
    "Residual": [
        nn.Residual(nn.Tanh()),
        nn.Residual(nn.Sequential(nn.Dropout(0.5, rng=rng()), affine(3, 3))),
        nn.Residual(nn.BatchNormalization(3)),
        nn.Residual(affine(3, 2), affine(3, 2)),
    ],
    "RNN": [nn.RNN(3, 2, rng=rng(), returns="last"), nn.RNN(3, 2, rng=rng())],
    "Sequential": [
        nn.Sequential(),
        nn.Sequential(nn.ReLU(), nn.Sigmoid()),
        nn.Sequential(nn.Tanh(), nn.Softmax(1)),
        nn.Sequential(nn.ReLU(), affine(3, 2), nn.Softmax()),
        nn.Sequential(nn.Dropout(0.3, rng=rng()), affine(3, 2)),
        nn.Sequential(nn.Convolution(1, 2, 2, rng=rng()), nn.ReLU(), nn.Pooling(2)),
        nn.Sequential(nn.Embedding(4, 2, rng=rng()), affine(2, 3)),
        nn.Sequential(nn.LSTM(2, 2, rng=rng(), returns="hidden"), affine(2, 1)),
        nn.Sequential(nn.BatchNormalization(3), affine(3, 2)),
    ],
    "Sigmoid": [nn.Sigmoid()],
    "SimpleConvNet": [SMALL_CONVNET],
    "SigmoidWithLoss": [nn.SigmoidWithLoss()],
    "SiLU": [nn.SiLU()],
    "Softmax": [nn.Softmax(axis) for axis in (-1, 1, 0, -2, 2)],
    "SoftmaxWithLoss": [nn.SoftmaxWithLoss()],
    "Tanh": [nn.Tanh()],
    "TwoLayerNet": [nn.TwoLayerNet(4, 3, 2, weight_init_std=0.5, rng=rng())],
}


def test_every_layer_of_nn_is_tested_here():
    layers = {
        name
        for name in nn.__all__
        if inspect.isclass(getattr(nn, name))
        and issubclass(getattr(nn, name), nn.Module)
    }
    assert layers - {"Module"} == set(LAYERS)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("seed", [0, 1])
def test_every_layer_keeps_its_contract(name, seed):
    for layer in LAYERS[name]:
        held = check_module(layer, seed=seed)
        told = layer.contract.gives is not None
        assert ("gives the shape of its contract" in held) == told


@pytest.mark.parametrize("name", LAYERS)
def test_second_derivatives_too(name):
    check_module(LAYERS[name][-1], order=2)


def test_laws_are_checked_that_the_contract_names():
    held = check_module(nn.Softmax())
    for law in ("sums_to_one", "shift_invariant", "permutation_equivariant"):
        assert f"{law}(axis=-1)" in held
    assert "duplicate_batch_invariant()" in check_module(nn.SoftmaxWithLoss())
    assert "monotone(increasing=True)" in check_module(nn.Sigmoid())


@given(model=strategies.modules())
@settings(max_examples=15)
def test_random_networks_keep_theirs(model):
    check_module(model)


def test_rows_mix_in_training_and_not_for_prediction():
    norm = nn.BatchNormalization(3)
    assert norm.contract.mixes_rows
    assert not norm.eval().contract.mixes_rows
    held = check_module(norm)
    assert {"mixes rows as declared", "rows do not mix"} <= set(held)
    assert nn.Sequential(nn.ReLU(), nn.BatchNormalization(3)).contract.mixes_rows


def test_a_network_in_which_nothing_is_left_to_mix_keeps_its_contract():
    one_class = nn.Sequential(
        nn.Affine(2, 1, rng=rng()), nn.Softmax(), nn.BatchNormalization(1)
    )
    assert one_class.contract.mixes_rows
    assert "mixes rows as declared" not in check_module(one_class)


# --- modules that do not do what they say ----------------------------------------


class Undeclared(nn.BatchNormalization):
    contract = nn.Contract(("batch", 3), ("batch", 3))


class StatisticsInPrediction(nn.BatchNormalization):
    def forward(self, x):
        if not self.training:
            mean = tg.mean(x, axis=0)
            return (x - mean) * self.gamma + self.beta
        return super().forward(x)


class DeclaredInVain(nn.ReLU):
    contract = nn.Contract(mixes_rows=True)


class MeanOverTheWrongAxis(nn.Module):
    contract = nn.Contract(("batch", "features"), ("batch", "features"))

    def forward(self, x):
        return x - tg.mean(x, axis=0, keepdims=True)


class WrongShape(nn.Module):
    contract = nn.Contract(("batch", "features"), ("batch", 2))

    def forward(self, x):
        return x * 2.0


class NoProbabilities(nn.Sigmoid):
    contract = nn.Contract(laws=(("sums_to_one", {"axis": -1}),))


class RightForTwoAxesAlone(nn.Softmax):
    def forward(self, x):
        return tg.softmax(x, axis=1)


class TakesTheDouble(nn.Module):
    contract = nn.Contract()

    def __init__(self):
        self.W = tg.Tensor(2.0, dtype=np.float32, requires_grad=True)

    def forward(self, x):
        return x * self.W * np.ones(1)


class SumLoss(nn.SoftmaxWithLoss):
    def forward(self, scores, t):
        return super().forward(scores, t) * float(len(t))


class LabelsOfTheRowBefore(nn.Module):
    contract = nn.Contract(
        ("batch", "classes"),
        (),
        mixes_rows=True,
        laws=(("permutation_invariant", {"axis": 0}),),
        labels={"t": "classes"},
    )

    def forward(self, x, t):
        return tg.mean(tg.log_softmax(x)[np.arange(len(x)), np.roll(t, 1)])


class SecondResultOfAnotherShape(nn.Module):
    contract = nn.Contract(gives=[("batch", ...), ("batch",)])

    def forward(self, x):
        return x, x


class SecondResultMixes(SecondResultOfAnotherShape):
    contract = nn.Contract(gives=[("batch", ...)] * 2)

    def forward(self, x):
        return x, x - tg.mean(x, axis=0)


class DropsWholeRowsOfTheNext(nn.Dropout):
    def forward(self, x):
        return tg.roll(super().forward(x), 1, axis=0) * x


class DrawsUndeclared(nn.Dropout):
    contract = nn.Contract()


class OneWindowTooMany(nn.Pooling):
    def _gives(self, shape):
        return (*super()._gives(shape)[:-1], shape[-1])


class SumOfSquares(nn.MeanSquaredError):
    def _each(self, y, t):
        return super()._each(y, t) * y.size


class SharesVectors(nn.Embedding):
    def forward(self, ids):
        return super().forward(ids) + tg.mean(super().forward(ids), axis=0)


WRONG = {
    SecondResultOfAnotherShape: (
        "gives the shape of its contract",
        SecondResultOfAnotherShape,
    ),
    SecondResultMixes: ("rows do not mix", SecondResultMixes),
    DropsWholeRowsOfTheNext: (
        "rows do not mix",
        lambda: DropsWholeRowsOfTheNext(0.5, rng=rng()),
    ),
    DrawsUndeclared: ("deterministic", lambda: DrawsUndeclared(0.5, rng=rng())),
    OneWindowTooMany: ("gives the shape of its contract", lambda: OneWindowTooMany(2)),
    SumOfSquares: ("duplicate_batch_invariant()", SumOfSquares),
    SharesVectors: ("rows do not mix", lambda: SharesVectors(5, 2, rng=rng())),
    Undeclared: ("rows do not mix", lambda: Undeclared(3)),
    StatisticsInPrediction: ("rows do not mix", lambda: StatisticsInPrediction(3)),
    DeclaredInVain: ("mixes rows as declared", DeclaredInVain),
    MeanOverTheWrongAxis: ("rows do not mix", MeanOverTheWrongAxis),
    WrongShape: ("gives the shape of its contract", WrongShape),
    NoProbabilities: ("sums_to_one(axis=-1)", NoProbabilities),
    RightForTwoAxesAlone: ("sums_to_one(axis=-1)", RightForTwoAxesAlone),
    TakesTheDouble: ("works in float32", TakesTheDouble),
    SumLoss: ("duplicate_batch_invariant()", SumLoss),
    LabelsOfTheRowBefore: ("permutation_invariant(axis=0)", LabelsOfTheRowBefore),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_broken_contract_is_caught_by_the_law_that_it_breaks(kind):
    law, made = WRONG[kind]
    with pytest.raises(SemanticsError, match=kind.__name__) as caught:
        check_module(made())
    assert caught.value.law == law


@tg.rule(vjp=lambda g, x: g * x)
def forgets_the_two(x, /):
    return x * x


class WrongGradient(nn.Module):
    contract = nn.Contract()

    def forward(self, x):
        return forgets_the_two(x)


class WrongGradientOfAParameter(nn.Module):
    contract = nn.Contract(("batch", 3), ("batch", 3))

    def __init__(self):
        self.scale = tg.Tensor(np.full(3, 2.0), dtype=np.float32, requires_grad=True)

    def forward(self, x):
        return x * forgets_the_two(self.scale)


@pytest.mark.parametrize(
    ("kind", "argument"), [(WrongGradient, "x"), (WrongGradientOfAParameter, "scale")]
)
def test_a_wrong_gradient_is_caught_and_its_argument_named(kind, argument):
    with pytest.raises(GradientError, match=rf"{kind.__name__}[\s\S]*{argument}"):
        check_module(kind())


def test_a_module_without_contract_is_refused():
    class Empty(nn.Module):
        def forward(self, x):
            return x

    words = r"Empty carries no contract; set contract = nn\.Contract"
    with pytest.raises(TypeError, match=words):
        check_module(Empty())
    with pytest.raises(TypeError, match="Sequential carries no contract"):
        check_module(nn.Sequential(nn.ReLU(), Empty()))


def test_an_unknown_law_is_refused():
    class Odd(nn.ReLU):
        contract = nn.Contract(laws=(("is_odd", {}),))

    with pytest.raises(ValueError, match="no law is called 'is_odd'"):
        check_module(Odd())


def test_a_contract_may_hold_a_law_of_ones_own():
    def broken(subject):
        return "has no minus" if (subject(subject.x) >= 0).all() else None

    class Signed(nn.ReLU):
        contract = nn.Contract(laws=(Law("signed", broken),))

    with pytest.raises(SemanticsError, match="Signed: has no minus"):
        check_module(Signed())


def test_other_things_than_modules_can_carry_a_contract():
    class Doubles:
        contract = nn.Contract()

        def __call__(self, x):
            return x * 2.0

    assert "splits" in check_module(Doubles())


def test_a_batch_of_ones_own():
    x = np.random.default_rng(1).normal(size=(3, 2, 5))
    seen = set()

    class Spy(nn.ReLU):
        def forward(self, x):
            seen.add(x.shape)
            return super().forward(x)

    check_module(Spy(), x)
    assert {shape[1:] for shape in seen} == {(2, 5)}
    t = np.array([0, 1, 2])
    held = check_module(nn.SoftmaxWithLoss(), x[:, 0], data={"t": t})
    assert "duplicate_batch_invariant()" in held


def test_the_module_stays_as_it_is():
    model = nn.Sequential(nn.Affine(3, 2, rng=rng()), nn.BatchNormalization(2))
    before = [np.array(p) for p in model.parameters()]
    mean = model[1].running_mean.copy()
    check_module(model.eval())
    assert not model[1].training
    assert np.array_equal(model[1].running_mean, mean)
    assert all(p.grad is None for p in model.parameters())
    for old, new in zip(before, model.parameters()):
        np.testing.assert_array_equal(old, new.data)


def test_several_results_are_named_by_their_number():
    with pytest.raises(SemanticsError, match=r"^SecondResultMixes \(result 1\): row"):
        check_module(SecondResultMixes())


def test_what_is_drawn_stays_as_it_is():
    dropout = nn.Dropout(0.5, rng=rng())
    held = check_module(dropout)
    assert {"deterministic", "rows do not mix"} <= set(held)
    assert dropout.rng.bit_generator.state == rng().bit_generator.state


def test_a_batch_of_integers_is_drawn_where_the_contract_says_so():
    seen = []

    class Spy(nn.Embedding):
        def forward(self, ids):
            seen.append(np.asarray(ids))
            return super().forward(ids)

    check_module(Spy(3, 2, rng=rng()))
    assert {ids.dtype.kind for ids in seen} == {"i"}
    assert set(np.concatenate([ids.ravel() for ids in seen])) == {0, 1, 2}


# --- shapes in sequence ----------------------------------------------------------


@given(data=st.data(), rows=st.integers(2, 4))
@settings(max_examples=30)
def test_the_contract_of_a_network_tells_its_shapes(data, rows):
    model = data.draw(strategies.modules())
    contract = model.contract
    shape = [rows if axis == "batch" else axis for axis in contract.takes]
    given = model(np.random.default_rng(0).normal(size=shape))
    assert given.shape == tuple(
        rows if axis == "batch" else axis for axis in contract.gives
    )


@pytest.mark.parametrize(
    ("layers", "takes", "gives"),
    [
        ([nn.ReLU()], ("batch", ...), ("batch", ...)),
        ([nn.Tanh(), nn.Softmax()], ("batch", ..., "classes"), None),
        ([affine(3, 2), nn.ReLU()], ("batch", 3), ("batch", 2)),
        ([nn.BatchNormalization(3)], ("batch", 3), ("batch", 3)),
        (
            [nn.RNN(3, 2, rng=rng(), returns="hidden"), affine(2, 4)],
            ("batch", "time", 3),
            ("batch", "time", 4),
        ),
        ([nn.RNN(3, 2, rng=rng(), returns="last")], ("batch", "time", 3), "nobody"),
        ([nn.Flatten(), affine(6, 2)], ("batch", ...), "nobody"),
        ([nn.Embedding(4, 3, rng=rng())], ("batch", ...), "nobody"),
    ],
)
def test_what_is_said_of_shapes_in_sequence(layers, takes, gives):
    contract = nn.Sequential(*layers).contract
    expected = {None: takes, "nobody": None}.get(gives, gives)
    assert (contract.takes, contract.gives) == (takes, expected)


def test_networks_shrink_to_a_single_layer():
    smallest = find(strategies.modules(), lambda model: True)
    assert repr(smallest[0]).startswith("Affine(1, 1)")
    assert len(smallest) == 1
    mixing = find(strategies.modules(), lambda model: model.contract.mixes_rows)
    assert [type(layer).__name__ for layer in mixing] == [
        "Affine",
        "BatchNormalization",
    ]
    assert mixing[0].W.shape == (1, 1)


@given(model=strategies.modules(in_size=5, out_size=2, between=["ReLU"], max_depth=2))
@settings(max_examples=20)
def test_networks_are_as_asked_for(model):
    assert model.contract.takes == ("batch", 5)
    assert model.contract.gives == ("batch", 2)
    kinds = [type(layer).__name__ for layer in model]
    assert set(kinds) <= {"Affine", "ReLU"}
    assert 1 <= kinds.count("Affine") <= 2


@given(model=strategies.modules())
@settings(max_examples=20)
def test_biases_of_networks_are_random(model):
    biases = [p.data for name, p in model.named_parameters() if name.endswith(".b")]
    assert all(b.all() and b.dtype == np.float32 for b in biases)
