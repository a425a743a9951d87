"""Rows among those that satisfy a mapping's condition: it knows the columns by their names, whatever these are."""

from __future__ import annotations

from pathlib import Path

import pytest

from mappings.quote import identifier
from migrator.engine.browse.browser import Browser
from migrator.engine.browse.question import Question
from migrator.engine.browse.shelf import Shelf
from storage.archive import Archive
from storage.memory import MemoryStore
from storage.schema import Column, Table
from tests.support_archive import INTEGER, TEXT, rows_of, write_archive

NAMES = ("c1", "c0", "Order", "order", "file", "row", "rowid", "file^", "a b")


@pytest.fixture
def odd() -> Archive:
    columns = tuple(Column(name=name, type=TEXT) for name in NAMES)
    table = Table(name="odd", columns=(Column(name="id", type=INTEGER, nullable=False), *columns), primary_key=("id",))
    rows = [(number, *(f"{name} {number}" for name in NAMES)) for number in range(6)]
    store = MemoryStore()
    return Archive.open(store, write_archive(store, (table, rows_of(table, *rows))).archive_id)


@pytest.mark.parametrize("name", NAMES)
def test_each_column_is_the_one_of_that_name(odd: Archive, tmp_path: Path, name: str) -> None:
    browser = Browser(shelf=Shelf(folder=tmp_path, most_bytes=1 << 20))
    found = browser.page(odd, "odd", Question(), among=f"{identifier(name)} = '{name} 3'")
    assert found.matching == 1
    assert [cell.text for cell in found.rows[0]] == ["3", *(f"{name} 3" for name in NAMES)]


def test_pages_of_them_come_in_the_archives_order_and_are_searched(odd: Archive, tmp_path: Path) -> None:
    browser = Browser(shelf=Shelf(folder=tmp_path, most_bytes=1 << 20))
    found = browser.page(odd, "odd", Question(after=1, rows=2), among="id <> 2")
    assert (found.matching, [row[0].text for row in found.rows]) == (5, ["1", "3"])
    found = browser.page(odd, "odd", Question(search="4", sort="id", is_descending=True), among="id > 1")
    assert [row[0].text for row in found.rows] == ["4"]
