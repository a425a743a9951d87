"""Accounts, and the ways in: passwords, sessions, links, and how often one may try."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from unittest.mock import patch

import pytest
from sqlalchemy import text, update

from migrator.access import models
from migrator.access import sessions as sessions_module
from migrator.access import throttle as throttle_module
from migrator.access.accounts import Accounts
from migrator.access.clock import ago
from migrator.access.invitations import FIRST_ADMIN, THE_SERVER, Invitations
from migrator.access.roles import EVERYWHERE, Grant, Role
from migrator.access.sessions import Sessions, form_token, is_form_token
from migrator.access.throttle import BY_ADDRESS, BY_LOGIN, Throttle
from migrator.runs.database import Database
from storage.errors import Misuse

LONG_S = 10
PHRASE = "correct horse battery staple"
ADMIN = Grant(tenant=EVERYWHERE, role=Role.ADMIN)


def everything(database: Database) -> str:
    """All that a reader of the database sees."""
    with database.transaction() as connection:
        tables = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
        return "".join(str(connection.execute(text(f"SELECT * FROM {table}")).all()) for table in tables)


def test_a_password_opens_its_account_and_no_other(database: Database) -> None:
    accounts = Accounts(database=database)
    ann = accounts.add("Ann@Example.org", password=PHRASE, grants=[ADMIN])
    accounts.add("bob", password=PHRASE.upper())
    assert accounts.authenticated("ann@example.ORG", PHRASE) == ann
    assert accounts.authenticated("bob", PHRASE) is None
    assert accounts.authenticated("nobody", PHRASE) is None
    assert accounts.authenticated("ann@example.org", "") is None


def test_what_is_kept_tells_no_password_session_or_link(database: Database) -> None:
    account = Accounts(database=database).add("ann", password=PHRASE)
    session = Sessions(database=database).begin(account.account_id, address="127.0.0.1")
    link = Invitations(database=database).make(grants=FIRST_ADMIN, made_by="ann")
    Throttle(database=database).tried("her password typed as a login", "127.0.0.1")
    kept = everything(database)
    assert not [secret for secret in (PHRASE, session, link, "typed as a login") if secret in kept]


@pytest.mark.parametrize("password", ["", "short", "x" * 11, "x" * 1025])
def test_a_password_that_is_none_is_refused(database: Database, password: str) -> None:
    with pytest.raises(Misuse, match="12 characters"):
        Accounts(database=database).add("ann", password=password)
    assert not Accounts(database=database).any()


@pytest.mark.parametrize("login", ["", "two words", "a@b@c", "x" * 255, "ann\n"])
def test_a_login_that_is_none_is_refused(database: Database, login: str) -> None:
    with pytest.raises(Misuse, match="not a login"):
        Accounts(database=database).add(login)


def test_two_accounts_never_share_a_login(database: Database) -> None:
    accounts = Accounts(database=database)
    accounts.add("ann")
    with pytest.raises(Misuse, match="already"):
        accounts.add("ANN")


def test_the_last_admin_stays(database: Database) -> None:
    accounts = Accounts(database=database)
    ann = accounts.add("ann", password=PHRASE, grants=[ADMIN])
    bob = accounts.add("bob", password=PHRASE, grants=[ADMIN])
    accounts.disable(bob.account_id)
    for remove in (lambda: accounts.disable(ann.account_id), lambda: accounts.set_grants(ann.account_id, [])):
        with pytest.raises(Misuse, match="only admin"):
            remove()
    accounts.enable(bob.account_id)
    accounts.disable(ann.account_id)
    assert accounts.authenticated("ann", PHRASE) is None


def test_a_disabled_account_has_no_way_in(database: Database) -> None:
    accounts = Accounts(database=database)
    account = accounts.add("ann", password=PHRASE)
    accounts.disable(account.account_id)
    assert accounts.authenticated("ann", PHRASE) is None


def test_a_session_is_somebodys_until_it_ends(database: Database) -> None:
    account = Accounts(database=database).add("ann")
    sessions = Sessions(database=database)
    keys = [sessions.begin(account.account_id, address="127.0.0.1") for _ in range(3)]
    sessions.end(keys[0])
    assert [sessions.account_of(key) for key in keys] == [None, account.account_id, account.account_id]
    sessions.end_all(account.account_id, but=keys[1])
    assert [sessions.account_of(key) for key in keys] == [None, account.account_id, None]
    assert sessions.account_of("invented") is None


@pytest.mark.parametrize("limit", ["IDLE", "LONGEST"])
def test_a_session_that_is_too_old_is_over(database: Database, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    account = Accounts(database=database).add("ann")
    sessions = Sessions(database=database)
    key = sessions.begin(account.account_id, address="127.0.0.1")
    monkeypatch.setattr(sessions_module, limit, -timedelta(seconds=1))
    assert sessions.account_of(key) is None


def test_a_session_lasts_as_long_as_somebody_comes(database: Database) -> None:
    sessions = Sessions(database=database)
    account = Accounts(database=database).add("ann")
    coming, away = [sessions.begin(account.account_id, address="127.0.0.1") for _ in range(2)]
    seen_before(database, timedelta(hours=7))
    assert sessions.account_of(coming) == account.account_id
    sessions.sightings.note()
    with patch.object(sessions_module, "IDLE", timedelta(hours=6)):
        assert [sessions.account_of(key) for key in (coming, away)] == [account.account_id, None]


def test_who_only_looks_waits_for_nobody_who_writes(database: Database) -> None:
    sessions = Sessions(database=database)
    account = Accounts(database=database).add("ann")
    key = sessions.begin(account.account_id, address="127.0.0.1")
    seen_before(database, timedelta(hours=7))
    with database.transaction(), ThreadPoolExecutor(1) as other:
        assert other.submit(sessions.account_of, key).result(LONG_S) == account.account_id


def seen_before(database: Database, period: timedelta) -> None:
    """Every session was used last so long ago."""
    with database.transaction() as connection:
        connection.execute(update(models.Session).values(seen_at=ago(period)))


def test_a_form_is_of_its_session(database: Database) -> None:
    assert is_form_token("one session", form_token("one session"))
    assert not is_form_token("one session", form_token("another"))
    assert "one session" not in form_token("one session")


def test_a_link_works_once(database: Database) -> None:
    invitations = Invitations(database=database)
    link = invitations.make(grants=FIRST_ADMIN, made_by="the server")
    found = invitations.find(link)
    assert found is not None and found.grants == FIRST_ADMIN
    invitations.use(link)
    assert invitations.find(link) is None
    with pytest.raises(Misuse, match="was used"):
        invitations.use(link)
    with pytest.raises(Misuse, match="was used"):
        invitations.use("invented")


def test_of_the_links_for_the_first_admin_one_works(database: Database) -> None:
    """A server that was started twice has printed two, and one of them lies in its log."""
    invitations = Invitations(database=database)
    first, again = (invitations.make(grants=FIRST_ADMIN, made_by=THE_SERVER) for _ in range(2))
    colleague = invitations.make(grants=FIRST_ADMIN, made_by="ann")
    invitations.use(again)
    assert invitations.find(first) is None and invitations.find(colleague) is not None


def test_who_fails_too_often_waits_by_login_and_by_address(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    throttle = Throttle(database=database)
    for number in range(BY_LOGIN):
        assert not throttle.tried("ANN", f"10.0.0.{number}").wait
    assert timedelta() < throttle.tried("ann", "10.9.9.9").wait <= throttle_module.PERIOD
    assert not throttle.tried("bob", "10.9.9.9").wait
    for number in range(BY_ADDRESS):
        throttle.tried(f"login {number}", "10.0.1.1")
    assert throttle.tried("bob", "10.0.1.1").wait
    monkeypatch.setattr(throttle_module, "PERIOD", -timedelta(seconds=1))
    assert not throttle.tried("bob", "10.0.1.1").wait


def test_who_is_right_is_never_made_to_wait(database: Database) -> None:
    throttle = Throttle(database=database)
    for _ in range(2 * BY_ADDRESS):
        throttle.was_right(throttle.tried("ann", "10.0.0.1"))
    assert not throttle.tried("ann", "10.0.0.1").wait


def test_of_many_tries_at_once_no_more_are_listened_to_than_one_by_one(either: Database) -> None:
    throttle = Throttle(database=either)
    with ThreadPoolExecutor(8) as pool:
        tries = list(pool.map(lambda number: throttle.tried("ann", f"10.0.0.{number}"), range(20)))
    assert len([one for one in tries if not one.wait]) == BY_LOGIN
