"""Writes the tables of an archive in one pass each; who commits the archive may be somebody else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Self

import pyarrow as pa

from storage import digest, twin
from storage.errors import Misuse, Red
from storage.holding import HeldValues
from storage.names import FileNames
from storage.objects import ObjectStore
from storage.package import Part, TablePart
from storage.parts import TableWriter, groups, split_prefix, written_header
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
                return _written(writer, table, batches, scope_class)
        except BaseException:
            self._held.forget(mark)
            self._delete_all(name)
            self._names.release(name)
            raise

    def _delete_all(self, name: str) -> None:
        for path in (f"data/csv/{name}.", f"data/csv/{name}/", f"data/parquet/{name}/"):
            self._delete(path)

    # ── in splits ───────────────────────────────────────────────────────────────────────────────────────────
    def split(
        self, table: Table, batches: Iterable[pa.RecordBatch], *, number: int, scope_class: str = "owned"
    ) -> TablePart:
        """Write one split of an expected table; whoever writes the others, `joined` is the table.

        Recast, with nothing of this split left behind, where a column needs to be described otherwise in all of them.
        """
        name = self._names.name(table.name)
        self._delete_split(name, number)  # another may have died in the middle of it
        try:
            with TableWriter(self._store, self._archive_id, table, name, split=number, held=self._held) as writer:
                return _written(writer, table, batches, scope_class)
        except BaseException:
            self._delete_split(name, number)
            raise

    def _delete_split(self, name: str, number: int) -> None:
        for kind in ("csv", "parquet"):
            self._delete(f"data/{kind}/{name}/{split_prefix(number)}-")

    def joined(self, splits: Sequence[TablePart]) -> TablePart:
        """The table that these are all the splits of, in their order; `again` then puts it into the archive."""
        first = splits[0]
        return replace(
            first,
            rows=sum(part.rows for part in splits),
            digest=digest.joined(part.digest for part in splits),
            longest_record=max(part.longest_record for part in splits),
            csv=tuple(one for part in splits for one in part.csv),
            header=written_header(self._store, self._archive_id, first.table, first.name),
            parquet=tuple(one for part in splits for one in part.parquet),
        )

    def discard(self, table: str) -> None:
        """Nothing stays of the splits of an expected table: it is to be written whole."""
        self._delete_all(self._names.name(table))

    # ── as it stands ────────────────────────────────────────────────────────────────────────────────────────

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


def _written(writer: TableWriter, table: Table, batches: Iterable[pa.RecordBatch], scope_class: str) -> TablePart:
    for group in groups(batches, table):
        writer.write(group)
    return writer.finish(scope_class)


def _holding_attachments(table: Table) -> Table:
    columns = [
        replace(one, held=Held.FILES) if one.attachment and not one.attachment.named else one for one in table.columns
    ]
    return replace(table, columns=tuple(columns))
