"""migrator admin invite · migrator admin token NAME: how people and programs get into the server of this machine."""

from __future__ import annotations

import os
import pwd
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from migrator.cli.options import Json
from migrator.cli.output import print_json, stderr, stdout
from storage.errors import Misuse

if TYPE_CHECKING:
    from migrator.access.roles import Grant, Principal

Grants = Annotated[
    list[str] | None,
    typer.Option(
        "--grant", metavar="ROLE:TENANT", help="viewer, operator, approver or admin; of a tenant, or of all: '*'."
    ),
]


def invite(
    grant: Grants = None,
    login: Annotated[
        str | None, typer.Option("--login", metavar="LOGIN", help="Who has an account, and wants a new password.")
    ] = None,
    json: Json = False,
) -> None:
    """A link that works once, for an hour: for a new account with these roles, or for a new password (--login)."""
    from migrator.access.invitations import LIFETIME
    from migrator.wiring import served

    grants = _grants(grant)
    if (login is None) != bool(grants):
        raise Misuse(
            "an invitation is for a new account or for one that is there",
            where="invite",
            next="write --grant ROLE:TENANT (--grant 'admin:*' for an admin), or --login LOGIN",
        )
    with served() as offered:
        account = offered.accounts.named(login) if login is not None else None
        if account is not None:
            account.require_own_password()
        key = offered.invitations.make(
            grants=grants, account_id=account.account_id if account else None, made_by=_self().name
        )
        said = ", ".join(str(one) for one in grants)
        offered.audit.add(_self(), "invite", account.login if account else "account", detail={"grants": said})
        address = offered.service.settings.public_url
    if json:
        print_json({"link": f"{address}/welcome/{key}", "minutes": int(LIFETIME.total_seconds() // 60)})
        return
    stdout.print(f"{address}/welcome/{key}", markup=False)
    stderr.print("it works once, within an hour", markup=False)
    if not address:
        stderr.print("put the server's address before it (MIGRATOR_PUBLIC_URL says which)", markup=False)


def token(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for.")],
    grant: Grants = None,
    days: Annotated[int, typer.Option("--days", metavar="N", min=1, max=366, help="How long it works; else 90.")] = 90,
    json: Json = False,
) -> None:
    """A token for a program, with these roles: shown now, and never again."""
    from dataclasses import asdict

    from migrator.wiring import served

    with served() as offered:
        made, key = offered.tokens.make(name, _grants(grant), lifetime=timedelta(days=days), made_by=_self())
        offered.audit.add(_self(), "make token", made.token_id, detail={"name": made.name})
    if json:
        print_json({**asdict(made), "key": key})
        return
    stdout.print(key, markup=False)
    stderr.print(f"token {made.token_id} works until {made.expires_at}; its key is shown now only", markup=False)


def _grants(written: list[str] | None) -> tuple[Grant, ...]:
    from migrator.access.roles import Grant

    return tuple(Grant.read(one) for one in written or ())


def _self() -> Principal:
    """Whoever has a shell on the server's machine may do everything there; the audit says who it was."""
    from migrator.access.invitations import FIRST_ADMIN
    from migrator.access.roles import Principal, PrincipalKind

    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user has no name
        name = str(os.getuid())
    return Principal(kind=PrincipalKind.LOCAL, id="local", name=f"{name} on the server", grants=FIRST_ADMIN)
