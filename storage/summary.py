"""Which archives a store holds, without opening any: what bag-info.txt says, encrypted or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from storage import bag
from storage.objects import ObjectStore, is_key, read_bytes


@dataclass(frozen=True, kw_only=True)
class ArchiveSummary:
    """What a list of archives shows; read without opening any."""

    archive_id: str
    tenant: str
    plan: str
    created_at: str
    complete: bool = True
    masked: bool = False
    subject: bool = False  # it is about one person

    @property
    def is_whole(self) -> bool:
        """Whether it is all of the tenant, as the source has it."""
        return not self.masked and not self.subject


def list_archives(store: ObjectStore) -> Iterator[ArchiveSummary]:
    """The complete archives of a store, oldest first; costs by the number of archives, not of their objects."""
    names = filter(is_key, store.folders())  # in a bucket others use too, a key may even begin with a slash
    ids = [name for name in names if store.size(f"{name}/{bag.TAG_MANIFEST}") is not None]
    summaries = [_summary(store, archive_id) for archive_id in ids]
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
        masked="Migrator-Masked-Columns" in info,
        subject="Migrator-Subject" in info,
    )
