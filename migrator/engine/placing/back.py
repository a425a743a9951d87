"""Taking files back: what a run put into a place, but for what somebody changed since or rows still name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import pyarrow as pa

from mappings.quote import identifier as quoted
from mappings.quote import literal
from migrator.contracts import RowNote, Target
from migrator.engine.live import ingest_live
from migrator.engine.placing.due import DueFile
from migrator.engine.placing.journal import FilesJournal, journals
from migrator.engine.placing.shelf import each, standing
from migrator.engine.workbench import QueryKeys, Workbench, workbench
from migrator.plan import FileRule
from storage.objects import ObjectStore
from storage.schema import Kind, Type

_BATCH = 10_000
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


def take_back(journal: FilesJournal, rules: Sequence[FileRule], target: Target) -> FilesUndone:
    """Remove the files of a run whose rows are gone; `rules` are those of the place. The journal goes last."""
    removed, notes = 0, list[RowNote]()
    _discard_unfinished(journal)
    with workbench() as bench:
        placed = _placed(bench, journal, rules, target)
        for file, why in each(placed, lambda file: file.taken_from(journal.store)):
            if why:
                notes.append(RowNote(table=rules[0].label, key={"file": file.name}, why=f"the file stays: {why}"))
            else:
                removed += 1
    journal.close()
    return FilesUndone(removed=removed, kept=len(notes), notes=tuple(notes))


@dataclass(frozen=True, kw_only=True)
class _Placed:
    """A file that a run put there; `holder` is a column of the target that names it still."""

    name: str
    sha256: str
    holder: str | None

    def taken_from(self, shelf: ObjectStore) -> str | None:
        """Why it stays; None once it is gone."""
        if self.holder is not None:
            return f"a row names it in {self.holder}"
        if standing(shelf, self.name) not in (None, self.sha256):
            return "somebody changed it since the load"
        shelf.delete(self.name)
        return None


def _placed(bench: Workbench, journal: FilesJournal, rules: Sequence[FileRule], target: Target) -> Iterator[_Placed]:
    """What the journal says, with what the target's rows say of it now."""
    bench.schema("placed")
    bench.schema("live")
    files = journal.files()
    bench.ingest("placed", "files", _batches(files), _PLACED)
    bench.execute("CREATE TABLE placed.named (name VARCHAR, holder VARCHAR)")
    tables = {table.name: table for table in target.describe().tables}
    names = QueryKeys(
        workbench=bench, query="SELECT DISTINCT name FROM placed.files ORDER BY ALL", types=(Type(kind=Kind.TEXT),)
    )
    for rule in rules:
        table = tables.get(rule.table)
        if table and rule.column in table.column_names and len(names):
            live = ingest_live(bench, target, table, (rule.column,), names, (rule.column,))
            bench.execute(f"INSERT INTO placed.named SELECT {quoted(rule.column)}, {literal(rule.label)} FROM {live}")
    query = (
        "SELECT f.name, f.sha256, min(n.holder) AS holder FROM placed.files f LEFT JOIN placed.named n USING (name)"
        " GROUP BY ALL ORDER BY f.name"
    )
    for batch in bench.batches(query):
        for row in batch.to_pylist():
            yield _Placed(**row)


def _batches(files: Iterator[DueFile]) -> Iterator[pa.RecordBatch]:
    while few := list(islice(files, _BATCH)):
        rows = [{"name": file.name, "sha256": file.sha256} for file in few]
        yield pa.RecordBatch.from_pylist(rows, schema=_PLACED)


def _discard_unfinished(journal: FilesJournal) -> None:
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
    is_alone = all(other.run == journal.run for other in journals(journal.store))
    for one in pending:
        if one.key in own_names or (one.key is None and is_alone and one.folder in own_folders):
            journal.store.discard(one)
