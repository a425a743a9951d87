"""Real rows before and after a mapping, one at a time, so that each pair belongs together."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mappings.compiled import CompiledEdge
from mappings.quote import identifier as quoted
from migrator.engine.portions import taken_apart
from migrator.engine.prepare import Prepared


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A source row and the row it becomes; `after` is None where the edge excludes or rejects it."""

    before: dict[str, Any]
    after: dict[str, Any] | None

    @property
    def told(self) -> dict[str, Any]:
        return {"before": told_row(self.before), "after": told_row(self.after) if self.after is not None else None}


@dataclass(frozen=True, kw_only=True)
class EdgePreview:
    source: str
    target: str
    kind: str
    pairs: tuple[Pair, ...]

    @property
    def told(self) -> dict[str, Any]:
        """As one JSON object, for programs: bytes as base64, and as text whatever else JSON has no form for."""
        pairs = [pair.told for pair in self.pairs]
        return {"source": self.source, "target": self.target, "kind": self.kind, "pairs": pairs}


def told_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """For programs: bytes as base64, and as text whatever else JSON has no form for."""
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if value is None or isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return str(value)


def preview(prepared: Prepared, *, table: str | None = None, rows: int = 5) -> Iterator[EdgePreview]:
    """The first rows of each edge (of one target table with `table`), spread over the archived table."""
    for edge in prepared.compiled.edges:
        if table is None or edge.target == table:
            yield _preview(prepared, edge, rows)


def _preview(prepared: Prepared, edge: CompiledEdge, rows: int) -> EdgePreview:
    bench = prepared.workbench
    every = max(1, prepared.archive.table(edge.source).rows // rows)
    names = prepared.archive.table(edge.source).table.column_names
    with taken_apart(bench, edge.source) as shown:
        chosen = bench.rows(
            f"SELECT rowid FROM arc.{quoted(edge.source)} WHERE rowid % {every} = 0 ORDER BY rowid LIMIT {rows}"
        )
        pairs = []
        for (number,) in chosen:
            shown.row(number)
            pairs.append(_pair(prepared, edge, names))
    return EdgePreview(source=edge.source, target=edge.target, kind=edge.kind, pairs=tuple(pairs))


def _pair(prepared: Prepared, edge: CompiledEdge, names: tuple[str, ...]) -> Pair:
    listed = ", ".join(map(quoted, names))
    before = prepared.workbench.row(f"SELECT {listed} FROM src.{quoted(edge.source)}")
    columns = [column.name for column in prepared.compiled.columns(edge.target)]
    after = prepared.workbench.rows(f"SELECT {', '.join(map(quoted, columns))} FROM ({edge.rows_sql})")
    return Pair(
        before=dict(zip(names, before, strict=True)),
        after=dict(zip(columns, after[0], strict=True)) if after else None,
    )
