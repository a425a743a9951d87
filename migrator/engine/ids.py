"""Which of many texts are ids of tenants: asked once of the column that lists them."""

from __future__ import annotations

import pyarrow as pa

from migrator.contracts import Among, Predicate, Reading, Whole
from migrator.engine.homes import Home
from migrator.engine.workbench import QueryKeys, Workbench
from storage.errors import Recast
from storage.schema import Column, Kind, Type
from storage.types import arrow_type

MOST_ASKED = 1 << 20
"""How many are looked for one by one: where there are more of them than tenants, all tenants are less to read."""

_AS_KEY = {Kind.INTEGER: "TRY_CAST({} AS BIGINT)", Kind.UUID: "TRY_CAST({} AS UUID)::VARCHAR"}


def as_ids(column: Column, texts: str, name: str) -> str:
    """The query for those texts, `name` of a query, that may be values of the column as they are: 042 is not 42."""
    key = _AS_KEY.get(column.type.kind, "{}").format(name)
    return f"SELECT DISTINCT k FROM (SELECT {key} AS k, {name} AS said FROM ({texts})) WHERE k::VARCHAR = said"


def find_ids(bench: Workbench, reading: Reading, home: Home, ids: str, into: str) -> int:
    """Leave those of `ids`, a query of one column, that the home's column has, in `said`; gives how many were asked.

    Where these are so many that all there are is less to read, those that nobody asked for are left there, too.
    """
    name, type_ = home.column.name, home.column.type
    as_it_is = Type(kind=Kind.TEXT) if type_.kind is Kind.TEXT else type_  # whatever length the column has
    keys = QueryKeys(workbench=bench, query=f"{ids} ORDER BY ALL", types=(as_it_is,))
    schema, many = pa.schema([pa.field(name, arrow_type(type_))]), len(keys)
    asked: Predicate = Among(columns=(name,), keys=keys)
    if many > MOST_ASKED and reading.count(home.table, Whole()) < many:
        asked = Whole()
    try:
        batches = reading.scan(home.table, asked, columns=[name], distinct=True) if many else ()
        bench.ingest("said", into, batches, schema)
    except Recast:  # a key of another type than ours is in none of these texts as it is
        bench.ingest("said", into, [], schema)
    return many
