"""A run that was asked for and left to whichever worker takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migrator.runs.records import RunRecord


class Queued(Exception):  # noqa: N818 - nothing went wrong: there is no result, and nobody waits for one
    """Ends an operation that was asked for and is not to be waited for."""

    def __init__(self, record: RunRecord) -> None:
        super().__init__(record.run_id)
        self.record = record
