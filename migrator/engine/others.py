"""Ids of other tenants in what is archived: in texts, JSON and columns that no reference is declared of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from mappings.quote import identifier as quoted
from mappings.quote import literal
from migrator.contracts import Among, Reading
from migrator.engine.edges import Edges
from migrator.engine.equality import as_text, is_value
from migrator.engine.large import whole_sql
from migrator.engine.roots import named_columns
from migrator.engine.workbench import QueryKeys
from migrator.plan import ColumnRoot, root_rows
from storage.errors import Recast
from storage.schema import Column, Kind, Table, Type
from storage.types import arrow_type

ROWS = "migrator left"
"""Rows of the source, a portion of one table, as `behind."migrator left"`."""

TEXTS = frozenset({Kind.TEXT, Kind.JSON, Kind.VARIANT, Kind.LITERAL})
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_LONGEST, _SHOWN = 64, 10
_SAID, _FOUND = "migrator said", "migrator found"


@dataclass(frozen=True, kw_only=True)
class Named:
    """Archived rows that name other tenants, for the operator alone; where ids are numbers, this may be chance."""

    where: str
    times: int
    tenants: int
    is_number: bool
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Home:
    """A column whose values tell tenants apart, and the condition that a value `f` of it is the plan's own."""

    table: Table
    column: Column
    ours: str


class Others(Edges):
    """Gathers what archived rows say, portion by portion, and asks once, by index, which of it are ids of tenants."""

    def _start_gathering(self) -> None:
        fields = [("place", pa.string()), ("said", pa.string()), ("times", pa.int64())]
        self._workbench.ingest("behind", _SAID, [], pa.schema(fields))

    def _searched(self, table: Table) -> Iterator[Column]:
        """Columns that may hold an id and are asked by no reference."""
        asked = {name for reference in self._classified.references_of(table.name) for name in reference.columns}
        asked |= named_columns(self._rules.root, table)
        for column in table.columns:
            if column.type.kind in (*TEXTS, Kind.UUID) and column.name not in asked:
                yield column

    def _text(self, column: Column) -> str:
        """A searched column of `c`, however large, without blanks around."""
        text = as_text("c", column)
        is_large = column.name in self._workbench.large_columns("behind", ROWS)
        return f"trim({whole_sql(text, 'VARCHAR') if is_large else text})"

    def _gather(self, reading: Reading, table: Table, archived: str) -> None:
        """From the rows of the portion that are `archived`."""
        kinds = {home.column.type.kind for home in self._homes(reading)}
        if not kinds:
            return
        for column in self._searched(table):
            texts = f"SELECT {self._text(column)} AS text FROM behind.{quoted(ROWS)} c WHERE EXISTS ({archived})"
            said = f"SELECT unnest(list_distinct({_tokens(kinds)})) AS said FROM ({texts})"
            place = literal(f"{table.name}.{column.name}")
            self._workbench.execute(
                f"INSERT INTO behind.{quoted(_SAID)} SELECT {place}, said, count(*) FROM ({said}) GROUP BY said"
            )

    def _named(self, reading: Reading) -> Iterator[Named]:
        for home in self._homes(reading):
            self._find(reading, home)
            ids = f"SELECT {as_text('f', home.column)} AS id FROM behind.{quoted(_FOUND)} f"
            rows = f"FROM behind.{quoted(_SAID)} s JOIN ({ids} WHERE ({home.ours}) IS NOT TRUE) ON s.said = id"
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

    def _find(self, reading: Reading, home: _Home) -> None:
        """Which of all that is said are values of the home's column."""
        name, kind = home.column.name, home.column.type.kind
        key = "TRY_CAST(said AS BIGINT)" if kind is Kind.INTEGER else "said"
        query = f"SELECT DISTINCT {key} AS k FROM behind.{quoted(_SAID)} WHERE k IS NOT NULL AND k::VARCHAR = said"
        if kind is Kind.UUID:
            query += f" AND regexp_full_match(said, '{UUID}')"
        type_ = Type(kind=Kind.TEXT) if kind is Kind.TEXT else home.column.type
        keys = QueryKeys(workbench=self._workbench, query=f"{query} ORDER BY ALL", types=(type_,))
        among = Among(columns=(name,), keys=keys)
        schema = pa.schema([pa.field(name, arrow_type(home.column.type))])
        try:
            batches = reading.scan(home.table, among, columns=[name], distinct=True) if len(keys) else ()
            self._workbench.ingest("behind", _FOUND, batches, schema)
        except Recast:  # a key of another type than ours is in none of these texts as it is
            self._workbench.ingest("behind", _FOUND, [], schema)

    def _homes(self, reading: Reading) -> Iterator[_Home]:
        """The table of a root row; of a tenant column, what it is declared to point at."""
        root = self._rules.root
        for name in dict.fromkeys(one.table for one in root_rows(root)):
            table = self._tables[name]
            if len(table.primary_key) == 1 and table.column(table.primary_key[0]).type.kind in _KINDS:
                key = quoted(table.primary_key[0])
                own = f"SELECT {key} FROM arch.{quoted(name)} WHERE migrator_walk IS NOT NULL"
                yield _Home(table=table, column=table.column(table.primary_key[0]), ours=f"f.{key} IN ({own})")
        if isinstance(root, ColumnRoot):
            marking = [r for r in self._classified.references if r.columns == (root.column,)]
            for parent, name in dict.fromkeys((r.parent, r.parent_columns[0]) for r in marking):
                column = reading.schema.table(parent).column(name)
                if column.type.kind in _KINDS:
                    yield _Home(
                        table=reading.schema.table(parent), column=column, ours=is_value("f", column, root.value)
                    )


_KINDS = frozenset({Kind.INTEGER, Kind.UUID, Kind.TEXT})


def _tokens(kinds: set[Kind]) -> str:
    """What a text says that may be such an id, as a list: numbers, UUIDs, itself and the strings of its JSON."""
    parts = []
    if Kind.INTEGER in kinds:
        parts.append(r"regexp_extract_all(text, '\b[0-9]{1,18}\b')")
    if kinds & {Kind.UUID, Kind.TEXT}:
        parts.append(f"regexp_extract_all(lower(text), '{UUID}')")
    if Kind.TEXT in kinds:
        strings = rf"""regexp_extract_all(text, '"([^"\\]{{1,{_LONGEST}}})"', 1)"""
        parts.append(f"CASE WHEN length(text) <= {_LONGEST} THEN [text] ELSE [] END")
        parts.append(f"CASE WHEN left(text, 1) IN ('{{', '[') THEN {strings} ELSE [] END")
    return f"flatten([{', '.join(parts)}])"
