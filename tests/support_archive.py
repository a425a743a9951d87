"""Builds archives for tests: random tables of every kind, and the few lines that write one."""

from __future__ import annotations

import datetime as dt
import decimal
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pyarrow as pa
from hypothesis import strategies as st

from storage.errors import Recast
from storage.objects import ObjectStore
from storage.package import TablePart
from storage.schema import Column, Kind, Table, Type
from storage.seal import SigningKeys
from storage.types import Variant, arrow_schema, arrow_type
from storage.writer import ArchiveWriter, Identity, Sealed, new_archive_id

TRAPS = (
    "",
    " ",
    "\\N",
    "\\N1",
    "NULL",
    "NA",
    "nan",
    "007",
    'a"b',
    "a,b",
    "c\rd",
    "e\nf",
    "g\r\nh",
    "😀",
    "\ufeff",
    "é",
)
TEXT = Type(kind=Kind.TEXT)
INTEGER = Type(kind=Kind.INTEGER)

_text = st.one_of(st.sampled_from(TRAPS), st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
_naive = st.datetimes()
_VALUES = {
    Kind.BOOLEAN: st.booleans(),
    Kind.INTEGER: st.integers(-(2**63), 2**63 - 1),
    Kind.FLOAT: st.floats(),
    Kind.TEXT: _text,
    Kind.BINARY: st.binary(max_size=12),
    Kind.DATE: st.dates(),
    Kind.TIME: st.times(),
    Kind.TIMESTAMP: _naive,
    Kind.TIMESTAMPTZ: _naive.map(lambda moment: moment.replace(tzinfo=dt.UTC)),
    Kind.UUID: st.uuids().map(str),
    Kind.JSON: st.sampled_from(['{"b": 1, "a": [1, 1.0]}', "null", '""', "[]", '{"a":1,"a":2}']),
    Kind.LITERAL: _text,
    Kind.VARIANT: st.one_of(st.integers(), st.floats(), _text, st.binary(max_size=6)).map(Variant.encode),
}


@st.composite
def decimals(draw: st.DrawFn, type_: Type) -> decimal.Decimal:
    unscaled = draw(st.integers(-(10**type_.precision) + 1, 10**type_.precision - 1))
    with decimal.localcontext(prec=80):
        return decimal.Decimal(unscaled).scaleb(-type_.scale)


@st.composite
def types(draw: st.DrawFn) -> Type:
    kind = draw(st.sampled_from(Kind))
    if kind is not Kind.DECIMAL:
        return Type(kind=kind)
    precision = draw(st.integers(1, 76))
    return Type(kind=kind, precision=precision, scale=draw(st.integers(0, precision)))


@st.composite
def tables(draw: st.DrawFn) -> tuple[Table, pa.RecordBatch]:
    """A table of any shape, zero columns and zero rows included, and its rows."""
    names = draw(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), max_size=4, unique=True))
    table = Table(
        name=draw(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)),
        columns=tuple(Column(name=name, type=draw(types())) for name in names),
    )
    rows = draw(st.integers(0, 5))
    if not names:
        return table, pa.RecordBatch.from_struct_array(pa.array([{}] * rows, pa.struct([])))
    arrays = [draw(values(column.type, rows)) for column in table.columns]
    return table, pa.RecordBatch.from_arrays(arrays, schema=arrow_schema(table))


@st.composite
def values(draw: st.DrawFn, type_: Type, rows: int) -> pa.Array:
    of_type = decimals(type_) if type_.kind is Kind.DECIMAL else _VALUES[type_.kind]
    drawn = draw(st.lists(st.none() | of_type, min_size=rows, max_size=rows))
    return pa.array(drawn, arrow_type(type_))


@cache
def signing_keys() -> SigningKeys:
    return SigningKeys.load_or_create(Path(tempfile.mkdtemp()))


def identity(tenant: str = "Acmé", at: dt.datetime | None = None) -> Identity:
    at = at or dt.datetime(2026, 11, 22, 1, 2, 3, tzinfo=dt.UTC)
    return Identity(
        archive_id=new_archive_id(tenant, at),
        tenant=tenant,
        plan="acme-exit",
        created_at=at.isoformat(),
        source_platform="sqlite",
        source_version="3.40.1",
        fence={"kind": "sqlite-read-transaction", "token": "7"},
        tool="migrator 0.1.0",
    )


def write_recast(writer: ArchiveWriter, table: Table, batches: Sequence[pa.RecordBatch], splits: int = 1) -> TablePart:
    """What a snapshot does: write again, as often as the writer asks for another column."""
    while True:
        try:
            return writer.table(table, batches, splits=splits)
        except Recast as recast:
            columns = [recast.column if one.name == recast.column.name else one for one in table.columns]
            table = replace(table, columns=tuple(columns))


def write_archive(store: ObjectStore, *contents: tuple[Table, pa.RecordBatch]) -> Sealed:
    with ArchiveWriter(store, identity(), signing_keys()) as writer:
        for table, batch in contents:
            write_recast(writer, table, [batch])
        writer.document("schema/ddl.sql", b"CREATE TABLE t (id INTEGER);\n")
        return writer.commit()


def rows_of(table: Table, *rows: tuple[object, ...]) -> pa.RecordBatch:
    columns = list(zip(*rows, strict=True)) or [()] * len(table.columns)
    schema = arrow_schema(table)
    return pa.RecordBatch.from_arrays(
        [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema=schema
    )


def clients() -> tuple[Table, pa.RecordBatch]:
    """A small table with every trap text, its key, and an attachment column."""
    table = Table(
        name="Clients / été",
        columns=(
            Column(name="id", type=INTEGER, nullable=False),
            Column(name="note", type=TEXT),
            Column(name='code, "alt"', type=TEXT),
        ),
        primary_key=("id",),
    )
    texts = (None, *TRAPS)
    return table, rows_of(table, *((number, text, str(number)) for number, text in enumerate(texts, start=1)))
