"""What only SQLite has is restored too: storage classes, kinds of tables, full text, options of the file."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from migrator.contracts import Reading, Whole
from migrator.platforms.sqlite.target import SqliteTarget
from storage.errors import Fault, Misuse, Recast, Red
from storage.model import Check, Index, IndexPart, Model, TableModel
from storage.problem import Problem
from storage.schema import Column, ForeignKey, Kind, Table, Type, UniqueKey
from tests.conformance.platforms import SqlitePlatform
from tests.conformance.rebuildings import reading_of, rows, told
from tests.support_archive import rows_of

ROOT = Path(__file__).parents[3]
INTEGER, TEXT = Type(kind=Kind.INTEGER), Type(kind=Kind.TEXT)
ID = Column(name="id", type=INTEGER, native="INTEGER", identity=True, nullable=False)
T = Table(name="t", columns=(ID, Column(name="a", type=TEXT, native="TEXT")), primary_key=("id",))
KNOWN = Model(platform="sqlite", tables=(TableModel(table="t"),))


@pytest.fixture
def source(tmp_path: Path) -> SqlitePlatform:
    return SqlitePlatform(tmp_path / "source.db")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where no file is yet."""
    folder = tmp_path / "restored"
    folder.mkdir()
    return folder / "app.db"


def target(place: Path) -> SqliteTarget:
    return SqliteTarget(f"sqlite:///{place}")


def rebuilt(source: SqlitePlatform, place: Path) -> tuple[Problem, ...]:
    """The source as a new file, equal to it in all that can be asked of both."""
    with reading_of(source) as (before, tables):
        tables = [exact(before, table) for table in tables]
        model = before.model(before.schema.table_names)
        with target(place).rebuilding(tables, model) as rebuilding:
            for table in tables:
                rebuilding.fill(table, before.scan(table, Whole()))
            problems = rebuilding.finish()
        with reading_of(SqlitePlatform(place)) as (after, _):
            same = [replace(table, triggers=()) for table in told(before.schema)]
            assert told(after.schema) == same
            assert after.model(after.schema.table_names) == replace(model, views=())
    return problems


def exact(reading: Reading, table: Table) -> Table:
    """The table as every one of its values is, as a snapshot finds it out."""
    while True:
        try:
            for _ in reading.scan(table, Whole()):
                pass
            return table
        except Recast as recast:
            columns = [recast.column if one.name == recast.column.name else one for one in table.columns]
            table = replace(table, columns=tuple(columns))


def restored(place: Path, table: Table, model: TableModel, *cells: tuple[object, ...]) -> tuple[Problem, ...]:
    with target(place).rebuilding([table], Model(platform="sqlite", tables=(model,))) as rebuilding:
        rebuilding.fill(table, [rows_of(table, *cells)])
        return rebuilding.finish()


