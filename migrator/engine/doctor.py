"""Everything a migration needs, looked at before anything starts; nothing is written but a probe object."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from mappings.model import Mapping
from mappings.nearest import nearest
from migrator.contracts import Examination, Finding, Source, TableSize, Target
from migrator.engine.check import refused_triggers
from migrator.engine.classify import OWNED, SHARED, classify
from migrator.engine.estimate import Amount, Estimates, Rates, amount_of, estimate
from migrator.engine.room import Place, rooms
from migrator.outcomes import Verdict
from migrator.plan import DatabaseRoot, Plan
from storage.archive import Archive, list_archives
from storage.errors import Fault, MigratorError
from storage.local import LocalStore
from storage.objects import ObjectStore, read_bytes, write_bytes
from storage.seal import SigningKeys

_SKEW = timedelta(seconds=60)
_ARCHIVE_SHARE, _WORKBENCH_SHARE = 1.5, 2.0  # of the data's own size: CSV and Parquet; keys, mapped rows and spill

Now = Callable[[], datetime]
Seen = TypeVar("Seen")
_Look = Callable[[], tuple[Sequence[Finding], Seen]]


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a plan touches, each opened when it is looked at: that it cannot be opened is a finding as well."""

    source: Callable[[], Source]
    target: Callable[[], Target]
    store: Callable[[], ObjectStore]
    mapping: Callable[[], Mapping]
    rates: Callable[[], Rates]
    home: Path
    keys: Path
    source_address: str  # addresses without their passwords
    target_address: str
    store_address: str


