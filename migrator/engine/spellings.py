"""Texts of a reference that only the source calls the same: it is asked which parent each of them points at.

No table of letters here says what every collation of every server does. So a key that points at nothing by what is
known (migrator.engine.equality) is looked for in the source, and remembered beside the key of the row found there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from mappings.quote import identifier as quoted
from migrator.contracts import Among, Keys, Reading
from migrator.engine.classify import Reference
from migrator.engine.equality import keys_sought, may_be_spelled, surely_points_at
from migrator.engine.workbench import FewKeys, QueryKeys, Workbench
from storage.schema import Column, Table, Type
from storage.types import arrow_type

_ASKING, _FOUND = "migrator asking", "migrator found"


@dataclass(frozen=True, kw_only=True)
class Ends:
    """A reference between its two tables, as they are typed now."""

    reference: Reference
    child: Table
    parent: Table

    @property
    def children(self) -> list[Column]:
        return [self.child.column(name) for name in self.reference.columns]

    @property
    def parents(self) -> list[Column]:
        return [self.parent.column(name) for name in self.reference.parent_columns]

    @property
    def joined(self) -> str:
        """The condition that a row `c` points at a row `p`."""
        return _joined(self.children, self.parents)

    @property
    def texts(self) -> list[int]:
        """Which of its columns may be spelled in several ways."""
        pairs = enumerate(zip(self.children, self.parents, strict=True))
        return [i for i, (child, parent) in pairs if may_be_spelled(child, parent)]


class Spellings:
    """Of the tables in one schema of the workbench: `same."<schema> <reference>"` has k0… as the source calls p0…."""

    def __init__(self, workbench: Workbench, schema: str) -> None:
        self._workbench = workbench
        self._schema = schema
        self._started: set[str] = set()
        self._spelled: set[str] = set()
        workbench.schema("same")

    def parents(self, ends: Ends) -> str:
        """What stands after FROM for the parents `p`, each under every spelling known; `migrator_row` tells them apart.

        The plain table has each once, as it is.
        """
        table = f"{self._schema}.{quoted(ends.parent.name)}"
        plain = f"SELECT *, rowid AS migrator_row FROM {table}"
        if self._name(ends) not in self._spelled:
            return f"({plain}) p"
        names = [quoted(name) for name in ends.reference.parent_columns]
        on = " AND ".join(f"s.p{i} = o.{name}" for i, name in enumerate(names))
        spelled = ", ".join(f"s.k{i} AS {names[i]}" for i in ends.texts)
        other = f"SELECT o.* REPLACE ({spelled}), o.rowid FROM {table} o JOIN {self._pairs(ends)} s ON {on}"
        return f"({plain} UNION ALL {other}) p"

    def learn(self, ends: Ends, reading: Reading, pointing: str) -> None:
        """Ask for what points at no parent yet; `pointing` is FROM and WHERE of the rows `c` that point.

        Nothing is asked twice. May raise Recast.
        """
        if not ends.texts:
            return
        keys = self._unknown(ends, pointing)
        if not len(keys):
            return
        self._remember_asked(ends, keys.types)
        if self._find(ends, reading, keys):
            self._pair(ends, reading, keys.types)

    def _pairs(self, ends: Ends) -> str:
        return f"same.{quoted(self._name(ends))}"

    def _name(self, ends: Ends) -> str:
        """What a key means does not follow from which of its rows a reference makes the tenant's."""
        return f"{self._schema} {ends.reference}"

    def _unknown(self, ends: Ends, pointing: str) -> QueryKeys:
        lost = f"{pointing} AND NOT EXISTS (SELECT 1 FROM {self.parents(ends)} WHERE {ends.joined})"
        children = [("c", column) for column in ends.children]
        sought = keys_sought(self._workbench, zip(children, ends.parents, strict=True), lost)
        if self._name(ends) not in self._started:
            self._workbench.ingest("same", self._name(ends), [], _schema(sought.types, ends.parents))
            self._started.add(self._name(ends))
        names = ", ".join(f"k{i}" for i in range(len(sought.types)))
        new = f"SELECT * FROM ({sought.query}) ANTI JOIN {self._pairs(ends)} USING ({names})"
        self._workbench.execute(f"CREATE OR REPLACE TABLE same.{quoted(_ASKING)} AS {new}")
        return replace(sought, query=f"SELECT * FROM same.{quoted(_ASKING)} ORDER BY ALL")

    def _remember_asked(self, ends: Ends, types: Sequence[Type]) -> None:
        nothing = ", ".join("NULL" for _ in types)
        asked = f"SELECT *, {nothing} FROM same.{quoted(_ASKING)}"
        self._workbench.execute(f"INSERT INTO {self._pairs(ends)} {asked}")

    def _find(self, ends: Ends, reading: Reading, keys: Keys) -> int:
        schema = pa.schema([(column.name, arrow_type(column.type)) for column in ends.parents])
        return self._workbench.ingest("same", _FOUND, _asked(ends, reading, keys), schema)

    def _pair(self, ends: Ends, reading: Reading, types: tuple[Type, ...]) -> None:
        """Key by key, of those alone that are spelled as no row found is."""
        keys = [replace(column, name=f"k{i}", type=types[i]) for i, column in enumerate(ends.children)]
        found = f"SELECT 1 FROM same.{quoted(_FOUND)} p WHERE {_joined(keys, ends.parents)}"
        schema = _schema(types, ends.parents)
        query = f"SELECT * FROM same.{quoted(_ASKING)} c WHERE NOT EXISTS ({found}) ORDER BY ALL"
        for batch in QueryKeys(workbench=self._workbench, query=query, types=types).batches():
            for i in range(batch.num_rows):
                key = batch.slice(i, 1)
                for row in _asked(ends, reading, FewKeys(keys=pa.Table.from_batches([key]), types=types)):
                    pair = pa.RecordBatch.from_arrays([*key.columns, *row.slice(0, 1).columns], schema=schema)
                    self._workbench.append("same", self._name(ends), [pair], schema)
                    self._spelled.add(self._name(ends))


def _joined(children: Sequence[Column], parents: Sequence[Column]) -> str:
    pairs = zip(children, parents, strict=True)
    return " AND ".join(surely_points_at(("c", child), ("p", parent)) for child, parent in pairs)


def _asked(ends: Ends, reading: Reading, keys: Keys) -> Iterator[pa.RecordBatch]:
    """The keys of parents that the source says are among these; no empty batch."""
    columns = ends.reference.parent_columns
    for batch in reading.scan(ends.parent, Among(columns=columns, keys=keys), columns=columns, distinct=True):
        if batch.num_rows:
            yield batch.select(list(columns))


def _schema(types: Sequence[Type], parents: Sequence[Column]) -> pa.Schema:
    keys = [(f"k{i}", arrow_type(type_)) for i, type_ in enumerate(types)]
    return pa.schema([*keys, *((f"p{i}", arrow_type(column.type)) for i, column in enumerate(parents))])
