"""Which staged rows are rows the target already has: found by the match columns, decided by the plan's policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mappings.compiled import CompiledCrosswalk
from mappings.quote import identifier as quoted
from migrator.contracts import ACTION, Among, Staged, Target
from migrator.engine.equality import folded, points_at
from migrator.engine.prepare import Prepared, decided_exists, portions
from migrator.engine.workbench import QueryKeys
from storage.errors import Recast, Red
from storage.problem import Problem
from storage.schema import ForeignKey, Table
from storage.types import arrow_type

Policy = Callable[[str], str]

_EXAMPLES = 10


class Matcher:
    """Compares what will be staged with what is live. `problems` collects what the plan does not allow."""

    def __init__(self, prepared: Prepared, target: Target, policy: Policy) -> None:
        self._prepared = prepared
        self._bench = prepared.workbench
        self._target = target
        self._policy = policy
        self.problems: list[Problem] = []

    def match(self) -> tuple[Problem, ...]:
        """Fill `decided`, point the crosswalks at matched rows; parents first: children see their parents' new keys."""
        for schema in ("candidate", "live", "decided"):
            self._bench.schema(schema)
        for staged in self._prepared.tables:
            declared = self._prepared.compiled.mapping
            columns = next(t.match for t in declared.tables if t.name == staged.table.name) or staged.key
            if columns:
                self._match(staged, tuple(columns))
        return tuple(self.problems)

    def _match(self, staged: Staged, columns: tuple[str, ...]) -> None:
        rows = self._candidates(staged, columns)
        live = self._live(staged, columns, rows)
        if not self._bench.one(f"SELECT count(*) FROM {live}"):
            return
        policy = self._policy(staged.table.name)
        pairs = f"{rows} r JOIN {live} l ON {_equal('r', 'l', staged.table, columns)}"
        if policy == "error" or not staged.key:
            self._refuse(staged, columns, pairs)
            return
        name = f"decided.{quoted(staged.table.name)}"
        key = ", ".join(f"l.{quoted(column)}" for column in staged.key)
        self._bench.execute(
            f"CREATE OR REPLACE TABLE {name} AS SELECT DISTINCT {key}, '{policy}' AS {ACTION} FROM {pairs}"
        )
        self._refuse_ambiguous(staged, columns, pairs)
        if policy == "overwrite":
            self._refuse_several(staged, pairs)
        self._adopt(staged, pairs)

    def _candidates(self, staged: Staged, columns: tuple[str, ...]) -> str:
        """`candidate."table"`: the match and key columns of every mapped row, by the crosswalks as they stand now."""
        wanted = ", ".join(map(quoted, dict.fromkeys((*columns, *staged.key))))
        name = f"candidate.{quoted(staged.table.name)}"
        edges = [edge for edge in self._prepared.compiled.edges if edge.target == staged.table.name]
        self._bench.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT {wanted} FROM ({edges[0].rows_sql}) LIMIT 0")
        for edge in edges:
            for _ in portions(self._prepared, edge):
                self._bench.execute(f"INSERT INTO {name} SELECT {wanted} FROM ({edge.rows_sql})")
        return name

    def _live(self, staged: Staged, columns: tuple[str, ...], rows: str) -> str:
        """Live rows whose `columns` are among the staged ones: cost by the load, not by the target."""
        names = ", ".join(map(quoted, columns))
        filled = " AND ".join(f"{quoted(column)} IS NOT NULL" for column in columns)
        keys = QueryKeys(
            workbench=self._bench,
            query=f"SELECT DISTINCT {names} FROM {rows} WHERE {filled} ORDER BY ALL",
            types=tuple(staged.table.column(column).type for column in columns),
        )
        wanted = tuple(dict.fromkeys((*columns, *staged.key)))
        return ingest_live(self._prepared, self._target, staged.table, columns, keys, wanted)

    def _refuse(self, staged: Staged, columns: tuple[str, ...], pairs: str) -> None:
        shown = " || ', ' || ".join(f"l.{quoted(column)}::VARCHAR" for column in columns)
        count = self._bench.one(f"SELECT count(*) FROM {pairs}")
        examples = self._bench.rows(f"SELECT DISTINCT {shown} FROM {pairs} ORDER BY 1 LIMIT {_EXAMPLES}")
        self.problems.append(
            Problem(
                where=f"{staged.table.name} ({', '.join(columns)})",
                what="duplicate: the target already holds rows with these values",
                count=count,
                examples=tuple(row[0] for row in examples),
                next=f"decide in the plan: target.on_match: {{{staged.table.name}: keep | overwrite}},"
                " or reject these rows",
            )
        )

    def _refuse_ambiguous(self, staged: Staged, columns: tuple[str, ...], pairs: str) -> None:
        """One archived row cannot be two live ones: whichever its children followed, it would be by chance."""
        if any(set(key) <= set(columns) for key in _unique_keys(staged)):
            return
        own = ", ".join(f"r.{quoted(column)}" for column in dict.fromkeys((*columns, *staged.key)))
        other = ", ".join(f"l.{quoted(column)}" for column in staged.key)
        shown = " || ', ' || ".join(f"r.{quoted(column)}::VARCHAR" for column in columns)
        groups = f"SELECT {shown} AS shown FROM {pairs} GROUP BY {own} HAVING count(DISTINCT ({other},)) > 1"
        count = self._bench.one(f"SELECT count(*) FROM ({groups})")
        if count:
            examples = self._bench.rows(f"SELECT DISTINCT shown FROM ({groups}) ORDER BY 1 LIMIT {_EXAMPLES}")
            self.problems.append(
                Problem(
                    where=f"{staged.table.name} ({', '.join(columns)})",
                    what="several live rows have the values that one archived row is matched by",
                    count=count,
                    examples=tuple(row[0] for row in examples),
                    next="match by columns that are unique in the target",
                )
            )

    def _refuse_several(self, staged: Staged, pairs: str) -> None:
        key = ", ".join(f"l.{quoted(column)}" for column in staged.key)
        several = self._bench.one(f"SELECT count(*) FROM (SELECT {key} FROM {pairs} GROUP BY ALL HAVING count(*) > 1)")
        if several:
            self.problems.append(
                Problem(
                    where=staged.table.name,
                    what="several archived rows would overwrite the same live row",
                    count=several,
                    next="reject all but one of them in the mapping, or keep the live row",
                )
            )

    def _adopt(self, staged: Staged, pairs: str) -> None:
        """A matched row goes by the live row's key from now on, and so does whatever points at it."""
        differing = " OR ".join(f"r.{quoted(column)} IS DISTINCT FROM l.{quoted(column)}" for column in staged.key)
        if not self._bench.one(f"SELECT count(*) FROM {pairs} WHERE {differing}"):
            return
        crosswalks = [c for c in self._prepared.compiled.crosswalks if c.target == staged.table.name]
        if len(staged.key) != 1 or not crosswalks:
            self.problems.append(
                Problem(
                    where=f"{staged.table.name} ({', '.join(staged.key)})",
                    what="matched rows have another key in the target, and no `remap` step can adopt it",
                    next="match by the key itself, or remap this table's key under `keys`",
                )
            )
            return
        for crosswalk in crosswalks:
            self._adopt_in(crosswalk, staged.key[0], pairs)

    def _adopt_in(self, crosswalk: CompiledCrosswalk, key: str, pairs: str) -> None:
        pairs_by_key = f"SELECT DISTINCT r.{quoted(key)} AS staged_key, l.{quoted(key)} AS live_key FROM {pairs}"
        self._bench.execute(f"CREATE OR REPLACE TEMP TABLE adopted AS {pairs_by_key}")
        self._bench.execute(
            f"UPDATE xw.{quoted(crosswalk.table)} AS x SET new = a.live_key FROM adopted a WHERE x.new = a.staged_key"
        )

    # ── predictions over the rows as they will be staged ────────────────────────────────────────────────────
    def predict(self) -> Iterator[Problem]:
        """Duplicates among the staged rows and against live ones, and orphans: after `materialise`."""
        for staged in self._prepared.tables:
            yield from self._repeated(staged)
            yield from self._taken(staged)
            yield from self._orphans(staged)

    def _repeated(self, staged: Staged) -> Iterator[Problem]:
        table = f"staged.{quoted(staged.table.name)}"
        for columns in _unique_keys(staged):
            names = ", ".join(_told_apart("s", staged.table, column) for column in columns)
            filled = " AND ".join(f"{quoted(column)} IS NOT NULL" for column in columns)
            groups = f"FROM {table} s WHERE {filled} AND {ACTION} <> 'keep' GROUP BY {names} HAVING count(*) > 1"
            count = self._bench.one(f"SELECT count(*) FROM (SELECT 1 {groups})")
            if count:
                shown = " || ', ' || ".join(f"min({quoted(column)})::VARCHAR" for column in columns)
                yield Problem(
                    where=f"{staged.table.name} ({', '.join(columns)})",
                    what="duplicate: several archived rows get the same unique value",
                    count=count,
                    examples=tuple(
                        r[0] for r in self._bench.rows(f"SELECT {shown} {groups} ORDER BY 1 LIMIT {_EXAMPLES}")
                    ),
                    next="reject all but one in the mapping, or make the value differ",
                )

    def _taken(self, staged: Staged) -> Iterator[Problem]:
        """Unique values that a live row other than the matched one holds."""
        for columns in _unique_keys(staged):
            keys = self._prepared.keys(staged, columns, f"{ACTION} <> 'keep'")
            wanted = tuple(dict.fromkeys((*columns, *staged.key)))
            live = ingest_live(self._prepared, self._target, staged.table, columns, keys, wanted)
            other = f"s.{ACTION} = 'create'"
            if staged.key:
                differs = " OR ".join(f"s.{quoted(c)} IS DISTINCT FROM l.{quoted(c)}" for c in staged.key)
                other = f"({other} OR {differs})"
            pairs = (
                f"FROM staged.{quoted(staged.table.name)} s JOIN {live} l ON {_equal('s', 'l', staged.table, columns)}"
                f" WHERE s.{ACTION} <> 'keep' AND {other}"
            )
            count = self._bench.one(f"SELECT count(*) {pairs}")
            if count:
                shown = " || ', ' || ".join(f"l.{quoted(column)}::VARCHAR" for column in columns)
                yield Problem(
                    where=f"{staged.table.name} ({', '.join(columns)})",
                    what="duplicate: a live row of the target already has this unique value",
                    count=count,
                    examples=tuple(
                        r[0] for r in self._bench.rows(f"SELECT DISTINCT {shown} {pairs} ORDER BY 1 LIMIT {_EXAMPLES}")
                    ),
                    next="match by these columns (`match:` in the mapping, target.on_match in the plan),"
                    " or change the value",
                )

    def _orphans(self, staged: Staged) -> Iterator[Problem]:
        """References of staged rows that neither a staged nor a live row answers."""
        for key in staged.table.foreign_keys:
            if not set(key.columns) <= set(staged.columns):
                continue
            missing = self._unanswered(staged, key)
            count = self._bench.one(f"SELECT count(*) FROM ({missing})")
            if count:
                shown = " || ', ' || ".join(f"{quoted(column)}::VARCHAR" for column in key.columns)
                yield Problem(
                    where=f"{staged.table.name}.{'+'.join(key.columns)}",
                    what=f"orphan: these values point at no row of {key.parent}, neither loaded nor live",
                    count=count,
                    examples=tuple(
                        r[0] for r in self._bench.rows(f"SELECT {shown} FROM ({missing}) ORDER BY 1 LIMIT {_EXAMPLES}")
                    ),
                    next="map the parent rows too, reject these rows, or carry their parents in the scope",
                )

    def _unanswered(self, staged: Staged, key: ForeignKey) -> str:
        keys = self._prepared.keys(staged, key.columns, f"{ACTION} <> 'keep'")
        missing = keys.query
        loaded = {s.table.name: s for s in self._prepared.tables}.get(key.parent)
        if loaded and set(key.parent_columns) <= set(loaded.columns):
            missing = _without(missing, f"staged.{quoted(key.parent)}", staged.table, loaded.table, key)
        if not self._bench.one(f"SELECT count(*) FROM ({missing})"):
            return missing
        unanswered = QueryKeys(workbench=self._bench, query=f"SELECT * FROM ({missing}) ORDER BY ALL", types=keys.types)
        parent = self._target.describe().table(key.parent)
        live = ingest_live(self._prepared, self._target, parent, key.parent_columns, unanswered, key.parent_columns)
        return _without(missing, live, staged.table, parent, key)


