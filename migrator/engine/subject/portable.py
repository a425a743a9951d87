"""A person's export as they can use it: one JSON document for programs, one page for themselves; both streamed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from migrator.engine.classify import Reference
from migrator.engine.subject.cells import Cell, FilePlace, rows_of, tables_of
from migrator.engine.subject.mentions import Mentions
from migrator.engine.subject.other_people import OtherPeople
from migrator.engine.subject.page import Page
from migrator.engine.subject.person import Person
from migrator.engine.subject.withheld import WithheldColumn
from storage.identity import Identity
from storage.package import TablePart
from storage.schema import Table
from storage.writer import ArchiveWriter

DOCUMENT, PAGE = "portable/subject.json", "portable/subject.html"


@dataclass(frozen=True, kw_only=True)
class Portable:
    """What is told of a person beside their rows; `stayed` are tables that are not in the export, each with why.

    `withheld` are columns of those that are, and `other_people` whom their rows name.
    """

    identity: Identity
    person: Person
    references: Sequence[Reference]
    stayed: Sequence[tuple[str, str]]
    withheld: Sequence[WithheldColumn]
    other_people: Sequence[OtherPeople]
    mentions: Mentions

    @property
    def as_of(self) -> str:
        return self.identity.fence.get("taken_at", self.identity.created_at)


def write_portable(writer: ArchiveWriter, told: Portable) -> None:
    """Add both to an archive whose tables are written."""
    tables = tables_of(writer, told.person.table.name)
    with writer.documented(DOCUMENT) as sink:
        for text in _document(writer, told, tables):
            sink.write(text.encode())
    with writer.documented(PAGE) as sink:
        page = Page(tenant=told.identity.tenant, as_of=told.as_of, tool=told.identity.tool)
        rows = ((part, rows_of(writer, part)) for part in tables if part.rows)
        for text in page.parts(rows, told.stayed, told.withheld, told.other_people, told.mentions):
            sink.write(text.encode())


def _document(writer: ArchiveWriter, told: Portable, tables: Sequence[TablePart]) -> Iterator[str]:
    head = {
        "tenant": told.identity.tenant,
        "subject": {"table": told.person.table.name, "key": told.person.key},
        "as_of": told.as_of,
        "archive": told.identity.archive_id,
        "not_exported": [{"table": table, "reason": reason} for table, reason in told.stayed],
        "withheld": [asdict(one) for one in told.withheld],
        "other_people": [asdict(one) for one in told.other_people],
        "mentions": asdict(told.mentions),
    }
    yield f'{json.dumps(head, ensure_ascii=False, indent=1)[:-2]},\n "tables": ['
    for number, part in enumerate(tables):
        yield ",\n" if number else "\n"
        yield f'{json.dumps(_described(part, told), ensure_ascii=False)[:-1]}, "rows": ['
        names = part.table.column_names
        for place, row in enumerate(rows_of(writer, part)):
            values = {name: _value(cell) for name, cell in zip(names, row, strict=True)}
            yield (",\n" if place else "\n") + json.dumps(values, ensure_ascii=False)
        yield "]}"
    yield "]}\n"


def _described(part: TablePart, told: Portable) -> dict[str, object]:
    table = part.table
    return {
        "name": table.name,
        "class": part.scope_class,
        "columns": [{"name": one.name, "type": str(one.type), "native": one.native} for one in table.columns],
        "primary_key": table.primary_key,
        "references": [_reference(one) for one in told.references if _is_in(one, table)],
    }


def _is_in(reference: Reference, table: Table) -> bool:
    return reference.table == table.name and set(reference.told_by) <= set(table.column_names)


def _reference(reference: Reference) -> dict[str, object]:
    """Declared or not; `when` is the column and the value without which it does not count."""
    said: dict[str, object] = {"columns": reference.columns, "table": reference.parent, "to": reference.parent_columns}
    when = reference.when
    return {**said, "when": dict(zip(when.columns, when.values, strict=True))} if when else said


def _value(cell: Cell) -> object:
    """Canonical text, as the CSV has it; of a file its place beside this document."""
    return {"file": f"../{cell.path}"} if isinstance(cell, FilePlace) else cell
