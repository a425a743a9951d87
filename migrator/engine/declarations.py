"""What a platform declares, thing by thing: the form in which an archive and what was restored of it are compared.

Order is nobody's promise, but where it says something (the columns of a key, the labels of an enum).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace

from storage.model import Check, Generated, IdentityColumn, Model, Partition, ReferenceDetail
from storage.schema import Table

_NO_DECLARATION = ("name", "type", "limits", "fidelity", "held", "null_token", "attachment", "generated")
"""What values or a reader made of a column; and that it is computed, which the model says with its expression."""

_KINDS = {
    "checks": "check",
    "indexes": "index",
    "exclusions": "exclusion",
    "generated": "computed column",
    "identities": "numbered column",
    "collations": "written collation",
    "on_update": "value at every update",
    "invisible": "invisible column",
    "reference_systems": "reference system",
    "options": "option",
    "partitioned_by": "partition",
    "partitions": "partition",
    "inherits": "parent",
}
"""By the field of a TableModel. References stand with their keys; notes are of what no archive has, and are told."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where something is declared; a thing of the database itself has no table."""

    table: str
    kind: str
    name: str = ""

    def __str__(self) -> str:
        if self.kind in ("table", "column"):
            return f"{self.table}.{self.name}" if self.name else self.table
        thing = f"{self.kind} {self.name}".strip()
        return f"{self.table}, {thing}" if self.table else thing


Properties = Mapping[str, str]
"""What is said of it, in words; what is empty or absent is not said at all."""

Declarations = dict[Place, dict[str, str]]


def declarations(tables: Sequence[Table], model: Model) -> Declarations:
    """Everything these descriptions declare; of a table that the model does not know, what its description says."""
    found: Declarations = {}
    for place, properties in (*_described(tables, model), *_modelled(model), *_of_database(model)):
        found.setdefault(place, {}).update(properties)
    return found


# ── what a descriptor says ──────────────────────────────────────────────────────────────────────────────────
def _described(tables: Sequence[Table], model: Model) -> Iterator[tuple[Place, Properties]]:
    for table in tables:
        of = model.table(table.name)
        own = {"comment": table.comment, "columns": table.column_names}
        yield Place(table=table.name, kind="table"), _properties(own)
        for column in table.columns:
            yield Place(table=table.name, kind="column", name=column.name), _properties(column, _NO_DECLARATION)
        if table.primary_key:
            name = next((index.name for index in of.indexes if index.constraint == "p"), "")
            columns = {"columns": table.primary_key}
            yield Place(table=table.name, kind="primary key", name=name), _properties(columns)
        for unique in table.unique:
            yield Place(table=table.name, kind="unique key", name=unique.name), _properties(unique)
        for key in table.foreign_keys:
            detail = next((one for one in of.references if one.name == key.name), ReferenceDetail(name=key.name))
            properties = {**_properties(key), **_properties(detail)}
            yield Place(table=table.name, kind="foreign key", name=key.name), properties


# ── what a model says beside it ─────────────────────────────────────────────────────────────────────────────
def _modelled(model: Model) -> Iterator[tuple[Place, Properties]]:
    for table in model.tables:
        for field, kind in _KINDS.items():
            for name, value in _things(getattr(table, field)):
                yield Place(table=table.table, kind=kind, name=name), _properties(value)


def _of_database(model: Model) -> Iterator[tuple[Place, Properties]]:
    for extension in model.extensions:
        yield Place(table="", kind="extension", name=extension), {}
    for kind, nouns in (("type", model.types), ("sequence", model.sequences), ("option", model.options)):
        for name, value in _things(nouns):
            yield Place(table="", kind=kind, name=name), _properties(value)


def _things(value: object) -> Iterator[tuple[str, object]]:
    """The things a field holds, each with its name."""
    if isinstance(value, tuple):
        for one in value:
            if isinstance(one, Partition):
                yield from _partitions(one)
            else:
                yield (one, {}) if isinstance(one, str) else (_name(one), one)
    elif isinstance(value, dict):
        yield from value.items()
    elif value is not None:
        yield "", {"expression": value}


def _partitions(partition: Partition, above: str = "") -> Iterator[tuple[str, object]]:
    """It, and however deep there are more, each by its own name: their order is the catalog's."""
    own = partition.name if partition.schema is None else f"{partition.schema}.{partition.name}"
    yield f"{above}{own}", replace(partition, schema=None, parts=())
    for part in partition.parts:
        yield from _partitions(part, f"{above}{own}, ")


def _name(noun: object) -> str:
    match noun:
        case Check():
            return noun.name or noun.expression
        case Generated() | IdentityColumn():
            return noun.column
    return str(getattr(noun, "name"))  # noqa: B009 - what else a model holds has a name


# ── in words ────────────────────────────────────────────────────────────────────────────────────────────────
def _properties(noun: object, leaving: Sequence[str] = ("name",)) -> dict[str, str]:
    if not is_dataclass(noun):
        return dict(_said("", noun))
    told = [field.name for field in fields(noun) if field.name not in leaving]
    return {path: words for name in told for path, words in _said(name, getattr(noun, name))}


def _said(path: str, value: object) -> Iterator[tuple[str, str]]:
    """Each leaf with the way to it, `parts 2 collation`."""
    if is_dataclass(value):
        for field in fields(value):
            yield from _said(f"{path} {field.name}", getattr(value, field.name))
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from _said(f"{path} {name}".strip(), one)
    elif isinstance(value, tuple) and any(is_dataclass(one) for one in value):
        for number, one in enumerate(value, 1):
            yield from _said(f"{path} {number}", one)
    elif isinstance(value, tuple):
        if value:
            yield path, ", ".join(map(str, value))
    elif isinstance(value, bool):
        yield path, "yes" if value else "no"
    elif value is not None:
        yield path, str(value)
