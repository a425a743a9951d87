"""An explanation finds the same in every platform: ids as numbers, texts and UUIDs, in columns of other types."""

from __future__ import annotations

import pytest

from migrator.engine.explain import Explanation, explain
from migrator.engine.scope import resolve
from migrator.engine.workbench import workbench
from tests.conformance.made import KINDS, Made
from tests.conformance.platforms import Platform
from tests.unit.engine.support import plan_of

OURS, THEIRS, NOBODY = (f"{digit * 8}-aaaa-4aaa-8aaa-aaaaaaaaaaaa" for digit in "123")
UUIDS = [("postgresql", "uuid"), ("mariadb", "uuid"), ("mariadb", "char(36)"), ("sqlite", "text")]


def explained(platform: Platform, scope: str) -> Explanation:
    source = platform.source()
    sizes = source.examine().sizes
    with source.fence() as reading, workbench() as bench:
        return explain(reading, resolve(reading, plan_of(scope), bench), bench, sizes)


@pytest.mark.parametrize(("kind", "type_"), UUIDS)
def test_uuids_of_others_are_found_in_uuids_and_in_texts(made: Made, kind: str, type_: str) -> None:
    platform = made(kind)
    platform.run(
        f"CREATE TABLE firms (id {type_} PRIMARY KEY);"
        f"CREATE TABLE notes (id int PRIMARY KEY, firm_id {type_} REFERENCES firms (id), seen {type_},"
        " said varchar(80));"
        f"INSERT INTO firms VALUES ('{OURS}'), ('{THEIRS}');"
        f"INSERT INTO notes VALUES (1, '{OURS}', '{THEIRS}', 'no id'), (2, '{OURS}', '{NOBODY}', '{THEIRS}'),"
        f" (3, '{OURS}', '{OURS}', '{OURS}'), (4, '{THEIRS}', '{THEIRS}', '{THEIRS}');"
    )
    found = explained(platform, f"root: {{table: firms, where: {{id: {OURS}}}}}")
    assert {one.column: (one.rows, one.keys, one.examples) for one in found.held} == {
        "seen": (1, ("1",), (THEIRS,)),
        "said": (1, ("2",), (THEIRS,)),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_of_others_are_found_in_numbers_and_in_texts(made: Made, kind: str) -> None:
    platform = made(kind)
    platform.run(
        "CREATE TABLE firms (id int PRIMARY KEY);"
        "CREATE TABLE people (id int PRIMARY KEY, firm_id int REFERENCES firms (id));"
        "CREATE TABLE notes (id int PRIMARY KEY, firm_id int REFERENCES firms (id), written_by bigint,"
        " weight bigint, said varchar(80));"
        "INSERT INTO firms VALUES (1), (70003); INSERT INTO people VALUES (10, 1), (11, 1), (12, 70003);"
        "INSERT INTO notes VALUES (1, 1, 10, 9000000000000000000, '70003'), (2, 1, 11, 70003, '070003'),"
        " (3, 70003, 12, 1, '1');"
    )
    found = explained(platform, "root: {table: firms, where: {id: 1}}")
    assert {(one.column, one.rows, one.keys, one.is_number) for one in found.held} == {
        ("weight", 1, ("2",), True),
        ("said", 1, ("1",), True),
    }
    [guess] = found.undeclared
    assert (guess.columns, guess.parent, guess.share.found, guess.share.values) == (("written_by",), "people", 2, 2)


@pytest.mark.parametrize("kind", KINDS)
def test_a_tenant_column_is_known_by_what_it_points_at(made: Made, kind: str) -> None:
    platform = made(kind)
    platform.run(
        "CREATE TABLE firms (code varchar(20) PRIMARY KEY);"
        "CREATE TABLE notes (id int PRIMARY KEY, firm varchar(20) REFERENCES firms (code), copied varchar(20));"
        "INSERT INTO firms VALUES ('acme'), ('globex');"
        "INSERT INTO notes VALUES (1, 'acme', 'globex'), (2, 'acme', 'acme'), (3, 'globex', 'acme');"
    )
    [held] = explained(platform, "root: {column: firm, value: acme}\nshared: [firms]").held
    assert (held.column, held.rows, held.keys, held.examples) == ("copied", 1, ("1",), ("globex",))