def values(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


# ── as it was ───────────────────────────────────────────────────────────────────────────────────────────────
KINDS = {
    "counting up": "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a); INSERT INTO t (a) VALUES (1), ('1');",
    "without rowid": "CREATE TABLE t (a TEXT COLLATE NOCASE, b, PRIMARY KEY (b DESC, a COLLATE BINARY)) WITHOUT ROWID;"
    "INSERT INTO t VALUES ('x', 1), ('X', 1), ('x', x'00');",
    "strict": "CREATE TABLE t (a ANY, b INT NOT NULL, c REAL, d BLOB) STRICT; INSERT INTO t VALUES ('007', 1, 2, x'');",
    "descending integer": "CREATE TABLE t (id INTEGER PRIMARY KEY DESC, a); INSERT INTO t VALUES (2, 'b'), (NULL, 1);",
    "conflicts": "CREATE TABLE t (id INTEGER PRIMARY KEY ON CONFLICT IGNORE, a NOT NULL ON CONFLICT REPLACE DEFAULT 0,"
    "b UNIQUE ON CONFLICT FAIL, UNIQUE (a, b) ON CONFLICT ROLLBACK); INSERT INTO t VALUES (1, NULL, 2);",
    "collations": "CREATE TABLE t (a TEXT COLLATE RTRIM UNIQUE, b COLLATE BINARY); INSERT INTO t VALUES ('a  ', 'b ');",
    "defaults": """CREATE TABLE t (a DEFAULT abc, b DEFAULT "x""y", c DEFAULT 'it''s', d INT DEFAULT -1, e DEFAULT NULL,
        f DEFAULT (1 + (2)), g DEFAULT CURRENT_TIMESTAMP, h DEFAULT TRUE, i DEFAULT x'00ff', j DEFAULT ('a' || ';'));
        INSERT INTO t DEFAULT VALUES;""",
    "odd types": 'CREATE TABLE t (a "odd type", b DECIMAL( 10 , 2 ), c [x](3), d "CHECK", e UNSIGNED BIG INT,'
    ' f "INT;"); INSERT INTO t VALUES (1, 2.5, 3, 4, 5, 6);',
    "odd names": """CREATE TABLE "t ''; --" ("select" INT, "a""b'c" TEXT, [d e] INT, "%s ?" INT, é INT);
        INSERT INTO "t ''; --" VALUES (1, 'x', 2, 3, 4); CREATE INDEX "odd ""index" ON "t ''; --" ("a""b'c");""",
    "computed": "CREATE TABLE t (a INT, b INT AS (a * 2) STORED UNIQUE, c TEXT AS (b || ';') NOT NULL);"
    "INSERT INTO t VALUES (1), (2);",
    "indexes": """CREATE TABLE t (a, b TEXT COLLATE NOCASE, c); CREATE UNIQUE INDEX u ON t (b DESC) WHERE c > 1;
        CREATE INDEX e ON t (lower(b) COLLATE BINARY, (a + 1) DESC); INSERT INTO t VALUES (1, 'x', 0), (2, 'X', 0);""",
    "deferred": """CREATE TABLE p (a INT, b INT, UNIQUE (a, b));
        CREATE TABLE t (a INT, b INT, c REFERENCES t (c) DEFERRABLE INITIALLY DEFERRED UNIQUE,
        FOREIGN KEY (a, b) REFERENCES p (a, b) ON DELETE SET DEFAULT ON UPDATE CASCADE);
        INSERT INTO p VALUES (1, 2); INSERT INTO t VALUES (1, 2, 5), (NULL, 7, NULL);""",
    "the file": "CREATE TABLE t (a); PRAGMA user_version = -7; PRAGMA application_id = 1196444487;",
    "many columns": f"CREATE TABLE t ({', '.join(f'c{n} TEXT DEFAULT {n}' for n in range(1600))});"
    "INSERT INTO t (c0) VALUES ('x');",
}


@pytest.mark.parametrize("script", KINDS.values(), ids=KINDS)
def test_what_a_file_declares_is_declared_again(source: SqlitePlatform, place: Path, script: str) -> None:
    source.run(script)
    assert rebuilt(source, place) == ()
    assert rows(SqlitePlatform(place)) == rows(source)


def test_values_keep_their_storage_classes(source: SqlitePlatform, place: Path) -> None:
    source.run(
        r"""CREATE TABLE t (id INTEGER PRIMARY KEY, a, n NUMERIC, r REAL, s TEXT, b BLOB);
        INSERT INTO t VALUES
        (1, 1, 7.0, 7, '', x''), (2, '1', 0.5, -0.0, ' ', NULL), (3, 1.0, 'x', 9e999, '\N', 'text'),
        (4, x'31', 9007199254740993, 5e-324, 'NULL', x'00ff'), (5, NULL, '12 ', -9e999, NULL, 3),
        (6, CAST(x'ff00' AS TEXT), x'', 1e-5, CAST(x'e9' AS TEXT), 1.5),
        (7, 'a' || char(0) || 'b', 1, 1, char(13, 10), 1),
        (8, char(0x1F642, 0x301, 0xFEFF), -9223372036854775808, 1, '"', 9223372036854775807);"""
    )
    assert rebuilt(source, place) == ()
    classes = "SELECT id, typeof(a), hex(a), typeof(n), n, typeof(r), r, hex(s), typeof(s), typeof(b), hex(b) FROM t"
    assert values(place, classes) == values(source.path, classes)


@pytest.mark.parametrize("encoding", ["UTF-16le", "UTF-16be"])
def test_the_encoding_is_kept_and_half_characters_with_it(tmp_path: Path, place: Path, encoding: str) -> None:
    path = tmp_path / "wide.db"
    lone = "3dd8" if encoding == "UTF-16le" else "d83d"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            f"PRAGMA encoding = '{encoding}'; PRAGMA auto_vacuum = 2; CREATE TABLE t (a TEXT);"
            f"INSERT INTO t VALUES ('é🙂'), (CAST(x'{lone}' AS TEXT)), (NULL);"
        )
    source = SqlitePlatform(path)
    assert rebuilt(source, place) == ()
    for query in ("SELECT typeof(a), hex(CAST(a AS BLOB)) FROM t", "PRAGMA encoding", "PRAGMA auto_vacuum"):
        assert values(place, query) == values(path, query)


