"""What goes wrong where steps are kept, in the words of the one tree of errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dbos import error
from sqlalchemy.exc import DBAPIError

from migrator.runs.database import Database
from migrator.runs.records import taken_over
from storage.errors import Fault

_NO_LONGER_OURS = (error.DBOSWorkflowConflictIDError, error.DBOSWorkflowCancelledError)  # neither is an Exception


@contextmanager
def told(database: Database, run_id: str = "") -> Iterator[None]:
    """Raise what DBOS and its database say as a Fault, or as a Misuse where the address is wrong."""
    try:
        yield
    except _NO_LONGER_OURS:
        raise taken_over(run_id) from None
    except DBAPIError as refused:
        raise database.told(refused, database.where) from refused
    except error.DBOSException as refused:
        raise Fault(
            f"the steps of runs cannot be kept: {refused.message}", where=database.where, next="report this"
        ) from refused
