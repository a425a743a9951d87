"""Values that only the target's collation calls the same: foreseen among the archived ones, and with live ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.engine.workbench import workbench
from tests.conformance.platforms import MysqlPlatform, Platform, PostgresPlatform, SqlitePlatform
from tests.servers.postgres import Postgres
from tests.support_postgres_target import administered
from tests.unit.engine.support import checked, taken

MAPPING = """
mapping: m
version: 1
tables:
  accounts:
    edges:
      - from: people
        columns: {id: id, mail: mail}
"""
FIGURES = "CREATE COLLATION figures (provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
MARIADB = "utf8mb4_unicode_ci"


def problems(platform: Platform, path: Path, *mails: str) -> list[tuple[str, tuple[str, ...]]]:
    source = SqlitePlatform(path / "source.db")
    source.run("DROP TABLE IF EXISTS people; CREATE TABLE people (id INTEGER PRIMARY KEY, mail TEXT);")
    source.insert("people", list(enumerate(mails, start=1)))
    before = platform.dump()
    with workbench() as bench:
        found = checked(bench, taken(source, "root: database")[1], MAPPING, platform)
    assert platform.dump() == before
    return [(problem.what, problem.examples) for problem in found.problems]


@pytest.mark.parametrize(
    ("collation", "live", "mails", "found"),
    [
        (MARIADB, "ada@x", ["Zoé", "ZOE "], [("several", ("ZOE ",))]),
        (MARIADB, "ada@x", ["ÀDA@x"], [("already", ("ada@x",))]),
        (MARIADB, "Straße", ["STRASSE"], [("otherwise", ("Straße",))]),
        ("utf8mb4_spanish_ci", "ano", ["año"], []),
        ("utf8mb4_spanish_ci", "ano", ["áno"], [("otherwise", ("ano",))]),
        ("latin1_swedish_ci", "sta", ["stå", "STÄ"], []),
        ("utf8mb4_nopad_bin", "ada", ["Ada", "ada "], []),
    ],
)
def test_mariadb(
    mariadb_url: str, tmp_path: Path, collation: str, live: str, mails: list[str], found: list[tuple[str, tuple[str]]]
) -> None:
    platform = MysqlPlatform(mariadb_url)
    charset = collation.partition("_")[0]
    platform.run(
        "CREATE TABLE accounts (id INT PRIMARY KEY,"
        f" mail VARCHAR(40) CHARACTER SET {charset} COLLATE {collation}, UNIQUE (mail));"
    )
    platform.insert("accounts", [(99, live)])
    _agree(problems(platform, tmp_path, *mails), found)


@pytest.mark.parametrize(
    ("collation", "live", "mails", "found"),
    [
        ("figures", "Ada", ["ada"], [("otherwise", ("Ada",))]),
        ("figures", "Ada", ["Ada"], [("already", ("Ada",))]),
        ('"C"', "Ada", ["ada"], []),
    ],
)
def test_postgresql(
    postgres_url: str, tmp_path: Path, collation: str, live: str, mails: list[str], found: list[tuple[str, tuple[str]]]
) -> None:
    platform = PostgresPlatform(postgres_url)
    platform.run(f"{FIGURES} CREATE TABLE accounts (id integer PRIMARY KEY, mail text COLLATE {collation} UNIQUE);")
    platform.insert("accounts", [(99, live)])
    _agree(problems(platform, tmp_path, *mails), found)


def test_citext(postgres: Postgres, postgres_url: str, tmp_path: Path) -> None:
    administered(postgres, postgres_url, "CREATE EXTENSION citext")
    platform = PostgresPlatform(postgres_url)
    platform.run("CREATE TABLE accounts (id integer PRIMARY KEY, mail citext UNIQUE);")
    platform.insert("accounts", [(99, "Éva@x")])
    _agree(problems(platform, tmp_path, "éVA@x"), [("already", ("Éva@x",))])
    _agree(problems(platform, tmp_path, "Bob@x", "bob@x"), [("several", ("Bob@x",))])


def _agree(told: list[tuple[str, tuple[str, ...]]], expected: list[tuple[str, tuple[str]]]) -> None:
    assert [examples for _, examples in told] == [examples for _, examples in expected]
    assert all(word in what for (what, _), (word, _) in zip(told, expected, strict=True))
