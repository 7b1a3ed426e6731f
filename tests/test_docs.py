"""Every sentence that is code is executed: docstring examples and README blocks."""

import doctest
import inspect
import re
import textwrap
from pathlib import Path

import numpy as np
import pytest

import nn
import tinygrad_jp as tg
from tinygrad_jp import testing
from tinygrad_jp.testing import strategies

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "README.ja.md", "CONTRIBUTING.md")


def public():
    """Every public function and class, and the methods that classes define."""
    for home in (tg, nn, testing, strategies):
        for name in home.__all__:
            thing = getattr(home, name)
            if callable(thing) or inspect.isclass(thing):
                yield pytest.param(thing, id=f"{home.__name__}.{name}")


def examples_of(thing):
    space = {"tg": tg, "nn": nn, "np": np, "Tensor": tg.Tensor}
    finder = doctest.DocTestFinder(recurse=inspect.isclass(thing))
    return [
        test
        for test in finder.find(thing, thing.__name__, module=False, globs=space)
        if test.examples
    ]


@pytest.mark.parametrize("thing", list(public()))
def test_public_names_have_an_example_that_runs(thing, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tests = examples_of(thing)
    if not (inspect.isclass(thing) and issubclass(thing, Exception)):
        assert tests, f"{thing.__name__}: its docstring has no example"
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    for test in tests:
        report = []
        runner.run(test, out=report.append)
        assert not runner.failures, "".join(report)


@pytest.mark.parametrize("page", PAGES)
def test_the_code_of_a_page_runs_from_top_to_bottom(page, tmp_path, monkeypatch):
    blocks = code_of((ROOT / page).read_text(), "python")
    assert blocks
    monkeypatch.chdir(tmp_path)
    space = {"__name__": page}
    for block in blocks:
        exec(compile(block, page, "exec"), space)


def code_of(text, language):
    """The fenced blocks of a language, those in lists too."""
    blocks = re.findall(rf"^( *)```{language}\n(.*?)^ *```", text, re.M | re.S)
    return [textwrap.dedent(block) for _, block in blocks]


def test_the_two_readmes_are_equal_but_for_their_language():
    english, japanese = ((ROOT / page).read_text() for page in PAGES[:2])
    for path in re.findall(r"!\[.*?\]\((.*?)\)", english + japanese):
        assert (ROOT / path).exists()
    japanese = japanese.replace(', lang="ja"', "").replace("gallery/ja/", "gallery/")
    for language in ("python", "sh"):
        codes = [code_of(text, language) for text in (english, japanese)]
        bare = [[re.sub(r" *#.*", "", block) for block in code] for code in codes]
        assert bare[0] == bare[1]
    for pattern in (r"^(#+) ", r"!\[.*?\]\((.*?)\)"):
        found = [re.findall(pattern, text, re.M) for text in (english, japanese)]
        assert found[0] == found[1]
