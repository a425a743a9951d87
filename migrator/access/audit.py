"""Who did what: appended, never changed, and chained so that a change is seen.

An exported file is checked with what every machine has: each line is hashed together with the hash before it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, insert, select, true

from migrator.access.clock import now
from migrator.access.models import AuditEntry
from migrator.access.roles import EVERYWHERE, Principal
from migrator.access.sought import Sought
from migrator.access.visible import visible_json
from migrator.runs.database import Database
from storage.errors import Red

GENESIS = "0" * 64
_AT_ONCE = 1000


@dataclass(frozen=True, kw_only=True)
class Entry:
    """`action` is a verb and its noun (`read rows`, `approve migration`), `object` what it was done to."""

    number: int
    at: str
    who: str
    kind: str  # of principal
    id: str
    address: str
    tenant: str
    action: str
    object: str
    detail: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Audit:
    database: Database

    def add(
        self,
        who: Principal,
        action: str,
        object: str,
        *,
        tenant: str = EVERYWHERE,
        address: str = "",
        detail: Mapping[str, str] | None = None,
    ) -> None:
        """Append one entry; two at once come one after the other."""
        with self.database.transaction() as connection:
            self.database.claim(connection, "audit")
            last = connection.execute(select(func.max(AuditEntry.number))).scalar() or 0
            before = GENESIS
            if last:
                is_last = AuditEntry.number == last
                before = connection.execute(select(AuditEntry.hash).where(is_last)).scalar_one()
            entry = {
                "number": last + 1,
                "at": now(),
                "who": who.name,
                "kind": who.kind.value,
                "id": who.id,
                "address": address,
                "tenant": tenant,
                "action": action,
                "object": object,
                "detail": dict(detail or {}),
            }
            line = visible_json(entry)
            connection.execute(
                insert(AuditEntry).values(number=last + 1, line=line, hash=chained(before, line), tenant=tenant)
            )

    def entries(self, *, tenant: str | None = None, after: int = 0, limit: int = 100) -> tuple[Entry, ...]:
        """The next ones after that number, of one tenant where asked."""
        return self.found(Sought(tenants=None if tenant is None else frozenset({tenant})), after=after, limit=limit)

    def found(self, sought: Sought, *, after: int = 0, limit: int = 100) -> tuple[Entry, ...]:
        """The next ones after that number of those that are sought, oldest first."""
        return self._read(sought, AuditEntry.number > after, AuditEntry.number.asc(), limit)

    def last(self, sought: Sought, *, before: int | None = None, limit: int = 100) -> tuple[Entry, ...]:
        """The last ones of those that are sought, or the last before that number; newest first."""
        is_before = AuditEntry.number < before if before is not None else true()
        return self._read(sought, is_before, AuditEntry.number.desc(), limit)

    def _read(
        self, sought: Sought, where: ColumnElement[bool], order: ColumnElement[int], limit: int
    ) -> tuple[Entry, ...]:
        with self.database.reading() as connection:
            between = [where, *sought.conditions()]
            if sought.since is not None:
                between.append(AuditEntry.number >= _first_at(connection, sought.since))
            if sought.until is not None:
                between.append(AuditEntry.number < _first_at(connection, sought.until))
            lines = connection.execute(select(AuditEntry.line).where(*between).order_by(order).limit(limit)).scalars()
            return tuple(_entry(line) for line in lines)

    def lines(self) -> Iterator[tuple[str, str]]:
        """Every line with its hash, in their order. Red at the first that is not what was appended."""
        before, number = GENESIS, 0
        while chunk := self._chunk(number):
            for number, line, kept in chunk:
                if kept != (before := chained(before, line)):
                    raise Red(
                        "the audit was changed after it was written",
                        where=f"entry {number}",
                        next="compare with an earlier export: all entries up to there hold",
                    )
                yield line, kept

    def _chunk(self, after: int) -> list[tuple[int, str, str]]:
        own = AuditEntry
        query = select(own.number, own.line, own.hash).where(own.number > after).order_by(own.number).limit(_AT_ONCE)
        with self.database.reading() as connection:
            return [(number, line, kept) for number, line, kept in connection.execute(query)]


def _entry(line: str) -> Entry:
    return Entry(**json.loads(line))


def _first_at(connection: Connection, at: datetime) -> int:
    """The number of the first entry of that moment or a later one: numbers grow with time."""
    low, high = 1, (connection.execute(select(func.max(AuditEntry.number))).scalar() or 0) + 1
    while low < high:
        middle = (low + high) // 2
        query = select(AuditEntry.line).where(AuditEntry.number >= middle).order_by(AuditEntry.number).limit(1)
        line = connection.execute(query).scalar_one()
        low, high = (middle + 1, high) if datetime.fromisoformat(_entry(line).at) < at else (low, middle)
    return low


def chained(before: str, line: str) -> str:
    """`printf '%s\\n%s\\n' BEFORE LINE | sha256sum`, so that a shell can check it."""
    return hashlib.sha256(f"{before}\n{line}\n".encode()).hexdigest()
