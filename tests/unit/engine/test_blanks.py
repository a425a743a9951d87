"""A stub's blanks are of their column's type and length, and tell stubs apart where a unique key asks for it."""

from __future__ import annotations

import pyarrow as pa
import pytest

from migrator.contracts import Whole
from migrator.engine.blanks import blanks, blanks_apart
from storage.errors import Red
from storage.schema import Column, Kind, Limits, Table, Type
from storage.types import arrow_type, to_text
from tests.conformance.made import Made

_NAMED = Table(name="people", columns=())


def column(kind: Kind, **said: object) -> Column:
    precision = {"precision": 9, "scale": 2} if kind is Kind.DECIMAL else {}
    return Column(name="c", type=Type(kind=kind, **precision), **said)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.LITERAL])
def test_every_class_has_a_blank(kind: Kind) -> None:
    found = blanks(_NAMED, column(kind), 2)
    assert (found.type, found.null_count, len(found)) == (arrow_type(column(kind).type), 0, 2)


@pytest.mark.parametrize(
    ("native", "blank"),
    [("bit(3)", "000"), ("bit", "0"), ("text[]", "{}"), ("timestamp(3) with time zone", "1970-01-02 00:00:00+00")],
)
def test_a_type_without_a_class_is_blank_by_its_name(native: str, blank: str) -> None:
    assert blanks(_NAMED, column(Kind.LITERAL, native=native), 1).to_pylist() == [blank]


def test_a_server_gives_a_blank_back_as_it_is(made: Made) -> None:
    platform = made("postgresql")
    types = ("inet", "cidr", "macaddr", "interval", "timetz", "oid", "bit(3)", "varbit", "tsvector", "xml", "int4range")
    types += ("point", "pg_lsn", "text[]", "numeric", "date", "timestamptz", "uuid", "jsonb", "bytea", "char(3)")
    columns = ", ".join(f"c{number} {type_}" for number, type_ in enumerate(types))
    platform.run(f"CREATE TABLE t (id int PRIMARY KEY, {columns}); INSERT INTO t VALUES (1)")
    with platform.source().fence() as reading:
        table, _ = reading.census(reading.schema.table("t"), Whole())
    said = {one.name: blanks(table, one, 1) for one in table.columns[1:]}
    texts = {name: to_text(value, table.column(name).type)[0].as_py() for name, value in said.items()}
    texts |= {one.name: r"\x" for one in table.columns if one.type.kind is Kind.BINARY}
    for name, text in texts.items():
        platform.run(f"UPDATE t SET {name} = '{text.replace('{', '{{').replace('}', '}}')}'")
    with platform.source().fence() as reading:
        ((_, *found),) = [row.values() for batch in reading.scan(table, Whole()) for row in batch.to_pylist()]
    assert found == [value[0].as_py() for value in said.values()]


@pytest.mark.parametrize(
    ("kind", "native"), [(Kind.LITERAL, "pair"), (Kind.LITERAL, "money"), (Kind.BINARY, "multipolygon")]
)
def test_a_type_nobody_knows_a_blank_of_is_red(kind: Kind, native: str) -> None:
    with pytest.raises(Red, match=f"no {native} says nothing") as red:
        blanks(_NAMED, column(kind, native=native), 1)
    assert red.value.where == "people.c"


FIXED = Limits(fixed=True)


@pytest.mark.parametrize(
    ("described", "blank"),
    [
        (column(Kind.TEXT, choices=("b", "a")), "b"),
        (column(Kind.TEXT, max_length=3, limits=FIXED), "   "),
        (column(Kind.BINARY, max_length=2, limits=FIXED), b"\0\0"),
    ],
)
def test_a_blank_is_what_the_column_gives_back(described: Column, blank: object) -> None:
    assert blanks(_NAMED, described, 1).to_pylist() == [blank]


KEYS = [f"key-{n}" for n in range(50)]


@pytest.mark.parametrize(
    "described",
    [
        column(Kind.TEXT),
        column(Kind.TEXT, max_length=6),
        column(Kind.TEXT, max_length=40, limits=FIXED),
        column(Kind.BINARY, max_length=8),
        column(Kind.INTEGER, limits=Limits(ranges=(("-2147483648", "2147483647"),))),
        column(Kind.INTEGER, limits=Limits(ranges=(("0", None),))),
        column(Kind.DECIMAL),
        column(Kind.UUID),
    ],
)
def test_unique_columns_of_stubs_differ_and_fit(described: Column) -> None:
    found = blanks_apart(_NAMED, described, KEYS)
    assert found.equals(blanks_apart(_NAMED, described, KEYS))
    assert len(set(found.to_pylist())) == len(KEYS)
    length = described.max_length
    if length:
        assert all(len(value) <= length for value in found.to_pylist())
    for least, _ in described.limits.ranges:
        assert min(found.to_pylist()) >= int(least or 0)
    assert pa.types.is_decimal(found.type) is (described.type.kind is Kind.DECIMAL)


def test_an_enumeration_has_its_own_values_only() -> None:
    assert set(blanks_apart(_NAMED, column(Kind.TEXT, choices=("a", "b")), KEYS).to_pylist()) == {"a"}
