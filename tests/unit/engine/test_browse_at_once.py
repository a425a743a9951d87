"""Many who look into the same archive at once, and far into a large table."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest

from migrator.engine.browse import browser as browser_module
from migrator.engine.browse.browser import Browser
from migrator.engine.browse.question import Question
from migrator.engine.browse.shelf import Shelf
from storage.archive import Archive
from storage.memory import MemoryStore
from storage.schema import Column, Table
from tests.support_archive import INTEGER, TEXT, write_archive

TABLES = [
    Table(name=name, columns=(Column(name="id", type=INTEGER), Column(name="words", type=TEXT))) for name in ("a", "b")
]
COUNT = 300_000


def archive(count: int) -> Archive:
    store = MemoryStore()
    numbers = pa.array(range(count), pa.int64())
    words = pa.array([f"{(number * 7919) % count:08} {'x' * 300}" for number in range(count)])
    rows = [pa.RecordBatch.from_arrays([numbers, words], names=["id", "words"]) for _ in TABLES]
    return Archive.open(store, write_archive(store, *zip(TABLES, rows, strict=True)).archive_id)


def test_a_table_that_many_look_into_for_the_first_time_is_shown_to_each(tmp_path: Path) -> None:
    """Even where the shelf holds none of them: what is read makes no room for others."""
    found = archive(500)
    looking = Browser(shelf=Shelf(folder=tmp_path, most_bytes=1))
    with ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(lambda number: looking.page(found, "ab"[number % 2], Question()), range(64)))
    assert {page.matching for page in pages} == {500}


@pytest.mark.parametrize("question", [Question(after=COUNT - 1), Question(after=COUNT - 1, sort="words")])
def test_the_last_page_of_a_large_table_is_shown(
    question: Question, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser_module, "_MEMORY", "64MB")
    page = Browser(shelf=Shelf(folder=tmp_path, most_bytes=1 << 30)).page(archive(COUNT), "a", question)
    (last,) = page.rows
    assert last[0].text == str(COUNT - 1) if not question.sort else (last[1].text or "").startswith(f"{COUNT - 1:08}")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
