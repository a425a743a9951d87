"""The doctor's look at where archives lie, and at the keys that sign them."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from migrator.contracts import Finding
from migrator.engine.doctor.clock import Now, clock
from migrator.engine.doctor.estimate import Amount
from migrator.plan import Plan
from storage.archive import Archive, list_archives
from storage.errors import Fault
from storage.local import LocalStore
from storage.objects import ObjectStore, read_bytes, write_bytes
from storage.seal import SigningKeys


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A store that could be opened, and how much is in the newest archive of the tenant."""

    store: ObjectStore
    newest: Amount | None = None


def look_at_store(plan: Plan, store: ObjectStore, now: Now) -> tuple[Sequence[Finding], Stored]:
    """That it answers, and what it has of the tenant; that it can be written to where the plan takes a snapshot."""
    if isinstance(store, LocalStore) and not store.root.exists():
        made = Finding(what="reached", verdict="ok", found="not there yet: the first snapshot makes it")
        return [made], Stored(store=store)
    newest = _newest(plan.tenant, store)
    probed = probed_store(store, now) if plan.source is not None else ()
    return (_archive(plan, newest), *probed), Stored(store=store, newest=newest)


def _archive(plan: Plan, newest: Amount | None) -> Finding:
    if newest is not None:
        return Finding(what="archive", verdict="ok", found=f"of tenant {plan.tenant}, the newest: {newest.rows} rows")
    none = f"none of tenant {plan.tenant} yet"
    if plan.source is not None:
        return Finding(what="archive", verdict="ok", found=none)
    return Finding(
        what="archive",
        verdict="warning",
        found=f"{none}, and the plan has no source to take one from",
        next="name another store, or an archive by --archive",
    )


def _newest(tenant: str, store: ObjectStore) -> Amount | None:
    """The archive that a load would take, and how much is in it."""
    own = [summary for summary in list_archives(store) if summary.tenant == tenant and summary.is_whole]
    if not own:
        return None
    archive = Archive.open(store, own[-1].archive_id)
    return Amount(
        rows=sum(table.rows for table in archive.tables),
        bytes=sum(table.bytes for table in archive.tables),
        at_most=False,
        basis=f"rows and bytes: as many as the newest archive holds, {own[-1].archive_id}",
    )


def probed_store(store: ObjectStore, now: Now) -> Iterator[Finding]:
    """Whether what is put there comes back as it was: one small object is written, read and removed."""
    key, content = f"migrator-doctor-{secrets.token_hex(8)}", secrets.token_bytes(64)
    try:
        before = now()
        write_bytes(store, key, content, exclusive=True)
        after = now()
        came_back, [written] = read_bytes(store, key), store.list(key)
        store.delete(key)
    except Fault as error:
        yield Finding(what="writable", verdict="red", found=error.what, where=error.where, next=error.next)
        return
    if came_back == content:
        yield Finding(what="writable", verdict="ok", found="an object was written, read back and removed")
    else:
        yield Finding(
            what="writable",
            verdict="red",
            found="an object came back with other bytes than were written",
            next="something between here and the store changes what passes: keep nothing there",
        )
    yield clock(written.modified, before, after)
    for note in store.notes():
        yield Finding(what="promises", verdict="warning", found=note)


def look_at_keys(folder: Path) -> tuple[Sequence[Finding], None]:
    keys = SigningKeys.load(folder)
    found = f"fingerprint {keys.fingerprint}" if keys else "not there yet: the first snapshot makes them"
    return [Finding(what="readable", verdict="ok", found=found)], None
