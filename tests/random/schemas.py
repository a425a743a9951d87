"""Draws databases: tables with odd names, keys or none, references among them, and rows that satisfy all of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from tests.random.shape import Field, Native, Reference, Row, Sense, Shape, Value

PLAIN_TABLES, PLAIN_COLUMNS = tuple(f"t{n}" for n in range(9)), tuple(f"c{n}" for n in range(9))
ODD_TABLES = ("order", "Select", "été", "two words", "it's", 'a"b', "100%", "x" * 63, "_files")
ODD_COLUMNS = ("id", "user", "Größe", "a b", "rowid_", "NULL", "c%", 'q"', "y" * 60, "oid_", "when")

Contents = dict[Shape, list[Row]]


@st.composite
def schemas(
    draw: st.DrawFn,
    natives: Sequence[Native],
    *,
    tables: Sequence[str] = ODD_TABLES,
    columns: Sequence[str] = ODD_COLUMNS,
) -> tuple[Shape, ...]:
    """Parents come before their children."""
    shapes: list[Shape] = []
    for name in draw(st.lists(st.sampled_from(tables), min_size=1, max_size=4, unique=True)):
        shapes.append(draw(_shape(name, natives, columns, shapes)))
    return tuple(shapes)


@st.composite
def _shape(
    draw: st.DrawFn, name: str, natives: Sequence[Native], columns: Sequence[str], parents: Sequence[Shape]
) -> Shape:
    own = draw(st.lists(st.sampled_from(columns), min_size=1, max_size=7, unique=True))
    fields = [Field(name=one, native=draw(st.sampled_from(natives))) for one in own]
    references = []
    for parent in draw(st.lists(st.sampled_from(parents), max_size=2, unique=True)) if parents else ():
        if len(parent.key) == 1:
            column, key = f"to_{parent.name}"[:60], parent.fields[parent.place(parent.key[0])]
            fields.append(Field(name=column, native=key.native))
            references.append(Reference(column=column, parent=parent.name, parent_column=key.name))
    keyable = [field.name for field in fields if field.native.is_key]
    key = draw(st.lists(st.sampled_from(keyable), max_size=2, unique=True)) if keyable else []
    return Shape(name=name, fields=tuple(fields), key=tuple(key), references=tuple(references))


@st.composite
def filled(draw: st.DrawFn, shapes: Sequence[Shape], *, rows: int = 6) -> Contents:
    """Rows for every table: keys are told apart, references lead to a row, or are NULL where that is allowed."""
    contents: Contents = {}
    for shape in shapes:
        if any(one.column in shape.key and not _pointed_at(one, contents) for one in shape.references):
            contents[shape] = []
            continue
        found = draw(st.lists(st.tuples(*(_values(field, shape, contents) for field in shape.fields)), max_size=rows))
        contents[shape] = list({_alike(shape, row): row for row in found}.values()) if shape.key else found
    return contents


def _pointed_at(reference: Reference, contents: Contents) -> list[Value]:
    """The keys there are."""
    parent = next(one for one in contents if one.name == reference.parent)
    return [row[parent.place(reference.parent_column)] for row in contents[parent]]


def _values(field: Field, shape: Shape, contents: Contents) -> st.SearchStrategy[Any]:
    is_key = field.name in shape.key
    for reference in shape.references:
        if reference.column == field.name:
            there = _pointed_at(reference, contents)
            return st.sampled_from(there if is_key else [None, *there])
    if is_key and field.native.sense is Sense.WHOLE:
        return field.native.values.filter(_leaves_room)
    return field.native.values if is_key else st.none() | field.native.values


def _leaves_room(key: Any) -> bool:
    """After the highest number there is no next one, which a load refuses: small keys are enough."""
    return 0 <= int(key) < 100


def _alike(shape: Shape, row: Row) -> str:
    return repr(shape.key_of(row)).casefold()
