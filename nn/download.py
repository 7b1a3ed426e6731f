"""Files from the network: checked, kept, and taken up again where a download broke off.

A file appears under its own name only when it is whole and its checksum is right; until
then it grows as ``NAME.part``, so a broken download goes on from there.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPException
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

_TIMEOUT = 20.0  # seconds without a byte
_PIECE = 1 << 16  # bytes at a time
_RANGE_NOT_SATISFIABLE = 416
_PARTIAL = 206


def cache() -> Path:
    """Where downloads are kept: $TINYGRAD_JP_DATA, or the system's cache folder."""
    chosen = os.environ.get("TINYGRAD_JP_DATA")
    if chosen:
        return Path(chosen).expanduser()
    system = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(system) if system else Path.home() / ".cache") / "tinygrad_jp"


def fetch(
    owner: str, folder: Path, files: Mapping[str, str], mirrors: Sequence[str]
) -> None:
    """Bring those files that are missing into a folder.

    Args:
        owner: Who asks, for errors and the progress bar.
        folder: Where they go; made if need be.
        files: The SHA-256 of each, by name.
        mirrors: Addresses before the name, tried in this order.

    Raises:
        ConnectionError: No mirror gave a file that is right. Says what each did, and
            how to get it by hand.
        OSError: The folder cannot be written to.
    """
    for name, digest in files.items():
        if not (folder / name).exists():
            folder.mkdir(parents=True, exist_ok=True)
            _fetch_one(owner, folder / name, digest, mirrors)


def _fetch_one(owner: str, path: Path, digest: str, mirrors: Sequence[str]) -> None:
    part = path.with_name(f"{path.name}.part")
    said = []
    for mirror in mirrors:
        address = f"{mirror}{path.name}"
        # What was there may be of another file: then once more, from the start.
        for fresh in (False, True) if part.exists() else (True,):
            if fresh:
                part.unlink(missing_ok=True)
            try:
                _receive(owner, address, part)
            except (ConnectionError, HTTPException, OSError, ValueError) as error:
                if isinstance(error, OSError) and error.errno and error.filename:
                    raise  # our own file
                said.append(f"{address}: {_reason(error)}")
                break
            found = hashlib.sha256(part.read_bytes()).hexdigest()
            if found == digest:
                os.replace(part, path)
                return
            if fresh:
                part.unlink()
                said.append(f"{address}: SHA-256 is {found}, not {digest}")
    tried = "\n".join([f"    {line}" for line in said])
    raise ConnectionError(
        f"{owner}: could not download {path.name}\n{tried}\n"
        f"Get it by hand and put it into {path.parent}, or name a folder that has it"
    )


def _reason(error: Exception) -> str:
    if isinstance(error, HTTPError):
        return f"HTTP status {error.code} ({error.reason})"
    return str(error) or type(error).__name__


def _receive(owner: str, address: str, part: Path) -> None:
    """Append to a file what it lacks of the one at an address."""
    if not address.startswith(("https://", "http://")):
        raise ValueError("needs an address that begins with https:// or http://")
    have = part.stat().st_size if part.exists() else 0
    rest = {"Range": f"bytes={have}-"} if have else {}
    request = Request(address, headers=rest)  # noqa: S310  # checked above
    try:
        answer = urlopen(request, timeout=_TIMEOUT)  # noqa: S310  # as above
    except HTTPError as error:
        if error.code == _RANGE_NOT_SATISFIABLE and have:
            return  # it lacks nothing; the checksum says whether that is true
        raise
    with answer:
        if have and answer.status != _PARTIAL:
            have = 0  # a server that always gives all of it
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length else None
        with (
            part.open("ab" if have else "wb") as file,
            _progress(owner, part, total) as bar,
        ):
            bar.update(have)
            while piece := answer.read(_PIECE):
                file.write(piece)
                bar.update(len(piece))
    size = part.stat().st_size
    if total is not None and size < total:
        raise ConnectionError(f"broke off after {size:,} of {total:,} bytes")


class _Silent:
    """A progress bar that nobody sees."""

    def update(self, count: int) -> None:
        """Go on by so many bytes."""


@contextmanager
def _progress(owner: str, part: Path, total: int | None) -> Iterator[Any]:
    """A progress bar, where somebody watches and tqdm is there."""
    title = f"{owner}: {part.stem}"
    try:
        tqdm = import_module("tqdm").tqdm
    except ModuleNotFoundError:
        print(title, file=sys.stderr)
        yield _Silent()
        return
    with tqdm(
        total=total, desc=title, unit="B", unit_scale=True, disable=None, leave=False
    ) as bar:
        yield bar
