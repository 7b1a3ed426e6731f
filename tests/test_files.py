"""A file is written whole or not at all."""

import os
import subprocess
import sys

import pytest

from tinygrad_jp.files import replace

POSIX = pytest.mark.skipif(os.name != "posix", reason="of Unix")


def test_folders_are_made(tmp_path):
    replace(tmp_path / "a/b/file", b"new", "Someone")
    assert (tmp_path / "a/b/file").read_bytes() == b"new"


def test_nothing_else_is_left(tmp_path):
    for content in (b"old", b"new"):
        replace(tmp_path / "file", content, "Someone")
    assert [*tmp_path.iterdir()] == [tmp_path / "file"]
    assert (tmp_path / "file").read_bytes() == b"new"


def test_a_name_as_long_as_the_system_allows(tmp_path):
    replace(tmp_path / ("x" * 255), b"new", "Someone")
    assert (tmp_path / ("x" * 255)).read_bytes() == b"new"


@POSIX
def test_the_rights_are_those_of_a_new_file_or_of_the_old_one(tmp_path):
    (tmp_path / "plain").touch()
    replace(tmp_path / "file", b"new", "Someone")
    mode = (tmp_path / "plain").stat().st_mode
    assert (tmp_path / "file").stat().st_mode == mode
    (tmp_path / "file").chmod(0o600)
    replace(tmp_path / "file", b"newer", "Someone")
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


@POSIX
def test_a_link_is_followed_and_stays(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "deep/file")
    for content in (b"old", b"new"):
        replace(tmp_path / "link", content, "Someone")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "deep/file").read_bytes() == b"new"


FULL = """
import resource, sys
from pathlib import Path
from tinygrad_jp.files import replace
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
replace(Path(sys.argv[1]), b"x" * 2000, "Someone")
"""


@POSIX
def test_where_no_room_is_left_the_old_file_stays(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    done = subprocess.run(
        [sys.executable, "-c", FULL, path], capture_output=True, text=True
    )
    last = done.stderr.splitlines()[-1]
    assert last.startswith("OSError: ")
    assert "Someone: cannot write the file: File too large" in last
    assert str(path) in last
    assert [*tmp_path.iterdir()] == [path]
    assert path.read_bytes() == b"old"


@POSIX
def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    end = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    replace(pipe, b"new", "Someone")
    assert os.read(end, 9) == b"new"
    assert pipe.is_fifo()
    os.close(end)


def test_an_interrupt_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(number):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        replace(tmp_path / "file", b"new", "Someone")
    assert [*tmp_path.iterdir()] == []


def test_a_folder_and_a_file_in_the_way_are_named(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    for path, error in (
        (tmp_path / "folder", IsADirectoryError),
        (tmp_path / "file/below", OSError),
    ):
        with pytest.raises(error, match="Someone: cannot write the file: ") as caught:
            replace(path, b"new", "Someone")
        assert caught.value.filename == str(path)
    assert sorted(tmp_path.iterdir()) == [tmp_path / "file", tmp_path / "folder"]
