"""Domains: their values without their constraints, for what is kept beside the live tables."""

from __future__ import annotations

import psycopg

from migrator.platforms.postgres.types import is_built_in
from migrator.platforms.relational.sqltext import literal

BASE = """
WITH RECURSIVE based (base, modifier, depth) AS (
    SELECT typbasetype, typtypmod, 1 FROM pg_type WHERE oid = to_regtype({native}) AND typtype = 'd'
    UNION ALL
    SELECT t.typbasetype, t.typtypmod, b.depth + 1 FROM based b JOIN pg_type t ON t.oid = b.base AND t.typtype = 'd'
)
SELECT format_type(base, modifier) FROM based ORDER BY depth DESC LIMIT 1
"""


def base_type(connection: psycopg.Connection, native: str) -> str:
    """The type under a domain, however many there are upon each other; any other type is its own."""
    if is_built_in(native):
        return native
    found = connection.execute(BASE.format(native=literal(native)).encode()).fetchone()
    return str(found[0]) if found else native
