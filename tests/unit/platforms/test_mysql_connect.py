"""Sessions on MariaDB and MySQL: what a house has set for its own changes nothing of what is read and written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from migrator.contracts import Whole
from tests.conformance.platforms.mysql import MysqlPlatform
from tests.conformance.targets import DDL, STORY, Rows, members, merged, refusal, teams
from tests.servers.mariadb import Mariadb

HOUSES = {
    "little is read and nothing checked": (
        "sql_select_limit = 1, max_join_size = 1, sql_safe_updates = 1, autocommit = 0, completion_type = 'CHAIN',"
        " foreign_key_checks = 0, unique_checks = 0, check_constraint_checks = 0, tx_isolation = 'READ-UNCOMMITTED',"
        " sql_mode = 'ORACLE,EMPTY_STRING_IS_NULL,TIME_ROUND_FRACTIONAL'"
    ),
    "read only and as in old times": (
        "tx_read_only = 1, tx_isolation = 'SERIALIZABLE', sql_auto_is_null = 1, group_concat_max_len = 4,"
        " character_set_client = latin1, character_set_results = latin1, collation_connection = latin1_german1_ci,"
        " time_zone = '-11:00',"
        " sql_mode = 'PAD_CHAR_TO_FULL_LENGTH,ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO,HIGH_NOT_PRECEDENCE'"
    ),
}


@pytest.fixture
def platform(mariadb_url: str) -> MysqlPlatform:
    platform = MysqlPlatform(mariadb_url)
    platform.run(DDL)
    platform.run("CREATE TABLE kinds (id INT AUTO_INCREMENT PRIMARY KEY, code CHAR(9), made TIMESTAMP(3) NULL);")
    platform.run("INSERT INTO kinds (code, made) VALUES ('é', '2024-03-31 01:30:00.125'), ('', NULL), (NULL, NULL);")
    return platform


def read(platform: MysqlPlatform) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, as a snapshot has them."""
    with platform.source().fence() as reading:
        return {
            table.name: sorted((row for batch in reading.scan(table, Whole()) for row in batch.to_pylist()), key=repr)
            for table in reading.schema.tables
        }


@pytest.fixture(params=HOUSES)
def house(request: pytest.FixtureRequest, mariadb: Mariadb, platform: MysqlPlatform) -> Iterator[list[Any]]:
    """What was there before the house had its way: the tables as they are and as they are read."""
    before = [platform.dump(), read(platform)]
    settings = HOUSES[request.param].replace("'", "''")
    mariadb.admin(f"SET GLOBAL init_connect = 'SET SESSION {settings}'")
    try:
        yield before
    finally:
        mariadb.admin("SET GLOBAL init_connect = ''")


def test_a_house_s_own_settings_change_nothing(mariadb: Mariadb, platform: MysqlPlatform, house: list[Any]) -> None:
    dump, rows = house
    assert read(platform) == rows
    target = platform.target()
    kinds = Rows("kinds", ("id", "code"), ("id",), create=[(0, "0"), (9, "ü ")], overwrite=[(1, "ß")])
    merged(target, *STORY, kinds)
    loaded = read(platform)
    assert sorted((row["id"], row["code"]) for row in loaded["kinds"] if row["code"]) == [(0, "0"), (1, "ß"), (9, "ü")]
    assert {row["id"]: row["made"] for row in loaded["kinds"]}[1] == rows["kinds"][0]["made"] is not None
    assert target.undo("r1").reversed == 15
    refusal(target, members(create=[(20, 99, None, None, None)]))
    refusal(target, teams(create=[(20, "too small", -1, None)]))
    refusal(target, teams(create=[(20, "theirs", 1, None)]))
    assert read(platform) == rows
    mariadb.admin("SET GLOBAL init_connect = ''")
    assert platform.dump() == dump
