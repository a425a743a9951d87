"""The statements that give filled tables their keys, constraints and indexes."""

from __future__ import annotations

from collections.abc import Iterator

from migrator.platforms.postgres.fragments import action, operator, reference, refused, storage
from migrator.platforms.postgres.new_tables import Outline
from migrator.platforms.postgres.new_types import collated
from migrator.platforms.postgres.rebuild_names import Names
from migrator.platforms.relational.archived import POSTGRESQL
from migrator.platforms.relational.sqltext import listed, quoted
from storage.model import Check, Exclusion, Index, IndexPart, ReferenceDetail
from storage.schema import ForeignKey, Table

_CONSTRAINTS = {"p": "PRIMARY KEY", "u": "UNIQUE"}
_MATCHES = {"FULL": " MATCH FULL"}
NOT_VALID = " NOT VALID"
"""Behind a check or a foreign key that rows from before it need not satisfy."""


def indexes(outline: Outline) -> tuple[Index, ...]:
    """Those of the model; of an archive without one, the keys its descriptor names."""
    if outline.model.indexes:
        return outline.model.indexes
    keys = [(f"{outline.table.local_name}_pkey", outline.table.primary_key, "p")] if outline.table.primary_key else []
    keys += [(key.name, key.columns, "u") for key in outline.table.unique]
    return tuple(
        Index(name=name, parts=tuple(IndexPart(column=column) for column in columns), unique=True, constraint=kind)
        for name, columns, kind in keys
    )


def create_index(outline: Outline, index: Index, names: Names) -> str:
    """An index, or the key it stands for."""
    where = f"{outline.table.name}.{index.name}"
    included = f" INCLUDE ({listed(index.included)})" if index.included else ""
    nulls = "" if index.nulls_distinct else " NULLS NOT DISTINCT"
    if index.constraint in _CONSTRAINTS:
        key = listed(part.column or "" for part in index.parts)
        kind = f"{_CONSTRAINTS[index.constraint]}{nulls} ({key}){included}{storage(index.options)}"
        return _add(outline, index.name, f"{kind}{_deferred(index)}", names)
    parts = ", ".join(_part(part, where) for part in index.parts)
    only = f" WHERE {POSTGRESQL.expression(index.where, where=where)}" if index.where is not None else ""
    return (
        f"CREATE {'UNIQUE ' if index.unique else ''}INDEX {quoted(index.name)} ON {names.table(outline.table)}"
        f" USING {quoted(index.method or 'btree')} ({parts}){included}{nulls}{storage(index.options)}{only}"
    )


def add_exclusion(outline: Outline, exclusion: Exclusion, names: Names) -> str:
    where = f"{outline.table.name}.{exclusion.name}"
    if len(exclusion.parts) != len(exclusion.operators):
        raise refused(" ".join(exclusion.operators), "an operator for each part", where)
    pairs = zip(exclusion.parts, exclusion.operators, strict=True)
    parts = ", ".join(f"{_part(part, where)} WITH {operator(sign, where)}" for part, sign in pairs)
    only = f" WHERE {POSTGRESQL.expression(exclusion.where, where=where)}" if exclusion.where is not None else ""
    kind = f"EXCLUDE USING {quoted(exclusion.method)} ({parts}){only}"
    return _add(outline, exclusion.name, f"{kind}{_deferred(exclusion)}", names)


def add_check(outline: Outline, check: Check, names: Names) -> str:
    """For all heirs too, where they are to have it."""
    condition = POSTGRESQL.expression(check.expression, where=f"{outline.table.name}.{check.name}")
    alone = "" if check.inherited else " NO INHERIT"
    only = "" if check.inherited else outline.relation
    return (
        f"ALTER TABLE {only}{names.table(outline.table)} ADD CONSTRAINT {quoted(check.name)} CHECK {condition}{alone}"
    )


def add_reference(outline: Outline, key: ForeignKey, detail: ReferenceDetail, parent: Table, names: Names) -> str:
    where = f"{outline.table.name}.{key.name}"
    some = f" ({listed(detail.set_columns)})" if detail.set_columns else ""
    deferred = " DEFERRABLE" if key.deferrable else ""
    deferred += " INITIALLY DEFERRED" if detail.initially_deferred else ""
    return _add(
        outline,
        key.name,
        f"FOREIGN KEY ({listed(key.columns)}) REFERENCES {names.table(parent)} ({listed(key.parent_columns)})"
        f"{_MATCHES.get(detail.match, '')} ON DELETE {action(key.on_delete, where)}{some}"
        f" ON UPDATE {action(key.on_update, where)}{deferred}",
        names,
    )


def details(outline: Outline) -> Iterator[tuple[ForeignKey, ReferenceDetail]]:
    """Each foreign key with what the model says of it."""
    known = {detail.name: detail for detail in outline.model.references}
    for key in outline.table.foreign_keys:
        yield key, known.get(key.name, ReferenceDetail(name=key.name))


def _add(outline: Outline, name: str, kind: str, names: Names) -> str:
    return f"ALTER TABLE {outline.relation}{names.table(outline.table)} ADD CONSTRAINT {quoted(name)} {kind}"


def _deferred(key: Index | Exclusion) -> str:
    return (" DEFERRABLE" if key.deferrable else "") + (" INITIALLY DEFERRED" if key.initially_deferred else "")


def _part(part: IndexPart, where: str) -> str:
    value = (
        quoted(part.column) if part.column is not None else POSTGRESQL.expression(part.expression or "", where=where)
    )
    chosen = f" {reference(part.operator_class, where)}" if part.operator_class else ""
    order = " DESC" if part.descending else ""
    nulls = "" if part.nulls_first is None else f" NULLS {'FIRST' if part.nulls_first else 'LAST'}"
    return f"{value}{collated(part.collation, where)}{chosen}{order}{nulls}"
