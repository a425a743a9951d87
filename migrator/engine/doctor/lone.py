"""The doctor's look at one platform that no plan names yet: whether it answers, and what it lets us do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from migrator.contracts import NO_TRIGGERS, Examination, Finding, Source, Target
from migrator.engine.doctor.archives import probed_store
from migrator.engine.doctor.checkup import looked, utc
from migrator.engine.doctor.clock import Now
from migrator.engine.doctor.diagnosis import Part
from migrator.engine.doctor.platforms import examined, look_at_target
from storage.local import LocalStore
from storage.objects import ObjectStore


@dataclass(frozen=True, kw_only=True)
class Lone:
    """How a platform is opened: a database to read from and to write to, or a folder or bucket to keep archives in."""

    source: Callable[[], Source]
    target: Callable[[], Target]
    store: Callable[[], ObjectStore] | None  # None where it is a database
    place: str  # its address without a password


def look_at_platform(lone: Lone, *, now: Now = utc) -> tuple[Part, ...]:
    """Each use it may be put to, and what stands in its way; no row is read, and nothing stays written."""
    store = lone.store
    if store is not None:
        return (looked("store", lone.place, lambda: (_of_store(store(), now), None))[0],)

    def source() -> tuple[Sequence[Finding], Examination]:
        return examined(lone.source().examine, now)

    def target() -> tuple[Sequence[Finding], Examination]:
        return look_at_target(lone.target(), None, NO_TRIGGERS, now)

    return looked("source", lone.place, source)[0], looked("target", lone.place, target)[0]


def _of_store(store: ObjectStore, now: Now) -> Sequence[Finding]:
    if isinstance(store, LocalStore) and not store.root.exists():
        return [Finding(what="reached", verdict="ok", found="not there yet: the first snapshot makes it")]
    return list(probed_store(store, now))
