"""Graphs to draw, and ways to read their pictures."""

import re
import xml.etree.ElementTree as ET

import numpy as np

import tinygrad_jp as tg
from tinygrad_jp import Tensor
from tinygrad_jp.draw.basics import Options
from tinygrad_jp.draw.build import pictures_of
from tinygrad_jp.draw.picture import Kind

# --- graphs ------------------------------------------------------------------------


def numbers(*shape):
    """Random numbers from 0 to 1, the same for the same shape."""
    return np.random.default_rng((7, *shape)).random(shape)


def parameter(name, shape=()):
    return Tensor(numbers(*shape) - 0.4, requires_grad=True, name=name)


def affine(name, x, sizes, suffix="", kept=None):
    W = parameter(f"W{suffix}", sizes)
    b = parameter(f"b{suffix}", sizes[1:])
    if kept is not None:
        kept += [W, b]
    with tg.scope(name):
        return x @ W + b


def relu(name, x):
    with tg.scope(name):
        return tg.relu(x)


def softmax_with_loss(scores, t):
    with tg.scope("SoftmaxWithLoss"):
        return -(tg.log_softmax(scores) * t).sum() / len(t)


def mlp(kept=None, batch=5):
    """The book's network; its parameters are added to the list `kept`."""
    x = Tensor(numbers(batch, 7), name="x")
    t = Tensor(np.eye(3)[np.arange(batch) % 3], name="t")
    h = relu("ReLU1", affine("Affine1", x, (7, 4), "1", kept))
    return softmax_with_loss(affine("Affine2", h, (4, 3), "2", kept), t)


# --- the picture model -------------------------------------------------------------


def model(*tensors, **options):
    return pictures_of(tensors, Options(**options)).page


def named(picture, name):
    """The one item that is called so, or whose only row is."""
    found = [
        item
        for item in picture.items
        if name in (item.title, item.rows[0].name if len(item.rows) == 1 else None)
        and item.kind is not Kind.OUTPUT
    ]
    assert len(found) == 1, [item.title for item in found]
    return found[0]


def titles(picture, *kinds):
    return [item.title for item in picture.items if item.kind in kinds]


def leaves(picture, kind):
    rows = [item.rows for item in picture.items if item.kind is kind]
    return [[row.name for row in some] for some in rows]


def links(picture):
    """Wires as pairs of names."""

    def name(item):
        return item.title or "+".join([str(row.name) for row in item.rows])

    return [(name(w.source), name(w.target)) for w in picture.wires]


# --- the SVG -----------------------------------------------------------------------

SVG = "{http://www.w3.org/2000/svg}"
TITLE = "{http://www.w3.org/1999/xlink}title"


def groups(drawing, kind):
    """The SVG groups of a class: node, edge, cluster, or one of ours."""
    root = ET.fromstring(drawing.svg())
    found = [g for g in root.iter(f"{SVG}g") if kind in g.get("class", "").split()]
    assert root.tag == f"{SVG}svg"
    return found


def texts(group):
    """The texts in a group, line by line, as they are seen."""
    lines = {}
    for text in group.iter(f"{SVG}text"):
        shown = (text.text or "").replace("\xa0", " ")
        lines.setdefault(text.get("y"), []).append(shown)
    return ["".join(line) for line in lines.values()]


def middle(group):
    """Where the shape of a node stands: its middle, right and down."""
    for shape in group.iter():
        if shape.tag == f"{SVG}ellipse":
            return float(shape.get("cx")), float(shape.get("cy"))
        corners = shape.get("d") or shape.get("points")
        if corners:
            numbers = [float(n) for n in re.findall(r"-?[\d.]+", corners)]
            xs, ys = numbers[::2], numbers[1::2]
            return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    raise LookupError(texts(group))


def tip(group):
    (link,) = [a for a in group.iter(f"{SVG}a") if a.get(TITLE) is not None][:1]
    return link.get(TITLE).replace("\xa0", " ").split("\n")


def legend(drawing):
    """The texts that belong to no node, wire or box."""
    root = ET.fromstring(drawing.svg())
    (graph,) = [g for g in root if g.get("class") == "graph"]
    said = []
    for child in graph:
        if child.get("class") is None:
            said += [t.text for t in child.iter(f"{SVG}text")]
    return said
