"""An archive of MariaDB rebuilds its database: as the server itself dumps it, and nothing where it ends early."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pymysql
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.contracts import Target
from migrator.outcomes import Verdict
from migrator.platforms.mysql import lines
from migrator.platforms.mysql.address import address_of
from migrator.platforms.mysql.connect import connect
from migrator.platforms.mysql.declaration import table_declared
from migrator.platforms.mysql.indexes import index_declared
from migrator.platforms.mysql.locks import merge_lock, taken
from migrator.platforms.mysql.words import MARIADB
from migrator.platforms.relational.archived import MYSQL
from storage.errors import Misuse, Red, TransientFault
from storage.model import Check, Generated, Index, IndexPart, Model, Partition, TableModel
from storage.schema import Column, Kind, Table, Type, UniqueKey
from tests.conformance.platforms.mysql import MysqlPlatform
from tests.conformance.targets import die, killed
from tests.servers.mariadb import Mariadb
from tests.support_mysql_restore import archived, dumped, restored, tables_of, torture

INTEGER = Type(kind=Kind.INTEGER)


@pytest.fixture
def platform(mariadb_url: str) -> MysqlPlatform:
    return MysqlPlatform(mariadb_url)


@pytest.fixture
def empty(mariadb: Mariadb) -> Iterator[MysqlPlatform]:
    url = mariadb.database("again")
    yield MysqlPlatform(url)
    mariadb.drop(url)


def everything(platform: MysqlPlatform) -> list[tuple[object, ...]]:
    return platform.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()")


# ── hostile archives ────────────────────────────────────────────────────────────────────────────────────────
_PLAIN = Column(name="c", type=INTEGER, native="int(11)")
_ENDS = "1); DROP TABLE t; -- "


def declared(column: Column = _PLAIN, **of: object) -> str:
    table = Table(name="t", columns=(column,))
    return table_declared(table, TableModel(table="t", **of), name="t", words=MARIADB)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "make",
    [
        lambda: declared(replace(_PLAIN, native="int, x int")),
        lambda: declared(replace(_PLAIN, native="int DEFAULT 5 PRIMARY KEY")),
        lambda: declared(replace(_PLAIN, native=r"enum('\')")),
        lambda: declared(replace(_PLAIN, collation="utf8mb4_bin, x int")),
        lambda: declared(replace(_PLAIN, default=_ENDS)),
        lambda: declared(replace(_PLAIN, default=r"'\\'; DROP TABLE t; -- '")),
        lambda: declared(on_update={"c": _ENDS}),
        lambda: declared(generated=(Generated(column="c", expression=_ENDS),)),
        lambda: declared(checks=(Check(name="k", expression=_ENDS),)),
        lambda: declared(checks=(Check(name="c", expression=_ENDS, column="c"),)),
        lambda: declared(options={"engine": "InnoDB SELECT 1"}),
        lambda: declared(options={"row_format": "DYNAMIC DATA DIRECTORY='x'"}),
        lambda: declared(options={"collation": "utf8mb4_bin AS SELECT 1"}),
        lambda: declared(partitioned_by="HASH (c)) SELECT 1"),
        lambda: declared(partitioned_by="RANGE (c)", partitions=(Partition(name="p", schema=None, bound=_ENDS),)),
        lambda: index_declared(Index(name="i", parts=(IndexPart(expression=_ENDS),)), where="t", words=MARIADB),
    ],
)
def test_what_is_more_than_it_claims_is_refused_by_name(make: Callable[[], str]) -> None:
    with pytest.raises(Red) as refused:
        make()
    assert refused.value.where.startswith("t")


@pytest.mark.parametrize(
    "text", [r'"a\" ), x int DEFAULT (1) -- "', "$a$ ), x int DEFAULT (1) -- $a$", r"'\\' ), x int -- '"]
)
def test_signs_that_quote_elsewhere_only_quote_nothing_here(text: str) -> None:
    with pytest.raises(Red):
        MYSQL.expression(text, where="t.c")


def test_a_backslash_in_a_name_is_a_sign_of_the_name() -> None:
    assert MYSQL.expression('"a\\" > 0', where="t.c") == '("a\\" > 0)'


def test_an_option_nobody_here_says_again_is_told(platform: MysqlPlatform) -> None:
    model = Model(platform="mysql", tables=(TableModel(table="t", options={"data_directory": "/x"}),))
    with platform.target().rebuilding([Table(name="t", columns=(_PLAIN,))], model) as rebuilding:
        (note,) = rebuilding.finish()
    assert (note.where, note.what) == ("t", "data_directory=/x is left out")


def test_a_type_the_server_does_not_know_is_red_and_leaves_nothing(platform: MysqlPlatform) -> None:
    tables = [Table(name="a", columns=(_PLAIN,)), Table(name="b", columns=(replace(_PLAIN, native="hologram"),))]
    with (
        pytest.raises(Red, match="cannot have") as refused,
        platform.target().rebuilding(tables, Model(platform="mysql")),
    ):
        pass
    assert refused.value.where == "b"
    assert everything(platform) == []


@given(
    st.lists(
        st.tuples(
            st.none() | st.binary(max_size=20),
            st.none() | st.text(st.sampled_from('"é,\\\r\n'), max_size=20),
            st.none() | st.integers(-(2**63), 2**63 - 1),
        ),
        max_size=4,
    )
)
def test_large_rows_make_the_lines_that_small_ones_make(
    rows: list[tuple[bytes | None, str | None, int | None]],
) -> None:
    kinds = ((Kind.BINARY, "longblob"), (Kind.TEXT, "longtext"), (Kind.INTEGER, "int"))
    table = Table(name="t", columns=tuple(Column(name=n, type=Type(kind=kind), native=n) for kind, n in kinds))
    types = (pa.binary(), pa.string(), pa.int64())
    values = list(zip(*rows, strict=True)) or [(), (), ()]
    batch = pa.record_batch([pa.array(column, type_) for column, type_ in zip(values, types, strict=True)], list("abc"))
    small = b"".join(lines.lines(batch, table))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "_LARGE", -1)
        patch.setattr(lines, "_PIECE", 3)
        assert b"".join(lines.lines(batch, table)) == small


# ── the way back ────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("master", [False, True], ids=["parquet", "csv"])
def test_all_the_server_can_declare_and_hold_comes_back(
    platform: MysqlPlatform, empty: MysqlPlatform, tmp_path: Path, master: bool
) -> None:
    torture(platform)
    archive = archived(platform, tmp_path / "first")
    outcome = restored(archive, empty, master=master)
    assert [table.name for table in outcome.tables if not table.is_equal] == []
    assert outcome.verdict is Verdict.GREEN
    assert dumped(empty) == dumped(platform)
    assert {note.where for note in outcome.notes} == {"told", "versioned"}
    again = archived(empty, tmp_path / "second")
    assert {t.table.name: t.digest for t in again.tables} == {t.table.name: t.digest for t in archive.tables}
    assert again.model().tables == archive.model().tables


def test_where_no_files_are_taken_rows_go_in_by_statements(
    mariadb: Mariadb, platform: MysqlPlatform, empty: MysqlPlatform, tmp_path: Path
) -> None:
    torture(platform)
    archive = archived(platform, tmp_path)
    mariadb.admin("SET GLOBAL local_infile = 0")
    try:
        outcome = restored(archive, empty)
    finally:
        mariadb.admin("SET GLOBAL local_infile = 1")
    assert [table.name for table in outcome.tables if not table.is_equal] == []


def test_a_restored_database_goes_on_where_the_other_stood(
    platform: MysqlPlatform, empty: MysqlPlatform, tmp_path: Path
) -> None:
    torture(platform)
    restored(archived(platform, tmp_path), empty)
    empty.run("INSERT INTO numbers (big) VALUES (1); INSERT INTO computed (hidden) VALUES (NULL);")
    assert empty.rows("SELECT id FROM numbers WHERE big = 1") == [(100000000,)]
    ((number, id_, a, twice, word, down),) = empty.rows(
        "SELECT number, id, a, twice, word, down FROM computed WHERE id > 3"
    )
    assert (id_, a, twice, word) == (4, 3, 6, "x\\Y'")
    assert number > 505
    assert down < -41
    for refused in (
        "INSERT INTO computed (a) VALUES (-1)",
        "INSERT INTO child (id, parent_id) VALUES (9, 77)",
        "INSERT INTO texts (id, j) VALUES (9, 'no document')",
        "INSERT INTO \"Case\" VALUES (9, NULL, X'00ff', NULL)",
    ):
        with pytest.raises(pymysql.MySQLError):
            empty.run(refused)
    empty.run("DELETE FROM parent WHERE id = 1")
    assert empty.rows("SELECT id FROM child") == [(2,)]


def test_rows_that_violate_a_declaration_are_told_and_it_stands(
    platform: MysqlPlatform, empty: MysqlPlatform, tmp_path: Path
) -> None:
    platform.run(
        "CREATE TABLE p (id INT PRIMARY KEY); CREATE TABLE c (id INT PRIMARY KEY, p INT, n INT, s INT CHECK (s > 0),"
        " CONSTRAINT fk FOREIGN KEY (p) REFERENCES p (id), CONSTRAINT few CHECK (n < 10));"
        "SET check_constraint_checks = 0, foreign_key_checks = 0;"
        "INSERT INTO c VALUES (1, 7, 1, 1), (2, 7, 99, 1), (3, NULL, NULL, NULL), (4, 7, 11, 0);"
    )
    outcome = restored(archived(platform, tmp_path), empty)
    assert outcome.verdict is Verdict.GREEN
    found = {note.where: (note.count, note.examples) for note in outcome.notes}
    assert found == {"c.few": (2, ("2", "4")), "c.s": (1, ("4",)), "c.fk": (3, ("1", "2", "4"))}
    for refused in ("INSERT INTO c VALUES (9, 7, 1, 1)", "INSERT INTO c VALUES (9, NULL, 11, 1)"):
        with pytest.raises(pymysql.MySQLError):
            empty.run(refused)


def test_what_is_no_table_of_rows_is_told(platform: MysqlPlatform, empty: MysqlPlatform, tmp_path: Path) -> None:
    platform.run(
        "CREATE SEQUENCE nobody_calls START WITH 7; CREATE VIEW seen AS SELECT 1 AS one;"
        "CREATE TABLE t (id INT, a DATE, b DATE, PERIOD FOR stay (a, b), UNIQUE (id, stay WITHOUT OVERLAPS))"
        " PARTITION BY HASH (id) PARTITIONS 2; CREATE TRIGGER fires BEFORE INSERT ON t FOR EACH ROW SET NEW.id = 1;"
        "CREATE TABLE old (id INT) WITH SYSTEM VERSIONING"
        " PARTITION BY SYSTEM_TIME (PARTITION p HISTORY, PARTITION n CURRENT);"
        "CREATE PROCEDURE tidy() DELETE FROM t; CREATE FUNCTION one() RETURNS INT RETURN 1;"
        "CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DISABLE DO DELETE FROM t; ALTER DATABASE COMMENT 'the shop'"
    )
    outcome = restored(archived(platform, tmp_path), empty)
    of_all = [note.what.removeprefix("not restored: ") for note in outcome.notes if note.where == "the database"]
    assert of_all == ["events: nightly", "functions: one", "procedures: tidy", "the comment on the database"]
    found = sorted((note.where, note.what.split(":")[0]) for note in outcome.notes if note.where != "the database")
    assert found == [
        ("nobody_calls", "the sequence starts anew at 7"),
        ("old", "the archive holds no older versions of rows"),
        ("old", "the table is not partitioned"),
        ("seen", "views are not restored"),
        ("t", "its period stay, and that rows of a key do not overlap in it"),
        ("t", "triggers are not restored"),
    ]


def test_a_value_above_what_the_server_takes_is_said_to_be_so(mariadb: Mariadb, platform: MysqlPlatform) -> None:
    table = Table(name="t", columns=(Column(name="b", type=Type(kind=Kind.BINARY), native="longblob"),))
    large = pa.record_batch({"b": [bytes(3 << 20)]}, pa.schema([("b", pa.binary())]))
    mariadb.admin("SET GLOBAL max_allowed_packet = 2097152")
    try:
        with (
            pytest.raises(Red, match="max_allowed_packet is 2097152"),
            platform.target().rebuilding([table], Model(platform="mysql")) as rebuilding,
        ):
            rebuilding.fill(table, [large])
    finally:
        mariadb.admin("SET GLOBAL max_allowed_packet = DEFAULT")
    assert everything(platform) == []


def test_a_foreign_key_to_what_the_archive_does_not_hold_is_left_out(
    platform: MysqlPlatform, empty: MysqlPlatform
) -> None:
    platform.run(
        "CREATE TABLE p (id INT PRIMARY KEY); CREATE TABLE c (id INT, p INT, FOREIGN KEY (p) REFERENCES p (id))"
    )
    tables, rows = tables_of(platform)
    (child,) = [table for table in tables if table.name == "c"]
    with empty.target().rebuilding([child], Model(platform="mysql")) as rebuilding:
        rebuilding.fill(child, rows["c"])
        (note,) = rebuilding.finish()
    assert (note.where, "does not hold p" in note.what) == ("c.c_ibfk_1", True)
    assert everything(empty) == [("c",)]


def test_an_archive_without_a_model_gives_its_tables_keys_and_rows(
    platform: MysqlPlatform, empty: MysqlPlatform
) -> None:
    platform.run(
        "CREATE TABLE t (id INT AUTO_INCREMENT, a INT, b INT AS (a + 1) STORED, UNIQUE KEY by_a (a), KEY numbers (id));"
        "INSERT INTO t (a) VALUES (5), (6)"
    )
    tables, rows = tables_of(platform)
    with empty.target().rebuilding(tables, Model(platform="mysql")) as rebuilding:
        for table in tables:
            assert rebuilding.fill(table, rows[table.name]) == 2
        (note,) = rebuilding.finish()
    assert note.where == "t.b"
    assert sorted(empty.rows("SELECT * FROM t")) == [(1, 5, 6), (2, 6, 7)]
    assert empty.target().describe().table("t").unique == platform.target().describe().table("t").unique


# ── nothing, where it ends early ────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("there", "said"),
    [
        ("CREATE TABLE t (id INT)", "table t"),
        ("CREATE VIEW v AS SELECT 1 AS one", "view v"),
        ("CREATE SEQUENCE s", "sequence s"),
        ("CREATE FUNCTION f() RETURNS INT RETURN 1", "function f"),
    ],
)
def test_a_database_that_is_not_empty_is_refused(platform: MysqlPlatform, there: str, said: str) -> None:
    platform.run(there)
    before = everything(platform)
    tables = [Table(name="mine", columns=(_PLAIN,))]
    with (
        pytest.raises(Misuse, match=f"not empty: {said}"),
        platform.target().rebuilding(tables, Model(platform="mysql")),
    ):
        pass
    assert everything(platform) == before


def _up_to(step: str, target: Target, platform: MysqlPlatform) -> None:
    """Rebuild until that step is done, and stop there."""
    with platform.source().fence() as reading:
        model = reading.model(reading.schema.table_names)
    tables, rows = tables_of(platform)
    with target.rebuilding(tables, model) as rebuilding:
        for table in tables:
            if step != "declared":
                rebuilding.fill(table, rows[table.name])
        if step == "finished but for names":
            rebuilding._name = die  # type: ignore[attr-defined]
            rebuilding.finish()
        if step != "left":
            die()


_SMALL = """
CREATE SEQUENCE s;
CREATE TABLE p (id INT PRIMARY KEY DEFAULT (NEXTVAL(s)), n INT CHECK (n > 0));
CREATE TABLE c (id INT AUTO_INCREMENT PRIMARY KEY, p INT, KEY by_p (p), CONSTRAINT f FOREIGN KEY (p) REFERENCES p (id));
INSERT INTO p VALUES (1, 1), (2, NULL);
INSERT INTO c (p) VALUES (1), (2), (2);
"""


@pytest.mark.parametrize("step", ["declared", "filled", "finished but for names"])
def test_what_a_killed_restore_left_is_swept_by_the_next(
    platform: MysqlPlatform, empty: MysqlPlatform, tmp_path: Path, step: str
) -> None:
    platform.run(_SMALL)
    archive = archived(platform, tmp_path)
    killed(lambda: _up_to(step, empty.target(), platform))
    assert empty.target().describe().tables == ()
    outcome = restored(archive, empty)
    assert outcome.verdict is Verdict.GREEN
    assert ["killed" in note.what for note in outcome.notes] == [True]
    assert dumped(empty) == dumped(platform)


def test_left_without_an_end_it_leaves_nothing(platform: MysqlPlatform, empty: MysqlPlatform) -> None:
    platform.run(_SMALL)
    _up_to("left", empty.target(), platform)
    assert everything(empty) == []


def test_interrupted_while_the_server_works_it_leaves_nothing(platform: MysqlPlatform, empty: MysqlPlatform) -> None:
    table = Table(name="t", columns=(_PLAIN,), unique=(UniqueKey(name="u", columns=("c",)),))
    with closing(empty.connect()) as other, other.cursor() as cursor:

        def interrupt() -> None:
            while not empty.rows("SELECT 1 FROM information_schema.processlist WHERE state LIKE 'Waiting for table%'"):
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGINT)
            cursor.execute("UNLOCK TABLES")

        with (
            pytest.raises(KeyboardInterrupt),
            empty.target().rebuilding([table], Model(platform="mysql")) as rebuilding,
        ):
            cursor.execute('LOCK TABLES "migrator_restore:0" READ')
            threading.Thread(target=interrupt, daemon=True).start()
            rebuilding.finish()
    assert everything(empty) == []


def test_what_others_made_beside_a_killed_restore_is_not_touched(platform: MysqlPlatform, empty: MysqlPlatform) -> None:
    platform.run("CREATE SEQUENCE s; CREATE TABLE t (id INT PRIMARY KEY DEFAULT (NEXTVAL(s)))")
    killed(lambda: _up_to("filled", empty.target(), platform))
    empty.run("CREATE TABLE theirs (id INT)")
    before = everything(empty)
    with pytest.raises(Misuse, match="theirs"):
        _up_to("left", empty.target(), platform)
    assert everything(empty) == before


def test_two_restores_into_one_database_do_not_meet(platform: MysqlPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("migrator.platforms.mysql.restore._PATIENCE_S", 0)
    with closing(connect(address_of(platform.url), mode="ANSI_QUOTES")) as other:
        assert taken(other, merge_lock(other))
        with pytest.raises(TransientFault), platform.target().rebuilding([], Model(platform="mysql")):
            pass
