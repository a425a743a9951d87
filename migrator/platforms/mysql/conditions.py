"""Predicates as conditions of SELECT statements: keys are written into them, since a reader may make no tables.

A set of keys that is too large for one statement becomes several. Where one row can satisfy more than one of them, they
overlap: two keys that the column's collation calls equal, or two of the rules of an AnyOf.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pyarrow.compute as pc

from migrator.contracts import Among, AnyOf, Matching, Predicate, Whole
from migrator.platforms.mysql.sqltext import literal_of, literals_of
from migrator.platforms.mysql.types import character_set
from migrator.platforms.relational.sqltext import literal, quoted
from storage.schema import Column, Kind, Table
from storage.types import to_text

MOST_KEYS = 4_096
MOST_BYTES = 1 << 20  # of one statement; servers take 4 MiB and more
_PLAIN = ("^[0-9a-f-]*$", "^[0-9A-F-]*$")
"""Ids as programs make them, in one case: no collation of any language calls two of them equal."""

_NUMERIC = (Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT)

_WORTH_GROUPING = 4
"""Keys that differ in their last column only, as those of one tenant do: the server need not plan rows of them."""

MOST_ROWS = 128
"""Rows of several values in one list: the server plans them by their square, 4,096 of them for three seconds."""

Key = tuple[str, ...]  # one key, its values as literals


@dataclass(frozen=True, kw_only=True)
class Condition:
    """What stands behind WHERE, for rows of alias `t`."""

    sql: str
    rule: int = 0  # which rule of an AnyOf it is of
    deciding: tuple[str, ...] = ()  # the columns that decide whether a row satisfies the rule
    overlaps: bool = False  # whether a row may satisfy another of the predicate's conditions too
    is_join: bool = False  # found by an index only where it stands alone: not as one of several with OR


def conditions(table: Table, predicate: Predicate) -> Iterator[Condition]:
    """The predicate as one condition or several, as few as statements allow; none where it selects nothing."""
    if isinstance(predicate, Whole):
        yield Condition(sql="true")
    elif isinstance(predicate, Matching):
        yield Condition(sql=_matching(table, predicate), deciding=predicate.columns)
    elif isinstance(predicate, Among):
        yield from _among(table, predicate)
    else:
        yield from _any_of(table, predicate)


def _any_of(table: Table, predicate: AnyOf) -> Iterator[Condition]:
    """All in one statement where it is short enough for an index: the server gives each row once then."""
    rules = [
        replace(condition, rule=rule, overlaps=True)
        for rule, part in enumerate(predicate.among)
        for condition in conditions(table, part)
    ]
    is_one = len(rules) <= len(predicate.among) and not any(rule.is_join for rule in rules)
    if is_one and sum(len(rule.sql) for rule in rules) <= MOST_BYTES:
        if rules:
            yield Condition(sql=" OR ".join(f"({rule.sql})" for rule in rules))
        return
    yield from rules


def _matching(table: Table, predicate: Matching) -> str:
    parts = []
    for name, value in zip(predicate.columns, predicate.values, strict=True):
        if value is None:
            parts.append(f"t.{quoted(name)} <=> NULL")  # IS NULL is true of a zero date where no NULL is allowed
            continue
        written = literal_of(value, table.column(name))
        parts.append("false" if written is None else f"t.{quoted(name)} = {written}")
    return " AND ".join(parts)


def _among(table: Table, predicate: Among) -> Iterator[Condition]:
    sides = [_side(table.column(name), of) for name, of in _with_parents(predicate)]
    deciding = (*predicate.columns, *(predicate.when.columns if predicate.when else ()))
    when = f" AND {_matching(table, predicate.when)}" if predicate.when else ""
    expressions = [side.expression for side in sides]
    joins = all(side.is_integer for side in sides) and all(one.kind is Kind.INTEGER for one in predicate.keys.types)
    written = (one for keys in _chunks(_written(predicate, sides)) for one in _one_of(expressions, keys, joins=joins))
    first = list(itertools.islice(written, 2))
    overlaps = len(first) > 1 and _may_be_equal(table, predicate)
    for one in itertools.chain(first, written):
        yield replace(one, sql=f"({one.sql}){when}", deciding=deciding, overlaps=overlaps)


def _may_be_equal(table: Table, predicate: Among) -> bool:
    """Whether two of the keys may equal one value, as texts do that differ in case, accents or blanks alone."""
    columns = [table.column(name) for name in predicate.columns]
    texts = []
    for i, (type_, column) in enumerate(zip(predicate.keys.types, columns, strict=True)):
        if type_.kind is not column.type.kind:
            return True
        if column.collation:
            texts.append(i)
    if not texts:
        return False
    return not any(
        all(pc.all(pc.match_substring_regex(batch.column(i), plain)).as_py() for batch in batches for i in texts)
        for plain, batches in ((plain, predicate.keys.batches()) for plain in _PLAIN)
    )


def _with_parents(predicate: Among) -> Iterator[tuple[str, Column | None]]:
    return itertools.zip_longest(predicate.columns, predicate.of)


@dataclass(frozen=True, kw_only=True)
class _Side:
    """How a row's column is compared: the expression, and the column whose type keys are written for."""

    expression: str
    as_column: Column | None  # None: by how they are written, as text

    @property
    def is_integer(self) -> bool:
        """Whether what is compared is of one type, whatever stands beside it."""
        return self.as_column is not None and self.as_column.type.kind is Kind.INTEGER


