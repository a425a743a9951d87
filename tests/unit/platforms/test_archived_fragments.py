"""What an archive says in SQL is written into a statement only where it cannot be more than it claims."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.platforms.relational.archived import expression, type_name
from storage.errors import Red

ONE = (
    "0",
    "'it''s'",
    "E'it\\'s'::text",
    "nextval('s'::regclass)",
    "(a > 0) AND (b IN (1, 2))",
    '"odd ) name" || $$ ) ; -- $$',
    "$tag$ $$ $tag$",
    "ARRAY[1, 2][1]",
    "'\\'",
    "a - -1",
    "'--' || '/*'",
)
MORE = (
    "",
    "0); DROP TABLE t; --",
    "0)",
    "(0",
    "0; SELECT 1",
    "0 -- ",
    "0 /* ",
    "'open",
    "$$open",
    "a] [",
    "(]",
    "'\\') ; --'",
    "\0",
)


@pytest.mark.parametrize("text", ONE)
def test_one_expression_is_taken(text: str) -> None:
    assert expression(text, where="t.c") == f"({text})"


@pytest.mark.parametrize("text", MORE)
def test_more_than_one_is_refused_by_name(text: str) -> None:
    with pytest.raises(Red) as raised:
        expression(text, where="t.c")
    assert raised.value.where == "t.c"


@pytest.mark.parametrize("text", ["'\\'; DROP TABLE t", "1 # comment", "'\\'"])
def test_where_backslashes_escape_they_are_read_so(text: str) -> None:
    with pytest.raises(Red):
        expression(text, where="t.c", backslashes=True)


@pytest.mark.parametrize("text", ["numeric(10,2)", "enum('a,b','c''d')", '"My ; Type"[]', "character varying(20)"])
def test_a_type_is_one(text: str) -> None:
    assert type_name(text, where="t.c") == text
    with pytest.raises(Red):
        type_name(f"{text}, extra int", where="t.c")
    with pytest.raises(Red):
        type_name(f"{text})", where="t.c")


@given(st.text(alphabet="'\"`()[];-/*,$ aE1|\\", max_size=14))
def test_what_is_taken_stays_within_its_parentheses(text: str) -> None:
    """A statement behind it is never swallowed, and none comes between, as a real parser sees it."""
    try:
        taken = expression(text, where="t.c")
    except Red:
        return
    with sqlite3.connect(":memory:") as database:
        try:
            (rows,) = database.execute(f"SELECT count(*) FROM (SELECT CASE WHEN 0 THEN {taken} END AS x)").fetchall()
        except sqlite3.Error:
            return  # SQLite has no dollar quotes, and not every expression is a good one
        assert rows == (1,)
