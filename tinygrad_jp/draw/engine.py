"""Graphviz's `dot`: finding it, running it, and what to do where it is missing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Sequence

from tinygrad_jp.draw.basics import EngineError, EngineWarning
from tinygrad_jp.draw.text import has_japanese

TIMEOUT = 30.0  # seconds
_DPI = 144.0
_PIXELS = 16_000_000  # of a PNG; its bitmap takes four bytes for each
_SIDE = 16_000  # pixels; Cairo's limit is 32,767


def command(package: dict[str, str]) -> str:
    """The command that installs a package on this system.

    Args:
        package: What it is called, by package manager; "" for all others.
    """
    if os.environ.get("CONDA_PREFIX") and "conda" in package:
        return f"conda install -c conda-forge {package['conda']}"
    if sys.platform == "win32":
        return f"winget install {package.get('winget', package[''])}"
    if sys.platform == "darwin":
        return f"brew install {package.get('brew', package[''])}"
    sudo = "" if getattr(os, "geteuid", lambda: 1)() == 0 else "sudo "
    for manager, verb in (
        ("apt-get", "install"),
        ("dnf", "install"),
        ("zypper", "install"),
        ("pacman", "-S"),
        ("apk", "add"),
    ):
        if shutil.which(manager):
            return f"{sudo}{manager} {verb} {package.get(manager, package[''])}"
    return f"install the package {package['']!r}"


GRAPHVIZ = {"": "graphviz", "winget": "Graphviz.Graphviz", "conda": "graphviz"}
FONT = {
    "": "noto-fonts-cjk",
    "apt-get": "fonts-ipaexfont-gothic",
    "dnf": "google-noto-sans-cjk-fonts",
    "apk": "font-noto-cjk",
    "brew": "--cask font-noto-sans-cjk-jp",
}


def cure() -> str:
    """How to get `dot`."""
    hint = command(GRAPHVIZ)
    return f"Graphviz (the program `dot`) was not found; get it with: {hint}"


def is_there() -> bool:
    """Whether `dot` is on the PATH."""
    return shutil.which("dot") is not None


def render(source: str, kind: str, options: Sequence[str] = ()) -> bytes:
    """Run `dot` on DOT source and return what it makes.

    Raises:
        EngineError: It is missing, failed, or took longer than `TIMEOUT` seconds.
    """
    program = shutil.which("dot")
    if program is None:
        raise EngineError(f"draw: {cure()}")
    try:
        done = subprocess.run(  # noqa: S603  # no shell, and no argument of a user
            [program, f"-T{kind}", *options],
            input=source.encode(),
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise EngineError(
            f"draw: `dot` took longer than {TIMEOUT:g} s; draw less (a smaller depth=, "
            'or ops inside `with tg.scope(name):`), or .save("graph.dot")'
        ) from None
    except OSError as error:
        raise EngineError(f"draw: {program} could not be run: {error}") from error
    if done.returncode or not done.stdout:
        said = done.stderr.decode(errors="replace").strip()[-500:]
        raise EngineError(
            f"draw: `dot -T{kind}` failed with exit code {done.returncode}: {said}"
        )
    return done.stdout


def svg(source: str) -> str:
    """The picture as an SVG element, that shrinks with the page it stands on."""
    text = render(source, "svg").decode()
    element = text[text.index("<svg") :]
    return element.replace("<svg ", '<svg style="max-width:100%;height:auto" ', 1)


def png(source: str) -> bytes:
    """The picture as a PNG, as sharp as its size allows."""
    _check_fonts(source)
    width, height = _size(svg(source))
    points = max(width * height, 1.0)
    room = min((_PIXELS / points) ** 0.5, _SIDE / max(width, height, 1.0))
    return render(source, "png", [f"-Gdpi={min(_DPI, 72 * room):.2f}"])


def pdf(source: str) -> bytes:
    """The picture as a PDF of one page."""
    _check_fonts(source)
    return render(source, "pdf")


def _size(element: str) -> tuple[float, float]:
    """Width and height of an SVG in points."""
    found = re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', element)
    return (float(found[1]), float(found[2])) if found else (1000.0, 1000.0)


def _check_fonts(source: str) -> None:
    """Warn of boxes in place of Japanese text: Graphviz itself says nothing."""
    program = shutil.which("fc-list")
    if program is None or not has_japanese(source):
        return
    try:
        done = subprocess.run(  # noqa: S603  # as above
            [program, ":lang=ja", "family"],
            capture_output=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return
    if not done.returncode and not done.stdout.strip():
        warnings.warn(
            "draw: no Japanese font was found, so Japanese text comes out as boxes; "
            f"get one with: {command(FONT)}",
            EngineWarning,
            stacklevel=4,
        )
