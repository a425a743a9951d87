"""/v1/tenants/{tenant}/plans/{plan}/…: what is done with a plan. What takes long is a run; what changes a target for
good waits for another pair of eyes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from api.asked import Asked, of_run, of_tenant
from api.problems import unknown
from api.shapes import Begun, Waits
from api.slow import SLOW
from api.work import IdempotencyKey, asked_for, once, started
from migrator.access.approvals import Approval
from migrator.access.roles import Permission
from migrator.plan import Plan
from migrator.runs.records import RunRecord
from migrator.runs.request import Document
from migrator.service import Service
from migrator.service.served import ERASE, MIGRATE, ROLL_BACK
from storage.said_error import said_error

router = APIRouter(tags=["operations"])
Looking = Annotated[Asked, of_tenant(Permission.LOOK)]
Reading = Annotated[Asked, of_tenant(Permission.READ_ROWS)]
Running = Annotated[Asked, of_tenant(Permission.RUN)]
Asking = Annotated[Asked, of_tenant(Permission.ASK)]
AskingOfRun = Annotated[Asked, of_run(Permission.ASK)]
RunningOfRun = Annotated[Asked, of_run(Permission.RUN)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Snapshot(_Strict):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"prove_full": True}})

    mask: str | None = Field(default=None, description="Rules by which values are replaced, as YAML.")
    subject: str | None = Field(default=None, description="The one person it is to be about: table=key.")
    prove_full: bool = False


class Load(_Strict):
    archive: str | None = Field(
        default=None,
        examples=["acme-20261122T190000Z-3f2a91c0"],
        description="An archive's id; else the newest of the plan's tenant.",
    )
    whole: bool = False


class Migration(Load):
    waive: str | None = Field(default=None, description="Why it may do without a green rehearsal.")
    reason: str = Field(min_length=1, max_length=2000, description="For whoever approves it.")


class Verification(_Strict):
    deep: bool = Field(default=False, description="From the archive's CSV master instead of its twin.", examples=[True])


class Rollback(_Strict):
    whole: bool = False
    reason: str = Field(min_length=1, max_length=2000, examples=["the customer stays another month"])


class Closing(_Strict):
    reason: str = Field(min_length=1, max_length=2000, examples=["accepted by the customer on 1 December"])


# ── of a plan ───────────────────────────────────────────────────────────────────────────────────────────────
@router.post("/tenants/{tenant}/plans/{plan}/snapshots", status_code=202, response_model=Begun)
def snapshot(asked: Running, plan: str, given: Snapshot, key: IdempotencyKey = None) -> Response:
    """Read the tenant's data at one point in time into an archive."""
    return once(asked, key, {"snapshot": plan, **given.model_dump()}, lambda asked: take(asked, plan, given))


@router.post("/tenants/{tenant}/plans/{plan}/rehearsals", status_code=202, response_model=Begun)
def rehearse(asked: Running, plan: str, given: Load, key: IdempotencyKey = None) -> Response:
    """The whole load and verification, then undone."""
    return once(asked, key, {"rehearse": plan, **given.model_dump()}, lambda asked: try_out(asked, plan, given))


@router.post("/tenants/{tenant}/plans/{plan}/migrations", status_code=202, response_model=Waits)
def migrate(asked: Asking, plan: str, given: Migration, key: IdempotencyKey = None) -> Response:
    """Ask for the load into the target. It begins when an approver who is not you has agreed."""
    request = {"migrate": plan, **given.model_dump()}
    return once(asked, key, request, lambda asked: ask_to_migrate(asked, plan, given))


def take(asked: Asked, plan: str, given: Snapshot) -> RunRecord:
    """A snapshot, left to a worker."""
    service, read = opened(asked, plan)
    subject, mask, prove_full = given.subject or None, _mask(given.mask), given.prove_full
    return started(
        asked,
        service,
        lambda it: it.snapshot(read, mask, subject=subject, prove_full=prove_full),
        "start snapshot",
        plan=plan,
    )


def try_out(asked: Asked, plan: str, given: Load) -> RunRecord:
    """A rehearsal, left to a worker."""
    service, read = opened(asked, plan)
    archive = _archive(asked, given.archive)
    return started(
        asked, service, lambda it: it.rehearse(read, archive, whole=given.whole), "start rehearsal", plan=plan
    )


