"""Opening connections to PostgreSQL, and the one place their errors are translated."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import TypeVar

import adbc_driver_manager
import adbc_driver_postgresql  # type: ignore[import-untyped]
import psycopg
from adbc_driver_manager import dbapi
from adbc_driver_manager.dbapi import Connection as ArrowConnection
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from migrator.platforms.postgres.interruptible import interruptible
from storage.errors import Fault, MigratorError, Misuse, Red, Refused, TransientFault

# every cursor calls through it; the driver offers no other way in
dbapi._blocking_call = interruptible  # type: ignore[attr-defined, assignment]

Dialled = TypeVar("Dialled")

_NOTICED = {"keepalives_idle": "60", "keepalives_interval": "10", "keepalives_count": "6"}
"""In seconds: a peer that vanished, as after a power cut, is missed in two minutes; the system's own say two hours."""

_USER_TIMEOUT = {"tcp_user_timeout": "120000"}
"""In milliseconds: the same for a peer that is still to confirm what it was sent, whom nobody asks for life signs."""

_CONNECTING = {"connect_timeout": "20", **_NOTICED, **_USER_TIMEOUT}
_VANISHING = {**{f"tcp_{name}": value for name, value in _NOTICED.items()}, **_USER_TIMEOUT}
"""What the server knows of it from a session's first moment: a client may vanish before its first statement."""

_TAKES_NO_OPTIONS = re.compile("options|tcp_")  # by name, in whatever language; poolers, and servers before version 12
_ANEW = "repeat the command: it starts anew from a point in time of its own"

_NAME_BYTES = 63
_CHECK = "client_connection_check_interval"


@dataclass(frozen=True, kw_only=True)
class Session:
    """How a connection is to behave; times in seconds, None waits as long as the server's own settings say."""

    read_only: bool = False
    statement_timeout_s: int | None = None
    lock_timeout_s: int | None = 30
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, str]:
        """What makes values read and written as text the same on every server."""
        settings = {
            "application_name": "migrator",
            "client_encoding": "UTF8",
            "DateStyle": "ISO, YMD",
            "IntervalStyle": "postgres",
            "TimeZone": "UTC",
            "extra_float_digits": "1",
            "bytea_output": "hex",
            "lc_monetary": "C",
            "standard_conforming_strings": "on",
            "xmloption": "content",
            "synchronize_seqscans": "off",
            "idle_in_transaction_session_timeout": "0",  # a fence waits while others work
            "transaction_timeout": "0",
            "row_security": "off",  # rows a policy would hide are an error, never left out in silence
            _CHECK: "1s",  # a killed client's statement would go on to its end, and hold its locks as long
            **_VANISHING,
        }
        if self.read_only:
            settings["default_transaction_read_only"] = "on"
        if self.statement_timeout_s is not None:
            settings["statement_timeout"] = f"{self.statement_timeout_s}s"
        if self.lock_timeout_s is not None:
            settings["lock_timeout"] = f"{self.lock_timeout_s}s"
        return {**settings, **self.extra}

    @property
    def statement(self) -> str:
        """One statement that makes these settings."""
        values = ", ".join(f"('{name}', '{value}')" for name, value in self.settings.items())
        # a setting that this version of the server does not have yet is left out, or its system does not support
        known = (
            "FROM pg_settings s JOIN wanted ON lower(s.name) = lower(wanted.name)"
            f" WHERE s.name <> '{_CHECK}' OR version() ~ 'linux'"
        )
        return f"WITH wanted (name, value) AS (VALUES {values}) SELECT set_config(s.name, value, false) {known}"


LOADING = Session(statement_timeout_s=0, extra={"idle_session_timeout": "0"})
"""How a load writes: what bounds its time is the plan, not what the server thinks fit for its ordinary users."""

_END = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid() AND application_name = %s
"""


def of_run(session: Session, run: str) -> Session:
    """The same, called after the run: whoever goes on with it can tell what an attempt left that hangs."""
    return replace(session, extra={**session.extra, "application_name": called(run)})


def called(run: str) -> str:
    """The name of the run's sessions."""
    return f"migrator {run}"[:_NAME_BYTES]


def end_sessions(connection: psycopg.Connection, name: str) -> None:
    """End whatever has this name but the connection itself, as far as this user may."""
    connection.execute(_END, (name,))


def place(url: str) -> str:
    """The address as a person may see it: user, host, port and database, and nothing else of it. Misuse if broken."""
    parts = _parts(url)
    user, host, port = parts.get("user"), parts.get("host") or parts.get("hostaddr") or "", parts.get("port")
    host = host if host.startswith("/") or port is None else f"{host}:{port}"
    return f"postgresql://{f'{user}@' if user else ''}{host}/{parts.get('dbname') or ''}"


