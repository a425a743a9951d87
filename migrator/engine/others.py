"""Ids of other tenants in what is archived: in texts, JSON and columns that no reference is declared of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import pyarrow as pa

from mappings.quote import identifier as quoted
from mappings.quote import literal
from migrator.contracts import Reading
from migrator.engine import tokens
from migrator.engine.classify import Classified
from migrator.engine.edges import Edges
from migrator.engine.equality import as_text, folded
from migrator.engine.homes import Homes
from migrator.engine.ids import as_ids, find_ids
from migrator.engine.roots import named_columns
from migrator.engine.workbench import Workbench
from migrator.plan import ScopeRules
from storage.problem import Problem
from storage.schema import Column, Kind, Table

_SHOWN = 10
_SAID, _FOUND = "migrator said", "migrator found"


@dataclass(frozen=True, kw_only=True)
class Named:
    """Archived rows that name other tenants, for the operator alone; where ids are numbers, this may be chance."""

    where: str
    times: int  # rows, each once for every tenant it names
    tenants: int
    is_number: bool
    examples: tuple[str, ...] = ()

    @property
    def told(self) -> Problem:
        """As the operator reads it, with the run."""
        what = "archived rows hold numbers that are ids of other tenants, perhaps by chance"
        return Problem(
            where=self.where,
            what=what if self.is_number else f"archived rows name {self.tenants} other tenant(s)",
            count=self.times,
            examples=self.examples,
        )


class Others(Edges):
    """Hears what rows say on their way into the archive, and asks once, by index, which of it are ids of tenants."""

    def __init__(self, workbench: Workbench, classified: Classified, rules: ScopeRules, homes: Homes) -> None:
        super().__init__(workbench, classified, rules)
        self._homes = homes
        workbench.schema("said")
        fields = [("place", pa.string()), ("said", pa.string()), ("times", pa.int64())]
        workbench.ingest("said", _SAID, [], pa.schema(fields))

    def watching(self, table: Table, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """As the proof by index does; what the rows say is kept, too, where anything lists the tenants."""
        watched = super().watching(table, batches)
        columns = tuple(self._searched(table)) if self._homes.found else ()
        return self._hearing(table, columns, watched) if columns else watched

    def _searched(self, table: Table) -> Iterator[Column]:
        """Columns that may hold an id and are asked by no reference."""
        asked = {name for reference in self._classified.references_of(table.name) for name in reference.columns}
        asked |= named_columns(self._rules.root, table)
        asked |= {home.column.name for home in self._homes.found if home.table.name == table.name}
        for column in table.columns:
            if column.type.kind in (*tokens.TEXTS, Kind.UUID) and column.name not in asked:
                yield column

    def _hearing(
        self, table: Table, columns: tuple[Column, ...], batches: Iterator[pa.RecordBatch]
    ) -> Iterator[pa.RecordBatch]:
        places = {column.name: f"{table.name}.{column.name}" for column in columns}
        anew = ", ".join(map(literal, places.values()))
        self._workbench.execute(f"DELETE FROM said.{quoted(_SAID)} WHERE place IN ({anew})")
        for batch in batches:
            for column in columns:
                heard = tokens.tokens(tokens.plain(batch.column(column.name), column), self._homes.kinds)
                self._keep(places[column.name], (some for some in heard if some.num_rows))
            yield batch

    def _keep(self, place: str, heard: Iterator[pa.RecordBatch]) -> None:
        if (first := next(heard, None)) is not None:
            grouped = f"SELECT {literal(place)}, said, count(DISTINCT row) FROM incoming GROUP BY said"
            self._workbench.insert(f"INSERT INTO said.{quoted(_SAID)} {grouped}", chain((first,), heard), tokens.SCHEMA)

    def named(self, reading: Reading) -> Iterator[Named]:
        """Other tenants that archived rows name; rows are walked before."""
        for home in self._homes.found:
            texts = f"SELECT DISTINCT said FROM said.{quoted(_SAID)}"
            find_ids(self._workbench, reading, home, as_ids(home.column, texts, "said"), _FOUND)
            ours = home.ours("arch", "migrator_walk IS NOT NULL")
            id_ = as_text("f", home.column)
            ids = f"SELECT {id_} AS id FROM said.{quoted(_FOUND)} f WHERE ({ours}) IS NOT TRUE"
            alike = f"{folded('s.said', home.column)} = {folded('id', home.column)}"
            rows = f"FROM said.{quoted(_SAID)} s JOIN ({ids}) ON {alike}"
            query = f"SELECT place, sum(times)::BIGINT, count(DISTINCT id) {rows} GROUP BY place ORDER BY 1"
            for place, times, tenants in self._workbench.rows(query):
                some = f"SELECT DISTINCT id {rows} WHERE place = {literal(place)} ORDER BY 1 LIMIT {_SHOWN}"
                yield Named(
                    where=place,
                    times=times,
                    tenants=tenants,
                    is_number=home.column.type.kind is Kind.INTEGER,
                    examples=tuple(str(id_) for (id_,) in self._workbench.rows(some)),
                )
