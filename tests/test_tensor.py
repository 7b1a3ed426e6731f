"""What a Tensor holds, takes and refuses."""

import copy

import numpy as np
import pytest

import tinygrad_jp as tg
from tinygrad_jp import Tensor


@pytest.mark.parametrize(
    ("data", "kind", "words"),
    [
        ([[1.0], [2.0, 3.0]], TypeError, "inhomogeneous"),
        (np.array([object()]), TypeError, "object"),
        (
            [1j],
            TypeError,
            r"complex128; a complex function need not .* x\.real and x\.imag",
        ),
        (["a"], TypeError, "list"),
        (None, TypeError, "NoneType"),
        (np.array(["2020-01-01"], "datetime64[D]"), TypeError, "datetime64"),
        (np.ones(2, np.longdouble), TypeError, "longdouble|float128"),
    ],
)
def test_data_that_is_not_an_array_of_real_numbers_is_refused(data, kind, words):
    with pytest.raises(kind, match=words):
        Tensor(data)


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.bool_])
def test_integers_are_data_but_have_no_gradient(dtype):
    x = Tensor([0, 1], dtype=dtype)
    assert x.dtype == dtype
    with pytest.raises(TypeError, match=rf"only floating-point.*{np.dtype(dtype)}"):
        x.requires_grad = True


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int32])
def test_the_dtype_is_kept_or_chosen(dtype):
    assert Tensor(np.zeros(2, dtype)).dtype == dtype
    assert Tensor([0, 1], dtype=dtype).dtype == dtype
    assert Tensor(Tensor([0, 1], dtype=dtype)).dtype == dtype


def test_backward_needs_a_scalar_or_a_cotangent_that_fits():
    x = Tensor(np.ones((2, 3)), requires_grad=True)
    y = x * 2.0
    with pytest.raises(tg.ShapeError, match=r"backward: needs a scalar.*\(2, 3\)"):
        y.backward()
    with pytest.raises(tg.ShapeError, match=r"must have shape \(2, 3\), got \(3,\)"):
        y.backward(np.ones(3))
    with pytest.raises(TypeError, match="backward: needs real numbers"):
        y.backward("1")
    assert x.grad is None
    y.backward(Tensor(np.ones((2, 3))))
    assert x.grad.tolist() == [[2.0] * 3] * 2


@pytest.mark.parametrize("make", [lambda: Tensor(1.0), lambda: Tensor([1.0]).sum()])
def test_backward_without_a_graph_is_refused(make):
    with pytest.raises(tg.GraphError, match="requires_grad=True"):
        make().backward()


def test_backward_of_what_no_grad_made_is_refused():
    x = Tensor(1.0, requires_grad=True)
    with tg.no_grad():
        y = x * 2.0
    with pytest.raises(tg.GraphError, match="no_grad"):
        y.backward()


def test_a_leaf_is_its_own_gradient():
    x = Tensor(3.0, requires_grad=True)
    x.backward()
    x.backward()
    assert x.grad.tolist() == 2.0


def test_a_gradient_that_does_not_fit_cannot_be_set():
    x = Tensor(np.ones(3), requires_grad=True)
    with pytest.raises(tg.ShapeError, match=r"needs shape \(3,\).*got \(2,\)"):
        x.grad = Tensor(np.ones(2))
    with pytest.raises(TypeError, match="ndarray"):
        x.grad = np.ones(3)
    assert x.grad is None


def test_requires_grad_can_be_switched_on_a_leaf_alone():
    x = Tensor([1.0])
    x.requires_grad = True
    assert x.requires_grad
    y = x * 2.0
    with pytest.raises(tg.GraphError, match="detach"):
        y.requires_grad = False
    assert not y.detach().requires_grad
    x.requires_grad = False
    assert not (x * 2.0).requires_grad


def test_updates_belong_into_no_grad():
    x = Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(tg.GraphError, match="no_grad"):
        x -= 1.0
    same = x
    with tg.no_grad():
        x -= 1.0
        x += np.float64(3.0)
        x *= 2.0
        x /= 4.0
        with pytest.raises(tg.ShapeError, match=r"needs shape \(2,\).*got \(3, 1\)"):
            x += np.ones((3, 1))
    assert same is x
    assert x.tolist() == [1.5, 2.0]
    assert x.dtype == np.float64


def test_an_update_keeps_the_dtype():
    x = Tensor([1.0], dtype=np.float32, requires_grad=True)
    with tg.no_grad():
        x -= np.array([0.5])
    assert x.dtype == np.float32


