"""/v1/tenants/{tenant}/plans/{plan}/preview, …/suggestions: for whoever writes a mapping and has not kept it yet."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.asked import Asked, of_tenant
from api.routes.operations import opened
from api.slow import SLOW
from mappings.load import load_mapping
from migrator.access.roles import Permission
from migrator.engine.draft.mapping import Likeness, drafted_mapping, proposed_edges
from migrator.engine.preview import told_row

router = APIRouter(prefix="/tenants/{tenant}/plans/{plan}", tags=["mappings"])
_MAPPING = "mapping: acme\nversion: 1\ntables:\n  accounts:\n    edges:\n      - {from: people, columns: {id: id}}\n"


class Draft(BaseModel):
    """The text of a mapping, and the number of one of its edges, counted from 0 in the order written."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"text": _MAPPING, "edge": 0, "rows": 20}})

    text: str = Field(max_length=2_000_000)
    edge: int = Field(default=0, ge=0)
    rows: int = Field(default=20, ge=1, le=100)


class TriedRow(BaseModel):
    """`left` is `excluded` or `rejected` where the edge does not carry the row; `refused` says of a target column why
    it cannot take its value, which is then not in `after`."""

    before: dict[str, Any]
    after: dict[str, Any]
    refused: dict[str, str]
    left: str


class TriedRows(BaseModel):
    """`partly` are tables of which only the first rows were looked through."""

    source: str
    target: str
    rows: list[TriedRow]
    partly: list[str]


class SuggestedColumn(BaseModel):
    target: str
    source: str
    why: Likeness
    remap: str | None


class SuggestedEdge(BaseModel):
    source: str
    target: str
    columns: list[SuggestedColumn]


class Suggestions(BaseModel):
    """`text` is all of them as a first mapping; every line of it is a guess."""

    edges: list[SuggestedEdge]
    text: str


@router.post("/preview", dependencies=[SLOW], response_model=TriedRows)
def try_out(asked: Annotated[Asked, of_tenant(Permission.WRITE)], plan: str, given: Draft) -> dict[str, Any]:
    """A few real rows through one edge of a mapping that is not kept, and may still be wrong elsewhere."""
    service, read = opened(asked, plan)
    mapping = load_mapping(given.text, file="mapping")
    archive = service.archive_of(read, None)
    found = service.map_trial(archive, mapping, service.target_schema(read), given.edge, rows=given.rows)
    asked.note("read rows", archive.identity.archive_id, table=found.source, by="mapping")
    rows = [
        {"before": told_row(row.before), "after": told_row(row.after), "refused": row.refused, "left": row.left}
        for row in found.rows
    ]
    return {"source": found.source, "target": found.target, "rows": rows, "partly": found.partly}


@router.get("/suggestions", dependencies=[SLOW], response_model=Suggestions)
def suggestions(asked: Annotated[Asked, of_tenant(Permission.RUN)], plan: str) -> dict[str, Any]:
    """What looks alike in the newest archive and the target, and what speaks for it."""
    service, read = opened(asked, plan)
    source = tuple(part.table for part in service.archive_of(read, None).tables)
    target = service.target_schema(read).tables
    edges = proposed_edges(None, source, target)
    return {"edges": edges, "text": drafted_mapping(read.name, edges, source, target)}
