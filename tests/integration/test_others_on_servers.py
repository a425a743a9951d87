"""Ids of other tenants in what is archived, and two tenants of almost one name: as each server's own rules say."""

from __future__ import annotations

from uuid import UUID

import pytest

from migrator.engine.behind import How
from migrator.engine.proof import Proof
from storage.errors import Red
from tests.conformance.made import KINDS, Made
from tests.conformance.platforms import Platform
from tests.unit.engine.support import taken

LATIN = {
    "mariadb": "varchar(20) CHARACTER SET latin1 COLLATE latin1_swedish_ci",
    "postgresql": "varchar(20)",
    "sqlite": "text",
}
NOTE = UUID("5a1a8d3c-9f11-4a52-9d83-6a2f2c1ee003")
BY_MARK = "root: {column: firm, value: acme}\nshared: [firms]"


def proven(platform: Platform, scope: str, *, prove_full: bool = False) -> Proof:
    found, _ = taken(platform, scope, prove_full=prove_full)
    return found.proof


def named(platform: Platform, scope: str) -> dict[str, tuple[int, tuple[str, ...]]]:
    return {one.where: (one.times, one.examples) for one in proven(platform, scope).named}


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_of_any_size_are_looked_up(made: Made, kind: str) -> None:
    platform = made(kind)
    platform.run(
        "CREATE TABLE firms (id smallint PRIMARY KEY);"
        "CREATE TABLE notes (id int PRIMARY KEY, firm_id smallint REFERENCES firms (id), said {text});"
    )
    platform.insert("firms", [(1,), (22,)])
    platform.insert("notes", [(1, 1, "no 22, 70000, 999999999999999999 and 99999999999999999999"), (2, 22, "1")])
    assert named(platform, "root: {table: firms, where: {id: 1}}") == {"notes.said": (1, ("22",))}


@pytest.mark.parametrize("kind", KINDS)
def test_texts_that_the_list_of_tenants_cannot_hold_are_nobody(made: Made, kind: str) -> None:
    platform = made(kind)
    platform.run(
        f"CREATE TABLE firms (code {LATIN[kind]} PRIMARY KEY);"
        f"CREATE TABLE notes (id int PRIMARY KEY, firm {LATIN[kind]} REFERENCES firms (code), said {{text}});"
    )
    platform.insert("firms", [("acme",), ("gl\u00f6bex",)])
    said = [
        "gl\u00f6bex",
        "\U0001f600",
        "\u65e5\u672c",
        '["gl\u00f6bex", "\U0001f600"]',
        "'; --",
        "%_\\",
        "x" * 60,
        None,
    ]
    platform.insert("notes", [(row, "acme", text) for row, text in enumerate(said)])
    assert named(platform, BY_MARK) == {"notes.said": (2, ("gl\u00f6bex",))}


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_is_a_tenant_s_as_the_server_spells_it(made: Made, kind: str) -> None:
    """MariaDB calls GLOBEX the same as Globex; the others do not."""
    platform = made(kind)
    platform.run(
        "CREATE TABLE firms (code varchar(20) PRIMARY KEY);"
        "CREATE TABLE notes (id int PRIMARY KEY, firm varchar(20) REFERENCES firms (code), said varchar(20));"
        "INSERT INTO firms VALUES ('acme'), ('Globex');"
        "INSERT INTO notes VALUES (1, 'acme', 'Globex'), (2, 'acme', 'GLOBEX'), (3, 'acme', 'ACME');"
    )
    expected = 2 if kind == "mariadb" else 1
    assert named(platform, BY_MARK) == {"notes.said": (expected, ("Globex",))}


@pytest.mark.parametrize("kind", KINDS)
def test_two_tenants_that_a_server_tells_apart_are_two(made: Made, kind: str) -> None:
    platform, exact = made(kind), " COLLATE utf8mb4_bin" if kind == "mariadb" else ""
    platform.run(
        f"CREATE TABLE firms (code varchar(20){exact} PRIMARY KEY);"
        f"CREATE TABLE notes (id int PRIMARY KEY, firm varchar(20){exact} REFERENCES firms (code));"
        "INSERT INTO firms VALUES ('acme'), ('ACME');"
        "INSERT INTO notes VALUES (1, 'acme'), (2, 'ACME');"
    )
    assert proven(platform, BY_MARK, prove_full=True).signs == ()


@pytest.mark.parametrize(("column", "value"), [("about", NOTE.bytes), ("said", str(NOTE)), ("said", f'["{NOTE.hex}"]')])
def test_a_uuid_of_ours_that_is_held_as_its_bytes_is_looked_for(made: Made, column: str, value: str | bytes) -> None:
    platform, root = made("mariadb"), "root: {table: firms, where: {id: 1}}"
    platform.run(
        "CREATE TABLE firms (id int PRIMARY KEY);"
        "CREATE TABLE notes (id binary(16) PRIMARY KEY, firm_id int REFERENCES firms (id), about binary(16),"
        " said varchar(80));"
    )
    theirs = UUID(int=17).bytes
    platform.insert("firms", [(1,), (2,)])
    platform.insert("notes", [(NOTE.bytes, 1, NOTE.bytes, str(NOTE)), (theirs, 2, theirs, "theirs")])
    assert proven(platform, root, prove_full=True).signs == ()
    platform.insert("notes", [(UUID(int=18).bytes, 2, *((value, None) if column == "about" else (None, value)))])
    with pytest.raises(Red) as red:
        proven(platform, root, prove_full=True)
    assert [(one.where, one.count) for one in red.value.problems] == [(f"notes.{column}", 1)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_tenant_that_is_a_number_is_one_however_it_is_written(made: Made, kind: str) -> None:
    platform = made(kind)
    platform.run(
        "CREATE TABLE firms (id int PRIMARY KEY); CREATE TABLE notes (id int PRIMARY KEY, firm varchar(20));"
        "INSERT INTO firms VALUES (42), (43); INSERT INTO notes VALUES (1, '42'), (2, '4 2'), (3, '43');"
    )
    scope = "root: {column: firm, value: 42}\nshared: [firms]"
    with pytest.raises(Red) as red:
        proven(platform, f"{scope}\nreferences: [{{table: notes, column: firm, to: firms.id}}]", prove_full=True)
    assert [(one.where, one.examples) for one in red.value.problems] == [("notes.firm", ("2",))]


@pytest.mark.parametrize("kind", ["mariadb", "sqlite"])
def test_a_tenant_that_a_list_has_once_is_one_however_a_row_spells_it(made: Made, kind: str) -> None:
    """The list says that both are one, the column of the rows that they are two: whose the row is, nobody can say."""
    alike, apart = ("utf8mb4_general_ci", "utf8mb4_bin") if kind == "mariadb" else ("NOCASE", "BINARY")
    platform = made(kind)
    platform.run(
        f"CREATE TABLE firms (code varchar(20) COLLATE {alike} PRIMARY KEY);"
        f"CREATE TABLE notes (id int PRIMARY KEY, firm varchar(20) COLLATE {apart});"
        "INSERT INTO firms VALUES ('acme'), ('globex'); INSERT INTO notes VALUES (1, 'acme'), (2, 'ACME');"
    )
    scope = f"{BY_MARK}\nreferences: [{{table: notes, column: firm, to: firms.code}}]"
    with pytest.raises(Red) as red:
        proven(platform, scope, prove_full=True)
    assert (red.value.problems[0].where, str(How.MARK) in red.value.problems[0].what) == ("notes.firm", True)
