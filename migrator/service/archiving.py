"""Operations on archives: taking, checking, copying, restoring them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event

from migrator.contracts import ReadLimits
from migrator.engine.halfway import Attempt
from migrator.engine.keeping import Keep
from migrator.engine.masks.key import MaskKey
from migrator.engine.masks.masked import Masker
from migrator.engine.restore import Restored, restore
from migrator.engine.snapshot import Snapshot, recorded, snapshot
from migrator.outcomes import Steps, Tick, Verdict
from migrator.plan import Plan, SourcePlan
from migrator.plan.masking import MaskRules, load_mask_rules, read_mask_rules
from migrator.runs.catalog import Catalog
from migrator.runs.recorded import Recording
from migrator.runs.records import ArchiveRecord, RunRecord
from migrator.runs.request import Document, RestoreRequest, SnapshotRequest
from migrator.service.keeper import KeeperProcess
from migrator.service.opening import refuse_export
from migrator.service.performing import Performing, Work, itself
from migrator.service.spreading import Spreading
from migrator.settings import tool
from storage.address import redacted
from storage.check import CheckResult, check_archive
from storage.copy import Copied, copy_archive
from storage.errors import Fault, Misuse, Red
from storage.location import open_store
from storage.outline import Outline
from storage.seal import SigningKeys
from storage.sweep import QUIET, sweep, swept_in_words


@dataclass(frozen=True, kw_only=True)
class Archiving(Performing, Spreading):
    """Archives in, out and back."""

    def snapshot(
        self, plan: Plan, mask: Path | Document | None = None, *, subject: str | None = None, prove_full: bool = False
    ) -> tuple[RunRecord, Snapshot]:
        """Take a snapshot of the plan's tenant; Red, with nothing left in the store, where it cannot be whole.

        `mask` is a file (or a text) of rules by which values are replaced before they are archived; `subject` names
        the one person of the tenant that it is to be about: `table=key` or `table.column=value`. With `prove_full`,
        all that stays behind is asked, too.
        """
        if mask is not None and subject is not None:
            raise Misuse(
                "a person's own data is not masked", where="--subject", next="leave out --mask, or take them one by one"
            )
        if prove_full and subject is not None:
            raise Misuse(
                "the full proof asks all that is not the tenant's, and most of the tenant stays behind here",
                where="--prove",
                next="leave out --prove full: the list of mentions says what stays behind and is about the person",
            )
        rules = _rules(mask)
        request = SnapshotRequest(
            plan=Document(text=plan.text, file=plan.file),
            mask=Document(text=rules.text, file=rules.file) if rules is not None else None,
            mask_key=self._mask_key().fingerprint if rules is not None else None,
            subject=subject,
            prove_full=prove_full,
        )
        if self.is_detached:
            self._source(plan).describe()  # what cannot be opened is told to who asks, and not to a log at night
        with self._catalog() as catalog:
            return self._begin(catalog, request, self._snapshot(catalog, request))

    def _snapshot(self, catalog: Catalog, request: SnapshotRequest) -> Work[Snapshot]:
        plan = self.read_plan(request.plan)
        self._source(plan)  # an address that no driver knows is refused before anything begins
        masker = self._masker(request.mask, request.mask_key) if request.mask is not None else None

        def perform(recording: Recording, steps: Steps) -> Snapshot:
            store, source = self._store(plan), plan.needs_source()
            swept = swept_in_words(sweep(store, before=datetime.now(UTC) - QUIET))
            run, limits = recording.run, source.limits
            with self._told(run), self._shared(catalog, run, request, limits) as (shares, limits):
                attempt = Attempt(run=run.run_id, steps=steps, shares=shares, keep=_keep(source))
                taken = snapshot(
                    self.sources(source.url, limits),
                    plan,
                    store,
                    SigningKeys.load_or_create(self.settings.keys),
                    tool=tool(),
                    places=self._place,
                    mask=masker,
                    subject=request.subject,
                    prove_full=request.prove_full,
                    attempt=attempt,
                    progress=self.progress,
                    committed=recording.settle,
                )
            _record_archive(catalog, plan, taken)
            self._keep_told(recording.run, taken)
            with suppress(Fault):  # a list that stays is swept one day
                recorded(store, taken)
            recording.verdict = Verdict.GREEN
            return replace(taken, notes=(*taken.notes, *swept, *store.notes()))

        return Work(
            kind="snapshot",
            plan=plan.name,
            tenant=plan.tenant,
            source=redacted(plan.needs_source().url),
            plan_file=plan.file,
            perform=perform,
            answer=itself,
            store=self._store_of(plan),
        )

    @contextmanager
    def _told(self, record: RunRecord) -> Iterator[None]:
        """Why there is no archive is kept as it is told: whole, with the rows it names."""
        try:
            yield
        except Red as red:
            with suppress(Fault):  # the first error is the one to tell
                self._folder(record).keep_told(red.problems)
            raise

    def _keep_told(self, record: RunRecord, taken: Snapshot) -> None:
        try:
            self._folder(record).keep_told(taken.proof.told)
        except Fault as error:
            raise Fault(
                f"the archive is complete, but what its proof found of others' rows is not kept: {error.what}",
                where=taken.sealed.location,
                next="it can be used as it is; take another snapshot to be told once more",
            ) from error

    def _masker(self, rules: Document, fingerprint: str | None) -> Masker:
        """Masks as was asked for; Misuse where only another key is at hand, which would mask otherwise."""
        key = self._mask_key()
        if fingerprint not in (None, key.fingerprint):
            raise Misuse(
                "the run was begun with another masking key than there is here: its values would be masked otherwise",
                where=f"masking key {key.fingerprint}, not {fingerprint}",
                next="perform it where it was begun, or set MIGRATOR_MASK_KEY to the same secret on every machine",
            )
        return Masker(rules=read_mask_rules(rules.text, file=rules.file), key=key)

    def _mask_key(self) -> MaskKey:
        secret = self.settings.mask_secret
        return MaskKey.of(secret) if secret is not None else MaskKey.load_or_create(self.settings.keys)

    def outline(self, location: str) -> Outline:
        """Whose data, as of when, which tables, rows and bytes."""
        return Outline.of(self.archive(location))

    def check_archive(self, location: str, *, key: str | None = None) -> CheckResult:
        return check_archive(*self._opened(location), key=key)

    def copy_archive(self, location: str, store: str) -> Copied:
        """Copy an archive into another store, and check the copy whole."""
        target = open_store(self.address(store, may_lead_below=True), self.settings.accounts)
        return copy_archive(*self._opened(location), target, told=self._copying)

    def _copying(self, done: int, total: int) -> None:
        self.progress(Tick(step="copy", done=done, total=total))

    def restore(self, location: str, url: str, *, master: bool = False) -> tuple[RunRecord, Restored]:
        """The archive back into an empty platform of its kind; nothing is left there of one that failed on the way."""
        address = self.address(url)
        request = RestoreRequest(archive=location, url=redacted(url), master=master)
        if self.is_detached and request.url != url:
            raise Misuse("no password is ever kept for a worker", where="--detach", next="restore it from here")
        with self._catalog() as catalog:
            return self._begin(catalog, request, self._restore(request, address))

    def _restore(self, request: RestoreRequest, url: str) -> Work[Restored]:
        """Into the platform at `url`, whose password the request does not hold."""
        target, source = self.targets(url), partial(self.sources, url, ReadLimits())
        archive = self._readable(self.archive(request.archive))
        refuse_export(archive)
        made = Event()

        def perform(recording: Recording, steps: Steps) -> Restored:
            restored = restore(
                archive,
                target,
                source,
                master=request.master,
                steps=steps,
                progress=self.progress,
                stands=made.set,
            )
            recording.verdict = restored.verdict
            return restored

        return Work(
            kind="restore",
            plan=archive.identity.plan,
            tenant=archive.identity.tenant,
            archive=archive.location,
            target=redacted(url),
            perform=perform,
            answer=itself,
            took_effect=lambda _record: made.is_set(),
            store=archive.store.url,
        )


def _keep(source: SourcePlan) -> Keep | None:
    """How its point in time is held for whoever resumes the run; None where the plan wants nobody to."""
    minutes = source.limits.hold_minutes
    return partial(KeeperProcess.start, source.url, minutes) if minutes else None


def _record_archive(catalog: Catalog, plan: Plan, taken: Snapshot) -> None:
    record = ArchiveRecord(
        archive_id=taken.sealed.archive_id,
        location=taken.sealed.location,
        tenant=plan.tenant,
        plan=plan.name,
        created_at=taken.identity.created_at,
        rows=taken.sealed.rows,
        bytes=taken.sealed.bytes,
        fingerprint=taken.sealed.fingerprint,
        fence=taken.identity.fence,
    )
    try:
        catalog.record_archive(record)
    except Fault as error:  # hours of reading are not to be repeated for want of a word
        raise Fault(
            f"the archive is complete, but is not in the catalog: {error.what}",
            where=taken.sealed.location,
            next="it can be used as it is, and is found in its store: migrator archive check says that it is whole",
        ) from error


def _rules(mask: Path | Document | None) -> MaskRules | None:
    if isinstance(mask, Document):
        return read_mask_rules(mask.text, file=mask.file)
    return load_mask_rules(mask) if mask is not None else None
