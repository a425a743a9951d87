"""SQLite as a source: the file stays as it was, storage classes decide types, and every value comes out exact."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import tempfile
import threading
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.contracts import Among, Whole
from migrator.platforms.sqlite.source import SqliteSource
from storage.errors import Misuse, Recast
from storage.schema import Fidelity, Kind
from storage.types import Variant
from tests.conformance.platforms import VARIANT, KeyList, SqlitePlatform, texts
from tests.conformance.sources import selected
from tests.support_privileges import without_privileges


@pytest.fixture
def platform(tmp_path: Path) -> SqlitePlatform:
    (tmp_path / "folder").mkdir()
    return SqlitePlatform(tmp_path / "folder" / "source.db")


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Every file but -shm, which is memory that all connections share, not data."""
    return {path.name: b"" if path.name.endswith("-shm") else path.read_bytes() for path in folder.iterdir()}


def read_everything(source: SqliteSource) -> int:
    source.tenants(lambda name: True)
    table = source.describe().table("t")
    with source.fence() as reading:
        reading.census(table, Whole())
        wanted = Among(columns=("id",), keys=KeyList((reading.schema.table("t").column("id").type,), [(1,), (2,)]))
        assert reading.count(table, wanted) == len(selected(reading, "t", wanted)) == 2
        return len(selected(reading, "t", Whole()))


# ── nothing of the file changes ─────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("journal_mode", ["wal", "delete"])
def test_reading_leaves_file_and_folder_as_they_were(tmp_path: Path, journal_mode: str) -> None:
    platform = SqlitePlatform(tmp_path / "source.db", journal_mode=journal_mode)
    platform.run("CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1), (2);")
    before = bytes_of(tmp_path)
    assert read_everything(platform.source()) == 2
    assert bytes_of(tmp_path) == before


def test_somebodys_open_wal_stays_theirs(platform: SqlitePlatform) -> None:
    with closing(platform.connect()) as theirs:
        theirs.executescript("CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1), (2);")
        before = bytes_of(platform.path.parent)
        assert "source.db-wal" in before
        assert read_everything(platform.source()) == 2
        assert bytes_of(platform.path.parent) == before


def test_others_open_and_close_the_file_all_the_time(platform: SqlitePlatform) -> None:
    """The -wal and -shm beside the file come and go between any two looks at them."""
    platform.run("CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (id INTEGER PRIMARY KEY);")
    stop = threading.Event()

    def write() -> None:
        for number in itertools.count():
            if stop.is_set():
                return
            platform.run(f"BEGIN; INSERT INTO a VALUES ({number}); INSERT INTO b VALUES ({number}); COMMIT;")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(150):
            with platform.source().fence() as reading:
                counts = {reading.count(reading.schema.table(name), Whole()) for name in ("a", "b")}
                assert len(counts) == 1
    finally:
        stop.set()
        writer.join()


def test_a_dead_programs_wal_is_read_and_left(platform: SqlitePlatform, tmp_path: Path) -> None:
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    with closing(platform.connect()) as theirs:
        theirs.executescript("CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1), (2);")
        for name in ("source.db", "source.db-wal"):
            shutil.copy(platform.path.parent / name, crashed / name)
    before = bytes_of(crashed)
    assert read_everything(SqliteSource(f"sqlite:///{crashed / 'source.db'}")) == 2
    assert bytes_of(crashed) == before


