"""/v1/tenants/{tenant}/status: where a customer's data is, what was proven of it, what comes next, whom to call."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.asked import Asked, of_tenant
from migrator.access.roles import Permission
from migrator.outcomes import ScopeProof
from migrator.service.ahead import Ahead, Stage
from migrator.service.assurance import Assurance, Kept, Looked, Proven, assurance

router = APIRouter(prefix="/tenants/{tenant}", tags=["tenants"])
Looking = Annotated[Asked, of_tenant(Permission.LOOK)]


class KeptArchive(BaseModel):
    """An archive whose signatures hold, unless `trouble` says why it could not be opened."""

    archive: str
    taken_at: str
    place: str = Field(examples=["s3://archives/acme"])
    source: str
    rows: int
    tables: int
    files: int
    bytes: int
    signed_by: str
    proof: ScopeProof | None
    checked: Looked | None
    is_masked: bool
    is_of_one_person: bool
    trouble: str

    @classmethod
    def of(cls, kept: Kept) -> KeptArchive:
        record = kept.archive
        told = {name: getattr(kept, name) for name in cls.model_fields if hasattr(kept, name)}
        about = {"archive": record.archive_id, "taken_at": record.created_at, "signed_by": record.fingerprint}
        return cls(**{**told, **about, "rows": record.rows, "bytes": record.bytes})


class ProvenByRun(BaseModel):
    """What the newest run of a plan and kind showed; numbers are null where they were not asked."""

    run: str
    plan: str
    kind: str
    number: int
    verdict: str
    at: str
    loaded: int
    left: int
    compared: int | None
    different: int
    not_compared: int
    reversed: int | None
    kept: int

    @classmethod
    def of(cls, proven: Proven) -> ProvenByRun:
        run = proven.run
        return cls(
            run=run.run_id,
            plan=run.plan,
            kind=run.kind,
            number=run.number,
            verdict=run.verdict or "",
            at=run.finished_at or run.started_at,
            **{name: value for name, value in vars(proven).items() if name != "run"},
        )


class ComesNext(BaseModel):
    """How far a plan is; `run` is what the stage is about, `approval` what is waited for, `load` the migration that
    stands."""

    plan: str
    stage: Stage
    run: str | None
    approval: str | None
    load: str | None

    @classmethod
    def of(cls, ahead: Ahead) -> ComesNext:
        run, approval, load = ahead.run, ahead.approval, ahead.load
        return cls(
            plan=ahead.plan,
            stage=ahead.stage,
            run=run.run_id if run else None,
            approval=approval.approval_id if approval else None,
            load=load.run_id if load else None,
        )


class Status(BaseModel):
    """`deciding` are the names of those who agree or refuse; `contact` whom the customer calls, `operator` who runs
    this server. `archives` are the newest; there are more where `has_more`."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "tenant": "acme",
                "contact": "Ann Lee, +33 1 23 45 67 89",
                "operator": "",
                "deciding": ["Bruno"],
                "archives": [],
                "has_more": False,
                "proven": [],
                "ahead": [{"plan": "acme-exit", "stage": "nothing", "run": None, "approval": None, "load": None}],
            }
        }
    )

    tenant: str
    archives: list[KeptArchive]
    has_more: bool
    proven: list[ProvenByRun]
    ahead: list[ComesNext]
    deciding: list[str]
    contact: str
    operator: str


@router.get("/status", response_model=Status)
def status(asked: Looking) -> Status:
    """In short, for the customer whose data it is: by the newest archives and runs, asking no platform."""
    found = assured(asked)
    return Status(
        tenant=found.tenant.tenant,
        archives=list(map(KeptArchive.of, found.archives)),
        has_more=found.has_more,
        proven=list(map(ProvenByRun.of, found.proven)),
        ahead=list(map(ComesNext.of, found.ahead)),
        deciding=list(found.deciding),
        contact=found.tenant.contact,
        operator=found.operator,
    )


def assured(asked: Asked) -> Assurance:
    """What whoever asks is told of the tenant in the path."""
    tenant = asked.served.tenants.find(asked.tenant)
    assert tenant is not None
    return assurance(asked.served, tenant)
