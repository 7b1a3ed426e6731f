"""The command line of the benchmark, and the surroundings that it asks for."""

import doctest
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import machine, report
from benchmarks.__main__ import parse
from benchmarks.variants import Variant, variants


def test_variants_are_every_number_of_threads_with_every_chip(monkeypatch):
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    assert variants("1", "") == [Variant()]
    assert variants("1,2,1", "default,SkylakeX") == [
        Variant(1),
        Variant(1, "SkylakeX"),
        Variant(2),
        Variant(2, "SkylakeX"),
    ]
    for wrong in ("0", "two", "", "1,-2", "1.5"):
        with pytest.raises(ValueError, match="--threads"):
            variants(wrong, "")
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    assert variants("1", "") == [Variant(1, "Haswell")]  # never silently
    assert variants("1", "default") == [Variant(1)]


def test_a_variant_sets_the_environment_of_new_processes_alone(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.delenv("NPROC", raising=False)
    show = "import os; print([os.environ.get(n) for n in {!r}])".format(
        (*machine.THREAD_VARIABLES, "OPENBLAS_CORETYPE")
    )

    def seen():
        done = subprocess.run(
            [sys.executable, "-c", show], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    with Variant(3, "SkylakeX").environment():
        assert seen() == str(["3"] * len(machine.THREAD_VARIABLES) + ["SkylakeX"])
    with Variant(1).environment():
        assert seen() == str(["1"] * len(machine.THREAD_VARIABLES) + [None])
    assert "'7'" in seen()
    assert "'Haswell'" in seen()
    assert seen().count("None") >= 1


def test_the_line_on_the_blas_says_where_it_is_not_as_asked():
    line = "openblas 0.3 (Haswell, threads: 1)"
    assert Variant(1, "SkylakeX").doubt(line) == "; SkylakeX was asked for"
    assert Variant(1, "haswell").doubt(line) == ""
    assert Variant(1).doubt(line) == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--rounds", "0"], "--rounds: needs 1 or more, got 0"),
        (["--patience", "0"], "--patience: needs seconds, got 0.0"),
        (["--threads", "0"], "--threads: needs numbers from 1, got '0'"),
        (["--only", "W9"], "no workload is called 'W9'"),
        (["--only", "W8.foo"], "no part of W8 is called 'W8.foo'"),
        (["--peers", "tensorflow"], "no peer is called 'tensorflow'"),
    ],
)
def test_a_command_that_cannot_be_obeyed(arguments, said, capsys):
    with pytest.raises(SystemExit) as error:
        parse(arguments)
    assert error.value.code == 2
    assert said in capsys.readouterr().err


def test_a_command_asks_for_workloads_and_parts_of_w8():
    command = parse(["--only", "W5,W8.import", "--peers", "hand", "--quick"])
    request = command.request
    assert [w.key for w in request.workloads] == ["W5.10k", "W5.100k", "W5.1M"]
    assert list(request.weighings) == ["W8.import"]
    assert [c.key for c in request.contenders] == ["ours", "ours-nn", "hand"]
    assert request.quick
    assert request.patience == 0.5
    assert command.typed == (
        "python -m benchmarks --only W5,W8.import --peers hand --quick"
    )
    everything = parse([]).request
    assert len(everything.workloads) >= 9
    assert {"W8.import", "W8.memory.W2"} <= set(everything.weighings)
    assert parse(["--only", "W8"]).request.workloads == []
    assert parse(["--only", "W1"]).request.weighings == []


def test_torch_compile_is_in_a_quick_run_only_where_it_was_named():
    assert "torch-compile" in parse(["--quick"]).request.left_out
    assert not parse(["--quick", "--peers", "torch-compile"]).request.left_out
    assert not parse([]).request.left_out


def test_the_commands_of_the_page_can_be_typed():
    page = (Path(report.__file__).parent / "README.md").read_text("utf-8")
    commands = re.findall(r"^python -m benchmarks( [^#\n]*)?(?:#.*)?$", page, re.M)
    assert len(commands) >= 5
    for arguments in commands:
        parse(arguments.split())


@pytest.mark.parametrize("name", ["figures", "growth", "picture", "plots", "variants"])
def test_the_examples_in_its_pages_run(name):
    found = doctest.testmod(importlib.import_module(f"benchmarks.{name}"))
    assert found.attempted
    assert not found.failed


def test_memory_may_be_kept_for_everybody(monkeypatch):
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "5")
    plain, kept = variants("1", "default", "default,kept")
    assert (plain.title, kept.title) == ("1 thread", "1 thread, freed memory kept")
    assert (plain.key, kept.key) == ("1-thread", "1-thread-kept")
    with kept.environment():
        assert os.environ["MALLOC_TRIM_THRESHOLD_"] == "1000000000"
        assert os.environ["MALLOC_MMAP_THRESHOLD_"] == "1000000000"
    assert os.environ["MALLOC_TRIM_THRESHOLD_"] == "5"
    assert "MALLOC_MMAP_THRESHOLD_" not in os.environ
    with plain.environment():
        assert os.environ["MALLOC_TRIM_THRESHOLD_"] == "5"
    with pytest.raises(ValueError, match='needs "default" or "kept", got \'all\''):
        variants("1", "", "all")
