"""A world of several tenants in one database: its tables, its rows, and whose each row is, known outside of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from unicodedata import combining, normalize

Value = str | int | None
Cells = tuple[str, ...]
"""A row as a CSV file has it."""

TENANTS, MARK = "firms", "firm_id"
"""The table whose rows are the tenants, and the column that names one of them."""
PEOPLE, JOINED, PERSON = "people", "joined", "person_id"
"""The table of whom may belong to several tenants, that of who belongs to whom, and the column that names one."""
SAID = "said"
"""What tells every row from every other, and means nothing to the code under test."""
FILE, NULL = "plan.yaml", "\\N"


class Ids(StrEnum):
    """What ids are made of; values are written by `Ids` alone and declared by each dialect."""

    NUMBER = "number"
    TEXT = "text"
    UUID = "uuid"


class Alike(StrEnum):
    """What text ids are told apart by, if not exactly."""

    CASE = "in another case the same"
    ACCENTS = "in another case, with other accents or more blanks at the end the same"

    def folded(self, value: str) -> str:
        """The same for what is the same."""
        if self is Alike.CASE:
            return value.lower()
        bare = (char for char in normalize("NFD", value) if not combining(char))
        return "".join(bare).lower().rstrip(" ")


class Marking(StrEnum):
    """How a tenant is marked."""

    ROOT = "a root row and references"
    COLUMN = "a tenant column"
    KEY = "the tenant's id first in every key"
    SCHEMA = "a schema"
    ROOT_AND_KEY = "a root row whose id is first in every key"

    @property
    def has_root(self) -> bool:
        return self in (Marking.ROOT, Marking.ROOT_AND_KEY)

    @property
    def has_keys(self) -> bool:
        return self in (Marking.KEY, Marking.ROOT_AND_KEY)


@dataclass(frozen=True, kw_only=True)
class Field:
    name: str
    ids: Ids | None = None  # what its values are ids of; None: text that says something
    is_required: bool = False
    is_plain: bool = False  # text though its ids are not: what nobody typed when the column was made
    is_json: bool = False
    is_computed: bool = False  # by the database, from other columns: a script adds it


@dataclass(frozen=True, kw_only=True)
class Link:
    """Columns that point at a parent's; `of_type` where the column `type_column` says which table is meant."""

    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]
    is_declared: bool = True  # by the database; else by the plan
    type_column: str | None = None
    of_type: str | None = None

    @property
    def label(self) -> str:
        return "+".join(self.columns)


@dataclass(frozen=True, kw_only=True)
class Table:
    name: str
    fields: tuple[Field, ...]
    key: tuple[str, ...] = ()
    is_primary: bool = True  # else the key is unique, and no primary key
    links: tuple[Link, ...] = ()
    is_shared: bool = False
    of: str | None = None  # a view, that shows these columns of that table's rows
    shows: str | None = None  # what a view selects, where that is anything else
    parted_by: str | None = None  # as PostgreSQL says it; a script makes the partitions

    @property
    def is_view(self) -> bool:
        return self.of is not None or self.shows is not None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(each.name for each in self.fields)

    def shown(self, row: Row) -> Row:
        """The row of another table, as this view of it has it."""
        return replace(row, table=self.name, values=tuple((name, row.value(name)) for name in self.names))

    def field(self, name: str) -> Field:
        return next(each for each in self.fields if each.name == name)

    def link(self, label: str) -> Link:
        return next(each for each in self.links if each.label == label)


@dataclass(frozen=True, kw_only=True)
class Row:
    """`owner` is the tenant's number; None: nobody's, or a shared table's."""

    table: str
    values: tuple[tuple[str, Value], ...]
    owner: int | None

    def value(self, name: str) -> Value:
        return dict(self.values)[name]

    def with_values(self, **changed: Value) -> Row:
        return replace(self, values=tuple({**dict(self.values), **changed}.items()))

    @property
    def said(self) -> str:
        return str(self.value(SAID))


def cells(row: Row) -> Cells:
    return tuple(NULL if value is None else str(value) for _, value in row.values)


