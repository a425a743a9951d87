"""In which order tables are written: parents first, and tables that refer to each other in one group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from storage.schema import Table


@dataclass(frozen=True, kw_only=True)
class Component:
    """Tables of which each leads to each by references; most often a single one."""

    tables: tuple[Table, ...]

    @property
    def is_cyclic(self) -> bool:
        """Whether a row may need another row of the group that comes after it."""
        names = {table.name for table in self.tables}
        return any(key.parent in names for table in self.tables for key in table.foreign_keys)


def components(tables: Sequence[Table]) -> list[Component]:
    """The strongly connected components of the reference graph, parents before children (Tarjan, without recursion)."""
    known = {table.name: table for table in tables}
    parents = {
        table.name: [key.parent for key in table.foreign_keys if key.parent in known and key.parent != table.name]
        for table in tables
    }
    search = _Search(parents)
    for name in known:
        search.visit(name)
    return [
        Component(tables=tuple(known[name] for name in sorted(names, key=list(known).index))) for names in search.found
    ]


class _Search:
    def __init__(self, parents: dict[str, list[str]]) -> None:
        self._parents = parents
        self._index: dict[str, int] = {}
        self._lowest: dict[str, int] = {}
        self._open: list[str] = []
        self.found: list[list[str]] = []

    def visit(self, start: str) -> None:
        """Depth first from `start`; a component is found when everything it leads to is."""
        if start in self._index:
            return
        self._enter(start)
        path = [(start, iter(self._parents[start]))]
        while path:
            name, remaining = path[-1]
            parent = next(remaining, None)
            if parent is None:
                path.pop()
                self._leave(name, path[-1][0] if path else None)
            elif parent not in self._index:
                self._enter(parent)
                path.append((parent, iter(self._parents[parent])))
            elif parent in self._open:
                self._lowest[name] = min(self._lowest[name], self._index[parent])

    def _enter(self, name: str) -> None:
        self._index[name] = self._lowest[name] = len(self._index)
        self._open.append(name)

    def _leave(self, name: str, child: str | None) -> None:
        if child is not None:
            self._lowest[child] = min(self._lowest[child], self._lowest[name])
        if self._lowest[name] == self._index[name]:
            first = self._open.index(name)
            self.found.append(self._open[first:])
            del self._open[first:]
