"""The statements that make types, collations and sequences of their descriptions."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from migrator.platforms.postgres.fragments import reference, refused
from migrator.platforms.postgres.rebuild_names import Names
from migrator.platforms.relational.archived import POSTGRESQL
from migrator.platforms.relational.sqltext import literal, quoted
from storage.model import Check, NativeType, Sequence

_NUMBERS = frozenset({"smallint", "integer", "bigint"})


def create_type(type_: NativeType, names: Names) -> str:
    """Of a domain without the conditions that values from before them need not fulfil. Red where it is no such kind."""
    make = _KINDS.get(type_.kind)
    if make is None:
        raise refused(type_.kind, "a kind of type", type_.name)
    return make(type_, names)


def unvalidated(type_: NativeType, names: Names) -> Iterator[str]:
    """The conditions of a domain that values may be in breach of."""
    for check in type_.checks:
        if not check.valid:
            yield f"ALTER DOMAIN {names.of(type_.schema, type_.name)} ADD {_check(type_, check)} NOT VALID"


def create_sequence(sequence: Sequence, names: Names, *, unlogged: bool) -> str:
    name = names.of(sequence.schema, sequence.name)
    if sequence.type not in _NUMBERS:
        raise refused(sequence.type, "a type of numbers", sequence.name)
    kind = "UNLOGGED SEQUENCE" if unlogged else "SEQUENCE"
    return f"CREATE {kind} {name} AS {sequence.type} {sequence_options(sequence)}"


def sequence_options(sequence: Sequence) -> str:
    """Of a sequence of any type."""
    least = "NO MINVALUE" if sequence.least is None else f"MINVALUE {sequence.least}"
    greatest = "NO MAXVALUE" if sequence.greatest is None else f"MAXVALUE {sequence.greatest}"
    return (
        f"INCREMENT BY {sequence.increment} {least} {greatest} START WITH {sequence.start}"
        f" CACHE {sequence.cache} {'CYCLE' if sequence.cycle else 'NO CYCLE'}"
    )


def collated(collation: str | None, where: str) -> str:
    """The clause, behind a blank; nothing where there is none."""
    return f" COLLATE {reference(collation, where)}" if collation else ""


def _enum(type_: NativeType, names: Names) -> str:
    labels = ", ".join(map(literal, type_.labels))
    return f"CREATE TYPE {names.of(type_.schema, type_.name)} AS ENUM ({labels})"


def _composite(type_: NativeType, names: Names) -> str:
    attributes = (
        f"{quoted(one.name)} {POSTGRESQL.type_name(one.native, where=type_.name)}{collated(one.collation, type_.name)}"
        for one in type_.attributes
    )
    return f"CREATE TYPE {names.of(type_.schema, type_.name)} AS ({', '.join(attributes)})"


def _domain(type_: NativeType, names: Names) -> str:
    base = POSTGRESQL.type_name(type_.base or "", where=type_.name)
    parts = [f"CREATE DOMAIN {names.of(type_.schema, type_.name)} AS {base}{collated(type_.collation, type_.name)}"]
    if type_.default is not None:
        parts.append(f"DEFAULT {POSTGRESQL.expression(type_.default, where=type_.name)}")
    if not type_.nullable:
        parts.append("NOT NULL")
    parts += [_check(type_, check) for check in type_.checks if check.valid]
    return " ".join(parts)


def _check(type_: NativeType, check: Check) -> str:
    return f"CONSTRAINT {quoted(check.name)} CHECK {POSTGRESQL.expression(check.expression, where=type_.name)}"


def _range(type_: NativeType, names: Names) -> str:
    """Red where a function of somebody's own is a part of it: an archive holds none."""
    if "canonical" in type_.options:
        raise refused(type_.options["canonical"], "a function of the server's own", type_.name)
    parts = [f"SUBTYPE = {POSTGRESQL.type_name(type_.base or '', where=type_.name)}"]
    if type_.collation:
        parts.append(f"COLLATION = {reference(type_.collation, type_.name)}")
    for option in ("subtype_opclass", "subtype_diff"):
        if option in type_.options:
            parts.append(f"{option} = {reference(type_.options[option], type_.name)}")
    if "multirange_type_name" in type_.options:
        parts.append(f"multirange_type_name = {names.of(type_.schema, type_.options['multirange_type_name'])}")
    return f"CREATE TYPE {names.of(type_.schema, type_.name)} AS RANGE ({', '.join(parts)})"


def _collation(type_: NativeType, names: Names) -> str:
    parts = (f"{quoted(name)} = {literal(value)}" for name, value in type_.options.items())
    return f"CREATE COLLATION {names.of(type_.schema, type_.name)} ({', '.join(parts)})"


_KINDS: dict[str, Callable[[NativeType, Names], str]] = {
    "enum": _enum,
    "composite": _composite,
    "domain": _domain,
    "range": _range,
    "collation": _collation,
}
