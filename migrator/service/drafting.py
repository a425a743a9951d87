"""Operations for whoever writes a mapping: what both sides hold, what looks alike, and a few rows tried at once."""

from __future__ import annotations

from dataclasses import dataclass

from mappings.model import Mapping
from migrator.engine.prepare import room_for
from migrator.engine.trial import Trial, trial
from migrator.engine.workbench import workbench
from migrator.plan import Plan
from migrator.service.opening import Opening
from storage.archive import Archive
from storage.errors import Misuse
from storage.schema import Schema


@dataclass(frozen=True, kw_only=True)
class Drafting(Opening):
    """A mapping that is being written, and may still be wrong elsewhere."""

    def target_schema(self, plan: Plan) -> Schema:
        """What the plan's target holds, as it describes itself now."""
        return self.targets(plan.needs_target().url).describe()

    def map_trial(
        self, archive: Archive, mapping: Mapping, target: Schema, edge: int, *, rows: int, column: str | None = None
    ) -> Trial:
        """A few rows through the edge of that number, or one column of it. Misuse where that does not compile."""
        if not 0 <= edge < len(mapping.edges):
            raise Misuse(f"no edge {edge}", where=mapping.file, next=f"it has {len(mapping.edges)}, counted from 0")
        with workbench(room=room_for(archive, mapping)) as bench:
            return trial(bench, archive, mapping, target, edge, rows=rows, column=column)
