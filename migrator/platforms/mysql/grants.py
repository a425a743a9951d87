"""What a user may do in a database, as the server itself lists it, and the statement that grants what is lacking.

A grant names databases by a pattern, and of one account's patterns only the most exact that fits counts: a second
one beside it would take away what the first gave.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from migrator.platforms.mysql.connect import Connection
from migrator.platforms.mysql.words import ticked
from migrator.platforms.relational.sqltext import literal

LOAD = ("SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "INDEX", "TRIGGER")
"""What a load needs on the whole database; without TRIGGER the server hides the triggers that would fire."""

_GRANT = re.compile(
    r"GRANT (?P<privileges>.+?) ON (?P<scope>\S.*?) TO (?P<account>.+?)(?= IDENTIFIED | REQUIRE | WITH |$)"
)
_ON_DATABASE = re.compile(r"[`\"](?P<pattern>.*)[`\"]\.\*")
_EVERY = "ALL PRIVILEGES"
_WILD = re.compile(r"(?<!\\)[%_]")


@dataclass(frozen=True, kw_only=True)
class _Grant:
    account: str  # of the user, or of a role that is active
    pattern: str | None  # of databases; None on the whole server
    privileges: frozenset[str]

    @property
    def exactness(self) -> int:
        """How many characters come before the first that stands for others."""
        wild = _WILD.search(self.pattern or "")
        return wild.start() if wild else 1_000


def lacking(connection: Connection, needed: Iterable[str]) -> list[str]:
    """Those of the privileges that the user, with the roles active now, does not have on the whole database."""
    held = frozenset[str]().union(*(grant.privileges for grant in _counting(connection)))
    return [privilege for privilege in needed if privilege not in held and _EVERY not in held]


def has_global(connection: Connection, *privileges: str) -> bool:
    """Whether the user has one of these privileges on the whole server."""
    grants = [grant for grant in _grants(connection) if grant.pattern is None]
    return any(grant.privileges & {_EVERY, *privileges} for grant in grants)


def granting(connection: Connection, user: str, privileges: Iterable[str]) -> str:
    """The statement an administrator runs."""
    name, _, host = user.rpartition("@")
    database = re.sub(r"[_%\\]", r"\\\g<0>", connection.database)
    for grant in _counting(connection):
        if grant.pattern is not None and grant.account.replace("`", "").replace('"', "") == user:
            database = grant.pattern
    return f"GRANT {', '.join(privileges)} ON {ticked(database)}.* TO {literal(name)}@{literal(host)};"


def _counting(connection: Connection) -> list[_Grant]:
    """The grants that hold for the database: those on the whole server, and each account's most exact pattern."""
    fitting = [grant for grant in _grants(connection) if _covers(grant.pattern, connection.database)]
    best: dict[tuple[str, bool], _Grant] = {}
    for grant in sorted(fitting, key=lambda grant: grant.exactness):
        best[grant.account, grant.pattern is None] = grant
    return list(best.values())


def _grants(connection: Connection) -> list[_Grant]:
    found = []
    for (line,) in connection.texts("SHOW GRANTS"):
        said = _GRANT.match(line or "")
        on = said and _ON_DATABASE.fullmatch(said["scope"])
        if said and (on or said["scope"] == "*.*"):
            privileges = frozenset(privilege.strip() for privilege in said["privileges"].split(","))
            pattern = on["pattern"].replace("``", "`") if on else None
            found.append(_Grant(account=said["account"], pattern=pattern, privileges=privileges))
    return found


def _covers(pattern: str | None, database: str) -> bool:
    if pattern is None:
        return True
    expression = re.sub(r"\\?.", _as_expression, pattern, flags=re.DOTALL)
    return re.fullmatch(expression, database, re.IGNORECASE | re.DOTALL) is not None


def _as_expression(character: re.Match[str]) -> str:
    return {"%": ".*", "_": "."}.get(character[0], re.escape(character[0].removeprefix("\\")))