def test_a_file_nobody_may_write_is_read(platform: SqlitePlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    platform.run("CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1), (2);")
    with tempfile.TemporaryDirectory(dir="/tmp") as name, tempfile.TemporaryDirectory(dir="/tmp") as scratch:
        folder, file = Path(name), Path(name) / "source.db"
        shutil.copy(platform.path, file)
        file.chmod(0o444)
        folder.chmod(0o555)
        Path(scratch).chmod(0o777)
        monkeypatch.setattr(tempfile, "tempdir", scratch)
        with without_privileges():
            assert read_everything(SqliteSource(f"sqlite:///{file}")) == 2
        folder.chmod(0o755)


def test_what_is_no_database_is_misuse(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear customer, this is not a database at all.")
    for url in (f"sqlite:///{tmp_path / 'letter.txt'}", f"sqlite:///{tmp_path / 'none.db'}", "sqlite:///", "mysql://x"):
        with pytest.raises(Misuse) as refused:
            SqliteSource(url)
        assert refused.value.where and refused.value.next


# ── declarations ────────────────────────────────────────────────────────────────────────────────────────────
def test_names_have_no_case_and_a_bare_reference_means_the_key(platform: SqlitePlatform) -> None:
    platform.run(
        'CREATE TABLE "Parent" ("Id" INTEGER PRIMARY KEY, "Code" TEXT UNIQUE);'
        "CREATE TABLE child (a INTEGER REFERENCES parent, b TEXT REFERENCES PARENT (CODE));"
    )
    keys = platform.source().describe().table("child").foreign_keys
    assert [(key.parent, key.parent_columns) for key in keys] == [("Parent", ("Id",)), ("Parent", ("Code",))]


def test_only_a_rowid_fills_itself(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE a (id INTEGER PRIMARY KEY);"
        "CREATE TABLE b (id INTEGER PRIMARY KEY) /* ) */ WITHOUT  ROWID -- (a note)\n;"
        "CREATE TABLE c (id INT PRIMARY KEY, \"WITHOUT ROWID\" TEXT DEFAULT ') WITHOUT ROWID');"
    )
    schema = platform.source().describe()
    assert [schema.table(name).column("id").identity for name in "abc"] == [True, False, False]
    assert [schema.table(name).column("id").nullable for name in "abc"] == [False, False, True]


def test_partial_and_expression_indexes_are_no_keys(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c TEXT);"
        "CREATE UNIQUE INDEX some ON t (a) WHERE b IS NULL; CREATE UNIQUE INDEX lowered ON t (lower(b));"
        "CREATE UNIQUE INDEX whole ON t (c, a);"
    )
    assert [key.columns for key in platform.source().describe().table("t").unique] == [("c", "a")]


def test_columns_named_like_the_rowid_hide_nothing(platform: SqlitePlatform) -> None:
    platform.run("CREATE TABLE t (rowid TEXT, oid INTEGER);")
    platform.insert("t", [("same", 1), ("same", 2), ("same", 3)])
    with platform.source().fence() as reading:
        wanted = Among(columns=("oid", "rowid"), keys=KeyList((VARIANT, VARIANT), [("i:2", "t:same")]))
        assert selected(reading, "t", wanted) == [("same", 2)]


def test_four_hundred_columns(platform: SqlitePlatform) -> None:
    columns = [f"c{i}" for i in range(450)]
    platform.run(f"CREATE TABLE t ({', '.join(columns)});")
    platform.insert("t", [[i if i % 2 else str(i) for i in range(450)]])
    with platform.source().fence() as reading:
        table, found = reading.census(reading.schema.table("t"), Whole())
        assert [one.found for one in found[:2]] == [("text",), ("integer",)]
        assert next(iter(reading.scan(table, Whole()))).num_columns == 450


# ── keys ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_keys_that_the_collation_calls_equal_give_a_row_once(platform: SqlitePlatform) -> None:
    platform.run("CREATE TABLE t (code TEXT COLLATE NOCASE PRIMARY KEY); INSERT INTO t VALUES ('Abc'), ('x');")
    with platform.source().fence() as reading:
        assert selected(reading, "t", Among(columns=("code",), keys=texts("ABC", "Abc", "abc"))) == [("Abc",)]


def test_keys_of_mixed_types_and_broken_text(platform: SqlitePlatform) -> None:
    platform.run("CREATE TABLE t (k PRIMARY KEY); INSERT INTO t VALUES (7), ('7'), (CAST(x'ff41' AS TEXT)), (x'37');")
    keys = [Variant.encode("7"), Variant.encode_text(b"\xff\x41"), Variant.encode("none")]
    with platform.source().fence() as reading:
        found = selected(reading, "t", Among(columns=("k",), keys=KeyList((VARIANT,), [(key,) for key in keys])))
    assert sorted(found) == sorted([("t:7",), (keys[1],)])


def test_rows_with_null_in_their_key_are_not_lost(platform: SqlitePlatform) -> None:
    platform.run("CREATE TABLE t (k TEXT PRIMARY KEY, n INTEGER); INSERT INTO t VALUES (NULL, 1), (NULL, 2), ('a', 3);")
    with platform.source().fence() as reading:
        assert len(selected(reading, "t", Whole())) == 3


# ── values ──────────────────────────────────────────────────────────────────────────────────────────────────
_TEXTS = st.one_of(
    st.text(max_size=8), st.sampled_from([b"\xff", b"a\x00b", b"\xed\xa0\x80", b"", b" ", b"\\N", "é".encode()])
)
_VALUES = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.binary(max_size=6),
    _TEXTS.map(lambda text: ("t", text)),
)


def _raw(value: object) -> bytes | None:
    """The bytes of a drawn text; None where it is something else, or a str no database could hold."""
    if not isinstance(value, tuple):
        return None
    return value[1] if isinstance(value[1], bytes) else value[1].encode("utf-8", "surrogatepass")


def _stored(value: object) -> object:
    """How SQLite holds it: NaN is NULL, text is its bytes."""
    raw = _raw(value)
    if raw is not None:
        return Variant.encode_text(raw)
    return None if value is None or value != value else Variant.encode(value)  # type: ignore[arg-type]


