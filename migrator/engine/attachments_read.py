"""What a batch says of files: which it names, what it says of their size and hash, and what of them it holds."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from migrator.engine.attachments_found import FileNote, Wrong
from migrator.engine.attachments_said import ALGORITHMS, Content, Said
from migrator.engine.attachments_wanted import WantedRow
from migrator.plan import AttachmentRule
from storage.files import FileEntry, content_of
from storage.holding import HeldCell
from storage.schema import Kind
from storage.types import Variant, to_text


def wanted_rows(rule: AttachmentRule, cell: HeldCell) -> Iterator[WantedRow]:
    """The rows of the batch that name a file; an empty text names none, as NULL does."""
    locations, said = _texts(cell, rule.column), _said(rule, cell)
    for row, location in enumerate(locations):
        if location:
            yield WantedRow(location=location, entry=_entry(cell, row), said=said[row])


def held_notes(rule: AttachmentRule, cell: HeldCell) -> Iterator[FileNote]:
    """The rows of the batch whose own value is a file that is empty, or not as the row says."""
    values, said = _values(cell, rule.column), _said(rule, cell)
    for row in pc.indices_nonzero(pc.is_valid(values)).to_pylist():
        if said[row].is_silent and len(values[row].as_buffer()):
            continue
        content = Content.of(pa.BufferReader(content_of(values[row])), ALGORITHMS)
        yield from notes(_entry(cell, row), said[row], content)


def notes(entry: FileEntry, said: Said, content: Content, name: str | None = None) -> Iterator[FileNote]:
    """What is wrong with a file that is there; it goes by `name`, else by the one its row says."""
    called = name or entry.name
    if not content.size:
        yield FileNote.of(entry, called, Wrong.EMPTY, "it has no bytes")
    if differs := said.differs(content):
        yield FileNote.of(entry, called, Wrong.ALTERED, differs)


def held_bytes(rule: AttachmentRule, cell: HeldCell) -> tuple[int, int]:
    """How many files the batch itself holds, and of how many bytes."""
    values = _values(cell, rule.column)
    return len(values) - values.null_count, pc.sum(pc.binary_length(values), min_count=0).as_py()


def _entry(cell: HeldCell, row: int) -> FileEntry:
    return cell.entry(row, 0, "", None)


def _said(rule: AttachmentRule, cell: HeldCell) -> list[Said]:
    sizes, hashes = (_texts(cell, name) for name in (rule.size_column, rule.hash_column))
    return [Said(size=size, hash=hash_) for size, hash_ in zip(sizes, hashes, strict=True)]


def _values(cell: HeldCell, column: str) -> pa.Array:
    return cell.batch.column(cell.table.column_names.index(column))


def _texts(cell: HeldCell, column: str | None) -> list[str | None]:
    """A column as a person would write it: bytes, which can be a hash, in hexadecimal digits."""
    if column is None:
        return [None] * cell.batch.num_rows
    values, type_ = _values(cell, column), cell.table.column(column).type
    if type_.kind is Kind.BINARY:
        return [None if value is None else value.hex() for value in values.to_pylist()]
    texts: list[str | None] = to_text(values, type_).to_pylist()
    if type_.kind is Kind.VARIANT:
        return [text and _plain(text) for text in texts]
    return texts


def _plain(tagged: str) -> str:
    """What a value among values of several types would be as text; text that is none of a reader's stays tagged."""
    return tagged[2:] if tagged.startswith((Variant.TEXT, Variant.INTEGER)) else tagged
