"""Steps that move elements about: shapes, joining, rearranging."""

from __future__ import annotations

from math import prod
from typing import Any

from tinygrad_jp.testing.programs.writer import SIZE, Entry, Writer


def reshape(w: Writer) -> None:
    """To a vector, to axes turned about, with a -1, with axes of length 1."""
    x = w.some()
    shape = w.shape(x)
    forms: list[tuple[int, ...]] = [(-1,), shape[::-1], (1, *shape), (*shape, 1)]
    if len(shape) > 1:
        forms += [(-1, shape[-1]), (shape[0], -1)]
    if len(shape) > 3:
        forms = forms[:2] + forms[4:]
    w.step("reshape", x, shape=w.of(forms))


def permute_dims(w: Writer) -> None:
    """Any order, axes counted from either end."""
    x = w.some()
    ndim = len(w.shape(x))
    order = [axis - ndim if w.flag() else axis for axis in w.order(ndim)]
    w.step("permute_dims", x, axes=tuple(order))


def transpose(w: Writer) -> None:
    """All axes reversed, or in any order."""
    x = w.some()
    if w.flag():
        w.step("transpose", x)
    else:
        w.step("transpose", x, axes=tuple(w.order(len(w.shape(x)))))


def broadcast_to(w: Writer) -> None:
    """New axes in front, and axes of length 1 made longer."""
    x = w.pick_small(SIZE // 4)
    shape = [2 if side == 1 and w.flag() else side for side in w.shape(x)]
    front = w.of(((2,), (1,), (2, 1), ()))[: max(0, 4 - len(shape))]
    if prod(shape) * prod(front) > SIZE:
        front = ()
    if prod(shape) > SIZE:
        shape = list(w.shape(x))
    w.step("broadcast_to", x, shape=(*front, *shape))


def broadcast_arrays(w: Writer) -> None:
    """Two values that broadcast."""
    x = w.some()
    y = w.beside(x)
    w.step("broadcast_arrays", x, *([y] if isinstance(y, int) else []))


def expand_dims(w: Writer) -> None:
    """An axis of length 1 anywhere, or two."""
    x = w.with_axes(0, 3)
    axis: Any = w.one_axis(len(w.shape(x)) + 1)
    if len(w.shape(x)) < 3 and w.below(4) == 3:
        axis = (0, -1)
    w.step("expand_dims", x, axis=axis)


def squeeze(w: Writer) -> None:
    """One axis of length 1, or all of them."""
    x = w.pick(lambda shape: 1 in shape)
    shape = w.shape(x)
    if w.flag():
        w.step("squeeze", x)
    else:
        w.step("squeeze", x, axis=shape.index(1) - (len(shape) if w.flag() else 0))


def flatten(w: Writer) -> None:
    """All axes, or some in the middle."""
    x = w.some()
    ndim = len(w.shape(x))
    start = w.below(ndim) if ndim else 0
    end = ndim - 1 - w.below(ndim - start) if ndim else -1
    ends = {"start_dim": start, "end_dim": end}
    w.step("flatten", x, **(ends if w.flag() else {}))


def swapaxes(w: Writer) -> None:
    """Any two, which may be one."""
    x = w.with_axes(1)
    ndim = len(w.shape(x))
    w.step("swapaxes", x, axis1=w.one_axis(ndim), axis2=w.one_axis(ndim))


def moveaxis(w: Writer) -> None:
    """One axis, or two."""
    x = w.with_axes(1)
    ndim = len(w.shape(x))
    if ndim > 1 and w.flag():
        order = tuple(w.order(ndim)[:2])
        w.step("moveaxis", x, source=order, destination=(0, -1))
    else:
        ends = {"source": w.one_axis(ndim), "destination": w.one_axis(ndim)}
        w.step("moveaxis", x, **ends)


def alone(op: str, least: int = 0, most: int = 9) -> Entry:
    """One operand of so many axes, and nothing else."""
    return lambda w: w.step(op, w.with_axes(least, most))


# --- joining ---------------------------------------------------------------------


def _several(w: Writer, x: int) -> tuple[int, ...]:
    """A value with up to two more of its shape, the same one among them."""
    count = w.of((2, 1, 3))
    shape = w.shape(x)
    return (x, *[w.having(*shape) for _ in range(count - 1)])


def concat(w: Writer) -> None:
    """Along any axis; along the first, lengths may differ."""
    x = w.pick(lambda shape: bool(shape) and prod(shape) <= SIZE // 3)
    shape = w.shape(x)
    if w.below(4) == 3:
        w.step("concat", (x, w.having(1, *shape[1:])), axis=0)
    elif w.below(4) == 3:
        w.step("concat", (x, w.having(2)), axis=None)
    else:
        w.step("concat", _several(w, x), axis=w.one_axis(len(shape)))


def stack(w: Writer) -> None:
    """Along any new axis."""
    x = w.pick(lambda shape: len(shape) < 4 and prod(shape) <= SIZE // 3)
    w.step("stack", _several(w, x), axis=w.one_axis(len(w.shape(x)) + 1))


def split(w: Writer) -> None:
    """Into equal pieces, or at a place."""
    x = w.with_axes(1)
    axis = w.one_axis(len(w.shape(x)))
    length = w.shape(x)[axis]
    if length > 1 and w.flag():
        places = (w.below(length - 1) + 1,)
        w.step("split", x, indices_or_sections=places, axis=axis)
    else:
        sections = w.of([n for n in (2, 3, 1) if length % n == 0])
        w.step("split", x, indices_or_sections=sections, axis=axis)


def unstack(w: Writer) -> None:
    """Slices along any axis."""
    x = w.pick(lambda shape: bool(shape) and max(shape) <= 4)
    w.step("unstack", x, axis=w.one_axis(len(w.shape(x))))


def tile(w: Writer) -> None:
    """More or fewer repetitions than axes."""
    x = w.pick(lambda shape: len(shape) < 3 and prod(shape) <= SIZE // 4)
    w.step("tile", x, reps=w.of(((2,), (2, 2), (1, 2, 1), (3,), ())))


def repeat(w: Writer) -> None:
    """As often each, or so often each; along an axis or flattened."""
    x = w.pick_small(SIZE // 3)
    shape = w.shape(x)
    if not shape or w.below(3) == 2:
        w.step("repeat", x, repeats=2)
        return
    axis = w.one_axis(len(shape))
    counts = tuple([1 + w.below(2) for _ in range(shape[axis])])
    w.step("repeat", x, repeats=w.of((2, counts, 3)), axis=axis)


# --- rearranging -----------------------------------------------------------------


def flip(w: Writer) -> None:
    """Along every form of axis."""
    x = w.some()
    axis = w.axis(len(w.shape(x)))
    w.step("flip", x, **({} if axis is None else {"axis": axis}))


def roll(w: Writer) -> None:
    """Along one axis, several, or all in one row; by more than their length too."""
    x = w.with_axes(1)
    ndim = len(w.shape(x))
    shift = w.of((1, -1, 2, 5))
    form = w.below(3)
    if form == 2 and ndim > 1:
        w.step("roll", x, shift=(shift, 1), axis=(0, -1))
    elif form == 1:
        w.step("roll", x, shift=shift)
    else:
        w.step("roll", x, shift=shift, axis=w.one_axis(ndim))


def pad(w: Writer) -> None:
    """Constants, or elements of the value, by as much as its axes allow."""
    x = w.pick(lambda shape: 0 < len(shape) < 3 and prod(shape) <= SIZE // 4)
    shape = w.shape(x)
    width = tuple([(w.below(2), 1 - w.below(2)) for _ in shape])
    modes = ["constant", "edge", "symmetric", "wrap"]
    if min(shape) > 1:
        modes.append("reflect")
    mode = w.of(modes)
    if mode == "constant" and w.flag():
        w.step("pad", x, pad_width=width, constant_values=0.75)
    else:
        w.step(
            "pad", x, pad_width=width, **({} if mode == "constant" else {"mode": mode})
        )


def meshgrid(w: Writer) -> None:
    """Two or three vectors, laid out either way."""
    arrays = [w.having(2), w.having(w.of((3, 1, 2)))]
    if w.below(4) == 3:
        arrays.append(w.having(2))
    keywords: dict[str, Any] = {"indexing": w.of(("ij", "xy"))}
    w.step("meshgrid", *arrays, **keywords, **({"sparse": True} if w.flag() else {}))


def diff(w: Writer) -> None:
    """Differences along an axis, once or twice, with an end put on."""
    x = w.pick(lambda shape: bool(shape) and min(shape) > 1)
    keywords: dict[str, Any] = {"axis": w.one_axis(len(w.shape(x)))}
    if w.shape(x)[keywords["axis"]] > 2 and w.flag():
        keywords["n"] = 2
    if w.below(3) == 2:
        w.step("diff", x, prepend=0.5, **keywords)
    else:
        w.step("diff", x, **keywords)


MOULDING: dict[str, Entry] = {
    "reshape": reshape,
    "flatten": flatten,
    "permute_dims": permute_dims,
    "transpose": transpose,
    "matrix_transpose": alone("matrix_transpose", 2),
    "swapaxes": swapaxes,
    "moveaxis": moveaxis,
    "expand_dims": expand_dims,
    "squeeze": squeeze,
    "atleast_1d": alone("atleast_1d"),
    "atleast_2d": alone("atleast_2d"),
    "broadcast_to": broadcast_to,
    "broadcast_arrays": broadcast_arrays,
}

JOINING: dict[str, Entry] = {
    "concat": concat,
    "stack": stack,
    "split": split,
    "unstack": unstack,
    "tile": tile,
    "repeat": repeat,
}

REARRANGING: dict[str, Entry] = {
    "flip": flip,
    "roll": roll,
    "pad": pad,
    "meshgrid": meshgrid,
    "diff": diff,
}
