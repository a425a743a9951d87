from __future__ import annotations

import datetime as dt
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.identity import new_archive_id
from storage.names import FileNames, is_path

HOSTILE = [
    "../../etc",
    "a/b",
    "a\nb",
    "x" * 200,
    "CON",
    "con",
    "_files",
    "",
    ".",
    "Été",
    "été",
    "x.header",
    "a b",
    "a-b",
]


@given(st.lists(st.sampled_from(HOSTILE) | st.text(), unique=True))
def test_every_table_gets_a_safe_name_of_its_own(tables: list[str]) -> None:
    names = FileNames()
    given_names = [names.name(table) for table in tables]
    assert len(set(given_names)) == len(tables)
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,127}", name) for name in given_names)
    assert not {"con", "_files"} & set(given_names)


def test_a_stand_in_never_takes_the_name_of_another_table() -> None:
    stand_in = FileNames().name("Clients")
    names = FileNames()
    assert names.name(stand_in) == stand_in
    assert names.name("Clients") != stand_in


def test_who_expects_the_same_tables_names_them_alike_in_any_order() -> None:
    one, other = FileNames(["Notes", "notes!", "b"]), FileNames(["Notes", "notes!", "b"])
    assert {table: one.name(table) for table in ("b", "notes!", "Notes")} == {
        table: other.name(table) for table in ("Notes", "b", "notes!")
    }
    assert one.name(other.name("Notes")) != other.name("Notes")
    one.release(one.name("b"))
    assert one.name("b") == "b"


def test_plain_names_are_kept() -> None:
    assert FileNames().name("order_lines-2") == "order_lines-2"


@pytest.mark.parametrize("path", ["../a", "a/../b", "/a", "A", "a b", "a/.b", "a//b", "a\n", ""])
def test_paths_that_may_not_stand_under_data(path: str) -> None:
    assert not is_path(path)


def test_archive_ids_say_whose_and_when() -> None:
    at = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    assert re.fullmatch(r"societe-generale-20260102T010405Z-[0-9a-f]{8}", new_archive_id("Société / Générale!", at))
    assert re.fullmatch(r"tenant-\d{8}T\d{6}Z-[0-9a-f]{8}", new_archive_id("../💥", at))
