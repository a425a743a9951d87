"""What PostgreSQL knows of a table decides how it finds its rows: a load that brings many of them says so."""

from __future__ import annotations

from contextlib import closing

import pytest

from tests.conformance.platforms import PostgresPlatform
from tests.conformance.targets import Rows
from tests.support_postgres_target import loaded, taken_back

MANY = Rows("seats", ("hall", "seat"), ("hall", "seat"), create=[(1, seat) for seat in range(5_000)])


@pytest.fixture
def platform(postgres_url: str) -> PostgresPlatform:
    """Every hall has one seat, and the server knows it: who knows the hall has found the seat."""
    platform = PostgresPlatform(postgres_url)
    platform.run("""
        CREATE TABLE seats (hall int, seat int, PRIMARY KEY (hall, seat)) WITH (autovacuum_enabled = false);
        CREATE INDEX ON seats (hall);
        INSERT INTO seats SELECT 100 + n, n FROM generate_series(1, 500) n; ANALYZE seats;
    """)
    return platform


def seats_in_a_hall(platform: PostgresPlatform) -> float:
    [(distinct, rows)] = platform.rows(
        "SELECT s.n_distinct::float, c.reltuples::float FROM pg_stats s JOIN pg_class c ON c.relname = s.tablename"
        " WHERE s.tablename = 'seats' AND s.attname = 'hall'"
    )
    return 1 / -distinct if distinct < 0 else rows / distinct


def test_a_load_of_many_rows_tells_the_server_what_it_brought(platform: PostgresPlatform) -> None:
    assert seats_in_a_hall(platform) == 1
    loaded(platform.target(), MANY)
    assert seats_in_a_hall(platform) > 5
    taken_back(platform.target())


def test_nobody_waits_for_a_vacuum(platform: PostgresPlatform) -> None:
    with closing(platform.connect()) as others:
        others.execute("BEGIN")
        others.execute("LOCK TABLE seats IN SHARE UPDATE EXCLUSIVE MODE")  # as VACUUM does
        loaded(platform.target(), MANY)
        taken_back(platform.target())