def _parts(url: str) -> dict[str, str]:
    try:
        found = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise _no_address() from None  # libpq quotes what it could not read, which may be the password
    parts = {name: str(value) for name, value in found.items() if value is not None}
    misread = "@" in parts.get("host", "") + parts.get("dbname", "")
    if misread or not parts.get("port", "0").replace(",", "").isdigit():
        raise _no_address()  # a password that was not escaped, and that stands in the wrong place now
    return parts


def _no_address() -> Misuse:
    return Misuse(
        "not a PostgreSQL address",
        where="postgresql://",
        next="write postgresql://user:password@host:5432/database; a special character as its code: %40 is @",
    )


def _dialled(url: str, dial: Callable[[str], Dialled]) -> Dialled:
    """What `dial` makes of the address as libpq takes it; what it says itself stands."""
    parts = _parts(url)
    plain = make_conninfo(url, **{name: value for name, value in _CONNECTING.items() if name not in parts})
    options = [*(f"-c {name}={value}" for name, value in _VANISHING.items()), parts.get("options", "")]
    try:
        return dial(make_conninfo(plain, options=" ".join(options).rstrip()))
    except (psycopg.OperationalError, adbc_driver_manager.Error) as error:
        if _TAKES_NO_OPTIONS.search(str(error)) is None:
            raise
    return dial(plain)


def connect(url: str, session: Session) -> psycopg.Connection:
    """A psycopg connection in autocommit: transactions are ours to open."""
    with translated(place(url), _named(_parts(url))):
        connection = _dialled(url, partial(psycopg.connect, autocommit=True))
        try:
            connection.execute(session.statement)
        except psycopg.Error:
            connection.close()
            raise
        return connection


def connect_arrow(url: str, session: Session) -> ArrowConnection:
    """An ADBC connection in autocommit; results come as Arrow."""
    with translated(place(url), _named(_parts(url))):
        database = _known(url)
        opened = adbc_driver_manager.AdbcConnection(database.handle)
        connection = ArrowConnection(database, opened, autocommit=True)  # type: ignore[arg-type]  # closes it, no more
        try:
            with connection.cursor() as cursor:
                cursor.execute(session.statement)
                cursor.fetchall()
        except adbc_driver_manager.Error:
            connection.close()
            raise
        return connection


class _Known:
    """A database as ADBC knows it, which learns all the types of the server first: that takes longer than connecting.

    So it is kept. What it knows of types does not age: only those that every server has cross the wire in binary.
    """

    def __init__(self, url: str) -> None:
        self.handle = _dialled(url, adbc_driver_postgresql.connect)

    def close(self) -> None:
        """A connection closes what it was made from; this one others are made from."""


_known = lru_cache(maxsize=4)(_Known)


# ── errors ──────────────────────────────────────────────────────────────────────────────────────────────────
@contextmanager
def translated(where: str, named: Sequence[str] = ()) -> Iterator[None]:
    """Turn what psycopg and ADBC raise into the project's errors; `where` is a `place`, or what was worked on.

    While connecting, `named` are the user and the database of the address: what a server says of them, it says in a
    language of its own, and drivers keep no SQLSTATE of a connection that never was.
    """
    try:
        yield
    except psycopg.Error as error:
        raise _said(error, error.sqlstate or "", where, _constraint(error), named) from error
    except adbc_driver_manager.Error as error:
        raise _said(error, error.sqlstate or "", where, "", named) from error


