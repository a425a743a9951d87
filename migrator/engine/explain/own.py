"""The first of the tenant's own rows: what an explanation looks at, however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from migrator.contracts import Among, Predicate, Reading
from migrator.engine.classify import OWNED
from migrator.engine.draft.evidence import EVERY_ROW, MOST_ROWS, Evidence, Sample
from migrator.engine.scope import Resolved
from migrator.engine.workbench import QueryKeys
from storage.schema import Table


def first_rows(resolved: Resolved, name: str, most: int) -> Predicate:
    """What selects the first of the tenant's rows of a table by their keys; all of a table without a key."""
    class_ = OWNED if resolved.classified.classes[name] == OWNED else None
    predicate = resolved.closure.predicate(name, class_)
    if isinstance(predicate, Among) and isinstance(keys := predicate.keys, QueryKeys):
        return replace(predicate, keys=replace(keys, query=f"SELECT * FROM ({keys.query}) LIMIT {most}"))
    return predicate


class OwnEvidence(Evidence):
    """Evidence from the tenant's rows alone; whether their values are keys of a table, all of the table says."""

    def __init__(self, reading: Reading, resolved: Resolved) -> None:
        super().__init__(reading)
        self._resolved = resolved

    def sample(
        self, table: Table, columns: Sequence[str], *, most: int = MOST_ROWS, where: Predicate = EVERY_ROW
    ) -> Sample:
        own = self._resolved.closure.table(table.name)
        return super().sample(own, columns, most=most, where=first_rows(self._resolved, table.name, most + 1))
