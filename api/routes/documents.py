"""/v1/tenants/{tenant}/plans, …/mappings: written version by version, each after the one its writer read."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel, ConfigDict, Field

from api.asked import Asked, of_tenant
from api.changes import unified
from api.paging import After, Limit, Page, page
from api.problems import Refusal
from api.shapes import Changes, Version, Versions, VersionWithText
from migrator.access.roles import Permission
from migrator.registry.documents import Kind, Written

Looking = Annotated[Asked, of_tenant(Permission.LOOK)]
Writing = Annotated[Asked, of_tenant(Permission.WRITE)]
IfMatch = Annotated[str | None, Header(alias="If-Match", description="The ETag of the version that was read.")]


class Text(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(max_length=1_000_000)
    note: str = Field(
        default="", max_length=500, description="What changed, for whoever reads the history.", examples=["notes too"]
    )


def _routes(kind: Kind) -> APIRouter:
    routes = APIRouter(prefix=f"/tenants/{{tenant}}/{kind}s", tags=[f"{kind}s"])

    @routes.get("", name=f"every {kind}", response_model=Page[Version])
    def every(asked: Looking, after: After = None, limit: Limit = 100) -> dict[str, Any]:
        """The newest version of each, without its text."""
        newest = asked.served.documents.newest(kind, tenant=asked.tenant)
        return page(newest, lambda one: one.name, _listed, after=after, limit=limit)

    @routes.get("/{name}", name=f"read {kind}", response_model=VersionWithText)
    def read(asked: Looking, name: str, response: Response) -> dict[str, Any]:
        """The newest version; its ETag is what the next one is written after."""
        found = asked.served.documents.read(kind, asked.tenant, name)
        response.headers["ETag"] = _etag(found)
        return _shown(found)

    @routes.put("/{name}", name=f"write {kind}", response_model=VersionWithText)
    def write(asked: Writing, name: str, given: Text, response: Response, if_match: IfMatch = None) -> dict[str, Any]:
        """The next version. With `If-Match: "0"` the first one; a text that cannot be read is refused."""
        asked.served.require_sound(kind, asked.tenant, name, given.text)
        with asked.together():
            found = asked.served.documents.write(
                kind, asked.tenant, name, given.text, by=asked.who.name, after=_version(if_match), note=given.note
            )
            asked.note(f"write {kind}", name, version=str(found.version))
        response.headers["ETag"] = _etag(found)
        return _shown(found)

    @routes.get("/{name}/versions", name=f"versions of {kind}", response_model=Versions)
    def versions(asked: Looking, name: str) -> dict[str, Any]:
        """Every version, oldest first, without its text."""
        return {"items": [_listed(one) for one in asked.served.documents.versions(kind, asked.tenant, name)]}

    @routes.get("/{name}/versions/{version}", name=f"version of {kind}", response_model=VersionWithText)
    def version(asked: Looking, name: str, version: int) -> dict[str, Any]:
        return _shown(asked.served.documents.read(kind, asked.tenant, name, version))

    @routes.get("/{name}/versions/{version}/changes", name=f"changes of {kind}", response_model=Changes)
    def changes(asked: Looking, name: str, version: int, since: int | None = None) -> dict[str, Any]:
        """What differs from an earlier version (the one before it), as a unified diff."""
        new = asked.served.documents.read(kind, asked.tenant, name, version)
        before = since if since is not None else version - 1
        old = asked.served.documents.read(kind, asked.tenant, name, before).text if before > 0 else ""
        lines = unified(old, new.text, (f"version {before}", f"version {version}"))
        return {"since": before, "version": version, "changes": "\n".join(lines)}

    return routes


router = APIRouter()
for _kind in Kind:
    router.include_router(_routes(_kind))


def _listed(one: Written) -> dict[str, Any]:
    return {
        "name": one.name,
        "tenant": one.tenant,
        "version": one.version,
        "note": one.note,
        "written_at": one.written_at,
        "written_by": one.written_by,
    }


def _shown(one: Written) -> dict[str, Any]:
    return {**_listed(one), "text": one.text}


def _etag(one: Written) -> str:
    return f'"{one.version}"'


def _version(if_match: str | None) -> int:
    if if_match is None:
        raise Refusal(
            status=428,
            kind="unconditional",
            what="say which version this one follows",
            where="If-Match",
            next='send the ETag of the version you read; "0" for the first',
        )
    told = if_match.strip().removeprefix("W/").strip('"')
    if not told.isdecimal() or len(told) > 9:
        raise Refusal(status=412, kind="stale", what="this is no version of it", where="If-Match", next="read it again")
    return int(told)
