"""/v1/accounts: people, and what they may do."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.asked import Asked, everywhere
from api.paging import Page, Paged
from api.shapes import Link, ShownAccount
from migrator.access.roles import Grant, Permission, Role

router = APIRouter(prefix="/accounts", tags=["accounts"])
Admin = Annotated[Asked, everywhere(Permission.ADMINISTER)]


class Granted(BaseModel):
    """A role, for one tenant or, as `*`, for all."""

    model_config = ConfigDict(extra="forbid")

    tenant: str = Field(min_length=1, max_length=200, examples=["acme", "*"])
    role: Role

    @property
    def grant(self) -> Grant:
        return Grant(tenant=self.tenant, role=self.role)


class Invited(BaseModel):
    model_config = ConfigDict(extra="forbid")

    grants: list[Granted] = Field(min_length=1, examples=[[{"tenant": "acme", "role": "viewer"}]])


class Change(BaseModel):
    model_config = ConfigDict(extra="forbid")

    grants: list[Granted] | None = None
    is_disabled: bool | None = Field(default=None, examples=[True])


shown = ShownAccount.of


@router.get("", response_model=Page[ShownAccount])
def every(asked: Admin, paged: Paged) -> dict[str, Any]:
    """Every account."""
    found = asked.served.accounts.all(portion=paged.portion(None))
    return paged.page(found, lambda one: (one.login,), shown)


@router.post("/invitations", status_code=201, response_model=Link)
def invite(asked: Admin, given: Invited) -> dict[str, str]:
    """A link for a new colleague; it works once, for an hour, and is shown now only."""
    grants = [one.grant for one in given.grants]
    with asked.together():
        key = asked.served.invitations.make(grants=grants, made_by=asked.who.name)
        asked.note("invite", "account", grants=", ".join(str(one) for one in grants))
    return {"link": f"/welcome/{key}"}


@router.get("/{login}")
def one(asked: Admin, login: str) -> ShownAccount:
    return shown(asked.served.accounts.named(login))


@router.patch("/{login}")
def change(asked: Admin, login: str, given: Change) -> ShownAccount:
    """Give other roles, or let nobody in by it any more."""
    accounts, account = asked.served.accounts, asked.served.accounts.named(login)
    with asked.together():
        if given.grants is not None:
            grants = [one.grant for one in given.grants]
            accounts.set_grants(account.account_id, grants)
            asked.note("grant", account.login, grants=", ".join(str(one) for one in grants))
        if given.is_disabled is not None:
            (accounts.disable if given.is_disabled else accounts.enable)(account.account_id)
            asked.note("disable" if given.is_disabled else "enable", account.login)
            if given.is_disabled:
                asked.served.sessions.end_all(account.account_id)
                asked.served.invitations.withdraw(account.account_id, made_by=account.login)
    return shown(accounts.named(login))


@router.post("/{login}/link", status_code=201, response_model=Link)
def link(asked: Admin, login: str) -> dict[str, str]:
    """A link by which this account gets a new password."""
    account = asked.served.accounts.named(login)
    account.require_own_password()
    with asked.together():
        key = asked.served.invitations.make(account_id=account.account_id, made_by=asked.who.name)
        asked.note("make link", account.login)
    return {"link": f"/welcome/{key}"}
