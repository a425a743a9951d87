"""Which values the workbench calls equal, by the collation of the column they are compared as."""

from __future__ import annotations

import duckdb
import pytest

from mappings.kinds import duckdb_type
from migrator.contracts import Scalar
from migrator.engine.equality import as_parent, folded, is_value, points_at
from storage.schema import Column, Kind, Limits, Type

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


_DATE, _TIMESTAMP, _FLOAT, _INTEGER = (
    Type(kind=kind) for kind in (Kind.DATE, Kind.TIMESTAMP, Kind.FLOAT, Kind.INTEGER)
)
_NUMERIC = Column(name="n", type=Type(kind=Kind.LITERAL), native="numeric")
_PRICE = Column(name="d", type=Type(kind=Kind.DECIMAL, precision=10, scale=2))
_SHARE = Column(name="s", type=Type(kind=Kind.DECIMAL, precision=4, scale=4))
_FIXED = Column(name="f", type=_TEXT, limits=Limits(fixed=True))
_PLAIN = Column(name="x", type=_TEXT)
_TAGGED = Column(name="v", type=Type(kind=Kind.VARIANT))


def named(type_: Type) -> Column:
    return Column(name=type_.kind.value, type=type_)


@pytest.mark.parametrize(
    ("child", "value", "parent", "pointed_at", "equal", "sought"),
    [
        (named(_INTEGER), "42", _PRICE, "42.00", True, "42.00"),
        (named(_INTEGER), "42", _PRICE, "42.01", False, "42.00"),
        (named(_INTEGER), "9223372036854775807", _PRICE, "42", False, None),
        (_PRICE, "42.50", named(_INTEGER), "42", False, None),
        (_PRICE, "42.00", named(_INTEGER), "42", True, "42"),
        (_SHARE, "0.5", _PRICE, "0.50", True, "0.50"),
        (_SHARE, "-0.5000", named(_FLOAT), "-0.5", True, "-0.5"),
        (_SHARE, "0", named(_INTEGER), "0", True, "0"),
        (named(_FLOAT), "7", named(_INTEGER), "7", True, "7"),
        (named(_FLOAT), "7.5", named(_INTEGER), "7", False, None),
        (named(_INTEGER), "100", _NUMERIC, "100", True, "100"),
        (named(_INTEGER), "0", _NUMERIC, "0.00", True, "0"),
        (_NUMERIC, "42.0", _NUMERIC, "42", True, "42.0"),
        (_NUMERIC, "NaN", named(_INTEGER), "42", False, None),
        (named(_DATE), "2024-02-03", named(_TIMESTAMP), "2024-02-03", True, "2024-02-03 00:00:00"),
        (named(_TIMESTAMP), "2024-02-03 10:00:00", named(_DATE), "2024-02-03", False, None),
        (_FIXED, "ab  ", _PLAIN, "ab", True, "ab"),
        (_PLAIN, "ab", _FIXED, "ab  ", True, "ab"),
        (_PLAIN, "ab ", _PLAIN, "ab", False, "ab "),
        (_PLAIN, "42", named(_INTEGER), "42", True, "42"),
        (_PLAIN, "042", named(_INTEGER), "42", False, "042"),
        (_TAGGED, "i:42", named(_INTEGER), "42", True, "i:42"),
        (_TAGGED, "b:NDI=", _PLAIN, "NDI=", False, "b:NDI="),
    ],
)
def test_a_child_of_another_type_compares_as_its_parent(
    child: Column, value: str, parent: Column, pointed_at: str, equal: bool, sought: str | None
) -> None:
    """`sought` is what its parent is looked for by."""
    values = f"?::{duckdb_type(child.type)} AS {child.name}) c, (SELECT ?::{duckdb_type(parent.type)} AS {parent.name}"
    key, type_ = as_parent(("c", child), parent)
    query = (
        f"SELECT coalesce({points_at(('c', child), ('p', parent))}, false), ({key})::VARCHAR FROM (SELECT {values}) p"
    )
    assert duckdb.execute(query, [value, pointed_at]).fetchall() == [(equal, sought)]
    assert type_ in (child.type, parent.type)


@pytest.mark.parametrize(
    ("column", "held", "said", "equal"),
    [
        (named(Type(kind=Kind.BOOLEAN)), "true", True, True),
        (named(Type(kind=Kind.BOOLEAN)), "false", 1, False),
        (named(_INTEGER), "1", True, True),
        (named(_INTEGER), "42", "042", True),
        (named(_INTEGER), "42", "forty-two", False),
        (_PRICE, "42.50", 42.5, True),
        (_SHARE, "0.5", 0.5, True),
        (_NUMERIC, "1000", "1e3", True),
        (named(_FLOAT), "1e20", "100000000000000000000", True),
        (named(_DATE), "2024-02-03", "2024-02-03", True),
        (named(_DATE), "2024-02-03", "soon", False),
        (named(_TIMESTAMP), "2024-02-03", "2024-02-03T00:00:00", True),
        (_FIXED, "ab  ", "ab", True),
        (_PLAIN, "it's", "it's", True),
        (_TAGGED, "t:Post", "Post", True),
        (_TAGGED, "i:42", 42, True),
    ],
)
def test_a_value_of_the_plan_is_read_for_its_column(column: Column, held: str, said: Scalar, equal: bool) -> None:
    query = f"SELECT coalesce({is_value('t', column, said)}, false)"
    rows = f"(SELECT ?::{duckdb_type(column.type)} AS {column.name}) t"
    assert duckdb.execute(f"{query} FROM {rows}", [held]).fetchall() == [(equal,)]
