"""A table staged on PostgreSQL by a process that helps whoever performs the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress

import psycopg
from adbc_driver_manager.dbapi import Connection as ArrowConnection

from migrator.contracts import Staged
from migrator.platforms.postgres.connect import Session, connect, connect_arrow, place, translated
from migrator.platforms.postgres.helpers import end_helpers, is_performed, of_helper
from migrator.platforms.postgres.staging import PostgresStaging, schema_name, stage_name
from migrator.platforms.relational.kept import elsewhere
from storage.schema import Table


class PostgresHelping(PostgresStaging):
    """See migrator.contracts.Target.helping."""

    def __init__(
        self,
        url: str,
        run: str,
        connection: psycopg.Connection,
        arrow: ArrowConnection,
        required: Callable[[], None],
        *,
        session: Session,
    ) -> None:
        super().__init__(url, run, connection, session=session)
        self._arrow = arrow
        self._required = required
        self._begun: Staged | None = None

    def _take(self, staged: Staged) -> None:
        self._required()
        self._begun = staged

    def _writing(self) -> AbstractContextManager[ArrowConnection]:
        return nullcontext(self._arrow)

    def note(self, staged: Staged, word: str) -> None:
        self._required()
        super().note(staged, word)
        self._begun = None

    def leave(self) -> None:
        """What is begun and not noted goes. As long as this session lives, nobody has taken it over."""
        if self._begun is not None:
            with suppress(psycopg.Error):  # whoever ended it takes care of that
                self._connection.execute(f"DROP TABLE IF EXISTS {stage_name(self._run, self._begun)}".encode())


@contextmanager
def helping(url: str, run: str, table: Table, required: Callable[[], None]) -> Iterator[PostgresHelping]:
    """See migrator.contracts.Target.helping."""
    schema = schema_name(run)
    session = of_helper(schema, table.name)
    with closing(connect(url, session)) as connection, translated(place(url)):
        required()  # before whoever has it now is ended
        end_helpers(connection, schema, table.name)
        with closing(connect_arrow(url, session)) as arrow:
            if not is_performed(connection, schema):
                raise elsewhere(place(url), run)
            helped = PostgresHelping(url, run, connection, arrow, required, session=session)
            try:
                yield helped
            finally:
                helped.leave()
