# ruff: noqa: S106 - a NULL token is no secret
from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.package import Part, TablePart, parse_resource, render, table_resource
from storage.schema import Attachment, Column, Fidelity, ForeignKey, Held, Kind, Table, Type, UniqueKey
from tests.support_archive import types

_word = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
_words = st.lists(_word, max_size=3).map(tuple)
_maybe = st.none() | _word
_columns = st.builds(
    Column,
    name=_word,
    type=types(),
    native=_word,
    nullable=st.booleans(),
    default=_maybe,
    generated=st.booleans(),
    identity=st.booleans(),
    max_length=st.none() | st.integers(0),
    collation=_maybe,
    comment=_maybe,
    fidelity=st.sampled_from(Fidelity),
    held=st.sampled_from(Held),
    null_token=st.sampled_from(["\\N", "\\N1"]),
    attachment=st.none() | st.builds(Attachment, name_column=_maybe, type_column=_maybe),
)
_foreign_keys = st.builds(
    ForeignKey,
    name=_word,
    columns=_words,
    parent=_word,
    parent_columns=_words,
    on_delete=_word,
    on_update=_word,
    deferrable=st.booleans(),
)
_tables = st.builds(
    Table,
    name=_word,
    columns=st.lists(_columns, max_size=2).map(tuple),
    primary_key=_words,
    unique=st.lists(st.builds(UniqueKey, name=_word, columns=_words), max_size=2).map(tuple),
    foreign_keys=st.lists(_foreign_keys, max_size=2).map(tuple),
    triggers=_words,
    comment=_maybe,
    ddl=_maybe,
)


def part_of(table: Table, header: Part | None = None) -> TablePart:
    one = Part(path="csv/t.csv", bytes=3, sha256="ab")
    return TablePart(
        table=table,
        name="t",
        rows=1,
        digest="00",
        scope_class="owned",
        longest_record=9,
        csv=(one, one) if header else (one,),
        header=header,
        parquet=(Part(path="parquet/t/part-00000.parquet", bytes=5, sha256="cd"),),
    )


@settings(max_examples=100, deadline=None)
@given(_tables, st.booleans())
def test_everything_a_table_says_survives_the_descriptor(table: Table, several: bool) -> None:
    part = part_of(table, Part(path="csv/t.header.csv", bytes=1, sha256="ef") if several else None)
    names = {table.name: "t"}
    assert parse_resource(json.loads(render(table_resource(part, names)))) == part


def test_the_standard_part_is_what_other_tools_read() -> None:
    table = Table(
        name="Lines",
        columns=(
            Column(name="id", type=Type(kind=Kind.INTEGER), nullable=False),
            Column(name="x", type=Type(kind=Kind.TEXT), null_token="\\N1", comment="free text"),
            Column(name="up", type=Type(kind=Kind.INTEGER)),
            Column(name="big", type=Type(kind=Kind.BINARY), held=Held.FILES),
        ),
        primary_key=("id",),
        foreign_keys=(
            ForeignKey(name="self", columns=("up",), parent="Lines", parent_columns=("id",)),
            ForeignKey(name="gone", columns=("up",), parent="not archived", parent_columns=("id",)),
        ),
    )
    resource = table_resource(part_of(table), {"Lines": "t"})
    fields = [
        {k: v for k, v in field.items() if not k.startswith("migrator:")} for field in resource["schema"]["fields"]
    ]
    assert fields == [
        {"name": "id", "type": "integer", "constraints": {"required": True}},
        {"name": "x", "type": "string", "description": "free text", "missingValues": ["\\N1"]},
        {"name": "up", "type": "integer"},
        {"name": "big", "type": "string"},
    ]
    assert resource["schema"]["missingValues"] == ["\\N"]
    assert resource["schema"]["primaryKey"] == ["id"]
    assert resource["schema"]["foreignKeys"] == [{"fields": ["up"], "reference": {"resource": "", "fields": ["id"]}}]
    assert (resource["path"], resource["bytes"], resource["hash"]) == ("csv/t.csv", 3, "sha256:ab")
    assert resource["dialect"]["header"] is True


def test_what_does_not_describe_a_table_is_refused_by_its_place() -> None:
    resource = table_resource(part_of(Table(name="t", columns=())), {})
    del resource["migrator:table"]["name"]
    with pytest.raises(ValueError, match=r"t\.table has no name"):
        parse_resource(resource)
