"""What servers declare as references: half-filled keys, keys that lead back to their table, parents of elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.platforms import MysqlPlatform, Platform, PostgresPlatform
from tests.servers.mariadb import Mariadb
from tests.unit.engine.support import rows_of, scope_of, taken

FIRM = "root: {table: firms, where: {id: 1}}"


@pytest.fixture
def postgres_platform(postgres_url: str) -> PostgresPlatform:
    platform = PostgresPlatform(postgres_url)
    platform.run("CREATE TABLE firms (id int PRIMARY KEY); INSERT INTO firms VALUES (1), (2);")
    return platform


def found(platform: Platform, scope: str, table: str) -> list[tuple[object, ...]]:
    """What leaves of the table, proven, rows that stay behind asked too."""
    snapshot, archive = taken(platform, scope, prove_full=True)
    assert snapshot.proof.problems == ()
    return sorted(rows_of(archive, table), key=repr)


# ── keys of several columns ─────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(("match", "halves"), [("SIMPLE", ", (4, 'fr', NULL), (5, NULL, 1)"), ("FULL", "")])
def test_a_key_that_is_half_filled_points_at_nobody(
    postgres_platform: PostgresPlatform, match: str, halves: str
) -> None:
    postgres_platform.run(
        "CREATE TABLE shops (country text, number int, PRIMARY KEY (country, number));"
        "CREATE TABLE sales (id int PRIMARY KEY, country text, number int,"
        f" FOREIGN KEY (country, number) REFERENCES shops MATCH {match});"
        "INSERT INTO shops VALUES ('fr', 1), ('fr', 2), ('de', 1);"
        f"INSERT INTO sales VALUES (1, 'fr', 1), (2, 'fr', 2), (3, 'de', 1), (6, NULL, NULL){halves};"
    )
    scope = "root: {table: shops, where: {country: fr, number: 1}}\nexcluded: {firms: no}"
    assert found(postgres_platform, scope, "sales") == [(1, "fr", 1)]


PARTS = """
CREATE TABLE parts (firm int, id int, whole int, owner int REFERENCES firms, PRIMARY KEY (firm, id),
    FOREIGN KEY (firm, whole) REFERENCES parts (firm, id){});
INSERT INTO parts VALUES (1, 1, NULL, 1), (1, 2, 1, NULL), (1, 3, 2, NULL), (1, 4, NULL, NULL),
    (2, 1, NULL, 2), (2, 2, 1, NULL), (2, 3, 2, NULL);
