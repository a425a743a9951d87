"""What tables of MariaDB and MySQL are made of beside columns and keys, from the server's catalog."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from migrator.platforms.mysql.connect import Connection
from migrator.platforms.mysql.definition import DEFAULT, Definition, defined
from migrator.platforms.mysql.owned import is_ours
from migrator.platforms.mysql.unrestored import notes
from migrator.platforms.relational.sqltext import quoted
from storage import model
from storage.model import Generated, IdentityColumn, Index, IndexPart, Model, Partition, TableModel, View

ENGINE, COLLATION, VERSIONED = "engine", "collation", "system_versioned"
"""Options of a table beside those of its CREATE TABLE that the server lists as such."""

HIDDEN = "ignored"
"""An index that is kept and not searched: IGNORED of MariaDB, INVISIBLE of MySQL."""

UNVERSIONED, UNFILLED = "without_system_versioning", "without_default"
"""Before a column's name: a change of it leaves no older version; left out, it is an error, although it may be NULL."""

SEQUENCE_TYPE = "SEQUENCE"
_Row = tuple[str | None, ...]
_TABLES = """
SELECT table_name, table_type, engine, table_collation, create_options, table_comment
FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY table_name
"""
_COLUMNS = """
SELECT table_name, column_name, extra, {srid}, is_nullable, column_default FROM information_schema.columns
WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position
"""
_INDEXES = """
SELECT table_name, index_name, column_name, sub_part, collation, non_unique, index_type, index_comment,
       {hidden}, {expression}
FROM information_schema.statistics WHERE table_schema = DATABASE(){order}
"""
_PARTITIONS = """
SELECT table_name, partition_name, subpartition_name, partition_method, partition_expression,
       subpartition_method, subpartition_expression, partition_description, partition_comment
FROM information_schema.partitions WHERE table_schema = DATABASE() AND partition_name IS NOT NULL
ORDER BY table_name, partition_ordinal_position, subpartition_ordinal_position
"""
_VIEWS = """
SELECT table_name, view_definition FROM information_schema.views WHERE table_schema = DATABASE() ORDER BY table_name
"""
_SHAPES = """
SELECT f_table_name, g_geometry_column, srid FROM information_schema.geometry_columns
WHERE f_table_schema = DATABASE() AND srid <> 0
"""
_WHOLE = ("SPATIAL", "RTREE")  # of whose columns the catalog says a length that nobody declared
_OPTION = re.compile(r"`?(\w+)`?=(?:'([^']*)'|(\S+))")
_ON_UPDATE = re.compile(r"on update (current_timestamp(?:\(\d?\))?)", re.IGNORECASE)
_WITHOUT_VERSIONS = "without system versioning"


def model_of(connection: Connection, tables: Collection[str]) -> Model:
    """These tables, every sequence of the database, for programs number by them too, and every view's definition."""
    catalog = _Catalog(connection)
    return Model(
        platform="mysql",
        sequences=tuple(catalog.sequences()),
        tables=tuple(catalog.table(name) for name in tables if not is_ours(name)),
        views=tuple(catalog.views()),
        notes=tuple(notes(connection)),
    )


