"""What everything is measured against: `COPY … (FORMAT binary)` of an archive's rows by psql, over the wire."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import adbc_driver_postgresql.dbapi
import pyarrow as pa
import pyarrow.parquet as pq
from psycopg.conninfo import conninfo_to_dict

from tests.conformance.platforms import PostgresPlatform
from tests.servers.process import program

_BATCH_ROWS = 8_192
_PLACE = "bench"
_NAMES = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """Seconds to copy the archive's rows out of plain tables, and into plain tables with their primary key."""

    out: float
    into: float


def baseline(platform: PostgresPlatform, archive: Path) -> Baseline:
    """Copy every table of the archive out and in, in a schema of its own that is dropped at the end."""
    file = archive.parent / "copy.bin"
    copied = [_copied(platform, table, file) for table in _tables(platform, archive)]
    file.unlink()
    platform.run(f"DROP SCHEMA {_PLACE} CASCADE")
    return Baseline(out=sum(out for out, _ in copied), into=sum(into for _, into in copied))


def _tables(platform: PostgresPlatform, archive: Path) -> Iterator[str]:
    """The archive's tables, one after the other, as plain tables; dropped when the next is asked for."""
    platform.run(f"CREATE SCHEMA {_PLACE}")
    for folder in sorted((archive / "data" / "parquet").iterdir()):
        schema = pq.read_schema(next(folder.iterdir()))
        with adbc_driver_postgresql.dbapi.connect(platform.url) as connection, connection.cursor() as cursor:
            rows = pa.RecordBatchReader.from_batches(schema, _batches(folder, schema))
            cursor.adbc_ingest(folder.name, rows, mode="create", db_schema_name=_PLACE)
            connection.commit()
        key = f"ALTER TABLE {_PLACE}.twin ADD PRIMARY KEY (id);" if "id" in schema.names else ""
        platform.run(f'CREATE TABLE {_PLACE}.twin (LIKE {_PLACE}."{folder.name}"); {key}')
        yield f'{_PLACE}."{folder.name}"'
        platform.run(f'DROP TABLE {_PLACE}.twin; DROP TABLE {_PLACE}."{folder.name}"')


def _batches(folder: Path, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for part in sorted(folder.iterdir()):
        with pq.ParquetFile(part) as file:
            for batch in file.iter_batches(_BATCH_ROWS):
                yield batch.cast(schema)


def _copied(platform: PostgresPlatform, table: str, file: Path) -> tuple[float, float]:
    """Seconds out and in, as psql tells them.

    By psql: a loop over rows in Python would make the baseline slow, and every ratio to it a flattering one.
    """
    given = conninfo_to_dict(platform.url)
    commands = (
        "\\timing on",
        f"\\copy {table} TO '{file}' (FORMAT binary)",
        f"\\copy {_PLACE}.twin FROM '{file}' (FORMAT binary)",
    )
    told = subprocess.run(
        [program("psql"), "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", *(f"--command={c}" for c in commands)],
        env={**os.environ, **{_NAMES[key]: str(value) for key, value in given.items()}, "LC_ALL": "C"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    out, into = (float(milliseconds) / 1000 for milliseconds in re.findall(r"Time: ([\d.]+) ms", told))
    return out, into
