"""Who asks, for which tenant, and whether they may: every route says so, or it does not exist."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request

from api.guard import SAFE
from api.problems import Refusal, unknown
from migrator.access.once import Key
from migrator.access.roles import EVERYWHERE, Permission, Principal
from migrator.access.sessions import is_form_token
from migrator.service import Service
from migrator.service.served import Served

COOKIE = "migrator_session"
"""By https with `__Host-` before it: then no neighbouring host of the same domain can set it."""
FORM_TOKEN = "X-Form-Token"  # noqa: S105 - a header's name


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request of somebody who is known and may make it. `tenant` is EVERYWHERE where it is about no tenant; by its
    `key` it is known when it comes again."""

    served: Served
    who: Principal
    tenant: str
    address: str
    key: Key | None = None

    @property
    def service(self) -> Service:
        """The operations in the tenant's name."""
        return self.served.for_tenant(self.tenant, self.who)

    def reach(self, tenant: str | None) -> frozenset[str] | None:
        """Of which tenants a list shows what is there, where one of them may be asked for; None for all there are."""
        reach = self.who.reach(Permission.LOOK)
        if tenant is None:
            return reach
        return frozenset({tenant}) if reach is None or tenant in reach else frozenset()

    def together(self) -> AbstractContextManager[None]:
        """What is changed here and what is noted of it stand, or neither does: nobody changes anything unseen."""
        return self.served.audit.database.together()

    def note(self, action: str, object: str, **detail: str) -> None:
        """What was done goes into the audit."""
        self.served.audit.add(self.who, action, object, tenant=self.tenant, address=self.address, detail=detail)


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a route asks of whoever comes; the walk of all routes by all roles reads it."""

    permission: Permission | None  # None: to be somebody is enough
    tenant_of: Callable[[Served, Principal, Mapping[str, str]], str]

    def __call__(self, request: Request) -> Asked:
        served: Served = request.app.state.served
        who = principal_of(request)
        tenant = self.tenant_of(served, who, request.path_params)
        if self.permission is not None and not who.may(self.permission, tenant):
            raise Refusal(
                status=403,
                kind="forbidden",
                what=f"you may not {self.permission} here",
                where=tenant if tenant != EVERYWHERE else "",
                next="ask an admin for a role that may",
            )
        request.state.asked = asked = Asked(served=served, who=who, tenant=tenant, address=address_of(request))
        return asked


def _everywhere(_served: Served, _who: Principal, _path: Mapping[str, str]) -> str:
    return EVERYWHERE


def _named(served: Served, who: Principal, path: Mapping[str, str]) -> str:
    tenant = path["tenant"]
    if not who.sees(tenant) or served.tenants.find(tenant) is None:
        raise unknown("tenant", tenant)
    return tenant


def _of_run(served: Served, who: Principal, path: Mapping[str, str]) -> str:
    found = served.service.find_run(path["run"])
    if found is None or not who.sees(found.tenant):
        raise unknown("run", path["run"])
    return found.tenant


def _of_archive(served: Served, who: Principal, path: Mapping[str, str]) -> str:
    found = served.service.find_archive(path["archive"])
    if found is None or not who.sees(found.tenant):
        raise unknown("archive", path["archive"])
    return found.tenant


def _of_approval(served: Served, who: Principal, path: Mapping[str, str]) -> str:
    found = served.approvals.find(path["approval"])
    if found is None or not who.sees(found.tenant):
        raise unknown("approval", path["approval"])
    return found.tenant


def known() -> Any:
    """For whoever is somebody: what they see is then theirs to see."""
    return Depends(Needs(permission=None, tenant_of=_everywhere))


def everywhere(permission: Permission) -> Any:
    return Depends(Needs(permission=permission, tenant_of=_everywhere))


def of_tenant(permission: Permission) -> Any:
    """`{tenant}` in the path."""
    return Depends(Needs(permission=permission, tenant_of=_named))


def of_run(permission: Permission) -> Any:
    """The tenant of `{run}` in the path; of another tenant's, nobody learns that it is there."""
    return Depends(Needs(permission=permission, tenant_of=_of_run))


def of_archive(permission: Permission) -> Any:
    return Depends(Needs(permission=permission, tenant_of=_of_archive))


def of_approval(permission: Permission) -> Any:
    return Depends(Needs(permission=permission, tenant_of=_of_approval))


# ── who it is ───────────────────────────────────────────────────────────────────────────────────────────────
def principal_of(request: Request) -> Principal:
    """Whose token or session the request has. Refusal where it has none, or where a form is not of this session."""
    served: Served = request.app.state.served
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme:
        token = served.tokens.of_key(key) if scheme.lower() == "bearer" else None
        if token is None:
            raise _nobody("the token is unknown, revoked or expired", "ask an admin for another one")
        return token.principal
    if (session := session_of(request)) is not None:
        _require_own_form(request, session)
        account_id = served.sessions.account_of(session)
        account = served.accounts.find(account_id) if account_id else None
        if account is not None and account.disabled_at is None:
            return account.principal
    raise _nobody("nobody is logged in", "log in, or send a token: Authorization: Bearer mig_…")


def session_of(request: Request) -> str | None:
    return request.cookies.get(cookie_of(request))


def cookie_of(request: Request) -> str:
    """The name of the session's cookie."""
    return f"__Host-{COOKIE}" if request.app.state.is_secure else COOKIE


def _require_own_form(request: Request, session: str) -> None:
    """A browser sends the cookie with whatever another site makes it send; that site cannot know the form's token."""
    if request.method in SAFE:
        return
    given = request.headers.get(FORM_TOKEN) or getattr(request.state, "form", {}).get("form_token", "")
    if not is_form_token(session, given):
        raise Refusal(
            status=403,
            kind="forged",
            what="this request does not come from a page of this session",
            where=FORM_TOKEN,
            next="load the page again",
        )


def address_of(request: Request) -> str:
    return request.client.host if request.client else ""


def _nobody(what: str, next: str) -> Refusal:
    return Refusal(
        status=401,
        kind="unauthenticated",
        what=what,
        next=next,
        headers={"WWW-Authenticate": 'Bearer realm="migrator"'},
    )


Anybody = Annotated[Asked, known()]
