"""`@gradtest`: a property test of gradient and meaning, from a line of shapes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import partial, update_wrapper
from types import MethodType
from typing import Any, Literal

from tinygrad_jp.errors.origin import Line, user_line
from tinygrad_jp.testing.inputs import name_of
from tinygrad_jp.testing.parameters import is_module
from tinygrad_jp.testing.plugin.claim import Claim
from tinygrad_jp.testing.plugin.example import Example, attach
from tinygrad_jp.testing.plugin.signature import Signature, parse
from tinygrad_jp.testing.samples import DOMAINS
from tinygrad_jp.testing.subject import Law

_SETTINGS = "_hypothesis_internal_use_settings"

LENGTHS = range(1, 5)
"""How long an axis is that a signature gives a name."""


def gradtest(
    signature: str,
    *,
    order: int = 1,
    batch_axis: int | None = 0,
    mixes_rows: bool | None = None,
    laws: Iterable[Law] = (),
    without: Iterable[str] = (),
    ties: Literal["shared", "any"] = "shared",
    tolerance: float = 1e-6,
    sizes: Mapping[str, Iterable[int]] | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., None]]:
    """Make a property test of a function: is its gradient right, and its meaning?

    Hypothesis draws arrays that fit the signature, ties and zeros among them. For each,
    `gradcheck` compares the gradient with slopes, and `check_semantics` moves rows to
    see that no other moves. A failure shrinks to a small example, which pytest shows
    as code to paste, with a picture of the graph.

    A signature lists the shapes of the arguments, and after ``->`` that of the result:

    ========================== ====================================================
    ``N,D``                    an array with two axes, of lengths drawn anew
    ``N,784 -> N,10``          a number is a fixed length
    ``N,D; D,M -> N,M``        two arrays; the same name is the same length
    ``..., D -> ..., D``       any leading axes
    ``N,K; t: N in K -> ()``   labels below K, for the parameter ``t``; () is a number
    ``N,D in positive``        numbers above 0: any key of `samples.DOMAINS`
    ``N,D -> N,_``             a result with an axis of any length
    ========================== ====================================================

    Rows lie along the first axis. Arguments that begin with the same axis as the first
    one go along with its rows. A result that has no such axis mixes rows on purpose.

    The test has Hypothesis's habits: ``@settings(max_examples=20)``,
    ``@reproduce_failure(...)`` and ``@example(x=...)`` stand above it. Its attribute
    ``check(x, ...)`` checks a single point.

    Args:
        signature: As above. Parameters of the function that it does not reach are
            pytest's fixtures, or keep their defaults.
        order: Of the derivatives to check.
        batch_axis: The axis along which rows lie; None for a function without rows.
        mixes_rows: Whether rows are mixed on purpose, if the shapes do not say it.
        laws: More laws that must hold: `sums_to_one()`, one of your own.
        without: Names of laws that need not.
        ties: Whether elements that tie share the gradient: as in `gradcheck`.
        tolerance: Relative error of the gradient to allow.
        sizes: Lengths to choose from, by name; 1 to 4 by default.

    Returns:
        A decorator for a function of Tensors, for a module, or for a function without
        parameters that makes one. pytest runs what it returns, whatever it is called.

    Raises:
        SignatureError: The signature cannot be read, or does not fit the function.

    Example:
        >>> from tinygrad_jp.testing import gradtest
        >>> @gradtest("N,D -> N,D", order=2)
        ... def test_swish(x):
        ...     return x * tg.sigmoid(x)
        >>> test_swish()
        >>> gradtest("N,4 -> N,3")(nn.Affine(4, 3, rng=np.random.default_rng(0)))()
        >>> @gradtest("N,K; t: N in K -> ()")
        ... def test_loss(x, t):
        ...     return tg.cross_entropy(x, t)
        >>> test_loss.check(np.zeros((2, 3)), np.array([0, 2]))
        >>> gradtest("N D")
        Traceback (most recent call last):
            ...
        tinygrad_jp.testing.plugin.signature.SignatureError: gradtest: 'D' is out of \
