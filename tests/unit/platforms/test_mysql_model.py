"""What MariaDB declares beside columns and keys is found as it is, by who may only read too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.platforms.mysql.address import address_of
from migrator.platforms.mysql.definition import defined, documented
from migrator.platforms.mysql.source import MysqlSource
from migrator.platforms.mysql.types import choices_of, members_of
from storage.model import Check, Model, parsed, rendered
from tests.conformance.platforms.mysql import MysqlPlatform
from tests.servers.mariadb import Mariadb
from tests.support_mysql_restore import torture


# ── definitions ─────────────────────────────────────────────────────────────────────────────────────────────
@given(st.text(alphabet="'\"\\(),`\nCHECK as", max_size=20), st.text(alphabet="'\"\\()` x", min_size=1, max_size=8))
def test_what_looks_like_a_condition_within_a_text_or_a_name_is_none(text: str, name: str) -> None:
    said = "'" + text.replace("\\", "\\\\").replace("\n", "\\n").replace("'", "''") + "'"
    column = '"' + name.replace('"', '""') + '"'
    found = defined(
        f"CREATE TABLE {column} (\n  {column} enum({said},{said}) DEFAULT {said} COMMENT {said}"
        f" CHECK ({column} <> {said}),\n"
        f"  \"g\" int(11) GENERATED ALWAYS AS (length(concat({said},')'))) VIRTUAL COMMENT {said},\n"
        f"  PRIMARY KEY ({column}),\n  CONSTRAINT {column} CHECK ({column} in ({said})) ,\n"
        f'  CONSTRAINT "f" FOREIGN KEY ({column}) REFERENCES {column} ({column})\n) ENGINE=InnoDB COMMENT={said}'
    )
    assert found.checks == (
        Check(name=name, expression=f"{column} <> {said}", column=name),
        Check(name=name, expression=f"{column} in ({said})"),
    )
    assert found.computed == {"g": f"length(concat({said},')'))"}


def test_a_definition_says_nothing_of_everybodys_rows() -> None:
    before = 'CREATE TABLE "t" (\n  "id" int COMMENT \' AUTO_INCREMENT=1 PARTITION BY (\',\n  PRIMARY KEY ("id")\n)'
    parted = "PARTITION BY LIST (`id`)\n(PARTITION acme VALUES IN (7) ENGINE = InnoDB)"
    for tail in ("", f"\n {parted}", f"\n/*!50100 {parted} */"):
        said = f"{before} ENGINE=InnoDB AUTO_INCREMENT=7390 DEFAULT CHARSET=utf8mb4 COMMENT='it''s'{tail}"
        assert documented(said) == f"{before} ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='it''s'"


def test_backslashes_in_members_are_read_as_the_server_writes_them() -> None:
    assert choices_of(r"enum('a\\b','c''d','e\nf','')") == ("a\\b", "c'd", "e\nf", "")
    assert members_of(r"set('\\','x,y')") == ("\\", "x,y")


# ── the catalog ─────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def platform(mariadb_url: str) -> MysqlPlatform:
    platform = MysqlPlatform(mariadb_url)
    torture(platform)
    return platform


@pytest.fixture
def reader_url(mariadb: Mariadb, platform: MysqlPlatform) -> Iterator[str]:
    database = address_of(platform.url).database
    mariadb.admin(
        "CREATE USER only_looks@'127.0.0.1' IDENTIFIED BY 'secret'",
        f"GRANT SELECT ON `{database}`.* TO only_looks@'127.0.0.1'",
    )
    yield mariadb.url("only_looks", database, "secret")
    mariadb.admin("DROP USER only_looks@'127.0.0.1'")


def model_at(url: str) -> Model:
    with MysqlSource(url).fence() as reading:
        return reading.model(reading.schema.table_names)


def test_who_may_only_read_finds_the_same(platform: MysqlPlatform, reader_url: str) -> None:
    found = model_at(platform.url)
    assert model_at(reader_url) == found
    assert parsed(rendered(found), where="here") == found


def test_what_was_declared_is_told(platform: MysqlPlatform, tmp_path: Path) -> None:
    model = model_at(platform.url)
    computed = model.table("computed")
    assert {one.column: one.stored for one in computed.generated} == {
        "twice": False,
        "stored": True,
        "hidden_twice": False,
    }
    assert computed.invisible == ("hidden", "hidden_twice")
    assert [check.name for check in computed.checks] == ["positive", "odd `name"]
    assert {index.name: [part.descending for part in index.parts] for index in computed.indexes}["by_stored"] == [
        False,
        True,
    ]
    assert model.table("moments").on_update == {"dt6": "current_timestamp(6)", "ts6": "current_timestamp(6)"}
    assert model.table("texts").options["stats_persistent"] == "0"
    assert model.table("shapes").reference_systems == {"p": 101}
    assert model.table("by_range").partitioned_by == 'RANGE (year("at"))'
    assert [sequence.name for sequence in model.sequences] == ["downwards", "order numbers"]
    (numbers,) = (one for one in model.sequences if one.name == "order numbers")
    assert (numbers.start, numbers.increment, numbers.cycle, numbers.comment) == (100, 5, True, "of ours; and 'theirs'")
