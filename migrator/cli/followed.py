"""A run that is followed: a line each time it changed, and the exit code of what it came to."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from migrator.cli.output import exit_code, print_verdict, stderr, stdout
from migrator.cli.position import position_of, said_position
from migrator.outcomes import Verdict
from storage.errors import Fault, Parked

if TYPE_CHECKING:
    from migrator.runs.records import RunRecord


def tell(records: Iterable[RunRecord], *, as_json: bool) -> int:
    """Each change as a line on stderr, or as an object a line on stdout; what it came to at the end."""
    said: str | None = None
    record = None
    for record in records:
        if as_json:
            _print_line(record)
        elif (line := _said(record)) not in (said, None):
            stderr.print(line, markup=False)
            said = line
    assert record is not None
    if not as_json:
        _tell_end(record)
    return _code(record)


def _print_line(record: RunRecord) -> None:
    told = {
        "run": record.run_id,
        "kind": record.kind,
        "state": record.state,
        "attempt": record.attempt,
        "progress": record.progress,
        "verdict": record.verdict,
        **(record.error or {}),
    }
    sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _said(record: RunRecord) -> str | None:
    """None where it has ended: that is told by itself."""
    position = position_of(record)
    if position is not None and record.state == "running":
        return f"… {said_position(position)}"
    return _STATES.get(record.state)


_STATES = {
    "queued": "… queued: the next free worker performs it",
    "running": "… running",
    "cancelling": "… cancelling: what it left is erased",
    "lost": "… lost: its process is gone or hangs; migrator runs resume goes on with it",
}


def _tell_end(record: RunRecord) -> None:
    words = f"{record.kind} {record.state} · run {record.run_id}"
    if record.verdict is not None:
        print_verdict(Verdict(record.verdict), words)
    else:
        stdout.print(words, markup=False)
    for name, value in (record.error or {}).items():
        if value:
            stderr.print(f"  {name}: {value}", markup=False)


def _code(record: RunRecord) -> int:
    if record.verdict is not None:
        return exit_code(Verdict(record.verdict))
    return {"done": 0, "failed": Fault.exit_code}.get(record.state, Parked.exit_code)
