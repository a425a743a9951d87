"""Fragments that are taken for one expression, placed in a statement: a real server reads them within their brackets.

In a fragment that is taken, a semicolon stands in quotations alone. A server that meets one elsewhere, or misses the
end of a quotation, read the fragment in another way than it was read when it was taken: so something is smuggled in.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing

import psycopg
import pymysql
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrator.platforms.relational.archived import MYSQL, POSTGRESQL, SQLITE, Dialect
from storage.errors import Red
from tests.conformance.platforms import MysqlPlatform

Said = Callable[[str], str]
"""What a server says against a statement; nothing where it takes it."""

PIECES = (
    *("'", "'", "''", '"', "`", "[", "]", "(", ")", "$$", "$a$", "$", "E'", "e", "x'", "N'", "U&'", "@", "#", ":", "?"),
    *(
        "\\",
        "\\'",
        "\n",
        "\r",
        " ",
        " || ",
        "1",
        "a",
        "é",
        "\u00a0",
        "\ufeff",
        ".",
        ",",
        "_",
        "-",
        "--",
        "/*",
        "*/",
        "::",
    ),
)
FRAGMENTS = st.lists(st.sampled_from(PIECES) | st.just("; "), min_size=2, max_size=9).map("".join)
BEHIND = """, 'x;y', "x;y" """
MISREAD = re.compile(r"""near ['"];|unterminated|unrecognized token: "['"`\[]|incomplete input""")
SMUGGLED = (
    (POSTGRESQL, "1 ` ; `"),
    (POSTGRESQL, "a$$ ; $$"),
    (POSTGRESQL, "E'a'\n'\\' || ' ; '"),
    (MYSQL, "'\\'' ; '"),
    (SQLITE, "['] ; ']"),
    (SQLITE, "$a(');(')"),
)


@pytest.fixture(params=["postgresql", "mysql", "sqlite"])
def server(request: pytest.FixtureRequest) -> Iterator[tuple[Dialect, Said]]:
    """A dialect, and a server that speaks it, in such a session as a restore has."""
    if request.param == "postgresql":
        with psycopg.connect(request.getfixturevalue("postgres_url"), autocommit=True) as session:
            yield POSTGRESQL, lambda statement: _answer(lambda: session.execute(statement.encode()), psycopg.Error)
    elif request.param == "mysql":
        with closing(MysqlPlatform(request.getfixturevalue("mariadb_url")).connect()) as connection:
            cursor = connection.cursor()
            cursor.execute("SET sql_mode = 'ANSI_QUOTES'")
            yield MYSQL, lambda statement: _answer(lambda: cursor.execute(statement), pymysql.Error)
    else:
        with closing(sqlite3.connect(":memory:")) as database:
            yield SQLITE, lambda statement: _answer(lambda: database.execute(statement), sqlite3.Error)


def _answer(asked: Callable[[], object], error: type[Exception]) -> str:
    try:
        asked()
    except error as said:
        return " ".join(map(str, said.args))
    return ""


def _placed(fragment: str) -> str:
    return f"SELECT {fragment}{BEHIND}"


def test_what_is_taken_stays_within_its_brackets(server: tuple[Dialect, Said]) -> None:
    dialect, said = server

    @settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
    @given(FRAGMENTS)
    def stays(fragment: str) -> None:
        try:
            taken = dialect.expression(fragment, where="t.c")
        except Red:
            return
        assert not MISREAD.search(said(_placed(taken))), fragment

    stays()


def test_what_would_not_is_seen_here_and_refused(server: tuple[Dialect, Said]) -> None:
    """The servers do read these so, and this test would tell."""
    dialect, said = server
    for fragment in [fragment for own, fragment in SMUGGLED if own is dialect]:
        assert MISREAD.search(said(_placed(f"({fragment})"))), fragment
        with pytest.raises(Red):
            dialect.expression(fragment, where="t.c")
