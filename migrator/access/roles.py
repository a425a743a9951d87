"""What people and programs may do: roles are given per tenant, permissions are what a role allows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from storage.errors import Misuse

EVERYWHERE = "*"
"""In place of a tenant: all there are, and those to come."""


class Role(StrEnum):
    VIEWER = "viewer"  # the customer whose data it is
    OPERATOR = "operator"
    APPROVER = "approver"
    ADMIN = "admin"


class Permission(StrEnum):
    LOOK = "look"  # runs, plans, rehearsals, reports
    READ_ROWS = "read rows"  # browse and download what archives hold
    WRITE = "write"  # plans and mappings
    RUN = "run"  # what leaves a target as it was: snapshot, rehearsal, verification; resume and cancel
    ASK = "ask"  # for what four eyes decide: a production load, a rollback, an erasure
    APPROVE = "approve"
    AUDIT = "audit"  # read who did what
    ADMINISTER = "administer"  # platforms, tenants, accounts, tokens


_LOOKING = frozenset({Permission.LOOK, Permission.READ_ROWS})
ALLOWS: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: _LOOKING,
    Role.OPERATOR: _LOOKING | {Permission.WRITE, Permission.RUN, Permission.ASK},
    Role.APPROVER: _LOOKING | {Permission.APPROVE, Permission.AUDIT},
    Role.ADMIN: frozenset(Permission),
}


@dataclass(frozen=True, kw_only=True)
class Grant:
    """One role, for one tenant or for all."""

    tenant: str
    role: Role

    @classmethod
    def read(cls, written: str) -> Grant:
        """`operator:acme`, `admin:*`. Misuse where it is none."""
        role, _, tenant = written.partition(":")
        if role not in list(Role) or not tenant:
            raise Misuse(f"not a role: {written!r}", where="roles", next=f"ROLE:TENANT; roles: {', '.join(Role)}")
        return cls(tenant=tenant, role=Role(role))

    def __str__(self) -> str:
        return f"{self.role} of {self.tenant}"

    def reaches(self, tenant: str) -> bool:
        return self.tenant in (tenant, EVERYWHERE)


class PrincipalKind(StrEnum):
    ACCOUNT = "account"
    TOKEN = "token"  # noqa: S105 - a kind, no secret
    LOCAL = "local"  # the command line on the server's own machine


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who asks: `name` is how the audit calls them, `id` what stays the same when they are renamed.

    `behind` is of a program the account of whoever let it in.
    """

    kind: PrincipalKind
    id: str
    name: str
    grants: tuple[Grant, ...] = field(default=())
    behind: str = ""

    @property
    def person(self) -> str:
        """Whose eyes they have: nobody makes a program ask, and then agrees with it."""
        return self.behind or self.id

    def may(self, permission: Permission, tenant: str) -> bool:
        """Whether a role of theirs that reaches this tenant allows it; `EVERYWHERE` asks for all tenants at once."""
        if permission is Permission.APPROVE and self.kind is not PrincipalKind.ACCOUNT:
            return False  # four eyes are people's
        return any(grant.reaches(tenant) and permission in ALLOWS[grant.role] for grant in self.grants)

    def may_somewhere(self, permission: Permission) -> bool:
        """Whether there is a tenant for which they may."""
        return self.reach(permission) != frozenset()

    def sees(self, tenant: str) -> bool:
        """Whether the tenant is there at all for them."""
        return any(grant.reaches(tenant) for grant in self.grants)

    def reach(self, permission: Permission) -> frozenset[str] | None:
        """The tenants for which they may do that; None for all there are."""
        tenants = frozenset(grant.tenant for grant in self.grants if permission in ALLOWS[grant.role])
        return None if EVERYWHERE in tenants else tenants

    def tenants(self, among: Iterable[str]) -> tuple[str, ...]:
        """Those of them that are there for them."""
        return tuple(tenant for tenant in among if self.sees(tenant))
