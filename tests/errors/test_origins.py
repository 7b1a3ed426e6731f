"""Names and lines of operands are found, in every place that a reader may write in."""

import gc
import linecache
import textwrap
import weakref
from contextlib import suppress

import numpy as np
import pytest

import tinygrad_jp as tg
from tinygrad_jp.errors.frames import user_line


@pytest.fixture
def page(tmp_path):
    """Run a page of a user's, and return what its error says."""

    def run(text, name="train.py"):
        path = tmp_path / name
        path.write_text(textwrap.dedent(text))
        space = {"__name__": "user", "np": np, "tg": tg, "Tensor": tg.Tensor}
        with pytest.raises(tg.ShapeError) as caught:
            exec(compile(path.read_text(), str(path), "exec"), space)
        return str(caught.value).splitlines()

    yield run
    linecache.clearcache()


def lines_of(message):
    """The user's line and those below it."""
    start = next(i for i, line in enumerate(message) if ".py:" in line)
    return [line for line in message[start:] if "fit" not in line and " # " not in line]


def test_at_the_top_of_a_page(page):
    message = page("""
        images = Tensor(np.ones((100, 28, 28)))
        W = Tensor(np.zeros((3, 50)))
        W = Tensor(np.ones((784, 50)))
        h = images @ W
        W = None
    """)
    assert lines_of(message) == [
        "train.py:5: h = images @ W",
        "    images  line 2: images = Tensor(np.ones((100, 28, 28)))",
        "    W       line 4: W = Tensor(np.ones((784, 50)))",
    ]


def test_in_a_function_with_globals_and_parameters(page):
    message = page("""
        W = Tensor(np.ones((784, 50)))
        def predict(x):
            return x @ W
        images = Tensor(np.ones((100, 28)))
        predict(images)
        W = 0
    """)
    assert lines_of(message) == [
        "train.py:4: return x @ W",
        "    x  line 5: images = Tensor(np.ones((100, 28)))",
        "    W  line 2: W = Tensor(np.ones((784, 50)))",
    ]


def test_attributes_and_keys(page):
    message = page("""
        class Net:
            def __init__(self):
                self.W = Tensor(np.ones((784, 50)))
            def __call__(self, x):
                return x @ self.W
        Net()(np.ones((2, 3)))
    """)
    assert message[0] == "matmul: x has 3 columns, but self.W has 784 rows"
    assert "    self.W  line 4: self.W = Tensor(np.ones((784, 50)))" in message
    message = page("""
        params = {}
        params['W1'] = Tensor(np.ones((784, 50)))
        for x in np.ones((2, 5, 6)):
            x @ params['W1']
    """)
    assert message[0] == "matmul: x has 6 columns, but params['W1'] has 784 rows"
    assert "    x       line 4: for x in np.ones((2, 5, 6)):" in message


def test_loops_unpacking_and_imports(page):
    message = page("""
        def run():
            from numpy import pi
            with open(__import__('os').devnull) as file:
                x, (y, *z) = Tensor(np.ones(2)), [Tensor(np.ones(3)), 1]
                if (n := 2) > 1:
                    return x + y
        run()
    """)
    assert lines_of(message) == [
        "train.py:7: return x + y",
        "    x, y  line 5: x, (y, *z) = Tensor(np.ones(2)), [Tensor(np.ones(3)), 1]",
    ]


def test_an_assignment_further_down_a_loop_counts(page):
    message = page("""
        def run(W):
            h = None
            for _ in range(2):
                if h is not None:
                    h + state
                h = W
                state = Tensor(np.ones(5))
        run(Tensor(np.ones(3)))
    """)
    assert lines_of(message) == [
        "train.py:6: h + state",
        "    h      line 3: h = None",
        "    state  line 8: state = Tensor(np.ones(5))",
    ]


def test_closures_comprehensions_and_lambdas(page):
    message = page("""
        def outer():
            W = Tensor(np.ones((4, 2)))
            def inner(x):
                return [row @ W for row in x]
            return inner(Tensor(np.ones((2, 3))))
        outer()
    """)
    assert message[0] == "matmul: row has 3 elements, but W has 4 rows"
    assert "    W  line 3: W = Tensor(np.ones((4, 2)))" in message
    message = page("""
        f = lambda a, b: a + b
        u, v = Tensor(np.ones(2)), np.ones(3)
        f(u, v)
    """)
    assert message[0] == "add: axis -1 has length 2 in a, but 3 in b"


def test_expressions_are_quoted_and_put_in_parentheses(page):
    message = page("""
        a = Tensor(np.ones((2, 3)))
        (a + 1) @ (a * 2)
    """)
    assert message[0] == "matmul: a + 1 has 3 columns, but a * 2 has 2 rows"
    assert message[-2:] == [
        "    (a + 1) @ (a * 2).T  # (2, 2)",
        "    (a + 1).T @ (a * 2)  # (3, 3)",
    ]