"""
OURS = [(1, 1, None, 1), (1, 2, 1, None), (1, 3, 2, None)]


@pytest.mark.parametrize("deferred", ["", " DEFERRABLE INITIALLY DEFERRED"])
def test_a_key_of_several_columns_leads_back_to_its_own_table(
    postgres_platform: PostgresPlatform, deferred: str
) -> None:
    postgres_platform.run(PARTS.format(deferred))
    assert found(postgres_platform, FIRM, "parts") == OURS


def test_a_key_of_several_columns_leads_back_to_its_own_table_in_mariadb(mariadb_url: str) -> None:
    platform = MysqlPlatform(mariadb_url)
    platform.run("CREATE TABLE firms (id int PRIMARY KEY); INSERT INTO firms VALUES (1), (2);")
    platform.run(PARTS.format("").replace("REFERENCES firms", "REFERENCES firms (id)"))
    assert found(platform, FIRM, "parts") == OURS


def test_a_circle_that_only_the_end_of_a_transaction_closes(postgres_platform: PostgresPlatform) -> None:
    postgres_platform.run(
        "CREATE TABLE teams (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, lead int NOT NULL);"
        "CREATE TABLE people (id int PRIMARY KEY, team int NOT NULL REFERENCES teams DEFERRABLE INITIALLY DEFERRED);"
        "ALTER TABLE teams ADD FOREIGN KEY (lead) REFERENCES people DEFERRABLE INITIALLY DEFERRED;"
        "INSERT INTO teams VALUES (1, 1, 10), (2, 2, 20); INSERT INTO people VALUES (10, 1), (11, 1), (20, 2);"
    )
    assert found(postgres_platform, FIRM, "people") == [(10, 1), (11, 1)]


# ── tables of several pieces ────────────────────────────────────────────────────────────────────────────────
def test_what_lies_in_partitions_is_owned_once_and_owns(postgres_platform: PostgresPlatform) -> None:
    postgres_platform.run(
        "CREATE TABLE logs (firm int REFERENCES firms, id int, PRIMARY KEY (firm, id)) PARTITION BY LIST (firm);"
        "CREATE TABLE logs_1 PARTITION OF logs FOR VALUES IN (1);"
        "CREATE TABLE logs_2 PARTITION OF logs DEFAULT PARTITION BY RANGE (id);"
        "CREATE TABLE logs_2_a PARTITION OF logs_2 DEFAULT;"
        "CREATE TABLE lines (id int PRIMARY KEY, firm int, log int, FOREIGN KEY (firm, log) REFERENCES logs);"
        "INSERT INTO logs VALUES (1, 1), (1, 2), (2, 1); INSERT INTO lines VALUES (1, 1, 2), (2, 2, 1), (3, 1, NULL);"
    )
    assert found(postgres_platform, FIRM, "logs") == [(1, 1), (1, 2)]
    assert found(postgres_platform, FIRM, "lines") == [(1, 1, 2)]


def test_what_inherits_has_rows_of_its_own_and_no_references(postgres_platform: PostgresPlatform) -> None:
    """The server checks no key of an heir's: its rows are as much in doubt as any other's."""
    postgres_platform.run(
        "CREATE TABLE notes (id int PRIMARY KEY, firm int REFERENCES firms); CREATE TABLE heirs () INHERITS (notes);"
        "INSERT INTO notes VALUES (1, 1), (2, 2); INSERT INTO heirs VALUES (1, 1), (3, 1), (4, 2);"
    )
    assert scope_of(postgres_platform, FIRM).unclassified == ("heirs",)
    scope = f"{FIRM}\nreferences: [{{table: heirs, column: firm, to: firms.id}}]"
    assert found(postgres_platform, scope, "notes") == [(1, 1)]
    assert found(postgres_platform, scope, "heirs") == [(1, 1), (3, 1)]


# ── parents of elsewhere ────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def split(mariadb: Mariadb) -> Iterator[tuple[MysqlPlatform, str]]:
    """A database whose rows point at accounts of another one, and what these are called."""
    here, there = mariadb.database(), mariadb.database("accounts")
    place = there.rpartition("/")[2].partition("?")[0]
    MysqlPlatform(there).run("CREATE TABLE users (id int PRIMARY KEY); INSERT INTO users VALUES (7), (8);")
    mariadb.grant(here, "SELECT, REFERENCES")
    platform = MysqlPlatform(here)
    platform.run("CREATE TABLE firms (id int PRIMARY KEY); INSERT INTO firms VALUES (1), (2);")
    platform.run(
        "CREATE TABLE notes (id int PRIMARY KEY, firm int REFERENCES firms (id), writer int,"
        f" FOREIGN KEY (writer) REFERENCES {place}.users (id));"
        "INSERT INTO notes VALUES (1, 1, 7), (2, 1, NULL), (3, 2, 8);"
    )
    yield platform, f"{place}.users"
    mariadb.drop(here)
    mariadb.drop(there)


def test_rows_that_point_into_another_database_are_red_until_the_plan_says_why(
    split: tuple[MysqlPlatform, str],
) -> None:
    platform, users = split
    (problem,) = scope_of(platform, FIRM).problems
    assert (problem.where, problem.count, problem.examples) == ("notes.writer", 1, ("7",))
    assert users in problem.what and f"scope.excluded: {{{users}: reason}}" in problem.next
    assert found(platform, f"{FIRM}\nexcluded: {{{users}: of another plan}}", "notes") == [(1, 1, 7), (2, 1, None)]
    freed = f'{FIRM}\nforeign: {{notes.writer: "null"}}'
    assert found(platform, freed, "notes") == [(1, 1, None), (2, 1, None)]
