"""Opening a database through its SQLAlchemy dialect, and the one place what it raises is translated."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.pool import NullPool

from storage.errors import Fault, MigratorError, Misuse, Refused, TransientFault

_WRONG_ADDRESS = re.compile(
    r"password|log[io]n|authenticat|user name|unknown database|does not exist|no such file|cannot open database"
    r"|host machine|name or service|not known|invalid (?:catalog|service|database)|ORA-0?(?:1017|12154|12505|12514)",
    re.IGNORECASE,
)
_REFUSED = re.compile(r"no permission|permission denied|insufficient privilege|not authorized|ORA-01031", re.IGNORECASE)
_MAY_PASS = re.compile(r"deadlock|lock (?:time-?out|conflict|wait)|could not serialize|ORA-08177", re.IGNORECASE)


class Address:
    """A SQLAlchemy URL that is shown without its password and its options, which may hold another."""

    def __init__(self, url: str) -> None:
        try:
            self.url = sa.make_url(url)
            if "@" in f"{self.url.host}{self.url.database}":  # of a password that was not escaped: it is not shown
                raise ValueError("misread")
        except (exc.ArgumentError, ValueError) as error:
            raise Misuse(
                "not a database address",
                where=url.partition("://")[0],
                next="write dialect+driver://user:password@host/database; a special character as its code: %40 is @",
            ) from error

    @property
    def dialect(self) -> str:
        """The name of the dialect: firebird, oracle, mssql, …"""
        return self.url.get_backend_name()

    def __str__(self) -> str:
        place = f"{self.url.host or ''}{f':{self.url.port}' if self.url.port else ''}/{self.url.database or ''}"
        return f"{self.url.drivername}://{place}"

    def without_secrets(self, text: str) -> str:
        """A message of the driver's, should it repeat the password."""
        secret = str(self.url.password or "")
        return text.replace(secret, "***") if secret else text


def engine_of(address: Address) -> sa.Engine:
    """An engine whose connections end when they are given back; Misuse if dialect or driver are not installed."""
    try:
        return sa.create_engine(address.url, poolclass=NullPool)
    except exc.NoSuchModuleError as error:
        raise Misuse(
            f"no SQLAlchemy dialect named {address.url.drivername} is installed",
            where=str(address),
            next=f"check the word before ://, or pip install its package (often sqlalchemy-{address.dialect})",
        ) from error
    except ModuleNotFoundError as error:
        raise Misuse(
            f"the dialect {address.dialect} needs the Python package {error.name}",
            where=str(address),
            next=f"pip install {error.name}, or name another driver: {address.dialect}+driver://…",
        ) from error
    except KeyError as error:
        raise _not_taken(address, error) from error


def _not_taken(address: Address, error: Exception) -> Misuse:
    return Misuse(
        f"the driver does not take this address: {address.without_secrets(str(error))}",
        where=str(address),
        next="check what follows the host, and the options after the ?",
    )


Translation = Callable[[Address, str], MigratorError]


@contextmanager
def connected(address: Address) -> Iterator[sa.Connection]:
    """A connection of its own; nothing has been asked of it yet."""
    engine = engine_of(address)
    with translated(address, _while_connecting):
        try:
            connection = engine.connect()
        except TypeError as error:  # an option it does not know is handed on as it is written
            raise _not_taken(address, error) from error
    try:
        yield connection
    finally:
        with translated(address):
            connection.close()
        engine.dispose()


@contextmanager
def translated(address: Address, meaning: Translation | None = None) -> Iterator[None]:
    """Turn what SQLAlchemy and the driver below it raise into the project's errors."""
    try:
        yield
    except MigratorError:
        raise
    except exc.DBAPIError as error:
        raise (meaning or _while_reading)(address, address.without_secrets(_said(error.orig))) from error
    except (exc.SQLAlchemyError, OSError) as error:
        raise Fault(
            f"{type(error).__name__}: {address.without_secrets(str(error))}",
            where=str(address),
            next="see the dialect's documentation; nothing was changed",
        ) from error


def _while_connecting(address: Address, said: str) -> MigratorError:
    if _WRONG_ADDRESS.search(said):
        return Misuse(f"cannot connect: {said}", where=str(address), next="check user, password, host and database")
    return Fault(f"cannot connect: {said}", where=str(address), next="check that the server runs and can be reached")


def _while_reading(address: Address, said: str) -> MigratorError:
    if _REFUSED.search(said):
        return Refused(said, where=str(address), next="grant the user SELECT on that table, then repeat")
    if _MAY_PASS.search(said):
        return TransientFault(said, where=str(address), next="wait for the other transaction to end, then repeat")
    return Fault(f"the database reports: {said}", where=str(address), next="see the message; nothing was changed")


def _said(error: BaseException | None) -> str:
    return " ".join(str(error).split())
