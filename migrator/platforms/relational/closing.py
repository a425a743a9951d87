"""Accepting a load for good: its journals, and with them what stood where it overwrote, leave the target.

Its marker stays and says so: a closed load is verified like any other, never done twice, and never taken back.
"""

from __future__ import annotations

from dataclasses import asdict

from migrator.contracts import Closed
from migrator.platforms.relational.journal import amend_marker, journal_name, marker_of
from migrator.platforms.relational.transaction import Transaction
from storage import moment


def close(transaction: Transaction, run: str, *, by: str) -> Closed:
    """See migrator.contracts.Target.close; commits."""
    marker = marker_of(transaction, transaction.describe().tables, run)
    names = [journal_name(run, staged.table) for staged in marker.tables]
    journals = [name for name in names if transaction.owns(name)]  # a platform may have dropped some of them only
    entries = sum(int(transaction.rows(f"SELECT count(*) FROM {transaction.own(name)}")[0][0]) for name in journals)
    closed = Closed(journals=len(journals), entries=entries)
    if marker.closed_at is None:
        _mark(transaction, run, by, closed)
    for name in journals:
        transaction.drop_own(name)
    transaction.commit()
    said_before = marker.closed if by and marker.closed_by == by else None
    return said_before or closed


def _mark(transaction: Transaction, run: str, by: str, closed: Closed) -> None:
    amend_marker(transaction, run, closed_at=moment.now(), closed_by=by, closed=asdict(closed))
