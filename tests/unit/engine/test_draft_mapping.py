"""What looks alike on both sides is suggested, with what speaks for it; whatever does not, is left to people."""

from __future__ import annotations

from mappings.load import load_mapping
from migrator.engine.draft.mapping import Likeness, drafted_mapping, proposed_columns, proposed_edges
from storage.schema import Column, ForeignKey, Kind, Table, Type


def column(name: str, kind: Kind = Kind.TEXT, *, nullable: bool = True) -> Column:
    return Column(name=name, type=Type(kind=kind), nullable=nullable)


def pointing(name: str, parent: str) -> ForeignKey:
    return ForeignKey(name=name, columns=(name,), parent=parent, parent_columns=("id",))


ID = column("id", Kind.INTEGER, nullable=False)
PEOPLE = Table(
    name="people",
    primary_key=("id",),
    columns=(ID, column("firstName"), column("e_mail"), column("dept"), column("photo", Kind.BINARY)),
)
NOTES = Table(
    name="notes",
    primary_key=("id",),
    columns=(ID, column("author_id", Kind.INTEGER), column("text")),
    foreign_keys=(pointing("author_id", "people"),),
)
SOURCE = (PEOPLE, NOTES, Table(name="settings", columns=(column("colour"),)))
PERSONS = Table(
    name="persons",
    primary_key=("number",),
    columns=(
        column("number", Kind.UUID, nullable=False),
        column("first_name"),
        column("department"),
        column("photo"),
        column("terms", nullable=False),
    ),
)
REMARKS = Table(
    name="remarks",
    primary_key=("id",),
    columns=(ID, column("written_by", Kind.UUID), column("text")),
    foreign_keys=(pointing("written_by", "persons"),),
)
TARGET = (REMARKS, PERSONS)


def test_a_whole_mapping_is_drafted() -> None:
    edges = proposed_edges(None, SOURCE, TARGET)
    assert [(edge.source, edge.target, edge.method) for edge in edges] == [
        ("people", "persons", "uuid5"),
        ("notes", "remarks", "keep"),
    ]
    told = {(one.target, one.source): one.why for edge in edges for one in edge.columns}
    assert told == {
        ("number", "id"): Likeness.KEY,
        ("first_name", "firstName"): Likeness.WORDS,
        ("department", "dept"): Likeness.SHORT,
        ("id", "id"): Likeness.NAME,
        ("written_by", "author_id"): Likeness.REFERENCE,
        ("text", "text"): Likeness.NAME,
    }
    text = drafted_mapping("new", edges, SOURCE, TARGET)
    mapping = load_mapping(text, file="new")
    assert [remap.method for remap in mapping.keys] == ["uuid5", "keep"]
    assert mapping.table("remarks").edges[0].columns[1].describe() == "new key of people"
    assert "# not filled, and needed: terms" in text and "# not decided: e_mail, photo" in text
    assert "settings" not in text


def test_an_edge_is_completed_with_what_is_left() -> None:
    mapping = load_mapping(
        "mapping: m\nversion: 1\ntables:\n  persons:\n    edges:\n"
        "      - {from: people, columns: {number: {sql: uuid(id)}, first_name: firstName}}",
        file="m",
    )
    found = proposed_columns(mapping.edges[0], mapping, PEOPLE, PERSONS)
    assert [(one.target, one.written) for one in found] == [("department", "dept")]
    assert [edge.source for edge in proposed_edges(mapping, SOURCE, TARGET)] == []
