"""The address of a MariaDB or MySQL database, read once: `mysql://user:password@host:port/database?option=…`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from storage.errors import Misuse

_ADDRESS = re.compile(
    r"(?:mysql|mariadb)://"
    r"(?:(?P<user>[^:/@]*)(?::(?P<password>.*))?@)?"  # greedy: a password may itself hold what separates an address
    r"(?P<host>\[[^\]]+\]|[^:/?@\[]*)(?::(?P<port>\d+))?"
    r"/(?P<database>[^/?]+)(?:\?(?P<options>.*))?",
    re.DOTALL,
)
_OPTIONS = ("unix_socket", "ssl_ca", "ssl_cert", "ssl_key", "ssl_verify_identity")
_NEXT = "write mysql://user:password@host:port/database, anything special in a name or password percent-encoded"


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where a database is and who asks. Printing it never shows the password."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False, default="")
    unix_socket: str | None = None
    ssl_ca: str | None = None
    ssl_cert: str | None = None
    ssl_key: str | None = field(repr=False, default=None)
    ssl_verify_identity: bool = True

    def __str__(self) -> str:
        return f"mysql://{self.user}@{self.unix_socket or f'{self.host}:{self.port}'}/{self.database}"


def address_of(url: str) -> Address:
    """The parts of an address; Misuse where it is not one, or has an option nobody knows."""
    found = _ADDRESS.fullmatch(url)
    if not found:
        raise Misuse("not a MariaDB or MySQL address", where=url.rpartition("@")[2], next=_NEXT)
    options = dict(parse_qsl(found["options"] or "", keep_blank_values=True))
    unknown = sorted(set(options) - set(_OPTIONS))
    if unknown:
        raise Misuse(
            f"the address has an option nobody knows: {', '.join(unknown)}",
            where=f"{found['host']}/{found['database']}",
            next=f"options are {', '.join(_OPTIONS)}",
        )
    if "ssl_verify_identity" in options and "ssl_ca" not in options:
        raise Misuse(
            "ssl_verify_identity says how to check a certificate, and nothing says by which authority",
            where=f"{found['host']}/{found['database']}",
            next="add ssl_ca=file: the PEM file of the authority, or the machine's own collection of public ones",
        )
    return Address(
        host=(found["host"] or "localhost").strip("[]"),
        port=int(found["port"] or 3306),
        database=unquote(found["database"]),
        user=unquote(found["user"] or "root"),
        password=unquote(found["password"] or ""),
        unix_socket=options.get("unix_socket"),
        ssl_ca=options.get("ssl_ca"),
        ssl_cert=options.get("ssl_cert"),
        ssl_key=options.get("ssl_key"),
        ssl_verify_identity=options.get("ssl_verify_identity", "true").lower() not in ("false", "0", "no"),
    )
