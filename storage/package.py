"""The Data Package v2 descriptor: standard where the standard has a word, `migrator:` properties for the rest.

Everything a `storage.schema.Table` says survives the round trip; nothing in it is interpreted on the way.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from storage.described import built, member
from storage.schema import (
    NULL_TOKEN,
    Column,
    ForeignKey,
    Held,
    Kind,
    Table,
)

PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
DESCRIPTOR = "datapackage.json"
FOLDERS = ("schema/", "provenance/", "reports/", "portable/")
"""Where documents lie, under data/."""
_Json = dict[str, Any]

_FIELD_TYPES = {
    Kind.BOOLEAN: "boolean",
    Kind.INTEGER: "integer",
    Kind.FLOAT: "number",
    Kind.DECIMAL: "number",
    Kind.DATE: "date",
    Kind.TIME: "time",
    Kind.TIMESTAMP: "datetime",
    Kind.TIMESTAMPTZ: "datetime",
}


@dataclass(frozen=True, kw_only=True)
class Part:
    """One file of a table, relative to data/."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class TablePart:
    """One table as it stands in an archive. `csv` is the master; more than one part have no header inside."""

    table: Table
    name: str  # of its files and resources
    rows: int
    digest: str
    scope_class: str
    longest_record: int  # bytes
    csv: tuple[Part, ...]
    header: Part | None
    parquet: tuple[Part, ...]

    @property
    def parts(self) -> tuple[Part, ...]:
        return (*self.csv, *([self.header] if self.header else []), *self.parquet)

    @property
    def bytes(self) -> int:
        return sum(part.bytes for part in self.parts)


# ── table → resource ────────────────────────────────────────────────────────────────────────────────────────
def table_resource(part: TablePart, names: Mapping[str, str]) -> _Json:
    """The resource of a table's CSV master; `names` gives every archived table's file name by its true name."""
    return {
        "name": part.name,
        "title": part.table.name,
        **({"description": part.table.comment} if part.table.comment else {}),
        **_csv_format(part),
        "schema": _schema(part.table, names),
        "migrator:table": _without_columns(part.table),
        "migrator:part": {
            "rows": part.rows,
            "digest": part.digest,
            "scope_class": part.scope_class,
            "longest_record": part.longest_record,
            "csv": [asdict(one) for one in part.csv],
            "header": asdict(part.header) if part.header else None,
            "parquet": [asdict(one) for one in part.parquet],
        },
    }


def _csv_format(part: TablePart) -> _Json:
    whole = {"bytes": part.csv[0].bytes, "hash": f"sha256:{part.csv[0].sha256}"} if len(part.csv) == 1 else {}
    dialect = {"header": part.header is None, "delimiter": ",", "lineTerminator": "\r\n", "doubleQuote": True}
    return {
        "path": part.csv[0].path if part.header is None else [one.path for one in part.csv],
        # a table without columns has records and no fields: a file to a reader of tables, not a table
        **({"type": "table", "format": "csv"} if part.table.columns else {"format": "empty-records"}),
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "dialect": {"$schema": "https://datapackage.org/profiles/2.0/tabledialect.json", **dialect},
        **whole,
    }


def parquet_resources(part: TablePart) -> list[_Json]:
    """One resource per Parquet part. The format's name keeps readers of text tables from guessing types out of it."""
    return [
        {
            "name": f"{part.name}.parquet-{number:05d}",
            "title": part.table.name,
            "path": one.path,
            "format": "apache-parquet",
            "mediatype": "application/vnd.apache.parquet",
            "bytes": one.bytes,
            "hash": f"sha256:{one.sha256}",
        }
        for number, one in enumerate(part.parquet)
    ]


def _schema(table: Table, names: Mapping[str, str]) -> _Json:
    foreign_keys = [_foreign_key(key, table, names) for key in table.foreign_keys if key.parent in names]
    return {
        "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
        "fields": [_field(column) for column in table.columns],
        "missingValues": [NULL_TOKEN],
        **({"primaryKey": list(table.primary_key)} if table.primary_key else {}),
        **({"uniqueKeys": [list(key.columns) for key in table.unique]} if table.unique else {}),
        **({"foreignKeys": foreign_keys} if foreign_keys else {}),
    }


def _foreign_key(key: ForeignKey, table: Table, names: Mapping[str, str]) -> _Json:
    resource = "" if key.parent == table.name else names[key.parent]
    return {"fields": list(key.columns), "reference": {"resource": resource, "fields": list(key.parent_columns)}}


def _field(column: Column) -> _Json:
    in_cell = column.held is Held.INLINE
    return {
        "name": column.name,
        "type": _FIELD_TYPES.get(column.type.kind, "string") if in_cell else "string",
        **({"description": column.comment} if column.comment else {}),
        **({} if column.nullable else {"constraints": {"required": True}}),
        **({} if column.null_token == NULL_TOKEN else {"missingValues": [column.null_token]}),
        "migrator:column": asdict(column),
    }


def _without_columns(table: Table) -> _Json:
    # a copy with its columns would be made only for them to be dropped again
    plain = asdict(replace(table, columns=()))
    del plain["columns"]
    return plain


# ── resource → table ────────────────────────────────────────────────────────────────────────────────────────
def parse_resource(resource: object) -> TablePart:
    """The table a resource describes; properties nobody knows yet are passed over. ValueError if it is none."""
    name = member(resource, "name", str, "a resource")
    part = member(resource, "migrator:part", dict, name)
    table = member(resource, "migrator:table", dict, name)
    fields = member(member(resource, "schema", dict, name), "fields", list, f"{name}.schema")
    columns = [member(field, "migrator:column", dict, f"{name}, field {number}") for number, field in enumerate(fields)]
    return built(TablePart, {**part, "name": name, "table": {**table, "columns": columns}}, name)


def render(descriptor: _Json) -> bytes:
    """The descriptor's bytes: indented, so that it can be read and compared by people."""
    return (json.dumps(descriptor, ensure_ascii=False, indent=2) + "\n").encode()
