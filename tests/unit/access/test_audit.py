"""The audit: nothing in it changes without being seen, and a shell can tell."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from migrator.access.audit import Audit
from migrator.access.exported import check_script, exported
from migrator.access.roles import Principal, PrincipalKind
from migrator.access.sought import ANYTHING, Sought
from migrator.runs.database import Database
from storage.errors import Red
from storage.seal import SigningKeys

ANN = Principal(kind=PrincipalKind.ACCOUNT, id="1", name="ann@example.org")


def filled(database: Database, count: int = 5) -> Audit:
    audit = Audit(database=database)
    for number in range(count):
        audit.add(ANN, "read rows", f"table {number} “é”\n", tenant=("acme", "globex")[number % 2], address="127.0.0.1")
    return audit


def test_entries_are_read_in_pages_and_by_tenant(database: Database) -> None:
    audit = filled(database)
    first = audit.entries(limit=2)
    assert [entry.number for entry in (*first, *audit.entries(after=first[-1].number))] == [1, 2, 3, 4, 5]
    assert {entry.tenant for entry in audit.entries(tenant="acme")} == {"acme"}
    assert first[0].who == "ann@example.org" and first[0].object == "table 0 “é”\n"


def test_what_is_sought_is_found_by_who_what_when_and_whose(either: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    audit, bob = Audit(database=either), Principal(kind=PrincipalKind.TOKEN, id="2", name='token "who":"ann_% \u202e')
    days = iter(f"2026-11-{day:02}T12:00:00.000Z" for day in range(1, 11))
    monkeypatch.setattr("migrator.access.audit.now", lambda: next(days))
    for number in range(10):
        tenant, action = ("acme", "globex")[number % 2], ("read rows", "approve")[number // 5]
        audit.add((ANN, bob)[number % 3 == 0], action, f"run-{number}", tenant=tenant)

    def found(sought: Sought) -> list[int]:
        oldest = [entry.number for entry in audit.found(sought)]
        assert [entry.number for entry in reversed(audit.last(sought))] == oldest
        return oldest

    assert found(ANYTHING) == list(range(1, 11))
    assert found(Sought(who="ANN")) == [2, 3, 5, 6, 8, 9]
    assert found(Sought(who='token "who":"ann_% \u202e')) == found(Sought(who="Token")) == [1, 4, 7, 10]
    assert found(Sought(who="nn@")) == found(Sought(who="%")) == found(Sought(who="_nn")) == []
    assert found(Sought(action="read", tenants=frozenset({"acme"}))) == [1, 3, 5]
    assert found(Sought(object="run-3")) == [4] and found(Sought(tenants=frozenset())) == []
    since, until = (datetime(2026, 11, day, tzinfo=UTC) for day in (3, 5))
    assert found(Sought(since=since, until=until)) == [3, 4]
    assert found(Sought(since=since)) == list(range(3, 11)) and found(Sought(until=since)) == [1, 2]
    assert (
        found(Sought(since=until + timedelta(days=99))) == []
        and found(Sought(until=datetime.min.replace(tzinfo=UTC))) == []
    )
    assert [entry.number for entry in audit.last(ANYTHING, before=4, limit=2)] == [3, 2]
    assert [entry.number for entry in audit.found(ANYTHING, after=4, limit=2)] == [5, 6]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit SET line = replace(line, 'ann', 'bob') WHERE number = 3",
        "DELETE FROM audit WHERE number = 3",
        "UPDATE audit SET hash = '0' WHERE number = 3",
        "UPDATE audit SET number = 99 WHERE number = 3",
    ],
)
def test_whatever_is_changed_afterwards_is_seen(database: Database, change: str) -> None:
    audit = filled(database)
    assert len(list(audit.lines())) == 5
    with database.transaction() as connection:
        connection.execute(text(change))
    with pytest.raises(Red, match="changed after it was written"):
        list(audit.lines())


def test_those_who_append_at_once_make_one_chain(either: Database) -> None:
    audit = Audit(database=either)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: audit.add(ANN, "look", str(number)), range(40)))
    assert len(list(audit.lines())) == 40
    assert {entry.object for entry in audit.entries()} == {str(number) for number in range(40)}


@pytest.fixture
def keys(tmp_path: Path) -> SigningKeys:
    return SigningKeys.load_or_create(tmp_path / "keys")


def checked(folder: Path, text: str, *arguments: str) -> tuple[int, str]:
    """What the shipped script says of an export."""
    (folder / "audit.txt").write_text(text, encoding="utf-8")
    (folder / "check-audit.sh").write_text(check_script(), encoding="utf-8")
    command = ["sh", "check-audit.sh", *arguments, "audit.txt"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout


def test_a_shell_checks_an_export_and_who_signed_it(database: Database, keys: SigningKeys, tmp_path: Path) -> None:
    text = "".join(exported(filled(database), keys))
    assert checked(tmp_path, text)[0] == 0
    code, said = checked(tmp_path, text, "--key", keys.fingerprint.upper())
    assert code == 0 and said.startswith("GREEN: 5 entries") and keys.fingerprint in said
    assert checked(tmp_path, text, "--key", "0" * 64)[0] == 1
    assert checked(tmp_path, "".join(exported(Audit(database=database), keys)))[0] == 0


def test_a_shell_sees_whatever_was_changed_in_an_export(database: Database, keys: SigningKeys, tmp_path: Path) -> None:
    lines = list(exported(filled(database), keys))
    other = list(exported(filled(database, 2), SigningKeys.load_or_create(tmp_path / "other")))
    changes = {
        "a word": [lines[0].replace("ann", "bob"), *lines[1:]],
        "an entry left out": [*lines[:2], *lines[3:]],
        "the last entry left out": [*lines[:4], *lines[5:]],
        "two entries exchanged": [lines[1], lines[0], *lines[2:]],
        "an entry twice": [lines[0], *lines],
        "broken off": lines[:5],
        "a signature left out": lines[:-1],
        "another's head": [*lines[:5], *other[-5:]],
        "another's signature": [*lines[:6], *other[-4:]],
        "something added": [*lines, "ed25519 AAAA\n"],
        "a later moment": [*lines[:5], lines[5].replace("20", "30", 1), *lines[6:]],
    }
    for name, changed in changes.items():
        code, said = checked(tmp_path, "".join(changed))
        assert (code, said[:3]) == (1, "RED"), name


def test_what_somebody_typed_changes_nothing_on_a_screen(database: Database) -> None:
    audit = Audit(database=database)
    typed = "\x1b[2J\x9b31m\x7f\u202e\u2028\n“é” \ud800"
    audit.add(ANN, "read rows", typed)
    ((line, _),) = audit.lines()
    assert all(letter.isprintable() for letter in line) and "“é”" in line
    assert audit.entries()[0].object == typed
