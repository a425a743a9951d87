"""Which rows of a restored table break what it declares: SQLite does not look at rows from before a promise."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace

from migrator.platforms.relational.archived import SQLITE
from migrator.platforms.relational.breaches import BREAK_CHECK, SHOWN, breach, point_nowhere, telling
from migrator.platforms.relational.sqltext import listed, quoted
from migrator.platforms.sqlite.identity import rowid
from migrator.platforms.sqlite.model import WITHOUT_ROWID
from storage.model import TableModel
from storage.problem import Problem
from storage.schema import Table

_NEXT = "look at these rows by hand; new rows are held to it"


def violated(connection: sqlite3.Connection, table: Table, model: TableModel) -> Iterator[Problem]:
    """One problem for each check and each foreign key that rows break, with keys of the first."""
    yield from _checks(connection, table, model)
    yield from _references(connection, table, model)


def _checks(connection: sqlite3.Connection, table: Table, model: TableModel) -> Iterator[Problem]:
    live = f"main.{quoted(table.name)}"
    for check in model.checks:
        where = f"{table.name}, check {check.name or check.expression}"
        broken = f"FROM {live} WHERE NOT {SQLITE.expression(check.expression, where=where)}"
        (count,) = connection.execute(f"SELECT count(*) {broken}").fetchone()
        if count:
            first = connection.execute(f"SELECT {listed(telling(table))} {broken} LIMIT {SHOWN}").fetchall()
            yield breach(where, BREAK_CHECK, count, first)


def _references(connection: sqlite3.Connection, table: Table, model: TableModel) -> Iterator[Problem]:
    if not table.foreign_keys:
        return
    query = "SELECT fkid, parent, count(*) FROM pragma_foreign_key_check(?) GROUP BY fkid ORDER BY fkid"
    try:
        counts = connection.execute(query, (table.name,)).fetchall()
    except sqlite3.OperationalError as error:  # a parent without a unique key on what is pointed at
        yield Problem(where=table.name, what=f"a foreign key that cannot be looked at: {error}", next=_NEXT)
        return
    for number, parent, count in counts:
        where = f"{table.name}, foreign key {'+'.join(_columns(connection, table, number))}"
        yield breach(where, point_nowhere(parent), count, _first(connection, table, model, number))


def _columns(connection: sqlite3.Connection, table: Table, number: int) -> list[str]:
    query = 'SELECT "from" FROM pragma_foreign_key_list(?) WHERE id = ? ORDER BY seq'
    return [name for (name,) in connection.execute(query, (table.name, number))]


def _first(connection: sqlite3.Connection, table: Table, model: TableModel, number: int) -> list[tuple[object, ...]]:
    """The check tells rows by their rowid, where there is one. No join would do: it compares as the parent does."""
    name = None if WITHOUT_ROWID in model.options else rowid(replace(table, ddl=None))
    if name is None:
        return []
    query = (
        f"SELECT {listed(telling(table), 't.')} FROM pragma_foreign_key_check(?) k JOIN main.{quoted(table.name)} t"
        f" ON t.{name} = k.rowid WHERE k.fkid = ? LIMIT {SHOWN}"
    )
    return connection.execute(query, (table.name, number)).fetchall()
