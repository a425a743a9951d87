"""Tables that no load goes into, since it could not be taken back whole: found by the doctor, and under the locks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from migrator.platforms.relational.sqltext import literal, said
from storage.errors import Red

Ask = Callable[[str], Sequence[Sequence[object]]]
"""Run a query whose result is short."""


@dataclass(frozen=True, kw_only=True)
class _Obstacle:
    """`query` finds the names of what stands in the way; {table} is the table's own name, as a text or in SQL."""

    query: str
    what: str
    next: str


_TREE = """
SELECT c.*, n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = {table}::regclass OR c.oid IN (SELECT relid FROM pg_partition_tree({table}::regclass))
"""
_OBSTACLES = (
    _Obstacle(
        query="""
        SELECT h.inhrelid::regclass::text FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhparent
        WHERE c.relkind = 'r' AND c.oid = {table}::regclass ORDER BY 1 LIMIT 3
        """,
        what="other tables inherit from this one, and their rows would be taken for its own: {}",
        next="load into a table without heirs, or make them partitions",
    ),
    _Obstacle(
        query="""
        SELECT DISTINCT rulename::text FROM pg_rewrite
        WHERE ev_class = {table}::regclass AND ev_type <> '1' AND ev_enabled <> 'D' ORDER BY 1
        """,
        what="rules make other statements of what is written here, which nobody journals: {}",
        next="ALTER TABLE {table} DISABLE RULE for each, until the load is there; or make them triggers",
    ),
    _Obstacle(
        query=f"""
        WITH tree AS ({_TREE})
        SELECT DISTINCT p.pubname::text FROM pg_publication p JOIN pg_publication_tables m ON m.pubname = p.pubname
        JOIN tree ON tree.nspname = m.schemaname AND tree.relname = m.tablename
        WHERE (p.pubupdate OR p.pubdelete) AND EXISTS (
            SELECT 1 FROM tree WHERE relkind = 'r' AND (relreplident = 'n' OR relreplident = 'd' AND NOT EXISTS (
                SELECT 1 FROM pg_index i WHERE i.indrelid = tree.oid AND i.indisprimary)))
        """,
        what="no row of it can be changed or deleted while a publication has it: {}",
        next="ALTER TABLE {table} REPLICA IDENTITY FULL, or give it a primary key",
    ),
)


def obstacles(name: str, ask: Ask) -> Iterator[tuple[str, str]]:
    """What stands in the way of a load into the table of this quoted name, and what to do about it."""
    for obstacle in _OBSTACLES:
        if found := ask(obstacle.query.format(table=literal(name))):
            yield obstacle.what.format(said(found)), obstacle.next.format(table=name)


def require_fit(name: str, ask: Ask, where: str) -> None:
    """Red where its rows are not its own alone, or writing them does more or less than it says."""
    for what, next in obstacles(name, ask):
        raise Red(what, where=where, next=next)