place; axes are separated by commas, at character 3 of
            N D
              ^
    """
    read = parse(signature, DOMAINS)
    lengths = _checked_sizes(read, sizes or {})
    claim = Claim(
        read,
        order=order,
        batch_axis=batch_axis,
        mixes_rows=mixes_rows,
        laws=tuple(laws),
        without=(without,) if isinstance(without, str) else tuple(without),
        ties=ties,
        tolerance=tolerance,
    )

    def decorate(function: Callable[..., Any]) -> Callable[..., None]:
        return _made(claim, function, lengths, user_line())

    return decorate


def _checked_sizes(
    signature: Signature, sizes: Mapping[str, Iterable[int]]
) -> dict[str, list[int]]:
    found = {name: list(lengths) for name, lengths in sizes.items()}
    for name, lengths in found.items():
        if name not in signature.sizes:
            raise ValueError(
                f"gradtest: sizes names {name!r}, but the lengths of "
                f"{signature.text!r} are {', '.join(signature.sizes) or 'numbers'}"
            )
        if not lengths or min(lengths) < 1:
            raise ValueError(f"gradtest: sizes of {name} must be 1 or more")
    return {name: found.get(name, list(LENGTHS)) for name in signature.sizes}


def _made(
    claim: Claim,
    function: Callable[..., Any],
    sizes: Mapping[str, list[int]],
    line: Line | None,
) -> Callable[..., None]:
    """The test of one function."""
    from hypothesis import given, settings  # an optional package

    from tinygrad_jp.testing.plugin.draws import drawn  # needs it too

    # A function without parameters makes what is to be tested, anew for each example.
    makes = not is_module(function) and not _parameters(function)
    subject = function() if makes else function
    fitted = claim.fit(subject, _parameters(subject))
    names = fitted.names

    def check(*arrays: Any, **more: Any) -> None:
        values = {**dict(zip(names, arrays)), **more}
        if len(arrays) > len(names) or set(values) != {*names, *fitted.rest}:
            raise TypeError(
                f"{test.__name__}.check: takes {', '.join([*names, *fitted.rest])}, "
                f"got {len(arrays)} arrays and {', '.join(more) or 'no name'}"
            )
        body(**values)

    def body(*own: Any, **values: Any) -> None:
        values |= dict(zip(["self"], own))
        subject = function() if makes else function  # of its own, for each example
        arrays = {name: values[name] for name in names}
        rest = {name: values[name] for name in fitted.rest}
        checked = _with(subject, rest)
        try:
            claim.check(checked, fitted.arguments, arrays)
        except Exception as error:
            attach(error, Example(test, checked, arrays, rest))
            raise

    if inspect.isfunction(function):
        update_wrapper(body, function)
    if not body.__name__.isidentifier() or not inspect.isfunction(function):
        name = name_of(subject)
        body.__name__ = body.__qualname__ = name if name.isidentifier() else "test"
    body.__module__ = getattr(function, "__module__", None) or __name__
    kinds = {"self": inspect.Parameter.POSITIONAL_OR_KEYWORD}
    body.__signature__ = inspect.Signature(  # type: ignore[attr-defined] # PEP 362
        [
            inspect.Parameter(name, kinds.get(name, inspect.Parameter.KEYWORD_ONLY))
            for name in (*fitted.rest, *names)
        ]
    )
    # This is where Hypothesis looks for settings; those above the test replace it.
    if not hasattr(body, _SETTINGS):
        setattr(body, _SETTINGS, settings(deadline=None))
    hurry(body)
    strategies = drawn(fitted.arguments, names, sizes)
    test: Any = given(**strategies)(body)
    test.__qualname__ = body.__qualname__
    test.check = check
    test.gradtest = line
    made: Callable[..., None] = test
    return made


def hurry(test: Callable[..., Any]) -> None:
    """Take the phase out of a test's settings in which Hypothesis explains a failure.

    It traces every line that runs, of ours and NumPy's, for half a minute, and what it
    finds are lines of the checker.
    """
    from hypothesis import Phase, settings  # an optional package

    own = getattr(test, _SETTINGS)
    phases = [phase for phase in own.phases if phase is not Phase.explain]
    setattr(test, _SETTINGS, settings(own, phases=phases))


def _with(function: Callable[..., Any], rest: Mapping[str, Any]) -> Callable[..., Any]:
    """The function with pytest's fixtures in their places."""
    if not rest:
        return function
    if "self" in rest:  # of a class of tests
        function = MethodType(function, rest["self"])
    fixtures = {name: value for name, value in rest.items() if name != "self"}
    # Its signature, in which errors find the names, is that of the function.
    return update_wrapper(partial(function, **fixtures), function)


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """The parameters of a function, or of a module's forward."""
    called = getattr(function, "forward", function)
    if not callable(called):
        raise TypeError(
            f"gradtest: needs a function or a module, got {type(function).__name__}"
        )
    try:
        return list(inspect.signature(called).parameters.values())
    except ValueError:  # some builtins have none
        return [inspect.Parameter("x", inspect.Parameter.VAR_POSITIONAL)]
