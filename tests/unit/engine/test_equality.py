"""Which values the workbench calls equal, by the collation of the column they are compared as."""

from __future__ import annotations

import duckdb
import pytest

from migrator.engine.equality import folded, points_at
from storage.schema import Column, Kind, Type

_TEXT, _UNSIGNED = Type(kind=Kind.TEXT), Type(kind=Kind.DECIMAL, precision=20, scale=0)


@pytest.mark.parametrize(
    ("collation", "left", "right", "equal"),
    [
        (None, "FR", "fr", False),
        ("NOCASE", "FR", "fr", True),
        ("NOCASE", "É", "é", False),
        ("RTRIM", "FR ", "FR", True),
        ("utf8mb4_general_ci", "FR ", "fr", True),
        ("utf8mb4_general_ci", "Élan", "elan", True),
        ("utf8mb4_unicode_ci", "E\u0301lan", "élan", True),
        ("utf8mb4_0900_ai_ci", "FR ", "fr", False),
        ("utf8mb4_0900_ai_ci", "Élan", "ELAN", True),
        ("utf8mb4_0900_as_ci", "Élan", "ELAN", False),
        ("utf8mb4_bin", "FR ", "FR", True),
        ("utf8mb4_bin", "FR", "fr", False),
        ("utf8mb4_nopad_bin", "FR ", "FR", False),
        ("latin1_general_cs", "FR", "fr", False),
        ("binary", "FR ", "FR", False),
        ("fr_FR", "FR", "fr", False),  # it orders, and compares byte by byte
    ],
)
def test_a_collation_says_which_texts_are_one(collation: str | None, left: str, right: str, equal: bool) -> None:
    column = Column(name="code", type=_TEXT, collation=collation)
    query = f"SELECT {folded('l', column)} = {folded('r', column)} FROM (SELECT ? AS l, ? AS r)"
    assert duckdb.execute(query, [left, right]).fetchall() == [(equal,)]


def test_a_number_too_large_for_its_kind_still_points() -> None:
    """A child's values may all fit 64 bits with a sign where one of its parent's does not."""
    child, parent = Column(name="c", type=Type(kind=Kind.INTEGER)), Column(name="p", type=_UNSIGNED)
    query = f"SELECT {points_at(('t', child), ('t', parent))} FROM (SELECT 42::BIGINT AS c, ?::DECIMAL(20, 0) AS p) t"
    assert [duckdb.execute(query, [number]).fetchall() for number in (42, 43)] == [[(True,)], [(False,)]]
