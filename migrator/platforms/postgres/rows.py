"""Predicates as SQL: conditions over alias `t` that between them select each row once, in one stable order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from migrator.contracts import Among, AnyOf, Matching, Predicate, Scalar, Whole
from migrator.platforms.postgres.keys import KeyColumn, alternative, chunks, condition, key_column
from migrator.platforms.postgres.relation import Relation
from migrator.platforms.postgres.splits import ranges
from migrator.platforms.relational.sqltext import literal, quoted
from storage.errors import Misuse
from storage.schema import Column, Kind

KEYS_BY_INDEX = 8_192
KEYS_AT_ONCE = 262_144
"""Keys a statement holds: few where an index finds each, many where each statement reads the whole table."""

Ask = Callable[[str], pa.Table]
"""Run a query whose result is small."""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The rows of one table that a predicate selects; `ask` reads within the same view as the statements will."""

    relation: Relation
    predicate: Predicate
    ask: Ask

    def statements(self, expressions: Sequence[str], *, distinct: bool = False) -> Iterator[str]:
        """Statements whose rows, one after the other, are the selected ones in a stable order (distinct: in none)."""
        values = ", ".join(expressions) or "1"
        if distinct:
            yield f"SELECT DISTINCT {values} FROM {self.relation.sql} t WHERE {self._at_once(self.predicate)}"
            return
        for where in self.conditions():
            ordered = self.relation.table.primary_key or where != _EVERY_ROW
            order = f" ORDER BY {self.relation.order}" if ordered and self.relation.order else ""
            yield f"SELECT {values} FROM {self.relation.sql} t WHERE {where}{order}"

    def totals(self, aggregates: Sequence[str]) -> Iterator[str]:
        """Statements that each give one row of aggregates, over rows that are all the selected ones between them."""
        whole = isinstance(self.predicate, Whole)  # read in one pass: nothing of it crosses the wire
        for where in [_EVERY_ROW] if whole else self.conditions():
            yield f"SELECT {', '.join(aggregates)} FROM {self.relation.sql} t WHERE {where}"

    def conditions(self) -> Iterator[str]:
        """Conditions no two of which select the same row, in the order of the rows they select."""
        predicate = self.predicate
        if isinstance(predicate, Whole):
            yield from ranges(self.relation, self.ask) if self.relation.table.primary_key else [_EVERY_ROW]
        elif isinstance(predicate, Matching):
            yield self._matching(predicate)
        elif isinstance(predicate, Among):
            yield from self._among(predicate)
        elif not self.relation.place or _keys(predicate) <= KEYS_BY_INDEX:
            yield self._at_once(predicate)
        else:
            yield from self._by_place(predicate)

    def _at_once(self, predicate: Predicate) -> str:
        """One condition, however many keys it holds."""
        if isinstance(predicate, Whole):
            return _EVERY_ROW
        if isinstance(predicate, Matching):
            return self._matching(predicate)
        if isinstance(predicate, Among):
            columns, only = self._key_columns(predicate), self._only(predicate)
            found = (alternative(columns, keys, predicate.keys.types) for keys in chunks(predicate.keys, None))
            return "".join(f"{each}{only}" for each in found) or "false"
        return " OR ".join(f"({self._at_once(part)})" for part in predicate.among) or "false"

    def _matching(self, predicate: Matching) -> str:
        pairs = zip(predicate.columns, predicate.values, strict=True)
        return " AND ".join(equal(self.relation.table.column(name), value, self.relation) for name, value in pairs)

    def _among(self, predicate: Among) -> Iterator[str]:
        """A row has one key, so chunks of keys share no row; unless keys that differ are equal to the server."""
        columns = self._key_columns(predicate)
        if not all(column.bytewise for column in columns):
            return self._parts(predicate, size=None, joined=True)
        if self.relation.indexed.isdisjoint(predicate.columns):
            return self._parts(predicate, size=KEYS_AT_ONCE, joined=True)
        return self._parts(predicate, size=KEYS_BY_INDEX, joined=False)

    def _parts(self, predicate: Among, *, size: int | None, joined: bool) -> Iterator[str]:
        columns = self._key_columns(predicate)
        only = self._only(predicate)
        for keys in chunks(predicate.keys, size):
            yield f"{condition(columns, keys, predicate.keys.types, joined=joined)}{only}"

    def _only(self, predicate: Among) -> str:
        return f" AND {self._matching(predicate.when)}" if predicate.when else ""

    def _key_columns(self, predicate: Among) -> list[KeyColumn]:
        parents: Sequence[Column | None] = predicate.of or [None] * len(predicate.columns)
        return [
            key_column(self.relation.table.column(name), type_, parent)
            for name, type_, parent in zip(predicate.columns, predicate.keys.types, parents, strict=True)
        ]

    def _by_place(self, predicate: AnyOf) -> Iterator[str]:
        """Too many keys for one condition: first where the rows are (16 bytes each), every place once, then they."""
        parts = [Selection(relation=self.relation, predicate=part, ask=self.ask) for part in predicate.among]
        places = _PLACES.empty_table()
        for where in (where for part in parts for where in part.conditions()):
            found = self.ask(f"SELECT {_PLACE} FROM {self.relation.sql} t WHERE {where}").cast(_PLACES)
            places = pa.concat_tables([places, found]).group_by(_PLACES.names).aggregate([])
        places = places.sort_by([(name, "ascending") for name in _PLACES.names])
        for batch in places.to_batches(max_chunksize=KEYS_BY_INDEX):
            for table in pc.unique(batch["o"]):
                here = batch.filter(pc.equal(batch["o"], table))["p"]
                pages = pc.cast(pc.shift_right(here, 16), pa.string())
                lines = pc.cast(pc.bit_wise_and(here, 0xFFFF), pa.string())
                tids = pc.binary_join_element_wise('"(', pc.binary_join_element_wise(pages, lines, ","), ')"', "")
                yield f"t.tableoid = {table} AND t.ctid = ANY('{{{','.join(tids.to_pylist())}}}'::tid[])"


