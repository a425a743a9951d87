"""Triggers of loaded tables and of their partitions: disabled for a transaction, or watched for what they write."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from migrator.contracts import ACTION, CREATE, OVERWRITE, Staged
from migrator.platforms.postgres.catalog import OURS
from migrator.platforms.relational.sqltext import literal, quoted
from storage.errors import Fault

if TYPE_CHECKING:
    from migrator.platforms.postgres.transaction import PostgresTransaction

_ENABLE = {"O": "ENABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}
_ENABLED = """
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), t.tgname, t.tgenabled,
    pg_get_userbyid(c.relowner)::text, pg_has_role(c.relowner, 'USAGE')
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE (c.oid = {table}::regclass OR c.oid IN (SELECT relid FROM pg_partition_tree({table}::regclass)))
    AND NOT t.tgisinternal AND t.tgenabled <> 'D'
"""
_WRITES = f"""
SELECT n.nspname, c.relname, sum(s.n_tup_ins), sum(s.n_tup_upd), sum(s.n_tup_del)
FROM pg_stat_xact_user_tables s
JOIN pg_class c ON c.oid = coalesce(pg_partition_root(s.relid), s.relid) JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT {OURS} AND n.nspname !~ '^pg_temp'
GROUP BY n.nspname, c.relname
"""


class Triggers:
    """Those that would fire inside one merge transaction, or its undoing."""

    def __init__(self, transaction: PostgresTransaction) -> None:
        self._transaction = transaction
        self._silenced: list[str] = []  # the statements that enable what was disabled

    def silence(self, tables: Iterable[str]) -> None:
        """Each by its name, so that the state it had comes back; what a rolled back transaction disabled never was."""
        for table in tables:
            for relation, name, state, owner, owned in self._transaction.rows(_ENABLED.format(table=literal(table))):
                if not owned:
                    raise Fault(
                        f"only the table's owner, the role {owner}, may disable its trigger {name}",
                        where=relation,
                        next="use a role that belongs to it: an administrator grants that; nothing was changed",
                    )
                self._transaction.execute(f"ALTER TABLE ONLY {relation} DISABLE TRIGGER {quoted(name)}")
                self._silenced.append(f"ALTER TABLE ONLY {relation} {_ENABLE[state]} TRIGGER {quoted(name)}")

    def restore(self) -> None:
        """Enable again what `silence` disabled."""
        if self._silenced:
            self._transaction.check_deferred()  # a table with foreign keys still to look at cannot be altered
        while self._silenced:
            self._transaction.execute(self._silenced.pop())

    def written(self, staged: Sequence[Staged]) -> set[str]:
        """By the server's own count of what this transaction did to each table, less what the load itself did."""
        if not any(one.table.triggers for one in staged):
            return set()
        loaded = {self._transaction.live(one.table): self._own_writes(one) for one in staged}
        known = {self._transaction.live(table): table.name for table in self._transaction.describe().tables}
        written = set()
        for schema, name, *counts in self._transaction.rows(_WRITES):
            live = next((live for live in (f"{quoted(schema)}.{quoted(name)}", quoted(name)) if live in known), name)
            if list(map(int, counts)) != [*loaded.get(live, (0, 0)), 0]:
                written.add(known.get(live, name))
        return written

    def _own_writes(self, one: Staged) -> tuple[int, int]:
        """How many rows the load itself inserted, and how many it updated."""
        query = f"SELECT s.{quoted(ACTION)}, count(*) FROM {self._transaction.stage(one)} s GROUP BY 1"
        counts = {str(action): int(count) for action, count in self._transaction.rows(query)}
        updates = set(one.columns) - set(one.key) - self._transaction.fixed_columns(one.table)
        return counts.get(CREATE, 0), counts.get(OVERWRITE, 0) if updates else 0
