"""Ids of the tenant's own rows in what others' rows say: keys that are long enough to be nobody else's."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from mappings.quote import identifier as quoted
from migrator.engine import tokens
from migrator.engine.classify import OWNED
from migrator.engine.equality import as_text
from migrator.engine.others import Others
from storage.schema import Column, Kind, Table

_IDS, _TOLD, _HITS = "migrator ids", "migrator told", "migrator hits"
_SURE = f"{tokens.UUID}|[0-9a-f]{{32}}|[0-7][0-9A-HJKMNP-TV-Z]{{25}}"
"""Ids that nobody makes twice, nor writes by chance; the others are names that a person may give again."""

_UUID_AS_BYTES = "binary(16)"


class Ours(Others):
    """Keeps the ids in `behind`; rows are walked before."""

    _kinds: frozenset[Kind] = frozenset()  # what the ids are that are worth looking for

    def _gather_ids(self) -> None:
        self._workbench.ingest("behind", _IDS, [], pa.schema([("id", pa.string())]))
        for name in self._of_class(OWNED):
            key = [self._tables[name].column(column) for column in self._tables[name].primary_key]
            if len(key) == 1 and key[0].type.kind in (Kind.UUID, Kind.BINARY, *tokens.TEXTS):
                text = _as_text("t", key[0])
                is_uuid = f"regexp_full_match(lower({text}), '{tokens.UUID}')"
                is_long = (
                    f"strlen({text}) BETWEEN {tokens.LONG} AND {tokens.LONGEST} AND regexp_matches({text}, '[0-9]')"
                )
                ids = f"SELECT CASE WHEN {is_uuid} THEN lower({text}) ELSE {text} END FROM arch.{quoted(name)} t"
                ours = f"migrator_walk IS NOT NULL AND ({is_uuid} OR {is_long})"
                self._workbench.execute(f"INSERT INTO behind.{quoted(_IDS)} {ids} WHERE {ours}")
        self._kinds = self._kinds_of_ids()

    def _sought(self, table: Table) -> Iterator[Column]:
        """Columns that may hold an id: what is searched of archived rows, and UUIDs as their bytes."""
        yield from self._searched(table)
        asked = {name for reference in self._classified.references_of(table.name) for name in reference.columns}
        for column in table.columns:
            if column.type.kind is Kind.BINARY and column.native.lower() == _UUID_AS_BYTES and column.name not in asked:
                yield column

    def _kinds_of_ids(self) -> frozenset[Kind]:
        is_uuid = f"regexp_full_match(id, '{tokens.UUID}')"
        uuids, texts = self._workbench.row(
            f"SELECT count(*) FILTER ({is_uuid}), count(*) FILTER (NOT {is_uuid}) FROM behind.{quoted(_IDS)}"
        )
        return frozenset(kind for kind, count in ((Kind.UUID, uuids), (Kind.TEXT, texts)) if count)

    def _hits(self, rows: str, column: Column) -> str:
        """A table of the rows that say an id in this column: `row`, and whether it `is_name` or `is_value` there."""
        hits, is_sure = f"behind.{quoted(_HITS)}", f"regexp_full_match(said, '{_SURE}')"
        self._workbench.ingest("behind", _TOLD, self._heard(rows, column), tokens.SCHEMA)
        self._workbench.execute(
            f"CREATE OR REPLACE TABLE {hits} AS SELECT row, bool_or(alone) AS is_name, bool_or(alone AND {is_sure})"
            f" AS is_value FROM behind.{quoted(_TOLD)} SEMI JOIN behind.{quoted(_IDS)} ON said = id GROUP BY row"
        )
        return hits

    def _heard(self, rows: str, column: Column) -> Iterator[pa.RecordBatch]:
        """What the column says, row by row, from the disk: however long its texts are, few are held at once."""
        text = _as_text("c", column) if column.type.kind is Kind.BINARY else f"c.{quoted(column.name)}"
        for batch in self._workbench.batches(f"SELECT c.rowid AS row, {text} AS text FROM {rows} c"):
            for heard in tokens.tokens(tokens.plain(batch.column("text"), column), self._kinds):
                said = batch.column("row").take(heard.column("row"))
                yield heard.set_column(0, "row", said.cast(pa.int64()))


def _as_text(alias: str, column: Column) -> str:
    """A key as text; sixteen bytes are a UUID."""
    if column.type.kind is not Kind.BINARY:
        return as_text(alias, column)
    name = f"{alias}.{quoted(column.name)}"
    dashed = "regexp_replace(lower(hex({0})), '(.{{8}})(.{{4}})(.{{4}})(.{{4}})(.{{12}})', '\\1-\\2-\\3-\\4-\\5')"
    return f"CASE WHEN octet_length({name}) = 16 THEN {dashed.format(name)} END"
