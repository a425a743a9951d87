"""Where rows of a load came from and went to, as its own decisions say it: read a few at a time, beside no target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from mappings.quote import literal
from storage.system import translated

_MEMORY = "256MB"
_ABOUT = ("table", "column", "target", "target_column")


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The archived row that a row of the target was made of: the value of one column tells it."""

    table: str
    column: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Matched:
    """A page of a table's rows that the target had before; each by its key."""

    keys: tuple[dict[str, str], ...]
    matching: int


@dataclass(frozen=True, kw_only=True)
class _Crosswalk:
    path: Path
    table: str
    column: str
    target: str
    target_column: str


@dataclass(frozen=True, kw_only=True)
class Whereabouts:
    """Over the folder that `engine.decisions` wrote; of loads by older versions it does not say what is in a file."""

    folder: Path

    def origins(self, target: str, keys: Sequence[Mapping[str, str]]) -> tuple[Origin | None, ...]:
        """Of each key of that target table the archived row; None where no crosswalk tells."""
        found: dict[str, Origin] = {}
        for crosswalk in self._crosswalks():
            if crosswalk.target == target:
                wanted = [key[crosswalk.target_column] for key in keys if tuple(key) == (crosswalk.target_column,)]
                for new, old in self._pairs(crosswalk, "new", wanted):
                    found[new] = Origin(table=crosswalk.table, column=crosswalk.column, value=old)
        return tuple(found.get(next(iter(key.values()))) if len(key) == 1 else None for key in keys)

    def key_of(self, table: str, target: str) -> str | None:
        """The column of an archived table whose values became keys of the target table."""
        found = (one.column for one in self._crosswalks() if (one.table, one.target) == (table, target))
        return next(found, None)

    def became(self, table: str, target: str, values: Sequence[str]) -> dict[str, str]:
        """The key in the target table that each of these values of `key_of` became."""
        for crosswalk in self._crosswalks():
            if (crosswalk.table, crosswalk.target) == (table, target):
                return dict(self._pairs(crosswalk, "old", values))
        return {}

    def actions(self, target: str, keys: Sequence[str]) -> dict[str, str]:
        """Of the rows of a table with one key column those that were there before: what was done with each."""
        path = self._decided(target)
        if path is None or not keys:
            return {}
        with _reading(path) as (connection, names):
            if len(names) != 2:
                return {}
            return dict(_asked(connection, "SELECT c0::VARCHAR, c1 FROM rows WHERE c0::VARCHAR", keys))

    def matched(self, target: str, action: str, *, after: int, rows: int) -> Matched:
        """The rows of the table that were there before and with which that was done."""
        path = self._decided(target)
        if path is None:
            return Matched(keys=(), matching=0)
        with _reading(path) as (connection, names):
            *key, _ = names
            cells = ", ".join(f"c{place}::VARCHAR" for place in range(len(key)))
            where = f"FROM rows WHERE c{len(key)} = ?"
            ((matching,),) = connection.execute(f"SELECT count(*) {where}", [action]).fetchall()
            # in the file's order without being sorted: millions would not fit
            found = connection.execute(f"SELECT {cells} {where} LIMIT ? OFFSET ?", [action, rows, after]).fetchall()
        return Matched(keys=tuple(dict(zip(key, row, strict=True)) for row in found), matching=matching)

    def _decided(self, target: str) -> Path | None:
        told = ((path, about) for path, about in _told(self.folder, "decided-*.parquet"))
        return next((path for path, about in told if about.get("table") == target), None)

    def _crosswalks(self) -> Iterator[_Crosswalk]:
        for path, about in _told(self.folder, "crosswalk-*.parquet"):
            if about:
                yield _Crosswalk(path=path, **about)

    def _pairs(self, crosswalk: _Crosswalk, by: str, values: Sequence[str]) -> list[tuple[str, str]]:
        if not values:
            return []
        one, other = ("c1", "c0") if by == "new" else ("c0", "c1")
        with _reading(crosswalk.path) as (connection, _):
            query = f"SELECT {one}::VARCHAR, {other}::VARCHAR FROM rows WHERE {one}::VARCHAR"
            return _asked(connection, query, values)


def _told(folder: Path, pattern: str) -> Iterator[tuple[Path, dict[str, str]]]:
    """Each file, and what it says that it is."""
    for path in sorted(folder.glob(pattern)):
        with translated(path):
            about = pq.read_schema(path).metadata or {}
        said = {name.decode(): value.decode() for name, value in about.items()}
        yield path, {name: value for name, value in said.items() if name in _ABOUT}


def _asked(connection: duckdb.DuckDBPyConnection, query: str, values: Sequence[str]) -> list[tuple[str, str]]:
    marks = ", ".join("?" * len(values))
    found: list[tuple[str, str]] = connection.execute(f"{query} IN ({marks})", list(values)).fetchall()
    return found


@contextmanager
def _reading(file: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, list[str]]]:
    """The file as `rows` (c0, c1, …), and what its columns are called; nothing else can be read there."""
    with translated(file):
        names = pq.read_schema(file).names
    connection = duckdb.connect(config={"memory_limit": _MEMORY, "threads": 1, "temp_directory": ""})
    try:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"SET allowed_paths = [{literal(str(file))}]")
        connection.execute("SET enable_external_access = false")
        columns = ", ".join(f"c{place}" for place in range(len(names)))
        connection.execute(
            f"CREATE VIEW rows AS SELECT {columns} FROM read_parquet({literal(str(file))}) AS part({columns})"
        )
        yield connection, names
    finally:
        connection.close()
