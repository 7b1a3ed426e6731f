"""All examples together: each is listed, in both READMEs too, and shown on one page."""

import html
import importlib
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
OTHERS = {"book", "gallery", "quickstart"}


@pytest.fixture
def book(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    return importlib.import_module("book")


def test_every_example_is_listed(book):
    there = {path.stem for path in EXAMPLES.glob("[!_]*.py")}
    assert {*book.CHAPTERS, *book.CASES} == there - OTHERS


@pytest.mark.parametrize("page", ["README.md", "README.ja.md"])
def test_every_example_stands_in_the_readme(book, page):
    rows = re.findall(r"^\| (?:\d|Readers|読者).*$", (ROOT / page).read_text(), re.M)
    listed = re.findall(r"`(\w+)[ `]", " ".join(rows))
    assert set(listed) >= {*book.CHAPTERS, *book.CASES}


def test_chapters_are_in_the_order_of_the_book(book):
    assert [name[:4] for name in book.CHAPTERS] == sorted(n[:4] for n in book.CHAPTERS)


def test_one_page_shows_what_examples_printed_and_drew(
    book, monkeypatch, tmp_path, capsys
):
    words = ["book.py", "--out", str(tmp_path), "--only", "ch02,gradient_check"]
    monkeypatch.setattr(sys, "argv", [*words, "--quick"])
    monkeypatch.delenv("MNIST", raising=False)
    assert book.main() == 0
    assert "2 examples" in capsys.readouterr().out
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert '<img src="ch02_gates/ch02_gates.png"' in page
    assert (tmp_path / "ch02_gates" / "ch02_gates.png").exists()
    assert "XOR:  0  1  1  0" in html.unescape(page)
    assert "5.7.3 節 勾配確認" in page
    assert "python examples/ch02_gates.py --quick" in page
    assert "http" not in page


def test_a_failure_is_told(book, monkeypatch, tmp_path, capsys):
    bad = tmp_path / "bad.py"
    bad.write_text("raise SystemExit('<no data>')")
    monkeypatch.setattr(book, "chosen", lambda only: [(bad, [])])
    monkeypatch.setattr(sys, "argv", ["book.py", "--out", str(tmp_path)])
    assert book.main() == 1
    assert "<no data>" in capsys.readouterr().out
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "失敗 / failed" in page
    assert "&lt;no data&gt;" in page
