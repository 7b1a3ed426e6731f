"""Programs that hang, crash or cannot be run do no harm, and are named."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
from machines import put

from tinygrad_jp import Tensor, draw
from tinygrad_jp.draw import EngineError
from tinygrad_jp.draw.engines import process
from tinygrad_jp.draw.engines.base import output_of

POSIX = pytest.mark.skipif(os.name != "posix", reason="process groups are of Unix")


def drawing(name="x"):
    x = Tensor([1.0, 2.0], requires_grad=True, name=name)
    return draw((x * x).sum())


def is_running(pid):
    """Whether a process is there, and is no zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def waits_until(happens, seconds=5.0):
    end = time.monotonic() + seconds
    while not happens() and time.monotonic() < end:
        time.sleep(0.02)
    return happens()


# --- in time ---------------------------------------------------------------------


def test_a_dot_that_hangs_is_stopped(monkeypatch, tmp_path):
    put(monkeypatch, tmp_path / "bin", "dot", "import time; time.sleep(60)")
    monkeypatch.setattr(process, "TIMEOUT", 0.5)
    start = time.monotonic()
    with pytest.raises(EngineError, match=r"`dot` took longer than 0\.5 s.*depth="):
        drawing().svg()
    assert time.monotonic() - start < 20
    assert "longer than" in drawing()._repr_mimebundle_()["text/plain"]


WRAPPER = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open({log!r}, "w").write(f"{{os.getpid()}} {{child.pid}}")
child.wait()
"""


@POSIX
def test_what_a_dot_started_is_stopped_too_and_none_is_left_a_zombie(
    monkeypatch, tmp_path
):
    log = tmp_path / "pids"
    put(monkeypatch, tmp_path / "bin", "dot", WRAPPER.format(log=str(log)))
    monkeypatch.setattr(process, "TIMEOUT", 2.0)
    with pytest.raises(EngineError, match="longer than"):
        drawing().svg()
    first, second = map(int, log.read_text().split())
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)  # a zombie would still be there
    assert waits_until(lambda: not is_running(second))


@POSIX
def test_a_child_that_hides_cannot_hold_us(monkeypatch, tmp_path):
    """One in a session of its own is out of reach, but its pipe is not waited for."""
    log = tmp_path / "pid"
    script = (
        "import subprocess, sys\n"
        "hidden = subprocess.Popen([sys.executable, '-c', 'import time; "
        "time.sleep(20)'], start_new_session=True)\n"
        f"open({str(log)!r}, 'w').write(str(hidden.pid))\n"
    )
    put(monkeypatch, tmp_path / "bin", "dot", script)
    monkeypatch.setattr(process, "TIMEOUT", 1.5)
    start = time.monotonic()
    with pytest.raises(EngineError, match="longer than"):
        drawing().svg()
    assert time.monotonic() - start < 10
    os.kill(int(log.read_text()), signal.SIGKILL)


@POSIX
def test_an_interrupt_stops_the_program_too(monkeypatch, tmp_path):
    log = tmp_path / "pids"
    put(monkeypatch, tmp_path / "bin", "dot", WRAPPER.format(log=str(log)))

    def interrupt():
        waits_until(log.exists)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    # A program that was started in the background ignores the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            drawing().svg()
    finally:
        signal.signal(signal.SIGINT, before)
    thread.join()
    assert waits_until(lambda: log.read_text().count(" ") == 1)
    for pid in map(int, log.read_text().split()):
        assert waits_until(lambda pid=pid: not is_running(pid))


def test_a_package_that_hangs_or_crashes_does_no_harm(monkeypatch):
    monkeypatch.setattr(process, "TIMEOUT", 1.0)
    with pytest.raises(EngineError, match="`slow` took longer than 1 s"):
        process.run_python("slow", "while True: pass", "svg", "digraph {}")
    monkeypatch.setattr(process, "TIMEOUT", 30.0)
    ran = process.run_python("wild", "import os; os.abort()", "svg", "digraph {}")
    assert ran.status != 0
    with pytest.raises(EngineError, match=r"`wild` failed to make a svg with exit"):
        output_of(ran, "wild", "svg")


def test_much_in_and_much_out_cannot_block():
    text = "x" * 3_000_000
    program = "sys.stdout.write(sys.stdin.read())"
    assert process.run_python("echo", program, "svg", text).made == text.encode()


# --- failures ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("import sys; sys.exit('no pango')", "exit code 1: no pango"),
        ("", "exit code 0"),
        ("import sys; sys.stderr.buffer.write(b'\\xff'); sys.exit(3)", "exit code 3"),
    ],
)
def test_a_dot_that_fails_is_quoted(monkeypatch, tmp_path, script, message):
    put(monkeypatch, tmp_path / "bin", "dot", script)
    with pytest.raises(EngineError, match=message):
        drawing().save(tmp_path / "graph.svg")
    assert not (tmp_path / "graph.svg").exists()


def test_a_dot_that_reads_nothing_is_quoted_all_the_same(monkeypatch, tmp_path):
    script = "import os, sys; os.close(0); sys.exit('cannot read')"
    put(monkeypatch, tmp_path / "bin", "dot", script)
    x = Tensor(1.0, requires_grad=True, name="x" * 500_000)
    with pytest.raises(EngineError, match="cannot read"):
        draw(x * 2.0).svg()


def test_a_dot_that_cannot_be_run(monkeypatch, tmp_path):
    put(monkeypatch, tmp_path / "bin", "dot", "")
    (tmp_path / "bin/dot").write_text("#!/nowhere/at/all\n")
    with pytest.raises(EngineError, match=r"bin/dot could not be run: "):
        drawing().svg()


def test_dot_is_given_an_argument_list_and_no_name_of_the_user(monkeypatch, tmp_path):
    log = tmp_path / "arguments"
    script = f"import sys; open({str(log)!r}, 'w').write(repr(sys.argv[1:]))"
    put(monkeypatch, tmp_path / "bin", "dot", script)
    with pytest.raises(EngineError):
        drawing(name="$(reboot) `id`; -o evil").svg()
    assert log.read_text() == "['-Tsvg']"


def test_a_python_without_a_name_of_its_own_is_said(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(EngineError, match="/nowhere/python could not be run"):
        process.run_python("any", "", "svg", "")
