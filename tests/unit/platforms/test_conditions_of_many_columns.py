"""A condition over every column of a table, of as many as a platform allows."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from migrator.platforms.relational.sqltext import any_of


@pytest.mark.parametrize("count", [1, 2, 3, 2_000])
def test_one_of_many_conditions_is_found_wherever_it_stands(count: int) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        for holding in {None, 0, count // 2, count - 1}:
            conditions = [str(int(number == holding)) for number in range(count)]
            [(found,)] = connection.execute(f"SELECT {any_of(conditions)}").fetchall()
            assert found == (holding is not None)
