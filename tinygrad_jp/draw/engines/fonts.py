"""The Japanese fonts of this system, of which Graphviz itself says nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

_FILES = re.compile(
    r"ipa(ex)?[gm]|noto(sans|serif)(mono)?cjk|noto(sans|serif)jp|takao|vlgothic|vl-"
    r"gothic|migu|migmix|sazanami|kochi|hiragino|ヒラギノ|yugoth|yumin|meiryo|msgothic|"
    r"msmincho|biz-ud|sourcehan|morisawa",
    re.IGNORECASE,
)
_ENDINGS = {".ttf", ".ttc", ".otf", ".otc"}


def japanese() -> list[str]:
    """Their names, sorted; by fontconfig where it is there, else by file name."""
    named = _by_fontconfig()
    return sorted(_by_file() if named is None else named)


def _by_fontconfig() -> set[str] | None:
    program = shutil.which("fc-list")
    if program is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603  # no shell, no argument of a user
            [program, ":lang=ja", "family"],
            capture_output=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode:
        return None
    lines = done.stdout.decode(errors="replace").splitlines()
    return {line.partition(",")[0] for line in lines if line.strip()}


def _by_file() -> set[str]:
    return {
        path.stem
        for folder in folders()
        for path in folder.rglob("*")
        if path.suffix.lower() in _ENDINGS and _FILES.search(path.stem)
    }


def folders() -> list[Path]:
    """Where this system keeps fonts."""
    home = Path.home()
    if sys.platform == "win32":
        windows = Path(os.environ.get("WINDIR", r"C:\Windows"))
        return [windows / "Fonts", home / "AppData/Local/Microsoft/Windows/Fonts"]
    if sys.platform == "darwin":
        return [
            Path("/System/Library/Fonts"),
            Path("/Library/Fonts"),
            home / "Library/Fonts",
        ]
    return [
        Path("/usr/share/fonts"),
        Path("/usr/local/share/fonts"),
        home / ".fonts",
        home / ".local/share/fonts",
    ]
