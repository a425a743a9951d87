"""Stock tools read an archive back exactly, with the options README.txt prints, and call it valid."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import bagit
import duckdb
import frictionless
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest

from storage.local import LocalStore
from storage.schema import Column, ForeignKey, Kind, Table, Type
from tests.support_archive import INTEGER, TEXT, TRAPS, clients, rows_of, write_archive

PARTS = Table(
    name="parts",
    columns=(
        Column(name="id", type=INTEGER, nullable=False),
        Column(name="client", type=INTEGER),
        Column(name="price", type=Type(kind=Kind.DECIMAL, precision=10, scale=2)),
        Column(name="weight", type=Type(kind=Kind.FLOAT)),
        Column(name="done", type=Type(kind=Kind.BOOLEAN)),
        Column(name="made", type=Type(kind=Kind.TIMESTAMPTZ)),
        Column(name="raw", type=Type(kind=Kind.BINARY)),
    ),
    primary_key=("id",),
    foreign_keys=(ForeignKey(name="client", columns=("client",), parent="Clients / été", parent_columns=("id",)),),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = LocalStore(tmp_path_factory.mktemp("store"))
    made = pd.Timestamp("0001-01-01", tz="UTC").to_pydatetime()
    parts = rows_of(PARTS, (1, 1, None, float("nan"), True, made, b""), (2, None, None, -0.0, None, None, None))
    empty = Table(name="empty", columns=(Column(name="x", type=TEXT),))
    sealed = write_archive(store, clients(), (PARTS, parts), (empty, rows_of(empty)))
    return Path(sealed.location)


@pytest.fixture
def master(folder: Path) -> Path:
    return next((folder / "data/csv").glob("clients*.csv"))


@pytest.fixture
def twin(folder: Path) -> Path:
    return next((folder / "data/parquet").glob("clients*")) / "part-00000.parquet"


IDS = [str(number) for number in range(1, len(TRAPS) + 2)]
NOTES = [None, *TRAPS]
TOKEN = "\\N2"  # noqa: S105 - the note column holds the texts \N and \N1


def test_bagit_validates(folder: Path) -> None:
    assert bagit.Bag(str(folder)).validate()


def test_bagit_notices_a_change(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "bag")
    with (tmp_path / "bag/data/csv/parts.csv").open("ab") as file:
        file.write(b"3,1,,,,,\r\n")
    with pytest.raises(bagit.BagValidationError):
        bagit.Bag(str(tmp_path / "bag")).validate()


def test_frictionless_validates_every_table(folder: Path) -> None:
    report = frictionless.validate(str(folder / "data/datapackage.json"))
    assert report.valid, [(error.message, error.note) for error in report.errors] + [
        error.message for task in report.tasks for error in task.errors
    ]
    rows = {task.name: task.stats.get("rows") or 0 for task in report.tasks if task.type == "table"}
    assert sorted(rows.values()) == [0, 0, 2, len(NOTES)]


def test_frictionless_reads_the_rows(folder: Path) -> None:
    package = frictionless.Package(str(folder / "data/datapackage.json"))
    [resource] = [one for one in package.resources if one.title == "Clients / été" and one.format == "csv"]
    assert [row["note"] for row in resource.read_rows()] == NOTES


def test_duckdb_reads_the_master_and_the_twin(master: Path, twin: Path) -> None:
    columns = "{'id': 'VARCHAR', 'note': 'VARCHAR', 'alt': 'VARCHAR'}"
    query = f"""SELECT * FROM read_csv('{master}', auto_detect = false, columns = {columns}, header = true, delim = ',',
        quote = '"', escape = '"', nullstr = '{TOKEN}', new_line = '\\r\\n', max_line_size = 100000000)"""
    with duckdb.connect() as connection:
        rows = connection.execute(query).fetchall()
        assert ([row[0] for row in rows], [row[1] for row in rows]) == (IDS, NOTES)
        rows = connection.execute(f"SELECT * FROM '{twin}'").fetchall()
        assert ([str(row[0]) for row in rows], [row[1] for row in rows]) == (IDS, NOTES)


def test_pandas_reads_the_master(master: Path) -> None:
    frame = pd.read_csv(master, dtype=str, keep_default_na=False, na_values=[TOKEN])
    assert [None if pd.isna(note) else note for note in frame["note"]] == NOTES
    assert list(frame["id"]) == IDS


def test_pyarrow_reads_the_master_and_the_twin(master: Path, twin: Path) -> None:
    table = pcsv.read_csv(
        master,
        parse_options=pcsv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=pcsv.ConvertOptions(
            column_types=dict.fromkeys(clients()[0].column_names, pa.string()),
            null_values=[TOKEN],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    assert (table["id"].to_pylist(), table["note"].to_pylist()) == (IDS, NOTES)
    assert pq.read_table(twin)["note"].to_pylist() == NOTES


def test_the_readme_prints_these_options_and_the_tokens(folder: Path) -> None:
    for name in ("README.txt", "LISEZMOI.txt"):
        text = re.sub(r"\s+", " ", (folder / name).read_text())
        assert "nullstr = '\\N', new_line = '\\r\\n', max_line_size" in text
        assert "keep_default_na=False, na_values=['\\\\N']" in text
        assert "strings_can_be_null=True, quoted_strings_can_be_null=False" in text
        assert f"note: {TOKEN}" in text
        assert "Acmé" in text
        assert "sh check-archive.sh --key" in text
        assert not re.search(r"\$[a-z]", text)
