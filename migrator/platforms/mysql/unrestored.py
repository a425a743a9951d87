"""What a database of MariaDB or MySQL has beside tables, and no restore makes again: notes of a model, with names.

Accounts are not named: they are the server's, and where each tenant has one, their names are those of other tenants.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from migrator.platforms.mysql.connect import Connection

_PROGRAMS = """
SELECT CONCAT(LOWER(routine_type), 's'), routine_name FROM information_schema.routines
WHERE routine_schema = DATABASE()
UNION ALL SELECT 'events', event_name FROM information_schema.events WHERE event_schema = DATABASE()
ORDER BY 1, 2
"""
_OTHERS = "table_schema = DATABASE() AND grantee <> CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''')"
_GRANTS = f"""
SELECT 'grants on the database', privilege_type FROM information_schema.schema_privileges WHERE {_OTHERS}
UNION SELECT 'grants on tables', table_name FROM information_schema.table_privileges WHERE {_OTHERS}
UNION SELECT 'grants on columns', CONCAT(table_name, '.', column_name)
FROM information_schema.column_privileges WHERE {_OTHERS}
ORDER BY 1, 2
"""
_COMMENT = "SELECT schema_comment FROM information_schema.schemata WHERE schema_name = DATABASE()"
_COMMENTED = (10, 5)


def notes(connection: Connection) -> Iterator[str]:
    """One of each kind. Of grants, those that the server shows to this user."""
    found: dict[str, list[str]] = defaultdict(list)
    for kind, name in (*connection.texts(_PROGRAMS), *connection.texts(_GRANTS)):
        found[kind or ""].append(name or "")
    yield from (f"{kind}: {', '.join(names)}" for kind, names in found.items())
    if connection.is_mariadb and connection.release >= _COMMENTED and connection.text(_COMMENT):
        yield "the comment on the database"
