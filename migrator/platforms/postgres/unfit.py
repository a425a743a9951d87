"""Tables that no load goes into, since it could not be taken back: found under the load's own locks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.platforms.relational.sqltext import literal, said
from storage.errors import Red
from storage.schema import Table

if TYPE_CHECKING:
    from migrator.platforms.postgres.transaction import PostgresTransaction

_HEIRS = """
SELECT h.inhrelid::regclass::text FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhparent
WHERE c.relkind = 'r' AND c.oid = {table}::regclass ORDER BY 1 LIMIT 3
"""
_PUBLICATIONS = """
WITH tree AS (
    SELECT c.*, n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = {table}::regclass OR c.oid IN (SELECT relid FROM pg_partition_tree({table}::regclass))
)
SELECT DISTINCT p.pubname::text FROM pg_publication p JOIN pg_publication_tables m ON m.pubname = p.pubname
JOIN tree ON tree.nspname = m.schemaname AND tree.relname = m.tablename
WHERE (p.pubupdate OR p.pubdelete) AND EXISTS (
    SELECT 1 FROM tree WHERE relkind = 'r' AND (relreplident = 'n' OR relreplident = 'd' AND NOT EXISTS (
        SELECT 1 FROM pg_index i WHERE i.indrelid = tree.oid AND i.indisprimary)))
"""


def require_fit(transaction: PostgresTransaction, table: Table) -> None:
    """Red where the table's rows are not its own alone, or where the server lets nobody delete them."""
    name = literal(transaction.live(table))
    if heirs := transaction.rows(_HEIRS.format(table=name)):
        raise Red(
            f"other tables inherit from this one, and their rows would be taken for its own: {said(heirs)}",
            where=table.name,
            next="load into a table without heirs, or make them partitions",
        )
    if publications := transaction.rows(_PUBLICATIONS.format(table=name)):
        raise Red(
            f"no row of it can be changed or deleted while a publication has it: {said(publications)}",
            where=table.name,
            next=f"ALTER TABLE {transaction.live(table)} REPLICA IDENTITY FULL, or give it a primary key",
        )
