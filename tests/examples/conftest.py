"""Running an example of the book as a reader does, in this process."""

import json
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def run_example(monkeypatch, tmp_path, capsys):
    """A function that runs an example and returns what it printed and showed."""

    def run(name, *options, size="--quick"):
        out = tmp_path / "out"
        monkeypatch.syspath_prepend(EXAMPLES)
        monkeypatch.delenv("MNIST", raising=False)
        words = [name, "--out", str(out), *options]
        monkeypatch.setattr(sys, "argv", [*words, size] if size else words)
        capsys.readouterr()
        space = runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
        listing = out / f"{name}.json"
        figures = []
        if listing.exists():
            figures = json.loads(listing.read_text(encoding="utf-8"))["figures"]
        for figure in figures:
            assert (out / figure["file"]).stat().st_size > 1000
            assert figure["ja"] != figure["en"]
        files = [figure["file"] for figure in figures]
        return SimpleNamespace(
            text=capsys.readouterr().out, files=files, out=out, space=space
        )

    return run
