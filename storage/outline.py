"""An archive in short: whose data, as of when, and how much of it."""

from __future__ import annotations

from dataclasses import dataclass

from storage.archive import Archive
from storage.identity import Identity


@dataclass(frozen=True, kw_only=True)
class OutlinedTable:
    name: str
    rows: int
    bytes: int
    scope_class: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class Outline:
    location: str
    identity: Identity
    fingerprint: str  # of the key that signed it
    tables: tuple[OutlinedTable, ...]
    documents: tuple[str, ...]

    @classmethod
    def of(cls, archive: Archive) -> Outline:
        return cls(
            location=archive.location,
            identity=archive.identity,
            fingerprint=archive.fingerprint,
            tables=tuple(
                OutlinedTable(
                    name=part.table.name,
                    rows=part.rows,
                    bytes=part.bytes,
                    scope_class=part.scope_class,
                    digest=part.digest,
                )
                for part in archive.tables
            ),
            documents=archive.documents(),
        )
