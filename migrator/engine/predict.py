"""What would go wrong with the rows as they will be staged: duplicates among them and against live ones, orphans."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from mappings.quote import identifier as quoted
from migrator.contracts import ACTION, CREATE, KEEP, Staged, Target
from migrator.engine.equality import keys_sought, points_at
from migrator.engine.live import equal, found, ingest_live, shown, told_apart, unexplained, unique_keys
from migrator.engine.prepare import Prepared
from storage.problem import Problem
from storage.schema import ForeignKey, Schema, Table


def predict(
    prepared: Prepared, target: Target, schema: Schema, absent: Collection[tuple[str, tuple[str, ...]]] = ()
) -> Iterator[Problem]:
    """After `materialise`: every problem, table by table, found before the target is touched.

    `schema` is the target's; `absent` names columns of tables whose staged values are known not to be live.
    """
    for staged in prepared.tables:
        for columns in unique_keys(staged):
            yield from _repeated(prepared, staged, columns)
            if (staged.table.name, columns) not in absent:
                yield from _taken(prepared, target, staged, columns)
        for key in staged.table.foreign_keys:
            if set(key.columns) <= set(staged.columns):
                yield from _orphans(prepared, target, schema, staged, key)


def _repeated(prepared: Prepared, staged: Staged, columns: tuple[str, ...]) -> Iterator[Problem]:
    names = ", ".join(told_apart("s", staged.table, column) for column in columns)
    filled = " AND ".join(f"{quoted(column)} IS NOT NULL" for column in columns)
    yield from found(
        prepared.workbench,
        f"SELECT {shown(columns, 'min({})')} FROM staged.{quoted(staged.table.name)} s"
        f" WHERE {filled} AND {ACTION} <> '{KEEP}' GROUP BY {names} HAVING count(*) > 1",
        where=f"{staged.table.name} ({', '.join(columns)})",
        what="duplicate: several archived rows get the same unique value",
        next="reject all but one in the mapping, or make the value differ",
    )


def _taken(prepared: Prepared, target: Target, staged: Staged, columns: tuple[str, ...]) -> Iterator[Problem]:
    """Unique values that a live row other than the matched one holds."""
    keys = prepared.keys(staged, columns, f"{ACTION} <> '{KEEP}'")
    wanted = tuple(dict.fromkeys((*columns, *staged.key)))
    live = ingest_live(prepared.workbench, target, staged.table, columns, keys, wanted)
    other = [f"s.{ACTION} = '{CREATE}'"]
    other += [f"s.{quoted(column)} IS DISTINCT FROM l.{quoted(column)}" for column in staged.key]
    yield from found(
        prepared.workbench,
        f"SELECT {shown(columns, 'l.{}')} FROM staged.{quoted(staged.table.name)} s"
        f" JOIN {live} l ON {equal('s', 'l', staged.table, columns)}"
        f" WHERE s.{ACTION} <> '{KEEP}' AND ({' OR '.join(other)})",
        where=f"{staged.table.name} ({', '.join(columns)})",
        what="duplicate: a live row of the target already has this unique value",
        next="match by these columns (`match:` in the mapping, target.on_match in the plan), or change the value",
    )
    rows = f"staged.{quoted(staged.table.name)}"
    yield from unexplained(prepared.workbench, live, rows, staged.table, columns, f"s.{ACTION} <> '{KEEP}'")


def _orphans(prepared: Prepared, target: Target, schema: Schema, staged: Staged, key: ForeignKey) -> Iterator[Problem]:
    """References of staged rows that neither a staged nor a live row answers."""
    yield from found(
        prepared.workbench,
        f"SELECT {shown(key.columns, '{}')} FROM ({_unanswered(prepared, target, schema, staged, key)})",
        where=f"{staged.table.name}.{'+'.join(key.columns)}",
        what=f"orphan: these values point at no row of {key.parent}, neither loaded nor live",
        next="map the parent rows too, reject these rows, or carry their parents in the scope",
    )


def _unanswered(prepared: Prepared, target: Target, schema: Schema, staged: Staged, key: ForeignKey) -> str:
    missing = prepared.keys(staged, key.columns, f"{ACTION} <> '{KEEP}'").query
    loaded = {s.table.name: s for s in prepared.tables}.get(key.parent)
    if loaded and set(key.parent_columns) <= set(loaded.columns):
        missing = _without(missing, f"staged.{quoted(key.parent)}", staged.table, loaded.table, key)
    if not prepared.workbench.one(f"SELECT count(*) FROM ({missing})"):
        return missing
    parent = schema.table(key.parent)
    children = (("m", staged.table.column(name)) for name in key.columns)
    theirs = (parent.column(name) for name in key.parent_columns)
    unanswered = keys_sought(prepared.workbench, zip(children, theirs, strict=True), f"FROM ({missing}) m")
    live = ingest_live(prepared.workbench, target, parent, key.parent_columns, unanswered, key.parent_columns)
    return _without(missing, live, staged.table, parent, key)


def _without(keys: str, rows: str, child: Table, parent: Table, key: ForeignKey) -> str:
    """Those of the query's keys that none of the parent's rows answers."""
    on = " AND ".join(
        points_at(("m", child.column(ours)), ("p", parent.column(theirs)))
        for ours, theirs in zip(key.columns, key.parent_columns, strict=True)
    )
    return f"SELECT m.* FROM ({keys}) m WHERE NOT EXISTS (SELECT 1 FROM {rows} p WHERE {on})"
