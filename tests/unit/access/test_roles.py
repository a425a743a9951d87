"""What a role allows, and where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.access.roles import ALLOWS, EVERYWHERE, Grant, Permission, Principal, PrincipalKind, Role

TENANTS = ("acme", "globex", "initech")
grants = st.builds(Grant, tenant=st.sampled_from((*TENANTS, EVERYWHERE)), role=st.sampled_from(Role))


def somebody(*given: Grant, kind: PrincipalKind = PrincipalKind.ACCOUNT) -> Principal:
    return Principal(kind=kind, id="1", name="ann@example.org", grants=given)


@given(st.lists(grants, max_size=4), st.sampled_from(Permission), st.sampled_from(TENANTS))
def test_nobody_may_what_no_role_for_that_tenant_allows(
    given: list[Grant], permission: Permission, tenant: str
) -> None:
    who = somebody(*given)
    expected = any(permission in ALLOWS[one.role] for one in given if one.tenant in (tenant, EVERYWHERE))
    assert who.may(permission, tenant) is expected
    assert who.sees(tenant) is any(one.tenant in (tenant, EVERYWHERE) for one in given)


def test_the_customer_looks_and_changes_nothing() -> None:
    customer = somebody(Grant(tenant="acme", role=Role.VIEWER))
    may = {permission for permission in Permission if customer.may(permission, "acme")}
    assert may == {Permission.LOOK, Permission.READ_ROWS}
    assert not customer.sees("globex")


def test_who_runs_a_migration_does_not_approve_it() -> None:
    assert Permission.APPROVE not in ALLOWS[Role.OPERATOR]
    assert Permission.ASK not in ALLOWS[Role.APPROVER]


@pytest.mark.parametrize("kind", [PrincipalKind.TOKEN, PrincipalKind.LOCAL])
def test_a_program_approves_nothing_whatever_its_role(kind: PrincipalKind) -> None:
    program = somebody(Grant(tenant=EVERYWHERE, role=Role.ADMIN), kind=kind)
    assert not program.may(Permission.APPROVE, "acme")
    assert program.may(Permission.RUN, "acme")


def test_all_tenants_at_once_are_for_who_has_a_role_everywhere() -> None:
    assert not somebody(Grant(tenant="acme", role=Role.ADMIN)).may(Permission.ADMINISTER, EVERYWHERE)
    assert somebody(Grant(tenant=EVERYWHERE, role=Role.ADMIN)).may(Permission.ADMINISTER, EVERYWHERE)
