"""Taking files back: what a run put into a place, but for what somebody changed since, or somebody still names.

The target's rows are asked, and the journals of other loads: of those still at work, and of other targets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest

import pyarrow as pa

from mappings.quote import identifier as quoted
from mappings.quote import literal
from migrator.contracts import RowNote, Target
from migrator.engine.equality import folded
from migrator.engine.live import ingest_live
from migrator.engine.placing.due import DueFile, said_hash
from migrator.engine.placing.journal import FilesJournal, JournalledFile, journals
from migrator.engine.placing.shelf import each, standing
from migrator.engine.workbench import QueryKeys, Workbench, workbench
from migrator.plan import FileRule
from storage.objects import ObjectStore
from storage.schema import Kind, Type

_BATCH = 10_000
_GONE = ""
_PLACED = pa.schema([pa.field("name", pa.string()), pa.field("sha256", pa.string())])


@dataclass(frozen=True, kw_only=True)
class FilesUndone:
    """What became of the files a run put there; `notes` says why some of them stay."""

    removed: int = 0
    kept: int = 0
    notes: tuple[RowNote, ...] = ()

    def __add__(self, other: FilesUndone) -> FilesUndone:
        return FilesUndone(
            removed=self.removed + other.removed, kept=self.kept + other.kept, notes=(*self.notes, *other.notes)
        )


def take_back(
    journal: FilesJournal, rules: Sequence[FileRule], target: Target, *, is_again: bool = False
) -> FilesUndone:
    """Remove the files of a run whose rows are gone; `rules` are those of the place. The journal is to go afterwards.

    Where an attempt before this one was stopped, what is gone `is_again` counted.
    """
    removed, notes = 0, list[RowNote]()
    _discard_unfinished(journal, target)
    with workbench() as bench:
        placed = _placed(bench, journal, rules, target)
        for file, why in each(placed, lambda file: file.taken_from(journal.store)):
            removed += why is None or (is_again and why == _GONE)
            if why:
                notes.append(RowNote(table=rules[0].label, key={"file": file.name}, why=f"the file stays: {why}"))
    return FilesUndone(removed=removed, kept=len(notes), notes=tuple(notes))


def goes_on(journal: FilesJournal, due: Iterator[DueFile], target: Target) -> bool:
    """Whether an attempt that was stopped had just these files to put there: what it did not finish is discarded."""
    if not journal.is_there or any(file != other for file, other in zip_longest(map(_due, journal.files()), due)):
        return False
    _discard_unfinished(journal, target)
    return True


def _due(file: JournalledFile) -> DueFile:
    return DueFile(name=file.name, sha256=file.sha256, size=file.size)


@dataclass(frozen=True, kw_only=True)
class _Placed:
    """A file that a run put there; `holder` says who names it still."""

    name: str
    sha256: str
    holder: str | None

    def taken_from(self, shelf: ObjectStore) -> str | None:
        """Why it stays; empty where it was gone already, None where it is now."""
        if self.holder is not None:
            return self.holder
        found = standing(shelf, self.name)
        if found == said_hash(self.sha256):
            shelf.delete(self.name)
            return None
        return f"somebody changed it since the load: {found}" if found else _GONE


def _placed(bench: Workbench, journal: FilesJournal, rules: Sequence[FileRule], target: Target) -> Iterator[_Placed]:
    """What the journal says was put there, with who names it now."""
    for schema in ("placed", "live"):
        bench.schema(schema)
    bench.ingest("placed", "files", _batches(file for file in journal.files() if file.is_put), _PLACED)
    bench.execute("CREATE TABLE placed.named (name VARCHAR, holder VARCHAR)")
    _ask_others(bench, journal, target)
    _ask_rows(bench, rules, target)
    query = (
        "SELECT f.name, f.sha256, min(n.holder) AS holder FROM placed.files f LEFT JOIN placed.named n USING (name)"
        " GROUP BY ALL ORDER BY f.name"
    )
    for batch in bench.batches(query):
        for row in batch.to_pylist():
            yield _Placed(**row)


def _ask_others(bench: Workbench, journal: FilesJournal, target: Target) -> None:
    for other in _others(journal, target):
        bench.ingest("placed", "others", _batches(other.files()), _PLACED)
        mine, holder = "placed.others SEMI JOIN placed.files USING (name)", f"another load needs it ({other.run})"
        bench.execute(f"INSERT INTO placed.named SELECT name, {literal(holder)} FROM {mine}")


def _others(journal: FilesJournal, target: Target) -> Iterator[FilesJournal]:
    """The journals there of loads at work, and of other targets."""
    committed = {marker.run for marker in target.markers()}  # their rows say what they need
    for other in journals(journal.store):
        if other.run != journal.run and not (other.is_of(journal.target) and other.run in committed):
            yield other


def _ask_rows(bench: Workbench, rules: Sequence[FileRule], target: Target) -> None:
    tables = {table.name: table for table in target.describe().tables}
    names = QueryKeys(
        workbench=bench, query="SELECT DISTINCT name FROM placed.files ORDER BY ALL", types=(Type(kind=Kind.TEXT),)
    )
    for rule in rules:
        table = tables.get(rule.table)
        if table and rule.column in table.column_names and len(names):
            live = ingest_live(bench, target, table, (rule.column,), names, (rule.column,))
            column, holder = table.column(rule.column), literal(f"a row names it in {rule.label}")
            same = f"{folded('f.name', column)} = {folded(f'l.{quoted(rule.column)}', column)}"
            bench.execute(
                f"INSERT INTO placed.named SELECT f.name, {holder} FROM placed.files f JOIN {live} l ON {same}"
            )


def _batches(files: Iterator[JournalledFile]) -> Iterator[pa.RecordBatch]:
    while few := list(islice(files, _BATCH)):
        rows = [{"name": file.name, "sha256": file.sha256} for file in few]
        yield pa.RecordBatch.from_pylist(rows, schema=_PLACED)


def _discard_unfinished(journal: FilesJournal, target: Target) -> None:
    """What a killed load left of files it was putting there; only what is surely its own."""
    pending = list(journal.store.unfinished())
    if not pending:
        return
    names = {one.key for one in pending if one.key is not None}
    folders = {one.folder for one in pending if one.key is None}
    own_names, own_folders = set[str](), set[str]()
    for file in journal.files():
        own_names.update({file.name} & names)
        own_folders.update({file.name.partition("/")[0]} & folders)
    is_alone = not any(_others(journal, target))
    for one in pending:
        if one.key in own_names or (one.key is None and is_alone and one.folder in own_folders):
            journal.store.discard(one)
