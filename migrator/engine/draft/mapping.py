"""A mapping suggested: which columns of two schemas look alike, and why. Nothing of it is decided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from enum import StrEnum

from mappings.conversions import implicit
from mappings.flow import flow_scalar
from mappings.frame import required
from mappings.model import Edge, Mapping
from mappings.used import is_used, used_columns
from migrator.engine.draft.words import begins_with, ends_in, same, shortens, words
from storage.schema import Column, Kind, Table

_ROUNDS = 2  # what points at a table is known once it is known what that becomes
_FEWEST_ALIKE = 2  # columns, where the names of two tables say nothing
_ENOUGH_ALIKE = 0.6  # of the smaller table's
_TIMES = frozenset({"id", "created", "updated", "modified", "deleted", "at", "on", "date", "time"})


class Likeness(StrEnum):
    """What speaks for a pair, the strongest first."""

    REFERENCE = "reference"  # both point at the same
    NAME = "name"
    WORDS = "words"  # the same words, written otherwise
    KEY = "key"  # each is its table's key
    PART = "part"  # one name is in the other
    SHORT = "short"  # one is an abbreviation of the other


_ORDER = {likeness: place for place, likeness in enumerate(Likeness)}


@dataclass(frozen=True, kw_only=True)
class ProposedColumn:
    """A target column filled from a source column; over the new keys of the table `remap`, where there is one."""

    target: str
    source: str
    why: Likeness
    remap: str | None = None

    @property
    def written(self) -> str:
        """As a mapping says it."""
        name = flow_scalar(self.source)
        return f"{{from: {name}, steps: [{{remap: {flow_scalar(self.remap)}}}]}}" if self.remap else name


@dataclass(frozen=True, kw_only=True)
class ProposedEdge:
    """A source table that nothing leads from yet; `method` says how its key changes, where it has one that can."""

    source: str
    target: str
    why: Likeness | None
    columns: tuple[ProposedColumn, ...]
    method: str | None

    @property
    def written(self) -> str:
        """As an item of a table's edges, each guess with what speaks for it."""
        lines = [f"from: {flow_scalar(self.source)}", "columns:"]
        lines += [f"  {flow_scalar(one.target)}: {one.written}  # guessed: {one.why}" for one in self.columns]
        return "\n".join(lines)


# ── columns ─────────────────────────────────────────────────────────────────────────────────────────────────
def proposed_columns(edge: Edge, mapping: Mapping, source: Table, target: Table) -> tuple[ProposedColumn, ...]:
    """For the target columns that an edge does not fill, columns of its source that go nowhere yet, or else any."""
    homes = {remap.table: _home(mapping, remap.table) for remap in mapping.keys}
    free = [column for column in target.columns if edge.column(column.name) is None and not column.generated]
    unused = [column for column in source.columns if column.name not in used_columns(mapping, source)]
    return tuple(_alike(unused, free, source, target, homes))


def _home(mapping: Mapping, table: str) -> str:
    """The target table that a source table's keys lead to."""
    named = next((remap.target for remap in mapping.keys if remap.table == table), None)
    edges = mapping.edges_from(table)
    return named or (edges[0].target if edges else "")


def _alike(
    sources: Sequence[Column], targets: Sequence[Column], source: Table, target: Table, homes: Dictionary[str, str]
) -> Iterator[ProposedColumn]:
    """The pairs that are most alike, each column once, in the target's order."""
    pairs = [
        (_ORDER[why], place, one.name, other.name, why)
        for place, other in enumerate(targets)
        for one in sources
        for why in (_likeness(one, other, source, target, homes),)
        if why is not None and (_is_key(one, other, source, target) or why is Likeness.REFERENCE or _fits(one, other))
    ]
    taken: set[str] = set()
    found: dict[str, ProposedColumn] = {}
    for _, _, one_name, other_name, why in sorted(pairs, key=lambda pair: pair[:2]):
        if one_name not in taken and other_name not in found:
            taken.add(one_name)
            remap = _remapped(one_name, other_name, source, target, homes)
            found[other_name] = ProposedColumn(target=other_name, source=one_name, why=why, remap=remap)
    yield from (found[column.name] for column in targets if column.name in found)


def _likeness(one: Column, other: Column, source: Table, target: Table, homes: Dictionary[str, str]) -> Likeness | None:
    parents = {homes.get(parent) for parent in _parents(source, one.name)}
    if parents & set(_parents(target, other.name)):
        return Likeness.REFERENCE
    if _is_key(one, other, source, target):
        return Likeness.KEY if one.name != other.name else Likeness.NAME
    return _names_alike(one.name, other.name)


def _is_key(one: Column, other: Column, source: Table, target: Table) -> bool:
    """Both are their tables' keys, and the one can become the other."""
    are_keys = source.primary_key == (one.name,) and target.primary_key == (other.name,)
    return are_keys and _method(source, target) is not None


def _fits(one: Column, other: Column) -> bool:
    return other.type.kind is Kind.VARIANT or implicit(one.type, other.type) is not None


def _names_alike(one: str, other: str) -> Likeness | None:
    if one.casefold() == other.casefold():
        return Likeness.NAME
    left, right = words(one), words(other)
    if same(left, right):
        return Likeness.WORDS
    if any(alike(*pair) for alike in (ends_in, begins_with) for pair in ((left, right), (right, left))):
        return None if {*left, *right} <= _TIMES or min(left, right, key=len) == ("id",) else Likeness.PART
    return Likeness.SHORT if shortens(left, right) or shortens(right, left) else None


def _remapped(one: str, other: str, source: Table, target: Table, homes: Dictionary[str, str]) -> str | None:
    """The table whose new keys the values become."""
    if source.primary_key == (one,) and target.primary_key == (other,) and homes.get(source.name) == target.name:
        return source.name
    return next((parent for parent in _parents(source, one) if homes.get(parent)), None)