def test_adding_to_a_result_makes_a_new_tensor():
    x = Tensor([1.0], requires_grad=True)
    h = first = x * 2.0
    h += 1.0
    assert h is not first
    assert first.tolist() == [2.0]
    h.backward()
    assert x.grad.tolist() == [2.0]


def test_assignment_is_refused_with_the_repair():
    with pytest.raises(TypeError, match=r"x = x\.at\[0, 1:\]\.set\(v\)"):
        Tensor([[1.0]])[0, 1:] = 2.0
    assert Tensor([1.0, 2.0]).at[0].set(5.0).tolist() == [5.0, 2.0]


@pytest.mark.parametrize(
    "index",
    [
        0,
        -1,
        slice(None, None, -1),
        (slice(1, 3), 0),
        (None, Ellipsis, 1),
        [0, 0, 2],
        (np.array([0, 2]), np.array([1, 1])),
        np.array([[True, False], [False, True], [True, True]]),
        [],
    ],
)
def test_indexing_is_numpys(index):
    a = np.arange(6.0).reshape(3, 2)
    np.testing.assert_array_equal(Tensor(a)[index], a[index])


def test_indexing_with_tensors_and_refusals():
    x = Tensor([1.0, 2.0, 3.0])
    assert x[Tensor([2, 0])].tolist() == [3.0, 1.0]
    assert x[x > 1.5].tolist() == [2.0, 3.0]
    with pytest.raises(TypeError, match="integers or booleans, got float64"):
        x[np.array([0.5])]
    with pytest.raises(tg.ShapeError, match=r"getitem: index 3.*\(3,\)"):
        x[3]
    with pytest.raises(tg.ShapeError, match="too many indices"):
        x[0, 0]


def test_it_counts_and_converts_as_python_expects():
    x = Tensor([[1.5, 2.0]])
    assert len(x) == 1
    assert [row.tolist() for row in x] == [[1.5, 2.0]]
    assert float(x[0, 0]) == 1.5
    assert int(x[0, 1]) == 2
    assert [10, 20][Tensor(1)] == 20
    assert f"{x[0, 0]:.2f}" == "1.50"
    assert f"{x}" == str(x)
    assert bool(x[0, 0] > 1.0)
    assert (+x) is x
    with pytest.raises(tg.ShapeError, match=r"x.all\(\) or x.any\(\)"):
        bool(x)
    with pytest.raises(TypeError, match="no axis"):
        len(Tensor(1.0))
    with pytest.raises(TypeError, match="needs an integer"):
        [1][Tensor(0.0)]


def test_comparisons_and_logic_are_elementwise_and_constant():
    x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    assert ((x > 1.0) & (x <= 2.0)).tolist() == [False, True, False]
    assert ((x == 1.0) | ~(x != 3.0)).tolist() == [True, False, True]
    assert not (x >= 2.0).requires_grad
    assert hash(x) == hash(x)
    assert x.argmax().item() == 2
    assert not (x < 0.0).any().item()
    assert (x > 0.0).all(axis=0).item()


def test_its_repr_says_what_it_is():
    assert repr(Tensor([1.0, 2.0])) == "Tensor([1., 2.])"
    x = Tensor([1.0], dtype=np.float32, requires_grad=True, name="重み")
    assert repr(x) == "Tensor([1.], dtype=float32, name='重み', requires_grad=True)"


def test_shapes_can_be_changed_by_methods():
    x = Tensor(np.arange(6.0).reshape(1, 2, 3))
    assert x.reshape(3, -1).shape == x.reshape((3, 2)).shape == (3, 2)
    assert x.T.shape == (3, 2, 1)
    assert x.mT.shape == (1, 3, 2)
    assert x.transpose(1, 0, 2).shape == x.transpose((1, 0, 2)).shape == (2, 1, 3)
    assert x.squeeze().shape == (2, 3)
    assert x.squeeze(0).shape == (2, 3)
    assert tg.expand_dims(x, axis=(0, -1)).shape == (1, 1, 2, 3, 1)
    for call, words in [
        (lambda: x.squeeze(1), "axis 1 must have length 1, got 2"),
        (lambda: x.squeeze(3), "axis 3 is out of range for 3 axes"),
        (lambda: x.squeeze((0, -3)), "given twice"),
        (lambda: tg.expand_dims(x, axis=5), "out of range"),
        (lambda: Tensor(1.0).squeeze(0), "a scalar has no axis"),
        (lambda: tg.matrix_transpose(x[0, 0]), "at least 2 axes"),
        (lambda: x.reshape(4), r"reshape.*\(1, 2, 3\)"),
        (lambda: x.transpose(0, 0, 1), "permute_dims: repeated axis"),
        (lambda: tg.broadcast_to(x, shape=(2, 2)), "broadcast_to"),
        (lambda: tg.concat([]), "concat"),
    ]:
        with pytest.raises(tg.ShapeError, match=words):
            call()


