"""What a user may do in a database, as the server itself lists it, and the statements that grant what is lacking."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from migrator.platforms.mysql.connect import Connection
from migrator.platforms.relational.sqltext import literal

LOAD = ("SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "INDEX", "TRIGGER")
"""What a load needs on the whole database; without TRIGGER the server hides the triggers that would fire."""

_GRANT = re.compile(r"GRANT (?P<privileges>.+?) ON (?P<scope>\S.*?) TO ")
_ON_DATABASE = re.compile(r"[`\"](?P<pattern>.*)[`\"]\.\*")
_EVERY = "ALL PRIVILEGES"


def lacking(connection: Connection, needed: Iterable[str]) -> list[str]:
    """Those of the privileges that the user, with the roles active now, does not have on the whole database."""
    held = set(_held(connection))
    return [privilege for privilege in needed if privilege not in held and _EVERY not in held]


def granting(connection: Connection, user: str, privileges: Iterable[str]) -> str:
    """The statement an administrator runs; his session need not take ANSI quotes."""
    name, _, host = user.rpartition("@")
    database = "`" + connection.database.replace("`", "``") + "`"
    return f"GRANT {', '.join(privileges)} ON {database}.* TO {literal(name)}@{literal(host)};"


def _held(connection: Connection) -> Iterator[str]:
    for (line,) in connection.texts("SHOW GRANTS"):
        found = _GRANT.match(line or "")
        if found and _covers(found["scope"], connection.database):
            yield from (privilege.strip() for privilege in found["privileges"].split(","))


def _covers(scope: str, database: str) -> bool:
    """Whether privileges on the scope hold for the whole database; its name is a pattern there."""
    found = _ON_DATABASE.fullmatch(scope)
    if not found:
        return scope == "*.*"
    pattern = re.sub(r"\\?.", _as_expression, found["pattern"].replace("``", "`"), flags=re.DOTALL)
    return re.fullmatch(pattern, database, re.IGNORECASE | re.DOTALL) is not None


def _as_expression(character: re.Match[str]) -> str:
    return {"%": ".*", "_": "."}.get(character[0], re.escape(character[0].removeprefix("\\")))
