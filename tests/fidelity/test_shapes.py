"""Tables of odd shapes and names: every row and every column leaves, from the twin and from the master alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pytest

from migrator.engine.restore import restore
from migrator.engine.room import Room
from migrator.engine.workbench import workbench
from migrator.outcomes import Verdict
from storage.archive import Archive
from storage.errors import Fault
from storage.local import LocalStore
from tests.conformance.made import KINDS, Made
from tests.conformance.platforms import Platform, PostgresPlatform
from tests.fidelity.measure import archived
from tests.fidelity.shapes import Rows, held, held_table


@pytest.fixture(params=KINDS)
def platform(request: pytest.FixtureRequest, made: Made) -> Platform:
    return made(str(request.param))


@pytest.fixture
def postgres_platform(made: Made) -> PostgresPlatform:
    platform = made("postgresql")
    assert isinstance(platform, PostgresPlatform)
    return platform


def test_the_same_row_many_times_without_a_key(platform: Platform, tmp_path: Path) -> None:
    rows = [("x", 1)] * 3 + [(None, None)] * 2 + [("", 1), (" ", 1), ("x", None)]
    platform.run("CREATE TABLE t (a VARCHAR(9), b INTEGER);")
    platform.insert("t", rows)
    assert Counter(held_table(platform, tmp_path)) == Counter(rows)


def test_columns_that_are_null_in_every_row_and_tables_without_rows(platform: Platform, tmp_path: Path) -> None:
    """dlt drops such a column: dlt-hub/dlt#2390."""
    platform.run("CREATE TABLE bare (id INTEGER, d DATE, n DECIMAL(9,2), b {blob}, t {text});")
    platform.run("CREATE TABLE nulls (id INTEGER, d DATE, n DECIMAL(9,2), b {blob}, t {text});")
    platform.insert("nulls", [(number, None, None, None, None) for number in range(3)])
    names = ("id", "d", "n", "b", "t")
    assert list(held(platform, tmp_path)) == [
        ("bare", names, []),
        ("nulls", names, [(number, None, None, None, None) for number in range(3)]),
    ]


_NAMES = [
    "select",
    "table",
    "a/b",
    "../../etc/passwd",
    "a.b",
    ".hidden",
    "con",
    "nul.csv",
    'a"b',
    "a b",
    "it's",
    "é",
    "e\u0301",
    "a,b",
    "-rf",
    "x" * 63,
    "é" * 31 + "x",
    "日本",
    "%s {0} $1",
    "_files",
    "datapackage",
]
_ONLY_CASE = ["Name", "name", "NAME"]


def _names(kind: str) -> list[str]:
    return _NAMES if kind == "sqlite" else _NAMES + _ONLY_CASE


def _fill_names(platform: Platform, names: Iterable[str]) -> None:
    """A table of each name, whose only column and only value are that name too."""
    for name in names:
        quoted, text = name.replace('"', '""'), name.replace("'", "''")
        script = f'CREATE TABLE "{quoted}" ("{quoted}" VARCHAR(99)); INSERT INTO "{quoted}" VALUES (\'{text}\');'
        platform.run(script.replace("{", "{{").replace("}", "}}"))


@pytest.mark.parametrize("kind", KINDS)
def test_names_that_collide_are_paths_or_reserved(made: Made, tmp_path: Path, kind: str) -> None:
    platform = made(kind)
    names = _names(kind)
    _fill_names(platform, names)
    found = {name: (columns, rows) for name, columns, rows in held(platform, tmp_path)}
    assert found == {name: ((name,), [(name,)]) for name in names}


_MOST_COLUMNS = {"sqlite": 1_600, "postgresql": 1_600, "mariadb": 1_017}  # what each server makes of a table


def _fill_wide(platform: Platform, kind: str) -> tuple[tuple[str, ...], Rows]:
    names = tuple(f"c{number}" for number in range(_MOST_COLUMNS[kind]))
    platform.run(f"CREATE TABLE wide ({', '.join(f'{name} SMALLINT' for name in names)});")
    rows = [tuple(range(len(names))), (None,) * len(names), tuple(range(len(names)))[::-1]]
    for row in rows:
        platform.run(
            f"INSERT INTO wide VALUES ({', '.join('NULL' if value is None else str(value) for value in row)});"
        )
    return names, rows


@pytest.mark.parametrize("kind", KINDS)
def test_as_many_columns_as_the_server_knows(made: Made, tmp_path: Path, kind: str) -> None:
    platform = made(kind)
    names, rows = _fill_wide(platform, kind)
    ((_, found, kept),) = held(platform, tmp_path)
    assert found == names
    assert Counter(kept) == Counter(rows)


