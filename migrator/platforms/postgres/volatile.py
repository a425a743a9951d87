"""Conditions that may do more than compare: a restore asks them of every row, and nothing an archive brings is run."""

from __future__ import annotations

from migrator.platforms.postgres.rebuild_transaction import RebuildTransaction

_CALLED = """
SELECT c.conname::text, string_agg(DISTINCT p.proname::text, ', ' ORDER BY p.proname::text)
FROM pg_constraint c CROSS JOIN regexp_matches(c.conbin::text, ':(?:op)?funcid ([0-9]+)', 'g') f (found)
JOIN pg_proc p ON p.oid = f.found[1]::oid
WHERE c.contype = 'c' AND p.provolatile = 'v' AND {0} GROUP BY c.conname ORDER BY c.conname
"""


def volatile_conditions(transaction: RebuildTransaction, which: str) -> dict[str, str]:
    """Of the checks that satisfy a condition over pg_constraint `c`, those that call what may do anything: its names.

    The server is asked what it has understood: a text can name a function in many ways.
    """
    return {str(name): str(called) for name, called in transaction.rows(_CALLED.format(which))}


def left_out(called: str) -> str:
    return f"left out: it calls {called}, which may do more than compare"
