"""Which archives a store holds, without opening any: what bag-info.txt says, encrypted or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from storage import bag
from storage.objects import ObjectStore, read_bytes


@dataclass(frozen=True, kw_only=True)
class ArchiveSummary:
    """What a list of archives shows; read without opening any."""

    archive_id: str
    tenant: str
    plan: str
    created_at: str
    complete: bool = True


def list_archives(store: ObjectStore) -> Iterator[ArchiveSummary]:
    """The complete archives of a store, oldest first. Walks every key: a store's five verbs know no folders."""
    suffix = f"/{bag.TAG_MANIFEST}"
    ids = [info.key.removesuffix(suffix) for info in store.list() if info.key.endswith(suffix)]
    summaries = [_summary(store, archive_id) for archive_id in ids if "/" not in archive_id]
    yield from sorted(summaries, key=lambda summary: (summary.created_at, summary.archive_id))


def _summary(store: ObjectStore, archive_id: str) -> ArchiveSummary:
    info: Mapping[str, str] = {}
    if store.size(f"{archive_id}/{bag.BAG_INFO}") is not None:
        info = bag.parse_info(read_bytes(store, f"{archive_id}/{bag.BAG_INFO}"))
    return ArchiveSummary(
        archive_id=archive_id,
        tenant=info.get("Migrator-Tenant", ""),
        plan=info.get("Migrator-Plan", ""),
        created_at=info.get("Migrator-Created-At", ""),
    )
