"""/audit: who did what, the newest first, and how somebody else checks that nothing of it was changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.asked import Anybody, Asked
from api.pages.frame import page
from api.problems import Refusal
from migrator.access.audit import Entry
from migrator.access.roles import EVERYWHERE, Permission
from migrator.access.sought import Sought
from storage.identity import is_archive_id
from storage.seal import SigningKeys

router = APIRouter(include_in_schema=False)
_AT_ONCE = 50
_RUN = re.compile(r"\d{8}T\d{6}-[a-z]+-[0-9a-f]+")
Words = Annotated[str, Query(max_length=254)]
Number = Annotated[int | None, Query(ge=0, le=(1 << 31) - 1)]


@dataclass(frozen=True, kw_only=True)
class Asking:
    """What a reader looks for, as they wrote it, and the ways to what is near it."""

    who: str = ""
    action: str = ""
    object: str = ""
    tenant: str = ""
    since: str = ""
    until: str = ""

    @property
    def is_empty(self) -> bool:
        return not any(vars(self).values())

    def link(self, **changes: str | int) -> str:
        """The same but for these; another page of it begins at its beginning."""
        kept = {name: value for name, value in {**vars(self), **changes}.items() if value != ""}
        return f"/audit?{urlencode(kept)}" if kept else "/audit"

    def sought(self, reach: frozenset[str] | None) -> Sought:
        """Within the tenants that whoever asks may read of. ValueError where a day is none."""
        tenants = reach
        if self.tenant:
            tenants = frozenset({self.tenant}) if reach is None else reach & {self.tenant}
        return Sought(
            who=self.who,
            action=self.action,
            object=self.object,
            since=_midnight(self.since),
            until=_midnight(self.until, after=1),
            tenants=tenants,
        )


@router.get("/audit")
def audit(
    asked: Anybody,
    request: Request,
    who: Words = "",
    action: Words = "",
    object: Words = "",
    tenant: Words = "",
    since: Words = "",
    until: Words = "",
    before: Number = None,
    after: Number = None,
) -> Response:
    """Admins read all of it, approvers what is of their tenants."""
    if not asked.who.may_somewhere(Permission.AUDIT):
        raise Refusal(status=403, kind="forbidden", what="you may not read the audit", next="ask an admin for a role")
    asking = Asking(who=who, action=action, object=object, tenant=tenant, since=since, until=until)
    reach, is_odd = asked.who.reach(Permission.AUDIT), False
    try:
        sought = asking.sought(reach)
    except (ValueError, OverflowError):
        sought, is_odd = Sought(tenants=frozenset()), True
    found = _found(asked, sought, before=before, after=after)
    return page(
        request,
        "audit.html.j2",
        asked=asked,
        status=422 if is_odd else 200,
        asking=asking,
        is_odd=is_odd,
        entries=[(one, _place(one)) for one in found.entries],
        newer=found.newer,
        older=found.older,
        tenants=[one for one in asked.served.tenants.all() if reach is None or one.tenant in reach],
        is_everywhere=reach is None,
        fingerprint=_fingerprint(asked) if asked.who.may(Permission.AUDIT, EVERYWHERE) else "",
    )


@dataclass(frozen=True, kw_only=True)
class _Found:
    """Newest first; `newer` and `older` are the numbers that the pages beside this one begin after, or before."""

    entries: Sequence[Entry]
    newer: int | None
    older: int | None


def _found(asked: Asked, sought: Sought, *, before: int | None, after: int | None) -> _Found:
    if after is not None:
        read = asked.served.audit.found(sought, after=after, limit=_AT_ONCE + 1)
        entries, has_newer, has_older = read[:_AT_ONCE][::-1], len(read) > _AT_ONCE, True
    else:
        read = asked.served.audit.last(sought, before=before, limit=_AT_ONCE + 1)
        entries, has_newer, has_older = read[:_AT_ONCE], before is not None, len(read) > _AT_ONCE
    if not entries:
        return _Found(entries=(), newer=None, older=None)
    return _Found(
        entries=entries,
        newer=entries[0].number if has_newer else None,
        older=entries[-1].number if has_older else None,
    )


def _midnight(day: str, *, after: int = 0) -> datetime | None:
    """That day's first moment, or that of so many days later; None where none is written."""
    if not day:
        return None
    written = date.fromisoformat(day) + timedelta(days=after)
    return datetime(written.year, written.month, written.day, tzinfo=UTC)


def _place(entry: Entry) -> str:
    """The page of what it was done to; "" where that has none."""
    if _RUN.fullmatch(entry.object):
        return f"/runs/{entry.object}"
    return f"/archives/{entry.object}" if is_archive_id(entry.object) else ""


def _fingerprint(asked: Asked) -> str:
    """Of the keys that sign an export; "" before they are made."""
    keys = SigningKeys.load(asked.served.service.settings.keys)
    return keys.fingerprint if keys else ""
