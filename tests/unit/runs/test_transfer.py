"""A catalog moves to PostgreSQL with all it holds, or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from migrator.outcomes import Verdict
from migrator.runs.catalog import Catalog
from migrator.runs.transfer import Transferred, transfer
from storage.errors import Fault, Misuse, Red

OLD = Path(__file__).with_name("catalog_0001.sql")


@contextmanager
def opened(url: str) -> Iterator[Catalog]:
    catalog = Catalog.open(url)
    try:
        yield catalog
    finally:
        catalog.close()


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A catalog of the first version that went on being used."""
    file = tmp_path / "catalog.db"
    connection = sqlite3.connect(file)
    connection.executescript(OLD.read_text("utf-8"))
    connection.close()
    with opened(f"sqlite:///{file}") as catalog:
        load = catalog.start(kind="migration", plan="ete-exit", tenant="Société Été")
        catalog.finish(load, verdict=Verdict.GREEN)
        catalog.record_report(load.run_id, format="json", path="/runs/verification.json", content=b"{}")
        undone = catalog.start(kind="rollback", plan="ete-exit", tenant="Société Été", of_run=load.run_id)
        catalog.finish(undone, verdict=Verdict.RED, error=Red("2 rows were kept", where="notes", next="look"))
    return file


def test_every_record_arrives_as_it_was_and_numbers_go_on(old: Path, postgres_url: str) -> None:
    assert transfer(old, postgres_url) == Transferred(archives=1, runs=4, reports=1)
    with opened(f"sqlite:///{old}") as before, opened(postgres_url) as after:
        assert after.runs() == before.runs()
        assert after.archives() == before.archives()
        assert [after.reports(run.run_id) for run in after.runs()] == [
            before.reports(run.run_id) for run in before.runs()
        ]
        assert after.start(kind="migration", plan="ete-exit", tenant="Société Été").number == 3


def test_a_catalog_in_use_takes_no_second_history(old: Path, postgres_url: str) -> None:
    transfer(old, postgres_url)
    with pytest.raises(Misuse, match="holds records already") as refused:
        transfer(old, postgres_url)
    assert refused.value.where.startswith("postgresql://")
    with opened(postgres_url) as catalog:
        assert len(catalog.runs()) == 4


def test_what_is_no_catalog_is_refused_and_gets_no_tables(tmp_path: Path, postgres_url: str) -> None:
    other, absent, note = (tmp_path / name for name in ("shop.db", "absent.db", "note.txt"))
    note.write_text("not a database")
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)")
    for file in (other, absent, note):
        with pytest.raises(Misuse, match="there is no catalog"):
            transfer(file, postgres_url)
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("orders",)]
    connection.close()
    assert not absent.exists()


def test_a_catalog_is_not_taken_into_itself(old: Path) -> None:
    with pytest.raises(Misuse, match="the catalog in use"):
        transfer(old, f"sqlite:///{old}")


def test_a_transfer_that_stops_half_way_leaves_nothing(old: Path, postgres_url: str) -> None:
    with sqlite3.connect(old) as connection:
        connection.execute("UPDATE runs SET host = ? WHERE kind = 'rollback'", ("h" * 300,))  # no room for it there
    connection.close()
    with pytest.raises(Fault):
        transfer(old, postgres_url)
    with opened(postgres_url) as catalog:
        assert catalog.archives() == catalog.runs() == ()
