"""The doctor's look at a source and at a target: what their drivers find, and what only plan and mapping know."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from mappings.model import Mapping
from mappings.nearest import nearest
from migrator.contracts import Examination, Finding, Source, Target, Triggers
from migrator.engine.check import refused_triggers
from migrator.engine.doctor.clock import Now, clock
from migrator.plan import ScopeRules


def look_at_source(source: Source, rules: ScopeRules, now: Now) -> tuple[Sequence[Finding], Examination]:
    """What a driver finds wrong with a table that stays behind is nobody's trouble; it is counted all the same."""
    findings, seen = examined(lambda: source.examine(rules.excluded, rules.views), now)
    return [
        replace(finding, verdict="ok", found=f"{finding.found}; the plan excludes it", next="")
        if finding.where in rules.excluded and finding.what != "grants"
        else finding
        for finding in findings
    ], seen


def look_at_target(
    target: Target, mapping: Mapping | None, triggers: Triggers, now: Now
) -> tuple[Sequence[Finding], Examination]:
    tables = target.describe().tables
    known = [table.name for table in tables]
    filled = [table.name for table in mapping.tables] if mapping else []
    written = tuple(dict.fromkeys((*filled, *triggers.writes)))
    findings, seen = examined(lambda: target.examine([name for name in written if name in known]), now)
    missing = [
        Finding(
            what="table", verdict="red", found="the target has no such table", where=name, next=nearest(name, known)
        )
        for name in written
        if name not in known
    ]
    refused = [
        Finding(
            what="triggers",
            verdict="red",
            found=f"{problem.what}: {', '.join(problem.examples)}",
            where=problem.where,
            next=problem.next,
        )
        for problem in (refused_triggers(tables, mapping, triggers, target.capabilities) if mapping else ())
    ]
    return (*findings, *missing, *refused), seen


def examined(examine: Callable[[], Examination], now: Now) -> tuple[Sequence[Finding], Examination]:
    """What a driver finds, after who we are there, which version it is and whose clock it goes by."""
    before = now()
    found = examine()
    after = now()
    first = [Finding(what="reached", verdict="ok", found=f"as {found.user}")]
    if all(finding.what != "version" for finding in found.findings):
        first.append(Finding(what="version", verdict="ok", found=found.version))
    if found.clock is not None:
        first.append(clock(datetime.fromisoformat(found.clock), before, after))
    return (*first, *found.findings), found
