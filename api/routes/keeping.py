"""What is kept: archives checked, copied and restored; what nothing needs any more goes where two people agree."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from api.asked import Asked, of_archive, of_tenant
from api.routes.archives import found
from api.routes.operations import opened
from api.shapes import Begun, Checked, CopiedWhole, Waits
from api.slow import SLOW
from api.work import IdempotencyKey, asked_for, once, started
from migrator.access.approvals import Approval
from migrator.access.roles import Permission
from migrator.outcomes import Verdict
from migrator.runs.pruning import Policy
from migrator.runs.pruning import Pruning as Found
from migrator.runs.records import RunRecord
from migrator.service.clearing import PRUNE, RETAIN, forgotten, removed
from migrator.service.housekeeping import Swept
from migrator.service.retention import Retained

router = APIRouter(tags=["keeping"])
LookingAtArchive = Annotated[Asked, of_archive(Permission.LOOK)]
RunningOfArchive = Annotated[Asked, of_archive(Permission.RUN)]
Looking = Annotated[Asked, of_tenant(Permission.LOOK)]
Running = Annotated[Asked, of_tenant(Permission.RUN)]
Asking = Annotated[Asked, of_tenant(Permission.ASK)]
Keep = Annotated[int, Query(ge=1, le=100_000, description="How many of each plan and kind stay, the newest.")]
Days = Annotated[int, Query(ge=0, le=100_000, description="What ended less long ago stays.")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Form(StrEnum):
    PARQUET = "parquet"
    CSV = "csv"


class Restore(_Strict):
    platform: str = Field(max_length=100, description="An empty one of the archive's kind.", examples=["${NEW_URL}"])
    form: Form = Field(default=Form.PARQUET, description="Which of the archive's two forms the rows are taken from.")


class Copy(_Strict):
    store: str = Field(max_length=400, description="One of the tenant's, or below it.", examples=["${VAULT_URL}/acme"])


class Sweep(_Strict):
    quiet_hours: int = Field(
        default=24,
        ge=1,  # a store may be of several tenants: nobody ends the snapshot of another
        le=100_000,
        description="How long nothing may have moved of what goes.",
        examples=[48],
    )


class Retention(_Strict):
    reason: str = Field(
        min_length=1, max_length=2000, description="For whoever approves it.", examples=["the contract's annex 3"]
    )


class Pruning(Retention):
    keep: int = Field(default=10, ge=1, le=100_000)
    days: int = Field(default=90, ge=0, le=100_000)


# ── archives ────────────────────────────────────────────────────────────────────────────────────────────────
@router.get("/archives/{archive}/check", response_model=Checked, dependencies=[SLOW])
def check(
    asked: LookingAtArchive, archive: str, key: Annotated[str | None, Query(max_length=200)] = None
) -> dict[str, Any]:
    """Every byte against its hash, every row count and digest, the listing and the signatures."""
    result = asked.service.check_archive(found(asked, archive).location, key=key)
    verdict = Verdict.of(result.is_green)
    asked.note("check archive", archive, verdict=verdict)
    return {**asdict(result), "verdict": verdict}


@router.post("/archives/{archive}/copies", response_model=CopiedWhole, dependencies=[SLOW])
def copy(asked: RunningOfArchive, archive: str, given: Copy) -> dict[str, Any]:
    """A copy in another store, every byte hashed on its way, and checked whole."""
    copied = asked.service.copy_archive(found(asked, archive).location, given.store)
    asked.note("copy archive", archive, store=given.store)
    return {**asdict(copied), "verdict": Verdict.GREEN}


@router.post("/archives/{archive}/restores", status_code=202, response_model=Begun)
def restore(asked: RunningOfArchive, archive: str, given: Restore, key: IdempotencyKey = None) -> Response:
    """The archive's tables and rows into an empty platform, which are then read again."""
    request = {"restore": archive, **given.model_dump()}
    return once(asked, key, request, lambda asked: bring_back(asked, archive, given))


def bring_back(asked: Asked, archive: str, given: Restore) -> RunRecord:
    """A restore, left to a worker."""
    location = found(asked, archive).location
    return started(
        asked,
        asked.service,
        lambda it: it.restore(location, given.platform, master=given.form is Form.CSV),
        "start restore",
        archive=archive,
        platform=given.platform,
    )


# ── what goes ───────────────────────────────────────────────────────────────────────────────────────────────
@router.post("/tenants/{tenant}/plans/{plan}/sweeps", response_model=Swept, dependencies=[SLOW])
def sweep(asked: Running, plan: str, given: Sweep) -> dict[str, Any]:
    """What killed runs left in the plan's store and target goes: parts, uploads, staged rows, files."""
    return asdict(sweep_now(asked, plan, given))


def sweep_now(asked: Asked, plan: str, given: Sweep) -> Swept:
    """What went."""
    service, read = opened(asked, plan)
    swept = service.sweep(read, quiet=timedelta(hours=given.quiet_hours))
    asked.note("sweep", plan)
    return swept


@router.get("/tenants/{tenant}/plans/{plan}/retention", response_model=Retained, dependencies=[SLOW])
def would_be_removed(asked: Looking, plan: str) -> dict[str, Any]:
    """Which of the plan's archives and runs would go by its own retention, and why the others stay."""
    service, read = opened(asked, plan)
    return asdict(service.retain(read, apply=False))


@router.post("/tenants/{tenant}/plans/{plan}/retention", status_code=202, response_model=Waits, dependencies=[SLOW])
def retain(asked: Asking, plan: str, given: Retention, key: IdempotencyKey = None) -> Response:
    """Ask for that to be done: just those go, where an approver agrees."""
    return once(asked, key, {"retain": plan, **given.model_dump()}, lambda asked: ask_to_retain(asked, plan, given))


@router.get("/tenants/{tenant}/pruning", response_model=Found, dependencies=[SLOW])
def would_be_forgotten(asked: Looking, keep: Keep = 10, days: Days = 90) -> dict[str, Any]:
    """Which of the tenant's old runs nothing needs, and why the others stay."""
    return asdict(asked.service.prune(Policy(keep=keep, days=days), apply=False, tenant=asked.tenant))


@router.post("/tenants/{tenant}/pruning", status_code=202, response_model=Waits, dependencies=[SLOW])
def prune(asked: Asking, given: Pruning, key: IdempotencyKey = None) -> Response:
    """Ask for them to be forgotten: their records, folders and documents. Archives always stay."""
    return once(asked, key, {"prune": asked.tenant, **given.model_dump()}, lambda asked: ask_to_prune(asked, given))


def ask_to_retain(asked: Asked, plan: str, given: Retention) -> Approval:
    """What an approver decides: just what would go now."""
    service, read = opened(asked, plan)
    going = removed(service.retain(read, apply=False))
    request = {"plan": plan, "text": read.text, "goes": ", ".join(going)}
    return asked_for(asked, RETAIN, "ask for retention", request=request, reason=given.reason, plan=plan)


def ask_to_prune(asked: Asked, given: Pruning) -> Approval:
    """What an approver decides: just what would go now."""
    policy = Policy(keep=given.keep, days=given.days)
    going = forgotten(asked.service.prune(policy, apply=False, tenant=asked.tenant))
    request = {"keep": given.keep, "days": given.days, "goes": ", ".join(going)}
    return asked_for(asked, PRUNE, "ask for pruning", request=request, reason=given.reason, plan="")
