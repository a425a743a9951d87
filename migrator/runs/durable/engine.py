"""DBOS, launched once in a process for all that perform runs there. It talks to its database, and to nothing else."""

from __future__ import annotations

import json
import logging
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Lock
from typing import Any

from dbos import DBOS, DBOSConfig, Serializer

from migrator.runs.database import Database, open_database
from migrator.runs.durable.aside import aside, settled
from migrator.runs.durable.faults import told
from migrator.runs.durable.queue import OwnQueue
from migrator.runs.durable.steps import DurableSteps
from migrator.runs.durable.turn import give_all_back
from storage.errors import Fault, Misuse, Red

_SCHEMA = "migrator_dbos"
_VERSION = "1"
"""Of what is kept, not of this program: DBOS starts no run again that another version began."""

_SHUTDOWN_S = 0.05
_SETTLES_S = 2.0

# what goes wrong reaches us as exceptions; without a handler DBOS would add one and print
_log = logging.getLogger("dbos")
_log.addHandler(logging.NullHandler())
_log.propagate = False

_launching = Lock()
_launched: Durable | None = None


@contextmanager
def durable(url: str) -> Iterator[Durable]:
    """The steps kept at this address, sqlite:/// or postgresql://, made where there are none yet.

    Fault where they cannot be used. Misuse where the address is wrong, or this process performs runs of another one.
    """
    used = _entered(url)
    try:
        yield used
    finally:
        _left(used)


def _entered(url: str) -> Durable:
    global _launched
    with _launching:
        if _launched is None:
            _launched = Durable.launch(url)
        elif _launched.url != url:
            raise Misuse(
                "this process performs runs of another catalog",
                where=_launched.database.where,
                next="use another process",
            )
        _launched.users += 1
        return _launched


def _left(used: Durable) -> None:
    global _launched
    with _launching:
        used.users -= 1
        if not used.users:
            _launched = None
            used.end()


@dataclass(kw_only=True, repr=False)  # the address may hold a password
class Durable:
    """Where the steps of runs are kept, and the way to perform one; any number of threads may, each another run."""

    url: str
    database: Database
    queue: OwnQueue
    users: int = 0

    @classmethod
    def launch(cls, url: str) -> Durable:
        database = open_database(url)
        executor = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        try:
            with told(database):
                _launch(database, url, executor)
        except BaseException:
            DBOS.destroy()
            database.close()
            raise
        return cls(url=url, database=database, queue=OwnQueue(name=executor))

    @contextmanager
    def performing(self, run_id: str, *, attempt: int) -> Iterator[DurableSteps]:
        """The steps of this run, ours until the context ends.

        What ends well, or Red, is not resumed: its steps are forgotten. After anything else another attempt goes on.
        """
        steps = DurableSteps(run_id, attempt=attempt, queue=self.queue, database=self.database)
        try:
            yield steps
        except Red:
            self._forget_if_possible(run_id)
            raise
        else:
            self._forget_if_possible(run_id)
        finally:
            steps.leave()

    def _forget_if_possible(self, run_id: str) -> None:
        with suppress(Fault):  # the run is done, and recorded as done: what is left of it here is in nobody's way
            self.forget(run_id)

    def finished(self, run_id: str) -> tuple[str, ...]:
        """The names of the steps this run has finished for good, in their order."""
        with told(self.database, run_id):
            steps = aside(lambda: DBOS.list_workflow_steps(run_id, load_output=False))
            return tuple(step["function_name"] for step in steps)

    def last(self, run_id: str) -> str | None:
        """The newest of them."""
        return next(reversed(self.finished(run_id)), None)

    def forget(self, run_id: str) -> None:
        """Keep nothing of this run; whoever performs it can record nothing any more."""
        with told(self.database, run_id):
            aside(lambda: DBOS.delete_workflow(run_id))

    def end(self) -> None:
        give_all_back()
        settled(_SETTLES_S)
        DBOS.destroy()
        self.database.close()


def _launch(database: Database, url: str, executor: str) -> None:
    is_sqlite = database.engine.dialect.name == "sqlite"
    config: DBOSConfig = {
        "name": "migrator",
        "application_version": _VERSION,
        "executor_id": executor,  # of this process alone: launched again, it would take up what another left
        "dbos_system_schema": _SCHEMA,
        "use_listen_notify": False,
        "notification_listener_polling_interval_sec": _SHUTDOWN_S,  # nobody listens; ending waits for it
        "log_level": "CRITICAL",
        "serializer": _Json(),
    }
    if is_sqlite:
        with database.transaction():
            pass  # a file that we make has a write-ahead log
        config["system_database_url"] = url
    else:
        config["system_database_engine"] = database.engine
    DBOS(config=config)
    DBOS.listen_queues([executor])
    DBOS.launch()


class _Json(Serializer):
    """What is read again is data, whoever wrote it: DBOS's own way would execute it."""

    def serialize(self, data: Any) -> str:
        return json.dumps(data)

    def deserialize(self, serialized_data: str) -> Any:
        return json.loads(serialized_data)

    def name(self) -> str:
        return "migrator_json"
