"""A workbench for one column: the SQL of a chain and its Python twin, side by side over the same values."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pyarrow as pa

from mappings.compile import compile_mapping
from mappings.compiled import Compiled
from mappings.load import load_mapping
from storage.schema import Column, Kind, Table, Type
from storage.types import arrow_type

UNFIT = "does not fit"
TENANT = "acme"


def plain(kind: str) -> Type:
    return Type(kind=Kind(kind))


def table(name: str, columns: dict[str, Type | str], key: tuple[str, ...] = ("id",)) -> Table:
    described = tuple(
        Column(name=column, type=type_ if isinstance(type_, Type) else plain(type_))
        for column, type_ in columns.items()
    )
    return Table(name=name, columns=described, primary_key=key)


@dataclass(kw_only=True)
class Bench:
    """Columns `a`, `b`, … of `things`, and a chain that makes `made` of them; other tables and keys on request."""

    chain: str
    types: tuple[Type | str, ...]
    made: Type | str = "variant"
    others: dict[str, tuple[Table, list[dict[str, Any]]]] = field(default_factory=dict)
    keys: str = "{}"
    edges: str = ""

    def __post_init__(self) -> None:
        columns = dict(zip("abcdef", self.types, strict=False))
        self.source = table("things", {"id": "integer", **columns})
        target = table("made", {"id": "integer", "made": self.made})
        targets = [target, *(table(f"new_{name}", {"id": "text"}) for name in self.others)]
        text = (
            f"mapping: bench\nversion: 1\nkeys: {self.keys}\ntables:\n  made:\n    edges:\n"
            f"      - from: things\n        columns:\n          id: id\n          made: {self.chain}\n{self.edges}"
        )
        sources = [self.source, *(other for other, _ in self.others.values())]
        self.compiled: Compiled = compile_mapping(
            load_mapping(text, file="bench.yaml"), sources, targets, tenant=TENANT
        )
        self.database = duckdb.connect(":memory:", config={"threads": 1})
        self.database.execute("CREATE SCHEMA src; CREATE SCHEMA carried; CREATE SCHEMA xw; SET TimeZone = 'UTC'")
        for other, rows in self.others.values():
            self.fill(other, rows)
        self.crosswalks: dict[str, dict[Any, Any]] = {}
        for crosswalk in self.compiled.crosswalks:
            self.database.execute(f'CREATE TABLE carried."{crosswalk.table}" AS {crosswalk.carried_sql}')
            self.database.execute(f'CREATE TABLE xw."{crosswalk.table}" AS {crosswalk.sql}')
            self.crosswalks[crosswalk.table] = dict(self.database.execute(f'FROM xw."{crosswalk.table}"').fetchall())

    def fill(self, described: Table, rows: list[dict[str, Any]]) -> None:
        schema = pa.schema([pa.field(column.name, arrow_type(column.type)) for column in described.columns])
        incoming = pa.Table.from_pylist(rows, schema=schema)
        self.database.register("incoming", incoming)
        self.database.execute(f'CREATE OR REPLACE TABLE src."{described.name}" AS FROM incoming')
        self.database.unregister("incoming")

    def given(self, *values: Any) -> None:
        """One row of `things` per value; a tuple fills a, b, …"""
        tuples = [value if isinstance(value, tuple) else (value,) for value in values]
        self.fill(self.source, [{"id": n, **dict(zip("abcdef", row, strict=False))} for n, row in enumerate(tuples)])

    def sql(self, *values: Any) -> list[Any]:
        """What SQL makes of the values, in order; UNFIT throughout if a red probe counts any."""
        self.given(*values)
        return [UNFIT] * len(values) if any(severity == "red" for _, _, severity, _ in self.probes()) else self.rows()

    def rows(self) -> list[Any]:
        query = f"SELECT made FROM ({self.compiled.rows_sql('made')}) ORDER BY id"
        return self.database.sql(query).to_arrow_table().column("made").to_pylist()

    def probes(self) -> list[tuple[int, list[str], str, str]]:
        """(count, examples, severity, what) of every probe that found something."""
        found = []
        for edge in self.compiled.edges:
            for probe in (*edge.probes, *edge.fits):
                ((count, examples),) = self.database.execute(probe.sql).fetchall()
                if count:
                    found.append((count, examples, probe.severity.value, probe.what))
        return found

    def twin(self, *values: Any) -> list[Any]:
        """What the twin makes of each value."""
        column = next(column for column in self.compiled.edges[0].columns if column.mapping.target == "made")
        made = []
        for value in values:
            row = dict(zip("abcdef", value if isinstance(value, tuple) else (value,), strict=False))
            try:
                made.append(column.twin(row, self))
            except (ValueError, KeyError):
                made.append(UNFIT)
        return made

    def agree(self, *values: Any) -> None:
        """SQL and twin say the same of every value, and of the same number of values that they do not fit."""
        expected = self.twin(*values)
        fitting = [value for value, made in zip(values, expected, strict=True) if made is not UNFIT]
        self.given(*values)
        unfit = sum(count for count, _, severity, _ in self.probes() if severity == "red")
        self.given(*fitting)
        assert [_exact(made) for made in self.rows()] == [_exact(made) for made in expected if made is not UNFIT]
        assert unfit == expected.count(UNFIT)

    # ── what a twin looks up ────────────────────────────────────────────────────────────────────────────────
    tenant = TENANT

    def lookup(self, name: str, key: str, value: str, x: Any) -> Any:
        for row in self.others[name][1]:
            if row[key] == x:
                return row[value]
        raise KeyError(x)

    def crosswalk(self, name: str, x: Any) -> Any:
        return self.crosswalks[name][x]


def _exact(value: Any) -> str:
    """Tells 1 from 1.0 and True, -0.0 from 0.0, and knows NaN; an instant is an instant in any zone object."""
    return f"{value.isoformat()}" if isinstance(value, dt.datetime) else repr(value)
