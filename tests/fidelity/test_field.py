"""Every public issue of other tools that made this one: what went wrong there, held here by a test of its name.

`ELSEWHERE` points at the tests of other packages that hold an issue; the rest stand below.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from storage.local import LocalStore
from tests.acceptance.world import World
from tests.conformance.made import KINDS, Made
from tests.fidelity.measure import archived
from tests.fidelity.shapes import held_table

_TESTS = Path(__file__).parents[1]
ELSEWHERE = {
    "dlt-hub/dlt#2390": "fidelity/test_shapes.py::test_columns_that_are_null_in_every_row_and_tables_without_rows",
    "Wisser/Jailer#85": "unit/engine/test_engine_scope.py::test_composite_keys_own_as_single_ones_do",
    "zulip/zulip#9608": "unit/engine/test_engine_scope.py::test_a_table_no_path_leads_to_is_red",
    "GreenmaskIO/greenmask#197": "unit/engine/test_engine_scope.py::test_a_cycle_with_the_root_comes_to_an_end",
    "GreenmaskIO/greenmask#329": "unit/platforms/test_postgres_target_references.py::test_two_cycles_that_overlap",
    "GreenmaskIO/greenmask#279": "unit/platforms/test_mysql_target.py::test_cycles_that_overlap",
    "dimitri/pgloader#1598": "unit/platforms/test_postgres_target_sequences.py"
    "::test_an_ordinary_insert_works_after_everything",
    "dimitri/pgloader#1691": "unit/platforms/test_mysql_target.py::test_an_ordinary_insert_finds_a_number",
    "TonicAI/condenser#40": "unit/platforms/test_postgres_target_sequences.py"
    "::test_keys_given_to_rows_without_one_come_from_the_sequence",
    "darold/ora2pg#862": "unit/platforms/test_mysql_target.py::test_computed_columns_follow",
    "datafold/data-diff#634": "unit/engine/test_compare.py::test_a_lost_duplicate_of_a_table_without_a_key_is_found",
    "datafold/data-diff#870": "unit/engine/test_compare.py::test_a_changed_cell_is_found_where_it_is",
    "GoogleCloudPlatform/professional-services-data-validator": "unit/engine/test_compare.py"
    "::test_a_changed_cell_is_found_where_it_is",
    "nextcloud/user_migration#842": "unit/engine/test_engine_load.py::test_every_row_is_accounted_for",
    "nextcloud/user_migration#663": "unit/engine/test_engine_load.py"
    "::test_what_changes_between_commit_and_verification_is_a_red_answer",
    "airbytehq/airbyte PR66592": "integration/test_s3_refused.py"
    "::test_a_server_that_gives_one_page_and_no_way_to_the_next_is_not_asked_for_ever",
    "nkdAgility/azure-devops-migration-tools#24": "integration/test_check_archive.py::test_damage_is_found_by_both",
    "drupal.org 2599152": "acceptance/test_story.py"
    "::test_only_migrate_changes_the_target_and_rollback_takes_all_of_it_back",
    "Excel: rows": "unit/reports/test_xlsx.py::test_a_sheet_that_ends_says_how_much_is_missing",
    "Excel: characters": "unit/reports/test_xlsx.py::test_a_text_that_does_not_fit_its_cell_says_how_long_it_is",
    "Excel: digits": "unit/reports/test_xlsx.py"
    "::test_unseen_characters_are_spelled_out_and_long_numbers_keep_their_digits",
    "dlt-hub/dlt#3915": "integration/test_story_engine.py::test_memory_stays_flat",
    "slingdata-io/sling-cli#312": "unit/platforms/test_mysql_target_values.py::test_memory_stays_flat",
    "dlt-hub/dlt#4052": "unit/engine/test_engine_load.py::test_a_commit_that_may_have_happened_is_not_tried_again",
}


@pytest.mark.parametrize("issue", ELSEWHERE)
def test_the_issue_has_its_test(issue: str) -> None:
    path, _, name = ELSEWHERE[issue].partition("::")
    assert re.search(rf"^def {name}\(", (_TESTS / path).read_text(encoding="utf-8"), re.MULTILINE)


# ── values silently wrong ───────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("kind", KINDS)
def test_numerics_keep_their_point_and_their_zeros(made: Made, tmp_path: Path, kind: str) -> None:
    """0.123456 became 12345.6, and 2013 became 20130: slingdata-io/sling-cli#405, #484."""
    platform = made(kind)
    platform.run("CREATE TABLE t (price DECIMAL(12,6), year DECIMAL(4,0));")
    platform.run("INSERT INTO t VALUES (0.123456, 2013), (-0.000001, 0), (20130, 2000);")
    rows = held_table(platform, tmp_path)
    expected = [("0.123456", "2013"), ("-0.000001", "0"), ("20130.000000", "2000")]
    assert Counter((Decimal(str(price)), Decimal(str(year))) for price, year in rows) == Counter(
        (Decimal(price), Decimal(year)) for price, year in expected
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_timestamp_that_is_null_stays_null(made: Made, tmp_path: Path, kind: str) -> None:
    """NULL became 1970: slingdata-io/sling-cli#329."""
    platform = made(kind)
    platform.run("CREATE TABLE t (id INTEGER, at TIMESTAMP NULL); INSERT INTO t VALUES (1, NULL), (2, NULL);")
    assert Counter(held_table(platform, tmp_path)) == Counter([(1, None), (2, None)])


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_date_of_the_year_nine_is_a_date(made: Made, tmp_path: Path, kind: str) -> None:
    """A valid date became NULL: dimitri/pgloader#1098."""
    platform = made(kind)
    platform.run("CREATE TABLE t (d DATE); INSERT INTO t VALUES ('0009-02-03');")
    assert held_table(platform, tmp_path) == [(dt.date(9, 2, 3),)]


def test_infinite_floats_stay_infinite(made: Made, tmp_path: Path) -> None:
    """Infinity became NULL: airbytehq/airbyte#8902."""
    platform = made("postgresql")
    platform.run("CREATE TABLE t (v float8, r real); INSERT INTO t VALUES ('Infinity', '-Infinity');")
    assert held_table(platform, tmp_path) == [(float("inf"), float("-inf"))]


def test_the_end_of_time_is_not_before_christ(made: Made, tmp_path: Path) -> None:
    """294276 AD became 290279 BC: Snowflake-Labs/pg_lake#439."""
    platform = made("postgresql")
    last = "294276-12-31 23:59:59.999999"
    platform.run(f"CREATE TABLE t (v timestamp, d date); INSERT INTO t VALUES ('{last}', '4713-01-01 BC');")
    assert held_table(platform, tmp_path) == [(last, "4713-01-01 BC")]


@pytest.mark.parametrize(("kind", "zoned"), [("postgresql", "timestamptz"), ("mariadb", "TIMESTAMP NULL")])
def test_moments_do_not_shift(made: Made, tmp_path: Path, kind: str, zoned: str) -> None:
    """Datetimes shifted by hours: dimitri/pgloader#1439. The servers of the tests are not in UTC."""
    platform, plain = made(kind), "timestamp" if kind == "postgresql" else "DATETIME"
    session = "SET TIME ZONE 'America/New_York'" if kind == "postgresql" else "SET time_zone = '-04:00'"
    platform.run(f"CREATE TABLE t (wall {plain}, instant {zoned});")
    platform.run(f"{session}; INSERT INTO t VALUES ('2024-03-31 02:30:00', '2024-07-01 12:00:00');")
    instant = dt.datetime(2024, 7, 1, 16, tzinfo=dt.UTC)
    assert held_table(platform, tmp_path) == [(dt.datetime(2024, 3, 31, 2, 30), instant)]


# ── through the mapping and into a target ───────────────────────────────────────────────────────────────────────
_PLAN = """
plan: field
tenant: acme
source: {url: "${SOURCE_URL}", scope: {root: database}}
store: ${STORE_URL}
mapping: mapping.yaml
target: {url: "${TARGET_URL}"}
"""
_MAPPING = """
mapping: field
version: 1
tables:
  t: {edges: [{from: t, columns: {id: id, n: n, word: word, big: big}}]}
"""
_LATE = 20_500  # beyond the rows a reader of CSV looks at to guess types


def test_numbers_and_texts_pass_the_mapping_as_they_are(made: Made, tmp_path: Path) -> None:
    """Unbounded numerics and ids of 20 digits became DOUBLE: duckdb/duckdb-postgres#557, duckdb#22750.

    '' became NULL on the way through a CSV: duckdb#25501. Values past its sample were rounded: duckdb#25824.
    """
    source, target = made("postgresql"), made("postgresql")
    table = "CREATE TABLE t (id int PRIMARY KEY, n numeric, word text, big numeric);"
    source.run(table)
    target.run(table)
    source.run(
        f"""INSERT INTO t SELECT v, v, 'w', v FROM generate_series(1, {_LATE}) v;
        INSERT INTO t VALUES (0, 0.1234567890123456789012345678901234567890, '', 12345678901234567890),
            ({_LATE + 1}, 1.50, NULL, 18446744073709551615), ({_LATE + 2}, 1e40, ' ', 9007199254740993)"""
    )
    (tmp_path / "world").mkdir()
    world = World(
        folder=tmp_path / "world", source=tmp_path, target=tmp_path, source_url=source.url, target_url=target.url
    )
    world.plan.write_text(_PLAN)
    (world.folder / "mapping.yaml").write_text(_MAPPING)
    world.json("snapshot", world.plan)
    run = world.json("migrate", world.plan)
    assert world.json("verify", run["run"], "--deep")["different"] == 0
    every = "SELECT id, n::text, word, big::text FROM t ORDER BY id"
    assert target.rows(every) == source.rows(every)


# ── sums that hide what they sum ────────────────────────────────────────────────────────────────────────────────
def test_a_row_that_comes_twice_does_not_vanish_from_a_digest(made: Made, tmp_path: Path) -> None:
    """A checksum folded by XOR passes a part in which two equal rows are gone, or two have come."""
    platform = made("sqlite")
    digests = set()
    for twice in ("", "INSERT INTO t VALUES ('x'), ('x');", "INSERT INTO t VALUES ('y'), ('y');"):
        platform.run(f"DROP TABLE IF EXISTS t; CREATE TABLE t (v); INSERT INTO t VALUES ('a'); {twice}")
        with platform.source().fence() as reading:
            (part,) = archived(reading, ["t"], LocalStore(tmp_path / f"archive{len(digests)}")).tables
        digests.add(part.digest)
    assert len(digests) == 3


def test_columns_that_are_null_on_both_sides_are_equal(made: Made, tmp_path: Path) -> None:
    """Identical columns without a value were called different: capitalone/datacompy#562."""
    platform = made("sqlite")
    platform.run("CREATE TABLE t (a, b TEXT); INSERT INTO t VALUES (NULL, NULL), (NULL, NULL);")
    digests = set()
    for copy in ("one", "other"):
        with platform.source().fence() as reading:
            (part,) = archived(reading, ["t"], LocalStore(tmp_path / copy)).tables
        digests.add(part.digest)
    assert len(digests) == 1
