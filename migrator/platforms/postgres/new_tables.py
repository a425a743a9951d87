"""The statements that make bare tables: columns and partitions, without keys, defaults and constraints."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from migrator.platforms.postgres.fragments import bound, partition_key, storage
from migrator.platforms.postgres.new_types import collated, sequence_options
from migrator.platforms.postgres.rebuild_names import Names
from migrator.platforms.relational.archived import POSTGRESQL
from migrator.platforms.relational.sqltext import quoted
from storage.model import IdentityColumn, Partition, TableModel
from storage.schema import Column, Table

PERSISTENCE, UNLOGGED = "persistence", "unlogged"
"""What a table's options say beside its parameters of storage."""


@dataclass(frozen=True, kw_only=True)
class Outline:
    """A table as it is to be: `never_null` are the types that allow no NULL by themselves."""

    table: Table
    model: TableModel
    parents: tuple[Table, ...]
    never_null: Collection[str] = ()

    @property
    def is_unlogged(self) -> bool:
        return self.model.options.get(PERSISTENCE) == UNLOGGED

    @property
    def relation(self) -> str:
        """What stands before its name where heirs are left alone, and partitions are not."""
        return "" if self.model.partitioned_by else "ONLY "


def create_table(outline: Outline, names: Names) -> Iterator[str]:
    """The table, what it inherits, and its partitions."""
    table, model = outline.table, outline.model
    inherited = _inherited(table, outline.parents)
    columns = ", ".join(_column(outline, column, names) for column in table.columns if column.name not in inherited)
    parents = ", ".join(map(names.table, outline.parents))
    ordered = _is_in_order(table, outline.parents)
    options = {name: value for name, value in model.options.items() if name != PERSISTENCE}
    parts = [f"CREATE {'UNLOGGED ' if outline.is_unlogged else ''}TABLE {names.table(table)} ({columns})"]
    if parents and ordered:
        parts.append(f"INHERITS ({parents})")
    if model.partitioned_by is not None:
        parts.append(f"PARTITION BY {partition_key(model.partitioned_by, table.name)}")
    yield " ".join(parts) + storage(options)
    if parents and not ordered:
        yield from (f"ALTER TABLE {names.table(table)} INHERIT {names.table(parent)}" for parent in outline.parents)
    yield from _partitions(names.table(table), model.partitions, names)


def every(partitions: Sequence[Partition]) -> Iterator[Partition]:
    """Partitions, and theirs."""
    for partition in partitions:
        yield partition
        yield from every(partition.parts)


def _column(outline: Outline, column: Column, names: Names) -> str:
    where = f"{outline.table.name}.{column.name}"
    parts = [f"{quoted(column.name)} {POSTGRESQL.type_name(column.native, where=where)}"]
    parts[0] += collated(outline.model.collations.get(column.name), where)
    generated = next((one for one in outline.model.generated if one.column == column.name), None)
    identity = next((one for one in outline.model.identities if one.column == column.name), None)
    if generated is not None:
        kept = "STORED" if generated.stored else "VIRTUAL"
        parts.append(f"GENERATED ALWAYS AS {POSTGRESQL.expression(generated.expression, where=where)} {kept}")
    elif identity is not None:
        parts.append(_identity(identity, names))
    elif column.identity and column.default is None:  # of an archive that says no more of it
        parts.append(_identity(IdentityColumn(column=column.name), names))
    if not column.nullable and column.native not in outline.never_null:
        parts.append("NOT NULL")
    return " ".join(parts)


def _identity(identity: IdentityColumn, names: Names) -> str:
    said = f"GENERATED {'ALWAYS' if identity.always else 'BY DEFAULT'} AS IDENTITY"
    if identity.sequence is None:
        return said
    name = names.of(identity.sequence.schema, identity.sequence.name)
    return f"{said} (SEQUENCE NAME {name} {sequence_options(identity.sequence)})"


def _partitions(parent: str, partitions: Sequence[Partition], names: Names) -> Iterator[str]:
    for partition in partitions:
        name = names.of(partition.schema, partition.name)
        key = partition.partitioned_by
        further = f" PARTITION BY {partition_key(key, partition.name)}" if key is not None else ""
        yield f"CREATE TABLE {name} PARTITION OF {parent} {bound(partition.bound, partition.name)}{further}"
        yield from _partitions(name, partition.parts, names)


# ── what a table has from others ────────────────────────────────────────────────────────────────────────────
def _is_in_order(table: Table, parents: Sequence[Table]) -> bool:
    """Whether its columns are in the order in which inheriting them would put them."""
    first = dict.fromkeys(name for parent in parents for name in parent.column_names)
    return tuple(dict.fromkeys((*first, *table.column_names))) == table.column_names


def _inherited(table: Table, parents: Sequence[Table]) -> frozenset[str]:
    """Columns it has as its parents have them, which are not declared anew."""
    if not _is_in_order(table, parents):
        return frozenset()
    theirs = {column.name: column for parent in parents for column in parent.columns}
    return frozenset(
        column.name
        for column in table.columns
        if (other := theirs.get(column.name)) and (column.native, column.nullable) == (other.native, other.nullable)
    )
