"""Operations on what is kept: what goes when nothing needs it any more, and what comes back when it was lost."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from migrator.engine.load import stands
from migrator.plan import Plan
from migrator.runs.backup import BackedUp, Keys, backup
from migrator.runs.catalog import Catalog
from migrator.runs.kept import place_of
from migrator.runs.pruning import Policy, Pruning, pruning
from migrator.runs.rebuilding import Rebuilt, rebuild
from migrator.runs.records import RunRecord
from migrator.service.addresses import require_same_place
from migrator.service.belongings import BELONGINGS
from migrator.service.loading import Loading
from storage.errors import MigratorError, Misuse
from storage.location import open_store
from storage.run_documents import forget_documents, sweep_documents
from storage.seal import SigningKeys
from storage.sweep import Leftover, sweep
from storage.system import translated

_OVER = ("done", "cancelled")
"""What failed by a fault may be resumed, and goes on with what it staged."""


@dataclass(frozen=True, kw_only=True)
class Swept:
    """What was removed: of archives that never became any, of documents of runs, and of loads in a target."""

    archives: tuple[Leftover, ...]
    documents: int  # objects
    staging: int = 0  # loads that had rows there
    files: int = 0  # loads that had put files there


@dataclass(frozen=True, kw_only=True)
class Housekeeping(Loading):
    """Pruning, sweeping, backing up and rebuilding."""

    # ── what goes ───────────────────────────────────────────────────────────────────────────────────────────
    def prune(self, policy: Policy, *, apply: bool, tenant: str | None = None) -> Pruning:
        """What of the runs, of one tenant where asked, goes by this policy; it does go where that is to be applied."""
        with self._catalog() as catalog:
            runs = [run for run in catalog.runs() if tenant in (None, run.tenant)]
            return self._pruned(catalog, runs, policy, apply=apply)

    def _pruned(self, catalog: Catalog, runs: Sequence[RunRecord], policy: Policy, *, apply: bool) -> Pruning:
        found = pruning(runs, policy, datetime.now(UTC), self._needed)
        if apply and found.goes:
            self._forget_all(catalog, sorted(found.goes, key=lambda run: run.of_run is None))
        return found

    def _needed(self, run: RunRecord) -> str | None:
        """Why a run that ended must stay: what it left elsewhere would be left for ever."""
        folder = self._folder(run)
        if run.host != socket.gethostname() and not folder.path.exists():
            return f"its folder lies on {run.host}: prune it there"
        if run.kind != "migration" or (
            folder.path.exists() and not folder.decisions.exists()
        ):  # it never began to load
            return None
        try:
            variables = self._serving(run).settings.variables
            plan = folder.plan(file=run.plan_file, variables=variables)
            marker = stands(self.targets(plan.needs_target().url), run.run_id)
            if marker is None:
                require_same_place(run, plan.needs_target().url)
        except MigratorError as error:
            return f"whether its load stands cannot be asked: {error.what}"
        if marker is not None and marker.closed_at is None:
            return f"its load stands: take it back, or accept it with migrator runs close {run.run_id}"
        return None

    def _forget_all(self, catalog: Catalog, runs: Sequence[RunRecord]) -> None:
        from migrator.runs.durable import durable  # slow to import

        with durable(self.settings.durable_url) as steps:
            for run in runs:
                steps.forget(run.run_id)  # of one that failed they were kept, for whoever resumes it
                self._forget(catalog, run)

    def _forget(self, catalog: Catalog, run: RunRecord) -> None:
        """The record goes last: until then the run is found again, and this is done once more."""
        folder = self.settings.run_folder(run.run_id)
        if place := place_of(folder):
            forget_documents(open_store(place, self.settings.accounts), run.run_id)
        if folder.exists():
            with translated(folder):
                shutil.rmtree(folder)
        catalog.forget(run.run_id)

    def sweep(self, plan: Plan, *, quiet: timedelta) -> Swept:
        """Remove what killed runs left in the plan's store, where nothing moved for so long, and in its target."""
        store, before = self._store(plan), datetime.now(UTC) - quiet
        archives, documents = sweep(store, before=before), sweep_documents(store, before=before)
        if plan.target is None:
            return Swept(archives=archives, documents=documents)
        target, files = self.targets(plan.target.url), self._files(plan)
        journals = len(files.journals())
        with self._catalog() as catalog:
            staging = target.sweep([run.run_id for run in catalog.runs() if run.state in _OVER])
            self._take_back_left(catalog, files, target)
        return Swept(archives=archives, documents=documents, staging=staging, files=journals - len(files.journals()))

    # ── what comes back ─────────────────────────────────────────────────────────────────────────────────────
    def backup(self, to: Path, *, with_keys: bool) -> BackedUp:
        """The catalog and the folders of runs into a new folder; keys only where they are asked for."""
        keys = Keys(folder=self.settings.keys, vault=self.settings.vault) if with_keys else None
        if keys is not None and SigningKeys.load(keys.folder) is None:
            raise Misuse("there are no keys yet", where=str(keys.folder), next="leave out --with-keys")
        runs = self.settings.home / "runs"
        return backup(self.settings.catalog_url, runs, keys, to.absolute(), also=BELONGINGS)

    def rebuild(self, stores: Sequence[str], keys: Collection[str]) -> Rebuilt:
        """The catalog from what stores keep alone; `keys` are fingerprints beside that of the own key."""
        own = SigningKeys.load(self.settings.keys)
        trusted = {*(key.lower() for key in keys), *([own.fingerprint] if own else [])}
        opened = [open_store(store, self.settings.accounts) for store in stores]
        with self._catalog():  # makes the home where there is none yet
            return rebuild(opened, self.settings.catalog_url, self.settings.run_folder, trusted)
