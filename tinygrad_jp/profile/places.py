"""Places: the scopes of a program as a tree, whatever calls they were met in.

Each call of a layer is a scope of its own (`tinygrad_jp.mode.Scope`); those of one name
and one key in one place are the same place.
"""

from __future__ import annotations

from typing import Any

from tinygrad_jp.mode import Scope

TOP = 0
"""The place outside of all scopes."""


class Places:
    """The places that were met, numbered; each has a larger number than what it is in.

    Attributes:
        parents: The place around each; that of `TOP` is itself.
        names: What each is called. Of siblings of one name with different keys, all but
            the first have a number: ``Affine``, ``Affine #2``.
    """

    def __init__(self) -> None:
        self.parents = [TOP]
        self.names = [""]
        self._known: dict[tuple[int, str, Any], int] = {}
        self._alike: dict[tuple[int, str], int] = {}
        self._taken: set[tuple[int, str]] = set()
        self._found: dict[tuple[int, int, int], int] = {}

    def __len__(self) -> int:
        return len(self.parents)

    def of(
        self, scope: Scope | None, until: Scope | None = None, start: int = TOP
    ) -> int:
        """The place of a scope.

        Args:
            scope: Whoever calls keeps it, as it is known by its id.
            until: Count only the scopes inside of this one, if it is around.
            start: The place in which those are.
        """
        missing: list[Scope] = []
        place = start
        while scope is not None and scope is not until:
            known = self._found.get((id(scope), id(until), start))
            if known is not None:
                place = known
                break
            missing.append(scope)
            scope = scope.parent
        for inner in reversed(missing):
            place = self._inside(place, str(inner.name), inner.key)
            self._found[id(inner), id(until), start] = place
        return place

    def _inside(self, parent: int, name: str, key: Any) -> int:
        place = self._known.get((parent, name, key))
        if place is None:
            place = self._known[parent, name, key] = len(self.parents)
            count = self._alike[parent, name] = self._alike.get((parent, name), 0) + 1
            shown = name if count == 1 else f"{name} #{count}"
            while (parent, shown) in self._taken:
                count += 1
                shown = f"{name} #{count}"
            self._taken.add((parent, shown))
            self.parents.append(parent)
            self.names.append(shown)
        return place

    def path(self, place: int) -> tuple[str, ...]:
        """The names from the outermost scope to this one."""
        names = []
        while place != TOP:
            names.append(self.names[place])
            place = self.parents[place]
        return tuple(reversed(names))
