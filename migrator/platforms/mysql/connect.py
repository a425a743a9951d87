"""Opening MariaDB and MySQL: one session, one form of every value, and the one place where errors are translated.

Values arrive as the bytes the server wrote (both client libraries in their raw mode): what a client converts it also
loses, a zero date for instance. Two libraries serve: mysqlclient where it is installed, which is faster, else PyMySQL.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from migrator.platforms.mysql.address import Address, address_of
from migrator.platforms.mysql.faults import fault_of, unusable

__all__ = ["Address", "Connection", "Row", "address_of", "connect", "translated"]

Row = tuple[bytes | None, ...]

CONNECT_TIMEOUT_S = 10
LOCK_WAIT_S = 30
_PATIENCE_S = 7 * 86_400  # a reader that writes an archive, or a person at a breakpoint, is slower than servers expect
_LOST_CONNECTION = 2013
_EVERY_ROW = (1 << 64) - 1
_ROWS_AT_ONCE = 64
BATCH_BYTES = 8 << 20

_NOTICED = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 6, "TCP_USER_TIMEOUT": 120_000}
"""In seconds, times, milliseconds: a server that vanished is missed in two minutes; the system's own say two hours."""

LENIENT_MODE = "ANSI_QUOTES,NO_BACKSLASH_ESCAPES"
"""For reading: zero and partial dates are data there, and may stand in a condition."""

STRICT_MODE = f"{LENIENT_MODE},STRICT_ALL_TABLES,ALLOW_INVALID_DATES,ERROR_FOR_DIVISION_BY_ZERO"
"""For writing: what does not fit is refused. Names are quoted as in standard SQL, backslashes are characters.

A day without a month is as good as any: it comes from a server that held it, for no class of the engine does.
"""


