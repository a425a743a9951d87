"""What a rebuilding made goes away again, table by table: any DROP commits."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from migrator.platforms.mysql.address import Address
from migrator.platforms.mysql.connect import LENIENT_MODE, connect
from migrator.platforms.relational.sqltext import quoted
from storage.model import Model
from storage.schema import Table


def erase(address: Address, tables: Sequence[Table], model: Model) -> None:
    """See migrator.contracts.Target."""
    with closing(connect(address, mode=LENIENT_MODE)) as connection:
        connection.execute("SET SESSION foreign_key_checks = 0")  # they go in any order
        for table in tables:
            connection.execute(f"DROP TABLE IF EXISTS {quoted(table.name)}")
        for sequence in model.sequences:
            connection.execute(f"DROP SEQUENCE IF EXISTS {quoted(sequence.name)}")
