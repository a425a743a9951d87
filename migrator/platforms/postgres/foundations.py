"""What tables stand on: schemas, extensions, types and sequences, made before them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from migrator.platforms.postgres.new_tables import PERSISTENCE, UNLOGGED, every
from migrator.platforms.postgres.new_types import create_sequence, create_type
from migrator.platforms.postgres.rebuild_names import Names
from migrator.platforms.postgres.rebuild_transaction import RebuildTransaction
from migrator.platforms.postgres.volatile import left_out, volatile_conditions
from migrator.platforms.relational.sqltext import literal, quoted
from storage.errors import Red
from storage.model import Model, NativeType
from storage.schema import Table

_UNLOGGED_SEQUENCES = 150_000
"""The first version of the server that has them."""


class Foundations:
    """Of one restore. Red where this server cannot have one of them; `tell` hears of what one has to do without."""

    def __init__(
        self,
        transaction: RebuildTransaction,
        names: Names,
        model: Model,
        tables: Sequence[Table],
        tell: Callable[[str, str], None],
    ) -> None:
        self._transaction = transaction
        self._names = names
        self._model = model
        self._tables = tables
        self._tell = tell

    def lay(self) -> None:
        self._schemas()
        self._extensions()
        for type_ in self._model.types:
            self._type(type_)
        self._sequences()

    def _schemas(self) -> None:
        there = self._there("SELECT nspname::text FROM pg_namespace")
        for schema in dict.fromkeys(self._wanted()):
            if schema is not None and schema not in there:
                self._transaction.execute(f"CREATE SCHEMA {quoted(schema)}", schema)

    def _wanted(self) -> Iterator[str | None]:
        yield from (_of_extension(name)[0] for name in self._model.extensions)
        yield from (type_.schema for type_ in self._model.types)
        yield from (sequence.schema for sequence in self._model.sequences)
        yield from (table.schema for table in self._tables)
        yield from (one.schema for table in self._model.tables for one in every(table.partitions))

    def _extensions(self) -> None:
        there = self._there("SELECT extname::text FROM pg_extension")
        known = self._there("SELECT name::text FROM pg_available_extensions")
        wanted = [_of_extension(extension) for extension in self._model.extensions]
        if missing := [name for _, name in wanted if name not in there | known]:
            raise Red(
                f"this server has no extension {', '.join(missing)}",
                where=", ".join(missing),
                next="install it on the server (most often a package of its own), then repeat",
            )
        for schema, name in wanted:
            if name not in there:
                place = quoted(self._names.home if schema is None else schema)
                made = f"CREATE EXTENSION IF NOT EXISTS {quoted(name)} WITH SCHEMA {place} CASCADE"
                self._transaction.execute(made, name)

    def _type(self, type_: NativeType) -> None:
        """A domain whose conditions or default this server cannot compute is one without."""
        refusal = self._transaction.attempt(create_type(type_, self._names), type_.name)
        if refusal is None:
            self._leave_out_volatile(type_)
            return
        bare = replace(type_, checks=(), default=None)
        if bare == type_:
            raise refusal
        self._transaction.execute(create_type(bare, self._names), type_.name)
        self._tell(type_.name, f"its conditions and its default are left out: {refusal.what}")

    def _leave_out_volatile(self, type_: NativeType) -> None:
        """Its values are asked as soon as there are any: a domain that would do more than compare is made anew."""
        name = self._names.of(type_.schema, type_.name)
        found = volatile_conditions(self._transaction, f"c.contypid = {literal(name)}::regtype") if type_.checks else {}
        if not found:
            return
        checks = tuple(check for check in type_.checks if check.name not in found)
        self._transaction.execute(f"DROP DOMAIN {name}")
        self._transaction.execute(create_type(replace(type_, checks=checks), self._names), type_.name)
        for check, called in found.items():
            self._tell(type_.name, f"its condition {check} is {left_out(called)}")

    def _sequences(self) -> None:
        [(version,)] = self._transaction.rows("SELECT current_setting('server_version_num')::int")
        owners = {table.table for table in self._model.tables if table.options.get(PERSISTENCE) == UNLOGGED}
        for sequence in self._model.sequences:
            unlogged = sequence.owner in owners and version >= _UNLOGGED_SEQUENCES
            self._transaction.execute(create_sequence(sequence, self._names, unlogged=unlogged), sequence.name)

    def _there(self, query: str) -> set[str]:
        return {str(name) for (name,) in self._transaction.rows(query)}


def _of_extension(name: str) -> tuple[str | None, str]:
    """The schema of an extension, if it is not the default one, and its name."""
    schema, _, own = name.rpartition(".")
    return schema or None, own
