"""Writes the tables of an archive in one pass each; who commits the archive may be somebody else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Self

import pyarrow as pa

from storage import twin
from storage.errors import Misuse, Red
from storage.holding import HeldValues
from storage.names import FileNames
from storage.objects import ObjectStore
from storage.package import Part, TablePart
from storage.parts import TableWriter, groups
from storage.schema import Held, Table
from storage.verified import corrupt, passing, verified


class TablesWriter:
    """A context that writes tables under an archive's id; what it wrote stays.

    `expected` are the archive's tables in their order, as far as they are known: however many write them, and in
    whichever order, they are called alike and stand in this one.
    """

    def __init__(self, store: ObjectStore, archive_id: str, *, expected: Sequence[str] = ()) -> None:
        self._store = store
        self._archive_id = archive_id
        self._names = FileNames(expected)
        self._places = {table: place for place, table in enumerate(expected)}
        self._tables: dict[str, TablePart] = {}

    def __enter__(self) -> Self:
        self._held = HeldValues(self._store, self._archive_id)
        return self

    def __exit__(self, _type: object, _error: BaseException | None, _traceback: object) -> None:
        self._held.close()

    def _delete(self, path: str) -> None:
        for info in list(self._store.list(f"{self._archive_id}/{path}")):
            self._store.delete(info.key)

    def table(
        self, table: Table, batches: Iterable[pa.RecordBatch], *, splits: int = 1, scope_class: str = "owned"
    ) -> TablePart:
        """Write a table from batches of `arrow_schema(table)`, in one pass.

        Recast, with nothing of this table left behind, where a column needs another type, NULL token or to be held
        under files/: the caller reads and writes the table again. Misuse if the table is in the archive already.
        """
        if table.name in self._tables:
            raise Misuse("the table is in the archive already", where=table.name, next="write each table once")
        name = self._names.name(table.name)
        part = self._write(_holding_attachments(table), batches, name=name, splits=splits, scope_class=scope_class)
        self._tables[table.name] = part
        return part

    def _write(
        self, table: Table, batches: Iterable[pa.RecordBatch], *, name: str, splits: int, scope_class: str
    ) -> TablePart:
        mark = self._held.mark()
        try:
            with TableWriter(self._store, self._archive_id, table, name, splits=splits, held=self._held) as writer:
                for group in groups(batches, table):
                    writer.write(group)
                return writer.finish(scope_class)
        except BaseException:
            self._held.forget(mark)
            for path in (f"data/csv/{name}.", f"data/csv/{name}/", f"data/parquet/{name}/"):
                self._delete(path)
            self._names.release(name)
            raise

    def again(self, part: TablePart) -> Iterator[pa.RecordBatch]:
        """The rows of a table that stands; after the last it is in the archive, as if it had been written here.

        Every byte of it is hashed before a row of that object is released. Red, with nothing of the table left behind,
        where one is not what it was.
        """
        name = self._names.name(part.table.name)
        try:
            if name != part.name:
                raise corrupt(self._store, self._key(part.parquet[0]), "called otherwise")
            for one in set(part.parts).difference(part.parquet):
                for _ in passing(self._store, self._key(one), one.sha256):
                    pass
            for one in part.parquet:
                with verified(self._store, self._key(one), one.sha256) as stream:
                    yield from twin.read_cells(stream, part.table)
        except Red:
            self._names.release(name)
            if all(part.name != written.name for written in self._tables.values()):
                for one in part.parts:
                    self._store.delete(self._key(one))
            raise
        self._tables[part.table.name] = part

    def _key(self, part: Part) -> str:
        return f"{self._archive_id}/data/{part.path}"

    def cells(self, name: str) -> Iterator[pa.RecordBatch]:
        """The cells of a table that was written, as they stand in the store: held values by their hash."""
        part = self._tables[name]
        for one in part.parquet:
            with verified(self._store, self._key(one), one.sha256) as stream:
                yield from twin.read_cells(stream, part.table)

    @property
    def tables(self) -> tuple[TablePart, ...]:
        """Those written so far, in the archive's order."""
        last = len(self._places)
        return tuple(sorted(self._tables.values(), key=lambda part: self._places.get(part.table.name, last)))


def _holding_attachments(table: Table) -> Table:
    columns = [
        replace(one, held=Held.FILES) if one.attachment and not one.attachment.named else one for one in table.columns
    ]
    return replace(table, columns=tuple(columns))