def _named(parts: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(parts[name] for name in ("user", "dbname") if name in parts)


def _constraint(error: psycopg.Error) -> str:
    named = (error.diag.schema_name, error.diag.table_name, error.diag.constraint_name)
    return ".".join(part for part in named if part)


def _said(error: Exception, state: str, where: str, constraint: str, named: Sequence[str]) -> MigratorError:
    message = sentence(str(error))
    if state[:2] == "23":
        return Red(
            f"the target refuses the rows: {message}",
            where=constraint or where,
            next="the constraint is the target's own: mend the mapping, or reject these rows with a reason",
        )
    if state == "42501" and "row-level security" in message:
        return Refused(f"rows would be hidden from this user: {message}", where=where, next=_HIDDEN)
    for rule in _BY_STATE:
        if state.startswith(rule.sign):
            return rule.made(message, where)
    if not state:
        for rule in _BY_TEXT:
            if re.search(rule.sign, message):
                return rule.made(message, where)
        if any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", message) for name in named):
            return Misuse(f"the server does not let this user in: {message}", where=where, next=_CREDENTIALS)
    return Fault(f"PostgreSQL reports: {message}", where=where, next=f"see the message; {_ANEW}")


_NOISE = re.compile(r"^.*?(?:ERROR|FATAL|PANIC):\s+|^.*?\bfailed: (?=\S)|^\w+: \[libpq\] [^:]*: ", re.DOTALL)


def sentence(text: str) -> str:
    """The server's own sentence: not the statement, which holds keys, nor what drivers wrote before it."""
    return _NOISE.sub("", text, count=1).strip().partition("\n")[0].removesuffix(".")


@dataclass(frozen=True, kw_only=True)
class _Rule:
    sign: str  # how the SQLSTATE begins; without one, what the message says
    error: Callable[..., MigratorError]
    what: str  # {} is the server's sentence
    next: str

    def made(self, message: str, where: str) -> MigratorError:
        return self.error(self.what.format(message), where=where, next=self.next)


def _rule(sign: str, error: Callable[..., MigratorError], what: str, next: str) -> _Rule:
    return _Rule(sign=sign, error=error, what=what, next=next)


NOT_UTF8 = "22021"
_CREDENTIALS = "check user, password and database in the address"
_REACH = "check that the server runs, and that host, port and firewall let this machine reach it"
_GRANT = "have an administrator grant it; `migrator doctor PLAN` prints the script"
_HIDDEN = "use a role that sees every row: an administrator gives it BYPASSRLS, or a policy that hides none of them"
_BY_STATE = (
    _rule("28", Misuse, "the server does not let this user in: {}", _CREDENTIALS),
    _rule("3D000", Misuse, "{}", "check the database's name at the end of the address"),
    _rule("57P01", Fault, "the server ended the connection: {}", _ANEW),
    _rule("57P03", TransientFault, "the server is not ready: {}", "wait until it is up, then repeat"),
    _rule(
        "57014", Refused, "a statement was given up: {}", "raise source.statement_timeout, or run when less is going on"
    ),
    _rule("55P03", TransientFault, "somebody holds a lock: {}", "wait until they are done, then repeat"),
    _rule("40P01", TransientFault, "the server ended a deadlock: {}", "repeat; nothing was changed"),
    _rule(
        "40", TransientFault, "others changed the same rows, or a standby caught up: {}", "repeat; nothing was changed"
    ),
    _rule("53100", Fault, "the server's disk is full: {}", "free space on the server, then repeat; nothing was kept"),
    _rule("53300", TransientFault, "{}", "lower source.max_connections, or wait until others disconnect"),
    _rule("53", Fault, "the server has not enough resources: {}", "see the message; nothing was changed"),
    _rule("54", Red, "beyond a limit of the server: {}", "make the rows or the table narrower"),
    _rule("42883", Misuse, "values of this type cannot be compared: {}", "select by a column of another type"),
    _rule("42622", Red, "a value does not fit: {}", "a value of the type name holds 63 bytes: shorten it"),
    _rule("42501", Refused, "a permission is missing: {}", _GRANT),
    _rule("25006", Fault, "the server only lets itself be read: {}", "name the primary server, not a standby"),
    _rule("42P01", Fault, "the schema changed meanwhile: {}", _ANEW),
    _rule("42703", Fault, "the schema changed meanwhile: {}", _ANEW),
    _rule(NOT_UTF8, Red, "a text is not UTF-8: {}", "mend the text, or convert the database from SQL_ASCII"),
    _rule("22", Red, "a value does not fit: {}", "see the value named in the message"),
    _rule("08", Fault, "the connection was lost: {}", _ANEW),
    _rule("57", Fault, "the server ended the connection: {}", _ANEW),
)
_BY_TEXT = (
    _rule("(?i)password|authentication|role .* does not exist", Misuse, "{}", _CREDENTIALS),
    _rule("database .* does not exist", Misuse, "{}", "check the database's name at the end of the address"),
    _rule("(?i)resolve host|host name|Name or service", Misuse, "{}", "check the host's name in the address"),
    _rule("pg_hba", Fault, "{}", "have an administrator let this user in from this machine (pg_hba.conf)"),
    _rule("(?i)too many|connection slots", TransientFault, "{}", "wait until others disconnect, then repeat"),
    _rule("starting up|shutting down", TransientFault, "{}", "wait until it is up, then repeat"),
    _rule("(?i)certificate|SSL", Misuse, "{}", "check sslmode, sslrootcert and their neighbours in the address"),
    _rule(
        "(?i)refused|timeout|timed out|No such file|unreachable|No route", Fault, "cannot reach the server: {}", _REACH
    ),
    _rule(
        "(?i)closed the connection|connection .*(?:lost|closed|reset)|EOF", Fault, "the connection was lost: {}", _ANEW
    ),
)
