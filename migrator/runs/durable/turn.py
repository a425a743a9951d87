"""A run's turn: DBOS starts the workflow in a thread of its own, and lends it to whoever performs the run in theirs.

Signals reach the main thread only, and drivers dislike to change threads; so the job stays where it was asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context, copy_context
from threading import Event

from dbos import DBOS

from migrator.outcomes import Json
from storage.errors import Fault

_PATIENCE_S = 120
_waiting: dict[str, Turn] = {}


class Left(BaseException):
    """Ends a workflow's thread with no outcome recorded: DBOS records those of an Exception and of a return."""


class Turn:
    """One execution of a run's workflow, from when it is asked for until it is given back."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._lent, self._over = Event(), Event()
        self._context: Context | None = None
        _waiting[run_id] = self

    def lend(self) -> None:
        """In DBOS's thread: give the workflow's context away until it is given back."""
        self._context = copy_context()
        self._lent.set()
        self._over.wait()

    def wait(self) -> Context:
        """The workflow's context, as soon as the run is ours."""
        if not self._lent.wait(_PATIENCE_S) or self._context is None:
            raise Fault(
                "the run was not started again in time",
                where=self._run_id,
                next="look whether the catalog's database is overloaded, and resume the run once more",
            )
        return self._context

    def record(self, name: str, give: Callable[[], Json]) -> Json:
        """The workflow's next step, as recorded; `give` is called where it is not. By one thread at a time."""
        return self.wait().copy().run(_step, name, give)  # a thread enters no context that another is in

    def give_back(self) -> None:
        """The workflow's thread ends, and who still waits for it is told so."""
        _waiting.pop(self._run_id, None)
        self._over.set()
        self._lent.set()


def give_all_back() -> None:
    """No thread of DBOS's waits any more: the process could not end."""
    for turn in tuple(_waiting.values()):
        turn.give_back()


def _step(name: str, give: Callable[[], Json]) -> Json:
    return DBOS.run_step({"name": name}, give)


@DBOS.workflow(name="perform", max_recovery_attempts=None)
def perform(run_id: str) -> None:
    """The one workflow there is: it lends itself, and leaves no outcome. What becomes of a run, the catalog knows."""
    if turn := _waiting.get(run_id):
        turn.lend()
    raise Left
