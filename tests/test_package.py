"""What the package promises as a whole: names, imports, what it costs to import."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_jp as tg

ROOT = Path(__file__).parents[1]
ROOMS = [
    "graph",
    "mode",
    "errors",
    "files",
    "dtypes",
    "heap",
    "ops",
    "operands",
    "lifted",
    "record",
    "debug",
    "functions",
    "compose",
    "aliases",
    "numpy_tables",
    "numpy_protocol",
    "cotangents",
    "backward",
    "hooks",
    "accumulate",
    "copies",
    "update",
    "exchange",
    "operators",
    "display",
    "methods",
    "tensor",
    "tree",
    "transform",
    "draw",
    "profile",
    "testing",
    "foreign",
    "serialize",
    "doctor",
    "target",
    "cli",
    "__main__",
]


def test_the_public_names_are_there_and_sorted():
    assert sorted(tg.__all__) == sorted(set(tg.__all__))
    for name in tg.__all__:
        assert hasattr(tg, name), name


def test_every_rule_is_lifted_and_exported():
    for name in tg.RULES:
        assert name in tg.__all__, f"{name} is not exported from tinygrad_jp"


def imports_of(path):
    """The modules that a file imports at run time, at any depth of its code."""
    tree = ast.parse(path.read_text())
    typing_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(module):
    parts = module.split(".")
    return parts[1] if parts[0] == "tinygrad_jp" and len(parts) > 1 else None


@pytest.mark.parametrize(
    "path",
    sorted((ROOT / "tinygrad_jp").rglob("*.py")),
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_a_room_imports_only_from_rooms_above_it(path):
    own = path.relative_to(ROOT / "tinygrad_jp").parts[0].removesuffix(".py")
    for module in imports_of(path):
        assert module.split(".")[0] != "nn"
        room = room_of(module)
        if own in ROOMS and room in ROOMS and room != own:
            assert ROOMS.index(room) < ROOMS.index(own), f"{own} imports {room}"


def test_the_calculus_imports_nothing_but_numpy():
    standard = sys.stdlib_module_names
    for path in (ROOT / "tinygrad_jp" / "ops").glob("*.py"):
        for module in imports_of(path):
            top = module.split(".")[0]
            if top == "tinygrad_jp":
                assert room_of(module) in ("ops", "graph", None)
            else:
                assert top == "numpy" or top in standard


def run_python(code):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_importing_loads_no_optional_package():
    loaded = run_python("import sys, tinygrad_jp, nn; print(*sys.modules)").split()
    heavy = {"graphviz", "hypothesis", "pytest", "matplotlib", "sklearn", "tqdm"}
    heavy |= {"safetensors"}
    assert not heavy & {name.split(".")[0] for name in loaded}


def test_what_explains_errors_is_loaded_with_the_first_error():
    rooms = ("clash", "origin", "repair", "source")
    names = [f"tinygrad_jp.errors.{room}" for room in rooms]
    found = run_python(
        "import sys, tinygrad_jp as tg, numpy as np\n"
        f"print([name in sys.modules for name in {names}])\n"
        "try: tg.Tensor([1.0, 2.0]) + np.ones(3)\n"
        "except ValueError: pass\n"
        f"print([name in sys.modules for name in {names}])"
    )
    assert found.splitlines() == [str([False] * 4), str([True] * 4)]


def test_the_wheel_ships_both_packages_with_their_types():
    for package in ("tinygrad_jp", "nn"):
        assert (ROOT / package / "py.typed").exists()
    configuration = (ROOT / "pyproject.toml").read_text()
    assert 'packages = ["tinygrad_jp", "nn"]' in configuration
