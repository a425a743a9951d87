"""What is looked for in the audit: by whom, what, done to what, of which tenants, between which moments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement

from migrator.access.models import AuditEntry
from migrator.access.visible import visible_json


@dataclass(frozen=True, kw_only=True)
class Sought:
    """`who`, `action` and `object` are how those of an entry begin, without case. From `since` on, and before `until`.

    `tenants` is None where all are meant, and what is about no tenant.
    """

    who: str = ""
    action: str = ""
    object: str = ""
    since: datetime | None = None
    until: datetime | None = None
    tenants: frozenset[str] | None = None

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """Of entries as they are kept, but for their moments."""
        if self.tenants is not None:
            yield AuditEntry.tenant.in_(sorted(self.tenants))
        for name in ("who", "action", "object"):
            if value := getattr(self, name):
                # no text within an entry reads like this: its quotes are escaped
                begins = visible_json({name: value})[1:-2]
                yield AuditEntry.line.icontains(begins, autoescape=True)


ANYTHING = Sought()
