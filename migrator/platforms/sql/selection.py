"""A predicate as conditions the database evaluates: as many as its keys need, since a statement takes only so many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from migrator.contracts import Among, AnyOf, Matching, Predicate, Whole
from migrator.platforms.sql.describe import Described
from migrator.platforms.sql.types import SqlType, Unreadable, is_read_as_text, parameter_type, parameters
from storage.schema import Kind, Table, Type

PARAMETERS_AT_ONCE = 500
"""Oracle takes 1,000 in a list, Firebird 1,500, SQL Server 2,100 in a statement."""

Condition = sa.ColumnElement[bool]
_GIVEN = Type(kind=Kind.TEXT)


def expression(clause: sa.TableClause, name: str) -> sa.ColumnElement[Any]:
    """A column as it is read and compared: what Python has no exact value for, as the text the database makes of it."""
    column = clause.c[name]
    if isinstance(column.type, Unreadable):
        return sa.null()
    return sa.cast(column, sa.Text()) if is_read_as_text(column.type) else column


class Selection:
    """The rows of one table that a predicate selects."""

    def __init__(self, described: Described, table: Table, predicate: Predicate) -> None:
        self.table = table
        self.clause = described.selectable[table.name]
        self.predicate = predicate

    def conditions(self) -> Iterator[Condition]:
        """Conditions that together select the rows; a row may satisfy several of them."""
        together: list[Condition] = []
        weight = 0
        for condition, count in self._smallest(self.predicate):
            if together and weight + count > PARAMETERS_AT_ONCE:
                yield sa.or_(*together)
                together, weight = [], 0
            together.append(condition)
            weight += count
        if together:
            yield sa.or_(*together)

    def _smallest(self, predicate: Predicate) -> Iterator[tuple[Condition, int]]:
        """Conditions with the number of their parameters, none larger than a statement takes."""
        if isinstance(predicate, Whole):
            yield sa.true(), 0
        elif isinstance(predicate, Matching):
            yield self._matching(predicate), len(predicate.columns)
        elif isinstance(predicate, AnyOf):
            for part in predicate.among:
                yield from self._smallest(part)
        else:
            yield from self._among(predicate)

    def _matching(self, predicate: Matching) -> Condition:
        pairs = zip(predicate.columns, predicate.values, strict=True)
        return sa.and_(sa.true(), *(self._equal(expression(self.clause, name), value) for name, value in pairs))

    def _equal(self, subject: sa.ColumnElement[Any], value: Any) -> Condition:
        if value is None:
            return subject.is_(None)
        (given,) = parameters([value], _GIVEN, subject.type)
        return sa.false() if given is None else subject == _bound(given, subject.type)

    def _among(self, predicate: Among) -> Iterator[tuple[Condition, int]]:
        subjects = [self._subject(predicate, i) for i in range(len(predicate.columns))]
        also = [self._matching(predicate.when)] if predicate.when else []
        extra = len(predicate.when.columns) if predicate.when else 0
        at_once = max(1, (PARAMETERS_AT_ONCE - extra) // len(subjects))
        for keys in _chunks(self._keys(predicate, [subject.type for subject in subjects]), at_once):
            yield sa.and_(_one_of(subjects, keys), *also), len(keys) * len(subjects) + extra

    def _subject(self, predicate: Among, i: int) -> sa.ColumnElement[Any]:
        subject = expression(self.clause, predicate.columns[i])
        parent = predicate.of[i].collation if predicate.of else None
        own = self.table.column(predicate.columns[i]).collation
        return sa.collate(subject, parent) if parent and parent != own else subject

    def _keys(self, predicate: Among, declared: Sequence[SqlType]) -> Iterator[tuple[Any, ...]]:
        """The keys as parameters, without those that no value of the column can equal."""
        types = predicate.keys.types
        for batch in predicate.keys.batches():
            columns = [parameters(array.to_pylist(), types[i], declared[i]) for i, array in enumerate(batch.columns)]
            yield from (key for key in zip(*columns, strict=True) if None not in key)


def _one_of(subjects: Sequence[sa.ColumnElement[Any]], keys: Sequence[tuple[Any, ...]]) -> Condition:
    if len(subjects) == 1:
        values = [key[0] for key in keys]
        type_ = parameter_type(subjects[0].type, values)
        whole = isinstance(type_, sa.Integer)  # written into the statement, which some drivers take in half the time
        keyed = sa.bindparam(None, values, type_=type_, expanding=True, unique=True, literal_execute=whole)
        return subjects[0].in_(keyed)
    # not every database compares rows of values
    return sa.or_(
        *(sa.and_(*(s == _bound(value, s.type) for s, value in zip(subjects, key, strict=True))) for key in keys)
    )


def _bound(value: Any, declared: SqlType) -> sa.BindParameter[Any]:
    return sa.bindparam(None, value, type_=parameter_type(declared, [value]), unique=True)


def _chunks(keys: Iterator[tuple[Any, ...]], size: int) -> Iterator[list[tuple[Any, ...]]]:
    chunk: list[tuple[Any, ...]] = []
    for key in keys:
        chunk.append(key)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
