"""Everything a migration needs, looked at before anything starts; nothing is written but a probe object."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from mappings.model import Mapping
from migrator.contracts import Finding
from migrator.engine.doctor.archives import look_at_keys, look_at_store
from migrator.engine.doctor.clock import Now
from migrator.engine.doctor.diagnosis import Diagnosis, Part, Surroundings
from migrator.engine.doctor.estimate import Estimates, Rates, estimate
from migrator.engine.doctor.files import look_at_files, look_at_shelf
from migrator.engine.doctor.machine import look_at_disks, places
from migrator.engine.doctor.platforms import look_at_source, look_at_target
from migrator.engine.doctor.scope import look_at_scope
from migrator.plan import Plan
from storage.errors import MigratorError
from storage.objects import ObjectStore

Seen = TypeVar("Seen")
_Look = Callable[[], tuple[Sequence[Finding], Seen]]


def utc() -> datetime:
    """This machine's clock."""
    return datetime.now(UTC)


def doctor(plan: Plan, around: Surroundings, *, now: Now = utc) -> Diagnosis:
    """Look at everything the plan names, whatever of it fails, and estimate what the migration will take."""
    parts: list[Part] = []

    def look(name: str, place: str | Path, at: _Look[Seen]) -> Seen | None:
        part, seen = looked(name, str(place), at)
        parts.append(part)
        return seen

    source = amount = target = None
    if plan.source is not None:
        rules = plan.source.scope
        source = look("source", around.source_address, lambda: look_at_source(around.source(), rules, now))
        if source is not None:
            sizes = source.sizes
            amount = look("scope", plan.file, lambda: look_at_scope(plan, around.source(), sizes))
        for rule in plan.source.scope.attachments:
            if rule.base is not None:
                look("files", rule.label, partial(look_at_files, rule, around.places))
        look("signing keys", around.keys, lambda: look_at_keys(around.keys))
    stored = look("store", around.store_address, lambda: look_at_store(plan, around.store(), now))
    if plan.target is not None:
        mapping = look("mapping", plan.mapping or plan.file, lambda: _look_at_mapping(around.mapping()))
        triggers = plan.target.triggers
        target = look("target", around.target_address, lambda: look_at_target(around.target(), mapping, triggers, now))
        for shelved in plan.target.attachments:
            look("target files", shelved.label, partial(_look_at_shelf, shelved.base, around, now))
    rates = look("past runs", around.home, lambda: _look_at_rates(around.rates())) or Rates()
    limits = plan.source.limits if plan.source else None
    known = stored.newest if stored and stored.newest else amount
    estimates = estimate(known, limits, rates, loads=plan.target is not None)
    store = stored.store if stored else None
    look("this machine", "", lambda: _look_at_machine(plan, around, store, estimates))
    return Diagnosis(
        parts=tuple(parts),
        estimates=estimates,
        source_grants=source.grants if source else "",
        target_grants=target.grants if target else "",
    )


def looked(name: str, place: str, at: _Look[Seen]) -> tuple[Part, Seen | None]:
    """One thing looked at: that it cannot be is a finding as well."""
    try:
        findings, seen = at()
    except MigratorError as error:
        broken = Finding(what="reached", verdict="red", found=error.what, where=error.where or place, next=error.next)
        return Part(name=name, place=place, findings=(broken,), error=error), None
    placed = tuple(replace(finding, where=finding.where or place) for finding in findings)
    return Part(name=name, place=place, findings=placed), seen


def _look_at_mapping(mapping: Mapping) -> tuple[Sequence[Finding], Mapping]:
    return [Finding(what="read", verdict="ok", found=f"fills {len(mapping.tables)} tables")], mapping


def _look_at_shelf(base: str, around: Surroundings, now: Now) -> tuple[Sequence[Finding], None]:
    return look_at_shelf(around.shelves(base), now)


def _look_at_rates(rates: Rates) -> tuple[Sequence[Finding], Rates]:
    return [Finding(what="speed", verdict="ok", found=rates.said)], rates


def _look_at_machine(
    plan: Plan, around: Surroundings, store: ObjectStore | None, estimates: Estimates
) -> tuple[Sequence[Finding], None]:
    disks = look_at_disks(tuple(places(around.home, store if plan.source else None)), estimates)
    return (*disks, *_locks(plan, estimates)), None


def _locks(plan: Plan, estimates: Estimates) -> Iterator[Finding]:
    most = plan.target.max_lock_s if plan.target else None
    if most is not None and estimates.lock_seconds is not None and estimates.lock_seconds > most:
        yield Finding(
            what="locks",
            verdict="warning",
            found=f"the merge holds its locks for about {estimates.lock_seconds:.0f} s, the plan allows {most} s",
            where=plan.file,
            next="rehearse at a quiet hour: it measures them; then raise target.max_lock_s or split the move",
        )