def _keys(predicate: AnyOf) -> int:
    return sum(len(part.keys) for part in predicate.among if isinstance(part, Among))


_EVERY_ROW = "true"
_PLACES = pa.schema([("o", pa.int64()), ("p", pa.int64())])  # which table or partition; page, then line in it
_PLACE = "t.tableoid::bigint AS o, ((t.ctid::text::point)[0]::bigint << 16) + (t.ctid::text::point)[1]::bigint AS p"


def equal(column: Column, value: Scalar, relation: Relation) -> str:
    """The condition that the column has this value, or none where it is None. Misuse for a value it can never have."""
    name = f"t.{quoted(column.name)}"
    if value is None:
        return f"{name} IS NULL"
    if column.type.kind is Kind.INTEGER:
        return f"{name} = {_integer(column, value, relation)}"
    if column.choices and str(value) not in column.choices:
        raise _never(column, value, relation, f"it is one of {', '.join(column.choices)}")
    if column.type.kind is Kind.JSON:
        name = f"{name}::text"
    written = _written(column, value)
    if "\0" in written:
        raise _never(column, value, relation, "the server holds no character NUL")
    return f"{name} = {literal(written)}"


def _integer(column: Column, value: Scalar, relation: Relation) -> int:
    """A whole number, as YAML or a command line gives it: 42, 42.0, "42", true."""
    assert value is not None
    try:
        number = int(value)
    except (ValueError, OverflowError) as error:
        raise _never(column, value, relation, "its values are whole numbers") from error
    if isinstance(value, float) and number != value:
        raise _never(column, value, relation, "its values are whole numbers")
    return number


def _written(column: Column, value: Scalar) -> str:
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if isinstance(value, bool):
        return str(value).lower() if column.type.kind is Kind.BOOLEAN else str(int(value))
    return str(value)


def _never(column: Column, value: Scalar, relation: Relation, why: str) -> Misuse:
    return Misuse(
        f"no row has the value {value!r}: {why}",
        where=f"{relation.table.name}.{column.name} ({column.native})",
        next="correct the value in the plan",
    )
