"""Files that rows hold or name: looked at as the rows pass a snapshot, fetched once these are proven."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import IO, Protocol

import pyarrow as pa

from migrator.engine.attachments_found import Attached, FileNote, Wrong
from migrator.engine.attachments_read import held_bytes, held_notes, notes, wanted_rows
from migrator.engine.attachments_said import ALGORITHMS, HELD_BY, Content
from migrator.engine.attachments_wanted import WantedFile, WantedFiles, WantedRow
from migrator.outcomes import Progress, Tick, silent
from migrator.plan import AttachmentRule, ScopeRules
from storage.errors import Misuse
from storage.holding import HeldCell
from storage.schema import Attachment, Column, Kind, Table
from storage.system import translated
from storage.writer import ArchiveWriter

_AT_ONCE = 4
_SPOOL = 1 << 20  # bytes of a file that is being fetched; a larger one goes through the disk
_HOLDING = frozenset({Kind.BINARY, Kind.TEXT, Kind.JSON, Kind.LITERAL, Kind.VARIANT})


class Files(Protocol):
    """A place of files: a folder, a bucket, a web server. Safe for threads."""

    def fetch(self, name: str, into: IO[bytes], *, most: int) -> str | None:
        """Write the file's content to `into`; where there is none to be had of at most that many bytes, why.

        A Fault where the place itself does not answer.
        """
        ...


def no_files(_base: str) -> Files:
    """The places of somebody who can fetch nothing."""
    raise Misuse("files cannot be fetched here", where="scope.attachments", next="leave base: out of the plan")


class Attachments:
    """What a plan says of files, and what is found of them. A context: the list of what to fetch is a scratch file."""

    def __init__(self, rules: ScopeRules, places: Callable[[str], Files]) -> None:
        self._rules = {(rule.table, rule.column): rule for rule in rules.attachments}
        self._places = {key: places(rule.base) for key, rule in self._rules.items() if rule.base is not None}
        labels = [rule.label for rule in self._rules.values()]
        self._accepted = tuple((label, rules.accept[label]) for label in labels if label in rules.accept)
        self._wanted = WantedFiles()
        self._looked_at: dict[str, _Tally] = {}

    def __enter__(self) -> Attachments:
        return self

    def __exit__(self, *_failure: object) -> None:
        self._wanted.close()

    @property
    def are_declared(self) -> bool:
        """Whether the plan says anything of files."""
        return bool(self._rules)

    # ── as the rows pass ────────────────────────────────────────────────────────────────────────────────────
    def declared(self, table: Table) -> Table:
        """The table, its columns marked that hold files or name them. Misuse where a column's type can do neither."""
        return replace(table, columns=tuple(self._declared(table, column) for column in table.columns))

    def _declared(self, table: Table, column: Column) -> Column:
        rule = self._rules.get((table.name, column.name))
        if rule is None:
            return column
        is_named = rule.base is not None
        if (column.type.kind is Kind.BINARY) if is_named else (column.type.kind not in _HOLDING):
            raise Misuse(
                f"{rule.label} is {column.type}: it {'names no files' if is_named else 'holds no files'}",
                where=rule.at,
                next="leave base: out where the values are the files, and name it where they are names",
            )
        attachment = Attachment(name_column=rule.name_column, type_column=rule.type_column, named=is_named)
        return replace(column, attachment=attachment)

    def watching(self, table: Table, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The batches of one reading of the table; what an earlier reading of it found is forgotten."""
        rules = [rule for rule in self._rules.values() if rule.table == table.name]
        tally = self._looked_at[table.name] = _Tally()
        self._wanted.forget(table.name)
        rows = 0
        for batch in batches:
            for rule in rules:
                cell = HeldCell(table=table, column=table.column(rule.column), batch=batch, rows_before=rows)
                if rule.base is None:
                    tally.look_at(rule, cell)
                else:
                    self._wanted.add(wanted_rows(rule, cell))
            rows += batch.num_rows
            yield batch

    # ── when they are proven ────────────────────────────────────────────────────────────────────────────────
    def fetch(self, writer: ArchiveWriter, progress: Progress = silent) -> Attached:
        """Put every file that a row names into the archive, and say what became of those and of the ones rows hold."""
        tally = _Tally.of(self._looked_at.values())
        files, total = self._wanted.files(), tally.files + self._wanted.count()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            while few := list(islice(files, 2 * _AT_ONCE)):
                self._fetch(few, pool, writer, tally)
                progress(Tick(step="fetch files", what=few[-1].table, done=tally.files, total=total))
        return Attached(files=tally.files, bytes=tally.bytes, notes=tuple(tally.notes), accepted=self._accepted)

    def _fetch(self, few: list[WantedFile], pool: ThreadPoolExecutor, writer: ArchiveWriter, tally: _Tally) -> None:
        with ExitStack() as stack:
            spools = [stack.enter_context(tempfile.SpooledTemporaryFile(_SPOOL)) for _ in few]
            for file, spool, found in zip(few, spools, pool.map(self._fetched, few, spools), strict=True):
                for row in self._wanted.rows(file):
                    tally.take(row, found)
                    if isinstance(found, Content):
                        entry = replace(
                            row.entry, size=found.size, sha256=found.sha256, content_type=found.content_type
                        )
                        writer.attach(entry, spool)

    def _fetched(self, file: WantedFile, spool: IO[bytes]) -> Content | str:
        """The file in the spool; or why there is none to be had."""
        rule = self._rules[file.table, file.column]
        with translated(Path(tempfile.gettempdir())):
            refused = self._places[file.table, file.column].fetch(file.location, spool, most=rule.most)
            spool.seek(0)
            return refused or Content.of(spool, ALGORITHMS if rule.hash_column else HELD_BY)


@dataclass(kw_only=True)
class _Tally:
    """Files counted so far, and what is wrong with some of them."""

    files: int = 0
    bytes: int = 0
    notes: list[FileNote] = field(default_factory=list)

    @classmethod
    def of(cls, tallies: Iterable[_Tally]) -> _Tally:
        """All of them together."""
        total = cls()
        for one in tallies:
            total.count(one.files, one.bytes, one.notes)
        return total

    def count(self, files: int, bytes_: int, found: Iterable[FileNote]) -> None:
        self.files += files
        self.bytes += bytes_
        self.notes.extend(found)

    def look_at(self, rule: AttachmentRule, cell: HeldCell) -> None:
        """Files that are a batch's own values."""
        self.count(*held_bytes(rule, cell), held_notes(rule, cell))

    def take(self, row: WantedRow, found: Content | str) -> None:
        """The file that a row names, or why there is none."""
        if isinstance(found, Content):
            self.count(1, found.size, notes(row.entry, row.said, found, row.location))
        else:
            self.notes.append(FileNote.of(row.entry, row.location, Wrong.MISSING, found))