class Connection:
    """One session. `execute` and `rows` are short; one `stream` at a time may be open, and nothing beside it."""

    def __init__(self, driver: ModuleType, session: Any, address: Address) -> None:
        self._driver = driver
        self._session = session
        self._address = address
        self.version = self.text("SELECT VERSION()")

    @property
    def is_mariadb(self) -> bool:
        return "mariadb" in self.version.lower()

    @property
    def release(self) -> tuple[int, ...]:
        """The version as numbers, major and minor."""
        return tuple(int(part) for part in self.version.split("-")[0].split(".")[:2])

    @property
    def database(self) -> str:
        return self._address.database

    def execute(self, statement: str) -> int:
        """Run a statement; how many rows it changed."""
        with self._translated(), self._session.cursor() as cursor:
            return int(cursor.execute(statement.encode()))

    def rows(self, query: str) -> Sequence[Row]:
        """Every row, in memory: for results known to be short."""
        with self._translated(), self._session.cursor() as cursor:
            cursor.execute(query.encode())
            found: Sequence[Row] = cursor.fetchall()
            return found

    def text(self, query: str) -> str:
        """The first column of the first row as text; empty where there is none, or NULL."""
        rows = self.rows(query)
        return (rows[0][0] or b"").decode() if rows else ""

    def texts(self, query: str) -> list[tuple[str | None, ...]]:
        """Every row, its values as text: for what the server says of itself."""
        return [tuple(None if value is None else value.decode() for value in row) for row in self.rows(query)]

    def stream(self, query: str, *, most: int) -> Iterator[list[Row]]:
        """The rows as they come, in groups of at most `most` rows and near 8 MiB; leaving it early drains the rest."""
        with self._translated(), self._streaming() as cursor:
            cursor.execute(query.encode())
            # how wide a row may be, as the server says; the mask takes off the sign that mysqlclient gives a LONGTEXT
            widest = sum(column[3] & 0xFFFFFFFF for column in cursor.description)
            at_once = max(1, min(_ROWS_AT_ONCE, BATCH_BYTES // max(widest, 1)))
            group: list[Row] = []
            size = 0
            while rows := cursor.fetchmany(at_once):
                group += rows
                size += sum([len(value) for row in rows for value in row if value is not None])
                if size >= BATCH_BYTES or len(group) >= most:
                    yield group
                    group, size = [], 0
            if group:
                yield group

    def close(self) -> None:
        with self._translated():
            self._session.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            with translated(str(self._address)):
                yield
        except AttributeError as error:  # PyMySQL goes on using a connection it has closed
            if self._session.open:
                raise
            raise fault_of(ConnectionError(_LOST_CONNECTION, "while it was used"), str(self._address)) from error

    @contextmanager
    def _streaming(self) -> Iterator[Any]:
        """A cursor whose rows stay with the server until they are asked for."""
        cursor = self._session.cursor(self._driver.cursors.SSCursor)
        with ExitStack() as stack:
            for step in (self._let_go, type(cursor).close, self._let_go):
                stack.callback(step, cursor)
            yield cursor

    def _let_go(self, cursor: Any) -> None:
        """Where the connection is lost: PyMySQL would read the rest from it, be it when the cursor is collected."""
        result: Any = getattr(cursor, "_result", None)
        if not self._session.open and hasattr(result, "unbuffered_active"):
            result.unbuffered_active = False


def connect(address: Address, *, mode: str, timeout_s: int | None = None, local_infile: bool = False) -> Connection:
    """A session in autocommit, its clock at UTC; `timeout_s` bounds each statement (on MySQL: each SELECT)."""
    driver = _driver()
    options: dict[str, Any] = {"unix_socket": address.unix_socket} if address.unix_socket else {}
    if local_infile:
        options["local_infile"] = True
    try:
        with translated(str(address)):
            session = driver.connect(
                host=address.host,
                port=address.port,
                user=address.user,
                password=address.password if driver.__name__ == "MySQLdb" else address.password.encode(),
                database=address.database,
                charset="utf8mb4",
                use_unicode=False,
                conv={},
                connect_timeout=CONNECT_TIMEOUT_S,
                autocommit=None,  # `_settle` sees to it: without converters PyMySQL cannot say True
                **options,
                **_encryption(driver, address),
            )
    except OSError as error:  # what the network does has the driver's own errors
        raise unusable(error, str(address)) from error
    with ExitStack() as stack:
        stack.callback(session.close)
        _miss_who_vanishes(session)
        connection = Connection(driver, session, address)
        _settle(connection, mode, timeout_s)
        stack.pop_all()
    return connection


def _miss_who_vanishes(session: Any) -> None:
    """As far as the library shows its socket, as PyMySQL does, and the system knows the words."""
    ours = getattr(session, "_sock", None)
    if isinstance(ours, socket.socket) and ours.family != socket.AF_UNIX:
        for name, value in _NOTICED.items():
            if option := getattr(socket, name, None):
                ours.setsockopt(socket.IPPROTO_TCP, option, value)


def _driver() -> ModuleType:
    name = "MySQLdb" if find_spec("MySQLdb") else "pymysql"
    import_module(f"{name}.cursors")
    return import_module(name)


def _encryption(driver: ModuleType, address: Address) -> dict[str, Any]:
    """A named authority means: encrypted or not at all, and to the very host the address names."""
    files = {"ca": address.ssl_ca, "cert": address.ssl_cert, "key": address.ssl_key}
    given = {name: path for name, path in files.items() if path}
    if not given:
        return {}
    if driver.__name__ == "MySQLdb":
        return {"ssl": given, "ssl_mode": "VERIFY_IDENTITY" if address.ssl_verify_identity else "REQUIRED"}
    trusted = {"ssl_verify_cert": True, "ssl_verify_identity": address.ssl_verify_identity} if address.ssl_ca else {}
    return {**{f"ssl_{name}": path for name, path in given.items()}, **trusted}


def _settle(connection: Connection, mode: str, timeout_s: int | None) -> None:
    """What a server gives its sessions is a house's own choice: a limit of rows, checks that are off, a zone."""
    settings = {
        "autocommit": 1,
        "sql_mode": f"'{mode}'",
        "time_zone": "'+00:00'",
        "lock_wait_timeout": LOCK_WAIT_S,
        "innodb_lock_wait_timeout": LOCK_WAIT_S,
        "wait_timeout": _PATIENCE_S,
        "net_write_timeout": _PATIENCE_S,
        "net_read_timeout": _PATIENCE_S,
        "sql_quote_show_create": 1,
        "sql_select_limit": _EVERY_ROW,
        "sql_big_selects": 1,
        "sql_safe_updates": 0,
        "sql_auto_is_null": 0,
        "unique_checks": 1,
        "foreign_key_checks": 1,
        "completion_type": "'NO_CHAIN'",
    }
    if connection.is_mariadb:
        settings |= {"idle_transaction_timeout": 0, "idle_readonly_transaction_timeout": 0}
        settings |= {"check_constraint_checks": 1}
        # a table of ours is wider than theirs: whether it takes a row is asked of each row, not of the declaration
        settings |= {"innodb_strict_mode": 0}
        # a long list of keys stays a search of an index: made a table to join, it was seen to read the whole other one
        settings |= {"max_statement_time": timeout_s or 0, "in_predicate_conversion_threshold": 0}
    else:
        settings |= {"max_execution_time": 1_000 * (timeout_s or 0), "range_optimizer_max_mem_size": 0}
    connection.execute("SET " + ", ".join(f"SESSION {name} = {value}" for name, value in settings.items()))
    connection.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ WRITE")
    connection.execute("SET NAMES utf8mb4")


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn what a client library raises into the project's errors, by the server's number."""
    try:
        yield
    except _driver().MySQLError as error:
        raise fault_of(error, where) from error
