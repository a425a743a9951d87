"""A world of several tenants in one database: its tables, its rows, and whose each row is, known outside of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

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


class Marking(StrEnum):
    """How a tenant is marked."""

    ROOT = "a root row and references"
    COLUMN = "a tenant column"
    KEY = "the tenant's id first in every key"
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

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(each.name for each in self.fields)

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
    also: tuple[Value, ...] = ()  # tenants that are ours, too: one customer by several roots
    excluded: tuple[str, ...] = ()
    policies: tuple[tuple[str, str], ...] = ()  # table.column → what scope.foreign says
    paths: tuple[tuple[str, str], ...] = ()  # table → the one reference that carries ownership
    scripts: tuple[tuple[str, str], ...] = field(default=())
    before: tuple[tuple[str, str], ...] = field(default=())
    checks_references: bool = True
    inherited: tuple[str, ...] = ()  # tables that a script makes and fills

    def table(self, name: str) -> Table:
        return next(each for each in self.tables if each.name == name)

    def rows_of(self, table: str, owner: int | None = None) -> list[Row]:
        """The rows of the table, of one tenant where `owner` says whose."""
        return [row for row in self.rows if row.table == table and (owner is None or row.owner == owner)]

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
        wanted = [row for row in self.rows if row.owner == self.ours and row.table not in self.excluded]
        for row in wanted:  # grows: shared rows point at shared rows
            wanted.extend(parent for parent in self._shared_parents(row) if parent not in wanted)
        held = {table.name: [] for table in self.tables if table.name not in self.excluded}
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
        sought = [row.value(name) for name in link.columns]
        if None in sought or (link.type_column is not None and row.value(link.type_column) != link.of_type):
            return []
        found = self.rows_of(link.parent)
        return [parent for parent in found if [parent.value(name) for name in link.parent_columns] == sought]

    # ── the plan ────────────────────────────────────────────────────────────────────────────────────────────
    def scope(self) -> str:
        """The scope of the plan that takes the tenant out, as a person would write it."""
        tenants = [self.tenants[self.ours], *self.also]
        shared = [table.name for table in self.tables if table.is_shared and table.name != PEOPLE]
        root: object = [{"table": TENANTS, "where": {"id": tenant}} for tenant in tenants]
        if not self.marking.has_root:
            root = {"column": MARK, "value": tenants[0]}
        return "\n".join(
            [
                f"root: {json.dumps(root)}",
                f"members: {json.dumps({PEOPLE: [f'{JOINED}.{PERSON}']} if self.has_people else {})}",
                f"shared: [{', '.join(shared)}]",
                f"excluded: {json.dumps(dict.fromkeys(self.excluded, 'not his'))}",
                f"references: {json.dumps(list(self._undeclared()))}",
                f"foreign: {json.dumps(dict(self.policies))}",
                f"paths: {json.dumps({table: [label] for table, label in self.paths})}",
            ]
        )

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
