"""Crosswalks: source key → target key, one a remapped table; how new keys are made, in SQL and in Python."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from mappings.affinity import stored_type
from mappings.conversions import Value, implicit, rule
from mappings.kinds import TEXTUAL, plain
from mappings.model import Edge, KeyRemap, Mapping
from mappings.nearest import nearest
from mappings.quote import identifier, literal
from mappings.steps import Remap, Rename
from mappings.steps.step import Keys
from storage.errors import Misuse
from storage.schema import Kind, Table, Type

_TEXT = plain(Kind.TEXT)


@dataclass(frozen=True, kw_only=True)
class Crosswalk:
    """The keys of `table` and what they become in `target`; `keys` are their types on both sides."""

    remap: KeyRemap
    column: str
    target: str
    target_column: str
    keys: Keys
    edges: tuple[Edge, ...]  # whose rows carry their key with them: the crosswalk holds these rows' keys

    @property
    def table(self) -> str:
        return self.remap.table

    @property
    def natural(self) -> Type:
        """The type the method makes, before it becomes the target column's."""
        return plain(Kind.UUID) if self.remap.method == "uuid5" else self.keys.old

    def new_sql(self, old: str, tenant: str) -> str:
        """The new key of the bound expression `old`, NULL where it does not fit the target column."""
        made = self._made_sql(old, tenant)
        conversion = implicit(self.natural, self.keys.new)
        return made if conversion is None else conversion.sql(made, self.natural, self.keys.new)

    def new_key(self, old: Value, tenant: str) -> Value:
        """The twin of `new_sql`; ValueError where it does not fit."""
        made = self._made(old, tenant)
        conversion = implicit(self.natural, self.keys.new)
        return made if conversion is None else conversion.twin(made, self.natural, self.keys.new)

    def _made_sql(self, old: str, tenant: str) -> str:
        if self.remap.method == "keep":
            return old
        if self.remap.method == "offset":
            return f"TRY({old} + {literal(self.remap.by)})"
        to_text = rule(self.keys.old, _TEXT)
        name = to_text.sql(old, self.keys.old, _TEXT) if to_text else old
        return _uuid5_sql(_namespace(tenant, self.table), name)

    def _made(self, old: Value, tenant: str) -> Value:
        if self.remap.method == "keep":
            return old
        if self.remap.method == "offset":
            return _within_64_bits(int(old) + self.remap.by)  # type: ignore[arg-type]
        to_text = rule(self.keys.old, _TEXT)
        name = to_text.twin(old, self.keys.old, _TEXT) if to_text else old
        return str(uuid.uuid5(_namespace(tenant, self.table), str(name)))


def resolve(mapping: Mapping, source: Sequence[Table], target: Sequence[Table], remap: KeyRemap) -> Crosswalk:
    """The crosswalk a `keys:` entry means; Misuse if key or target cannot be told, or their types never fit."""
    table = _named(source, remap.table, "source")
    column = remap.column or _single_key(table)
    if column not in table.column_names:
        raise Misuse(f"{remap.table} has no column {column!r}", next=nearest(column, table.column_names))
    old = table.column(column).type
    _check_method(remap, old)
    homes = _homes(mapping, target, remap, column)
    name, target_column = _home(homes, remap)
    edges = tuple(edge for edge, _ in homes)
    natural = plain(Kind.UUID) if remap.method == "uuid5" else old
    new = stored_type(_named(target, name, "target").column(target_column), {natural})
    if implicit(natural, new) is None:
        raise Misuse(f"keys of {natural} never fit {name}.{target_column} ({new})", next="choose another method")
    return Crosswalk(
        remap=remap, column=column, target=name, target_column=target_column, keys=Keys(old=old, new=new), edges=edges
    )


def _named(tables: Sequence[Table], name: str, side: str) -> Table:
    for table in tables:
        if table.name == name:
            return table
    raise Misuse(f"unknown {side} table {name!r}", next=nearest(name, [table.name for table in tables]))


def _single_key(table: Table) -> str:
    if len(table.primary_key) != 1:
        raise Misuse(f"{table.name} has no single-column primary key", next="name the key column with `column:`")
    return table.primary_key[0]


def _check_method(remap: KeyRemap, old: Type) -> None:
    if remap.method == "offset" and old.kind is not Kind.INTEGER:
        raise Misuse(f"offset needs integer keys, {remap.table} has {old}", next="use uuid5 or keep")
    if remap.method == "uuid5" and old.kind not in TEXTUAL | {Kind.INTEGER}:
        raise Misuse(f"uuid5 needs integer or text keys, {remap.table} has {old}", next="use keep")


def _homes(mapping: Mapping, target: Sequence[Table], remap: KeyRemap, column: str) -> list[tuple[Edge, str]]:
    """The edges that carry a row of the table together with its key, and the target column the key fills."""
    homes = []
    for edge in mapping.edges_from(remap.table):
        key = next((table.primary_key for table in target if table.name == edge.target), ())
        filled = edge.column(key[0]) if len(key) == 1 else None
        if filled is None or filled.inputs != (column,) or len(filled.steps) != 1:
            continue
        step = filled.steps[0]
        remapped = isinstance(step, Remap) and step.table == remap.table
        if remapped or (remap.method == "keep" and isinstance(step, Rename)):
            homes.append((edge, key[0]))
    return homes


def _home(homes: list[tuple[Edge, str]], remap: KeyRemap) -> tuple[str, str]:
    found = {edge.target: column for edge, column in homes}
    if remap.target is not None:
        if remap.target not in found:
            raise Misuse(
                f"no edge from {remap.table} fills the primary key of {remap.target!r} with its new key",
                next=nearest(remap.target, found) or f"fill that key with steps: [{{remap: {remap.table}}}]",
            )
        return remap.target, found[remap.target]
    if len(found) == 1:
        return next(iter(found.items()))
    if found:
        raise Misuse(f"{remap.table} becomes several tables: {', '.join(found)}", next="say which with `target:`")
    raise Misuse(
        f"no edge fills a single-column primary key with the new key of {remap.table}",
        next=f"fill it with {{from: {remap.column or 'the key'}, steps: [{{remap: {remap.table}}}]}}",
    )


def _namespace(tenant: str, table: str) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"migrator:{tenant}:{table}")


def _uuid5_sql(namespace: uuid.UUID, name: str) -> str:
    """RFC 9562 version 5 from DuckDB's sha1: the version nibble becomes 5, the variant bits 10."""
    digits = f"sha1(from_hex('{namespace.hex}') || encode({name}))"
    variant = f"translate(substr({digits}, 17, 1), '0123456789abcdef', '89ab89ab89ab89ab')"
    return (
        f"substr({digits}, 1, 8) || '-' || substr({digits}, 9, 4) || '-5' || substr({digits}, 14, 3) || '-' || "
        f"{variant} || substr({digits}, 18, 3) || '-' || substr({digits}, 21, 12)"
    )


def _within_64_bits(key: int) -> int:
    if -(1 << 63) <= key < 1 << 63:
        return key
    raise ValueError(f"{key} does not fit 64 bits")


def key_rows_sql(crosswalk: Crosswalk, conditions: Sequence[str]) -> str:
    """`old`, the keys of the rows any of the edges carries; NULL keys are nobody's."""
    column = identifier(crosswalk.column)
    some = " OR ".join(f"({condition})" for condition in conditions)
    return f"SELECT {column} AS old FROM src.{identifier(crosswalk.table)} WHERE {column} IS NOT NULL AND ({some})"


def carried(table: str) -> str:
    """The workbench's table of what `key_rows_sql` gives."""
    return f"carried.{identifier(table)}"
