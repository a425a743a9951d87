"""Two admins at once: one change comes after the other, and one of them stays."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from migrator.access.accounts import Account, Accounts
from migrator.access.roles import EVERYWHERE, Grant, Role
from migrator.notices.notice import USUAL
from migrator.notices.subscriptions import Subscriptions
from migrator.registry.platforms import Platforms, Secret
from migrator.registry.vault import Vault
from migrator.runs.database import Database
from storage.errors import Misuse

ADMIN = Grant(tenant=EVERYWHERE, role=Role.ADMIN)
VIEWERS = [Grant(tenant=f"t{number}", role=Role.VIEWER) for number in range(5)]


def at_once(times: int, do: Callable[[int], object]) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(do, range(times)))


def disable(accounts: Accounts, account: Account) -> None:
    accounts.disable(account.account_id)


def demote(accounts: Accounts, account: Account) -> None:
    accounts.set_grants(account.account_id, [])


@pytest.mark.parametrize("end", [disable, demote])
def test_of_the_last_two_admins_one_stays(either: Database, end: Callable[[Accounts, Account], None]) -> None:
    accounts = Accounts(database=either)
    last = accounts.add("first", grants=[ADMIN])
    for number in range(8):
        two = [last, accounts.add(f"other{number}", grants=[ADMIN])]

        def leave(place: int, two: list[Account] = two) -> None:
            try:
                end(accounts, two[place])
            except Misuse as refused:
                assert "only admin" in refused.what

        at_once(2, leave)
        (last,) = (one for one in accounts.all() if one.is_admin and one.disabled_at is None)


def test_roles_that_are_given_twice_at_once_are_given(either: Database) -> None:
    accounts = Accounts(database=either)
    ann = accounts.add("ann")
    at_once(32, lambda _: accounts.set_grants(ann.account_id, VIEWERS))
    assert accounts.named("ann").grants == tuple(VIEWERS)


def test_what_is_registered_twice_at_once_is_registered(either: Database, tmp_path: Path) -> None:
    vault = Vault.load_or_create(tmp_path / "vault.key")
    platforms, subscriptions = Platforms(database=either, vault=vault), Subscriptions(database=either, vault=vault)
    for name in ("A", "B", "C"):
        at_once(8, lambda _, name=name: platforms.put(name, Secret("sqlite:///x"), tenants=["a", "b"], by="x"))
        at_once(
            8, lambda _, name=name: subscriptions.put(name.lower(), "mailto:a@b.c", tenant="*", about=USUAL, by="x")
        )
    assert [(one.name, one.tenants) for one in platforms.all()] == [(name, ("a", "b")) for name in "ABC"]
    assert [one.name for one in subscriptions.all()] == ["a", "b", "c"]


def test_a_login_is_as_long_as_it_is_kept(either: Database) -> None:
    """Without case some letters become several."""
    accounts = Accounts(database=either)
    with pytest.raises(Misuse, match="not a login"):
        accounts.add("ß" * 200)
    assert len(accounts.add("x" * 254).name) == 200


def test_of_what_is_done_together_a_part_reads_what_the_parts_before_it_wrote(either: Database) -> None:
    accounts = Accounts(database=either)
    with pytest.raises(Misuse, match="not after all"), either.together():
        accounts.add("ann", grants=[ADMIN])
        assert accounts.named("ann").login == "ann"
        raise Misuse("not after all", where="ann", next="")
    assert not accounts.any()


def test_a_change_that_comes_after_a_look_is_still_whole_or_nothing(either: Database) -> None:
    """A server is asked outside any transaction by what only looks; the same connection changes something next."""
    accounts = Accounts(database=either)
    assert accounts.all() == ()
    with pytest.raises(ZeroDivisionError), either.together():
        accounts.add("ann")
        raise ZeroDivisionError
    assert accounts.all() == ()