@dataclass(frozen=True, kw_only=True)
class Part:
    """One thing that was looked at; `error` is why it could not be, as the command that needs it would meet it."""

    name: str
    place: str
    findings: tuple[Finding, ...]
    error: MigratorError | None = None


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What was found, part by part, and what the migration will probably take."""

    parts: tuple[Part, ...]
    estimates: Estimates
    source_grants: str = ""  # scripts an administrator runs
    target_grants: str = ""

    @property
    def verdict(self) -> Verdict:
        return Verdict.of(all(finding.verdict != "red" for part in self.parts for finding in part.findings))

    @property
    def error(self) -> MigratorError | None:
        """The first thing that could not be looked at at all, in the order the commands would meet it."""
        return next((part.error for part in self.parts if part.error is not None), None)


def _utc() -> datetime:
    return datetime.now(UTC)


def doctor(plan: Plan, around: Surroundings, *, now: Now = _utc) -> Diagnosis:
    """Look at everything the plan names, whatever of it fails, and estimate what the migration will take."""
    parts: list[Part] = []

    def look(name: str, place: str | Path, at: _Look[Seen]) -> Seen | None:
        part, seen = _looked(name, str(place), at)
        parts.append(part)
        return seen

    source = amount = target = None
    if plan.source is not None:
        source = look("source", around.source_address, lambda: _examined(around.source().examine, now))
        if source is not None:
            sizes = source.sizes
            amount = look("scope", plan.file, lambda: _scope(plan, around.source(), sizes))
        look("signing keys", around.keys, lambda: _keys(around.keys))
    archived = look("store", around.store_address, lambda: _store(plan, around.store()))
    if plan.target is not None:
        mapping = look("mapping", plan.mapping or plan.file, lambda: _mapping(around.mapping()))
        target = look("target", around.target_address, lambda: _target(around.target(), mapping, now))
    rates = look("past runs", around.home, lambda: _rates(around.rates())) or Rates()
    limits = plan.source.limits if plan.source else None
    estimates = estimate(archived or amount, limits, rates, loads=plan.target is not None)
    look("this machine", "", lambda: (tuple(_machine(plan, around, estimates)), None))
    return Diagnosis(
        parts=tuple(parts),
        estimates=estimates,
        source_grants=source.grants if source else "",
        target_grants=target.grants if target else "",
    )


def _looked(name: str, place: str, at: _Look[Seen]) -> tuple[Part, Seen | None]:
    try:
        findings, seen = at()
    except MigratorError as error:
        broken = Finding(what="reached", verdict="red", found=error.what, where=error.where or place, next=error.next)
        return Part(name=name, place=place, findings=(broken,), error=error), None
    placed = tuple(replace(finding, where=finding.where or place) for finding in findings)
    return Part(name=name, place=place, findings=placed), seen


# ── platforms ───────────────────────────────────────────────────────────────────────────────────────────────
def _examined(examine: Callable[[], Examination], now: Now) -> tuple[Sequence[Finding], Examination]:
    before = now()
    found = examine()
    after = now()
    reached = Finding(what="reached", verdict="ok", found=f"{found.version}, as {found.user}")
    clock = [_clock(found.clock, before, after)] if found.clock is not None else []
    return (reached, *clock, *found.findings), found


def _clock(clock: str, before: datetime, after: datetime) -> Finding:
    """The server read its clock at some moment between two of ours: what lies between them is no difference."""
    theirs = datetime.fromisoformat(clock)
    apart = max(before - theirs, theirs - after, timedelta())
    if apart <= _SKEW:
        return Finding(what="clock", verdict="ok", found=f"{apart.total_seconds():.0f} s from this machine's")
    return Finding(
        what="clock",
        verdict="warning",
        found=f"{apart.total_seconds():.0f} s {'behind' if theirs < before else 'ahead of'} this machine's",
        next="set both by NTP: the times in archives and reports are this machine's, those in the data the server's",
    )


def _target(target: Target, mapping: Mapping | None, now: Now) -> tuple[Sequence[Finding], Examination]:
    tables = target.describe().tables
    known = [table.name for table in tables]
    filled = [table.name for table in mapping.tables] if mapping else []
    findings, seen = _examined(lambda: target.examine([name for name in filled if name in known]), now)
    missing = [
        Finding(
            what="table", verdict="red", found="the target has no such table", where=name, next=nearest(name, known)
        )
        for name in filled
        if name not in known
    ]
    triggers = [
        Finding(
            what="triggers",
            verdict="red",
            found=f"{problem.what}: {', '.join(problem.examples)}",
            where=problem.where,
            next=problem.next,
        )
        for problem in (refused_triggers(tables, mapping) if mapping else ())
    ]
    return (*findings, *missing, *triggers), seen


# ── what the plan says ──────────────────────────────────────────────────────────────────────────────────────
def _scope(plan: Plan, source: Source, sizes: Sequence[TableSize]) -> tuple[Sequence[Finding], Amount]:
    rules = plan.needs_source().scope
    classified = classify(source.describe(), rules)
    held = [name for name, class_ in classified.classes.items() if class_ in (OWNED, SHARED)]
    counts = [f"{list(classified.classes.values()).count(class_)} {class_}" for class_ in (OWNED, SHARED, "excluded")]
    findings = [
        Finding(what="scope", verdict="red", found=problem.what, where=problem.where, next=problem.next)
        for problem in classified.problems
    ]
    tables = Finding(what="tables", verdict="ok", found=", ".join(counts))
    return (tables, *findings), amount_of(sizes, held, whole=isinstance(rules.root, DatabaseRoot))


def _mapping(mapping: Mapping) -> tuple[Sequence[Finding], Mapping]:
    return [Finding(what="read", verdict="ok", found=f"fills {len(mapping.tables)} tables")], mapping


# ── archives ────────────────────────────────────────────────────────────────────────────────────────────────
def _store(plan: Plan, store: ObjectStore) -> tuple[Sequence[Finding], Amount | None]:
    if isinstance(store, LocalStore) and not store.root.exists():
        return [Finding(what="reached", verdict="ok", found="not there yet: the first snapshot makes it")], None
    archived = _newest(plan.tenant, store)
    if archived is None:
        needed = plan.source is None
        newest = Finding(
            what="archive",
            verdict="warning" if needed else "ok",
            found=f"none of tenant {plan.tenant} yet",
            next="name one by --archive, or another store: this plan has no source to take one from" if needed else "",
        )
    else:
        newest = Finding(what="archive", verdict="ok", found=archived.basis)
    return (newest, *([_probed(store)] if plan.source is not None else ())), archived


def _newest(tenant: str, store: ObjectStore) -> Amount | None:
    """The archive that a load would take, and how much is in it."""
    own = [summary for summary in list_archives(store) if summary.tenant == tenant]
    if not own:
        return None
    archive = Archive.open(store, own[-1].archive_id)
    return Amount(
        rows=sum(table.rows for table in archive.tables),
        bytes=sum(table.bytes for table in archive.tables),
        at_most=False,
        basis=f"rows and bytes: as many as the newest archive holds, {own[-1].archive_id}",
    )


def _probed(store: ObjectStore) -> Finding:
    key, content = f"migrator-doctor-{secrets.token_hex(8)}", secrets.token_bytes(64)
    try:
        write_bytes(store, key, content, exclusive=True)
        came_back = read_bytes(store, key)
        store.delete(key)
    except Fault as error:
        return Finding(what="writable", verdict="red", found=error.what, where=error.where, next=error.next)
    if came_back != content:
        return Finding(
            what="writable",
            verdict="red",
            found="an object came back with other bytes than were written",
            next="something between here and the store changes what passes: do not keep archives there",
        )
    return Finding(what="writable", verdict="ok", found="an object was written, read back and removed")


def _keys(folder: Path) -> tuple[Sequence[Finding], None]:
    keys = SigningKeys.load(folder)
    found = f"fingerprint {keys.fingerprint}" if keys else "not there yet: the first snapshot makes them"
    return [Finding(what="readable", verdict="ok", found=found)], None


# ── this machine ────────────────────────────────────────────────────────────────────────────────────────────
def _rates(rates: Rates) -> tuple[Sequence[Finding], Rates]:
    return [Finding(what="speed", verdict="ok", found=rates.said)], rates


def _machine(plan: Plan, around: Surroundings, estimates: Estimates) -> Iterator[Finding]:
    yield from rooms(tuple(_places(plan, around)), estimates)
    most = plan.target.max_lock_s if plan.target else None
    if most is not None and estimates.lock_seconds is not None and estimates.lock_seconds > most:
        yield Finding(
            what="locks",
            verdict="warning",
            found=f"the merge holds its locks for about {estimates.lock_seconds:.0f} s, the plan allows {most} s",
            where=plan.file,
            next="rehearse at a quiet hour: it measures them; then raise target.max_lock_s or split the move",
        )


def _places(plan: Plan, around: Surroundings) -> Iterator[Place]:
    yield Place(what="the workbench (TMPDIR)", folder=Path(tempfile.gettempdir()), share=_WORKBENCH_SHARE)
    yield Place(what="runs and reports (MIGRATOR_HOME)", folder=around.home)
    with suppress(MigratorError):  # what is wrong with the store is said where it is looked at
        store = around.store()
        if plan.source is not None and isinstance(store, LocalStore):
            yield Place(what="the archive (store)", folder=store.root, share=_ARCHIVE_SHARE)
