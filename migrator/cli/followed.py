"""A run that is followed: a picture on a terminal, lines elsewhere, and the exit code of what it came to."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from migrator.cli.output import exit_code, print_verdict, stderr, stdout
from migrator.cli.position import position_of, said_pace, said_position
from migrator.cli.states import standing
from migrator.outcomes import Tick, Verdict
from storage.errors import Fault, Parked

if TYPE_CHECKING:
    from migrator.runs.records import RunRecord

_BAR = 24  # characters
_CODE = "exit_code"


class Told(int):
    """An exit code that needs no more words: whoever followed was not interrupted, the run was."""


def tell(records: Iterable[RunRecord], *, as_json: bool) -> int:
    """Each change as a picture or a line on stderr, or as an object a line on stdout; what it came to at the end."""
    record = None
    with _telling(as_json=as_json) as told:
        for record in records:
            told(record)
    assert record is not None
    if not as_json:
        _tell_end(record)
    return _code(record)


def tell_step(tick: Tick) -> None:
    """What following itself has to say, between what is told of the run."""
    stderr.print(f"… {tick.step}", markup=False)


@contextmanager
def _telling(*, as_json: bool) -> Iterator[Callable[[RunRecord], None]]:
    if as_json:
        yield _print_line
    elif stderr.is_terminal:
        with Live(console=stderr, transient=True, auto_refresh=False) as live:
            yield lambda record: live.update(picture(record), refresh=True)
    else:
        yield _Lines().tell


def _print_line(record: RunRecord) -> None:
    told = {
        "run": record.run_id,
        "kind": record.kind,
        "state": record.state,
        "attempt": record.attempt,
        "host": record.host,
        "heartbeat_at": record.heartbeat_at,
        "progress": record.progress,
        "verdict": record.verdict,
        **(record.error or {}),
    }
    sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    sys.stdout.flush()


class _Lines:
    """For logs: how it stands when that changes, and how far it is."""

    def __init__(self) -> None:
        self._said: dict[str, str] = {}

    def tell(self, record: RunRecord) -> None:
        if record.state in _ENDED:
            return
        self._say("standing", standing(record))
        position = position_of(record)
        if position is not None and record.state == "running":
            self._say("position", said_position(position))

    def _say(self, about: str, words: str) -> None:
        if self._said.get(about) != words:
            self._said[about] = words
            stderr.print(f"… {words}", markup=False)


def picture(record: RunRecord) -> RenderableType:
    """Two lines: the run and how it stands; its step, a bar and what is told of its pace."""
    style = _STYLES.get(record.state, "")
    head = Text.assemble((f"{record.kind} {record.number}", "bold"), f" of {record.plan}  ", (standing(record), style))
    position = position_of(record)
    if position is None:
        return head
    grid = Table.grid(padding=(0, 1))
    bar = ProgressBar(total=position.total, completed=position.done, width=_BAR) if position.total else Text("")
    grid.add_row(Text(f"{position.step} {position.what}".strip()), bar, Text(said_pace(position), style="dim"))
    return Group(head, grid)


_STYLES = {"lost": "bold red", "cancelling": "yellow", "queued": "yellow"}
_ENDED = ("parked", "done", "failed", "cancelled")


def _tell_end(record: RunRecord) -> None:
    words = f"{record.kind} {record.state} · run {record.run_id}"
    if record.verdict is not None:
        print_verdict(Verdict(record.verdict), words)
    else:
        stdout.print(words, markup=False)
    if record.state == "parked":
        stderr.print(standing(record), markup=False)
    for name, value in (record.error or {}).items():
        if value and name != _CODE:
            stderr.print(f"  {name}: {value}", markup=False)


def _code(record: RunRecord) -> int:
    if record.verdict is not None:
        return exit_code(Verdict(record.verdict))
    if record.state == "failed":
        return int((record.error or {}).get(_CODE, Fault.exit_code))  # older versions did not keep it
    return 0 if record.state == "done" else Told(Parked.exit_code)
