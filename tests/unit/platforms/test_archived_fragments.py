"""What an archive says in SQL is written into a statement only where it cannot be more than it claims."""

from __future__ import annotations

import pytest

from migrator.platforms.relational.archived import MYSQL, POSTGRESQL, SQLITE, Dialect
from storage.errors import Red

DIALECTS = {"postgresql": POSTGRESQL, "mysql": MYSQL, "sqlite": SQLITE}
ONE = {
    "postgresql": (
        "E'it\\'s'::text",
        "nextval('s'::regclass)",
        '"odd ) name" || $$ ) ; -- $$',
        "$tag$ $$ $tag$",
        "$a$ $$a$",
        "ARRAY[1, 2][1]",
        "'\\'",
        "a$b + 1.5e3",
        "E'a'\n'\\''",
        "date'2001-01-01'",
        "\u00a0E'\\' || ') ; --'",  # every sign beyond ASCII is a letter of a name
        "(a #>> '{b}'::text[]) ~ '^x$'::text",
    ),
    "mysql": ("_utf8mb4'it\\'s'", "`odd ) name` + 1", "concat('$$', \"a\")", "(1 <=> NULL)"),
    "sqlite": ('[it\'s ; odd] || "b"', "'$$ $a('", "a$b", "x'00ff'", "'\\'", "`a``;`"),
}
EVERYWHERE = ("0", "'it''s'", "(a > 0) AND (b IN (1, 2))", "a - -1", "'--' || '/*'", "'a;b'")
MORE = {
    "postgresql": (
        "0 ` 1) ; DROP TABLE t; -- `",  # no quotation there, but an operator
        "a$$ ; DROP TABLE t; $$",  # a name may have dollars in it
        "1$$ ; $$",
        "E'a'\n'\\' || ') ; DROP TABLE t; --'",  # what goes on in the next line goes on as it began
        "1E'\\' || ') ; --'",
        "E'\\'",
        "$$open",
        "$1",
        "a] [",
    ),
    "mysql": ("'\\'; DROP TABLE t", "1 # comment", "'\\'", "$$'$$", "$$ ; $$", "\\"),
    "sqlite": (
        "['] ); DROP TABLE t; --']",  # brackets are quotation marks there
        "$$ ); DROP TABLE t; -- $$",  # and dollars are not
        "$a(') || ('b;c') || (')",  # the name of a parameter goes on to its closing bracket
        "\ufeff$a(') || (')",
        "@a(')",
        "?",
    ),
}
NOWHERE = (
    *("", "0); DROP TABLE t; --", "0)", "(0", "0; SELECT 1", "0 -- ", "0 /* ", "'open", "(]", '"open'),
    *("\0", "'a\0b'", "'\ud800'"),
)


@pytest.mark.parametrize(
    ("dialect", "text"), [(name, text) for name, some in ONE.items() for text in (*some, *EVERYWHERE)]
)
def test_one_expression_is_taken(dialect: str, text: str) -> None:
    assert DIALECTS[dialect].expression(text, where="t.c") == f"({text})"


@pytest.mark.parametrize(
    ("dialect", "text"), [(name, text) for name, some in MORE.items() for text in (*some, *NOWHERE)]
)
def test_more_than_one_is_refused_by_name(dialect: str, text: str) -> None:
    with pytest.raises(Red) as raised:
        DIALECTS[dialect].expression(text, where="t.c")
    assert raised.value.where == "t.c"


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        (POSTGRESQL, "numeric(10,2)"),
        (MYSQL, "enum('a,b','c''d','e\\'f')"),
        (POSTGRESQL, '"My ; Type"[]'),
        (POSTGRESQL, "timestamp(3) without time zone"),
        (POSTGRESQL, '"check"'),
    ],
)
def test_a_type_is_one(dialect: Dialect, text: str) -> None:
    assert dialect.type_name(text, where="t.c") == text
    with pytest.raises(Red):
        dialect.type_name(f"{text}, extra int", where="t.c")
    with pytest.raises(Red):
        dialect.type_name(f"{text})", where="t.c")
    with pytest.raises(Red):
        dialect.type_name(f"{text} Check (true)", where="t.c")