class _Catalog:
    """The server's answers, by table."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        is_mariadb = connection.is_mariadb
        hidden = "'YES' = ignored" if is_mariadb and connection.release >= (10, 6) else "0"
        self._tables = {row[0] or "": row for row in connection.texts(_TABLES)}
        self._columns = _by_first(connection.texts(_COLUMNS.format(srid="NULL" if is_mariadb else "srs_id")))
        asked = {
            "hidden": hidden if is_mariadb else "'NO' = is_visible",
            "expression": "NULL" if is_mariadb else "expression",
            "order": "" if is_mariadb else " ORDER BY index_name, seq_in_index",  # MariaDB has them as declared
        }
        self._indexes = _by_first(connection.texts(_INDEXES.format(**asked)))
        self._partitions = _by_first(connection.texts(_PARTITIONS))
        self._shapes = _by_first(connection.texts(_SHAPES) if is_mariadb else [])

    # ── tables ──────────────────────────────────────────────────────────────────────────────────────────────
    def table(self, name: str) -> TableModel:
        definition = defined(self._connection.texts(f"SHOW CREATE TABLE {quoted(name)}")[0][1] or "")
        columns = self._columns[name]
        partitions = self._partitions[name]
        return TableModel(
            table=name,
            checks=definition.checks,
            indexes=tuple(_indexes(self._indexes[name])),
            generated=tuple(_generated(columns, definition)),
            identities=tuple(IdentityColumn(column=column) for column in _having(columns, "auto_increment")),
            on_update=dict(_updated(columns)),
            invisible=tuple(_having(columns, "invisible")),
            reference_systems=self._reference_systems(name),
            options=self._options(name),
            partitioned_by=_partitioned_by(partitions[0]) if partitions else None,
            partitions=tuple(_parts(partitions, definition)),
            notes=tuple(
                f"its period {period}, and that rows of a key do not overlap in it" for period in definition.periods
            ),
        )

    def _options(self, name: str) -> dict[str, str]:
        _, type_, engine, collation, options, _ = self._tables[name]
        found = {key.lower(): text or bare for key, text, bare in _OPTION.findall(options or "")}
        versioned = {VERSIONED: "yes"} if type_ == "SYSTEM VERSIONED" else {}
        without = {f"{UNVERSIONED} {column}": "" for column in _having(self._columns[name], _WITHOUT_VERSIONS)}
        unfilled = {f"{UNFILLED} {column}": "" for column in self._unfilled(name)}
        return {ENGINE: engine or "", COLLATION: collation or "", **versioned, **without, **unfilled, **found}

    def _unfilled(self, name: str) -> Iterable[str]:
        """MariaDB says NULL of any other column that may be NULL and nothing else fills."""
        if not self._connection.is_mariadb:
            return ()
        return (
            column or ""
            for _, column, extra, _, nullable, default in self._columns[name]
            if nullable == "YES" and default is None and "GENERATED" not in (extra or "").upper()
        )

    def _reference_systems(self, name: str) -> dict[str, int]:
        declared = [(row[1], row[3]) for row in self._columns[name]]
        kept = [(row[1], row[2]) for row in self._shapes[name]]
        return {column or "": int(number) for column, number in (*declared, *kept) if number}

    # ── what is no table ────────────────────────────────────────────────────────────────────────────────────
    def sequences(self) -> Iterable[model.Sequence]:
        for name, row in self._tables.items():
            if row[1] == SEQUENCE_TYPE:
                yield self._sequence(name, row[-1])

    def _sequence(self, name: str, comment: str | None) -> model.Sequence:
        asked = "minimum_value, maximum_value, start_value, increment, cache_size, cycle_option"
        ((*numbers, cycle),) = self._connection.texts(f"SELECT {asked} FROM {quoted(name)}")
        least, greatest, start, increment, cache = (int(number or 0) for number in numbers)
        return model.Sequence(
            name=name,
            schema=None,
            start=start,
            increment=increment,
            least=least,
            greatest=greatest,
            cycle=cycle == "1",
            cache=cache,
            comment=comment or None,
        )

    def views(self) -> Iterable[View]:
        for name, definition in self._connection.texts(_VIEWS):
            yield View(name=name or "", definition=definition or "")


# ── columns ─────────────────────────────────────────────────────────────────────────────────────────────────
def _having(columns: Sequence[_Row], word: str) -> Iterable[str]:
    return (row[1] or "" for row in columns if word in (row[2] or "").lower())


def _updated(columns: Sequence[_Row]) -> Iterable[tuple[str, str]]:
    for _, column, extra, *_ in columns:
        if found := _ON_UPDATE.search(extra or ""):
            yield column or "", found[1]


def _generated(columns: Sequence[_Row], definition: Definition) -> Iterable[Generated]:
    for _, column, extra, *_ in columns:
        if column in definition.computed:
            stored = "VIRTUAL" not in (extra or "").upper()
            yield Generated(column=column, expression=definition.computed[column], stored=stored)


# ── indexes and partitions ──────────────────────────────────────────────────────────────────────────────────
def _indexes(rows: Sequence[_Row]) -> Iterable[Index]:
    for name, parts in _by_first(row[1:] for row in rows).items():
        _, _, _, _, repeats, method, comment, hidden, _ = parts[0]
        unique = repeats == "0"
        yield Index(
            name=name,
            parts=tuple(_part(part, has_prefix=method not in _WHOLE) for part in parts),
            unique=unique,
            method=(method or "").lower(),
            constraint="p" if name == "PRIMARY" else ("u" if unique else None),
            options={HIDDEN: "yes"} if hidden == "1" else {},
            comment=comment or None,
        )


def _part(row: _Row, *, has_prefix: bool) -> IndexPart:
    _, column, length, order, *_, expression = row
    return IndexPart(
        column=column,
        expression=expression.replace("\\'", "'") if expression else None,  # MySQL's catalog escapes what it quotes
        descending=order == "D",
        length=int(length) if length and has_prefix else None,
    )


def _partitioned_by(row: _Row) -> str:
    return f"{row[3]} ({row[4] or ''})"


def _parts(rows: Sequence[_Row], definition: Definition) -> Iterable[Partition]:
    for name, parts in _by_first(row[1:] for row in rows).items():
        first = parts[0]
        inside = tuple(Partition(name=part[1], schema=None, bound="") for part in parts if part[1])
        yield Partition(
            name=name,
            schema=None,
            bound=DEFAULT if name == definition.default_partition else first[6] or "",  # the catalog says 0 of it
            partitioned_by=f"{first[4]} ({first[5] or ''})" if inside else None,
            parts=inside,
        )


def _by_first(rows: Iterable[_Row]) -> dict[str, list[_Row]]:
    found: dict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        found[row[0] or ""].append(row)
    return found
