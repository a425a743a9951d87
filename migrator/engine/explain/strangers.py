"""Columns of the tenant's own rows that hold ids of other tenants, though no reference is declared of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import closing

import pyarrow as pa
import pyarrow.compute as pc

from mappings.quote import identifier as quoted
from migrator.contracts import Reading
from migrator.engine.classify import OWNED
from migrator.engine.draft.evidence import MOST_ROWS
from migrator.engine.equality import as_text, with_column
from migrator.engine.explain.chance import BESIDE, LEAST, says_something
from migrator.engine.explain.explanation import Held
from migrator.engine.explain.own import first_rows
from migrator.engine.homes import LIKE_IDS, Home
from migrator.engine.ids import as_ids, find_ids
from migrator.engine.scope import Resolved
from migrator.engine.workbench import Workbench
from storage.errors import Recast, Red
from storage.schema import Column, Kind, Table
from storage.types import arrow_type

_LONGEST, _EXAMPLES = 64, 10  # an id is short: what is longer is text
_FOUND, _OWNED = "migrator found", "migrator_class = 'owned'"


class Strangers:
    """Looks at the first of the tenant's rows, table by table, and asks once which of their values are whose ids."""

    def __init__(
        self, reading: Reading, resolved: Resolved, bench: Workbench, home: Home, *, known: Collection[tuple[str, str]]
    ) -> None:
        self._reading = reading
        self._resolved = resolved
        self._bench = bench
        self._home = home
        self._known = known  # table and column: nobody needs to be told of these
        self._is_number = home.column.type.kind is Kind.INTEGER
        self._crowded = 0.0  # the part of the numbers beside ids that are ids, too
        self.unread: list[str] = []

    def find(self) -> tuple[Held, ...]:
        """One for each column that has any."""
        self._bench.execute("DROP SCHEMA IF EXISTS said CASCADE")
        self._bench.schema("said")
        self._bench.execute("CREATE TABLE said.some (v VARCHAR)")
        taken = [table for table in map(self._taken, self._owned()) if table is not None]
        self._ask()
        return tuple(held for table in taken for column in self._like_ids(table) for held in self._held(table, column))

    def _owned(self) -> Iterator[Table]:
        for table in self._reading.schema.tables:
            if self._resolved.classified.classes[table.name] == OWNED and not table.is_view:
                yield self._resolved.closure.table(table.name)

    def _like_ids(self, table: Table) -> list[Column]:
        """Columns that may hold ids; a table's own numbers are no news."""
        kinds = LIKE_IDS[self._home.column.type.kind]
        return [
            column
            for column in table.columns
            if column.type.kind in kinds
            and (table.name, column.name) not in self._known
            and (table.name, column.name) != (self._home.table.name, self._home.column.name)
            and not (table.primary_key == (column.name,) and column.type.kind is Kind.INTEGER)
        ]

    # ── what the tenant's rows hold ─────────────────────────────────────────────────────────────────────────
    def _taken(self, table: Table) -> Table | None:
        """The table as its values are, its first rows in the workbench; None where there is nothing to look at."""
        while columns := self._like_ids(table):
            try:
                self._read(table, {column.name for column in columns})
            except Recast as recast:
                table = with_column(table, recast.column)
            except Red as error:
                self.unread.append(f"{table.name} could not be read: {error.what}")
                return None
            else:
                values = ", ".join(self._as_id("t", column) for column in columns)
                rows = f"FROM said.{quoted(table.name)} t"
                self._bench.execute(f"INSERT INTO said.some SELECT DISTINCT unnest([{values}]) {rows}")
                return table
        return None

    def _read(self, table: Table, columns: Collection[str]) -> None:
        wanted = [name for name in table.column_names if name in columns or name in table.primary_key]
        schema = pa.schema([pa.field(name, arrow_type(table.column(name).type)) for name in wanted])
        rows, values = first_rows(self._resolved, table.name, MOST_ROWS + 1), set(columns) - set(table.primary_key)
        with closing(self._reading.scan(table, rows, columns=wanted)) as scanned:  # type: ignore[type-var]
            shortened = (_shortened(batch, values) for batch in _first(scanned))
            self._bench.ingest("said", table.name, shortened, schema)

    # ── whose ids they are ──────────────────────────────────────────────────────────────────────────────────
    def _ask(self) -> None:
        """Leaves the tenants' ids that there are in `said.ids`, as text, and those of others in `said.strangers`."""
        column, found = self._home.column, f"said.{quoted(_FOUND)} f"
        find_ids(self._bench, self._reading, self._home, as_ids(column, "SELECT v FROM said.some", "v"), _FOUND)
        self._bench.execute(f"CREATE TABLE said.ids AS SELECT {self._as_id('f', column)} AS id FROM {found}")
        self._bench.execute(f"DELETE FROM {found} WHERE {self._home.ours('own', _OWNED)}")
        self._bench.execute(f"CREATE TABLE said.strangers AS SELECT {self._as_id('f', column)} AS id FROM {found}")
        if self._is_number:
            self._crowded = self._ask_beside()

    def _ask_beside(self) -> float:
        """The part of the numbers beside ids that are ids, too."""
        beside = f"SELECT DISTINCT id::BIGINT + unnest({list(BESIDE)}) AS k FROM said.ids WHERE id::BIGINT >= {LEAST}"
        keys = f"SELECT k FROM ({beside}) WHERE k::VARCHAR NOT IN (SELECT v FROM said.some WHERE v IS NOT NULL)"
        asked = find_ids(self._bench, self._reading, self._home, keys, _FOUND)
        found = f"SELECT count(*) FROM ({keys}) JOIN said.{quoted(_FOUND)} f ON f.{quoted(self._home.column.name)} = k"
        return int(self._bench.one(found)) / asked if asked else 0.0

    def _as_id(self, alias: str, column: Column) -> str:
        text = as_text(alias, column)
        return f"lower({text})" if self._home.column.type.kind is Kind.UUID else text

    def _held(self, table: Table, column: Column) -> Iterator[Held]:
        own = f"said.{quoted(table.name)}"
        rows = f"FROM {own} t JOIN said.strangers s ON {self._as_id('t', column)} = s.id"
        count, values = self._bench.row(f"SELECT count(*), count(DISTINCT s.id) {rows}")
        if count and (not self._is_number or self._are_meant(own, column)):
            looked_at = int(self._bench.one(f"SELECT count(*) FROM {own}"))
            yield Held(
                table=table.name,
                column=column.name,
                rows=count,
                values=values,
                looked_at=min(looked_at, MOST_ROWS),
                whole=looked_at <= MOST_ROWS,
                is_number=self._is_number,
                keys=self._keys(table, rows),
                examples=self._texts(f"SELECT DISTINCT s.id {rows}"),
            )

    def _are_meant(self, own: str, column: Column) -> bool:
        """Whether the column's numbers are ids more often than by chance."""
        numbers = f"SELECT DISTINCT {self._as_id('t', column)} AS v FROM {own} t"
        large = f"SELECT v FROM ({numbers}) WHERE TRY_CAST(v AS BIGINT) >= {LEAST}"
        values, ids = self._bench.row(f"SELECT count(*), count(id) FROM ({large}) LEFT JOIN said.ids ON v = id")
        return says_something(values, ids, self._crowded)

    def _keys(self, table: Table, rows: str) -> tuple[str, ...]:
        if not table.primary_key:
            return ()
        return self._texts(f"SELECT {_joined(table)} {rows}")

    def _texts(self, query: str) -> tuple[str, ...]:
        return tuple(str(row[0]) for row in self._bench.rows(f"{query} ORDER BY 1 LIMIT {_EXAMPLES}"))


def _joined(table: Table) -> str:
    return " || '+' || ".join(as_text("t", table.column(name)) for name in table.primary_key)


def _first(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """One row more than is looked at, so that it shows whether there are more."""
    left = MOST_ROWS + 1
    for batch in batches:
        yield batch.slice(0, left)
        left -= batch.num_rows
        if left <= 0:
            return


def _shortened(batch: pa.RecordBatch, columns: Collection[str]) -> pa.RecordBatch:
    """Without the texts that are too long for an id, so that none of them is held."""
    kept = [
        pc.if_else(pc.less_equal(pc.utf8_length(values), _LONGEST), values, None)
        if name in columns and pa.types.is_string(values.type)
        else values
        for name, values in zip(batch.schema.names, batch.columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(kept, schema=batch.schema)