@dataclass(frozen=True, kw_only=True)
class World:
    """`scripts` are run by name of the dialect (`""`: any) once the rows are there, `before` beforehand."""

    marking: Marking
    ids: Ids
    tenants: tuple[Value, ...]
    tables: tuple[Table, ...]
    rows: tuple[Row, ...]
    ours: int = 0
    also: tuple[tuple[str, Value], ...] = ()  # rows that are ours, too, by their tables: one customer by several roots
    excluded: tuple[str, ...] = ()
    policies: tuple[tuple[str, str], ...] = ()  # table.column → what scope.foreign says
    paths: tuple[tuple[str, str], ...] = ()  # table → the one reference that carries ownership
    scripts: tuple[tuple[str, str], ...] = field(default=())
    before: tuple[tuple[str, str], ...] = field(default=())
    checks_references: bool = True
    inherited: tuple[str, ...] = ()  # tables that a script makes and fills
    alike: Alike | None = None
    schemas: tuple[str, ...] = ()  # the tenants', in their order

    def table(self, name: str) -> Table:
        return next(each for each in self.tables if each.name == name)

    def rows_of(self, table: str, owner: int | None = None) -> list[Row]:
        """The rows of the table, of one tenant where `owner` says whose; of a view those of the table it shows."""
        views = [view for view in self.tables if view.name == table and view.of]
        held = views[0].of if views else table
        found = [row for row in self.rows if row.table == held and (owner is None or row.owner == owner)]
        return [view.shown(row) for row in found for view in views] if views else found

    @property
    def held(self) -> tuple[Table, ...]:
        """The tables that the archive holds: what is neither excluded nor lies in a schema of others."""
        ours = self.schemas[self.ours] if self.schemas else ""
        strange = tuple(f"{name}." for name in self.schemas if name != ours)
        return tuple(
            table for table in self.tables if table.name not in self.excluded and not table.name.startswith(strange)
        )

    @property
    def has_people(self) -> bool:
        return any(table.name == PEOPLE for table in self.tables)

    def others(self) -> list[int]:
        return [number for number in range(len(self.tenants)) if number != self.ours]

    def with_table(self, table: Table) -> World:
        return replace(self, tables=tuple(table if each.name == table.name else each for each in self.tables))

    def with_row(self, row: Row) -> World:
        """The row in the place of the one that says the same, or after all others."""
        kept = tuple(row if each.said == row.said else each for each in self.rows)
        return replace(self, rows=kept if row in kept else (*kept, row))

    # ── the answer key ──────────────────────────────────────────────────────────────────────────────────────
    def answer(self) -> dict[str, list[Cells]]:
        """What the tenant's archive holds, as the cells of its tables: his rows, and the shared ones they point at."""
        wanted = [row for table in self.held for row in self.rows_of(table.name, self.ours)]
        for row in wanted:  # grows: shared rows point at shared rows
            wanted.extend(parent for parent in self._shared_parents(row) if parent not in wanted)
        held = {table.name: [] for table in self.held}
        for row in wanted:
            held[row.table].append(cells(row))
        return {name: sorted(rows) for name, rows in held.items()}

    def _shared_parents(self, row: Row) -> Iterator[Row]:
        for link in self.table(row.table).links:
            is_said = link.parent != PEOPLE or row.table == JOINED  # nothing else makes somebody the tenant's
            if self.table(link.parent).is_shared and is_said:
                yield from (parent for parent in self.parents(link, row) if parent.owner in (None, self.ours))

    def parents(self, link: Link, row: Row) -> list[Row]:
        """The rows that the row points at by this link."""
        sought = [self._folded(row.value(name)) for name in link.columns]
        if None in sought or (link.type_column is not None and row.value(link.type_column) != link.of_type):
            return []
        found = self.rows_of(link.parent)
        return [p for p in found if [self._folded(p.value(name)) for name in link.parent_columns] == sought]

    def _folded(self, value: Value) -> Value:
        """What is compared: an id, whatever column of whatever type holds it."""
        if value is None or self.alike is None:
            return value if value is None else str(value)
        return self.alike.folded(str(value))

    # ── the plan ────────────────────────────────────────────────────────────────────────────────────────────
    def scope(self) -> str:
        """The scope of the plan that takes the tenant out, as a person would write it."""
        shared = [table.name for table in self.tables if table.is_shared and table.name != PEOPLE]
        return "\n".join(
            [
                f"root: {json.dumps(self._root())}",
                f"views: {json.dumps([table.name for table in self.tables if table.is_view])}",
                f"members: {json.dumps({PEOPLE: [f'{JOINED}.{PERSON}']} if self.has_people else {})}",
                f"shared: [{', '.join(shared)}]",
                f"excluded: {json.dumps(dict.fromkeys(self.excluded, 'not his'))}",
                f"references: {json.dumps(list(self._undeclared()))}",
                f"foreign: {json.dumps(dict(self.policies))}",
                f"paths: {json.dumps({table: [label] for table, label in self.paths})}",
            ]
        )

    def _root(self) -> object:
        tenant = self.tenants[self.ours]
        if self.marking is Marking.SCHEMA:
            return {"schema": tenant, "others": [name for name in self.schemas if name != tenant]}
        if not self.marking.has_root:
            return {"column": MARK, "value": tenant}
        return [{"table": table, "where": {"id": value}} for table, value in ((TENANTS, tenant), *self.also)]

    def _undeclared(self) -> Iterator[dict[str, object]]:
        for table in self.tables:
            types: dict[tuple[str, ...], dict[str, str]] = {}
            for link in table.links:
                if link.type_column and link.of_type:
                    types.setdefault((link.type_column, *link.columns), {})[link.of_type] = link.parent
                elif not link.is_declared:
                    to = [f"{link.parent}.{name}" for name in link.parent_columns]
                    yield {"table": table.name, "columns": list(link.columns), "to": to}
            for (type_column, *columns), known in types.items():
                yield {"table": table.name, "columns": columns, "type_column": type_column, "types": known}
