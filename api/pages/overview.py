"""/ and /runs/{run}: what is under way, what needs somebody, and how each tenant stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from api.asked import Anybody, Asked, of_run
from api.pages.customer import home_of
from api.pages.frame import page
from migrator.access.roles import Permission
from migrator.registry.tenants import Tenant
from migrator.runs.portion import Portion
from migrator.runs.records import UNDER_WAY, ArchiveRecord, RunRecord

router = APIRouter(include_in_schema=False)
_NOW = ("queued", *UNDER_WAY)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How far a tenant is."""

    tenant: Tenant
    archive: ArchiveRecord | None
    rehearsal: RunRecord | None
    migration: RunRecord | None
    ended_by: RunRecord | None  # what took that migration back, or accepted it for good


@router.get("/")
def overview(asked: Anybody, request: Request) -> Response:
    """The runs and tenants that are there for whoever looks; a customer begins where their own data is."""
    if (home := home_of(asked.who)) is not None:
        return RedirectResponse(home, status_code=303)
    after = asked.served.service.newest_change()  # first: what comes meanwhile is told by the stream
    visible = Portion(tenants=asked.reach(None))
    newest = asked.served.service.newest_runs(portion=visible)
    waiting = asked.served.approvals.all(only_open=True, portion=visible)
    return page(
        request,
        "overview.html.j2",
        asked=asked,
        now=asked.served.service.runs(states=_NOW, portion=visible),
        red=list(_needing_somebody(newest)),
        stuck=asked.served.approvals.stuck(portion=visible),
        waiting=waiting,
        tenants=list(_standings(asked, newest, visible)),
        after=after,
    )


@router.get("/runs/{run}")
def run(asked: Annotated[Asked, of_run(Permission.LOOK)], run: str, request: Request) -> Response:
    after, record = asked.served.service.newest_change(), asked.served.service.run(run)
    endings = asked.served.service.endings([record.run_id]) if record.kind == "migration" else {}
    ended_by = endings.get(record.run_id)
    return page(
        request,
        "run.html.j2",
        asked=asked,
        after=after,
        run=record,
        ended_by=ended_by,
        doing=list(_doing(asked, record, is_ended=ended_by is not None)),
        has_report=_reports(record),
    )


def _reports(run: RunRecord) -> bool:
    """What ended red before it could compare anything has an error in place of a report."""
    is_compared = run.verdict is not None and run.error is None
    return is_compared and run.kind in ("rehearsal", "migration", "verification", "rollback")


def _doing(asked: Asked, run: RunRecord, *, is_ended: bool) -> Iterator[str]:
    """What whoever looks may do with it."""
    stands = (run.kind, run.state) == ("migration", "done") and not is_ended
    if asked.who.may(Permission.RUN, run.tenant):
        if run.state in ("parked", "failed", "lost"):
            yield "resume"
        if run.state not in ("done", "cancelled"):
            yield "cancel"
        if stands:
            yield "verify"
    if asked.who.may(Permission.ASK, run.tenant) and stands:
        yield "ask"


def _needing_somebody(newest: Sequence[RunRecord]) -> Iterator[RunRecord]:
    """The newest of each plan and kind, where it is red or stopped."""
    for one in reversed(newest):
        if one.verdict == "red" or one.state in ("failed", "parked", "lost"):
            yield one


def _standings(asked: Asked, newest: Sequence[RunRecord], visible: Portion) -> Iterator[Standing]:
    archives = {archive.tenant: archive for archive in asked.served.service.newest_archives(portion=visible)}
    last = {(run.tenant, run.kind): run for run in newest}
    endings = asked.served.service.endings([run.run_id for (_, kind), run in last.items() if kind == "migration"])
    for tenant in asked.served.tenants.all(portion=visible):
        migration = last.get((tenant.tenant, "migration"))
        yield Standing(
            tenant=tenant,
            archive=archives.get(tenant.tenant),
            rehearsal=last.get((tenant.tenant, "rehearsal")),
            migration=migration,
            ended_by=endings.get(migration.run_id) if migration else None,
        )