def _without(keys: str, rows: str, child: Table, parent: Table, key: ForeignKey) -> str:
    """Those of the query's keys that none of the parent's rows answers."""
    on = " AND ".join(
        points_at(("m", child.column(ours)), ("p", parent.column(theirs)))
        for ours, theirs in zip(key.columns, key.parent_columns, strict=True)
    )
    return f"SELECT m.* FROM ({keys}) m WHERE NOT EXISTS (SELECT 1 FROM {rows} p WHERE {on})"


def save_decisions(prepared: Prepared, folder: Path) -> None:
    """Write the decisions and the crosswalks beside the run, for a verification that cannot look them up any more."""
    folder.mkdir(parents=True, exist_ok=True)
    for staged in prepared.tables:
        if decided_exists(prepared.workbench, staged):
            _write(
                prepared,
                f"SELECT * FROM decided.{quoted(staged.table.name)}",
                folder / f"decided-{_file(prepared, staged)}",
            )
    for i, crosswalk in enumerate(prepared.compiled.crosswalks):
        _write(prepared, f"SELECT * FROM xw.{quoted(crosswalk.table)}", folder / f"crosswalk-{i}.parquet")


def restore_decisions(prepared: Prepared, folder: Path) -> None:
    """Put back what `save_decisions` wrote: the crosswalk a load really used."""
    bench = prepared.workbench
    bench.schema("decided")
    for staged in prepared.tables:
        path = folder / f"decided-{_file(prepared, staged)}"
        if path.exists():
            file = pq.ParquetFile(path)
            bench.ingest("decided", staged.table.name, file.iter_batches(), file.schema_arrow)
    for i, crosswalk in enumerate(prepared.compiled.crosswalks):
        file = pq.ParquetFile(folder / f"crosswalk-{i}.parquet")
        bench.ingest("xw", crosswalk.table, file.iter_batches(), file.schema_arrow)