@pytest.mark.parametrize("kind", KINDS)
def test_they_come_back(made: Made, tmp_path: Path, kind: str) -> None:
    """Restored, every row of every table is what the database's own client saw before."""
    platform, again = made(kind), made(kind)
    _fill_names(platform, (name for name in _names(kind) if '"' not in name))  # dumps do not quote them
    _fill_wide(platform, kind)
    platform.run("CREATE TABLE keyless (a VARCHAR(9), b INTEGER); CREATE TABLE bare (id INTEGER, b {blob});")
    platform.insert("keyless", [("x", 1)] * 3 + [(None, None)] * 2 + [("", 1), (" ", 1)])
    platform.run("{postgresql:CREATE TABLE nothing (); INSERT INTO nothing DEFAULT VALUES;}SELECT 1;")
    store = LocalStore(tmp_path / "archives")
    with platform.source().fence() as reading:
        sealed = archived(reading, reading.schema.table_names, store)
    restored = restore(Archive.open(store, sealed.archive_id), again.target(), again.source)
    assert (restored.verdict, restored.notes) == (Verdict.GREEN, ())
    before, after = platform.dump(), again.dump()
    assert {**after, "": []} == {**before, "": []}


def test_a_table_without_columns(postgres_platform: PostgresPlatform, tmp_path: Path) -> None:
    postgres_platform.run("CREATE TABLE t (); INSERT INTO t DEFAULT VALUES; INSERT INTO t DEFAULT VALUES;")
    assert held_table(postgres_platform, tmp_path) == [(), ()]


def test_partitions_are_one_table_and_heirs_are_tables_of_their_own(
    postgres_platform: PostgresPlatform, tmp_path: Path
) -> None:
    postgres_platform.run(
        """
        CREATE SCHEMA "Other One";
        CREATE TABLE log (day date, id int) PARTITION BY RANGE (day);
        CREATE TABLE log_old PARTITION OF log FOR VALUES FROM (MINVALUE) TO ('2024-01-01');
        CREATE TABLE "Other One".log_new PARTITION OF log DEFAULT;
        CREATE TABLE base (id int); CREATE TABLE "Other One".heir (more text) INHERITS (base);
        INSERT INTO log VALUES ('2023-12-31', 1), ('2024-01-01', 2), ('infinity', 3);
        INSERT INTO base VALUES (1); INSERT INTO "Other One".heir VALUES (2, 'x');
        """
    )
    found = {name: Counter(rows) for name, _, rows in held(postgres_platform, tmp_path)}
    assert found == {
        "base": Counter([(1,)]),
        "Other One.heir": Counter([(2, "x")]),
        "log": Counter([("2023-12-31", 1), ("2024-01-01", 2), ("infinity", 3)]),
    }


def test_values_the_database_computes_are_archived_as_they_were(platform: Platform, tmp_path: Path) -> None:
    platform.run("CREATE TABLE t (a INTEGER, b INTEGER GENERATED ALWAYS AS (a * 2) STORED);")
    platform.run("INSERT INTO t (a) VALUES (21), (NULL);")
    assert Counter(held_table(platform, tmp_path)) == Counter([(21, 42), (None, None)])


def test_rows_that_violate_a_constraint_declared_since(postgres_platform: PostgresPlatform, tmp_path: Path) -> None:
    postgres_platform.run(
        "CREATE TABLE t (n int); INSERT INTO t VALUES (-1), (1); ALTER TABLE t ADD CHECK (n > 0) NOT VALID;"
    )
    assert Counter(held_table(postgres_platform, tmp_path)) == Counter([(-1,), (1,)])


def wide_batch() -> pa.RecordBatch:
    names = [f"c{number}" for number in range(1_600)]
    texts = pa.array([f"a text {number}" for number in range(500)])
    return pa.RecordBatch.from_arrays([texts] * len(names), names=names)


def test_the_workbench_holds_1600_columns_of_texts_where_it_is_told_of_them() -> None:
    batch = wide_batch()
    with workbench(room=Room.of(batch.num_columns)) as bench:
        for schema in ("arc", "staged"):
            bench.schema(schema)
        bench.ingest("arc", "t", [batch] * 12, batch.schema)
        bench.execute("CREATE TABLE staged.t AS SELECT * FROM arc.t")
        assert sum(found.num_rows for found in bench.batches("SELECT * FROM staged.t")) == 12 * batch.num_rows


def test_what_is_too_wide_for_the_workbench_is_a_fault_that_says_so() -> None:
    """Memory follows the width it is told of, and nothing else."""
    batch = wide_batch()
    with workbench() as bench, pytest.raises(Fault, match="needs more than its") as fault:
        bench.schema("arc")
        bench.ingest("arc", "t", [batch] * 12, batch.schema)
    assert "too many columns" in fault.value.next
