"""From a database into an archive, and out of it by stock readers alone: the twin by pyarrow, the master by RFC 4180.

Nothing of ours reads what is compared: the fields of the master go back to the server, and what it then says of them
must be what it said of the values themselves.
"""

from __future__ import annotations

import base64
import datetime as dt
import itertools
import re
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from migrator.contracts import Reading, Whole
from migrator.engine.restore import restore
from storage.archive import Archive
from storage.errors import Recast
from storage.local import LocalStore
from storage.model import MODEL, rendered
from storage.package import TablePart
from storage.schema import Column, Kind, Table
from storage.writer import ArchiveWriter, Sealed
from tests.fidelity.case import Case, Database, Measured
from tests.support_archive import identity, signing_keys

_COLUMNS = 40  # of one table
_FIELD = re.compile(r'("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n)')
_PARSED: dict[Kind, Callable[[str], Any]] = {
    Kind.BOOLEAN: {"true": True, "false": False}.__getitem__,
    Kind.INTEGER: int,
    Kind.FLOAT: float,
    Kind.DECIMAL: Decimal,
    Kind.BINARY: base64.b64decode,
    Kind.DATE: dt.date.fromisoformat,
    Kind.TIME: dt.time.fromisoformat,
    Kind.TIMESTAMP: dt.datetime.fromisoformat,
    Kind.TIMESTAMPTZ: dt.datetime.fromisoformat,
}


def measure(database: Database, again: Database, folder: Path) -> list[Measured]:
    """Every case of the database, in order; `again` is an empty one of its kind, which becomes what was archived."""
    groups = {f"t{number}": group for number, group in enumerate(_groups(database.cases))}
    database.prepare()
    for name, group in groups.items():
        database.create(name, group)
        database.insert(name, list(_values(group)))
    taken_back = [name for name, group in groups.items() if group[0].is_taken_back]
    store = LocalStore(folder / "restored")
    with database.source().fence() as reading:
        restorable = archived(reading, taken_back, store)
        rest = archived(reading, [name for name in groups if name not in taken_back], LocalStore(folder / "rest"))
    restore(Archive.open(store, restorable.archive_id), again.target(), again.source)
    measured: dict[str, list[Measured]] = {}
    for sealed in (restorable, rest):
        for part in sealed.tables:
            name, group = part.table.name, groups[part.table.name]
            restored = again.say(name, group) if sealed is restorable else None
            measured[name] = list(_compared(database, name, group, part, Path(sealed.location) / "data", restored))
    return [one for name in groups for one in measured[name]]


def _groups(cases: Sequence[Case]) -> Iterator[Sequence[Case]]:
    """The cases of one table each."""
    for _, alike in itertools.groupby(cases, key=lambda case: (case.options, case.is_taken_back)):
        some = list(alike)
        yield from (some[start : start + _COLUMNS] for start in range(0, len(some), _COLUMNS))


def _values(cases: Sequence[Case]) -> Iterator[tuple[int, int, str]]:
    """A row for each value, so that every other column of it is NULL."""
    n = 0
    for column, case in enumerate(cases):
        for value in case.values:
            yield n, column, value
            n += 1


def archived(reading: Reading, names: Sequence[str], store: LocalStore) -> Sealed:
    """An archive of whole tables: each as the census types it, read again where a value asks for another type."""
    with ArchiveWriter(store, replace(identity(), source_platform=reading.schema.platform), signing_keys()) as writer:
        for name in names:
            table, _ = reading.census(reading.schema.table(name), Whole())
            while True:
                try:
                    writer.table(table, reading.scan(table, Whole()))
                    break
                except Recast as recast:
                    table = _with(table, recast.column)
        writer.document(MODEL, rendered(reading.model(names)))
        return writer.commit()


def _with(table: Table, column: Column) -> Table:
    return replace(table, columns=tuple(column if one.name == column.name else one for one in table.columns))


def _compared(
    database: Database,
    name: str,
    cases: Sequence[Case],
    part: TablePart,
    data: Path,
    restored: list[list[str | None]] | None,
) -> Iterator[Measured]:
    master = fields(data / part.csv[0].path)[1:]
    twin = pq.read_table(data / part.parquet[0].path)
    refused = _give_back(database, name, cases, part.table, master)
    said, said_back = database.say(name, cases), database.say(_back(name), cases)
    for column, case in enumerate(cases):
        archived_as = part.table.columns[column + 1]
        texts = [value_of(row[column + 1], archived_as) for row in master]
        wrong = [
            *_disagreeing(texts, twin.column(column + 1).to_pylist(), archived_as.type.kind),
            *_unequal(said[column], said_back[column], refused[column]),
        ]
        yield Measured(
            case=case,
            column=archived_as,
            field=next((row[column + 1] for row, text in zip(master, texts, strict=True) if text is not None), ""),
            wrong=tuple(wrong),
            refused=next(iter(refused[column].values()), ""),
            lost=tuple(_unequal(said[column], restored[column])) if restored else (),
        )


def _back(name: str) -> str:
    return f"{name}_back"


def _give_back(
    database: Database, name: str, cases: Sequence[Case], table: Table, master: Sequence[Sequence[str]]
) -> list[dict[int, str]]:
    """Put every archived field into a table of the same types; what was refused, by column and row."""
    database.create(_back(name), cases)
    database.insert(_back(name), [(n, 0, "NULL") for n in range(len(master))])
    refused: list[dict[int, str]] = [{} for _ in cases]
    for n, row in enumerate(master):
        for column, (field, archived_as) in enumerate(zip(row[1:], table.columns[1:], strict=True)):
            text = value_of(field, archived_as)
            kind = archived_as.type.kind
            if text is not None and (why := database.put(_back(name), n, column, cases[column], kind, text)):
                refused[column][n] = why
    return refused


def fields(path: Path) -> list[list[str]]:
    """The records of a CSV file, their fields as they stand there: RFC 4180, and nothing else."""
    records: list[list[str]] = [[]]
    content = path.read_bytes().decode("utf-8")
    end = 0
    for found in _FIELD.finditer(content):
        assert found.start() == end, f"not CSV at {content[end : end + 40]!r}"
        end = found.end()
        records[-1].append(found[1])
        if found[2] == "\r\n":
            records.append([])
    assert end == len(content)
    return records[:-1]


def value_of(field: str, column: Column) -> str | None:
    """What a field says; None for the column's NULL token, which is never quoted."""
    if field == column.null_token:
        return None
    return field[1:-1].replace('""', '"') if field.startswith('"') else field


def _disagreeing(texts: Sequence[str | None], twin: Sequence[Any], kind: Kind) -> Iterator[str]:
    parse = _PARSED.get(kind, str)
    for text, value in zip(texts, twin, strict=True):
        value = value.astimezone(dt.UTC) if kind is Kind.TIMESTAMPTZ and value is not None else value
        if repr(None if text is None else parse(text)) != repr(value):
            yield f"the master says {text!r}, the twin {value!r}"


def _unequal(said: Sequence[str | None], back: Sequence[str | None], refused: Container[int] = ()) -> Iterator[str]:
    for n, (before, after) in enumerate(zip(said, back, strict=True)):
        if before != after and n not in refused:
            yield f"the server said {before!r}, and of what the archive holds {after!r}"
