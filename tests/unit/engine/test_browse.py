"""Looking into an archive: what a page shows is what the archive holds, and nothing else can be reached by it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings

from migrator.engine.browse.browser import Browser, Page
from migrator.engine.browse.question import Comparison, Condition, Question
from migrator.engine.browse.shelf import Shelf
from storage.archive import Archive
from storage.errors import Misuse, Red
from storage.local import LocalStore
from storage.memory import MemoryStore
from storage.objects import ObjectStore
from storage.schema import Column, Kind, Table, Type
from tests.support_archive import INTEGER, TEXT, rows_of, tables, write_archive

PEOPLE = Table(
    name="people",
    columns=(
        Column(name="id", type=INTEGER, nullable=False),
        Column(name="name", type=TEXT),
        Column(name="born", type=Type(kind=Kind.DATE)),
        Column(name="filename", type=TEXT),  # DuckDB has a column of that name of its own
    ),
    primary_key=("id",),
)
ROWS = rows_of(
    PEOPLE,
    (1, "Ada", None, "a"),
    (2, "ben", None, "b"),
    (3, None, None, "c"),
    (4, "Zoé O'Neil", None, None),
    (5, "x" * 5000, None, "e"),
)


def browser(folder: Path, most_bytes: int = 10 << 20) -> Browser:
    return Browser(shelf=Shelf(folder=folder, most_bytes=most_bytes))


def archive(store: ObjectStore, *contents: tuple[Table, pa.RecordBatch]) -> Archive:
    return Archive.open(store, write_archive(store, *(contents or [(PEOPLE, ROWS)])).archive_id)


def ids(page: Page) -> list[str | None]:
    return [row[0].text for row in page.rows]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=tables())
def test_every_row_is_shown_as_the_archive_has_it(content: tuple[Table, pa.RecordBatch], tmp_path: Path) -> None:
    found = archive(MemoryStore(), content)
    table = found.tables[0].table
    page = browser(tmp_path / found.identity.archive_id).page(found, table.name, Question(rows=500))
    (part,) = found.tables
    expected = list(_texts(found, part.table.name)) if table.columns else []
    assert page.matching == content[1].num_rows
    assert [tuple(cell.text for cell in row) for row in page.rows] == expected


def _texts(found: Archive, name: str) -> Iterator[tuple[str | None, ...]]:
    part = found.table(name)
    for columns, _count in found.cell_texts(part, master=False):
        yield from zip(*(column.to_pylist() for column in columns), strict=True)


def test_pages_follow_each_other(tmp_path: Path) -> None:
    found = archive(MemoryStore())
    looked = [browser(tmp_path).page(found, "people", Question(rows=2, after=after)) for after in (0, 2, 4, 6)]
    assert [ids(page) for page in looked] == [["1", "2"], ["3", "4"], ["5"], []]
    assert {page.matching for page in looked} == {5}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Condition(column="id", comparison=Comparison.IS, value="2"), ["2"]),
        (Condition(column="id", comparison=Comparison.IS_NOT, value="2"), ["1", "3", "4", "5"]),
        (Condition(column="id", comparison=Comparison.ABOVE, value="3"), ["4", "5"]),
        (Condition(column="id", comparison=Comparison.BELOW, value="2"), ["1"]),
        (Condition(column="name", comparison=Comparison.CONTAINS, value="O'N"), ["4"]),
        (Condition(column="name", comparison=Comparison.BEGINS, value="BE"), ["2"]),
        (Condition(column="name", comparison=Comparison.EMPTY), ["3"]),
        (Condition(column="filename", comparison=Comparison.FILLED), ["1", "2", "3", "5"]),
        (Condition(column="name", comparison=Comparison.IS, value="' OR true --"), []),
    ],
)
def test_rows_are_filtered_by_what_their_columns_hold(
    tmp_path: Path, condition: Condition, expected: list[str]
) -> None:
    page = browser(tmp_path).page(archive(MemoryStore()), "people", Question(conditions=(condition,)))
    assert (ids(page), page.matching) == (expected, len(expected))


def test_what_is_searched_is_found_in_any_column(tmp_path: Path) -> None:
    found = archive(MemoryStore())
    assert ids(browser(tmp_path).page(found, "people", Question(search="ADA"))) == ["1"]
    assert ids(browser(tmp_path).page(found, "people", Question(search="%"))) == []


def test_rows_are_sorted_and_those_without_a_value_come_last(tmp_path: Path) -> None:
    found = archive(MemoryStore())
    for is_descending, expected in ((False, ["1", "4", "2", "5", "3"]), (True, ["5", "2", "4", "1", "3"])):
        page = browser(tmp_path).page(found, "people", Question(sort="name", is_descending=is_descending))
        assert ids(page) == expected


def test_numbers_too_wide_for_the_workbench_are_shown_digit_by_digit(tmp_path: Path) -> None:
    """It would take them for floating-point numbers."""
    wide = Table(name="wide", columns=(Column(name="n", type=Type(kind=Kind.DECIMAL, precision=60, scale=8)),))
    texts = ["-0.00012064", "9" * 52 + ".99999999", "10.00000000", "9.00000000"]
    found = archive(MemoryStore(), (wide, rows_of(wide, *((Decimal(text),) for text in texts))))
    looking = browser(tmp_path)
    assert ids(looking.page(found, "wide", Question())) == texts
    assert [row[0] for row in looking.rows(found, "wide")] == texts
    assert ids(looking.page(found, "wide", Question(sort="n"))) == [texts[0], texts[3], texts[2], texts[1]]
    for comparison, value, numbers in (
        (Comparison.IS, texts[1], [1]),
        (Comparison.ABOVE, "9.5", [1, 2]),
        (Comparison.BELOW, "9.5", [0, 3]),
    ):
        question = Question(conditions=(Condition(column="n", comparison=comparison, value=value),))
        assert ids(looking.page(found, "wide", question)) == [texts[number] for number in numbers]


def test_a_long_value_is_cut_and_says_so(tmp_path: Path) -> None:
    page = browser(tmp_path).page(archive(MemoryStore()), "people", Question())
    cut = [(cell.is_cut, len(cell.text or "")) for row in page.rows for cell in row if cell.is_cut]
    assert cut == [(True, 2000)]


@pytest.mark.parametrize(
    ("table", "question", "message"),
    [
        ("peopel", Question(), "no table"),
        ("people", Question(sort="nam"), "no column 'nam'"),
        ("people", Question(conditions=(Condition(column="x", comparison=Comparison.EMPTY),)), "no column 'x'"),
        (
            "people",
            Question(conditions=(Condition(column="id", comparison=Comparison.IS, value="two"),)),
            "none of its",
        ),
        ("people", Question(rows=501), "1 to 500"),
        ("people", Question(after=-1), "1 to 500"),
    ],
)
def test_what_cannot_be_asked_is_refused(tmp_path: Path, table: str, question: Question, message: str) -> None:
    with pytest.raises(Misuse, match=message):
        browser(tmp_path).page(archive(MemoryStore()), table, question)


def test_a_changed_byte_is_shown_to_nobody(tmp_path: Path) -> None:
    found = archive(LocalStore(tmp_path / "store"))
    (part,) = found.table("people").parquet
    file = tmp_path / "store" / found.identity.archive_id / "data" / part.path
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.chmod(0o644)
    file.write_bytes(content)
    for _ in range(2):
        with pytest.raises(Red, match="corrupt"):
            browser(tmp_path / "cache").page(found, "people", Question())
    assert not list((tmp_path / "cache").rglob("*.parquet"))


def test_tables_that_were_read_long_ago_make_room(tmp_path: Path) -> None:
    store = MemoryStore()
    found = [archive(store) for _ in range(3)]
    size = found[0].table("people").parquet[0].bytes
    looking = browser(tmp_path, most_bytes=2 * size)
    for one in (found[0], found[1], found[0], found[2]):
        looking.page(one, "people", Question())
    held = {path.parts[-3] for path in tmp_path.rglob("*.parquet")}
    assert held == {found[0].identity.archive_id, found[2].identity.archive_id}
    looking.shelf.forget(found[0].identity.archive_id)
    assert {path.parts[-3] for path in tmp_path.rglob("*.parquet")} == {found[2].identity.archive_id}
