"""The pytest plugin of tinygrad_jp: options, guards, what a failure shows.

pytest loads this page in every run, even in those that have nothing to do with
gradients. So it stands outside of the package, whose import takes NumPy along, and
asks for `tinygrad_jp.testing.plugin` only once a test uses the package.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

GUARDS = {
    "no_leaks": "fail if Tensors of the test outlive it",
    "no_cycles": "fail if they do, or wait for the cyclic garbage collector",
    "no_float64": "fail if an op makes float64 out of float32; names the line",
    "unchanged": "fail if an array that the test gets is written to; unchanged(x) "
    "watches over another one, and returns it",
    "same_mode": "fail if the test leaves grad mode, a scope or a watcher changed",
}
OPTION = "tinygrad_jp_guards"
_runs = pytest.StashKey[Any]()
_current = pytest.StashKey[Any]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """What can be asked for."""
    group = parser.getgroup("tinygrad_jp", "gradients (tinygrad_jp)")
    group.addoption(
        "--gradcheck-report",
        metavar="FILE.html",
        type=Path,
        help="write a page on all functions whose gradient or meaning was checked",
    )
    group.addoption(
        "--gradcheck-pictures",
        metavar="DIR",
        type=Path,
        help="where pictures of failures are saved; in pytest's tmp_path by default",
    )
    names = ", ".join(GUARDS)
    parser.addini(OPTION, f"guards of all tests: {names}", type="args", default=[])


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known, and refuse guards that there are not."""
    config.addinivalue_line(
        "markers",
        f"{OPTION}(*names): guards of a test: {', '.join(GUARDS)}; one that all tests "
        "have is left out by a minus before its name",
    )
    _known(config.getini(OPTION))


def _known(names: Any) -> Any:
    for name in names:
        if str(name).removeprefix("-") not in GUARDS:
            raise pytest.UsageError(
                f"{OPTION}: no guard is called {name!r}; there are {', '.join(GUARDS)}"
            )
    return names


# --- tests -----------------------------------------------------------------------


def pytest_pycollect_makeitem(
    collector: pytest.Module | pytest.Class, name: str, obj: object
) -> pytest.Item | None:
    """Collect what `@gradtest` has made, whatever it is called."""
    if _is_gradtest(obj) and not collector.funcnamefilter(name):
        return pytest.Function.from_parent(collector, name=name, callobj=obj)
    return None


def _is_gradtest(thing: object) -> bool:
    function = getattr(thing, "__func__", thing) if callable(thing) else thing
    return isinstance(function, FunctionType) and "gradtest" in vars(function)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Watch over a test, if it has to do with the package."""
    asked = set(GUARDS) & set(getattr(item, "fixturenames", ()))
    marked = {name for mark in item.iter_markers(OPTION) for name in _known(mark.args)}
    asked |= {name for name in marked if not name.startswith("-")}
    report = item.config.getoption("gradcheck_report")
    if not asked and not report and "tinygrad_jp" not in sys.modules:
        return (yield)
    everywhere = set(item.config.getini(OPTION))
    asked |= {name for name in everywhere if f"-{name}" not in marked}
    if not asked and not report and "tinygrad_jp.testing" not in sys.modules:
        return (yield)

    from tinygrad_jp.testing.plugin.gradtest import hurry
    from tinygrad_jp.testing.plugin.run import Run

    function: Any = getattr(item, "obj", None)
    if _is_gradtest(function):
        hurry(getattr(function, "__func__", function))  # if it has settings of its own
    names = [name for name in GUARDS if name in asked]
    run = Run(names, getattr(item, "funcargs", None) or {})
    item.stash[_runs] = run
    item.config.stash[_current] = run
    with run:
        result = yield
    if run.problems:
        pytest.fail("\n".join(run.problems), pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to a failure the code that repeats it, and the path of its picture."""
    run = item.stash.get(_runs, None) if call.when == "call" else None
    if run is None:
        return (yield)
    del item.stash[_runs]  # it must keep nothing alive
    from tinygrad_jp.testing.plugin.run import shorten, shown

    error = None if call.excinfo is None else call.excinfo.value
    whole = item.config.getoption("fulltrace") or item.config.getoption("usepdb")
    if error is not None and not whole:
        shorten(error)
    report = yield
    text = None if error is None or whole else shown(error)
    if text is not None and report.failed:
        report.longrepr = text  # type: ignore[assignment] # as pytest's own can
    failures = []
    if error is not None:
        folder = item.config.getoption("gradcheck_pictures") or _temporary(item.config)
        failures = run.failures(error, item, folder)
    for failure in failures:
        report.sections.append(("how to repeat it (tinygrad_jp)", failure.shown()))
    if item.config.getoption("gradcheck_report"):
        # Text and numbers, which xdist carries from its workers to the main process.
        vars(report)[OPTION] = run.rows(item.nodeid, failures, failed=report.failed)
    return report


def _temporary(config: pytest.Config) -> Path:
    factory = config._tmp_path_factory  # type: ignore[attr-defined] # of pytest's tmp_path
    return Path(factory.getbasetemp()) / "gradcheck"


# --- the page --------------------------------------------------------------------


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Write the page, and say where it is."""
    path = config.getoption("gradcheck_report")
    if path is None or hasattr(config, "workerinput"):
        return
    from tinygrad_jp.testing.plugin.page import write_page

    reports = [r for found in terminalreporter.stats.values() for r in found]
    rows = [row for report in reports for row in getattr(report, OPTION, ())]
    write_page(rows, path)
    terminalreporter.write_sep("-", f"gradients: {len(rows)} checked, see {path}")


# --- fixtures --------------------------------------------------------------------
# They are names alone, and of the session, so that tests of Hypothesis may have them:
# the guards stand around the call of a test.


def _fixture(name: str) -> Any:
    def guard() -> None:
        pass

    guard.__doc__ = GUARDS[name]
    return pytest.fixture(scope="session", name=name)(guard)


no_leaks = _fixture("no_leaks")
no_cycles = _fixture("no_cycles")
no_float64 = _fixture("no_float64")
same_mode = _fixture("same_mode")


@pytest.fixture(scope="session", name="unchanged")
def watcher(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Watch over arrays, and fail if they are written to; returns what it gets."""
    config = request.config

    def watched(*values: Any) -> Any:
        return config.stash[_current].watch(*values)

    return watched
