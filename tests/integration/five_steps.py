"""A run of five steps in a process of its own, through the service: what tests that stop it look at.

`python -m tests.integration.five_steps begin|RUN [what happens within the third step]` prints the run and each step.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import fields

from migrator.cli.output import show_error
from migrator.outcomes import Steps, Verdict
from migrator.runs.catalog import Catalog
from migrator.runs.recorded import Recording
from migrator.runs.records import RunRecord
from migrator.runs.request import Request, RestoreRequest
from migrator.service import Service
from migrator.service.performing import Work
from migrator.wiring import service
from storage.errors import Fault, MigratorError, Red

NAMES = ("one", "two", "three", "four", "five")


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def wait() -> None:
    sys.stdin.readline()


def sleep() -> None:
    time.sleep(600)


def fault() -> None:
    raise Fault("the disk is full", where="store", next="free some space")


def red() -> None:
    raise Red("3 rows differ", where="accounts", next="mend the mapping")


def nothing() -> None:
    pass


class FiveSteps(Service):
    """A service whose every run is this one."""

    within_third = staticmethod(nothing)

    def begin(self) -> None:
        request = RestoreRequest(archive="file:///store/a", url="sqlite:///b.db")
        with self._catalog() as catalog:
            self._begin(catalog, request, self._five())

    def _work(self, _catalog: Catalog, _record: RunRecord, _request: Request, _url: str | None) -> Work[None]:
        return self._five()

    def _five(self) -> Work[None]:
        return Work(kind="restore", plan="five", tenant="acme", perform=self._steps)

    def _steps(self, recording: Recording, steps: Steps) -> None:
        print(recording.run.run_id, flush=True)
        for name in NAMES:
            assert steps.once(name, lambda name=name: self._step(name)) == len(name)  # type: ignore[misc]
        recording.verdict = Verdict.GREEN

    def _step(self, name: str) -> int:
        print(name, flush=True)
        if name == "three":
            self.within_third()
        return len(name)


def main(what: str, within: str = "nothing") -> int:
    made = service()
    five = FiveSteps(**{field.name: getattr(made, field.name) for field in fields(made)})
    FiveSteps.within_third = staticmethod(globals()[within])
    try:
        if what == "begin":
            five.begin()
        else:
            five.resume(what)
    except MigratorError as error:
        return show_error(error, as_json=False)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