def _side(column: Column, parent: Column | None) -> _Side:
    """As the parent has it: a child of its type and collation as it is, any other by its text."""
    name = f"t.{quoted(column.name)}"
    if parent is None or (_family(column), column.collation) == (_family(parent), parent.collation):
        return _Side(expression=name, as_column=column)
    if parent.type.kind is Kind.TEXT and parent.collation:
        compared = f"CONVERT(CAST({name} AS CHAR) USING {character_set(parent)}) COLLATE {parent.collation}"
        return _Side(expression=compared, as_column=parent)
    return _Side(expression=f"CAST(CONVERT(CAST({name} AS CHAR) USING utf8mb4) AS BINARY)", as_column=None)


def _family(column: Column) -> str:
    return "number" if column.type.kind in _NUMERIC else column.type.kind.value


def _written(predicate: Among, sides: Sequence[_Side]) -> Iterator[Key]:
    """Every key, its values as literals; a key that no value of the columns can equal is left out."""
    for batch in predicate.keys.batches():
        columns: list[Sequence[str | None]] = []
        for array, type_, side in zip(batch.columns, predicate.keys.types, sides, strict=True):
            if side.as_column is None:
                columns.append([literal(text) for text in to_text(array, type_).to_pylist()])
            else:
                columns.append(literals_of(array, type_, side.as_column))
        for values in zip(*columns, strict=True):
            key = tuple(value for value in values if value is not None)
            if len(key) == len(values):
                yield key


def _chunks(keys: Iterator[Key]) -> Iterator[list[Key]]:
    chunk: list[Key] = []
    size = 0
    for key in keys:
        chunk.append(key)
        size += sum(map(len, key))
        if len(chunk) >= MOST_KEYS or size >= MOST_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _one_of(expressions: Sequence[str], keys: Sequence[Key], *, joins: bool) -> Iterator[Condition]:
    """The conditions that the expressions are one of the keys, which the server finds by an index.

    With `joins`, rows of values may be joined as a table of their own: whole numbers are of one type there as here.
    """
    if len(expressions) == 1:
        yield Condition(sql=f"{expressions[0]} IN ({', '.join(value for (value,) in keys)})")
        return
    groups = [(lead, [key[-1] for key in some]) for lead, some in itertools.groupby(keys, key=lambda key: key[:-1])]
    row = f"({', '.join(expressions)})"
    if len(groups) <= len(keys) // _WORTH_GROUPING:
        yield Condition(sql=" OR ".join(f"({_one_group(expressions, lead, last)})" for lead, last in groups) or "false")
    elif joins and len(keys) > MOST_ROWS:
        # a list of VALUES one of the servers does not know, a UNION all of them
        names = [f"k{i}" for i in range(len(expressions))]
        named = ", ".join(f"{value} AS {name}" for value, name in zip(keys[0], names, strict=True))
        rows = " UNION ALL ".join([f"SELECT {named}", *(f"SELECT {', '.join(key)}" for key in keys[1:])])
        yield Condition(sql=f"{row} IN (SELECT {', '.join(names)} FROM ({rows}) k)", is_join=True)
    else:
        for start in range(0, len(keys), MOST_ROWS):
            rows = ", ".join(f"({', '.join(key)})" for key in keys[start : start + MOST_ROWS])
            yield Condition(sql=f"{row} IN ({rows})")


def _one_group(expressions: Sequence[str], lead: Key, last: Sequence[str]) -> str:
    equal = [f"{expression} = {value}" for expression, value in zip(expressions, lead, strict=False)]
    return " AND ".join([*equal, f"{expressions[-1]} IN ({', '.join(last)})"])
