"""Tokens: what they reach, and when they end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from migrator.access.roles import EVERYWHERE, Grant, Permission, Principal, PrincipalKind, Role
from migrator.access.tokens import PREFIX, Tokens
from migrator.runs.database import Database
from storage.errors import Misuse

VIEWER, OPERATOR = (Grant(tenant="acme", role=role) for role in (Role.VIEWER, Role.OPERATOR))
ADMIN = Principal(kind=PrincipalKind.ACCOUNT, id="1", name="ann", grants=(Grant(tenant=EVERYWHERE, role=Role.ADMIN),))
DAY = timedelta(days=1)


def test_a_token_is_known_by_its_key_until_it_is_revoked(database: Database) -> None:
    tokens = Tokens(database=database)
    token, key = tokens.make("nightly export", [OPERATOR], lifetime=DAY, made_by=ADMIN)
    other, _ = tokens.make("other", [VIEWER], lifetime=DAY, made_by=ADMIN)
    assert key.startswith(PREFIX)
    found = tokens.of_key(key)
    assert found is not None and found.token_id == token.token_id
    assert found.principal.may(Permission.RUN, "acme")
    assert not found.principal.sees("globex")
    tokens.revoke(token.token_id)
    assert tokens.of_key(key) is None
    assert tokens.of_key("mig_invented") is None
    assert {one.token_id for one in tokens.all() if one.revoked_at is None} == {other.token_id}
    assert other.token_id != token.token_id


def test_when_a_token_was_used_last_is_noted(database: Database) -> None:
    tokens = Tokens(database=database)
    token, key = tokens.make("nightly export", [OPERATOR], lifetime=DAY, made_by=ADMIN)
    other, _ = tokens.make("other", [VIEWER], lifetime=DAY, made_by=ADMIN)
    assert tokens.of_key(key) is not None
    tokens.sightings.note()
    used = {one.token_id: one.used_at for one in tokens.all()}
    assert used[token.token_id] is not None
    assert used[other.token_id] is None


def test_a_token_expires(database: Database) -> None:
    tokens = Tokens(database=database)
    _, key = tokens.make("short", [VIEWER], lifetime=timedelta(milliseconds=1), made_by=ADMIN)
    assert tokens.of_key(key) is None


@pytest.mark.parametrize(
    ("name", "grants", "lifetime", "message"),
    [
        (" ", [VIEWER], DAY, "a name and a role"),
        ("x", [], DAY, "a name and a role"),
        ("x", [Grant(tenant="acme", role=Role.APPROVER)], DAY, "neither approves"),
        ("x", [Grant(tenant=EVERYWHERE, role=Role.ADMIN)], DAY, "neither approves"),
        ("x", [VIEWER], timedelta(), "days at most"),
        ("x", [VIEWER], timedelta(days=367), "days at most"),
    ],
)
def test_a_token_that_would_reach_too_far_is_refused(
    database: Database, name: str, grants: list[Grant], lifetime: timedelta, message: str
) -> None:
    with pytest.raises(Misuse, match=message):
        Tokens(database=database).make(name, grants, lifetime=lifetime, made_by=ADMIN)
    assert Tokens(database=database).all() == ()


def test_a_token_reaches_no_further_than_whoever_makes_it(database: Database) -> None:
    operator = Principal(kind=PrincipalKind.ACCOUNT, id="2", name="bob", grants=(OPERATOR,))
    with pytest.raises(Misuse, match="no further"):
        Tokens(database=database).make("x", [Grant(tenant="globex", role=Role.VIEWER)], lifetime=DAY, made_by=operator)
