"""What a rebuilding made in PostgreSQL goes away again, with all that its tables stand on; nobody else's does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from migrator.engine.throwaway import throwaway
from storage.errors import Fault
from tests.conformance.platforms import PostgresPlatform
from tests.servers.postgres import Postgres

DDL = """
CREATE SCHEMA shop;
CREATE TYPE mood AS ENUM ('calm', 'glad');
CREATE DOMAIN moods AS mood NOT NULL;
CREATE TYPE shop.place AS (street text, mood moods);
CREATE SEQUENCE shop.numbers START 7;
CREATE TABLE people (id bigint PRIMARY KEY DEFAULT nextval('shop.numbers'), mood moods, boss bigint REFERENCES people);
CREATE TABLE shop.orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at shop.place, person bigint
    REFERENCES people, year int NOT NULL);
CREATE TABLE parts (id int, year int) PARTITION BY RANGE (year);
CREATE TABLE parts_old PARTITION OF parts FOR VALUES FROM (0) TO (2000);
INSERT INTO people VALUES (1, 'calm', 1);
"""
LEFT = """
SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname IN ('public', 'shop')
UNION ALL SELECT typname FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace WHERE nspname IN ('public', 'shop')
"""


@pytest.fixture
def made(postgres_url: str) -> PostgresPlatform:
    platform = PostgresPlatform(postgres_url)
    platform.run(DDL)
    return platform


@pytest.fixture
def copy(postgres: Postgres) -> Iterator[PostgresPlatform]:
    url = postgres.database()
    yield PostgresPlatform(url)
    postgres.drop(url)


def test_tables_types_and_sequences_go(made: PostgresPlatform, copy: PostgresPlatform) -> None:
    names = made.target().describe().table_names
    for _ in range(2):  # what stays is in no other's way
        with throwaway(made.source(), names, copy.target()) as lacking:
            assert lacking == ()
            copy.run("INSERT INTO people (mood) VALUES ('glad')")
            assert copy.rows("SELECT id FROM people") == [(7,)]
        assert copy.rows(LEFT) == []


def test_what_somebody_hung_on_the_copy_keeps_it(made: PostgresPlatform, copy: PostgresPlatform) -> None:
    names = made.target().describe().table_names
    with pytest.raises(Fault, match="mine") as kept, throwaway(made.source(), names, copy.target()):
        copy.run("CREATE VIEW mine AS SELECT * FROM people")
    assert "drop them by hand" in kept.value.next
    assert copy.rows("SELECT count(*) FROM people") == [(0,)]
