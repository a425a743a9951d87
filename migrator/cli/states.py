"""How a run stands, as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migrator.runs.records import RunRecord


def said_state(record: RunRecord) -> str:
    """In a word or two, for a list."""
    if record.state == "queued" and record.attempt:
        return "put back"
    if record.state == "running" and record.attempt > 1:
        return f"running, attempt {record.attempt}"
    return record.state


def standing(record: RunRecord) -> str:
    """In a sentence: who performs it, or who could."""
    resumed = f"migrator runs resume {record.run_id}"
    return {
        "queued": _queued(record),
        "running": _running(record),
        "cancelling": "cancelling: it is stopped where it runs, and what it left is erased",
        "lost": f"lost: its process on {record.host} is gone or hangs; a worker takes it over, or {resumed}",
        "parked": f"parked: {resumed} goes on with it",
        "failed": "failed: what stopped it is told below",
        "cancelled": "cancelled: nothing is left of it",
        "done": "done",
    }[record.state]


def _queued(record: RunRecord) -> str:
    if record.attempt:
        return "put back by a worker that was stopped: the next free one goes on with it"
    return "queued: the next free worker performs it"


def _running(record: RunRecord) -> str:
    where = f"running on {record.host}, process {record.process}"
    return where if record.attempt == 1 else f"{where}: attempt {record.attempt}, after the earlier one stopped"