@given(st.lists(_VALUES, max_size=12))
@settings(max_examples=60, deadline=None)
def test_every_value_of_every_storage_class_comes_out_exact(values: list[object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        platform = SqlitePlatform(Path(folder) / "source.db", journal_mode="delete")
        platform.run("CREATE TABLE t (id INTEGER PRIMARY KEY, v);")
        with closing(platform.connect()) as connection:
            for value in values:
                raw = _raw(value)
                if raw is None:
                    connection.execute("INSERT INTO t (v) VALUES (?)", (value,))
                else:
                    connection.execute("INSERT INTO t (v) VALUES (CAST(? AS TEXT))", (raw,))
        with platform.source().fence() as reading:
            declared = [row[1] for row in selected(reading, "t", Whole())]
            table, (_, found) = reading.census(reading.schema.table("t"), Whole())
            tags = {cell and cell[0] for cell in declared} - {None}
            typed_cells = _typed_cells(reading, table)
    assert declared == [_stored(value) for value in values]
    assert found.nulls == declared.count(None)
    assert len(found.found) == len({"b" if tag == "b" else "t" if tag in "tx" else tag for tag in tags})
    if typed_cells is not None:
        assert typed_cells == declared


def _typed_cells(reading, table):  # type: ignore[no-untyped-def]
    """The column read with its census type, tagged; None where a value does not fit it."""
    try:
        cells = [row["v"] for batch in reading.scan(table, Whole()) for row in batch.to_pylist()]
    except Recast as recast:
        assert recast.column.type == VARIANT
        return None
    if table.column("v").type == VARIANT:
        return cells
    return [None if cell is None else Variant.encode(cell) for cell in cells]


@pytest.mark.parametrize("broken", [b"\xff", b"a\x00b"])
def test_text_no_text_column_can_hold_asks_for_another_type(platform: SqlitePlatform, broken: bytes) -> None:
    platform.run("CREATE TABLE t (id INTEGER PRIMARY KEY, note TEXT);")
    with closing(platform.connect()) as connection:
        connection.execute("INSERT INTO t VALUES (1, 'fine'), (2, CAST(? AS TEXT))", (broken,))
    with platform.source().fence() as reading:
        table, _ = reading.census(reading.schema.table("t"), Whole())
        with pytest.raises(Recast) as recast:
            list(reading.scan(table, Whole()))
        assert (recast.value.column.name, recast.value.column.type) == ("note", VARIANT)
        assert recast.value.column.fidelity is Fidelity.TEXT
        assert reading.count(table, Whole()) == 2  # the reading goes on after a refusal


def test_a_value_of_another_class_than_declared_decides(platform: SqlitePlatform) -> None:
    platform.run("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO t VALUES (1, 5), (2, 'many');")
    with platform.source().fence() as reading:
        with pytest.raises(Recast):
            list(reading.scan(reading.schema.table("t"), Whole()))
        table, _ = reading.census(reading.schema.table("t"), Whole())
        assert table.column("n").type.kind is Kind.VARIANT
        assert [row["n"] for batch in reading.scan(table, Whole()) for row in batch.to_pylist()] == ["i:5", "t:many"]


def test_utf_16_text_reads_the_same(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "wide.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA encoding = 'UTF-16le'")
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v)")
        connection.execute("INSERT INTO t VALUES (1, 'é😀'), (2, 7), (3, 'a' || char(0) || 'é')")
    with SqliteSource(f"sqlite:///{tmp_path / 'wide.db'}").fence() as reading:
        cells = [row[1] for row in selected(reading, "t", Whole())]
        assert cells == ["t:é😀", "i:7", Variant.encode_text("a\0é".encode())]
        among = Among(columns=("v",), keys=KeyList((VARIANT,), [(cells[0],), (cells[2],)]))
        assert [row[0] for row in selected(reading, "t", among)] == [1, 3]


@pytest.mark.parametrize(
    ("declared", "values", "kind"),
    [
        ("NUMERIC(10,2)", [12.5, 7, None], Kind.FLOAT),
        ("INTEGER", [12.5, 7], Kind.FLOAT),
        ("NUMERIC", [7, 8], Kind.INTEGER),
        ("NUMERIC", [12.5, 2**53 + 1], Kind.VARIANT),  # as a real it would be another number
        ("", [12.5, 7], Kind.VARIANT),  # without an affinity 7 and 7.0 are two values
        ("NUMERIC", [12.5, 7, "n/a"], Kind.VARIANT),
    ],
)
def test_amounts_are_reals_where_sqlite_itself_makes_integers_of_whole_ones(
    platform: SqlitePlatform, declared: str, values: list[object], kind: Kind
) -> None:
    platform.run(f"CREATE TABLE t (id INTEGER PRIMARY KEY, amount {declared})")
    with closing(platform.connect()) as connection:
        connection.executemany("INSERT INTO t (amount) VALUES (?)", [(value,) for value in values])
        connection.commit()
    with platform.source().fence() as reading:
        table, _ = reading.census(reading.schema.table("t"), Whole())
        try:
            found = [value for batch in reading.scan(table, Whole()) for value in batch.column("amount").to_pylist()]
        except Recast as recast:
            assert kind is Kind.VARIANT and recast.column.type.kind is Kind.VARIANT
            return
    assert table.column("amount").type.kind is kind
    if kind is not Kind.VARIANT:
        assert found == values
