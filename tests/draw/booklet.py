"""Graphs for pictures in the book's style, and ways to read these."""

import itertools
import re
from functools import cache

import numpy as np
from drawn import SVG, groups, middle, texts

from tinygrad_jp import Tensor, draw
from tinygrad_jp.draw import palette

# --- graphs ------------------------------------------------------------------------


def price(name, value):
    return Tensor(value, requires_grad=True, name=name)


def apple():
    count, each = price("りんごの個数", 2.0), price("りんごの値段", 100.0)
    tax = price("消費税", 1.1)
    total = (count * each) * tax
    total.name = "支払金額"
    return total, [count, each, tax]


def fruit():
    apples, apple = price("りんごの個数", 2.0), price("りんごの値段", 100.0)
    oranges, orange = price("みかんの個数", 3.0), price("みかんの値段", 150.0)
    tax = price("消費税", 1.1)
    total = (apples * apple + oranges * orange) * tax
    total.name = "支払金額"
    return total, [apples, apple, oranges, orange, tax]


# --- reading -----------------------------------------------------------------------


def book(target, *args, **options):
    drawing = draw(target, *args, style="book", **options)
    drawing.svg = cache(drawing.svg)  # it is read several times
    return drawing


def figures(drawing):
    """What stands above and beneath each pair of tracks, from left to right."""
    found = []
    for group in groups(drawing, "tensor"):
        lines = {
            float(text.get("y")): text.text.replace("\u2007", " ")
            for text in group.iter(f"{SVG}text")
        }
        rails = rails_of(group)
        if lines:
            over = [lines[y] for y in sorted(lines) if y < min(rails.values())]
            under = [lines[y] for y in sorted(lines) if y > max(rails.values())]
            assert len(over) + len(under) == len(lines)
            found.append((middle(group)[0], "|".join(over), "|".join(under)))
    return [pair for _, *pair in sorted(found)]


def rails_of(group):
    """Where the tracks run through a tensor, by colour."""
    found = {}
    for polygon in group.iter(f"{SVG}polygon"):
        if polygon.get("fill") in (palette.INK, palette.GRADIENT):
            ys = [float(p.split(",")[1]) for p in polygon.get("points").split()]
            found.setdefault(polygon.get("fill"), (min(ys) + max(ys)) / 2)
    return found


def span(group):
    """The ends of a tensor's tracks, left and right."""
    xs = [
        float(p.split(",")[0])
        for polygon in group.iter(f"{SVG}polygon")
        if polygon.get("fill") in (palette.INK, palette.GRADIENT)
        for p in polygon.get("points").split()
    ]
    return min(xs), max(xs)


def name_of(group):
    return group.find(f"{SVG}title").text


def wires(drawing):
    """Tail, head, ways, start, end and arrow of each wire."""
    for group in groups(drawing, "wire"):
        tail, head = re.fullmatch(r"(\w+)[:\w]*->(\w+)[:\w]*", name_of(group)).groups()
        path = next(group.iter(f"{SVG}path")).get("d")
        ends = [
            tuple(map(float, p.split(",")))
            for p in re.findall(r"[\d.-]+,[\d.-]+", path)
        ]
        arrows = list(group.iter(f"{SVG}polygon"))
        way = "forward" if "forward" in group.get("class").split() else "back"
        yield tail, head, way, ends[0], ends[-1], arrows


def inputs(drawing):
    """The texts at the left, from top to bottom."""
    found = [*groups(drawing, "parameter"), *groups(drawing, "input")]
    return [texts(group)[0] for group in sorted(found, key=top)]


def top(group):
    return min([float(text.get("y")) for text in group.iter(f"{SVG}text")])


def top_x(group):
    return min([float(text.get("x")) for text in group.iter(f"{SVG}text")])


def crossings(drawing):
    """Pairs of tensors whose ways forward cross."""
    lines = []
    for group in groups(drawing, "wire"):
        if "forward" in group.get("class").split():
            path = next(group.iter(f"{SVG}path")).get("d")
            ends = name_of(group).split("->")
            lines.append(({e.split(":")[0] for e in ends}, sampled(path)))
    found = []
    for i, (ends, line) in enumerate(lines):
        for others, other in lines[:i]:
            if not ends & others and meet(line, other):
                found.append((ends, others))
    return found


def sampled(path):
    """Points on a path of Bézier curves."""
    points = [complex(*map(float, p)) for p in re.findall(r"([\d.-]+),([\d.-]+)", path)]
    found = [points[0]]
    for a, b, c, d in zip(points[::3], points[1::3], points[2::3], points[3::3]):
        for t in np.linspace(0, 1, 8)[1:]:
            s = 1 - t
            found.append(s**3 * a + 3 * s * s * t * b + 3 * s * t * t * c + t**3 * d)
    return found


def meet(first, second):
    def turn(a, b, c):
        return ((b - a).conjugate() * (c - a)).imag

    return any(
        turn(a, b, c) * turn(a, b, d) < 0 and turn(c, d, a) * turn(c, d, b) < 0
        for a, b in itertools.pairwise(first)
        for c, d in itertools.pairwise(second)
    )
