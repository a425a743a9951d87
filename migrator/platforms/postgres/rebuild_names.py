"""Where what is rebuilt lies: names with their schema, whatever else a bare name could mean."""

from __future__ import annotations

from dataclasses import dataclass

from migrator.platforms.relational.sqltext import quoted
from storage.schema import Table


@dataclass(frozen=True, kw_only=True)
class Names:
    """`home` is the database's default schema, in which what names no schema lies."""

    home: str

    def of(self, schema: str | None, name: str) -> str:
        return f"{quoted(self.home if schema is None else schema)}.{quoted(name)}"

    def table(self, table: Table) -> str:
        return self.of(table.schema, table.local_name)
