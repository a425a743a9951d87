"""/tenants/{tenant}/plans/{name}/versions, and of mappings the same: what was written, by whom, and what differs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.asked import Asked, of_tenant
from api.pages.diff import diff
from api.pages.frame import page
from migrator.access.roles import Permission
from migrator.registry.documents import Kind

router = APIRouter(include_in_schema=False)
Looking = Annotated[Asked, of_tenant(Permission.LOOK)]


def _pages(kind: Kind) -> APIRouter:
    pages = APIRouter(prefix=f"/tenants/{{tenant}}/{kind}s/{{name}}")

    @pages.get("/versions")
    def versions(
        asked: Looking, name: str, request: Request, old: int | None = None, new: int | None = None
    ) -> Response:
        """Every version, newest first, and what differs between two of them: the last two where nobody says which."""
        every = asked.served.documents.versions(kind, asked.tenant, name)
        newer = asked.served.documents.read(kind, asked.tenant, name, new)
        before = max(newer.version - 1, 1) if old is None else old
        older = asked.served.documents.read(kind, asked.tenant, name, before)
        return page(
            request,
            "versions.html.j2",
            asked=asked,
            tenant=asked.served.tenants.find(asked.tenant),
            kind=kind.value,
            name=name,
            versions=every[::-1],
            older=older,
            newer=newer,
            changes=diff(older.text, newer.text),
            may_write=asked.who.may(Permission.WRITE, asked.tenant),
        )

    @pages.get("/versions/{version}")
    def version(asked: Looking, name: str, version: int, request: Request) -> Response:
        """One version as it was written."""
        found = asked.served.documents.read(kind, asked.tenant, name, version)
        newest = asked.served.documents.read(kind, asked.tenant, name)
        return page(
            request,
            "version.html.j2",
            asked=asked,
            tenant=asked.served.tenants.find(asked.tenant),
            kind=kind.value,
            found=found,
            newest=newest.version,
            may_write=asked.who.may(Permission.WRITE, asked.tenant),
        )

    return pages


for _kind in Kind:
    router.include_router(_pages(_kind))
