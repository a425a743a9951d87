"""A world as a database holds it: in the words of each dialect, by plain clients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing

from tests.conformance.platforms import MysqlPlatform, PostgresPlatform, SqlitePlatform
from tests.leaks.world import Alike, Field, Ids, Link, Table, World
from tests.random.databases.database import Database

_EXACT = "varchar(40) COLLATE utf8mb4_nopad_bin"
_DECLARED = {
    "sqlite": {Ids.NUMBER: "INTEGER", Ids.TEXT: "TEXT", Ids.UUID: "TEXT", None: "TEXT"},
    "postgresql": {Ids.NUMBER: "integer", Ids.TEXT: "text", Ids.UUID: "uuid", None: "text"},
    "mysql": {Ids.NUMBER: "int", Ids.TEXT: _EXACT, Ids.UUID: "uuid", None: _EXACT},
}
_ALIKE = {
    ("sqlite", Alike.CASE): "TEXT COLLATE NOCASE",
    ("postgresql", Alike.CASE): 'text COLLATE "alike"',
    ("mysql", Alike.ACCENTS): "varchar(40) COLLATE utf8mb4_general_ci",
}
"""What text ids are declared as where they are not told apart exactly."""
_COLLATION = "CREATE COLLATION alike (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
_JSON = {"sqlite": "TEXT", "postgresql": "json", "mysql": "json"}
_SCHEMAS = "SELECT nspname FROM pg_namespace WHERE NOT nspname ^@ 'pg_' AND nspname <> 'information_schema'"


def write(database: Database, world: World) -> None:
    """Put the world into the database in the place of what it holds; its references are checked as declared."""
    _clear(database)
    kind, platform = database.kind, database.platform
    tables = [table for table in world.tables if table.name not in world.inherited and not table.is_view]
    if kind == "postgresql" and world.alike:
        _run(database, [_COLLATION])
    _run(database, [f'CREATE SCHEMA "{name}"' for name in world.schemas])
    _run(database, [_created(table, world, kind) for table in tables])
    _run(database, _said(world.before, kind))
    with_checks = world.checks_references
    for table in tables:
        _insert(database, world, table)
    if kind == "sqlite":
        assert not with_checks or not platform.rows("PRAGMA foreign_key_check")
    else:
        _run(database, _pointing(world, kind, with_checks=with_checks))
    _run(database, _said(world.scripts, kind))
    _run(database, [_shown(table) for table in world.tables if table.is_view])


def quoted(name: str) -> str:
    """A table's name, with its schema's where it says one."""
    return ".".join(f'"{part}"' for part in name.split("."))


def _insert(database: Database, world: World, table: Table) -> None:
    """Its rows, the columns left out that the database computes."""
    names = _stored(table)
    rows = [[row.value(name) for name in names] for row in world.rows_of(table.name)]
    if not isinstance(database.platform, SqlitePlatform):
        database.platform.insert(table.name, rows)
        return
    with closing(database.platform.connect()) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.executemany(f"INSERT INTO {quoted(table.name)} VALUES ({', '.join('?' * len(names))})", rows)


def _stored(table: Table) -> list[str]:
    return [each.name for each in table.fields if not each.is_computed]


def _said(scripts: Sequence[tuple[str, str]], kind: str) -> Iterator[str]:
    return (script for dialect, script in scripts if dialect in ("", kind))


def _run(database: Database, statements: Iterator[str] | Sequence[str]) -> None:
    for statement in statements:
        database.platform.run(statement.replace("{", "{{").replace("}", "}}"))


def _clear(database: Database) -> None:
    """Views and schemas, too, which random tests do not make."""
    platform = database.platform
    if isinstance(platform, PostgresPlatform):
        _run(database, [f'DROP SCHEMA "{name}" CASCADE' for (name,) in platform.rows(_SCHEMAS) if name != "public"])
    if isinstance(platform, SqlitePlatform):
        views = platform.rows("SELECT name FROM sqlite_master WHERE type = 'view'")
    elif isinstance(platform, MysqlPlatform):
        views = platform.rows("SELECT table_name FROM information_schema.views WHERE table_schema = DATABASE()")
    else:
        views = []
    _run(database, [f'DROP VIEW "{name}"' for (name,) in views])
    database.clear()


def _created(table: Table, world: World, kind: str) -> str:
    stored = (each for each in table.fields if not each.is_computed)
    parts = [f'"{each.name}" {_type(each, world, kind)}{" NOT NULL" if each.is_required else ""}' for each in stored]
    if table.key:
        parts.append(f"{'PRIMARY KEY' if table.is_primary else 'UNIQUE'} ({_listed(table.key)})")
    if kind == "sqlite":
        parts += [_reference(link) for link in table.links if link.is_declared]
    parted = f" PARTITION BY {table.parted_by}" if table.parted_by else ""
    return f"CREATE TABLE {quoted(table.name)} ({', '.join(parts)}){parted}"


def _shown(view: Table) -> str:
    rows = f"SELECT {_listed(view.names)} FROM {quoted(view.of)}" if view.of else view.shows
    return f"CREATE VIEW {quoted(view.name)} AS {rows}"


def _type(field: Field, world: World, kind: str) -> str:
    if field.is_json:
        return _JSON[kind]
    ids = None if field.is_plain else field.ids
    return _ALIKE[kind, world.alike] if world.alike and ids is Ids.TEXT else _DECLARED[kind][ids]


def _pointing(world: World, kind: str, *, with_checks: bool) -> Iterator[str]:
    """References of tables that are there, so that their order does not matter."""
    off = not with_checks and kind == "mysql"
    for table in world.tables:
        for number, link in enumerate(table.links):
            if link.is_declared and not table.is_view:
                name = f'"{table.name.replace(".", "_")}_{number}"'
                added = f"ALTER TABLE {quoted(table.name)} ADD CONSTRAINT {name} {_reference(link)}"
                trusting = " NOT VALID" if not with_checks and kind == "postgresql" else ""
                yield f"SET foreign_key_checks = 0; {added}" if off else added + trusting


def _reference(link: Link) -> str:
    parent = f"{quoted(link.parent)} ({_listed(link.parent_columns)})"
    return f"FOREIGN KEY ({_listed(link.columns)}) REFERENCES {parent}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