def test_full_text_is_searched_again(source: SqlitePlatform, place: Path) -> None:
    source.run(
        """CREATE TABLE docs (id INTEGER PRIMARY KEY, body TEXT);
        INSERT INTO docs VALUES (5, 'running'), (9, 'swimming');
        CREATE VIRTUAL TABLE own USING fts5(body, tokenize = 'porter'); INSERT INTO own VALUES ('he runs');
        CREATE VIRTUAL TABLE outer_ USING fts5(body, content = 'docs', content_rowid = 'id', tokenize = 'porter');
        INSERT INTO outer_ (outer_) VALUES ('rebuild');
        CREATE VIRTUAL TABLE older USING fts4(a, b); INSERT INTO older VALUES ('one', 'two');"""
    )
    problems = rebuilt(source, place)
    assert {problem.where for problem in problems} == {"own", "outer_", "older"}
    assert values(place, "SELECT body FROM own WHERE own MATCH 'run'") == [("he runs",)]
    assert values(place, "SELECT rowid FROM outer_ WHERE outer_ MATCH 'swim'") == [(9,)]
    assert values(place, "SELECT a FROM older WHERE b MATCH 'two'") == [("one",)]


def test_shapes_are_found_again(source: SqlitePlatform, place: Path) -> None:
    source.run(
        """CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1, +note); INSERT INTO boxes VALUES (3, 0.1, 1.5, 'n');
        CREATE VIRTUAL TABLE whole USING rtree_i32(id, x0, x1); INSERT INTO whole VALUES (-4, 1, 2);"""
    )
    assert {problem.where for problem in rebuilt(source, place)} == {"boxes", "whole"}
    assert values(place, "SELECT id, note FROM boxes WHERE x1 > 1") == [(3, "n")]
    assert values(place, "SELECT id FROM whole WHERE x0 = 1") == [(-4,)]


def test_triggers_and_views_are_told_and_not_made(source: SqlitePlatform, place: Path) -> None:
    source.run(
        "CREATE TABLE t (a); CREATE VIEW v AS SELECT a FROM t; CREATE VIEW w AS SELECT 1;"
        "CREATE TRIGGER shout AFTER INSERT ON t BEGIN SELECT 1; END;"
    )
    problems = rebuilt(source, place)
    assert [(one.where, one.count, one.examples) for one in problems] == [
        ("t", 1, ("shout",)),
        ("views", 2, ("v", "w")),
    ]


def test_rows_that_broke_a_check_in_the_source_break_it_again(source: SqlitePlatform, place: Path) -> None:
    source.run("CREATE TABLE t (id INTEGER PRIMARY KEY, n INT, CONSTRAINT small CHECK (n < 10));")
    source.run("PRAGMA ignore_check_constraints = ON; INSERT INTO t VALUES (1, 5), (2, 50), (3, 60), (4, NULL);")
    (problem,) = rebuilt(source, place)
    assert (problem.where, problem.count, problem.examples) == ("t, check small", 2, ("2", "3"))
    with pytest.raises(sqlite3.IntegrityError, match="small"):
        values(place, "INSERT INTO t VALUES (9, 99)")


