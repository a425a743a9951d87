"""The one place that joins drivers to the service."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import pyarrow as pa

from migrator.contracts import ReadLimits, Source, Target
from migrator.engine.attachments import Files
from migrator.outcomes import Progress, silent
from migrator.runs.catalog import Catalog
from migrator.runs.database import open_database
from migrator.runs.liveness.pace import Pace
from migrator.runs.upgrade import bring_to_head
from migrator.service import Service
from migrator.service.opening import Confined
from migrator.service.served import Served, confined
from migrator.settings import Settings, read_settings
from storage.address import redacted
from storage.credentials import Accounts
from storage.errors import Misuse
from storage.objects import ObjectStore
from storage.system import translated

if TYPE_CHECKING:
    from migrator.remote.remote import Remote

_SQLALCHEMY = re.compile(r"[a-z0-9_]+\+[a-z0-9_]+://")  # dialect+driver, for any database without a driver of ours


def _sqlite_source(url: str, limits: ReadLimits) -> Source:
    from migrator.platforms.sqlite.source import SqliteSource

    return SqliteSource(url, limits)


def _mysql_source(url: str, limits: ReadLimits) -> Source:
    from migrator.platforms.mysql.source import MysqlSource

    return MysqlSource(url, limits)


def _postgres_source(url: str, limits: ReadLimits) -> Source:
    from migrator.platforms.postgres.source import PostgresSource

    return PostgresSource(url, limits)


def _sql_source(url: str, limits: ReadLimits) -> Source:
    from migrator.platforms.sql.source import SqlSource

    return SqlSource(url, limits)


def _sqlite_target(url: str) -> Target:
    from migrator.platforms.sqlite.target import SqliteTarget

    return SqliteTarget(url)


def _postgres_target(url: str) -> Target:
    from migrator.platforms.postgres.target import PostgresTarget

    return PostgresTarget(url)


def _mysql_target(url: str) -> Target:
    from migrator.platforms.mysql.target import MysqlTarget

    return MysqlTarget(url)


Opened = TypeVar("Opened")

SOURCES: dict[str, Callable[[str, ReadLimits], Source]] = {
    "sqlite": _sqlite_source,
    "postgresql": _postgres_source,
    "postgres": _postgres_source,
    "mysql": _mysql_source,
    "mariadb": _mysql_source,
}
TARGETS: dict[str, Callable[[str], Target]] = {
    "sqlite": _sqlite_target,
    "postgresql": _postgres_target,
    "postgres": _postgres_target,
    "mysql": _mysql_target,
    "mariadb": _mysql_target,
}


_M_MMAP_THRESHOLD = -3
_KEPT_BYTES = 1 << 20
"""Blocks of memory from this size on are asked of the system, and given back, one by one."""


def service(
    progress: Progress = silent, *, is_detached: bool = False, reason: str = "", **given: str
) -> Service | Remote:
    """The operations as this process's environment has them: done here, or asked of the server that it names.

    Variables `given` by name stand before what the environment says. Detached, runs that are asked for are left to
    workers; `reason` is what a server tells whoever approves them.
    """
    settings = read_settings()
    if not settings.server_url:
        return here(progress, is_detached=is_detached, **given)
    from migrator.remote.remote import Remote

    if given:
        raise Misuse("how long a run waits is the server's to say", where="--wait", next="leave it out")
    return Remote.at(settings.server_url, settings.server_token, progress, is_detached=is_detached, reason=reason)


def here(progress: Progress = silent, *, is_detached: bool = False, **given: str) -> Service:
    """The service of this machine. Misuse where a server is named all the same."""
    settings, pace = read_settings(**given), Pace()
    if settings.server_url:
        raise Misuse(
            "this is done on the machine itself, and not asked of a server",
            where="--server, or MIGRATOR_SERVER",
            next="leave it out, on the machine that it is to be done on",
        )
    _give_memory_back()
    return Service(
        settings=settings,
        sources=open_source,
        targets=open_target,
        places=open_place,
        shelves=open_shelf,
        progress=pace.heard(progress),
        pace=pace,
        is_detached=is_detached,
        confined=partial(_confined, settings),
    )


@contextmanager
def served(progress: Progress = silent) -> Iterator[Served]:
    """Everything a server offers, over this process's environment; its catalog is made where there is none."""
    offered = here(progress, is_detached=True)
    settings = offered.settings
    with translated(settings.home):
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with closing(open_database(settings.catalog_url)) as database:
        bring_to_head(database)
        ways_in = partial(confined, database, settings.vault)
        yield Served.over(replace(offered, kept=Catalog(database), confined=ways_in), database)


def _confined(settings: Settings, tenant: str) -> Confined:
    with closing(open_database(settings.catalog_url)) as database:
        return confined(database, settings.vault, tenant)


def _give_memory_back() -> None:
    """Keep memory flat: what is freed goes back to the system."""
    # Arrow's own pool holds on to it; so does glibc, to all blocks up to the size of the largest it has seen freed
    pa.set_memory_pool(pa.system_memory_pool())
    with suppress(AttributeError):  # other libraries have no such habit, and no such function
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES)


def open_source(url: str, limits: ReadLimits) -> Source:
    """The driver for this address; nothing is read yet."""
    if _SQLALCHEMY.match(url):
        return _sql_source(url, limits)
    return _driver(SOURCES, url, "source")(url, limits)


def open_target(url: str) -> Target:
    """The driver for this address; nothing is read or written yet."""
    return _driver(TARGETS, url, "target")(url)


def open_place(base: str, accounts: Accounts) -> Files:
    """The files below this address; none is asked for yet."""
    from migrator.platforms.files.place import open_files

    return open_files(base, accounts)


def open_shelf(base: str, accounts: Accounts) -> ObjectStore:
    """The place that files can be put into below this address."""
    from migrator.platforms.files.shelf import open_shelf

    return open_shelf(base, accounts)


def _driver(drivers: dict[str, Opened], url: str, role: str) -> Opened:
    scheme, separator, _ = url.partition("://")
    if not separator or scheme not in drivers:
        raise Misuse(
            f"no driver for this {role}: {redacted(url)}",
            where=role,
            next=f"write an address that begins with {', '.join(f'{name}://' for name in drivers)}",
        )
    return drivers[scheme]
