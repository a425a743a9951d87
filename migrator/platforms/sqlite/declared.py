"""What a CREATE TABLE says that no pragma tells, read from its text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from migrator.platforms.sqlite.tokens import NotUnderstood, Reader, Token, said, split, tokens
from storage.model import Check, Generated

_TABLE_CONSTRAINTS = ("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN")
_COLUMN_CONSTRAINTS = (
    *("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "REFERENCES", "DEFAULT"),
    *("NOT", "NULL", "COLLATE", "GENERATED", "AS", "DEFERRABLE"),
)


@dataclass(frozen=True, kw_only=True)
class DeclaredKey:
    """A primary key or a unique constraint; names of columns in small letters."""

    columns: tuple[str, ...]
    primary: bool = False
    conflict: str | None = None  # REPLACE, IGNORE, …
    descending: bool = False  # said of one column, right behind its type


@dataclass(kw_only=True)
class DeclaredReference:
    """A foreign key; names of columns in small letters."""

    columns: tuple[str, ...]
    match: str = "SIMPLE"
    deferred: bool = False


@dataclass(kw_only=True)
class DeclaredTable:
    """Columns by their names as written."""

    columns: list[str] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    generated: list[Generated] = field(default_factory=list)
    collations: dict[str, str] = field(default_factory=dict)
    not_null_conflicts: dict[str, str] = field(default_factory=dict)
    keys: list[DeclaredKey] = field(default_factory=list)
    references: list[DeclaredReference] = field(default_factory=list)
    counts_up: bool = False  # AUTOINCREMENT


@dataclass(frozen=True, kw_only=True)
class VirtualTable:
    module: str
    arguments: str


def virtual_table(ddl: str) -> VirtualTable | None:
    """What a CREATE VIRTUAL TABLE says; None for another statement."""
    reader = Reader(tokens(ddl))
    if not reader.took("CREATE", "VIRTUAL", "TABLE"):
        return None
    _skip_name(reader)
    reader.expect("USING")
    module = reader.name()
    arguments = "" if reader.is_done else "".join(token.gap + token.text for token in reader.inside()).strip()
    return VirtualTable(module=module, arguments=arguments)


def declared_table(ddl: str) -> DeclaredTable:
    """What a CREATE TABLE says. NotUnderstood where it says it in another way than SQLite documents."""
    reader = Reader(tokens(ddl))
    reader.expect("CREATE")
    if not reader.took("TEMP"):
        reader.took("TEMPORARY")
    reader.expect("TABLE")
    _skip_name(reader)
    found = DeclaredTable()
    for part in _parts(reader.inside()):
        inner = Reader(part)
        if part and part[0].is_word(*_TABLE_CONSTRAINTS):
            _table_constraints(inner, found)
        else:
            _column(inner, found)
    return found


def _parts(some: Sequence[Token]) -> Iterator[tuple[Token, ...]]:
    parts = split(some)
    if not all(parts):
        raise NotUnderstood("a comma with nothing beside it")
    yield from parts


def _skip_name(reader: Reader) -> None:
    reader.took("IF", "NOT", "EXISTS")
    reader.name()
    if reader.took_sign("."):
        reader.name()


# ── columns ─────────────────────────────────────────────────────────────────────────────────────────────────
def _column(reader: Reader, found: DeclaredTable) -> None:
    name = reader.name()
    found.columns.append(name)
    while not reader.is_done and not any(reader.sees(word) for word in _COLUMN_CONSTRAINTS):
        if reader.sees_sign("("):  # of the type: pragmas tell it
            reader.inside()
        else:
            reader.name()
    constraint = ""
    while not reader.is_done:
        if reader.took("CONSTRAINT"):
            constraint = reader.name()
        else:
            _column_constraint(reader, found, name, constraint)
            constraint = ""


def _column_constraint(reader: Reader, found: DeclaredTable, column: str, constraint: str) -> None:
    small = (column.lower(),)
    if reader.took("PRIMARY", "KEY"):
        descending = reader.took("DESC")
        if not descending:
            reader.took("ASC")
        found.keys.append(DeclaredKey(columns=small, primary=True, conflict=_conflict(reader), descending=descending))
        found.counts_up |= reader.took("AUTOINCREMENT")
    elif reader.took("UNIQUE"):
        found.keys.append(DeclaredKey(columns=small, conflict=_conflict(reader)))
    elif reader.took("NOT", "NULL"):
        if conflict := _conflict(reader):
            found.not_null_conflicts[column] = conflict
    elif reader.took("NULL"):
        _conflict(reader)
    elif reader.took("CHECK"):
        found.checks.append(Check(name=constraint, expression=said(reader.inside())))
    elif reader.took("DEFAULT"):
        _skip_default(reader)
    elif reader.took("COLLATE"):
        found.collations[column] = reader.name()
    elif reader.took("REFERENCES"):
        found.references.append(_reference(reader, small))
    elif reader.took("GENERATED", "ALWAYS", "AS") or reader.took("AS"):
        expression = said(reader.inside())
        stored = reader.took("STORED")
        if not stored:
            reader.took("VIRTUAL")
        found.generated.append(Generated(column=column, expression=expression, stored=stored))
    elif not (found.references and _took_deferral(reader, found.references[-1])):
        raise reader.lost("a constraint")


def _skip_default(reader: Reader) -> None:
    """Pragmas tell it."""
    if reader.sees_sign("("):
        reader.inside()
        return
    if not reader.took_sign("-"):
        reader.took_sign("+")
    reader.next()


# ── tables ──────────────────────────────────────────────────────────────────────────────────────────────────
def _table_constraints(reader: Reader, found: DeclaredTable) -> None:
    """One or more: no comma need stand between them."""
    constraint = ""
    while not reader.is_done:
        if reader.took("CONSTRAINT"):
            constraint = reader.name()
            continue
        if reader.took("CHECK"):
            found.checks.append(Check(name=constraint, expression=said(reader.inside())))
            _conflict(reader)  # means nothing there
        elif reader.took("FOREIGN", "KEY"):
            columns = _names(reader.inside())
            reader.expect("REFERENCES")
            reference = _reference(reader, columns)
            found.references.append(reference)
            _took_deferral(reader, reference)
        else:
            found.keys.append(_key(reader, found))
        constraint = ""


def _key(reader: Reader, found: DeclaredTable) -> DeclaredKey:
    primary = reader.took("PRIMARY", "KEY")
    if not primary:
        reader.expect("UNIQUE")
    inside = reader.inside()
    if inside and inside[-1].is_word("AUTOINCREMENT"):
        found.counts_up, inside = True, inside[:-1]
    return DeclaredKey(columns=_names(inside), primary=primary, conflict=_conflict(reader))


def _names(some: Sequence[Token]) -> tuple[str, ...]:
    """The columns of a key; how they are ordered and compared in it, pragmas tell."""
    return tuple(Reader(one).name().lower() for one in _parts(some))


def _reference(reader: Reader, columns: tuple[str, ...]) -> DeclaredReference:
    found = DeclaredReference(columns=columns)
    reader.name()
    if reader.sees_sign("("):
        reader.inside()
    while True:
        if reader.took("MATCH"):
            found.match = reader.name().upper()
        elif reader.took("ON"):
            reader.next()  # DELETE or UPDATE
            if reader.next().is_word("SET", "NO"):  # NULL, DEFAULT, ACTION
                reader.next()
        else:
            return found


def _took_deferral(reader: Reader, reference: DeclaredReference) -> bool:
    never = reader.took("NOT", "DEFERRABLE")
    if not never and not reader.took("DEFERRABLE"):
        return False
    if reader.took("INITIALLY", "DEFERRED"):
        reference.deferred = not never
    else:
        reader.took("INITIALLY", "IMMEDIATE")
    return True


def _conflict(reader: Reader) -> str | None:
    return reader.name().upper() if reader.took("ON", "CONFLICT") else None
