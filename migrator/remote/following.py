"""Runs that a server performs: followed to their end, which is told as if they had been performed here."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from migrator.contracts import Closed, Undone
from migrator.engine.restore import Restored
from migrator.engine.snapshot import Snapshot
from migrator.outcomes import Progress, RunReport, Tick, silent
from migrator.remote.asking import Asking
from migrator.remote.server import Server, path
from migrator.remote.values import read
from migrator.reports.verification import from_json
from migrator.runs.liveness.pace import Position
from migrator.runs.named import named
from migrator.runs.queued import Queued
from migrator.runs.records import RunRecord
from migrator.service.following import NOBODY_S, nobody_goes_on
from migrator.service.loading import Finished, Reported
from storage.errors import Fault, Misuse, Parked, Red
from storage.said_error import read_error

Found = Snapshot | Restored | Reported | Closed
_RESULTS = {"snapshot": Snapshot, "restore": Restored, "closing": Closed}
_LOOK_S = 1.0
_Result = TypeVar("_Result")


@dataclass(frozen=True, kw_only=True)
class Following:
    """`is_detached`: runs are asked for, and not waited for; `reason` is for whoever approves them."""

    server: Server
    progress: Progress = field(default=silent)
    is_detached: bool = False
    reason: str = ""

    # ── records ─────────────────────────────────────────────────────────────────────────────────────────────
    def runs(self) -> tuple[RunRecord, ...]:
        """Those that whoever asks may see, oldest first."""
        return tuple(read(RunRecord, one) for one in self.server.every(path("runs")))

    def run(self, run_id: str) -> RunRecord:
        """The run of this id or unambiguous beginning; Misuse with near ids."""
        try:
            return read(RunRecord, self.server.get(path("runs", run_id or "-")))
        except Misuse as refused:
            if refused.where != "run":  # what is not there; anything else is no question of its name
                raise
            return named(run_id, self.runs())

    def follow(self, run_id: str) -> Iterator[RunRecord]:
        """The run now, and each time it changed, until it ended. Fault where it is lost and nobody goes on with it."""
        record = self.run(run_id)
        yield record
        lost_since: float | None = None
        with _left_to_itself(record):
            for said in self.server.events(path("runs", record.run_id, "events")):
                before, record = record, read(RunRecord, said) if said is not None else record
                lost_since = (lost_since or time.monotonic()) if record.state == "lost" else None
                if lost_since is not None and time.monotonic() - lost_since > NOBODY_S:
                    raise nobody_goes_on(record)
                if record != before:
                    yield record

    # ── to the end ──────────────────────────────────────────────────────────────────────────────────────────
    def _performed(self, begun: dict[str, Any]) -> RunRecord:
        """The run that a request has become, at its end. Queued or Asking where nobody waits for it; what ended it,
        where that was an error."""
        if "approval" in begun:
            return self._ended(self._decided(begun))
        record = self.run(begun["run"])
        if self.is_detached:
            raise Queued(record)
        return self._ended(record)

    def _ended(self, record: RunRecord) -> RunRecord:
        with _left_to_itself(record):
            for now in self.follow(record.run_id):
                record = now
                self._tell(record)
        return self._as_here(record)

    def _tell(self, record: RunRecord) -> None:
        position = Position.read(record.progress) if record.is_under_way else None
        if record.state == "queued":
            self.progress(Tick(step=f"{record.run_id} waits for a worker of the server"))
        elif position is not None:
            self.progress(Tick(step=position.step, what=position.what, done=position.done, total=position.total))

    def _as_here(self, record: RunRecord) -> RunRecord:
        """A run that ended; the error that whoever performed it met, where it met one."""
        if record.error is not None:
            raise self._error_of(record)
        if record.state == "done":
            return record
        cancelled = Parked(
            f"{record.kind} cancelled; nothing is left of it",
            where=record.run_id,
            next="give the command again to start it anew",
        )
        parked = Parked(
            f"{record.kind} parked on the server; nothing of it is visible",
            where=record.run_id,
            next=f"migrator runs resume {record.run_id} goes on with it",
        )
        raise cancelled if record.state == "cancelled" else parked

    def _error_of(self, record: RunRecord) -> Exception:
        told = self._answer(record).get("error")
        if told is None:  # of a run that nobody asked this server for
            code = Red.exit_code if record.verdict is not None else Fault.exit_code
            kept = record.error or {}
            told = self.server.here({**kept, "exit_code": int(kept.get("exit_code", code))})
        return read_error(told)

    # ── what it found ───────────────────────────────────────────────────────────────────────────────────────
    def _found(self, record: RunRecord) -> Found:
        if record.kind in _RESULTS:
            return self._value(record, _RESULTS[record.kind])
        undone = self._value(record, Undone) if record.kind == "rollback" else None
        address = f"{self.server.url}{path('runs', record.run_id)}/report.html"
        return Reported(report=self._report(record), report_path=address, undone=undone)

    def _finished(self, begun: dict[str, Any]) -> tuple[Finished, Reported]:
        record = self._performed(begun)
        found = self._found(record)
        assert isinstance(found, Reported)
        return Finished.of(record, found), found

    def _value(self, record: RunRecord, kind: type[_Result]) -> _Result:
        told = self._answer(record).get("found")
        if told is None:
            raise Misuse(
                f"what this {record.kind} found is told where it ran, and not by its server",
                where=record.run_id,
                next=f"migrator runs show {record.run_id} says what is known of it",
            )
        return read(kind, told)

    def _answer(self, record: RunRecord) -> dict[str, Any]:
        answer: dict[str, Any] = self.server.get(path("runs", record.run_id, "answer"))
        return answer

    def _report(self, record: RunRecord) -> RunReport:
        return from_json(self.report(record.run_id, "json").decode())

    def report(self, run_id: str, format: str) -> bytes:
        """A finished run's report."""
        return self.server.content(f"{path('runs', run_id)}/report.{path(format).rpartition('/')[2]}")

    # ── four eyes ───────────────────────────────────────────────────────────────────────────────────────────
    def _decided(self, begun: dict[str, Any]) -> RunRecord:
        """The run that begins when somebody else agreed. Red where they refused."""
        return self.run(self._agreed(begun)["run_id"])

    def _agreed(self, begun: dict[str, Any]) -> dict[str, Any]:
        """The approval, when it was given, and what was asked for began; the error where it could not."""
        approval_id, what = begun["approval"], begun["what"]
        if self.is_detached:
            raise Asking(approval_id, what)
        self.progress(Tick(step=f"waits for approval {approval_id}: somebody else has to agree to {what}"))
        try:
            while True:
                said: dict[str, Any] = self.server.get(path("approvals", approval_id))
                if said["is_granted"] is False:
                    raise _disagreed(said)
                if said["failure"]:
                    raise read_error(self.server.here(said["failure"]))
                if said["begun_at"]:
                    return said
                time.sleep(_LOOK_S)
        except KeyboardInterrupt:
            raise Parked(
                f"it still waits for approval, and begins when somebody agrees to {what}",
                where=approval_id,
                next="migrator runs list shows its run then; whoever approves can refuse it",
            ) from None


@contextmanager
def _left_to_itself(record: RunRecord) -> Iterator[None]:
    """Who stops waiting stops nothing but that."""
    try:
        yield
    except KeyboardInterrupt:
        raise Parked(
            f"the {record.kind} goes on, on the server",
            where=record.run_id,
            next=f"migrator runs follow {record.run_id} follows it, migrator runs cancel {record.run_id} gives it up",
        ) from None


def _disagreed(said: dict[str, Any]) -> Red:
    words = f": {said['words']}" if said.get("words") else ""
    return Red(
        f"{said['decided_by_name']} did not agree to {said['what']}{words}",
        where=said["approval_id"],
        next="mend what they name, and ask anew",
    )