def test_rows_without_parents_are_told_by_their_keys(source: SqlitePlatform, place: Path) -> None:
    source.run("CREATE TABLE p (id INTEGER PRIMARY KEY);")
    source.run("CREATE TABLE t (id TEXT PRIMARY KEY, p INTEGER REFERENCES p, q REFERENCES p (id));")
    source.run("PRAGMA foreign_keys = OFF; INSERT INTO t VALUES ('a', 7, NULL), ('b', 8, 9), ('c', NULL, NULL);")
    problems = rebuilt(source, place)
    found = {problem.where: (problem.count, problem.examples) for problem in problems}
    assert found == {"t, foreign key p": (2, ("a", "b")), "t, foreign key q": (1, ("b",))}


# ── archives of before ──────────────────────────────────────────────────────────────────────────────────────
def test_an_archive_that_says_nothing_of_its_tables_is_restored_by_what_its_columns_say(place: Path) -> None:
    table = Table(
        name="t",
        columns=(ID, Column(name="a", type=TEXT), Column(name="twice", type=INTEGER, generated=True)),
        primary_key=("id",),
        unique=(UniqueKey(name="sqlite_autoindex_t_1", columns=("a",)), UniqueKey(name="own", columns=("a", "twice"))),
    )
    with target(place).rebuilding([table], Model(platform="sqlite")) as rebuilding:
        rebuilding.fill(table, [rows_of(table, (1, "x", 2))])
        (problem,) = rebuilding.finish()
    assert "older version" in problem.what and problem.where == "t"
    assert values(place, "SELECT * FROM t") == [(1, "x", 2)]
    assert values(place, "SELECT name, origin FROM pragma_index_list('t') ORDER BY 1") == [
        ("own", "c"),
        ("sqlite_autoindex_t_1", "u"),
    ]
    with pytest.raises(sqlite3.IntegrityError, match=r"t\.a"):
        values(place, "INSERT INTO t (a) VALUES ('x')")


# ── what cannot be ──────────────────────────────────────────────────────────────────────────────────────────
def test_what_calls_functions_of_the_product_is_left_out(place: Path) -> None:
    model = TableModel(
        table="t",
        checks=(Check(name="theirs", expression="is_iban(a)"), Check(name="ours", expression="length(a) < 9")),
        indexes=(
            Index(name="i", parts=(IndexPart(expression="soundslike(a)"),)),
            Index(name="j", parts=(IndexPart(column="a"),)),
        ),
    )
    problems = restored(place, T, model, (1, "x"))
    assert {problem.where for problem in problems} == {"t, check theirs", "t, index i"}
    assert all("no such function" in problem.what for problem in problems)
    with pytest.raises(sqlite3.IntegrityError, match="ours"):
        values(place, "INSERT INTO t VALUES (2, 'much too long')")
    assert values(place, "SELECT name FROM sqlite_master WHERE type = 'index'") == [("j",)]


