"""What a careful person looks at before a database is read through SQLAlchemy."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy import exc

from migrator.contracts import Examination, Finding, ReadLimits
from migrator.platforms.sql.connect import Address
from migrator.platforms.sql.describe import Described, describe
from migrator.platforms.sql.snapshots import SNAPSHOTS
from storage import moment

_PROVEN = ("firebird",)


def examine(connection: sa.Connection, address: Address, limits: ReadLimits, excluded: Collection[str]) -> Examination:
    """Snapshot, rights and limits; a generic driver knows no sizes."""
    described = describe(connection)
    denied = [name for name in _denied(connection, described) if name not in excluded]
    return Examination(
        version=f"{address.dialect} {described.schema.version}",
        user=address.url.username or "",
        clock=_clock(connection),
        findings=(_driver(address), _snapshot(address), _grants(described, denied), *_timeout(address, limits)),
        sizes=(),
        grants=_script(connection, address, described, denied),
    )


def _clock(connection: sa.Connection) -> str | None:
    """The server's time, where it says in which zone it is."""
    now = connection.execute(sa.select(sa.func.current_timestamp())).scalar_one()
    return moment.written(now, "microseconds") if now.tzinfo else None


def _driver(address: Address) -> Finding:
    proven = address.dialect in _PROVEN
    return Finding(
        what="driver",
        verdict="ok" if proven else "warning",
        found=f"{address.dialect} is read through SQLAlchemy: by one reader, row by row",
        next="" if proven else "its driver's values are taken as they come: compare samples of every type first",
    )


def _snapshot(address: Address) -> Finding:
    known = SNAPSHOTS.get(address.dialect)
    return Finding(
        what="snapshot",
        verdict="ok" if known else "red",
        found=known.isolation if known else f"no way is known to read {address.dialect} as of one moment",
        next="" if known else f"load a backup into one of {', '.join(SNAPSHOTS)} and read that",
    )


def _grants(described: Described, denied: Sequence[str]) -> Finding:
    return Finding(
        what="grants",
        verdict="red" if denied else "ok",
        found=f"no SELECT on {', '.join(denied[:5])}"
        if denied
        else f"SELECT on all {len(described.schema.tables)} tables",
        next="run the GRANT script as the owner of the tables" if denied else "",
    )


def _timeout(address: Address, limits: ReadLimits) -> Iterator[Finding]:
    known = SNAPSHOTS.get(address.dialect)
    if limits.statement_timeout_s is not None and not (known and known.timeout):
        yield Finding(
            what="statement timeout",
            verdict="red",
            found=f"no way is known to bound the time of a statement on {address.dialect}",
            where="source.statement_timeout_s",
            next="leave it out of the plan, or bound it for the user in the database",
        )


def _denied(connection: sa.Connection, described: Described) -> list[str]:
    return [name for name, clause in described.selectable.items() if not _may_read(connection, clause)]


def _may_read(connection: sa.Connection, clause: sa.TableClause) -> bool:
    try:
        with connection.begin_nested():
            connection.execute(sa.select(*clause.c).where(sa.false())).close()
    except exc.DBAPIError:
        return False
    return True


def _script(connection: sa.Connection, address: Address, described: Described, denied: Sequence[str]) -> str:
    quoted = connection.dialect.identifier_preparer
    user = quoted.quote(address.url.username or "")
    return "\n".join(f"GRANT SELECT ON {quoted.format_table(described.selectable[name])} TO {user};" for name in denied)
