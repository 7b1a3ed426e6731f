"""One test while it runs: its guards, its checks, and what became of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any, NamedTuple

from tinygrad_jp.errors.origin import Line
from tinygrad_jp.testing.errors import GradientError, SemanticsError
from tinygrad_jp.testing.inputs import name_of
from tinygrad_jp.testing.plugin.example import examples_of, save_picture
from tinygrad_jp.testing.plugin.guards import GUARDS, Guard, Unchanged
from tinygrad_jp.testing.plugin.paste import code_of
from tinygrad_jp.testing.plugin.witness import Checked, Witness, watching_checks

HOME = str(Path(__file__).parents[1])
_CLAIMS = (GradientError, SemanticsError)


class Failure(NamedTuple):
    """A check that failed, as it is shown.

    Attributes:
        name: The function.
        message: What the error says.
        code: A script that repeats it.
        folder: Where the script finds the test's module.
        picture: The path of the picture, or why there is none.
    """

    name: str
    message: str
    code: str
    folder: str
    picture: Path | str

    def shown(self) -> str:
        """For the terminal."""
        lines = [self.code]
        if self.folder:
            lines.insert(0, f"# in the folder {self.folder}")
        lines.append(f"picture: {self.picture}")
        return "\n".join(lines)


class Run:
    """A context manager around the call of a test.

    Args:
        names: Of the guards.
        inputs: What the test gets from its fixtures and parameters.

    Attributes:
        problems: What the guards have found, if the test has not failed anyway.
    """

    def __init__(self, names: Iterable[str], inputs: Mapping[str, Any]) -> None:
        self._guards: list[Guard] = [GUARDS[name](inputs) for name in names]
        self._witness = Witness()
        self._stack = ExitStack()
        self.problems: list[str] = []

    def __enter__(self) -> Run:
        self._stack.enter_context(watching_checks(self._witness))
        for guard in self._guards:
            self._stack.enter_context(guard)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()
        if error is None:
            found = [guard.problem for guard in self._guards]
            self.problems = [problem for problem in found if problem]

    def watch(self, *values: Any) -> Any:
        """Hand arrays to the guard `unchanged`."""
        guard = next(one for one in self._guards if isinstance(one, Unchanged))
        return guard(*values)

    def failures(self, error: BaseException, item: Any, folder: Path) -> list[Failure]:
        """The checks that made a test fail, written down and drawn."""
        found = []
        module = getattr(item, "module", None)
        for number, (one, example) in enumerate(examples_of(error)):
            stem = _stem(item.nodeid) + (f"-{number + 1}" if number else "")
            code = code_of(example, vars(module) if module else {}, folder / stem)
            needs = module is not None and f"from {module.__name__} import" in code
            found.append(
                Failure(
                    name=name_of(example.function),
                    message=_message(one),
                    code=code,
                    folder=_home(item) if needs else "",
                    picture=save_picture(one, example, folder / f"{stem}.svg"),
                )
            )
        return found

    def rows(
        self, test: str, failures: Iterable[Failure], *, failed: bool
    ) -> list[dict[str, Any]]:
        """What the page shows of each function: numbers and text alone."""
        by_name = {failure.name: failure for failure in failures}
        found = dict(self._witness.found)
        for name in by_name:
            found.setdefault(name, Checked(name))
        return [
            {**one.plain(), "test": test, **_plain(by_name.get(name), failed)}
            for name, one in found.items()
        ]


class Shown:
    """What pytest shows of a failed `@gradtest`, which has no line of the user's.

    Args:
        texts: The messages.
        line: Where the test is made.
    """

    def __init__(self, texts: Sequence[str], line: Line | None) -> None:
        self._lines = "\n\n".join(texts).splitlines()
        self._place = "" if line is None else str(line)
        self.reprcrash = SimpleNamespace(
            message=self._lines[0],
            path=line.title if line else "",
            lineno=line.number if line else 0,
        )

    def toterminal(self, terminal: Any) -> None:
        """Write it in red, as pytest does."""
        for line in self._lines:
            terminal.line(f"E   {line}".rstrip(), bold=True, red=True)
        terminal.line(f"\n{self._place}")

    def __str__(self) -> str:
        return "\n".join([*self._lines, "", self._place])


def shown(error: BaseException) -> Shown | None:
    """How to show an error: None where the user's lines tell more."""
    found = list(examples_of(error))
    texts = [
        "\n".join([str(one), *getattr(one, "__notes__", ())])
        for one, example in found
        if isinstance(one, _CLAIMS) and hasattr(example.called, "gradtest")
    ]
    if not texts or len(texts) < len(found):
        return None
    return Shown(texts, vars(found[0][1].called)["gradtest"])


def shorten(error: BaseException) -> None:
    """Cut tracebacks at the user's line: how a check works is not the question."""
    for one, example in examples_of(error):
        plain = isinstance(one, _CLAIMS) and not hasattr(example.called, "gradtest")
        step = one.__traceback__ if plain else None
        while step is not None and step.tb_next is not None:
            if step.tb_next.tb_frame.f_code.co_filename.startswith(HOME):
                step.tb_next = None
            step = step.tb_next


def _plain(failure: Failure | None, failed: bool) -> dict[str, Any]:
    if failure is None or not failed:
        return {"failed": False}
    picture = failure.picture
    drawn = isinstance(picture, Path) and picture.suffix == ".svg"
    return {
        "failed": True,
        "message": failure.message,
        "code": failure.code,
        "folder": failure.folder,
        "picture": str(picture),
        "svg": Path(picture).read_text() if drawn else "",
    }


def _message(error: BaseException) -> str:
    kind = type(error).__name__
    ours = isinstance(error, AssertionError)
    return str(error) if ours else f"{kind}: {error}"


def _stem(test: str) -> str:
    """A file name for a test; Japanese letters stay."""
    return re.sub(r"[^\w.\[\]-]+", "-", test).strip("-.")[-80:]


def _home(item: Any) -> str:
    """The folder in which the test's module can be imported, as the user sees it."""
    above = item.module.__name__.count(".")
    home = item.path.parents[above]
    try:
        shown = home.relative_to(item.config.invocation_params.dir)
    except ValueError:
        return str(home)
    return "" if shown == Path() else str(shown)