@pytest.mark.parametrize(
    ("table", "model", "said"),
    [
        (replace(T, columns=()), TableModel(table="t"), "without columns"),
        (T, TableModel(table="t", options={"using": "csv", "arguments": "'/etc/passwd'"}), "module 'csv'"),
        (T, TableModel(table="t", options={"using": "fts5", "arguments": "a); DROP TABLE t; --"}), "not an expression"),
        (T, TableModel(table="t", checks=(Check(name="c", expression="1) --"),)), "not an expression"),
        (T, TableModel(table="t", collations={"a": 'x" y'}), "no such collation"),
        (replace(T, name="a\0b"), TableModel(table="a\0b"), "a name that no SQLite has"),
        (replace(T, name="a\ud800"), TableModel(table="a\ud800"), "a name that no SQLite has"),
        (replace(T, name="sqlite_t"), TableModel(table="sqlite_t"), "reserved"),
        (
            replace(
                T,
                foreign_keys=(ForeignKey(name="f", columns=("a",), parent="t", parent_columns=("a",), on_delete="X"),),
            ),
            TableModel(table="t"),
            "'X' is none of",
        ),
        (
            T,
            TableModel(
                table="t",
                indexes=(Index(name="", parts=(IndexPart(column="a"),), constraint="u", options={"on conflict": "X"}),),
            ),
            "'X' is none of",
        ),
        (
            replace(T, columns=(ID, Column(name="a", type=TEXT, default="1); --"))),
            TableModel(table="t"),
            "not an expression",
        ),
        (replace(T, columns=(ID, Column(name="a", type=TEXT, default="'"))), TableModel(table="t"), "not a default"),
    ],
)
def test_what_no_sqlite_has_is_refused_by_name(place: Path, table: Table, model: TableModel, said: str) -> None:
    with pytest.raises(Red) as refused:
        restored(place, table, model)
    assert said in refused.value.what
    assert refused.value.where.startswith(table.name) and refused.value.next
    assert list(place.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("type_", "value", "said"),
    [(Type(kind=Kind.DATE), None, "no place for date"), (TEXT, None, "NOT NULL constraint failed")],
)
def test_rows_no_table_takes_are_refused(place: Path, type_: Type, value: object, said: str) -> None:
    table = replace(T, columns=(ID, Column(name="a", type=type_, nullable=False)))
    with pytest.raises(Red, match=said) as refused:
        restored(place, table, TableModel(table="t"), (1, value))
    assert refused.value.where.startswith("t")
    assert list(place.parent.iterdir()) == []


def test_an_archive_of_another_encoding_is_refused_where_the_file_is_not_new(tmp_path: Path) -> None:
    there = SqlitePlatform(tmp_path / "there.db")  # empty, and yet it has pages
    for name, value in (("encoding", "UTF-16le"), ("auto_vacuum", "1")):
        model = replace(KNOWN, options={name: value})
        with pytest.raises(Misuse, match=f"{name} {value}"), target(there.path).rebuilding([T], model):
            pass
    assert there.dump() == {"": []}


# ── nothing by halves ───────────────────────────────────────────────────────────────────────────────────────
def test_a_file_that_was_made_goes_again(place: Path) -> None:
    with target(place).rebuilding([T], KNOWN) as rebuilding:
        rebuilding.fill(T, [rows_of(T, (1, "x"))])
        assert place.exists()
    assert list(place.parent.iterdir()) == []


def test_a_restored_file_is_its_owner_s_alone(place: Path) -> None:
    restored(place, T, TableModel(table="t"), (1, "x"))
    assert place.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in place.parent.iterdir()] == ["app.db"]


def test_a_killed_restore_leaves_what_the_next_one_takes_for_empty(place: Path) -> None:
    program = """
import os, signal, sys
from tests.unit.platforms.test_sqlite_restore import KNOWN, T, SqliteTarget, rows_of
with SqliteTarget(sys.argv[1]).rebuilding([T], KNOWN) as rebuilding:
    batch = rows_of(T, *((number, "x" * 1000) for number in range(8000)))
    rebuilding.fill(T, [batch])
    os.kill(os.getpid(), signal.SIGKILL)
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run([sys.executable, "-c", program, f"sqlite:///{place}"], env=environment, cwd=ROOT)
    assert ended.returncode == -signal.SIGKILL and place.exists()
    assert restored(place, T, TableModel(table="t"), (1, "x")) == ()
    assert values(place, "SELECT * FROM t") == [(1, "x")]


@pytest.mark.parametrize("bad", ["folder", "nowhere", "text"])
def test_a_place_that_is_none(tmp_path: Path, bad: str) -> None:
    (tmp_path / "text").write_text("no database, and long enough to be one" * 9)
    places = {"folder": tmp_path, "nowhere": tmp_path / "no" / "where.db", "text": tmp_path / "text"}
    with pytest.raises((Misuse, Fault)) as refused:
        restored(places[bad], T, TableModel(table="t"))
    assert refused.value.where and refused.value.next
    assert sorted(path.name for path in tmp_path.iterdir()) == ["text"]


def test_a_target_that_is_not_there_is_still_no_target_for_a_load(place: Path) -> None:
    with pytest.raises(Misuse, match="no such file"):
        target(place).describe()
    assert not place.exists()
