"""/v1/…: the rows behind a run's numbers, how a plan's rehearsals went, and what a decision leads to."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from api.asked import Asked, of_approval, of_run, of_tenant
from api.paging import Start
from api.problems import unknown
from migrator.access.approvals import Approval
from migrator.access.roles import Permission
from migrator.engine.browse.question import MOST_ROWS
from migrator.engine.whereabouts import Origin
from migrator.service.evidence import LedgerPage, StoodPage, Went
from migrator.service.prospects import Prospect, Trend
from migrator.service.served import ERASE, MIGRATE, ROLL_BACK

router = APIRouter(tags=["evidence"])
Looking = Annotated[Asked, of_tenant(Permission.LOOK)]
Reading = Annotated[Asked, of_run(Permission.READ_ROWS)]
Count = Annotated[int, Query(ge=1, le=MOST_ROWS)]


class WentRow(BaseModel):
    """`became` is the row's key in the target, where a crosswalk tells; `action` what became of the row there."""

    values: list[str | None]
    became: str | None
    action: str | None


class WentRows(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "source": "people",
                "target": "persons",
                "because": "test data",
                "columns": ["id", "name"],
                "key": "id",
                "rows": [{"values": ["1", "Ada"], "became": "501", "action": None}],
                "matching": 1,
                "start": 0,
            }
        }
    )

    source: str
    target: str
    because: str
    columns: list[str]
    key: str | None
    rows: list[WentRow]
    matching: int
    start: int


class StoodRow(BaseModel):
    """`origin` is the archived row that is the same, where a crosswalk tells."""

    key: dict[str, str]
    origin: Origin | None


class StoodRows(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "target": "persons",
                "rows": [{"key": {"id": "501"}, "origin": {"table": "people", "column": "id", "value": "1"}}],
                "matching": 1,
                "start": 0,
            }
        }
    )

    target: str
    rows: list[StoodRow]
    matching: int
    start: int


@router.get("/tenants/{tenant}/plans/{plan}/trend")
def trend(asked: Looking, plan: str) -> Trend:
    """The last rehearsals and migrations of a plan: time for each step, verdicts, forecasts and what they came to."""
    return asked.service.trend(asked.tenant, plan)


@router.get("/approvals/{approval}/prospect")
def prospect(asked: Annotated[Asked, of_approval(Permission.LOOK)], approval: str) -> Prospect:
    """What is known of what begins when somebody agrees: how long, by which rehearsal, with which rows."""
    found = asked.served.approvals.find(approval)
    if found is None:
        raise unknown("approval", approval)
    return ahead(asked, found)


@router.get("/runs/{run}/edges/{edge}/rows", response_model=WentRows)
def rows(
    asked: Reading, run: str, edge: int, part: Went = Went.MAPPED, start: Start = 0, count: Count = 50
) -> dict[str, Any]:
    """The archived rows that an edge of a load wrote, excluded or rejected; edges count from 0, as in the report."""
    found = went(asked, run, edge, part, start=start, count=count)
    told = [
        {"values": [cell.text for cell in row.cells], "became": row.became, "action": row.action} for row in found.rows
    ]
    return {**vars(found), "rows": told, "start": start}


@router.get("/runs/{run}/edges/{edge}/kept", response_model=StoodRows)
def kept(asked: Reading, run: str, edge: int, start: Start = 0, count: Count = 50) -> dict[str, Any]:
    """The target's own rows that a load found in an edge's table and left as they were."""
    return {**vars(stood(asked, run, edge, "kept", start=start, count=count)), "start": start}


@router.get("/runs/{run}/edges/{edge}/merged", response_model=StoodRows)
def merged(asked: Reading, run: str, edge: int, start: Start = 0, count: Count = 50) -> dict[str, Any]:
    """The rows that a load found in an edge's table and overwrote."""
    return {**vars(stood(asked, run, edge, "merged", start=start, count=count)), "start": start}


def went(asked: Asked, run: str, edge: int, part: Went, *, start: int, count: int) -> LedgerPage:
    """Archived rows; who read them is in the audit."""
    found = asked.service.went(run, edge, part, after=start, rows=count)
    asked.note("read rows", run, table=found.source, part=part)
    return found


def stood(asked: Asked, run: str, edge: int, part: str, *, start: int, count: int) -> StoodPage:
    """The same of rows that stood in the target."""
    found = asked.service.stood(run, edge, part, after=start, rows=count)
    asked.note("read rows", run, table=found.target, part=part)
    return found


def ahead(asked: Asked, approval: Approval) -> Prospect:
    """What lies ahead where that is agreed to."""
    if approval.what == MIGRATE:
        return asked.service.of_migration(approval.tenant, approval.plan, approval.request, approval.seal)
    if approval.what in (ROLL_BACK, ERASE):
        return asked.service.of_load(approval.request["run"])
    return Prospect()
