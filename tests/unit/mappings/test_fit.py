"""What a target column takes: every limit it declares is a probe of the mapped values, and an error past the check."""

from __future__ import annotations

import datetime as dt
import json
import struct
from dataclasses import replace
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.compile import compile_mapping
from mappings.compiled import CompiledEdge
from mappings.fit import misfits
from mappings.load import load_mapping
from storage.schema import Column, Kind, Limits, Table, Type
from storage.types import arrow_type
from tests.unit.mappings.bench import table

DECIMAL = Type(kind=Kind.DECIMAL, precision=5, scale=2)
DATABASE = duckdb.connect(config={"threads": 1})
DATABASE.execute("SET TimeZone = 'UTC'")
LATIN = ((0x20, 0x7E), (0xA0, 0xFF), (0x20AC, 0x20AC))


def column(kind: str | Type, limits: Limits = Limits(), **more: Any) -> Column:  # noqa: B008 - frozen
    type_ = kind if isinstance(kind, Type) else Type(kind=Kind(kind))
    return Column(name="v", type=type_, native="native", limits=limits, **more)


def unfit(described: Column, *values: Any) -> list[Any]:
    """Those of the values that do not fit."""
    conditions = [f"({misfit.failed})" for misfit in misfits("v", described.type, described)]
    rows = pa.table({"n": range(len(values)), "v": pa.array(values, arrow_type(described.type))})
    DATABASE.register("rows", rows)
    found = DATABASE.execute(f"SELECT n FROM rows WHERE {' OR '.join(conditions)} ORDER BY n").fetchall()
    return [values[n] for (n,) in found]


INSTANTS = [dt.datetime(2024, 2, 29, 10, 0, 0, us, tzinfo=dt.UTC) for us in (0, 500_000, 123_000, 1)]
EARLY = dt.datetime(1969, 12, 31, 23, 59, 59, tzinfo=dt.UTC)
CASES = {
    "a range": (column("integer", Limits(ranges=(("-8", "7"),))), [-8, 0, 7], [-9, 8]),
    "several ranges": (column("integer", Limits(ranges=(("0", "0"), ("1901", "2155")))), [0, 1901], [1, 2156]),
    "an open range": (column(DECIMAL, Limits(ranges=(("0", None),))), [Decimal("0.00")], [Decimal("-0.01")]),
    "instants": (column("timestamptz", Limits(ranges=(("1970-01-01T00:00:01Z", None),))), INSTANTS, [EARLY]),
    "whole seconds": (column("timestamptz", Limits(fraction=0)), [INSTANTS[0], EARLY], INSTANTS[1:]),
    "milliseconds": (column("timestamptz", Limits(fraction=3)), INSTANTS[:3], INSTANTS[3:]),
    "times of a day": (column("time", Limits(fraction=1)), [dt.time(1, 2, 3, 400_000)], [dt.time(1, 2, 3, 450_000)]),
    "no NaN": (column("float", Limits(never=("NaN",))), [float("inf"), 0.0, -0.0], []),
    "no negative zero": (column("float", Limits(never=("-0", "-INF"))), [0.0, float("inf")], [-0.0, float("-inf")]),
    "characters": (column("text", max_length=2), ["éé", ""], ["abc"]),
    "bytes of a text": (column("text", Limits(max_bytes=3)), ["é", "abc"], ["éé"]),
    "bytes": (column("binary", Limits(max_bytes=1)), [b"\0", b""], [b"\0\0"]),
    "filled up": (column("text", Limits(fixed=True), max_length=2), ["éé", "  "], ["é", "", "ééé"]),
    "cut": (column("text", Limits(trimmed=True)), [" a", ""], ["a ", " "]),
    "choices": (column("text", choices=("it's", "no")), ["it's"], ["It's", "", "no "]),
    "a pattern": (column("literal", Limits(pattern="-?[0-9]+")), ["-12"], ["12\n", "", "1.0"]),
    "no NUL": (column("text", Limits(characters=((1, 0x10FFFF),))), ["\x01😀"], ["a\0"]),
    "one plane": (column("text", Limits(characters=((0, 0xFFFF),))), ["\0\uffff"], ["😀"]),
    "a character set": (column("text", Limits(characters=LATIN)), ["é€~", ""], ["\t", "Ω", "a😀"]),
}


@pytest.mark.parametrize("name", CASES)
def test_a_limit_tells_what_fits_from_what_does_not(name: str) -> None:
    described, good, bad = CASES[name]
    assert unfit(described, *good, None) == []
    assert unfit(described, *bad) == bad
    assert all(misfit.what and misfit.next for misfit in misfits("v", described.type, described))


def test_a_column_that_takes_anything_is_not_asked_about_one_kind() -> None:
    anything = column("variant", Limits(max_bytes=1), max_length=1)
    assert list(misfits("v", Type(kind=Kind.TEXT), anything)) == []


