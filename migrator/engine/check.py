"""`map check`: everything that would go wrong, found on the archive before the target is touched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mappings.check import check_mapping, unmapped
from mappings.compiled import CompiledEdge, Probe
from mappings.model import Mapping
from mappings.probe import EXAMPLES
from mappings.scope import Severity
from migrator.contracts import DISABLE, FIRE, NO_TRIGGERS, Capabilities, Target, Triggers
from migrator.engine.match import Matcher, Policy
from migrator.engine.native import as_archived
from migrator.engine.placing import NO_FILES, Placing
from migrator.engine.portions import affordable, portions
from migrator.engine.predict import predict
from migrator.engine.prepare import Prepared, materialise, prepare
from migrator.engine.workbench import Workbench
from migrator.outcomes import Progress, Tick, Verdict, silent
from storage.archive import Archive
from storage.problem import Problem
from storage.schema import Table


@dataclass(frozen=True, kw_only=True)
class MapCheck:
    """`prepared` is materialised where the check is green, and None where the mapping did not even compile."""

    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...]
    unmapped: tuple[str, ...]
    prepared: Prepared | None

    @property
    def verdict(self) -> Verdict:
        return Verdict.of(not self.problems)


def map_check(
    workbench: Workbench,
    archive: Archive,
    mapping: Mapping,
    target: Target,
    policy: Policy,
    *,
    triggers: Triggers = NO_TRIGGERS,
    files: Placing = NO_FILES,
    progress: Progress = silent,
) -> MapCheck:
    """Static checks, then probes of every value, then duplicates and orphans against the live target, then files."""
    source, schema = [archived.table for archived in archive.tables], as_archived(target.describe(), archive, mapping)
    static, told = check_mapping(mapping, source, schema.tables), tuple(_masked(archive))
    missing = unmapped(mapping, source)
    if static:
        return MapCheck(problems=static, notes=told, unmapped=missing, prepared=None)
    refused = refused_triggers(schema.tables, mapping, triggers, target.capabilities)
    prepared = prepare(workbench, archive, mapping, schema, progress=progress)
    progress(Tick(step="check"))
    red, found = _probe(prepared)
    notes = (*told, *found)
    if red:  # rows that do not fit cannot be mapped, so nothing can be said about duplicates among them
        return MapCheck(problems=(*refused, *red), notes=notes, unmapped=missing, prepared=None)
    matcher = Matcher(prepared, target, policy)
    matched = matcher.match()
    materialise(prepared, progress=progress)
    twice = _loaded_already(prepared, target)
    problems = (
        *refused,
        *twice,
        *matched,
        *(() if matched else tuple(predict(prepared, target, schema, matcher.absent))),
        *(files.expect(prepared) or files.taken(prepared)),
    )
    return MapCheck(problems=problems, notes=notes, unmapped=missing, prepared=prepared)


def refused_triggers(
    tables: Sequence[Table], mapping: Mapping, triggers: Triggers, can: Capabilities
) -> tuple[Problem, ...]:
    """Triggers would change rows that nobody journals, unless the plan says what becomes of them."""
    mapped = {table.name for table in mapping.tables}
    what = "the target table has triggers, which change rows nobody journals"
    next_ = "say in the plan what becomes of them (target.triggers: fire | disable), or drop them for the load"
    if triggers.mode == FIRE or (triggers.mode == DISABLE and can.silences_triggers):
        return ()
    if triggers.mode == DISABLE:
        what = "the target table has triggers, and this platform cannot disable them for one transaction"
        next_ = "let them fire (target.triggers: fire), or drop them for the load"
    return tuple(
        Problem(where=table.name, what=what, count=len(table.triggers), examples=table.triggers[:10], next=next_)
        for table in tables
        if table.name in mapped and table.triggers
    )


def _masked(archive: Archive) -> Iterator[Problem]:
    if archive.identity.masked is not None:
        yield Problem(
            where=archive.location,
            what="the archive is masked, for tests: it does not hold the data as it was",
            count=archive.identity.masked.columns,
            next="its reports/masking.json names each column",
        )


def _loaded_already(prepared: Prepared, target: Target) -> tuple[Problem, ...]:
    """Rows without a key that an earlier load of this tenant brought would come twice, and nobody could tell."""
    keyless = {staged.table.name for staged in prepared.tables if not staged.key}
    return tuple(
        Problem(
            where=staged.table.name,
            what="an earlier load of this tenant filled this table, which has no key: its rows would come twice",
            examples=(marker.run,),
            next=f"migrator rollback {marker.run} first",
        )
        for marker in target.markers()
        if marker.tenant == prepared.archive.identity.tenant
        for staged in marker.tables
        if staged.table.name in keyless
    )


def _probe(prepared: Prepared) -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
    red: list[Problem] = []
    notes: list[Problem] = []
    for edge in prepared.compiled.edges:
        for probe in (*edge.probes, *_found_in_one_pass(prepared, edge)):
            count, examples = _answer(prepared, edge, probe)
            if count:
                problem = Problem(where=probe.where, what=probe.what, count=count, examples=examples, next=probe.next)
                (red if probe.severity is Severity.RED else notes).append(problem)
    return tuple(red), tuple(notes)


def _answer(prepared: Prepared, edge: CompiledEdge, probe: Probe) -> tuple[int, tuple[str, ...]]:
    """How many, and the first examples of them; in portions where the probe asks row by row and rows are large."""
    bench = prepared.workbench
    shows = affordable(bench, prepared.archive, edge.source) if probe.by_row else (None,)
    answers = [bench.row(probe.sql) for _ in shows]
    shown = sorted({example for _, examples in answers for example in examples})
    return sum(count for count, _ in answers), tuple(shown[:EXAMPLES])


def _found_in_one_pass(prepared: Prepared, edge: CompiledEdge) -> Iterator[Probe]:
    """The probes of the edge's values that find something; only these are asked what."""
    if not edge.fits:
        return
    totals = [0] * len(edge.fits)
    for _ in portions(prepared.workbench, prepared.archive, edge):
        counts = prepared.workbench.one(edge.fits_sql)
        totals = [total + count for total, count in zip(totals, counts, strict=True)]
    yield from (probe for probe, total in zip(edge.fits, totals, strict=True) if total)