def _parents(table: Table, column: str) -> tuple[str, ...]:
    return tuple(key.parent for key in table.foreign_keys if key.columns == (column,))


# ── tables ──────────────────────────────────────────────────────────────────────────────────────────────────
def proposed_edges(
    mapping: Mapping | None, source: Sequence[Table], target: Sequence[Table]
) -> tuple[ProposedEdge, ...]:
    """For the source tables that go nowhere yet, the target table each is most like."""
    known = {drop.name for drop in mapping.dropped_tables} if mapping else set()
    free = [table for table in source if table.name not in known and not (mapping and is_used(mapping, table.name))]
    homes = {remap.table: _home(mapping, remap.table) for remap in mapping.keys} if mapping else {}
    tables = {table.name: table for table in target}
    chosen: dict[str, tuple[str, Likeness | None]] = {}
    for _ in range(_ROUNDS):
        chosen = {one.name: found for one in free if (found := _most_alike(one, target, homes)) is not None}
        homes |= {one.name: chosen[one.name][0] for one in free if one.name in chosen and _keyed(one, tables, chosen)}
    alike = ((one, *chosen[one.name]) for one in free if one.name in chosen)
    return tuple(_edge(one, tables[name], why, homes) for one, name, why in alike)


def _keyed(source: Table, tables: Dictionary[str, Table], chosen: Dictionary[str, tuple[str, Likeness | None]]) -> bool:
    return _method(source, tables[chosen[source.name][0]]) is not None


def _edge(source: Table, target: Table, why: Likeness | None, homes: Dictionary[str, str]) -> ProposedEdge:
    free = [column for column in target.columns if not column.generated]
    columns = tuple(_alike(source.columns, free, source, target, homes))
    return ProposedEdge(
        source=source.name, target=target.name, why=why, columns=columns, method=_method(source, target)
    )


def _most_alike(
    source: Table, target: Sequence[Table], homes: Dictionary[str, str]
) -> tuple[str, Likeness | None] | None:
    ranked = []
    for place, table in enumerate(target):
        why, share, alike = _names_alike(source.name, table.name), *_share(source, table, homes)
        if why is not None or (alike >= _FEWEST_ALIKE and share >= _ENOUGH_ALIKE):
            strength = len(_ORDER) - _ORDER[why] if why else 0
            ranked.append((-strength, -share, place, table.name, why))
    if not ranked:
        return None
    *_, name, why = min(ranked, key=lambda one: one[:3])
    return name, why


def _share(source: Table, target: Table, homes: Dictionary[str, str]) -> tuple[float, int]:
    """Of the smaller table's columns, how many have one alike in the other."""
    pairs = tuple(_alike(source.columns, target.columns, source, target, homes))
    telling = [pair for pair in pairs if not set(words(pair.target)) <= _TIMES]
    fewest = min(sum(not set(words(column.name)) <= _TIMES for column in table.columns) for table in (source, target))
    return (len(telling) / fewest if fewest else 0.0), len(telling)


def _method(source: Table, target: Table) -> str | None:
    """How the key changes: not at all where it fits, into a UUID where the target's is one or is text."""
    if len(source.primary_key) != 1 or len(target.primary_key) != 1:
        return None
    old, new = source.column(source.primary_key[0]).type.kind, target.column(target.primary_key[0]).type.kind
    if old is new or new is Kind.VARIANT:
        return "keep"
    return "uuid5" if new in (Kind.UUID, Kind.TEXT) and old in (Kind.INTEGER, Kind.TEXT) else None


# ── in words ────────────────────────────────────────────────────────────────────────────────────────────────
def drafted_mapping(name: str, edges: Sequence[ProposedEdge], source: Sequence[Table], target: Sequence[Table]) -> str:
    """A mapping of these guesses. What it says nothing about stays red until somebody decides."""
    lines = [f"mapping: {flow_scalar(name)}", "version: 1", "description: a draft; every line is a guess", ""]
    keyed = [edge for edge in edges if edge.method and _keeps_its_key(edge)]
    if keyed:
        lines += ["keys:", *(f"  {flow_scalar(edge.source)}: {key_of(edge)}" for edge in keyed), ""]
    lines.append("tables:")
    tables = {table.name: table for table in target}
    for table in dict.fromkeys(edge.target for edge in edges):
        own = [edge for edge in edges if edge.target == table]
        lines += [f"  {flow_scalar(table)}:", "    edges:"]
        for edge in own:
            first, *rest = edge.written.splitlines()
            kind = ["        kind: union"] if len(own) > 1 else []
            lines += [f"      - {first}", *kind, *(f"        {line}" for line in rest)]
            lines += [f"        # {missing}" for missing in _open(edge, tables[table], source)]
    return "\n".join(lines) + "\n"


def key_of(edge: ProposedEdge) -> str:
    """As an entry of `keys`."""
    return f"{{method: {edge.method}, target: {flow_scalar(edge.target)}}}"


def _keeps_its_key(edge: ProposedEdge) -> bool:
    return any(one.remap == edge.source for one in edge.columns)


def _open(edge: ProposedEdge, target: Table, source: Sequence[Table]) -> Iterator[str]:
    filled = {one.target for one in edge.columns}
    needed = [column.name for column in target.columns if required(column, target) and column.name not in filled]
    own = next(table for table in source if table.name == edge.source)
    left = [name for name in own.column_names if name not in {one.source for one in edge.columns}]
    if needed:
        yield f"not filled, and needed: {', '.join(needed)}"
    if left:
        yield f"not decided: {', '.join(left)}"
