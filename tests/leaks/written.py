"""A world as a database holds it: in the words of each dialect, by plain clients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing

from tests.conformance.platforms import MysqlPlatform, SqlitePlatform
from tests.leaks.world import Field, Ids, Link, Table, World
from tests.random.databases.database import Database

_EXACT = "varchar(40) COLLATE utf8mb4_nopad_bin"
_DECLARED = {
    "sqlite": {Ids.NUMBER: "INTEGER", Ids.TEXT: "TEXT", Ids.UUID: "TEXT", None: "TEXT"},
    "postgresql": {Ids.NUMBER: "integer", Ids.TEXT: "text", Ids.UUID: "uuid", None: "text"},
    "mysql": {Ids.NUMBER: "int", Ids.TEXT: _EXACT, Ids.UUID: "uuid", None: _EXACT},
}


def write(database: Database, world: World) -> None:
    """Put the world into the database in the place of what it holds; its references are checked as declared."""
    _clear(database)
    kind, platform = database.kind, database.platform
    tables = [table for table in world.tables if table.name not in world.inherited]
    _run(database, [_created(table, kind) for table in tables])
    _run(database, _said(world.before, kind))
    with_checks = world.checks_references
    for table in tables:
        rows = [[value for _, value in row.values] for row in world.rows_of(table.name)]
        if isinstance(platform, SqlitePlatform):
            with closing(platform.connect()) as connection:
                connection.execute("PRAGMA foreign_keys = OFF")
                marks = ", ".join("?" * len(table.fields))
                connection.executemany(f'INSERT INTO "{table.name}" VALUES ({marks})', rows)
        else:
            platform.insert(table.name, rows)
    if kind == "sqlite":
        assert not with_checks or not platform.rows("PRAGMA foreign_key_check")
    else:
        _run(database, _pointing(world, kind, with_checks=with_checks))
    _run(database, _said(world.scripts, kind))


def _said(scripts: Sequence[tuple[str, str]], kind: str) -> Iterator[str]:
    return (script for dialect, script in scripts if dialect in ("", kind))


def _run(database: Database, statements: Iterator[str] | Sequence[str]) -> None:
    for statement in statements:
        database.platform.run(statement.replace("{", "{{").replace("}", "}}"))


def _clear(database: Database) -> None:
    """Views, too, which random tests do not make."""
    platform = database.platform
    if isinstance(platform, SqlitePlatform):
        views = platform.rows("SELECT name FROM sqlite_master WHERE type = 'view'")
    elif isinstance(platform, MysqlPlatform):
        views = platform.rows("SELECT table_name FROM information_schema.views WHERE table_schema = DATABASE()")
    else:
        views = []
    _run(database, [f'DROP VIEW "{name}"' for (name,) in views])
    database.clear()


def _created(table: Table, kind: str) -> str:
    parts = [f'"{each.name}" {_type(each, kind)}{" NOT NULL" if each.is_required else ""}' for each in table.fields]
    if table.key:
        parts.append(f"{'PRIMARY KEY' if table.is_primary else 'UNIQUE'} ({_listed(table.key)})")
    if kind == "sqlite":
        parts += [_reference(link) for link in table.links if link.is_declared]
    return f'CREATE TABLE "{table.name}" ({", ".join(parts)})'


def _type(field: Field, kind: str) -> str:
    return _DECLARED[kind][None if field.is_plain else field.ids]


def _pointing(world: World, kind: str, *, with_checks: bool) -> Iterator[str]:
    """References of tables that are there, so that their order does not matter."""
    off = not with_checks and kind == "mysql"
    for table in world.tables:
        for number, link in enumerate(table.links):
            if link.is_declared:
                added = f'ALTER TABLE "{table.name}" ADD CONSTRAINT "{table.name}_{number}" {_reference(link)}'
                trusting = " NOT VALID" if not with_checks and kind == "postgresql" else ""
                yield f"SET foreign_key_checks = 0; {added}" if off else added + trusting


def _reference(link: Link) -> str:
    parent = f'"{link.parent}" ({_listed(link.parent_columns)})'
    return f"FOREIGN KEY ({_listed(link.columns)}) REFERENCES {parent}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
