"""SQLite's keys that are the rowid, those that only look like it, and tables that have none."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from migrator.contracts import Identity
from migrator.engine.load import Loaded, load
from migrator.engine.restore import Restored, restore
from migrator.engine.workbench import workbench
from migrator.outcomes import Verdict
from storage.archive import Archive
from storage.errors import Red
from tests.conformance.platforms import SqlitePlatform
from tests.unit.engine.support import checked, taken

KEYED = (
    "id INTEGER PRIMARY KEY, v",
    "id INTEGER PRIMARY KEY ASC, v",
    "id INTEGER PRIMARY KEY DESC, v",
    "id INTEGER PRIMARY KEY AUTOINCREMENT, v",
    "id INTEGER, v, PRIMARY KEY (id)",
    "id INTEGER, v, PRIMARY KEY (id DESC)",
    "id INTEGER, v, PRIMARY KEY (id COLLATE NOCASE)",
    "id INTEGER, v, PRIMARY KEY (id AUTOINCREMENT)",
    "id INTEGER, v, PRIMARY KEY (id, id)",
    'id "integer" PRIMARY KEY, v',
    "id INT PRIMARY KEY, v",
    "id BIGINT PRIMARY KEY, v",
    "id TEXT PRIMARY KEY, v",
)
ROWS = [(5, "a"), (-1, "b"), (2**53 + 1, "c")]
TABLES = (
    *(f"CREATE TABLE t ({columns})" for columns in KEYED if "TEXT" not in columns),
    "CREATE TABLE t (id INTEGER PRIMARY KEY, v) WITHOUT ROWID",
    "CREATE TABLE t (id INT, v TEXT, PRIMARY KEY (v DESC, id)) WITHOUT ROWID",
    "CREATE TABLE t (id INTEGER PRIMARY KEY DESC ON CONFLICT REPLACE, v)",
    "CREATE TABLE t (id INTEGER NOT NULL CONSTRAINT k PRIMARY KEY DESC, v)",
    "CREATE TABLE t (id INTEGER PRIMARY KEY DESC, v TEXT) STRICT",
)


@pytest.fixture
def source(tmp_path: Path) -> SqlitePlatform:
    return SqlitePlatform(tmp_path / "from.db")


def loaded(archive: Archive, target: SqlitePlatform, *columns: str) -> Loaded:
    lines = ["mapping: m", "version: 1", "tables:", "  t:", "    edges:", "      - from: t", "        columns:"]
    with workbench() as bench:
        mapping = "\n".join([*lines, *(f"          {name}: {name}" for name in columns)])
        found = checked(bench, archive, mapping, target)
        assert found.problems == () and found.prepared is not None
        identity = Identity(run="r1", plan="p", tenant="acme", archive="a", seal="s")
        return load(found.prepared, target.target(), identity, rehearse=False)


def restored(archive: Archive, place: Path) -> tuple[SqlitePlatform, Restored]:
    made = SqlitePlatform(place)
    place.unlink()
    return made, restore(archive, made.target(), made.source)


@pytest.mark.parametrize("columns", KEYED)
def test_a_key_is_an_identity_where_sqlite_fills_it_with_the_rowid(source: SqlitePlatform, columns: str) -> None:
    source.run(f"CREATE TABLE t ({columns})")
    described = source.source().describe().table("t").column("id")
    with closing(source.connect()) as connection:
        connection.execute("INSERT INTO t (id) VALUES (NULL)")
        (filled,) = connection.execute("SELECT id IS NOT NULL FROM t").fetchone()
    assert (described.identity, described.nullable) == (bool(filled), not filled)


@pytest.mark.parametrize("ddl", TABLES)
def test_rows_come_back_whatever_tells_them_apart(source: SqlitePlatform, tmp_path: Path, ddl: str) -> None:
    target = SqlitePlatform(tmp_path / "to.db")
    for platform in (source, target):
        platform.run(ddl)
    source.insert("t", ROWS)
    archive = taken(source, "root: database")[1]
    assert loaded(archive, target, "id", "v").verdict is Verdict.GREEN
    made, again = restored(archive, tmp_path / "again.db")
    assert (again.verdict, again.notes) == (Verdict.GREEN, ())
    for question in (
        "SELECT id, v FROM t ORDER BY id",
        "SELECT name, type, \"notnull\", pk FROM pragma_table_xinfo('t')",
        "SELECT origin, x.\"desc\", x.name FROM pragma_index_list('t') l, pragma_index_xinfo(l.name) x",
        "SELECT wr, strict FROM pragma_table_list('t')",
    ):
        assert made.rows(question) == source.rows(question)
    assert target.rows("SELECT id, v FROM t ORDER BY id") == sorted(ROWS)


@pytest.mark.parametrize("key", ["INT", "INTEGER", "TEXT"])
def test_rows_without_their_key_are_red_and_counted(source: SqlitePlatform, key: str) -> None:
    """SQLite lets them in, where a key is not the rowid."""
    source.run(f"CREATE TABLE t (id {key} PRIMARY KEY {'DESC' * (key == 'INTEGER')}, v)")
    source.insert("t", [(1, "a"), (None, "b"), (None, "b")])
    with pytest.raises(Red, match=r"2 row\(s\) have NULL in their primary key"):
        taken(source, "root: database")


def test_where_columns_hide_the_rowid_rows_are_read_and_none_are_loaded(source: SqlitePlatform, tmp_path: Path) -> None:
    target = SqlitePlatform(tmp_path / "to.db")
    for platform in (source, target):
        platform.run("CREATE TABLE t (rowid TEXT, oid, _rowid_)")
    source.insert("t", [("x", 1, 2), ("x", 1, 2), (None, b"", 1.5)])
    archive = taken(source, "root: database")[1]
    made, again = restored(archive, tmp_path / "again.db")
    assert again.verdict is Verdict.GREEN
    assert sorted(made.rows("SELECT * FROM t"), key=repr) == sorted(source.rows("SELECT * FROM t"), key=repr)
    with pytest.raises(Red, match="hide every name of the rowid"):
        loaded(archive, target, "rowid", "oid", "_rowid_")
    assert target.rows("SELECT * FROM t") == []