def _file(prepared: Prepared, staged: Staged) -> str:
    return f"{prepared.tables.index(staged)}.parquet"


def _write(prepared: Prepared, query: str, path: Path) -> None:
    with pq.ParquetWriter(path, prepared.workbench.arrow_schema(query), compression="zstd") as writer:
        for batch in prepared.workbench.batches(query):
            writer.write_batch(batch)


def ingest_live(
    prepared: Prepared, target: Target, table: Table, columns: tuple[str, ...], keys: QueryKeys, wanted: tuple[str, ...]
) -> str:
    """Read live rows whose `columns` are among `keys` into `live."table"`; gives its name."""
    schema = pa.schema([pa.field(name, arrow_type(table.column(name).type)) for name in wanted])
    try:
        with target.scan(table, Among(columns=columns, keys=keys), columns=wanted) as batches:
            prepared.workbench.ingest("live", table.name, batches, schema)
    except Recast as recast:
        raise Red(
            f"live rows hold values that are no {table.column(recast.column.name).type}, so they cannot be matched",
            where=f"{table.name}.{recast.column.name}",
            next="mend these values in the target, or match by another column",
        ) from recast
    return f"live.{quoted(table.name)}"


def _unique_keys(staged: Staged) -> list[tuple[str, ...]]:
    candidates = (staged.table.primary_key, *(key.columns for key in staged.table.unique))
    return [key for key in dict.fromkeys(candidates) if key and set(key) <= set(staged.columns)]


def _equal(left: str, right: str, table: Table, columns: tuple[str, ...]) -> str:
    """The condition that two rows of the table agree on these columns, as its collations have it."""
    return " AND ".join(
        f"{_told_apart(left, table, column)} = {_told_apart(right, table, column)}" for column in columns
    )


def _told_apart(alias: str, table: Table, column: str) -> str:
    return folded(f"{alias}.{quoted(column)}", table.column(column))
