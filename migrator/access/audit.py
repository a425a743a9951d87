"""Who did what: appended, never changed, and chained so that a change is seen.

An exported file is checked with what every machine has: each line is hashed together with the hash before it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy import func, insert, select

from migrator.access import models
from migrator.access.clock import now
from migrator.access.roles import EVERYWHERE, Principal
from migrator.runs.database import Database
from storage.errors import Red

GENESIS = "0" * 64
_AT_ONCE = 1000
# controls, line ends, marks that turn the direction of writing, halves of characters
_INVISIBLE = re.compile("[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


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
            last = connection.execute(select(func.max(models.AuditEntry.number))).scalar() or 0
            before = GENESIS
            if last:
                is_last = models.AuditEntry.number == last
                before = connection.execute(select(models.AuditEntry.hash).where(is_last)).scalar_one()
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
            line = _visible(json.dumps(entry, ensure_ascii=False, separators=(",", ":")))
            connection.execute(
                insert(models.AuditEntry).values(number=last + 1, line=line, hash=chained(before, line), tenant=tenant)
            )

    def entries(self, *, tenant: str | None = None, after: int = 0, limit: int = 100) -> tuple[Entry, ...]:
        """The next ones after that number, of one tenant where asked."""
        query = select(models.AuditEntry.line).where(models.AuditEntry.number > after)
        if tenant is not None:
            query = query.where(models.AuditEntry.tenant == tenant)
        with self.database.transaction() as connection:
            lines = connection.execute(query.order_by(models.AuditEntry.number).limit(limit)).scalars().all()
        return tuple(Entry(**json.loads(line)) for line in lines)

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
        own = models.AuditEntry
        query = select(own.number, own.line, own.hash).where(own.number > after).order_by(own.number).limit(_AT_ONCE)
        with self.database.transaction() as connection:
            return [(number, line, kept) for number, line, kept in connection.execute(query)]


def _visible(line: str) -> str:
    """The same JSON, without what makes a terminal or an editor show something else than is there."""
    return _INVISIBLE.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def chained(before: str, line: str) -> str:
    """`printf '%s\\n%s\\n' BEFORE LINE | sha256sum`, so that a shell can check it."""
    return hashlib.sha256(f"{before}\n{line}\n".encode()).hexdigest()
