"""MariaDB databases as archives, restored and dumped: what `mariadb-dump` says of both must be the same."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa

from migrator.contracts import Reading, Whole
from migrator.engine.restore import Restored, restore
from storage.archive import Archive
from storage.errors import Recast
from storage.local import LocalStore
from storage.model import MODEL, rendered
from storage.schema import Table
from storage.writer import ArchiveWriter
from tests.conformance.platforms.mysql import MysqlPlatform
from tests.servers.process import ADMIN, PASSWORD
from tests.support_archive import identity, signing_keys

_NUMBERED = re.compile(r" AUTO_INCREMENT=\d+| USING BTREE")
_STANDING = re.compile(r"^DO SETVAL|^SELECT SETVAL")
_INSERT = re.compile(r"^INSERT INTO ", re.MULTILINE)


def torture(platform: MysqlPlatform) -> None:
    """Everything the server can declare."""
    script = Path(__file__).parent / "unit" / "platforms" / "torture_mariadb.sql"
    with closing(platform.connect()) as connection, connection.cursor() as cursor:
        for statement in script.read_text().split(";\n"):
            if statement.strip():
                cursor.execute(statement)


def archived(platform: MysqlPlatform, folder: Path) -> Archive:
    """Every table of the database, as a snapshot writes it."""
    store = LocalStore(folder)
    with platform.source().fence() as reading, ArchiveWriter(store, _identity(reading), signing_keys()) as writer:
        for table in reading.schema.tables:
            _as_needed(reading, table, writer.table)
        writer.document(MODEL, rendered(reading.model(reading.schema.table_names)))
        sealed = writer.commit()
    return Archive.open(store, sealed.archive_id)


def restored(archive: Archive, platform: MysqlPlatform, *, master: bool = False) -> Restored:
    return restore(archive, platform.target(), platform.source, master=master)


def tables_of(platform: MysqlPlatform) -> tuple[Sequence[Table], dict[str, list[pa.RecordBatch]]]:
    """The tables as their values need them, and their rows."""
    rows: dict[str, list[pa.RecordBatch]] = {}

    def keep(table: Table, batches: Iterator[pa.RecordBatch]) -> None:
        rows[table.name] = list(batches)

    with platform.source().fence() as reading:
        return [_as_needed(reading, table, keep) for table in reading.schema.tables], rows


def dumped(platform: MysqlPlatform) -> list[str]:
    """The schema statement by statement, then the rows, each sorted: what order a dump gives them is not kept."""
    schema = _dump(platform, "--no-data", "--compact", "--skip-opt", "--create-options", "--quote-names")
    rows = _dump(platform, "--no-create-info", "--compact", "--skip-extended-insert", "--hex-blob", "--complete-insert")
    statements = [_NUMBERED.sub("", part) for part in schema.split(";\n") if not _STANDING.match(part)]
    return [*sorted(statements), *sorted(_INSERT.split(rows))]


def _dump(platform: MysqlPlatform, *options: str) -> str:
    address = urlsplit(platform.url)
    where = [f"--host={address.hostname}", f"--port={address.port}", f"--user={ADMIN}"]
    command = ["mariadb-dump", "--no-defaults", *where, "--default-character-set=utf8mb4", *options]
    done = subprocess.run(
        [*command, address.path.removeprefix("/")],
        env={**os.environ, "MYSQL_PWD": PASSWORD},
        capture_output=True,
        check=True,
    )
    return done.stdout.decode(errors="backslashreplace").replace(address.path.removeprefix("/"), "the_database")


def _identity(reading: Reading) -> object:
    return replace(identity(), source_platform=reading.schema.platform, source_version=reading.schema.version)


def _as_needed(reading: Reading, table: Table, take: Callable[[Table, Iterator[pa.RecordBatch]], object]) -> Table:
    """Give the table's rows away, again where a value needs another type of its column; the table as it was taken."""
    table, _ = reading.census(table, Whole())
    while True:
        try:
            take(table, reading.scan(table, Whole()))
        except Recast as recast:
            columns = (recast.column if one.name == recast.column.name else one for one in table.columns)
            table = replace(table, columns=tuple(columns))
        else:
            return table
