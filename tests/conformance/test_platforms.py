"""The dumps that the target suite trusts: they tell every change, and none where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance import sources, targets
from tests.conformance.platforms import MysqlPlatform, Platform, PostgresPlatform, SqlitePlatform

CHANGES = {
    "a row": "INSERT INTO words VALUES (1, 'same');",
    "NULL is not empty": "UPDATE members SET note = NULL WHERE id = 1;",
    "a blank": "UPDATE members SET note = '  ' WHERE id = 3;",
    "a column": "ALTER TABLE words ADD COLUMN more INTEGER;",
    "an index": "CREATE INDEX by_team ON words (team_id);",
    "a table": "CREATE TABLE migrator_left (id INTEGER);",
    "a trigger": targets.SHOUT,
    "a constraint": "{sqlite:CREATE UNIQUE INDEX one ON members (mentor_id);}"
    "{afterwards:ALTER TABLE members ADD CONSTRAINT one UNIQUE (mentor_id);}",
    "a default": "{sqlite:ALTER TABLE words ADD COLUMN more INTEGER DEFAULT 1;}"
    "{afterwards:ALTER TABLE words ALTER COLUMN team_id SET DEFAULT 1;}",
}


@pytest.fixture(params=["sqlite", "postgres", "mysql"])
def platform(request: pytest.FixtureRequest, tmp_path: Path) -> Platform:
    if request.param == "sqlite":
        return SqlitePlatform(tmp_path / "app.db")
    if request.param == "postgres":
        return PostgresPlatform(request.getfixturevalue("postgres_url"))
    return MysqlPlatform(request.getfixturevalue("mariadb_url"))


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_dump_tells_every_change(platform: Platform, change: str) -> None:
    platform.run(targets.DDL)
    before = platform.dump()
    assert before == platform.dump()
    platform.run(change)
    assert platform.dump() != before


def test_a_dump_does_not_tell_sequences(platform: Platform) -> None:
    platform.run(targets.DDL)
    before = platform.dump()
    platform.run("INSERT INTO badges (code) VALUES ('gone'); DELETE FROM badges WHERE code = 'gone';")
    assert platform.dump() == before


def test_rows_go_in_as_they_come_out(platform: Platform) -> None:
    platform.run(sources.DDL)
    platform.insert("regions", [(1, 1, "north"), (1, 2, None), (2, 1, "")])
    platform.insert("people", sources.PEOPLE)
    platform.insert("files", [(1, bytes(range(256))), (2, None), (3, b"")])
    assert platform.rows("SELECT * FROM people ORDER BY id") == sources.PEOPLE
    assert platform.rows("SELECT name FROM regions ORDER BY country, region") == [("north",), (None,), ("",)]
    assert platform.rows("SELECT content FROM files ORDER BY id") == [(bytes(range(256)),), (None,), (b"",)]


def test_foreign_keys_are_enforced_and_a_later_statement_s_error_is_told(platform: Platform) -> None:
    platform.run(targets.DDL)
    with pytest.raises(Exception, match=r"(?i)foreign key"):  # each driver has its own error
        platform.run("INSERT INTO words VALUES (1, 'fine'); INSERT INTO words VALUES (77, 'lost');")
