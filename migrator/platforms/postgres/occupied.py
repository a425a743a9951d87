"""Whether a database is empty: of everything that somebody made there, and did not get with an extension."""

from __future__ import annotations

from migrator.platforms.postgres.rebuild_transaction import RebuildTransaction
from storage.errors import Misuse

_TOLD = 10
_THERE = """
WITH there (class, object, schema, what, name) AS (
    SELECT 'pg_class'::regclass, oid, relnamespace, CASE relkind WHEN 'v' THEN 'view' WHEN 'S' THEN 'sequence'
        WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' ELSE 'table' END, relname
    FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL SELECT 'pg_type'::regclass, t.oid, t.typnamespace, 'type', t.typname
    FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
    WHERE t.typtype IN ('e', 'd', 'r') OR t.typtype = 'c' AND c.relkind = 'c'
    UNION ALL SELECT 'pg_proc'::regclass, oid, pronamespace, 'function', proname FROM pg_proc
    UNION ALL SELECT 'pg_collation'::regclass, oid, collnamespace, 'collation', collname FROM pg_collation
)
SELECT t.what || ' ' || quote_ident(n.nspname) || '.' || quote_ident(t.name) FROM there t
JOIN pg_namespace n ON n.oid = t.schema
WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = t.class AND d.objid = t.object AND d.deptype = 'e')
UNION ALL SELECT 'large object ' || oid::text FROM pg_largeobject_metadata
ORDER BY 1
"""


def require_empty(transaction: RebuildTransaction, where: str) -> None:
    """Misuse, naming what is there."""
    there = [str(name) for (name,) in transaction.rows(_THERE)]
    if there:
        more = f" and {len(there) - _TOLD} more" if len(there) > _TOLD else ""
        raise Misuse(
            f"the database is not empty, it has {', '.join(there[:_TOLD])}{more}",
            where=where,
            next="name an empty database; a restore adds to nothing and overwrites nothing",
        )
