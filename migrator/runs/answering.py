"""A connection to the catalog's server that waits for no answer for ever."""

from __future__ import annotations

from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen

_LOOK_S = 0.1

Answer = TypeVar("Answer")


class AnsweringConnection(psycopg.Connection[Any]):
    """A network may swallow what is sent and keep the connection: TCP misses a machine that is gone, not that."""

    answer_s = 40.0  # longer than anybody waits there for a lock

    def wait(self, gen: PQGen[Answer], interval: float = _LOOK_S, timeout: float | None = None) -> Answer:
        """What the server answers. OperationalError where it has not in time; the connection is of no use then."""
        try:
            return super().wait(gen, interval, self.answer_s if timeout is None else timeout)
        except psycopg.OperationalError as error:
            if error.sqlstate is None and timeout is None:  # nothing that the server said
                self.close()
            raise
