"""The records of one catalog, copied into another: how the history of a SQLite catalog comes to PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, exists, func, insert, literal, select
from sqlalchemy.exc import IntegrityError

from migrator.runs.database import Database, open_database
from migrator.runs.models import Archive, Base, Report, Run, RunChange
from migrator.runs.upgrade import bring_to_head, is_catalog
from storage.errors import Misuse
from storage.system import translated

_SQLITE = b"SQLite format 3\0"  # how such a file begins
_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class Transferred:
    """How many records of each kind came over; `others` are of what a server keeps: people, platforms, plans, audit."""

    archives: int
    runs: int
    reports: int
    others: int = 0


def transfer(file: Path, url: str, *, also: Sequence[type[Base]] = ()) -> Transferred:
    """Copy every record of the SQLite catalog in `file` into the catalog at `url`, all or nothing; `also` of these
    tables.

    The file stays as it is, but for its upgrade. Misuse where there is no such file, or where the other catalog holds
    records already: two histories would number their runs alike.
    """
    with closing(open_database(f"sqlite:///{file}")) as old, closing(open_database(url)) as new:
        _check(file, old, new)
        bring_to_head(old)
        bring_to_head(new)
        try:
            with old.transaction() as source, new.transaction() as target:
                return copy_records(source, target, new, also=also)
        except IntegrityError as error:  # somebody began a run there meanwhile
            raise _in_use(new) from error


def _check(file: Path, old: Database, new: Database) -> None:
    if old.where == new.where:
        raise Misuse("this is the catalog in use", where=old.where, next="name the other one in MIGRATOR_CATALOG")
    if _is_sqlite(file):
        with old.transaction() as connection:
            if is_catalog(connection):
                return
    raise Misuse("there is no catalog", where=str(file), next="name the catalog.db of the old MIGRATOR_HOME")


def _is_sqlite(file: Path) -> bool:
    if not file.is_file():
        return False
    with translated(file), file.open("rb") as content:
        return content.read(len(_SQLITE)) == _SQLITE


def copy_records(
    source: Connection, target: Connection, new: Database, *, also: Sequence[type[Base]] = ()
) -> Transferred:
    """Every record, within two transactions. Misuse where the other catalog, `new`, holds runs or archives, or what
    comes over, too."""
    new.claim(target, "transfer")
    alone: list[type[Base]] = [Archive, Run, *(model for model in also if _holds(source, model))]
    if any(_holds(target, model) for model in alone):
        raise _in_use(new)
    taken = Transferred(
        archives=_copy(source, target, Archive),
        # a run that refers to another comes after it
        runs=_copy(source, target, Run, Run.of_run.is_not(None)),
        reports=_copy(source, target, Report),
        others=sum(_copy(source, target, model) for model in also),
    )
    if new.is_shared:  # a number that was brought along moves no sequence
        sequence = func.pg_get_serial_sequence(RunChange.__tablename__, "number")
        newest = select(func.max(RunChange.number)).scalar_subquery()
        target.execute(select(func.setval(sequence, func.coalesce(newest, literal(1)), newest.is_not(None))))
    return taken


def _holds(connection: Connection, model: type[Base]) -> bool:
    return bool(connection.execute(select(exists().select_from(model))).scalar())


def _copy(source: Connection, target: Connection, model: type[Base], *order: ColumnElement[bool]) -> int:
    records = source.execute(select(model.__table__).order_by(*order).execution_options(yield_per=_AT_ONCE)).mappings()
    copied = 0
    for part in records.partitions():
        target.execute(insert(model), [dict(record) for record in part])
        copied += len(part)
    return copied


def _in_use(database: Database) -> Misuse:
    return Misuse("the catalog holds records already", where=database.where, next="transfer into one never used")
