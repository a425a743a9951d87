"""What taking a load back came to, in the target until whoever asked has noted it: a rollback is counted once.

It stands among the markers, written by the transaction that takes the rows back: who is stopped between that commit
and its record finds it there.
"""

from __future__ import annotations

import json
from dataclasses import asdict

from migrator.contracts import Undone
from migrator.platforms.relational.journal import MARKERS, UNDONE
from migrator.platforms.relational.sqltext import literal
from migrator.platforms.relational.transaction import Transaction
from storage.described import built


def remember(transaction: Transaction, by: str, undone: Undone) -> None:
    """Within the transaction that takes the load back."""
    told = literal(json.dumps(asdict(undone)))
    transaction.execute(f"INSERT INTO {transaction.own(MARKERS)} (run, marker) VALUES ({literal(UNDONE + by)}, {told})")


def remembered(transaction: Transaction, by: str) -> Undone | None:
    """What this rollback did, if it has committed and was not settled yet."""
    if not by or not transaction.owns(MARKERS):
        return None
    rows = transaction.rows(f"SELECT marker FROM {transaction.own(MARKERS)} WHERE run = {literal(UNDONE + by)}")
    return built(Undone, json.loads(rows[0][0]), "undone") if rows else None


def settle(transaction: Transaction, by: str) -> None:
    """See migrator.contracts.Target.settle; commits."""
    if remembered(transaction, by) is None:
        return
    transaction.execute(f"DELETE FROM {transaction.own(MARKERS)} WHERE run = {literal(UNDONE + by)}")
    if not transaction.rows(f"SELECT 1 FROM {transaction.own(MARKERS)} LIMIT 1"):
        transaction.drop_own(MARKERS)
    transaction.commit()
