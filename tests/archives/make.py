"""Makes the archive this folder keeps: run once per format version, `python -m tests.archives.make`, then commit it.

It is never made again: that today's code reads what yesterday's wrote is the point of keeping it.
"""

from __future__ import annotations

import datetime as dt
import decimal
import tempfile
from pathlib import Path
from unittest.mock import patch

import pyarrow as pa

from storage import files
from storage.local import LocalStore
from storage.schema import Attachment, Column, Kind, Table, Type
from storage.seal import SigningKeys
from storage.writer import ArchiveWriter, Identity
from tests.support_archive import rows_of, write_recast

HERE = Path(__file__).parent
ARCHIVE_ID = "version-1"

EVERY_KIND = Table(
    name="Every kind",
    columns=tuple(
        Column(
            name=kind.value, type=Type(kind=kind, precision=20, scale=4) if kind is Kind.DECIMAL else Type(kind=kind)
        )
        for kind in Kind
    ),
)
ROWS: tuple[tuple[object, ...], ...] = (
    (
        True,
        -(2**63),
        5e-324,
        decimal.Decimal("1234567890123456.7890"),
        "\\N",
        b"\0\xff",
        dt.date(1, 1, 1),
        dt.time(23, 59, 59, 999999),
        dt.datetime(9999, 12, 31, 23, 59, 59, 999999),
        dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC),
        "123e4567-e89b-12d3-a456-426614174000",
        '{"b": 1, "a": 1.0}',
        "[1,10)",
        "x:AP8=",
    ),
    (False, 2**63 - 1, float("inf"), decimal.Decimal("-0.0001"), "", b"", *(None,) * 8),
    (None,) * len(EVERY_KIND.columns),
)
DOCUMENTS = Table(
    name="documents",
    columns=(
        Column(name="id", type=Type(kind=Kind.INTEGER), nullable=False),
        Column(name="name", type=Type(kind=Kind.TEXT)),
        Column(name="content", type=Type(kind=Kind.BINARY), attachment=Attachment(name_column="name")),
        Column(name="note", type=Type(kind=Kind.TEXT)),
    ),
    primary_key=("id",),
)
FILES: tuple[tuple[object, ...], ...] = ((1, "a.txt", b"hello", "short"), (2, None, None, "a long note: " + "é" * 80))


def every_kind() -> pa.RecordBatch:
    return rows_of(EVERY_KIND, *ROWS)


def make() -> None:
    identity = Identity(
        archive_id=ARCHIVE_ID,
        tenant="Société Exemple",
        plan="kept-for-ever",
        created_at="2026-11-22T00:00:00+00:00",
        source_platform="sqlite",
        source_version="3.40.1",
        fence={"kind": "sqlite-read-transaction", "token": "1"},
        tool="migrator 0.1.0",
    )
    keys = SigningKeys.load_or_create(Path(tempfile.mkdtemp()))  # forgotten on purpose: nobody signs this again
    # a lower limit, so that the kept archive holds a value of an ordinary column under files/ and stays small
    with patch.object(files, "INLINE_LIMIT", 80), ArchiveWriter(LocalStore(HERE), identity, keys) as writer:
        write_recast(writer, EVERY_KIND, [every_kind()])
        write_recast(writer, DOCUMENTS, [rows_of(DOCUMENTS, *FILES)], splits=2)
        write_recast(
            writer, Table(name="no columns", columns=()), [pa.RecordBatch.from_struct_array(pa.array([{}, {}]))]
        )
        writer.document("schema/ddl.sql", b"CREATE TABLE documents (id INTEGER PRIMARY KEY);\n")
        print(writer.commit().fingerprint)


if __name__ == "__main__":
    make()
