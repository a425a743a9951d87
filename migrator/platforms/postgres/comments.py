"""The statements that say of every object what its comment says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from migrator.platforms.postgres.new_keys import indexes
from migrator.platforms.postgres.new_tables import Outline
from migrator.platforms.postgres.rebuild_names import Names
from migrator.platforms.relational.sqltext import literal, quoted
from storage.model import Check, Exclusion, NativeType, ReferenceDetail, Sequence

_KINDS = {"domain": "DOMAIN", "collation": "COLLATION"}

_Commented = tuple[str, str | None]
"""How an object is named in COMMENT ON, and its comment."""


def comments(
    outlines: Iterable[Outline], types: Iterable[NativeType], sequences: Iterable[Sequence], names: Names
) -> Iterator[str]:
    """One statement for each comment there is."""
    found = [pair for outline in outlines for pair in _of_table(outline, names)]
    found += [pair for type_ in types for pair in _of_type(type_, names)]
    found += [_of_sequence(sequence, names) for sequence in sequences]
    for place, comment in found:
        if comment is not None:
            yield f"COMMENT ON {place} IS {literal(comment)}"


def _of_table(outline: Outline, names: Names) -> Iterator[_Commented]:
    table, model, name = outline.table, outline.model, names.table(outline.table)
    yield f"TABLE {name}", table.comment
    for column in table.columns:
        yield f"COLUMN {name}.{quoted(column.name)}", column.comment
    for index in indexes(outline):
        if index.constraint:
            yield f"CONSTRAINT {quoted(index.name)} ON {name}", index.comment
        else:
            yield f"INDEX {names.of(table.schema, index.name)}", index.comment
    constraints: list[Check | Exclusion | ReferenceDetail] = [*model.checks, *model.exclusions, *model.references]
    for constraint in constraints:
        yield f"CONSTRAINT {quoted(constraint.name)} ON {name}", constraint.comment
    for identity in model.identities:
        if identity.sequence is not None:
            yield _of_sequence(identity.sequence, names)


def _of_type(type_: NativeType, names: Names) -> Iterator[_Commented]:
    name = names.of(type_.schema, type_.name)
    yield f"{_KINDS.get(type_.kind, 'TYPE')} {name}", type_.comment
    for attribute in type_.attributes:
        yield f"COLUMN {name}.{quoted(attribute.name)}", attribute.comment
    for check in type_.checks:
        yield f"CONSTRAINT {quoted(check.name)} ON DOMAIN {name}", check.comment


def _of_sequence(sequence: Sequence, names: Names) -> _Commented:
    return f"SEQUENCE {names.of(sequence.schema, sequence.name)}", sequence.comment
