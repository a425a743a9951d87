"""The audit: nothing in it changes without being seen, and a shell can tell."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from migrator.access.audit import Audit
from migrator.access.roles import Principal, PrincipalKind
from migrator.runs.database import Database
from storage.errors import Red

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


def test_a_shell_checks_an_export(database: Database, tmp_path: Path) -> None:
    lines = list(filled(database).lines())
    exported = tmp_path / "audit.txt"
    exported.write_text("".join(f"{kept} {line}\n" for line, kept in lines), encoding="utf-8")
    check = (
        "before=$(printf '%064d' 0); while IFS=' ' read -r hash line; do "
        'now=$(printf \'%s\\n%s\\n\' "$before" "$line" | sha256sum); [ "$hash" = "${now%% *}" ] || exit 1; '
        'before=$hash; done < "$1"'
    )
    shell = ["sh", "-c", check, "check", str(exported)]
    assert subprocess.run(shell, timeout=60).returncode == 0
    exported.write_text(exported.read_text(encoding="utf-8").replace("ann", "bob", 1), encoding="utf-8")
    assert subprocess.run(shell, timeout=60).returncode == 1
