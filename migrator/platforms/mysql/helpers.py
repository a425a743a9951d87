"""The sessions of processes that help a run to stage a table: each holds a lock called after it, by which it is ended.

A helper has its locks before it asks whether the table is still its own to stage, and opens no session after that which
writes. So whoever has taken the table over, and then ends them, knows that nobody else writes to it.
"""

from __future__ import annotations

from migrator.platforms.mysql.connect import Connection
from migrator.platforms.mysql.locks import end_holder, give_back, helper_locks, holder_of, staging_lock, taken
from storage.errors import TransientFault

_PATIENCE_S = 30


def end_helpers(connection: Connection, stage: str) -> None:
    """Nobody helps with this table of a staging any more. TransientFault where a session does not end."""
    for lock in helper_locks(connection, stage):
        if holder := end_holder(connection, lock):
            if not taken(connection, lock, patience_s=_PATIENCE_S):
                raise TransientFault(
                    f"the session of a worker that helped does not end (KILL {holder} ends it)",
                    where=stage,
                    next="wait until the server has ended it, then repeat",
                )
            give_back(connection, lock)


def is_performed(connection: Connection, run: str) -> bool:
    """Whether somebody has this staging open, and as the same user: nobody else could end a helper that hangs."""
    holder = holder_of(connection, staging_lock(connection, run))
    user = f"SELECT user = SUBSTRING_INDEX(USER(), '@', 1) FROM information_schema.processlist WHERE id = {holder}"
    return bool(holder) and connection.text(user) == "1"