def ask_to_migrate(asked: Asked, plan: str, given: Migration) -> Approval:
    """What an approver decides. Red where it could not begin now: what would be refused later is no surprise."""
    service, read = opened(asked, plan)
    archive = service.archive_of(read, _archive(asked, given.archive)).location
    seal = service.let_through(read, archive, given.waive)
    request = {"plan": plan, "text": read.text, "archive": archive, "whole": given.whole, "waive": given.waive}
    return asked_for(asked, MIGRATE, "ask for migration", request=request, reason=given.reason, plan=plan, seal=seal)


@router.get("/tenants/{tenant}/plans/{plan}/scope", dependencies=[SLOW])
def scope(asked: Running, plan: str, count: bool = False) -> dict[str, Any]:
    """Every table, what leaves with the tenant, by which path; asks the source."""
    service, read = opened(asked, plan)
    found = service.explain(read, count=count)
    asked.note("read scope", plan)
    return asdict(found)


@router.get("/tenants/{tenant}/plans/{plan}/doctor", dependencies=[SLOW])
def doctor(asked: Running, plan: str) -> dict[str, Any]:
    """Everything the plan names, looked at before anything starts."""
    service, read = opened(asked, plan)
    found = service.doctor(read)
    parts = [{**vars(part), "error": said_error(part.error) if part.error else None} for part in found.parts]
    return {**vars(found), "parts": parts, "verdict": found.verdict}


@router.get("/tenants/{tenant}/plans/{plan}/check", dependencies=[SLOW])
def check(asked: Running, plan: str, archive: str | None = None) -> dict[str, Any]:
    """The mapping, checked on every row of the archive."""
    service, read = opened(asked, plan)
    found = service.map_check(read, _archive(asked, archive))
    asked.note("check mapping", plan)
    return asdict(found)


@router.get("/tenants/{tenant}/plans/{plan}/preview", dependencies=[SLOW])
def preview(
    asked: Reading, plan: str, archive: str | None = None, table: str | None = None, rows: int = 20
) -> dict[str, Any]:
    """Real rows before and after the mapping."""
    service, read = opened(asked, plan)
    found = service.map_preview(read, _archive(asked, archive), table=table, rows=max(1, min(rows, 200)))
    asked.note("read rows", plan, table=table or "every table")
    return {"edges": [one.told for one in found]}


# ── of a run ────────────────────────────────────────────────────────────────────────────────────────────────
@router.post("/runs/{run}/verifications", status_code=202, response_model=Begun)
def verify(asked: RunningOfRun, run: str, given: Verification, key: IdempotencyKey = None) -> Response:
    """Read the target of a load again, and compare."""
    return once(asked, key, {"verify": run, **given.model_dump()}, lambda asked: look_again(asked, run, given))


@router.post("/runs/{run}/rollbacks", status_code=202, response_model=Waits)
def rollback(asked: AskingOfRun, run: str, given: Rollback, key: IdempotencyKey = None) -> Response:
    """Ask for a load to be taken back."""
    request = {"roll back": run, **given.model_dump()}
    return once(asked, key, request, lambda asked: ask_of_run(asked, run, ROLL_BACK, given))


@router.post("/runs/{run}/closings", status_code=202, response_model=Waits)
def close(asked: AskingOfRun, run: str, given: Closing, key: IdempotencyKey = None) -> Response:
    """Ask for a load to be accepted for good: what could take it back is erased."""
    request = {"close": run, **given.model_dump()}
    return once(asked, key, request, lambda asked: ask_of_run(asked, run, ERASE, given))


def look_again(asked: Asked, run: str, given: Verification) -> RunRecord:
    """A verification, left to a worker."""
    return started(asked, asked.service, lambda it: it.verify(run, deep=given.deep), "start verification", of=run)


def ask_of_run(asked: Asked, run: str, what: str, given: Rollback | Closing) -> Approval:
    """What an approver decides about a load."""
    record = asked.served.service.run(run)
    request = {"run": run, **given.model_dump()}
    plan, seal = record.plan, record.seal
    return asked_for(asked, what, f"ask to {what}", request=request, reason=given.reason, plan=plan, seal=seal, of=run)


def opened(asked: Asked, plan: str) -> tuple[Service, Plan]:
    """The operations in the tenant's name, and its plan."""
    service = asked.service
    return service, asked.served.plan(service, asked.tenant, plan)


def _archive(asked: Asked, archive_id: str | None) -> str | None:
    """Where the archive of that id lies: one of this tenant, and no address."""
    if archive_id is None:
        return None
    found = asked.served.service.find_archive(archive_id)
    if found is None or found.tenant != asked.tenant:
        raise unknown("archive", archive_id)
    return found.location


def _mask(text: str | None) -> Document | None:
    return Document(text=text, file="mask") if text is not None else None