def test_not_a_number_is_found() -> None:
    found = unfit(column("float", Limits(never=("NaN",))), float("nan"), 1.0)
    assert len(found) == 1 and found[0] != found[0]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.floats() | st.floats(width=32), min_size=1, max_size=50))
def test_four_bytes_hold_what_they_give_back(values: list[float]) -> None:
    def held(value: float) -> bool:
        try:
            return value != value or struct.unpack("f", struct.pack("f", value))[0] == value
        except OverflowError:
            return False

    found = unfit(column("float", Limits(single=True)), *values)
    assert list(map(repr, found)) == [repr(value) for value in values if not held(value)]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abé", max_size=3), inner, max_size=4),
    max_leaves=12,
)
PARSED = column("json", Limits(parsed=True))


def _as_parsed(value: Any) -> Any:
    """Keys by their length in bytes, then their bytes."""
    if isinstance(value, dict):
        return {key: _as_parsed(value[key]) for key in sorted(value, key=lambda k: (len(k.encode()), k.encode()))}
    return [_as_parsed(item) for item in value] if isinstance(value, list) else value


@settings(max_examples=120, deadline=None)
@given(JSON)
def test_a_document_as_the_server_writes_it_fits(value: Any) -> None:
    assert unfit(PARSED, json.dumps(_as_parsed(value), ensure_ascii=False)) == []


@pytest.mark.parametrize(
    "document",
    ['{"a":1}', '{"bb": 1, "a": 2}', '{"a": 1, "a": 1}', "1e2", ' "a"', '"\\u00e9"', '"\\/"', '[{"b": 1, "a": 2}]'],
)
def test_a_document_that_would_be_rewritten_does_not_fit(document: str) -> None:
    assert unfit(PARSED, document) == [document]


# ── in a mapping ────────────────────────────────────────────────────────────────────────────────────────────
SOURCE = table("things", {"id": "integer", "a": "text", "b": "integer"})
MAPPING = """\
mapping: m
version: 1
tables:
  made:
    edges:
      - from: things
        columns: {id: id, a: a, b: b}
"""


def compiled(target: Table) -> tuple[CompiledEdge, str]:
    found = compile_mapping(load_mapping(MAPPING, file="m"), [SOURCE], [target], tenant="t")
    return found.edges[0], found.rows_sql("made")


def test_one_pass_counts_what_every_probe_of_an_edge_finds() -> None:
    made = table("made", {"id": "integer", "a": "text", "b": "integer"})
    limits = {"a": Limits(max_bytes=3), "b": Limits(ranges=(("0", "9"),))}
    columns = tuple(
        replace(each, limits=limits.get(each.name, Limits()), max_length=3 if each.name == "a" else None)
        for each in made.columns
    )
    edge, rows = compiled(replace(made, columns=columns))
    with duckdb.connect() as database:
        database.execute("CREATE SCHEMA src; CREATE TABLE src.things (id BIGINT, a VARCHAR, b BIGINT)")
        database.execute("INSERT INTO src.things VALUES (1, 'abc', 9), (2, 'éé', 10), (3, 'abcd', -1), (4, NULL, NULL)")
        ((counts,),) = database.execute(edge.fits_sql).fetchall()
        assert dict(zip([fit.what for fit in edge.fits], counts, strict=True)) == {
            "NULL in a column that is NOT NULL": 0,
            "value is longer than 3": 1,
            "value is longer than 3 bytes": 1,  # what is too long already is told once
            "the target column takes at least 0 and at most 9": 2,
        }
        each = [database.execute(fit.sql).fetchall()[0] for fit in edge.fits]
        assert [count for count, _ in each] == counts
        assert each[-1] == (2, ["-1", "10"])
        with pytest.raises(duckdb.Error, match=r"made\.[ab]"):
            database.execute(rows).fetchall()


def test_the_counts_of_very_many_columns_are_each_probe_s_own() -> None:
    names = [f"c{number}" for number in range(600)]
    kinds = dict.fromkeys(names, "integer")
    made = table("made", kinds)
    limited = replace(made, columns=tuple(replace(each, limits=Limits(ranges=(("0", "9"),))) for each in made.columns))
    filled = ", ".join(f"{name}: {name}" for name in names)
    mapping = load_mapping(MAPPING.replace("id: id, a: a, b: b", filled), file="m")
    found = compile_mapping(mapping, [table("things", kinds)], [limited], tenant="t").edges[0]
    with duckdb.connect() as database:
        values = ", ".join(f"{10 if number % 7 == 0 else 1}::BIGINT AS {name}" for number, name in enumerate(names))
        database.execute(f"CREATE SCHEMA src; CREATE TABLE src.things AS SELECT {values}")
        ((counts,),) = database.execute(found.fits_sql).fetchall()
    unfit = [fit.where for fit, count in zip(found.fits, counts, strict=True) if count]
    assert [where.rpartition(".")[2] for where in unfit] == names[::7]
