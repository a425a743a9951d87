"""What the workbench cannot hold as it is comes back as it was: names that differ in case, decimals of many digits."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa

from migrator.engine.workbench import QueryKeys, workbench
from storage.schema import Kind, Type
from storage.types import arrow_type

WIDE = Type(kind=Kind.DECIMAL, precision=60, scale=12)
VALUES = [Decimal("1234567890123456789012345678901234567890.123456789012"), Decimal("0.000000000001"), Decimal("-2")]
ROWS = pa.record_batch(
    {"Id": pa.array([1, 2, 3]), "id": pa.array(["c", "b", "a"]), "^ID": pa.array(VALUES, arrow_type(WIDE))}
)


def test_names_that_differ_in_case_alone_are_columns_and_tables_of_their_own() -> None:
    with workbench() as bench:
        for name, batch in (("Things", ROWS), ("things", ROWS.slice(1)), ("THINGS", ROWS.slice(2))):
            bench.schema("Own")
            assert bench.ingest("Own", name, [batch], batch.schema) == len(batch)
        found = pa.Table.from_batches(bench.batches('SELECT * FROM "^own"."^things" ORDER BY "^id"'))
        assert found.select(["Id", "id"]).to_pydict() == {"Id": [1, 2, 3], "id": ["c", "b", "a"]}
        assert found.schema.names == ROWS.schema.names == bench.arrow_schema('FROM "^own"."^things"').names
        assert [bench.holds("Own", name) for name in ("things", "THINGS", "thIngs")] == [True, True, False]


def test_keys_of_many_digits_are_given_as_the_numbers_they_are() -> None:
    with workbench() as bench:
        bench.schema("own")
        bench.ingest("own", "keys", [ROWS], ROWS.schema)
        keys = QueryKeys(workbench=bench, query='SELECT "^^^i^d" FROM own.keys ORDER BY "^id"', types=(WIDE,))
        assert pa.Table.from_batches(keys.batches()).column(0).combine_chunks().equals(ROWS.column(2))
