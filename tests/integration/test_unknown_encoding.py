"""Databases of PostgreSQL that know no encoding (SQL_ASCII): texts that are not UTF-8 are archived as their bytes."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from psycopg import sql

from migrator.contracts import Matching, Whole
from migrator.engine.restore import restore
from migrator.outcomes import Verdict
from migrator.platforms.postgres.source import PostgresSource
from migrator.platforms.postgres.target import PostgresTarget
from storage.errors import Red
from storage.schema import Kind
from tests.conformance.platforms import PostgresPlatform
from tests.conformance.sources import selected
from tests.servers.postgres import Postgres
from tests.unit.engine.support import rows_of, taken


@pytest.fixture
def raw_urls(postgres: Postgres) -> Iterator[tuple[str, str]]:
    """Two databases without an encoding, as an administrator: extensions are made there."""
    names, made = ("raw_one", "raw_two"), "CREATE DATABASE {} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0"
    for name in names:
        postgres.admin(sql.SQL(made).format(sql.Identifier(name)))
    one, two = (urlsplit(postgres.admin_url)._replace(path=f"/{name}").geturl() for name in names)
    yield one, two
    for name in names:
        postgres.admin(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def test_a_server_that_knows_no_encoding_gives_texts_as_their_bytes(raw_urls: tuple[str, str]) -> None:
    platform = PostgresPlatform(raw_urls[0])
    platform.run(r"CREATE TABLE t (id int, v text, j json); INSERT INTO t VALUES (1, 'a', '1'), (2, E'caf\xe9', '2')")
    with platform.source().fence() as found:
        assert selected(found, "t", Matching(columns=("id",), values=(1,))) == [(1, "a", "1")]
    _, archive = taken(platform, "root: database")
    assert rows_of(archive, "t") == [(1, b"a", "1"), (2, b"caf\xe9", "2")]
    platform.run(r"""INSERT INTO t VALUES (3, '', E'"\xe9"')""")
    with platform.source().fence() as found, pytest.raises(Red, match="UTF-8"):
        selected(found, "t", Whole())
    assert "encoding" in [finding.what for finding in platform.source().examine().findings]


RAW = r"""
CREATE EXTENSION citext; CREATE DOMAIN word AS text CHECK (length(VALUE) < 20);
CREATE TABLE places (name text PRIMARY KEY, short char(6), long varchar(9), folded citext, said word, plain text);
CREATE TABLE people (id int PRIMARY KEY, place text REFERENCES places, other text);
INSERT INTO places VALUES (E'Orl\xe9ans', E'\xe9 ', E'\x80', E'\xc9', E'\xff\xfe', 'é'),
    ('Lyon', 'l', '', 'L', 'l', NULL);
CREATE TABLE pets (id int PRIMARY KEY, place text REFERENCES places); INSERT INTO pets VALUES (7, 'Lyon');
INSERT INTO people VALUES (1, E'Orl\xe9ans', '1'), (2, 'Lyon', NULL), (3, NULL, 'x');
"""
RAW_TABLES = ("places", "people", "pets")
RAW_ROWS = (
    "SELECT textsend(name), bpcharsend(short), textsend(long), textsend(folded::text), textsend(said), textsend(plain)"
    " FROM places ORDER BY 1",
    "SELECT id, textsend(place), textsend(other) FROM people ORDER BY 1",
)


def test_texts_of_no_known_encoding_come_back_into_such_a_database_and_no_other(
    raw_urls: tuple[str, str], postgres_url: str
) -> None:
    url, other = raw_urls
    PostgresPlatform(url).run(RAW)
    _, archive = taken(PostgresPlatform(url), "root: database")
    assert {column.name: column.type.kind for column in archive.table("places").table.columns} == {
        **dict.fromkeys(("name", "short", "long", "folded", "said"), Kind.BINARY), "plain": Kind.TEXT
    }  # fmt: skip
    restored = restore(archive, PostgresTarget(other), lambda: PostgresSource(other))
    assert (restored.verdict, restored.notes) == (Verdict.GREEN, ())
    for query in RAW_ROWS:
        assert PostgresPlatform(other).rows(query) == PostgresPlatform(url).rows(query)
    for where, rows in (
        ("plain: é", {"places": 1, "people": 1, "pets": 0}),
        ("folded: L", dict.fromkeys(RAW_TABLES, 1)),
    ):
        mine, _ = taken(PostgresPlatform(url), f"root: {{table: places, where: {{{where}}}}}")
        assert {part.name: part.rows for part in mine.sealed.tables} == rows
    with pytest.raises(Red, match="invalid byte sequence"):
        restore(archive, PostgresTarget(postgres_url), lambda: PostgresSource(postgres_url))
