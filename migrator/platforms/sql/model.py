"""What SQLAlchemy's inspector tells beside columns and keys: as much as its dialect has learnt to ask for."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.engine.reflection import Inspector

from storage.model import Check, Generated, Index, IndexPart, Model, TableModel, View
from storage.model import Sequence as Numbers
from storage.schema import Schema


def model(connection: sa.Connection, schema: Schema, tables: Collection[str]) -> Model:
    """Checks, indexes and computed columns of these tables; the sequences and views of the default schema."""
    asked = _Asked(sa.inspect(connection))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what a dialect does not know, and of cursors it leaves open
        names = {str(name): name for name in asked("table_names")}  # theirs know whether they stand in quotes
        return Model(
            platform=schema.platform,
            sequences=tuple(Numbers(name=str(name), schema=None) for name in asked("sequence_names")),
            tables=tuple(_table(connection, names[each.name]) for each in schema.tables if each.name in tables),
            views=tuple(
                View(name=str(name), definition=str(asked("view_definition", name) or ""))
                for name in asked("view_names")
            ),
        )


def _table(connection: sa.Connection, name: str) -> TableModel:
    asked = _Asked(sa.inspect(connection))
    return TableModel(
        table=str(name),
        checks=tuple(
            Check(name=str(found["name"] or ""), expression=str(found["sqltext"]))
            for found in asked("check_constraints", name)
        ),
        indexes=tuple(_index(found) for found in asked("indexes", name)),
        generated=tuple(_generated(asked("columns", name))),
        notes=tuple(f"the dialect does not tell {what.replace('_', ' ')}" for what in asked.untold),
    )


class _Asked:
    """The inspector's answers; nothing, and a note of it, where its dialect has not learnt to ask for that."""

    def __init__(self, inspector: Inspector) -> None:
        self._inspector = inspector
        self.untold: list[str] = []

    def __call__(self, what: str, *names: str) -> Any:
        try:
            return getattr(self._inspector, f"get_{what}")(*names) or ()
        except (NotImplementedError, exc.DBAPIError):
            self.untold.append(what)
            return ()


def _index(found: Any) -> Index:
    expressions: Sequence[Any] = found.get("expressions") or found["column_names"]
    return Index(
        name=str(found["name"] or ""),
        parts=tuple(_part(said, column) for said, column in zip(expressions, found["column_names"], strict=True)),
        unique=bool(found["unique"]),
    )


def _part(said: Any, column: Any) -> IndexPart:
    return IndexPart(column=str(column)) if column is not None else IndexPart(expression=str(said))


def _generated(columns: Sequence[Any]) -> Iterator[Generated]:
    for column in columns:
        if computed := column.get("computed"):
            stored = bool(computed.get("persisted"))
            yield Generated(column=str(column["name"]), expression=str(computed["sqltext"]), stored=stored)
