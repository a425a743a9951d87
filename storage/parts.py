"""Writes one table in one pass: Parquet, CSV, hashes, row count and digest from the same batches, memory flat."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from storage import csvtext, files, recast
from storage.digest import TableDigest
from storage.holding import HeldCell, HeldValues
from storage.objects import ObjectStore, Sink
from storage.package import Part, TablePart
from storage.schema import Held, Table
from storage.types import arrow_schema, part_type, to_text

GROUP_ROWS = 1 << 16  # rows of a row group; bounds what a reader must hold
GROUP_BYTES = 8 << 20
PART_ROWS = 1_000_000
PART_BYTES = 128 << 20  # of Arrow data, before compression


class HashingSink:
    """Passes bytes on, hashing and counting them; enough of a file for Arrow to write to."""

    closed = False

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._hash = hashlib.sha256()
        self._is_discarding = False
        self.size = 0

    def discard(self) -> None:
        """Drop everything from here on."""
        self._is_discarding = True

    def write(self, data: bytes) -> int:
        content = bytes(data)
        if self._is_discarding:
            return len(content)
        self._hash.update(content)
        self._sink.write(content)
        self.size += len(content)
        return len(content)

    def tell(self) -> int:
        return self.size

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """The store closes the object."""

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


class ObjectPart:
    """One object under data/ while it is written; it appears when finished, and not at all if the context fails."""

    def __init__(self, store: ObjectStore, prefix: str, path: str) -> None:
        self._path = path
        self._stack = ExitStack()
        self.sink = HashingSink(self._stack.enter_context(store.writer(f"{prefix}/data/{path}")))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: Any) -> None:
        self._stack.__exit__(*failure)

    def finish(self) -> Part:
        self._stack.close()
        return Part(path=self._path, bytes=self.sink.size, sha256=self.sink.sha256)


class ParquetPart(ObjectPart):
    """A Parquet file; one row group per batch. Same rows, same batches, same version of Arrow: same bytes."""

    def __init__(self, store: ObjectStore, prefix: str, path: str, schema: pa.Schema) -> None:
        super().__init__(store, prefix, path)
        self._writer = pq.ParquetWriter(pa.PythonFile(self.sink, "w"), schema, compression="zstd")
        self.rows = 0
        self.bytes = 0

    def write(self, batch: pa.RecordBatch) -> None:
        if batch.num_columns:
            self._writer.write_batch(batch, row_group_size=max(batch.num_rows, 1))
        self.rows += batch.num_rows
        self.bytes += batch.nbytes

    @property
    def is_full(self) -> bool:
        return self.rows >= PART_ROWS or self.bytes >= PART_BYTES

    def __exit__(self, *failure: Any) -> None:
        if self._writer.is_open:
            self.sink.discard()  # the writer would add its footer to an object that must not appear
            self._writer.close()
        super().__exit__(*failure)

    def finish(self) -> Part:
        self._writer.close()
        return super().finish()


class TableWriter:
    """Takes a table's batches and leaves its parts in the store; `finish` says what they are.

    A context: when it fails, the part being written does not appear; finished ones are the caller's to delete.
    With more than one split planned, the CSV parts have no header and the header is an object of its own. `split` is
    the number of the only one written here, of a table whose others are written elsewhere: its header is, too.
    """

    def __init__(
        self,
        store: ObjectStore,
        prefix: str,
        table: Table,
        name: str,
        *,
        held: HeldValues,
        splits: int = 1,
        split: int | None = None,
    ) -> None:
        self._store = store
        self._prefix = prefix
        self._table = table
        self._name = name
        self._several = splits > 1 or split is not None
        self._split = split
        self._held = held
        self._schema = pa.schema([pa.field(column.name, part_type(column)) for column in table.columns])
        self._digest = TableDigest(table)
        self._longest = 0
        self._rows = 0
        self._csv: list[Part] = []
        self._parquet: list[Part] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(self, *failure: Any) -> None:
        self._stack.__exit__(*failure)

    def _open(self) -> None:
        if not self._csv_is_open:
            path = f"csv/{self._name}/{self._part(self._csv)}.csv" if self._several else f"csv/{self._name}.csv"
            self._csv_part = self._stack.enter_context(ObjectPart(self._store, self._prefix, path))
            if not self._several:
                self._csv_part.sink.write(csvtext.header(self._table))
        path = f"parquet/{self._name}/{self._part(self._parquet)}.parquet"
        self._parquet_part = self._stack.enter_context(ParquetPart(self._store, self._prefix, path, self._schema))

    def _part(self, before: Sequence[Part]) -> str:
        prefix = "part" if self._split is None else split_prefix(self._split)
        return f"{prefix}-{len(before):05d}"

    @property
    def _csv_is_open(self) -> bool:
        return not self._several and bool(self._parquet)

    def write(self, batch: pa.RecordBatch) -> None:
        """One group of rows. Recast where a value does not fit its column as described."""
        if self._parquet_part.is_full:
            self._close()
            self._open()
        texts, cells = self._columns(batch)
        lines = csvtext.master_records(texts, batch.num_rows, self._table)
        self._longest = max(self._longest, pc.max(pc.binary_length(lines)).as_py() or 0)
        self._csv_part.sink.write(csvtext.encoded(lines))
        self._parquet_part.write(pa.RecordBatch.from_arrays(cells, schema=self._schema) if cells else batch.select([]))
        self._digest.add(texts, batch.num_rows)
        self._rows += batch.num_rows

    def _columns(self, batch: pa.RecordBatch) -> tuple[list[pa.Array], list[pa.Array]]:
        """The texts of the cells (for the CSV), and the cells as Parquet holds them."""
        texts, cells = [], []
        for column, values in zip(self._table.columns, batch.columns, strict=True):
            recast.check(self._table, column, values)
            if column.held is Held.FILES:
                origin = HeldCell(table=self._table, column=column, batch=batch, rows_before=self._rows)
                text = cell = files.hold(values, column, partial(self._held.keep, origin))
            else:
                text, cell = to_text(values, column.type), values
            texts.append(text)
            cells.append(cell)
        return texts, cells

    def _close(self) -> None:
        self._parquet.append(self._parquet_part.finish())
        if self._several:
            self._csv.append(self._csv_part.finish())

    def finish(self, scope_class: str) -> TablePart:
        """Every part appears."""
        self._close()
        if not self._several:
            self._csv.append(self._csv_part.finish())
        return TablePart(
            table=self._table,
            name=self._name,
            rows=self._rows,
            digest=str(self._digest),
            scope_class=scope_class,
            longest_record=self._longest,
            csv=tuple(self._csv),
            header=self._header() if self._several and self._split is None else None,
            parquet=tuple(self._parquet),
        )

    def _header(self) -> Part:
        return written_header(self._store, self._prefix, self._table, self._name)


def split_prefix(number: int) -> str:
    """What the names of a split's parts begin with: they sort as the splits do."""
    return f"part-{number:05d}"


