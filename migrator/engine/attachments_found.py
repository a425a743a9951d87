"""What became of the files of a snapshot: how many there are, and which are not as their rows say."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum

from migrator.outcomes import Check
from storage.archive import Archive
from storage.files import FileEntry
from storage.problem import Problem

REPORT = "reports/attachments.json"
"""Where an archive says so; those of plans without attachments do not."""


class Wrong(StrEnum):
    """How a file is not what its row says."""

    MISSING = "missing"
    EMPTY = "empty"
    ALTERED = "altered"


@dataclass(frozen=True, kw_only=True)
class FileNote:
    """A row whose file is missing, empty or altered. `row` is as in _files.csv, `name` what the row calls the file."""

    table: str
    row: str
    column: str
    name: str
    wrong: Wrong
    what: str

    @classmethod
    def of(cls, entry: FileEntry, name: str | None, wrong: Wrong, what: str) -> FileNote:
        return cls(table=entry.table, row=entry.row, column=entry.column, name=name or "", wrong=wrong, what=what)

    @property
    def problem(self) -> Problem:
        return Problem(
            where=f"{self.table}.{self.column} {self.row}",
            what=f"{self.wrong}: {self.what}",
            examples=(self.name,) if self.name else (),
            next=f"put the file there, or accept the loss: scope.accept: {{{self.table}.{self.column}: reason}}",
        )


@dataclass(frozen=True, kw_only=True)
class Attached:
    """`files` counts rows that have theirs, `bytes` each row's, also of equal contents; `accepted` gives reasons."""

    files: int = 0
    bytes: int = 0
    notes: tuple[FileNote, ...] = ()
    accepted: tuple[tuple[str, str], ...] = ()  # table.column → reason

    def count(self, wrong: Wrong) -> int:
        return sum(note.wrong is wrong for note in self.notes)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """One for each row whose file is missing, and nobody accepted that."""
        accepted = {label for label, _ in self.accepted}
        return tuple(
            note.problem
            for note in self.notes
            if note.wrong is Wrong.MISSING and f"{note.table}.{note.column}" not in accepted
        )

    @property
    def counts(self) -> dict[str, int]:
        return {"files": self.files, "bytes": self.bytes, **{wrong.value: self.count(wrong) for wrong in Wrong}}

    @property
    def said(self) -> dict[str, object]:
        """As reports and answers say it."""
        return {**self.counts, "accepted": dict(self.accepted), "notes": [asdict(note) for note in self.notes]}


def rendered(attached: Attached) -> bytes:
    """The document."""
    return (json.dumps(attached.said, ensure_ascii=False, indent=2) + "\n").encode()


def lost_files(archive: Archive) -> dict[str, str]:
    """Columns whose rows name files that the archive has not → how many, and why that was accepted."""
    if REPORT not in archive.documents():
        return {}
    told = json.loads(archive.document(REPORT))
    missing = Counter(f"{note['table']}.{note['column']}" for note in told["notes"] if note["wrong"] == Wrong.MISSING)
    return {label: f"{count} file(s) missing: {told['accepted'][label]}" for label, count in missing.items()}


def left_behind(archive: Archive, loaded: Collection[tuple[str, str]] = ()) -> Iterator[Check]:
    """What a verification of a target has not compared: files that rows name, but for those of `loaded` columns."""
    for part in archive.tables:
        for column in part.table.columns:
            if column.attachment and column.attachment.named and (part.table.name, column.name) not in loaded:
                yield Check(
                    name=f"the files that {part.table.name}.{column.name} names",
                    passed=None,
                    detail="they are in the archive (data/files); this load takes their names along, and not them",
                )
