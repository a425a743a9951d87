"""Whose data an archive holds, as of when, and who made it."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from storage.names import slug_of

FORMAT_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Masked:
    """That values were replaced before they were archived; archives of the same key were masked alike, and join."""

    rules_sha256: str  # of the file of rules
    key_fingerprint: str
    columns: int


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What an archive says of itself; times are RFC 3339 in UTC."""

    archive_id: str
    tenant: str
    plan: str
    created_at: str
    source_platform: str
    source_version: str
    fence: dict[str, str]
    tool: str  # name and version
    masked: Masked | None = None  # the values are the source's own, but for what columns cannot hold exactly
    subject: str | None = None  # the table of people, one of whom the archive is about; else it is the whole tenant's

    def bag_info(self, *, files: int, size: int) -> list[tuple[str, str]]:
        """The entries of bag-info.txt; `size` in bytes."""
        data = "Masked data, for tests," if self.masked else "The data"
        data += " about one person" if self.subject else ""
        return [
            ("Bag-Software-Agent", self.tool),
            ("Bagging-Date", self.created_at[:10]),
            ("Payload-Oxum", f"{size}.{files}"),
            ("Bag-Size", _readable(size)),
            ("External-Identifier", self.archive_id),
            ("External-Description", f"{data} of tenant {self.tenant}, as of {self.created_at}"),
            ("Migrator-Archive-Format-Version", str(FORMAT_VERSION)),
            ("Migrator-Tenant", self.tenant),
            ("Migrator-Plan", self.plan),
            ("Migrator-Created-At", self.created_at),
            ("Migrator-Source", f"{self.source_platform} {self.source_version}"),
            ("Migrator-Fence", json.dumps(self.fence, ensure_ascii=False, sort_keys=True)),
            *self._masked_info(),
            *([("Migrator-Subject", "one person")] if self.subject else []),
        ]

    def _masked_info(self) -> list[tuple[str, str]]:
        if self.masked is None:
            return []
        return [
            ("Migrator-Masked-Columns", str(self.masked.columns)),
            ("Migrator-Masking-Rules-SHA256", self.masked.rules_sha256),
            ("Migrator-Masking-Key-Fingerprint", self.masked.key_fingerprint),
        ]


def _readable(size: int) -> str:
    value, unit = float(size), "B"
    for larger in ("KB", "MB", "GB", "TB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


def new_archive_id(tenant: str, at: datetime) -> str:
    """`<slug>-<YYYYMMDDThhmmssZ>-<8 hex>`; the slug is what of the tenant's name fits `[a-z0-9-]`."""
    slug = slug_of(tenant)[:40] or "tenant"
    return f"{slug}-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


def is_archive_id(name: str) -> bool:
    """Whether `new_archive_id` could have made this name."""
    return re.fullmatch(r"[a-z0-9-]{1,40}-[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}", name) is not None