def test_astype_is_recorded_between_floats():
    x = Tensor([1.5, 2.5], requires_grad=True)
    y = x.astype(np.float32)
    assert y.dtype == np.float32
    y.sum().backward()
    assert x.grad.dtype == np.float64
    assert not x.astype(np.int64).requires_grad
    assert x.astype(int).tolist() == [1, 2]


def test_copies_do_what_their_names_say():
    x = Tensor([1.0], requires_grad=True, name="x")
    twin = copy.copy(x)
    twin.sum().backward()
    assert x.grad is None
    assert twin.name == "x"
    y = x * 2.0
    copy.copy(y).backward()
    assert x.grad.tolist() == [2.0]
    x2, z2 = copy.deepcopy([x, x * 3.0])
    assert x2.grad.tolist() == [2.0]
    z2.backward()
    assert x2.grad.tolist() == [5.0]
    assert x.grad.tolist() == [2.0]
    assert not np.shares_memory(x2._data, x._data)


def test_sums_means_and_extremes_of_nothing():
    empty = Tensor(np.zeros((0, 3)))
    assert empty.sum(axis=0).tolist() == [0.0] * 3
    assert np.isnan(empty.mean().item())
    assert empty.mean(axis=1).shape == (0,)
    with pytest.raises(tg.ShapeError, match="max"):
        empty.max()


def test_sigmoid_and_softmax_stay_finite():
    x = Tensor([-1e4, 0.0, 1e4], requires_grad=True)
    for function in (tg.sigmoid, tg.softmax, tg.log_softmax):
        y = function(x)
        assert np.isfinite(y.data).all()
        y.sum().backward()
    assert np.isfinite(x.grad.data).all()


def test_powers_at_zero_have_a_gradient():
    x = Tensor([0.0, 0.0, 2.0], requires_grad=True)
    y = Tensor([0.0, 2.0, 0.0], requires_grad=True)
    z = x**y
    assert z.tolist() == [1.0, 0.0, 1.0]
    z.sum().backward()
    assert x.grad.tolist() == [0.0, 0.0, 0.0]
    np.testing.assert_allclose(y.grad.data, [0.0, 0.0, np.log(2.0)])


def test_what_is_picked_twice_gets_both_gradients():
    x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    (x[[0, 0, 2]] * np.array([1.0, 10.0, 100.0])).sum().backward()
    assert x.grad.tolist() == [11.0, 0.0, 100.0]


def test_relu_keeps_nan_and_makes_no_negative_zero():
    y = tg.relu(Tensor([-1.0, np.nan, -np.inf, np.inf])).data
    np.testing.assert_array_equal(y, [0.0, np.nan, 0.0, np.inf])
    assert not np.signbit(y[0])


# --- other values ----------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int64])
def test_a_leaf_takes_other_values_to_the_bit(dtype):
    x = tg.Tensor(np.ones(3), dtype=dtype, requires_grad=dtype != np.int64)
    values = np.array([0, -0.0, 5]).astype(dtype)
    x.data = values
    assert x.data.tobytes() == values.tobytes()
    values[0] = 7
    assert x.tolist() == [0, 0, 5]


def test_a_graph_keeps_the_values_that_it_saw():
    x = tg.Tensor([3.0], requires_grad=True)
    y = x * x
    x.data = np.array([5.0])
    y.backward(np.ones(1))
    assert x.grad.tolist() == [6.0]
    assert (x * 2).tolist() == [10.0]
    x.data = tg.Tensor([1.0])
    assert x.is_leaf
    assert x.requires_grad


def test_other_values_must_fit_and_results_take_none():
    x = tg.Tensor([3.0], requires_grad=True)
    with pytest.raises(
        tg.ShapeError, match=r"data: needs shape \(1,\) and float64, got"
    ):
        x.data = np.ones(2)
    with pytest.raises(tg.ShapeError, match=r"got \(1,\) and float32"):
        x.data = np.ones(1, np.float32)
    with pytest.raises(tg.GraphError, match="only a leaf takes other values"):
        (x * 2).data = np.ones(1)
    assert x.tolist() == [3.0]
