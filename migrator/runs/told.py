"""A run's report, put together from what the engine found: the one value every format renders."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from migrator.contracts import Undone
from migrator.engine.attachments_found import lost_files
from migrator.engine.check import MapCheck
from migrator.engine.documents import COST, PROOF, SCOPE
from migrator.engine.ledger import column_fates
from migrator.engine.load import Loaded
from migrator.engine.losses import losses_of
from migrator.engine.masks.masked import masked_columns
from migrator.engine.placing import FilesUndone
from migrator.engine.prepare import Prepared
from migrator.outcomes import (
    ArchivedTable,
    Check,
    RunReport,
    ScopeProof,
    SourceCost,
    Verdict,
    Verification,
    said_key,
)
from migrator.runs.records import RunRecord
from storage import moment
from storage.archive import Archive
from storage.problem import Problem

_NOT_RUN = (
    Check(name="functional acceptance by the people who use the target", passed=None, detail="a human task"),
    Check(name="drill-down sample by a person (59 / 299 / 459 rows)", passed=None, detail="a human task"),
)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What every report begins with: the run, where its data came from (redacted), and the program that ran it."""

    record: RunRecord
    source: str
    tool: str


def _report(subject: Subject, verdict: Verdict) -> RunReport:
    record = subject.record
    return RunReport(
        run=record.run_id,
        kind=record.kind,
        number=record.number,
        verdict=verdict,
        plan=record.plan,
        tenant=record.tenant,
        seal=record.seal or "",
        archive=record.archive or "",
        archive_fingerprint="",
        fence={},
        source=subject.source,
        target=record.target or "",
        tool=subject.tool,
        started_at=record.started_at,
        finished_at=moment.now(),
        attempt=record.attempt,
        not_run=_NOT_RUN,
    )


def load_report(subject: Subject, archive: Archive, checked: MapCheck, loaded: Loaded) -> RunReport:
    """A rehearsal or a migration."""
    prepared = checked.prepared
    assert prepared is not None
    return replace(
        _about(_report(subject, loaded.verdict), archive, prepared),
        equations=loaded.equations,
        verification=loaded.verification,
        problems=loaded.problems,
        digests={
            "before": str(loaded.digest_before),
            "loaded": str(loaded.digest_loaded),
            "after": str(loaded.digest_after),
        },
        notes=checked.notes,
        timings=loaded.timings,
    )


def verify_report(subject: Subject, archive: Archive, prepared: Prepared, found: Verification) -> RunReport:
    """A verification after the load."""
    report = _about(_report(subject, found.verdict), archive, prepared)
    return replace(report, verification=found)


def _about(report: RunReport, archive: Archive, prepared: Prepared) -> RunReport:
    mapping = prepared.compiled.mapping
    return replace(
        report,
        archive_fingerprint=archive.fingerprint,
        fence=archive.identity.fence,
        columns=column_fates(prepared),
        dropped_tables={drop.name: drop.because for drop in mapping.dropped_tables},
        excluded_tables=_excluded_tables(archive),
        accepted_losses={
            **{loss.name: f"{loss.fidelity}: {loss.reason}" for loss in losses_of(archive)},
            **lost_files(archive),
        },
        source_cost=_source_cost(archive),
        scope_proof=scope_proof(archive),
        masked_columns=masked_columns(archive),
        scope=tuple(scope_of(archive)),
    )


def _excluded_tables(archive: Archive) -> dict[str, str]:
    return {entry["table"]: entry["reason"] for entry in json.loads(archive.document("reports/exclusions.json"))}


def _source_cost(archive: Archive) -> SourceCost | None:
    return SourceCost(**json.loads(archive.document(COST))) if COST in archive.documents() else None


def scope_proof(archive: Archive) -> ScopeProof | None:
    """How it was proven to hold all of its tenant and nobody else; archives of older versions do not say."""
    if PROOF not in archive.documents():
        return None
    said = json.loads(archive.document(PROOF))
    return ScopeProof(
        kind=said["proof"],
        edges=len(said["edges"]),
        summed=sum(1 for edge in said["edges"] if edge.get("archive_sum")),
        walked=sum(said["walked"].values()),
        guests=sum(said.get("invited", {}).values()) + sum(said.get("shared", {}).values()),
    )


def scope_of(archive: Archive) -> Iterator[ArchivedTable]:
    """Why its rows are there; archives of older versions do not say through which tables each is owned."""
    for told in json.loads(archive.document(SCOPE))["tables"] if SCOPE in archive.documents() else ():
        yield ArchivedTable(
            table=told["table"],
            kind=told["class"],
            path=told["path"],
            rows=told["rows"],
            parents=tuple(told.get("parents", ())),
            carried=told["carried"],
            stubs=told["stubs"],
        )


def rollback_report(subject: Subject, undone: Undone, files: FilesUndone | None, of: RunReport | None) -> RunReport:
    """A rollback of rows, and of files where the plan loads any; `of` is the report of the load it took back."""
    is_green = not undone.kept and not undone.failed and undone.digest_before_load == undone.digest_after
    of_files = {"files_removed": files.removed, "files_kept": files.kept} if files else {}
    return replace(
        _report(subject, Verdict.of(is_green and not (files and files.notes))),
        archive_fingerprint=of.archive_fingerprint if of else "",
        fence=of.fence if of else {},
        source_cost=of.source_cost if of else None,
        scope_proof=of.scope_proof if of else None,
        masked_columns=of.masked_columns if of else {},
        scope=of.scope if of else (),
        rollback={"reversed": undone.reversed, "kept": undone.kept, "failed": undone.failed, **of_files},
        digests={"before_load": str(undone.digest_before_load), "after": str(undone.digest_after)},
        notes=tuple(Problem(where=note.table, what=note.why, examples=(said_key(note.key),)) for note in undone.notes),
    )
