"""An empty PostgreSQL database becomes an archive's, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pyarrow as pa

from migrator.platforms.postgres.comments import comments
from migrator.platforms.postgres.connect import place
from migrator.platforms.postgres.foundations import Foundations
from migrator.platforms.postgres.new_tables import Outline, create_table, every
from migrator.platforms.postgres.new_types import unvalidated
from migrator.platforms.postgres.occupied import require_empty
from migrator.platforms.postgres.rebuild_keys import RebuildKeys
from migrator.platforms.postgres.rebuild_names import Names
from migrator.platforms.postgres.rebuild_rows import RebuildRows
from migrator.platforms.postgres.rebuild_transaction import RebuildTransaction, rebuild_transaction
from migrator.platforms.postgres.sequences import Sequences
from migrator.platforms.postgres.transaction import SCHEMA
from migrator.platforms.relational.archived import POSTGRESQL
from migrator.platforms.relational.sqltext import listed, literal, quoted
from storage.errors import Misuse
from storage.model import Model, TableModel
from storage.problem import Problem
from storage.schema import Table

_DATABASE = "the database"
_NEXT = "make it by hand where it is needed; every row is there"


@contextmanager
def rebuilding(url: str, tables: Sequence[Table], model: Model) -> Iterator[PostgresRebuilding]:
    """See migrator.contracts.Target."""
    with rebuild_transaction(url) as transaction:
        # restores into one database wait for each other, and for loads: the second then finds it is not empty
        transaction.rows(f"SELECT pg_advisory_xact_lock(hashtextextended({literal(SCHEMA)}, 0))::text")
        require_empty(transaction, place(url))
        home = _default_schema(transaction, place(url))
        building = PostgresRebuilding(transaction, tables, model, Names(home=home))
        building.prepare()
        yield building


def _default_schema(transaction: RebuildTransaction, where: str) -> str:
    """Misuse where there is none: what names no schema would lie where nobody looks for it."""
    [(home,)] = transaction.rows("SELECT current_schema()::text")
    if home is None:
        raise Misuse(
            "the database has no schema for tables that name none", where=where, next="create one: CREATE SCHEMA public"
        )
    return str(home)


class PostgresRebuilding:
    """See migrator.contracts.Rebuilding."""

    def __init__(self, transaction: RebuildTransaction, tables: Sequence[Table], model: Model, names: Names) -> None:
        self._transaction = transaction
        self._model = model
        self._names = names
        self._tables = {table.name: table for table in tables}
        self._models = {one.table: one for one in model.tables}
        self._outlines: dict[str, Outline] = {}
        self._rows = RebuildRows(transaction, names)
        self._told: list[Problem] = []

    def prepare(self) -> None:
        """Schemas, extensions, types, sequences and bare tables. Red where this server cannot have one of them."""
        path = listed(dict.fromkeys((self._names.home, *self._model.search_path)))
        self._transaction.execute(f"SET LOCAL search_path TO {path}")
        tables = list(self._tables.values())
        Foundations(self._transaction, self._names, self._model, tables, self._tell).lay()
        never_null = self._never_null()
        for table in self._parents_first():
            outline = Outline(
                table=table, model=self._model_of(table), parents=self._parents(table), never_null=never_null
            )
            self._outlines[table.name] = self._created(outline)

    def fill(self, table: Table, batches: Iterable[pa.RecordBatch]) -> int:
        return self._rows.fill(self._outlines[table.name], batches)

    def finish(self) -> tuple[Problem, ...]:
        for type_ in self._model.types:
            for statement in unvalidated(type_, self._names):
                self._attempt(statement, "a condition", type_.name)
        for outline in self._outlines.values():
            self._defaults(outline)
        outlines = [*self._outlines.values(), *self._of_partitions()]
        RebuildKeys(self._transaction, self._names, outlines, self._told).add()
        self._number()
        for statement in comments(outlines, self._model.types, self._model.sequences, self._names):
            self._attempt(statement, "a comment", statement.partition(" IS ")[0])
        self._tell_of_others()
        self._transaction.commit()
        return tuple(self._told)

    # ── before the rows ─────────────────────────────────────────────────────────────────────────────────────
    def _never_null(self) -> frozenset[str]:
        """The domains that allow no NULL: a column of one is not declared so once more."""
        query = "SELECT format_type(oid, NULL) FROM pg_type WHERE typtype = 'd' AND typnotnull"
        return frozenset(str(name) for (name,) in self._transaction.rows(query))

    def _parents_first(self) -> list[Table]:
        """Every table after those it inherits from, and those whose rows are values in it."""
        placed: dict[str, Table] = {}

        def put(table: Table, above: tuple[str, ...]) -> None:
            for parent in (*self._parents(table), *self._in_columns(table)):
                if parent.name not in (*placed, *above):
                    put(parent, (*above, table.name))
            placed.setdefault(table.name, table)

        for table in self._tables.values():
            put(table, ())
        return list(placed.values())

    def _model_of(self, table: Table) -> TableModel:
        return self._models.get(table.name) or TableModel(table=table.name)

    def _parents(self, table: Table) -> tuple[Table, ...]:
        return tuple(self._tables[name] for name in self._model_of(table).inherits if name in self._tables)

    def _in_columns(self, table: Table) -> Iterator[Table]:
        """Tables that are the type of a column, or of the elements of one."""
        for column in table.columns:
            name = column.native.removesuffix("[]").replace('"', "")
            if name in self._tables and name != table.name:
                yield self._tables[name]

    def _created(self, outline: Outline) -> Outline:
        """The table as it could be made: what this server cannot compute is a column like any other."""
        name, (first, *further) = outline.table.name, create_table(outline, self._names)
        if refusal := self._transaction.attempt(first, name):
            if not outline.model.generated:
                raise refusal
            self._tell(name, f"its computed columns hold values, and compute no more: {refusal.what}")
            return self._created(replace(outline, model=replace(outline.model, generated=())))
        for statement in further:
            self._transaction.execute(statement, name)
        return outline

    def _of_partitions(self) -> Iterator[Outline]:
        """What partitions have of their own: their columns, and all that is said of these, are their table's."""
        for outline in self._outlines.values():
            columns = tuple(replace(column, comment=None) for column in outline.table.columns)
            for partition in every(outline.model.partitions):
                name = partition.name if partition.schema is None else f"{partition.schema}.{partition.name}"
                if name in self._models:
                    table = Table(name=name, schema=partition.schema, columns=columns)
                    yield Outline(table=table, model=self._models[name], parents=())

    # ── after the rows ──────────────────────────────────────────────────────────────────────────────────────
    def _defaults(self, outline: Outline) -> None:
        computed = {one.column for one in outline.model.generated} | {one.column for one in outline.model.identities}
        for column in outline.table.columns:
            if column.default is not None and column.name not in computed:
                where = f"{outline.table.name}.{column.name}"
                value = POSTGRESQL.expression(column.default, where=where)
                change = f"ALTER COLUMN {quoted(column.name)} SET DEFAULT {value}"
                self._attempt(
                    f"ALTER TABLE {outline.relation}{self._names.table(outline.table)} {change}", "its default", where
                )

    def _number(self) -> None:
        """Sequences go away with their tables again, and give numbers that no row has."""
        for sequence in self._model.sequences:
            owner = self._tables.get(sequence.owner or "")
            if owner is not None and sequence.owner_column is not None:
                name = self._names.of(sequence.schema, sequence.name)
                column = f"{self._names.table(owner)}.{quoted(sequence.owner_column)}"
                self._attempt(f"ALTER SEQUENCE {name} OWNED BY {column}", "its owner", sequence.name)
        for outline in filter(_draws_numbers, self._outlines.values()):
            for problem in Sequences(self._transaction, outline.table, self._names.table(outline.table)).advance():
                self._tell(outline.table.name, problem)

    def _tell_of_others(self) -> None:
        """Triggers and views are programs of the source: an archive brings none. And heirs of what it does not have."""
        for model in self._model.tables:
            for note in model.notes:
                self._tell(model.table, f"not restored: {note}")
        for note in self._model.notes:
            self._tell(_DATABASE, f"not restored: {note}")
        for table in self._tables.values():
            known = {one.column for one in self._model_of(table).generated}
            for column in table.columns:
                if column.generated and column.name not in known:  # in an archive of an older version
                    self._tell(f"{table.name}.{column.name}", "it holds values, and computes no more")
            for name in self._model_of(table).inherits:
                if name not in self._tables:
                    self._tell(table.name, f"it no longer inherits from {name}, which the archive does not have")
            if table.triggers:
                self._tell(table.name, "not restored: triggers", *table.triggers)
        if self._model.views:
            names = [view.name for view in self._model.views]
            self._tell(names[0], "views are not restored: their definitions are in schema/model.json", *names)

    def _attempt(self, statement: str, what: str, where: str) -> None:
        if refusal := self._transaction.attempt(statement, where):
            self._tell(where, f"{what} is left out: {refusal.what}")

    def _tell(self, where: str, what: str, *examples: str) -> None:
        self._told.append(
            Problem(where=where, what=what, count=max(1, len(examples)), examples=examples[:10], next=_NEXT)
        )


def _draws_numbers(outline: Outline) -> bool:
    """Whether a sequence fills a column of it."""
    return any(column.identity or "nextval(" in (column.default or "") for column in outline.table.columns)
