"""The statements that make a table and its indexes from descriptions: names quoted, fragments of SQL looked at."""

from __future__ import annotations

from collections.abc import Iterator

from migrator.platforms.relational.archived import SQLITE
from migrator.platforms.relational.sqltext import listed, quoted
from migrator.platforms.sqlite.indexes import CONFLICT, ROWID
from migrator.platforms.sqlite.model import ARGUMENTS, MODULE, STRICT, WITHOUT_ROWID, not_null_conflict
from migrator.platforms.sqlite.tokens import NotUnderstood, Sign, said, split, tokens
from storage.errors import Red
from storage.model import Check, Index, IndexPart, TableModel
from storage.schema import Column, ForeignKey, Table

_CONFLICTS = frozenset({"ROLLBACK", "ABORT", "FAIL", "IGNORE", "REPLACE"})
_ACTIONS = frozenset({"NO ACTION", "RESTRICT", "CASCADE", "SET NULL", "SET DEFAULT"})
_MODULES = frozenset({"fts3", "fts4", "fts5", "rtree", "rtree_i32", "geopoly"})
"""Virtual tables that keep their rows in the file itself, and look at nothing outside of it."""

_KEYWORDS = frozenset({"TRUE", "FALSE", "NULL", "CURRENT_TIME", "CURRENT_DATE", "CURRENT_TIMESTAMP"})


def create_table(table: Table, model: TableModel) -> str:
    """The table with its keys and constraints. Red, by name, where SQLite has nothing of the kind."""
    if MODULE in model.options:
        return _virtual(table, model)
    if not table.columns:
        raise _refused("SQLite has no tables without columns", table.name)
    one = own_key(table, model)
    parts = [_column(table, column, model, one) for column in table.columns]
    parts += [_key(table, index) for index in model.indexes if index.constraint and index is not one]
    parts += [_check(table, check) for check in model.checks]
    parts += [_reference(table, key, model) for key in table.foreign_keys]
    ending = ", ".join(
        word for option, word in ((WITHOUT_ROWID, "WITHOUT ROWID"), (STRICT, "STRICT")) if option in model.options
    )
    return f"CREATE TABLE {quoted(table.name)} ({', '.join(parts)}) {ending}".strip()


def create_index(table: Table, index: Index) -> str:
    """An index that has a statement of its own."""
    parts = ", ".join(_part(part, f"{table.name}, index {index.name}") for part in index.parts)
    where = f" WHERE {SQLITE.expression(index.where, where=f'{table.name}, index {index.name}')}" if index.where else ""
    unique = "UNIQUE " if index.unique else ""
    return f"CREATE {unique}INDEX {quoted(index.name)} ON {quoted(table.name)} ({parts}){where}"


def own_key(table: Table, model: TableModel) -> Index | None:
    """The primary key that must be said of its column: one that is the rowid, or would be if it did not descend."""
    for index in model.indexes:
        if index.constraint == "p" and len(index.parts) == 1:
            (part,) = index.parts
            is_integer = any(
                column.name == part.column and column.native.upper() == "INTEGER" for column in table.columns
            )
            descends = part.descending and is_integer and WITHOUT_ROWID not in model.options
            return index if index.method == ROWID or descends else None
    return None


def outer_content(model: TableModel) -> str | None:
    """The table whose rows a table of full text only has an index of."""
    for part in split(tokens(model.options.get(ARGUMENTS, ""))):
        if len(part) == 3 and part[0].is_word("CONTENT") and part[1].text == "=" and part[2].sign is not Sign.OTHER:
            return part[2].name or None
    return None


def default(text: str, where: str) -> str:
    """A default as it may stand in a CREATE TABLE; a bare word or a name in quotes is a text there."""
    try:
        found = tokens(text)
    except NotUnderstood as error:
        raise _refused(f"not a default: {error}", where) from error
    if len(found) == 1 and found[0].sign in (Sign.WORD, Sign.QUOTED) and found[0].text.upper() not in _KEYWORDS:
        return found[0].text
    return SQLITE.expression(said(found), where=where)


