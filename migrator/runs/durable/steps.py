"""The steps of one run: each is recorded when it is finished, and found again by its name."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock
from typing import cast

from dbos import DBOS, SetWorkflowID

from migrator.outcomes import Given, Json, as_read_again
from migrator.runs.database import Database
from migrator.runs.durable.aside import aside
from migrator.runs.durable.faults import told
from migrator.runs.durable.queue import OwnQueue
from migrator.runs.durable.turn import Turn, perform
from migrator.runs.records import taken_over


class DurableSteps:
    """`Steps` that outlive the process; `last` names the newest that is known to be finished.

    DBOS knows a step by its place, we by its name: an attempt first repeats, in their order, all that are recorded, and
    from then on adds to them, whatever order it asks in and whichever version of this program recorded them.
    """

    def __init__(self, run_id: str, *, attempt: int, queue: OwnQueue, database: Database) -> None:
        self._run_id, self._queue, self._database = run_id, queue, database
        self._attempt = attempt
        self._turn: Turn | None = None
        self._done: dict[str, Json] = {}
        self._recording = Lock()

    @property
    def attempt(self) -> int:
        return self._attempt

    @property
    def last(self) -> str | None:
        return next(reversed(self._done), None)

    def once(self, name: str, do: Callable[[], Given]) -> Given:
        with self._recording:
            turn = self._begun()
        if name not in self._done:
            given = as_read_again(do())
            with self._recording:
                self._record(turn, name, given)
        return cast(Given, self._done[name])

    def leave(self) -> None:
        """Nothing more is recorded here; the run can be resumed."""
        if self._turn is not None:
            self._turn.give_back()

    def _record(self, turn: Turn, name: str, given: Json) -> None:
        asked = Event()

        def give() -> Json:
            asked.set()
            return given

        with told(self._database, self._run_id):
            aside(lambda: turn.record(name, give))
        if not asked.is_set():  # it is there already, and not from us: another attempt is ahead of this one
            raise taken_over(self._run_id)
        self._done[name] = given

    def _begun(self) -> Turn:
        """From here on the run is ours: an attempt that hangs somewhere can record nothing any more."""
        if self._turn is None:
            turn = Turn(self._run_id)
            try:
                with told(self._database, self._run_id):
                    aside(lambda: self._repeated(turn))
            except BaseException:
                turn.give_back()
                raise
            self._turn = turn
        return self._turn

    def _repeated(self, turn: Turn) -> None:
        self._start(turn)
        self._repeat(turn)

    def _start(self, turn: Turn) -> None:
        if DBOS.get_workflow_status(self._run_id) is not None:
            with self._queue.resumed(self._run_id):
                turn.wait()
            return
        with SetWorkflowID(self._run_id):
            DBOS.start_workflow(perform, self._run_id)
        turn.wait()

    def _repeat(self, turn: Turn) -> None:
        """Only when the turn is ours is what an earlier attempt records complete."""
        for step in DBOS.list_workflow_steps(self._run_id):
            name = step["function_name"]
            self._done[name] = turn.record(name, _recorded)


def _recorded() -> Json:
    raise AssertionError("a step that is recorded is not done again")
