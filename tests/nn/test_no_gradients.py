"""Compositions only: nothing under nn/ defines a gradient, or reaches around one."""

import ast
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import nn
import tinygrad_jp as tg
from tinygrad_jp.graph import walk

PAGES = sorted(Path(nn.__file__).parent.rglob("*.py"))
MAKES_GRADIENTS = {"rule", "vjp", "RULES", "custom_vjp"}
LEAVES_THE_GRAPH = {"data", "numpy", "detach", "item", "tolist"}
HARMLESS = {"arange"}  # NumPy's functions that take no tensor


def offences(source: str) -> list[str]:
    """What a page does that a composition of ops has no need of."""
    tree = ast.parse(source)
    found = []
    for node in ast.walk(tree):
        found += _of_node(node)
        if isinstance(node, ast.FunctionDef) and node.name == "forward":
            for inner in ast.walk(node):
                found += _of_forward(inner)
    return found


def _of_node(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name.startswith("tinygrad_jp."):
                yield f"imports {alias.name}"
            if alias.name == "tinygrad_jp" and alias.asname != "tg":
                yield "imports tinygrad_jp under another name than tg"
    if isinstance(node, ast.ImportFrom):
        module = node.module or ""
        if module.split(".")[0] == "tinygrad_jp":
            yield f"imports from {module}"
        if node.level:
            yield "imports relatively"
    if getattr(node, "name", "") in ("backward", *MAKES_GRADIENTS):
        yield f"defines or imports {node.name}"
    if isinstance(node, ast.ClassDef):
        bases = [ast.unparse(base) for base in node.bases]
        if any(base.split(".")[-1] == "Tensor" for base in bases):
            yield "derives from Tensor"
    if isinstance(node, ast.Name) and node.id in MAKES_GRADIENTS:
        yield f"uses {node.id}"
    if isinstance(node, ast.Attribute):
        owner = ast.unparse(node.value)
        if node.attr in MAKES_GRADIENTS:
            yield f"uses {owner}.{node.attr}"
        if owner == "tg" and node.attr not in tg.__all__:
            yield f"uses tg.{node.attr}, which is not public"
        private = node.attr.startswith("_") and not node.attr.endswith("__")
        if private and owner not in ("self", "cls", "super()"):
            yield f"uses {owner}.{node.attr}"
        if node.attr == "backward" and isinstance(node.ctx, ast.Store):
            yield f"sets {owner}.backward"


def _of_forward(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Attribute) and node.attr in LEAVES_THE_GRAPH:
        yield f"forward uses .{node.attr}"
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func)
        if name.startswith("np.") and name.removeprefix("np.") not in HARMLESS:
            yield f"forward calls {name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_defines_no_gradient(page):
    assert offences(page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "from tinygrad_jp.ops import rule",
        "from tinygrad_jp import rule",
        "import tinygrad_jp.record",
        "import tinygrad_jp",
        "from .layers import Affine",
        "class Mine(tg.Tensor): pass",
        "@tg.rule(vjp=lambda g: g)\ndef f(x, /): return x",
        "tg.record",
        "tg.RULES['exp']",
        "x._node = None",
        "y._data + 1",
        "def backward(self, g): return g",
        "layer.backward = f",
        "def vjp(g): return g",
        "def forward(self, x): return tg.Tensor(x.data)",
        "def forward(self, x): return x.detach() * 2",
        "def forward(self, x): return np.exp(x)",
    ],
)
def test_scan_finds_what_it_is_for(line):
    assert offences(line)


def rng():
    return np.random.default_rng(0)


def reshaped(layer, *shape):
    """A layer, given its batch in another shape."""
    return lambda x: layer(tg.reshape(x, shape))


LAYERS = [
    nn.Affine(3, 3, rng=rng()),
    nn.ReLU(),
    nn.LeakyReLU(),
    nn.ELU(),
    nn.GELU(),
    nn.SiLU(),
    nn.Sigmoid(),
    nn.Tanh(),
    nn.Softmax(),
    nn.Dropout(0.5, rng=rng()),
    nn.Flatten(),
    nn.BatchNormalization(3),
    nn.BatchNormalization(3).eval(),
    nn.LayerNormalization(3),
    nn.Residual(nn.Affine(3, 3, rng=rng())),
    reshaped(nn.Convolution(1, 2, 2, rng=rng()), 1, 1, 2, 3),
    reshaped(nn.Pooling(2), 1, 1, 2, 3),
    reshaped(nn.Pooling(2, kind="average"), 1, 1, 2, 3),
    reshaped(nn.GlobalAveragePooling(), 1, 1, 2, 3),
    reshaped(nn.RNN(3, 2, rng=rng(), returns="last"), 1, 2, 3),
    reshaped(nn.LSTM(3, 2, rng=rng(), returns="last"), 1, 2, 3),
    reshaped(nn.GRU(3, 2, rng=rng(), returns="last"), 1, 2, 3),
    reshaped(nn.MultiHeadAttention(3, 1, causal=True, rng=rng()), 1, 2, 3),
    lambda x: nn.Embedding(3, 3, rng=rng())([0, 1]) + x,
    lambda x: nn.SoftmaxWithLoss()(x, [0, 1]),
    lambda x: nn.SoftmaxWithLoss()(x, np.eye(3)[:2]),
    lambda x: nn.SigmoidWithLoss()(x, np.ones((2, 3))),
    lambda x: nn.MeanSquaredError()(x, np.zeros((2, 3))),
    lambda x: nn.L1()(x, np.zeros((2, 3))),
    lambda x: nn.Huber()(x, np.zeros((2, 3))),
    nn.TwoLayerNet(3, 4, 3, rng=rng()),
]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)
def test_every_recorded_op_is_a_rule_of_the_engine(layer):
    result = layer(tg.Tensor(np.ones((2, 3)), requires_grad=True))
    rules = {node.rule for node in walk([result._node]) if node.rule is not None}
    assert rules
    assert rules <= set(tg.RULES.values())


def test_names_that_are_exported_exist_and_are_sorted_into_no_private_ones():
    assert all(hasattr(nn, name) for name in nn.__all__)
    assert not [name for name in nn.__all__ if name.startswith("_")]
    assert len(set(nn.__all__)) == len(nn.__all__)
