"""A snapshot that is joined is the very one: its name alone proves nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from migrator.contracts import Fence, Whole
from migrator.platforms.postgres.source import PostgresSource
from storage.errors import FenceLost
from tests.conformance.sources import selected
from tests.servers.postgres import Postgres


@pytest.fixture
def source(postgres_url: str) -> PostgresSource:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1)")
    return PostgresSource(postgres_url)


def altered(fence: Fence, **fields: Any) -> Fence:
    return replace(fence, handle=json.dumps({**json.loads(fence.handle or ""), **fields}))


def of(fence: Fence, field: str) -> Any:
    return json.loads(fence.handle or "")[field]


@pytest.mark.parametrize("fields", [("token",), ("token", "pid", "since"), ("visible",), ("since",), ("pid",)])
def test_a_handle_of_two_instants_joins_neither(
    source: PostgresSource, postgres_url: str, fields: tuple[str, ...]
) -> None:
    with source.fence() as earlier:
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute("INSERT INTO a VALUES (2)")
        with source.fence() as later:
            mixed = altered(earlier.fence, **{name: of(later.fence, name) for name in fields})
            with pytest.raises(FenceLost), source.join(mixed):
                pass
            with source.join(later.fence) as joined:
                assert selected(joined, "a", Whole()) == [(1,), (2,)]


@pytest.mark.parametrize("handle", ["", "{}", "[]", '{"token": "x", "pid": 1, "since": "", "visible": ""}'])
def test_what_is_no_handle_joins_nothing(source: PostgresSource, handle: str) -> None:
    with source.fence() as reading, pytest.raises(FenceLost), source.join(replace(reading.fence, handle=handle)):
        pass


def test_what_a_handle_says_is_never_a_statement(source: PostgresSource, postgres_url: str) -> None:
    with source.fence() as reading:
        for field in ("token", "since", "visible"):
            with pytest.raises(FenceLost), source.join(altered(reading.fence, **{field: "'; DROP TABLE a; --"})):
                pass
        source.release(altered(reading.fence, since="' OR true --"))
        assert selected(reading, "a", Whole()) == [(1,)]


def test_a_snapshot_of_another_database_is_not_joined(source: PostgresSource, postgres: Postgres) -> None:
    with source.fence() as reading, pytest.raises(FenceLost), PostgresSource(postgres.admin_url).join(reading.fence):
        pass


def test_a_release_ends_nobody_else(source: PostgresSource) -> None:
    with source.fence() as mine, source.fence() as other:
        source.release(altered(mine.fence, since=of(other.fence, "since")))
        assert selected(mine, "a", Whole()) == selected(other, "a", Whole())


def test_readers_that_come_later_see_what_was_joined(source: PostgresSource, postgres_url: str) -> None:
    with source.fence() as first, source.join(first.fence) as second:
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute("INSERT INTO a VALUES (2)")
            connection.execute("SELECT pg_terminate_backend(%s)", (of(first.fence, "pid"),))
        assert selected(second, "a", Whole()) == [(1,)]
        source.release(second.fence)
        with pytest.raises(FenceLost), source.join(second.fence):
            pass
