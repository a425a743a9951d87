"""Where rows came from and went to: read from what a load decided, a few at a time."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from migrator.engine.whereabouts import Origin, Whereabouts

PEOPLE = {"table": "people", "column": "id", "target": "persons", "target_column": "id"}


def write(path: Path, about: dict[str, str] | None, **columns: list[object]) -> None:
    table = pa.table(columns)
    pq.write_table(table.replace_schema_metadata(about), path)


@pytest.fixture
def decided(tmp_path: Path) -> Whereabouts:
    write(tmp_path / "crosswalk-0.parquet", PEOPLE, old=[1, 2, 3], new=["a", "b", "c"])
    write(tmp_path / "crosswalk-1.parquet", {**PEOPLE, "table": "staff"}, old=["x"], new=["d"])
    write(tmp_path / "decided-1.parquet", {"table": "persons"}, id=["c", "d"], migrator_action=["keep", "overwrite"])
    several = {"Order": [7, 8], "order": [1, 2]}
    write(tmp_path / "decided-0.parquet", {"table": "lines"}, **several, migrator_action=["keep", "keep"])
    return Whereabouts(folder=tmp_path)


def test_a_key_in_the_target_tells_the_archived_row_of_whichever_table_it_came_from(decided: Whereabouts) -> None:
    found = decided.origins("persons", [{"id": "b"}, {"id": "d"}, {"id": "nobody"}, {"id": "a", "more": "1"}, {}])
    assert found == (
        Origin(table="people", column="id", value="2"),
        Origin(table="staff", column="id", value="x"),
        None,
        None,
        None,
    )
    assert decided.origins("remarks", [{"id": "b"}]) == (None,)


def test_an_archived_row_tells_its_key_in_the_target_and_what_was_done_there(decided: Whereabouts) -> None:
    assert decided.key_of("people", "persons") == "id"
    assert decided.key_of("people", "remarks") is None
    assert decided.became("people", "persons", ["1", "3", "9"]) == {"1": "a", "3": "c"}
    assert decided.actions("persons", ["a", "c", "d"]) == {"c": "keep", "d": "overwrite"}
    assert decided.actions("lines", ["7"]) == {}


def test_rows_that_stood_there_come_a_page_at_a_time_however_their_columns_are_called(decided: Whereabouts) -> None:
    found = decided.matched("lines", "keep", after=1, rows=5)
    assert (found.keys, found.matching) == (({"Order": "8", "order": "2"},), 2)
    assert decided.matched("persons", "keep", after=0, rows=5).keys == ({"id": "c"},)
    assert decided.matched("remarks", "keep", after=0, rows=5).matching == 0


def test_of_a_load_by_an_older_version_nothing_is_claimed(tmp_path: Path) -> None:
    write(tmp_path / "crosswalk-0.parquet", None, old=[1], new=["a"])
    write(tmp_path / "decided-0.parquet", None, id=["a"], migrator_action=["keep"])
    found = Whereabouts(folder=tmp_path)
    assert found.origins("persons", [{"id": "a"}]) == (None,)
    assert found.matched("persons", "keep", after=0, rows=5).keys == ()
    assert Whereabouts(folder=tmp_path / "none").origins("persons", [{"id": "a"}]) == (None,)
