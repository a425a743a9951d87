"""Keeps the values that go under data/files/ while an archive is written, and what _files.csv will say of them."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from itertools import islice
from typing import IO

import pyarrow as pa

from storage.files import FILES_TABLE, FileEntry, file_path
from storage.media import HEAD, media_type
from storage.objects import ObjectStore
from storage.package import Part
from storage.schema import Column, Table
from storage.types import arrow_schema, to_text

_SPOOL = 8 << 20
_CHUNK = 1 << 20
_BATCH = 10_000  # entries
_LONGEST = 1 << 16  # characters of a key, a name or a media type: an entry points at a value, it must not become one


@dataclass(frozen=True, kw_only=True)
class HeldCell:
    """Where a held value comes from: a column of a batch, so many rows into its table."""

    table: Table
    column: Column
    batch: pa.RecordBatch
    rows_before: int

    def entry(self, row: int, size: int, sha256: str, content_type: str | None) -> FileEntry:
        """The line of _files.csv for the value in that row of the batch, or for the file it names."""
        attachment = self.column.attachment
        return FileEntry(
            table=self.table.name,
            row=self._key(row),
            column=self.column.name,
            name=_short(self._text(attachment.name_column, row)) if attachment else None,
            type=_short(self._text(attachment.type_column, row)) if attachment else None,
            size=size,
            sha256=sha256,
            content_type=content_type,
        )

    def _key(self, row: int) -> str:
        texts = [self._text(name, row) for name in self.table.primary_key]
        key = json.dumps(texts, ensure_ascii=False) if texts else None
        return _short(key) or str(self.rows_before + row + 1)

    def _text(self, column: str | None, row: int) -> str | None:
        if column is None:
            return None
        position = self.table.column_names.index(column)
        text = to_text(self.batch.column(position).slice(row, 1), self.table.columns[position].type)
        return None if text[0].as_py() is None else str(text[0])


def _short(text: str | None) -> str | None:
    return text if text is not None and len(text) <= _LONGEST else None


class HeldValues:
    """Writes each content once, remembers every cell that has it, and can forget all since a mark."""

    def __init__(self, store: ObjectStore, prefix: str) -> None:
        self._store = store
        self._prefix = prefix
        self._parts: dict[str, Part] = {}  # insertion order is what `forget` goes by
        self._entries: IO[bytes] = tempfile.SpooledTemporaryFile(_SPOOL)  # noqa: SIM115 - closed by close(); one JSON array a line

    def keep(self, cell: HeldCell, row: int, content: pa.Buffer, sha256: str) -> None:
        """Hold one value: its content under files/ unless it is there, and its entry."""
        head = content.slice(0, min(HEAD, content.size)).to_pybytes()
        self.hold(cell.entry(row, content.size, sha256, media_type(head)), pa.BufferReader(content))

    def hold(self, entry: FileEntry, content: IO[bytes]) -> None:
        """Hold a content, whose size and hash the entry says, unless it is there already; and the entry."""
        if entry.sha256 not in self._parts:
            content.seek(0)
            with self._store.writer(self._key(entry.sha256)) as sink:
                shutil.copyfileobj(content, sink, _CHUNK)
            self._parts[entry.sha256] = Part(path=file_path(entry.sha256), bytes=entry.size, sha256=entry.sha256)
        self._entries.write(json.dumps(astuple(entry)).encode() + b"\n")

    def _key(self, sha256: str) -> str:
        return f"{self._prefix}/data/{file_path(sha256)}"

    def mark(self) -> tuple[int, int]:
        """A point to go back to."""
        return len(self._parts), self._entries.tell()

    def forget(self, mark: tuple[int, int]) -> None:
        """Undo every `keep` since the mark: a table is being written again."""
        parts, position = mark
        for sha256 in list(self._parts)[parts:]:
            self._store.delete(self._key(sha256))
            del self._parts[sha256]
        self._entries.seek(position)
        self._entries.truncate()

    def parts(self) -> Iterator[Part]:
        yield from self._parts.values()

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows of _files.csv so far, in the order they were kept."""
        self._entries.seek(0)
        schema = arrow_schema(FILES_TABLE)
        while lines := list(islice(self._entries, _BATCH)):
            columns = zip(*(json.loads(line) for line in lines), strict=True)
            yield pa.RecordBatch.from_arrays(
                [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)], schema=schema
            )

    def close(self) -> None:
        self._entries.close()
