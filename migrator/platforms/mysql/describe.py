"""What a MariaDB or MySQL database declares: tables, columns, keys, triggers, in a few queries of its catalog."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from migrator.platforms.mysql.connect import Connection
from migrator.platforms.mysql.definition import documented
from migrator.platforms.mysql.limits import CharacterSets, length_of, limits_of
from migrator.platforms.mysql.owned import is_ours
from migrator.platforms.mysql.types import choices_of, declared_type, fidelity_of
from migrator.platforms.mysql.views import definitions
from migrator.platforms.relational.journal import MARKERS
from migrator.platforms.relational.sqltext import literal, quoted
from storage.errors import Fault
from storage.schema import Column, ForeignKey, Kind, Schema, Table, TableKind, Type, UniqueKey

TRANSACTIONAL = ("InnoDB", "ROCKSDB", "TokuDB", "ndbcluster")
"""The engines whose tables a snapshot holds still."""

_NO_SUCH_TABLE = 1146
_Row = tuple[str | None, ...]
_TABLES = """
SELECT table_name, engine, table_comment FROM information_schema.tables
WHERE table_schema = DATABASE() AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')
"""
_COLUMNS = """
SELECT table_name, column_name, column_type, is_nullable, column_default, extra, generation_expression,
       character_maximum_length, character_octet_length, character_set_name, collation_name, column_comment
FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position
"""
_INDEXES = """
SELECT table_name, index_name, column_name, sub_part
FROM information_schema.statistics WHERE table_schema = DATABASE() AND non_unique = 0
ORDER BY table_name, index_name, seq_in_index
"""
_REFERENCES = """
SELECT table_name, constraint_name, column_name, referenced_table_schema, referenced_table_name, referenced_column_name
FROM information_schema.key_column_usage WHERE table_schema = DATABASE() AND referenced_column_name IS NOT NULL
ORDER BY table_name, constraint_name, ordinal_position
"""
_TRIGGERS = """
SELECT event_object_table, trigger_name FROM information_schema.triggers WHERE event_object_schema = DATABASE()
ORDER BY trigger_name
"""
_JSON_CHECK = re.compile(r'^  "((?:[^"]|"")*)" longtext .*CHECK \(json_valid\("\1"\)\)', re.MULTILINE)
# what happens to children is in the catalog only for users who may do more than read
_FOREIGN_KEY = re.compile(
    r'^  CONSTRAINT "(.*)" FOREIGN KEY \(.*?(?: ON DELETE ([A-Z ]+?))?(?: ON UPDATE ([A-Z ]+?))?,?$', re.MULTILINE
)
_NUMBERED = re.compile(r'\b(?:nextval|lastval)\("(?:[^"]|"")*"\.')
_BY_FUNCTION = re.compile(r"current_timestamp|null$|[-+]?[\d.]+$|b'|0x|x'", re.IGNORECASE)


def describe(connection: Connection) -> Schema:
    """Every base table and view of the session's database, in name order.

    Fault where the server hides what it must know.
    """
    described = _Described(connection)
    return Schema(
        platform="mysql",
        version=connection.version,
        tables=tuple(described.table(row) for row in sorted(described.rows, key=lambda row: row[0] or "")),
        views=tuple(map(described.view, definitions(connection))),
        home=connection.database,
    )


def sees_all(connection: Connection) -> bool:
    """Whether no table can be hidden: one that is not there is said to be absent only to who may read them all."""
    try:
        connection.rows(f"SELECT * FROM {quoted(f'{MARKERS}:none')} LIMIT 0")
    except Fault as fault:
        return getattr(fault.__cause__, "args", ())[:1] == (_NO_SUCH_TABLE,)
    return True


def engines(connection: Connection, only: str | None = None) -> dict[str, str]:
    """The storage engine of each table; of `only` one, where it is named."""
    named = "" if only is None else f" AND table_name = {literal(only)}"
    return {name or "": engine or "" for name, engine, _ in connection.texts(_TABLES + named)}


class _Described:
    """The catalog's answers, by table."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.rows = [row for row in connection.texts(_TABLES) if not is_ours(row[0] or "")]
        self._columns = _by_first(connection.texts(_COLUMNS))
        self._indexes = _by_first(connection.texts(_INDEXES))
        self._references = _by_first(connection.texts(_REFERENCES))
        self._triggers = _by_first(connection.texts(_TRIGGERS))
        self._character_sets = CharacterSets(connection)
        names = [row[0] or "" for row in self.rows]
        self._names = {**{name.lower(): name for name in names}, **{name: name for name in names}}

    def table(self, row: _Row) -> Table:
        name, comment = row[0] or "", row[2]
        ddl = self._ddl(name)
        json_columns = {found.replace('""', '"') for found in _JSON_CHECK.findall(ddl)}
        keys = _by_second(self._indexes[name])
        return Table(
            name=name,
            columns=tuple(self._column(column, json_columns) for column in self._columns[name]),
            primary_key=tuple(part[2] or "" for part in keys.pop("PRIMARY", [])),
            unique=tuple(_unique_keys(keys)),
            foreign_keys=self._foreign_keys(name, ddl),
            triggers=tuple(trigger[1] or "" for trigger in self._triggers[name]),
            comment=comment or None,
            ddl=documented(ddl),
        )

    def view(self, name: str) -> Table:
        columns = (self._column(column, set()) for column in self._columns[name])
        return Table(
            name=name,
            columns=tuple(replace(column, default=None, identity=False) for column in columns),
            kind=TableKind.VIEW,
        )

    def _ddl(self, name: str) -> str:
        return self._connection.texts(f"SHOW CREATE TABLE {quoted(name)}")[0][1] or ""

    def _column(self, row: _Row, json_columns: set[str]) -> Column:
        _, name, native, nullable, default, extra, expression, *length, charset, collation, comment = row
        assert name and native
        characters, octets = (int(number) if number else None for number in length)
        character_set = self._character_sets.named(charset)
        extra = (extra or "").lower()
        type_ = Type(kind=Kind.JSON) if name in json_columns else declared_type(native)
        return Column(
            name=name,
            type=type_,
            native=native,
            nullable=nullable == "YES",
            default=self._default(default, native, extra),
            generated=bool(expression) or "virtual generated" in extra or "stored generated" in extra,
            identity="auto_increment" in extra,
            max_length=length_of(native, characters, octets, character_set),
            collation=collation,
            comment=comment or None,
            choices=choices_of(native),
            limits=limits_of(native, octets, character_set, self._connection),
            fidelity=fidelity_of(native, type_),
        )

    def _default(self, default: str | None, native: str, extra: str) -> str | None:
        """The default as an expression: MySQL says a text bare, MariaDB says NULL where there is none."""
        if default is None or (self._connection.is_mariadb and default == "NULL"):
            return None
        default = _NUMBERED.sub(lambda found: self._unqualified(found[0]), default)
        if self._connection.is_mariadb or "default_generated" in extra or _BY_FUNCTION.match(default):
            return default
        return literal(default.replace("\\", "\\\\"))  # as MariaDB writes one

    def _unqualified(self, call: str) -> str:
        """A sequence of the database itself is called by its name alone, wherever the database is."""
        return call.replace(f"({quoted(self._connection.database)}.", "(", 1)

    def _foreign_keys(self, name: str, ddl: str) -> tuple[ForeignKey, ...]:
        keys = _by_second(self._references[name])
        actions = {key: (on_delete, on_update) for key, on_delete, on_update in _FOREIGN_KEY.findall(ddl)}
        if set(keys) != set(actions):
            raise Fault(
                "the server's catalog hides foreign keys from this user",
                where=name,
                next="grant the user REFERENCES on the database too: it allows no change of any row",
            )
        return tuple(self._foreign_key(key, parts, *actions[key]) for key, parts in keys.items())

    def _own_name(self, name: str) -> str:
        """The table as it is called: where two differ in their case alone, it is the one written so."""
        return self._names.get(name) or self._names.get(name.lower(), name)

    def _foreign_key(self, name: str, parts: list[_Row], on_delete: str, on_update: str) -> ForeignKey:
        schema, parent = parts[0][3] or "", parts[0][4] or ""
        is_own = schema.lower() == self._connection.database.lower()
        return ForeignKey(
            name=name,
            columns=tuple(part[2] or "" for part in parts),
            parent=self._own_name(parent) if is_own else f"{schema}.{parent}",
            parent_columns=tuple(part[5] or "" for part in parts),
            on_delete=on_delete or "NO ACTION",
            on_update=on_update or "NO ACTION",
        )


def _unique_keys(keys: dict[str, list[_Row]]) -> Iterable[UniqueKey]:
    """Whole unique indexes: one over a prefix or an expression is no key to match rows by."""
    for name, parts in keys.items():
        if all(column is not None and prefix is None for _, _, column, prefix in parts):
            yield UniqueKey(name=name, columns=tuple(part[2] or "" for part in parts))


def _by_first(rows: Iterable[_Row]) -> dict[str, list[_Row]]:
    found: dict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        found[row[0] or ""].append(row)
    return found


def _by_second(rows: Iterable[_Row]) -> dict[str, list[_Row]]:
    return _by_first((row[1], *row[1:]) for row in rows)
