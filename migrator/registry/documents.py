"""Plans and mappings as they were written, version by version: none is ever changed, so a run's words stay."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NoReturn

from sqlalchemy import ColumnElement, RowMapping, Select, func, insert, literal, select

from mappings.nearest import nearest
from migrator.registry import models
from migrator.runs.database import Database
from storage import moment
from storage.errors import Misuse

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class Kind(StrEnum):
    PLAN = "plan"
    MAPPING = "mapping"


@dataclass(frozen=True, kw_only=True)
class Written:
    """One version; `version` counts from 1."""

    kind: Kind
    tenant: str
    name: str
    version: int
    text: str = field(repr=False)
    note: str
    written_at: str
    written_by: str

    @property
    def file(self) -> str:
        """How messages name it."""
        return f"{self.kind} {self.name} version {self.version}"


class Stale(Misuse):
    """Somebody else wrote a version since the one that was to be followed."""


class Unwritten(Misuse):
    """There is no document, or no version of it, of that name."""


@dataclass(frozen=True, kw_only=True)
class Documents:
    database: Database

    def write(self, kind: Kind, tenant: str, name: str, text: str, *, by: str, after: int, note: str = "") -> Written:
        """The next version, after the one that its writer read (0 for a new document). Stale where that is not the
        newest any more; Misuse where the name is none."""
        if _NAME.fullmatch(name) is None:
            raise Misuse(f"not a name of a {kind}: {name!r}", where="name", next="small letters, digits, . _ and -")
        written = Written(
            kind=kind,
            tenant=tenant,
            name=name,
            version=after + 1,
            text=text,
            note=note,
            written_at=moment.now(),
            written_by=by,
        )
        with self.database.transaction() as connection:
            self.database.claim(connection, f"{kind} {tenant}/{name}")
            newest = connection.execute(select(func.max(models.Document.version)).where(*_is(kind, tenant, name)))
            if (there := newest.scalar() or 0) != after:
                raise Stale(
                    f"the newest version is {there}, this one follows {after}",
                    where=f"{kind} {name}",
                    next="read the newest one, and write what you change in it",
                )
            connection.execute(insert(models.Document).values({**vars(written), "kind": kind.value}))
        return written

    def newest(self, kind: Kind, *, tenant: str | None = None) -> tuple[Written, ...]:
        """The newest version of each, of one tenant where asked."""
        own = models.Document
        last = (
            select(own.kind, own.tenant, own.name, func.max(own.version).label("version"))
            .group_by(own.kind, own.tenant, own.name)
            .subquery()
        )
        is_last = [getattr(own, name) == last.c[name] for name in ("kind", "tenant", "name", "version")]
        query = select(own.__table__).where(*is_last, own.kind == kind.value).order_by(own.tenant, own.name)
        if tenant is not None:
            query = query.where(own.tenant == tenant)
        return self._read(query)

    def versions(self, kind: Kind, tenant: str, name: str) -> tuple[Written, ...]:
        """Every version, oldest first, without their texts. Unwritten with near names where there is none."""
        without = [column for column in models.Document.__table__.c if column.name != "text"]
        query = select(*without, literal("").label("text")).where(*_is(kind, tenant, name))
        return self._read(query.order_by(models.Document.version)) or self._raise_unwritten(kind, tenant, name)

    def read(self, kind: Kind, tenant: str, name: str, version: int | None = None) -> Written:
        """That version, else the newest. Unwritten where there is none."""
        own = models.Document
        last_first = select(own.__table__).where(*_is(kind, tenant, name)).order_by(own.version.desc())
        (newest,) = self._read(last_first.limit(1)) or self._raise_unwritten(kind, tenant, name)
        if version is None or version == newest.version:
            return newest
        if 0 < version < newest.version:
            (found,) = self._read(last_first.where(own.version == version))
            return found
        raise Unwritten(f"no version {version}", where=f"{kind} {name}", next=f"the newest is {newest.version}")

    def _read(self, query: Select[Any]) -> tuple[Written, ...]:
        with self.database.reading() as connection:
            return tuple(_written(row) for row in connection.execute(query).mappings())

    def _raise_unwritten(self, kind: Kind, tenant: str, name: str) -> NoReturn:
        names = [one.name for one in self.newest(kind, tenant=tenant)]
        raise Unwritten(f"no {kind} {name!r}", where=tenant, next=nearest(name, names))


def _is(kind: Kind, tenant: str, name: str) -> tuple[ColumnElement[bool], ...]:
    own = models.Document
    return own.kind == kind.value, own.tenant == tenant, own.name == name


def _written(row: RowMapping) -> Written:
    return Written(**{**row, "kind": Kind(row["kind"])})
