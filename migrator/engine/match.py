"""Which staged rows are rows the target already has: found by the match columns, decided by the plan's policy."""

from __future__ import annotations

from collections.abc import Callable

from mappings.compiled import CompiledCrosswalk
from mappings.quote import identifier as quoted
from migrator.contracts import ACTION, Staged, Target
from migrator.engine.live import equal, found, ingest_live, shown, unexplained, unique_keys
from migrator.engine.portions import portions
from migrator.engine.prepare import Prepared, held_columns
from migrator.engine.workbench import QueryKeys
from storage.problem import Problem

Policy = Callable[[str], str]


class Matcher:
    """Compares what will be staged with what is live. `problems` collects what the plan does not allow.

    `absent`: tables and the columns whose staged values no live row has, where nothing changed them since.
    """

    def __init__(self, prepared: Prepared, target: Target, policy: Policy) -> None:
        self._prepared = prepared
        self._bench = prepared.workbench
        self._target = target
        self._policy = policy
        self.problems: list[Problem] = []
        self.absent: set[tuple[str, tuple[str, ...]]] = set()

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
            self.absent.add((staged.table.name, columns))
            return
        self.problems += unexplained(self._bench, live, rows, staged.table, columns)
        policy = self._policy(staged.table.name)
        pairs = f"{rows} r JOIN {live} l ON {equal('r', 'l', staged.table, columns)}"
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
        wanted = held_columns(staged, dict.fromkeys((*columns, *staged.key)))
        name = f"candidate.{quoted(staged.table.name)}"
        edges = [edge for edge in self._prepared.compiled.edges if edge.target == staged.table.name]
        self._bench.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT {wanted} FROM ({edges[0].rows_sql}) LIMIT 0")
        for edge in edges:
            for _ in portions(self._bench, self._prepared.archive, edge):
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
        return ingest_live(self._bench, self._target, staged.table, columns, keys, wanted)

    def _refuse(self, staged: Staged, columns: tuple[str, ...], pairs: str) -> None:
        self.problems += found(
            self._bench,
            f"SELECT {shown(columns, 'l.{}')} FROM {pairs}",
            where=f"{staged.table.name} ({', '.join(columns)})",
            what="duplicate: the target already holds rows with these values",
            next=f"decide in the plan: target.on_match: {{{staged.table.name}: keep | overwrite}}, or reject them",
        )

    def _refuse_ambiguous(self, staged: Staged, columns: tuple[str, ...], pairs: str) -> None:
        """One archived row cannot be two live ones: whichever its children followed, it would be by chance."""
        if any(set(key) <= set(columns) for key in unique_keys(staged)):
            return
        own = ", ".join(f"r.{quoted(column)}" for column in dict.fromkeys((*columns, *staged.key)))
        other = ", ".join(f"l.{quoted(column)}" for column in staged.key)
        self.problems += found(
            self._bench,
            f"SELECT {shown(columns, 'r.{}')} FROM {pairs} GROUP BY {own} HAVING count(DISTINCT ({other},)) > 1",
            where=f"{staged.table.name} ({', '.join(columns)})",
            what="several live rows have the values that one archived row is matched by",
            next="match by columns that are unique in the target",
        )

    def _refuse_several(self, staged: Staged, pairs: str) -> None:
        key = ", ".join(f"l.{quoted(column)}" for column in staged.key)
        self.problems += found(
            self._bench,
            f"SELECT {shown(staged.key, 'l.{}')} FROM {pairs} GROUP BY {key} HAVING count(*) > 1",
            where=staged.table.name,
            what="several archived rows would overwrite the same live row",
            next="reject all but one of them in the mapping, or keep the live row",
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
        self.absent.clear()  # other keys now: of tables that were looked at before, too, where references go round
        for crosswalk in crosswalks:
            self._adopt_in(crosswalk, staged.key[0], pairs)

    def _adopt_in(self, crosswalk: CompiledCrosswalk, key: str, pairs: str) -> None:
        pairs_by_key = f"SELECT DISTINCT r.{quoted(key)} AS staged_key, l.{quoted(key)} AS live_key FROM {pairs}"
        self._bench.execute(f"CREATE OR REPLACE TEMP TABLE adopted AS {pairs_by_key}")
        self._bench.execute(
            f"UPDATE xw.{quoted(crosswalk.table)} AS x SET new = a.live_key FROM adopted a WHERE x.new = a.staged_key"
        )
