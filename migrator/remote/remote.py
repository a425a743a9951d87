"""The operations, one by one, as a server does them: what takes long is a run there, and is waited for here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from migrator.contracts import Closed, Undone
from migrator.engine.check import MapCheck
from migrator.engine.doctor import Diagnosis
from migrator.engine.draft import Draft
from migrator.engine.explain import Explanation
from migrator.engine.inspect import Inspection
from migrator.engine.preview import EdgePreview
from migrator.engine.restore import Restored
from migrator.engine.snapshot import Snapshot
from migrator.outcomes import Progress, Tick, silent
from migrator.plan import Plan
from migrator.plan.masking import load_mask_rules
from migrator.remote.documents import Uploading, archive_id, platform
from migrator.remote.following import Following, Found
from migrator.remote.server import Server, path
from migrator.remote.values import read, read_check, read_diagnosis, read_inspection
from migrator.runs.pruning import Policy, Pruning
from migrator.runs.records import RunRecord
from migrator.service.housekeeping import Swept
from migrator.service.loading import Finished
from migrator.service.retention import Retained
from storage.check import CheckResult
from storage.copy import Copied
from storage.errors import Misuse
from storage.outline import Outline
from storage.problem import Problem

_NO_REASON = "no reason was given"


@dataclass(frozen=True, kw_only=True)
class Remote(Uploading, Following):
    """What `Service` does, of a server. Plans and mappings are read here, and written there where they changed."""

    @classmethod
    def at(
        cls, url: str, token: str, progress: Progress = silent, *, is_detached: bool = False, reason: str = ""
    ) -> Remote:
        """Misuse where the address is none, or nobody says who asks."""
        server = Server.at(url, token)
        return cls(server=server, progress=progress, is_detached=is_detached, reason=reason or _NO_REASON)

    # ── looking ─────────────────────────────────────────────────────────────────────────────────────────────
    def inspect(self, url: str) -> Inspection:
        self._asks("inspect")
        return read_inspection(self.server.get(path("platforms", platform(url), "inspection")))

    def draft(self, url: str, *, tenant: str = "", root: str = "") -> Draft:
        self._asks("draft")
        drafted = path("platforms", platform(url), "draft")
        return read(Draft, self.server.get(drafted, tenant=tenant, root=root))

    def explain(self, plan: Plan, *, count: bool = False) -> Explanation:
        self._asks("scope")
        return read(Explanation, self.server.get(self.of_plan(plan, "scope"), count=count))

    def doctor(self, plan: Plan) -> Diagnosis:
        self._asks("doctor")
        return read_diagnosis(self.server.get(self.of_plan(plan, "doctor")))

    def map_check(self, plan: Plan, archive: str | None) -> MapCheck:
        self._asks("map check")
        return read_check(self.server.get(self.of_plan(plan, "check"), archive=_id(archive)))

    def map_preview(self, plan: Plan, archive: str | None, *, table: str | None, rows: int) -> tuple[EdgePreview, ...]:
        self._asks("map preview")
        asked = self.of_plan(plan, "preview")
        found = self.server.get(asked, archive=_id(archive), table=table, rows=rows)
        return tuple(read(EdgePreview, one) for one in found["edges"])

    # ── archives ────────────────────────────────────────────────────────────────────────────────────────────
    def outline(self, location: str) -> Outline:
        return read(Outline, self.server.get(path("archives", archive_id(location))))

    def check_archive(self, location: str, *, key: str | None = None) -> CheckResult:
        return read(CheckResult, self.server.get(path("archives", archive_id(location), "check"), key=key))

    def copy_archive(self, location: str, store: str) -> Copied:
        self._asks("copy")
        return read(Copied, self.server.post(path("archives", archive_id(location), "copies"), {"store": store}))

    def snapshot(
        self, plan: Plan, mask: Path | None = None, *, subject: str | None = None, prove_full: bool = False
    ) -> tuple[RunRecord, Snapshot]:
        rules = load_mask_rules(mask).text if mask is not None else None
        asked = {"mask": rules, "subject": subject, "prove_full": prove_full}
        record = self._performed(self.server.start(self.of_plan(plan, "snapshots"), asked))
        return record, self._value(record, Snapshot)

    def restore(self, location: str, url: str, *, master: bool = False) -> tuple[RunRecord, Restored]:
        asked = {"platform": f"${{{platform(url)}}}", "form": "csv" if master else "parquet"}
        record = self._performed(self.server.start(path("archives", archive_id(location), "restores"), asked))
        return record, self._value(record, Restored)

    # ── loads ───────────────────────────────────────────────────────────────────────────────────────────────
    def rehearse(self, plan: Plan, archive: str | None, *, whole: bool = False, on: str | None = None) -> Finished:
        if on is not None:
            raise Misuse("a server rehearses in the plan's own target", where="--on", next="leave it out")
        asked = {"archive": _id(archive), "whole": whole}
        return self._finished(self.server.start(self.of_plan(plan, "rehearsals"), asked))[0]

    def migrate(self, plan: Plan, archive: str | None, *, whole: bool = False, waive: str | None = None) -> Finished:
        asked = {"archive": _id(archive), "whole": whole, "waive": waive, "reason": self.reason}
        return self._finished(self.server.start(self.of_plan(plan, "migrations"), asked))[0]

    def verify(self, run_id: str, *, deep: bool = False) -> Finished:
        return self._finished(self.server.start(self._of_run(run_id, "verifications"), {"deep": deep}))[0]

    def rollback(self, run_id: str, *, whole: bool = False) -> tuple[Finished, Undone]:
        asked = {"whole": whole, "reason": self.reason}
        finished, found = self._finished(self.server.start(self._of_run(run_id, "rollbacks"), asked))
        assert found.undone is not None
        return finished, found.undone

    def close(self, run_id: str) -> tuple[RunRecord, Closed]:
        record = self._performed(self.server.start(self._of_run(run_id, "closings"), {"reason": self.reason}))
        return record, self._value(record, Closed)

    # ── runs ────────────────────────────────────────────────────────────────────────────────────────────────
    def resume(self, run_id: str, *, url: str | None = None) -> tuple[RunRecord, Found]:
        _no_address(url)
        self.server.post(self._of_run(run_id, "resume"))
        record = self._ended(self.run(run_id))
        return record, self._found(record)

    def cancel(self, run_id: str, *, url: str | None = None) -> RunRecord:
        _no_address(url)
        return read(RunRecord, self.server.post(self._of_run(run_id, "cancel")))

    def told(self, record: RunRecord) -> tuple[Problem, ...]:
        """What the operator of a snapshot was told of other tenants; nothing for whoever may not run one."""
        if record.kind != "snapshot":
            return ()
        try:
            found = self._answer(record).get("found")
        except Misuse:
            return ()
        return read(Snapshot, found).proof.told if found is not None else ()

    # ── what goes ───────────────────────────────────────────────────────────────────────────────────────────
    def sweep(self, plan: Plan, *, quiet: timedelta) -> Swept:
        asked = {"quiet_hours": round(quiet / timedelta(hours=1))}
        return read(Swept, self.server.post(self.of_plan(plan, "sweeps"), asked))

    def retain(self, plan: Plan, *, apply: bool) -> Retained:
        retention = self.of_plan(plan, "retention")
        found = read(Retained, self.server.get(retention))
        if apply and (found.archives.goes or (found.runs and found.runs.goes)):
            self._agreed(self.server.start(retention, {"reason": self.reason}))
        return found

    def prune(self, policy: Policy, *, apply: bool) -> Pruning:
        """Of every tenant whose runs whoever asks may see."""
        asked = {"keep": policy.keep, "days": round(policy.days)}
        found = []
        for tenant in sorted({run.tenant for run in self.runs()}):
            pruning = path("tenants", tenant, "pruning")
            found.append(read(Pruning, self.server.get(pruning, **asked)))
            if apply and found[-1].goes:
                self._agreed(self.server.start(pruning, {**asked, "reason": self.reason}))
        return Pruning(
            goes=tuple(run for one in found for run in one.goes),
            stays=tuple(stay for one in found for stay in one.stays),
            young=sum(one.young for one in found),
        )

    def _asks(self, what: str) -> None:
        self.progress(Tick(step=f"{what}, on the server"))

    def _of_run(self, run_id: str, what: str) -> str:
        return path("runs", self.run(run_id).run_id, what)


def _id(archive: str | None) -> str | None:
    return archive_id(archive) if archive is not None else None


def _no_address(url: str | None) -> None:
    if url is not None:
        raise Misuse("a server knows the addresses of its platforms", where="--url", next="leave it out")