# ── columns ─────────────────────────────────────────────────────────────────────────────────────────────────
def _column(table: Table, column: Column, model: TableModel, own: Index | None) -> str:
    return " ".join(_column_words(table, column, model, own))


def _column_words(table: Table, column: Column, model: TableModel, own: Index | None) -> Iterator[str]:
    where = f"{table.name}.{column.name}"
    yield quoted(column.name)
    if column.native:
        yield quoted(column.native)  # SQLite takes any name for a type, and reads its affinity from it
    is_own = own is not None and own.parts[0].column == column.name
    if own is not None and is_own:
        yield f"PRIMARY KEY{' DESC' * own.parts[0].descending}{_conflict(own.options.get(CONFLICT), where)}"
        if model.identities:
            yield "AUTOINCREMENT"
    if not column.nullable and not (own is not None and is_own and own.method == ROWID):
        yield f"NOT NULL{_conflict(model.options.get(not_null_conflict(column.name)), where)}"
    if column.name in model.collations:
        yield f"COLLATE {quoted(model.collations[column.name])}"
    for generated in model.generated:
        if generated.column == column.name:
            computed = SQLITE.expression(generated.expression, where=where)
            yield f"GENERATED ALWAYS AS {computed} {'STORED' if generated.stored else 'VIRTUAL'}"
            return
    if column.default is not None:
        yield f"DEFAULT {default(column.default, where)}"


# ── constraints ─────────────────────────────────────────────────────────────────────────────────────────────
def _key(table: Table, index: Index) -> str:
    word = "PRIMARY KEY" if index.constraint == "p" else "UNIQUE"
    parts = ", ".join(_part(part, table.name) for part in index.parts)
    return f"{word} ({parts}){_conflict(index.options.get(CONFLICT), table.name)}"


def _check(table: Table, check: Check) -> str:
    name = f"CONSTRAINT {quoted(check.name)} " if check.name else ""
    return f"{name}CHECK {SQLITE.expression(check.expression, where=f'{table.name}, check {check.name}'.rstrip())}"


def _reference(table: Table, key: ForeignKey, model: TableModel) -> str:
    detail = next((one for one in model.references if one.name == key.name), None)
    where = f"{table.name}, foreign key {key.name}"
    words = [
        f"FOREIGN KEY ({listed(key.columns)}) REFERENCES {quoted(key.parent)} ({listed(key.parent_columns)})",
        f"ON DELETE {_one_of(_ACTIONS, key.on_delete, where)} ON UPDATE {_one_of(_ACTIONS, key.on_update, where)}",
    ]
    if detail and detail.match != "SIMPLE":
        words.append(f"MATCH {quoted(detail.match)}")
    if detail and detail.initially_deferred:
        words.append("DEFERRABLE INITIALLY DEFERRED")
    return " ".join(words)


def _part(part: IndexPart, where: str) -> str:
    words = [quoted(part.column) if part.column is not None else SQLITE.expression(part.expression or "", where=where)]
    if part.collation:
        words.append(f"COLLATE {quoted(part.collation)}")
    return " ".join([*words, *(["DESC"] if part.descending else [])])


def _conflict(resolution: str | None, where: str) -> str:
    return f" ON CONFLICT {_one_of(_CONFLICTS, resolution, where)}" if resolution else ""


def _one_of(words: frozenset[str], word: str, where: str) -> str:
    if word not in words:
        raise _refused(f"{word!r} is none of {', '.join(sorted(words))}", where)
    return word


def _virtual(table: Table, model: TableModel) -> str:
    module = model.options[MODULE].lower()
    if module not in _MODULES:
        raise _refused(f"virtual tables of the module {module!r} are not made again", table.name)
    arguments = model.options.get(ARGUMENTS)
    said_so = f" {SQLITE.expression(arguments, where=table.name)}" if arguments else ""
    return f"CREATE VIRTUAL TABLE {quoted(table.name)} USING {quoted(module)}{said_so}"


def _refused(what: str, where: str) -> Red:
    return Red(
        what, where=where, next="restore nothing of it here: `migrator migrate` loads the archive with a mapping"
    )
