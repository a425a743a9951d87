"""Operations that look, and change nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from migrator.contracts import ReadLimits
from migrator.engine.check import MapCheck
from migrator.engine.doctor import Diagnosis, Lone, Part, Rates, Surroundings, doctor, look_at_platform
from migrator.engine.draft import Draft, draft
from migrator.engine.explain import Explanation, explain
from migrator.engine.gentle import as_planned, gently
from migrator.engine.inspect import Inspection, inspect
from migrator.engine.prepare import prepare, room_for
from migrator.engine.preview import EdgePreview, preview
from migrator.engine.scope import Scope, resolve
from migrator.engine.workbench import workbench
from migrator.plan import Plan
from migrator.runs.rates import rates
from migrator.service.opening import Opening
from storage.address import redacted
from storage.errors import Misuse
from storage.location import is_store, open_store


@dataclass(frozen=True, kw_only=True)
class Looking(Opening):
    """What is there, what leaves, what stands in the way, and what would go wrong."""

    def inspect(self, url: str) -> Inspection:
        return inspect(self.sources(self.address(url), ReadLimits()))

    def scope(self, plan: Plan) -> Scope:
        with as_planned(self._source(plan), plan.needs_source()) as reading, workbench() as bench:
            return resolve(reading, plan, bench).scope

    def explain(self, plan: Plan, *, count: bool = False) -> Explanation:
        """What leaves and what does not, explained; `count` reads how many rows every table has, others' too."""
        source, rules = self._source(plan), plan.needs_source().scope
        sizes = () if count else source.examine(tuple(rules.excluded), rules.views).sizes
        with as_planned(source, plan.needs_source()) as reading, workbench() as bench:
            return explain(reading, resolve(reading, plan, bench), bench, sizes, count=count)

    def draft(self, url: str, *, tenant: str = "", root: str = "") -> Draft:
        """A scope proposed for a source, for a person to confirm; see `engine.draft`."""
        with gently(self.sources(self.address(url), ReadLimits()), ReadLimits()) as reading:
            return draft(reading, tenant=tenant, root=root)

    def try_platform(self, url: str) -> tuple[Part, ...]:
        """Whether a platform answers, as whom we are there, and what is lacking for each use it may be put to."""
        address = self.address(url)
        return look_at_platform(
            Lone(
                source=lambda: self.sources(address, ReadLimits()),
                target=lambda: self.targets(address),
                store=(lambda: open_store(address, self.settings.accounts)) if is_store(address) else None,
                place=redacted(address),
            )
        )

    def doctor(self, plan: Plan) -> Diagnosis:
        """Look at everything the plan names before anything starts; what cannot be looked at is told, not raised."""
        source, target = plan.source, plan.target
        around = Surroundings(
            source=lambda: self._source(plan),
            target=lambda: self.targets(plan.needs_target().url),
            store=lambda: self._store(plan),
            mapping=lambda: self.mapping(plan),
            rates=lambda: self._rates(plan),
            places=self._place,
            shelves=self._shelf,
            home=self.settings.home,
            keys=self.settings.keys,
            source_address=redacted(source.url) if source else "",
            target_address=redacted(target.url) if target else "",
            store_address=self._store_of(plan),
        )
        return doctor(plan, around)

    def _rates(self, plan: Plan) -> Rates:
        """From the catalog, where there is one: looking makes none."""
        kind, _, file = self.settings.catalog_url.partition(":///")
        if kind == "sqlite" and not Path(file).is_file():
            return Rates()
        with self._catalog() as catalog:
            return rates(catalog, plan.name, lambda run: self._folder(run).report())

    def map_check(self, plan: Plan, archive: str | None) -> MapCheck:
        target = self.targets(plan.needs_target().url)
        intact, mapping = self._intact(plan, archive), self.mapping(plan)
        with workbench(room=room_for(intact, mapping)) as bench:
            checked = self._checked(bench, plan, intact, mapping, target, self._files(plan))
            return replace(checked, prepared=None)

    def map_preview(self, plan: Plan, archive: str | None, *, table: str | None, rows: int) -> tuple[EdgePreview, ...]:
        mapping = self.mapping(plan)
        names = [found.name for found in mapping.tables]
        if table is not None and table not in names:
            raise Misuse(
                f"the mapping fills no table {table!r}", where=mapping.file, next=f"tables: {', '.join(names)}"
            )
        schema = self.targets(plan.needs_target().url).describe()
        opened = self.archive_of(plan, archive)
        with workbench(room=room_for(opened, mapping)) as bench:
            prepared = prepare(bench, opened, mapping, schema, progress=self.progress)
            return tuple(preview(prepared, table=table, rows=rows))
