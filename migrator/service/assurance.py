"""What a customer is told of their data: where it is, what was proven of it, and what comes next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from migrator.access.roles import Permission
from migrator.access.sought import Sought
from migrator.outcomes import RunReport, ScopeProof
from migrator.registry.documents import Kind
from migrator.registry.tenants import Tenant
from migrator.runs.portion import Portion
from migrator.runs.records import ArchiveRecord, RunRecord
from migrator.runs.told import scope_proof
from migrator.service import Service
from migrator.service.ahead import Ahead, ahead, deciding
from migrator.service.served import Served
from storage.address import without_user
from storage.archive import Archive
from storage.errors import MigratorError
from storage.location import split_archive

MOST = 5
"""Archives that are opened to say what is in them."""

_LOOKED_AT = 200  # of the newest runs
_PROVING = ("rehearsal", "migration", "verification", "rollback", "restore", "closing")


@dataclass(frozen=True, kw_only=True)
class Looked:
    """When somebody had an archive checked, byte by byte, and what came of it."""

    at: str
    verdict: str


@dataclass(frozen=True, kw_only=True)
class Kept:
    """An archive: where it lies, what is in it, and who signed it. `trouble` is why it could not be opened just now."""

    archive: ArchiveRecord
    place: str
    source: str = ""  # platform and version
    tables: int = 0
    files: int = 0
    proof: ScopeProof | None = None
    checked: Looked | None = None
    is_masked: bool = False
    is_of_one_person: bool = False
    trouble: str = ""


@dataclass(frozen=True, kw_only=True)
class Proven:
    """A run that shows something, the newest of its plan and kind, and its numbers where its report can be read."""

    run: RunRecord
    loaded: int = 0  # archived rows that it put into the new platform
    left: int = 0  # and those that the mapping leaves out, each for a stated reason
    compared: int | None = None
    different: int = 0
    not_compared: int = 0  # columns, each for a stated reason
    reversed: int | None = None
    kept: int = 0  # rows that a rollback left, as people had edited them since, or as it could not


@dataclass(frozen=True, kw_only=True)
class Assurance:
    """`deciding` are the names of those who agree or refuse; `contact` is the tenant's own, `operator` of whoever runs
    this server. There are more archives than those where `has_more`."""

    tenant: Tenant
    archives: tuple[Kept, ...]
    has_more: bool
    proven: tuple[Proven, ...]
    ahead: tuple[Ahead, ...]
    deciding: tuple[str, ...]
    operator: str


def assurance(served: Served, tenant: Tenant) -> Assurance:
    """By the catalog, the newest archives and the reports of the newest runs; no platform is asked."""
    service, own = served.service.for_tenant(tenant.tenant), frozenset({tenant.tenant})
    archives = served.service.archives(portion=Portion(tenants=own, most=MOST + 1, is_backwards=True))
    runs = served.service.runs(portion=Portion(tenants=own, most=_LOOKED_AT, is_backwards=True))[::-1]
    waiting = served.approvals.all(only_open=True, portion=Portion(tenants=own))
    plans = [plan.name for plan in served.documents.newest(Kind.PLAN, tenant=tenant.tenant)]
    return Assurance(
        tenant=tenant,
        archives=tuple(_kept(served, service, archive) for archive in archives[:MOST]),
        has_more=len(archives) > MOST,
        proven=tuple(_proven(served, runs)),
        ahead=tuple(ahead(plan, runs, archives, waiting) for plan in plans),
        deciding=deciding(served.accounts.all(), tenant.tenant, Permission.APPROVE),
        operator=served.service.settings.contact,
    )


def _kept(served: Served, service: Service, record: ArchiveRecord) -> Kept:
    place = without_user(split_archive(record.location)[0]).partition("?")[0]
    kept = Kept(archive=record, place=place, checked=_checked(served, record))
    try:
        return _opened(service.archive(record.location), kept)
    except MigratorError as error:
        return replace(kept, trouble=error.what)


def _opened(archive: Archive, kept: Kept) -> Kept:
    """What its manifests say, whose signatures hold: else it would not have opened."""
    identity = archive.identity
    return replace(
        kept,
        source=f"{identity.source_platform} {identity.source_version}",
        tables=len(archive.tables),
        files=archive.described()[-1].rows,
        proof=scope_proof(archive),
        is_masked=identity.masked is not None,
        is_of_one_person=identity.subject is not None,
    )


def _checked(served: Served, record: ArchiveRecord) -> Looked | None:
    taken = datetime.fromisoformat(record.created_at)  # nobody checked it before
    sought = Sought(action="check archive", object=record.archive_id, tenants=frozenset({record.tenant}), since=taken)
    for entry in served.audit.last(sought, limit=1):
        return Looked(at=entry.at, verdict=entry.detail.get("verdict", ""))
    return None


def _proven(served: Served, runs: Sequence[RunRecord]) -> Iterator[Proven]:
    """The newest of each plan and kind that came to an answer, newest first."""
    newest = {(run.plan, run.kind): run for run in runs if run.kind in _PROVING and run.verdict is not None}
    for run in sorted(newest.values(), key=lambda run: run.finished_at or run.started_at, reverse=True):
        yield _numbers(run, _report(served, run))


def _numbers(run: RunRecord, report: RunReport | None) -> Proven:
    if report is None:
        return Proven(run=run)
    verification, undone = report.verification, report.rollback
    return Proven(
        run=run,
        loaded=sum(edge.loaded + edge.merged for edge in report.equations),
        left=_left(report),
        compared=verification.compared if verification else None,
        not_compared=len(verification.not_compared) if verification else 0,
        different=verification.different if verification else 0,
        reversed=undone["reversed"] if undone else None,
        kept=undone["kept"] + undone["failed"] if undone else 0,
    )


def _left(report: RunReport) -> int:
    dropped = sum(table.rows for table in report.scope if table.table in report.dropped_tables)
    return dropped + sum(edge.excluded + edge.rejected for edge in report.equations)


def _report(served: Served, run: RunRecord) -> RunReport | None:
    """None where there is none, or it lies elsewhere: then the verdict alone is told."""
    try:
        return served.service.reported(run.run_id)
    except MigratorError:
        return None
