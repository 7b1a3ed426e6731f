"""What installs a package on this system."""

from __future__ import annotations

import os
import shutil
import sys

GRAPHVIZ = {"": "graphviz", "winget": "Graphviz.Graphviz", "conda": "graphviz"}
FONT = {
    "": "noto-fonts-cjk",
    "apt-get": "fonts-ipaexfont-gothic",
    "dnf": "google-noto-sans-cjk-fonts",
    "zypper": "google-noto-sans-jp-fonts",
    "apk": "font-noto-cjk",
    "brew": "--cask font-noto-sans-cjk-jp",
}
NATIVE_EXTRA = "pip install 'tinygrad_jp[draw]'"
WASM_EXTRA = "pip install 'tinygrad_jp[draw-wasm]'"
_MANAGERS = {
    "apt-get": "install",
    "dnf": "install",
    "zypper": "install",
    "pacman": "-S",
    "apk": "add",
}


def command(package: dict[str, str]) -> str:
    """The command that installs a package on this system.

    Args:
        package: What it is called, by package manager; "" for all others.
    """
    if os.environ.get("CONDA_PREFIX") and "conda" in package:
        return f"conda install -c conda-forge {package['conda']}"
    if sys.platform == "win32" and "winget" in package:
        return f"winget install {package['winget']}"
    if sys.platform == "darwin":
        return f"brew install {package.get('brew', package[''])}"
    sudo = "" if getattr(os, "geteuid", lambda: 1)() == 0 else "sudo "
    for manager, verb in _MANAGERS.items():
        if shutil.which(manager):
            return f"{sudo}{manager} {verb} {package.get(manager, package[''])}"
    return f"your system's package {package['']!r}"


def font() -> str:
    """How to get a Japanese font."""
    if sys.platform == "win32":
        return (
            "Settings > System > Optional features > Add a feature > "
            "Japanese Supplemental Fonts"
        )
    return command(FONT)


def graphviz() -> str:
    """How to get `dot`, or what stands in for it."""
    return f"{command(GRAPHVIZ)}; or by pip alone: {NATIVE_EXTRA}"


def cure() -> str:
    """What is missing where there is no engine, and how to get it."""
    return (
        "Graphviz (the program `dot`) was not found; get it with: "
        f"{graphviz()} (SVG, PNG, PDF) or {WASM_EXTRA} (SVG)"
    )
