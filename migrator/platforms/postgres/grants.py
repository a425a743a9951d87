"""What a user lacks for a load, and the statements with which an administrator grants it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from migrator.contracts import Finding
from migrator.platforms.postgres.describe import Found
from migrator.platforms.relational.sqltext import quoted


@dataclass(frozen=True, kw_only=True)
class Lacking:
    """Privileges on one object: `thing` as GRANT writes it, `where` as a person knows it."""

    privileges: tuple[str, ...]
    thing: str
    where: str


def on_tables(tables: Iterable[Found], names: dict[int, str], needed: Sequence[str]) -> Iterator[Lacking]:
    """For rows of the catalog query RIGHTS."""
    for table in tables:
        if not table.may_use:
            yield Lacking(privileges=("USAGE",), thing=f"SCHEMA {quoted(table.nspname)}", where=names[table.oid])
        if privileges := tuple(privilege for privilege in needed if privilege in table.lacks):
            thing = f"TABLE {quoted(table.nspname)}.{quoted(table.relname)}"
            yield Lacking(privileges=privileges, thing=thing, where=names[table.oid])


def for_own_tables(writer: Found) -> Iterator[Lacking]:
    """For the row of the catalog query WRITER: staging and journals lie in schemas of their own."""
    if not writer.may_create:
        yield Lacking(privileges=("CREATE",), thing=f"DATABASE {quoted(writer.database)}", where=writer.database)
    if writer.lacks_on_schema:
        yield Lacking(privileges=tuple(writer.lacks_on_schema), thing='SCHEMA "migrator"', where="migrator")
    if writer.lacks_on_markers:
        thing = 'TABLE "migrator"."migrator_loads"'
        yield Lacking(privileges=tuple(writer.lacks_on_markers), thing=thing, where="migrator.migrator_loads")


def on_sequences(sequences: Iterable[Found]) -> Iterator[Lacking]:
    """For rows of the catalog query SEQUENCES: one that lags behind loaded keys is advanced."""
    for sequence in sequences:
        if not sequence.owned and not sequence.may_set:
            thing = f"SEQUENCE {quoted(sequence.nspname)}.{quoted(sequence.relname)}"
            yield Lacking(privileges=("SELECT", "UPDATE"), thing=thing, where=sequence.name)


def findings(lacking: Sequence[Lacking]) -> Iterator[Finding]:
    """One for each, or that there is none."""
    for each in lacking:
        yield Finding(
            what="grants",
            verdict="red",
            found=f"the user lacks {', '.join(each.privileges)} on the {each.thing.partition(' ')[0].lower()}",
            where=each.where,
            next="have an administrator run the GRANT script",
        )
    if not lacking:
        yield Finding(what="grants", verdict="ok", found="the user may load these tables")


def script(lacking: Iterable[Lacking], user: str) -> str:
    """What an administrator runs, and nothing beyond what is lacking."""
    return "\n".join(f"GRANT {', '.join(each.privileges)} ON {each.thing} TO {quoted(user)};" for each in lacking)
