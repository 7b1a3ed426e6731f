"""Writing a file whole or not at all."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from secrets import token_hex


def replace(path: Path, content: bytes, owner: str) -> None:
    """Put `content` where `path` points. Folders are made.

    What stood there stays until all is written, so a full disk leaves the old file.
    What is no plain file, such as a pipe or ``/dev/stdout``, is written to instead.

    Args:
        path: Where to. A link is followed, and stays.
        content: The whole file.
        owner: Whose call it is; errors begin with it.

    Raises:
        OSError: It cannot be written; of the kind and number that the system gave.
    """
    target = Path(os.path.realpath(path))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists() and not target.is_file():
            target.write_bytes(content)
        else:
            _swap(target, content)
    except OSError as error:
        reason = f"{owner}: cannot write the file: {error.strerror}"
        raise OSError(error.errno, reason, str(path)) from error


def _swap(target: Path, content: bytes) -> None:
    # Short, because the name of the file may be as long as the system allows.
    draft = target.with_name(f".{token_hex(8)}.tmp")
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            shutil.copymode(target, draft)
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
