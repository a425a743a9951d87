"""/v1/platforms: where plans may lead. Addresses are written, used, and never read again."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from api.asked import Anybody, Asked, everywhere
from api.paging import Page, Paged
from api.problems import unknown
from api.slow import SLOW
from migrator.access.roles import Permission
from migrator.contracts import Finding
from migrator.engine.doctor import Part
from migrator.engine.draft import written
from migrator.outcomes import Verdict
from migrator.registry.platforms import Platform, Secret

router = APIRouter(prefix="/platforms", tags=["platforms"])
Admin = Annotated[Asked, everywhere(Permission.ADMINISTER)]
Running = Annotated[Asked, everywhere(Permission.RUN)]  # a platform holds many tenants: who looks at it sees them all
TenantName = Annotated[str, Field(min_length=1, max_length=200)]
Words = Annotated[str, Query(max_length=400)]


class Address(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: SecretStr = Field(examples=["postgresql://reader:password@db.example.org/crm"])
    access_key: SecretStr = SecretStr("")
    secret_key: SecretStr = SecretStr("")
    tenants: list[TenantName] = Field(
        default_factory=list, description="For whom it is; `*` for all.", examples=[["acme"]]
    )


class Allowed(BaseModel):
    model_config = ConfigDict(extra="forbid")

    tenants: list[TenantName] = Field(examples=[["acme"]])


class TriedUse(BaseModel):
    """One use a platform may be put to, source, target or store, and what was found; `red` stands in the way of it."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "source",
                "verdict": "green",
                "findings": [{"what": "reached", "verdict": "ok", "found": "as reader", "where": "", "next": ""}],
            }
        }
    )

    name: str
    verdict: Verdict
    findings: list[Finding]

    @classmethod
    def of(cls, part: Part) -> TriedUse:
        return cls(name=part.name, verdict=part.verdict, findings=list(part.findings))


class Tried(BaseModel):
    uses: list[TriedUse]


@router.get("", response_model=Page[Platform])
def every(asked: Anybody, paged: Paged) -> dict[str, Any]:
    """The platforms that plans of your tenants can name; their addresses without passwords."""
    found = asked.served.platforms.all(portion=paged.portion(asked.reach(None)))
    return paged.page(found, lambda one: (one.name,), lambda one: _shown(asked, one))


@router.put("/{name}", response_model=Platform)
def put(asked: Admin, name: str, given: Address) -> dict[str, Any]:
    """Register a platform, or give it another address."""
    secret = Secret(
        given.url.get_secret_value(), given.access_key.get_secret_value(), given.secret_key.get_secret_value()
    )
    with asked.together():
        platform = asked.served.platforms.put(name, secret, tenants=given.tenants, by=asked.who.name)
        asked.note("put platform", name, address=platform.address, tenants=", ".join(given.tenants))
    return _shown(asked, platform)


@router.patch("/{name}", response_model=Platform)
def allow(asked: Admin, name: str, given: Allowed) -> dict[str, Any]:
    """Say for whom it is."""
    with asked.together():
        _found(asked, name)
        asked.served.platforms.allow(name, given.tenants)
        asked.note("allow platform", name, tenants=", ".join(given.tenants))
    return _shown(asked, _found(asked, name))


@router.delete("/{name}", status_code=204)
def remove(asked: Admin, name: str) -> None:
    with asked.together():
        _found(asked, name)
        asked.served.platforms.remove(name)
        asked.note("remove platform", name)


@router.post("/{name}/trial", response_model=Tried, dependencies=[SLOW])
def try_out(asked: Admin, name: str) -> Tried:
    """Whether it answers, as whom the server is there, and what is lacking for each use; no row is read."""
    _found(asked, name)
    uses = [TriedUse.of(part) for part in asked.service.try_platform(f"${{{name}}}")]
    asked.note("try platform", name, **{use.name: use.verdict.value for use in uses})
    return Tried(uses=uses)


@router.get("/{name}/inspection", dependencies=[SLOW])
def inspect(asked: Running, name: str) -> dict[str, Any]:
    """Its tables, each counted, every column tested by all of its values, and who its tenants may be."""
    _found(asked, name)
    found = asked.service.inspect(f"${{{name}}}")
    asked.note("inspect platform", name)
    return found.told


@router.get("/{name}/draft", dependencies=[SLOW])
def draft(asked: Running, name: str, tenant: Words = "", root: Words = "") -> dict[str, Any]:
    """A plan proposed for a tenant of it, to be confirmed; what speaks for it names other tenants, too."""
    _found(asked, name)
    found = asked.service.draft(f"${{{name}}}", tenant=tenant, root=root)
    asked.note("draft scope", name)
    return {**asdict(found), "plan": written(found, address=f"${{{name}}}")}


def _shown(asked: Asked, platform: Platform) -> dict[str, Any]:
    """Who else has it is for those who see everybody."""
    told = asdict(platform)
    return {**told, "tenants": [one for one in platform.tenants if one == "*" or asked.who.sees(one)]}


def _found(asked: Asked, name: str) -> Platform:
    if (found := asked.served.platforms.find(name)) is None:
        raise unknown("platform", name)
    return found