def written_header(store: ObjectStore, prefix: str, table: Table, name: str) -> Part:
    """The header of a table in several parts, as an object of its own."""
    with ObjectPart(store, prefix, f"csv/{name}.header.csv") as part:
        part.sink.write(csvtext.header(table))
        return part.finish()


def groups(batches: Iterable[pa.RecordBatch], table: Table) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of at most GROUP_ROWS rows and about GROUP_BYTES, so that small ones do not add up."""
    schema = arrow_schema(table)
    waiting: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        for piece in _pieces(batch.cast(schema) if table.columns else batch):
            if waiting and (rows + piece.num_rows > GROUP_ROWS or size + piece.nbytes > GROUP_BYTES):
                yield from _joined(waiting)
                waiting, rows, size = [], 0, 0
            waiting.append(piece)
            rows, size = rows + piece.num_rows, size + piece.nbytes
    yield from _joined(waiting)


def _pieces(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    if batch.num_rows <= 1 or (batch.num_rows <= GROUP_ROWS and batch.nbytes <= GROUP_BYTES):
        if batch.num_rows:
            yield batch
        return
    half = batch.num_rows // 2
    yield from _pieces(batch.slice(0, half))
    yield from _pieces(batch.slice(half))


def _joined(waiting: list[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    if len(waiting) == 1 or (waiting and not waiting[0].num_columns):
        yield from waiting
    elif waiting:
        yield pa.concat_batches(waiting)
