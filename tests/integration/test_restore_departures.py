"""What a restore fails to declare is found, whatever it is: one statement of a driver is broken at a time.

No digest sees any of it. Nothing real breaks a driver, so its statements are spoilt on their way to the server.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from migrator.engine.restore import Restored, restore
from migrator.outcomes import Verdict
from migrator.platforms.mysql.connect import Connection
from migrator.platforms.postgres.rebuild_transaction import RebuildTransaction
from migrator.platforms.sqlite.restore import SqliteRebuilding
from storage.archive import Archive
from tests.conformance.made import KINDS, Made
from tests.conformance.platforms import Platform
from tests.unit.engine.support import taken

SQLITE = """
CREATE TABLE firms (id INTEGER PRIMARY KEY AUTOINCREMENT, name VARCHAR(20) NOT NULL COLLATE NOCASE UNIQUE);
CREATE TABLE people (
    id INTEGER PRIMARY KEY,
    firm INT REFERENCES firms (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    state TEXT DEFAULT 'new',
    paid DECIMAL(10,2),
    twice INT AS (id * 2) STORED,
    CONSTRAINT sensible CHECK (id > 0),
    CHECK (paid >= 0)
);
CREATE TABLE pairs (a INT, b INT NOT NULL ON CONFLICT IGNORE, PRIMARY KEY (a, b DESC)) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX by_state ON people (state COLLATE NOCASE, paid DESC) WHERE paid > 1;
INSERT INTO firms VALUES (1, 'one');
INSERT INTO people (id, firm, paid) VALUES (1, 1, 2.5);
PRAGMA user_version = 7;
"""
POSTGRES = """
CREATE TYPE mood AS ENUM ('low', 'high');
CREATE DOMAIN share AS numeric(5, 2) DEFAULT 1 CONSTRAINT whole CHECK (VALUE <= 100);
CREATE SEQUENCE tickets START 7 INCREMENT 3;
CREATE TABLE firms (
    id integer GENERATED ALWAYS AS IDENTITY (INCREMENT 5) PRIMARY KEY,
    name varchar(20) COLLATE "C" NOT NULL
);
CREATE TABLE people (
    id integer CONSTRAINT people_key PRIMARY KEY DEFERRABLE,
    firm integer CONSTRAINT its_firm REFERENCES firms ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    state text DEFAULT 'new' NOT NULL,
    paid numeric(10, 2),
    twice integer GENERATED ALWAYS AS (id * 2) STORED,
    feels mood DEFAULT 'low',
    part share,
    ticket bigint DEFAULT nextval('tickets'),
    CONSTRAINT sensible CHECK (id > 0),
    CONSTRAINT once UNIQUE (state, paid),
    CONSTRAINT apart EXCLUDE USING btree (paid WITH =) WHERE (paid > 7)
);
CREATE UNIQUE INDEX by_state ON people (lower(state) DESC, paid) INCLUDE (part) WHERE paid > 1;
CREATE TABLE kept (at integer NOT NULL, what text) PARTITION BY RANGE (at);
CREATE TABLE kept_early PARTITION OF kept FOR VALUES FROM (0) TO (10);
CREATE UNLOGGED TABLE loose (a integer) WITH (fillfactor = 70);
COMMENT ON TABLE people IS 'who works here';
COMMENT ON COLUMN people.paid IS 'in euros';
COMMENT ON INDEX by_state IS 'for the list';
COMMENT ON CONSTRAINT sensible ON people IS 'as ever';
COMMENT ON TYPE mood IS 'of people';
INSERT INTO firms (name) VALUES ('one');
INSERT INTO people (id, firm, paid) VALUES (1, 1, 2.5);
"""
MARIADB = """
CREATE SEQUENCE tickets START WITH 7 INCREMENT BY 3;
CREATE TABLE firms (
    id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT 'its name',
    UNIQUE KEY once (name)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC COMMENT='who pays';
CREATE TABLE people (
    id INT PRIMARY KEY,
    firm INT UNSIGNED,
    state VARCHAR(20) NOT NULL DEFAULT 'new',
    paid DECIMAL(10, 2),
    twice INT AS (id * 2) STORED,
    feels ENUM('low', 'high'),
    changed TIMESTAMP(3) NULL DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP(3),
    hidden INT INVISIBLE,
    ticket BIGINT DEFAULT NEXTVAL(tickets),
    CONSTRAINT sensible CHECK (id > 0),
    CONSTRAINT its_firm FOREIGN KEY (firm) REFERENCES firms (id) ON DELETE CASCADE,
    KEY by_state (state(5), paid) COMMENT 'for the list',
    FULLTEXT KEY by_word (state)
);
CREATE TABLE kept (at INT NOT NULL) PARTITION BY RANGE (at) (PARTITION early VALUES LESS THAN (10));
INSERT INTO firms (name) VALUES ('one');
INSERT INTO people (id, firm, paid) VALUES (1, 1, 2.5);
"""
SCRIPTS = dict(zip(KINDS, (SQLITE, POSTGRES, MARIADB), strict=True))

Broken = Mapping[str, tuple[str, str]]
"""By the place that is named in the end: what of a statement is written otherwise. One round breaks them all."""

NONE = "SELECT 1"
ROUNDS: dict[str, list[Broken]] = {
    "sqlite": [
        {
            "people.state": (r" DEFAULT \('new'\)", ""),
            "people.paid": (r"DECIMAL\(10,2\)", "DECIMAL"),
            "people, index by_state": (r'("state") COLLATE "NOCASE"', r"\1"),
            "people, computed column twice": (r"id \* 2", "id + id"),
            "people, check sensible": ("id > 0", "id >= 0"),
            "people, check paid >= 0": (r", CHECK \(paid >= 0\)", ""),
            "people, foreign key people.firm": (" DEFERRABLE INITIALLY DEFERRED", ""),
            "firms, numbered column id": (" AUTOINCREMENT", ""),
            "firms, written collation name": ('("name".*) COLLATE "NOCASE"', r"\1"),
            "firms, unique key sqlite_autoindex_firms_1": (r', UNIQUE \("name"\)', ""),
            "pairs, option strict": (", STRICT", ""),
            "pairs, option not null on conflict: b": (" ON CONFLICT IGNORE", ""),
        },
        {
            "people, index by_state": ('("paid") DESC', r"\1"),
            "people, foreign key people.firm": (" ON DELETE CASCADE", ""),
            "people, computed column twice": (" STORED", " VIRTUAL"),
            "firms.name": (" NOT NULL COLLATE", " COLLATE"),
            "pairs, index": ('"b" DESC', '"b"'),
            "pairs, option without rowid": ("WITHOUT ROWID, ", ""),
        },
        {"people, index by_state": (" WHERE .*", "")},
        {"people, index by_state": ("CREATE UNIQUE INDEX", "CREATE INDEX")},
        {"people, index by_state": ("CREATE UNIQUE INDEX.*", NONE)},
    ],
    "postgresql": [
        {
            "people.state": ("SET DEFAULT .*'new'.*", "DROP DEFAULT"),
            "people.ticket": ("SET DEFAULT .*nextval.*", "DROP DEFAULT"),
            "firms.id": ("ALTER SEQUENCE .* RESTART.*", NONE),
            "people.paid": (r"numeric\(10,2\)", "numeric"),
            "people, index by_state": ("(INDEX.*) WHERE .*", r"\1"),
            "people, index people_key": ("(PRIMARY KEY.*) DEFERRABLE", r"\1"),
            "people, foreign key its_firm": ("(FOREIGN KEY.*) DEFERRABLE INITIALLY DEFERRED", r"\1"),
            "people, computed column twice": (r"id \* 2", "id + id"),
            "people, check sensible": ("id > 0", "id >= 0"),
            "people, exclusion apart": ("(EXCLUDE.*) WHERE .*", r"\1"),
            "people": ("COMMENT ON TABLE.*", NONE),
            "firms.name": ('("name" .*) NOT NULL', r"\1"),
            "firms, numbered column id": ("GENERATED ALWAYS AS IDENTITY", "GENERATED BY DEFAULT AS IDENTITY"),
            "loose, option persistence": ("UNLOGGED ", ""),
            "kept, partition kept_early": (r"TO \(10\)", "TO (11)"),
            "sequence tickets": ("INCREMENT BY 3", "INCREMENT BY 1"),
            "type share": ("VALUE <= ", "VALUE < "),
            "type mood": ("COMMENT ON TYPE.*", NONE),
        },
        {
            "people.paid": ("COMMENT ON COLUMN.*", NONE),
            "people, index by_state": (r"(INDEX.*) INCLUDE \([^)]*\)", r"\1"),
            "people, foreign key its_firm": (" INITIALLY DEFERRED", ""),
            "people, check sensible": ("COMMENT ON CONSTRAINT.*", NONE),
            "people, exclusion apart": (".*EXCLUDE.*", NONE),
            "firms, written collation name": (' COLLATE .*"C"', ""),
            "firms, numbered column id": ("INCREMENT BY 5", "INCREMENT BY 1"),
            "loose, option fillfactor": (r" WITH \(.*fillfactor.*\)", ""),
            "type share": ("numeric[(]5,2[)]", "numeric(6,2)"),
        },
        {
            "people, index by_state": ("(INDEX.*) DESC", r"\1"),
            "people, foreign key its_firm": ("ON DELETE CASCADE", "ON DELETE SET NULL"),
            "people, check sensible": ("(CHECK .*id > 0.*)", r"\1 NOT VALID"),
            "people, unique key once": (".*UNIQUE.*once.*|.*once.* UNIQUE.*", NONE),
        },
        {"people, index by_state": ("COMMENT ON INDEX.*", NONE)},
        {"people, index by_state": ("CREATE UNIQUE INDEX", "CREATE INDEX")},
        {"people, index by_state": ("CREATE UNIQUE INDEX.*", NONE)},
    ],
    "mariadb": [
        {
            "people.state": (" DEFAULT 'new'", ""),
            "people.ticket": (r" DEFAULT \(nextval\([^)]*\)\)", ""),
            "people.paid": (r"decimal\(10,2\)", "decimal(10,3)"),
            "people.feels": ("'low','high'", "'low','high','else'"),
            "people.hidden": (r"int\(11\) NULL INVISIBLE", "bigint(20) NULL INVISIBLE"),
            "people, index by_state": (r"\(5\)", ""),
            "people, index by_word": ("FULLTEXT ", ""),
            "people, foreign key its_firm": ("ON DELETE CASCADE", "ON DELETE RESTRICT"),
            "people, computed column twice": (r'"id" \* 2', '"id" + "id"'),
            "people, check sensible": ('"id" > 0', '"id" >= 0'),
            "people, value at every update changed": (r" ON UPDATE current_timestamp\(3\)", ""),
            "firms": (" COMMENT='who pays'", ""),
            "firms.name": ("utf8mb4_bin", "utf8mb4_general_ci"),
            "firms, option row_format": ("row_format=DYNAMIC", ""),
            "firms, unique key once": ("UNIQUE KEY", "KEY"),
            "kept, partition early": (r"LESS THAN \(10\)", "LESS THAN (11)"),
            "sequence tickets": ("INCREMENT BY 3", "INCREMENT BY 1"),
        },
        {
            "people.state": (" NOT NULL DEFAULT 'new'", " DEFAULT 'new'"),
            "people, invisible column hidden": (" INVISIBLE", ""),
            "people, computed column twice": (" STORED", " VIRTUAL"),
            "people, check sensible": (r', CONSTRAINT "sensible" CHECK \("id" > 0\)', ""),
            "people, index by_state": (" COMMENT 'for the list'", ""),
            "firms.name": (" COMMENT 'its name'", ""),
        },
        {"people, index by_state": (".*by_state.*", NONE)},
    ],
}
SENDING: dict[str, tuple[type, str]] = {
    "sqlite": (SqliteRebuilding, "_execute"),
    "postgresql": (RebuildTransaction, "execute"),
    "mariadb": (Connection, "execute"),
}


def archived(made: Made, kind: str) -> Archive:
    source = made(kind)
    source.run(SCRIPTS[kind])
    return taken(source, "root: database")[1]


def restored(archive: Archive, empty: Platform) -> Restored:
    return restore(archive, empty.target(), empty.source)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_said_of_what_is_as_it_was(kind: str, made: Made) -> None:
    found = restored(archived(made, kind), made(kind))
    assert (found.verdict, found.departures, found.notes) == (Verdict.GREEN, (), ())


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_lost_is_found_and_nothing_else(kind: str, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = archived(made, kind)
    for broken in ROUNDS[kind]:
        spoilt: set[str] = set()
        with monkeypatch.context() as patch:
            patch.setattr(*SENDING[kind], spoiling(getattr(*SENDING[kind]), broken, spoilt))
            found = restored(archive, made(kind))
        assert spoilt == set(broken)
        assert [table.name for table in found.tables if not table.is_equal] == []
        assert found.verdict is Verdict.RED
        where = {departure.where for departure in found.departures}
        assert [one for one in broken if not any(place.startswith(one) for place in where)] == []
        assert [place for place in where if not is_of(place, broken)] == []


def test_what_no_restore_makes_excuses_nothing_else(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    source, spoilt = made("postgresql"), set[str]()
    source.run(
        "CREATE TABLE o (id int PRIMARY KEY);"
        " CREATE TABLE k (a int, o int CONSTRAINT its REFERENCES o ON DELETE CASCADE) PARTITION BY RANGE (a);"
        " CREATE TABLE k1 PARTITION OF k FOR VALUES FROM (0) TO (10);"
        " ALTER TABLE k1 ADD CONSTRAINT own FOREIGN KEY (o) REFERENCES o;"
    )
    archive = taken(source, "root: database")[1]
    broken = {"k, foreign key its": (" ON DELETE CASCADE", ""), "k, partition k1": (r"TO \(10\)", "TO (11)")}
    monkeypatch.setattr(RebuildTransaction, "execute", spoiling(RebuildTransaction.execute, broken, spoilt))
    found = restored(archive, made("postgresql"))
    assert {departure.where for departure in found.departures} == spoilt == set(broken)
    assert [note.what for note in found.notes] == ["not restored: what parts of it point at by themselves: own"]


def is_of(place: str, broken: Broken) -> bool:
    """Whether it is a place that was broken, or the same thing seen as a key, its index or its column."""
    name = place.split(" ")[-1].split(".")[-1]
    return any(place.startswith(one) or re.split("[ .]", one)[-1] == name for one in broken)


def spoiling(send: Callable[..., Any], broken: Broken, spoilt: set[str]) -> Callable[..., Any]:
    """What sends statements, with these changes."""

    def spoil(self: Any, statement: str, *rest: Any) -> Any:
        for where, (pattern, instead) in broken.items():
            if (changed := re.sub(pattern, instead, statement, count=1)) != statement:
                statement = changed
                spoilt.add(where)
        return send(self, statement, *rest)

    return spoil