def test_long_expressions_go_by_the_ops_own_names(page):
    message = page("""
        x = Tensor(np.ones((2, 3)))
        np.ones((2, 3), dtype=np.float32).astype(np.float64) @ x
        """)
    assert message[0] == "matmul: left has 3 columns, but x has 2 rows"
    named = page("""
        Tensor(np.ones((2, 3)), name='the weights') + np.ones(2, dtype='float64')[:]
    """)
    assert named[0] == ("add: axis -1 has length 3 in the weights, but 2 in y")
    assert "fit" not in named[-1]  # nobody could write it


def test_a_name_is_only_given_to_what_it_names(page):
    message = page("""
        p, q = Tensor(np.ones((2, 3))), np.ones((4, 5))
        p.__rmatmul__(q)
    """)
    assert message[0] == "matmul: q has 5 columns, but p has 2 rows"


def test_a_list_is_made_an_array_first(page):
    message = page("""
        import tinygrad_jp as engine
        x = Tensor(np.ones((2, 3)))
        x + [1.0, 2.0]
    """)
    assert message[-1].startswith("This fits: x + tg.asarray([1.0, 2.0])[:, None]")


def test_nothing_is_said_where_there_is_no_source():
    x, y = tg.Tensor(np.ones(2)), tg.Tensor(np.ones(3))
    with pytest.raises(tg.ShapeError) as caught:
        exec("alpha, beta = x, y\nalpha + beta", {"x": x, "y": y})
    assert str(caught.value).splitlines() == [
        "add: axis -1 has length 2 in alpha, but 3 in beta",
        "    alpha  (2,)",
        "    beta   (3,)",
        "            ^ must be equal, or one of them 1",
    ]


def test_a_page_that_is_no_python_does_no_harm(page, tmp_path):
    path = tmp_path / "strange.py"
    path.write_text("))) not Python at all\n")
    x, y = tg.Tensor(np.ones(2)), tg.Tensor(np.ones(3))
    with pytest.raises(tg.ShapeError, match="add: axis -1 has length 2 in a"):
        exec(compile("a = x\nb = y\na + b", str(path), "exec"), {"x": x, "y": y})


def test_a_value_that_breaks_the_search_does_no_harm():
    class Hostile:
        def __getattribute__(self, name):
            raise RuntimeError(name)

    hostile = Hostile()
    with pytest.raises(tg.ShapeError, match="add: axis -1"):
        (lambda: (hostile, tg.Tensor(np.ones(2))[:, None][:, 0] + np.arange(3.0)))()


def test_numpys_own_functions_are_no_users(page):
    message = page("""
        import functools
        parts = [Tensor(np.ones(2)), Tensor(np.ones(3))]
        functools.reduce(np.add, parts)
    """)
    assert "train.py:4: functools.reduce(np.add, parts)" in message


def test_nothing_is_kept_of_a_frame_that_goes_on():
    def run():
        big = tg.Tensor(np.ones(3))
        watched = weakref.ref(big)
        with pytest.raises(tg.ShapeError):
            big + np.ones(2)
        with suppress(tg.ShapeError):
            big + np.ones(2)
        del big
        return watched()

    gc.disable()
    try:
        assert run() is None
    finally:
        gc.enable()


def test_an_error_leaves_no_cycle():
    x = tg.Tensor(np.ones(3))

    def run():
        try:
            x + np.ones(2)
        except tg.ShapeError as error:
            return weakref.ref(error)

    run()
    gc.collect()
    gc.disable()
    try:
        assert run()() is None
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_what_locals_has_given_is_not_emptied():
    x = tg.Tensor(np.ones(3))
    mine = locals()
    with pytest.raises(tg.ShapeError):
        x + np.ones(2)
    assert mine["x"] is x


def test_a_line_can_be_remembered_and_shown():
    line = user_line()
    assert line.shown() == str(line)
    assert str(line).endswith("line = user_line()")
    assert str(line).startswith(f"test_origins.py:{line.number}: ")


def test_other_errors_tell_the_line_too():
    x = tg.Tensor(np.ones(3))
    with pytest.raises(TypeError) as caught:
        x.sum(axis="rows")
    assert str(caught.value).splitlines()[-2].endswith('x.sum(axis="rows")')


def test_a_singular_matrix_stays_numpys_error():
    @tg.rule(vjp=None)
    def inverse(x, /):
        """The inverse of a matrix."""
        return np.linalg.inv(x)

    A = tg.Tensor(np.zeros((2, 2)))
    with pytest.raises(np.linalg.LinAlgError) as caught:
        inverse(A)
    assert str(caught.value).startswith("inverse: Singular matrix; got A (2, 2)\n")


def test_a_reason_that_speaks_of_the_ops_names_is_told_with_both():
    @tg.rule(vjp=None)
    def halves(x, /):
        """The first half."""
        if len(x) % 2:
            raise ValueError("x must have an even length")
        return x[: len(x) // 2]

    rows = tg.Tensor(np.ones((3, 2)))
    with pytest.raises(tg.ShapeError) as caught:
        halves(rows)
    assert str(caught.value).splitlines()[0] == (
        "halves: x must have an even length; got x = rows (3, 2)"
    )
