"""A tenant's data out of its platform and into a committed archive, proven on the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial

from migrator.contracts import Reading, Source
from migrator.engine.attachments import Attachments, Files, no_files
from migrator.engine.attachments_found import REPORT, Attached, rendered
from migrator.engine.documents import Audit, write_documents
from migrator.engine.halfway import ONCE, Attempt, Halfway
from migrator.engine.homes import Homes, homes_of
from migrator.engine.left import Left
from migrator.engine.losses import write_losses
from migrator.engine.masks.masked import Masked, Masker, MaskingReport, masked_by
from migrator.engine.proof import Proof, Prover
from migrator.engine.scope import Scope, leaving, resolve
from migrator.engine.spread import Spread
from migrator.engine.subject.view import SubjectReport, require_decided, view_of
from migrator.engine.table_copy import TableCopy
from migrator.engine.workbench import workbench
from migrator.outcomes import UNSHARED, Progress, SourceCost, Tick, silent
from migrator.plan import Plan
from storage import moment
from storage.archive import Archive
from storage.begun import PartList
from storage.described import built
from storage.errors import Red
from storage.identity import Identity, new_archive_id
from storage.objects import ObjectStore
from storage.seal import SigningKeys
from storage.writer import ArchiveWriter, Sealed


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    sealed: Sealed
    identity: Identity
    scope: Scope
    proof: Proof
    cost: SourceCost
    attached: Attached
    masked: MaskingReport | None = None
    subject: SubjectReport | None = None
    notes: tuple[str, ...] = ()  # why it began anew; of the store: what it could not promise, what was swept


@dataclass(frozen=True, kw_only=True)
class _Said:
    """What a snapshot says beside what its archive says itself."""

    scope: Scope
    proof: Proof
    cost: SourceCost
    attached: Attached
    masked: MaskingReport | None
    subject: SubjectReport | None
    notes: tuple[str, ...]


def snapshot(
    source: Source,
    plan: Plan,
    store: ObjectStore,
    keys: SigningKeys,
    *,
    tool: str,
    places: Callable[[str], Files] = no_files,
    mask: Masker | None = None,
    subject: str | None = None,
    prove_full: bool = False,
    attempt: Attempt = ONCE,
    progress: Progress = silent,
    committed: Callable[[], None] = lambda: None,
) -> Snapshot:
    """Take one consistent snapshot of the plan's tenant into the store; `committed` is called when it stands there.

    An `attempt` of a run goes on with what the one before finished, as long as somebody keeps the fence that was read
    in; else it begins anew, and says so. `recorded` is to be called when the archive is taken note of.

    `places` opens what the plan names as base of attachments; `mask` replaces values before they are archived;
    `subject` names the one person of the tenant that it is about; `prove_full` asks what stays behind, too.
    Red where the scope is undecided, a column cannot be held exactly, the proof fails, masking breaks a key, or a file
    that a row names is missing: no archive is left then.
    """
    if mask is not None or subject is not None:  # what is proven is not what is archived, so parts could not be proven
        attempt = replace(attempt, keep=None, shares=UNSHARED)
    left = Left(source, store, attempt)
    if left.committed is not None:
        committed()
        return _completed(store, left.committed)
    audit = Audit()
    with (
        left.reading(plan) as gentle,
        workbench() as bench,
        view_of(subject, gentle, plan) as view,
    ):
        reading, plan = view.reading, view.plan
        audit.add("fence", reading.fence.told)
        progress(Tick(step="scope"))
        resolved = resolve(reading, plan, bench)
        require_decided(resolved.scope.problems)
        masked = masked_by(mask, bench, reading.schema, resolved, plan)
        identity = replace(_identity(reading, plan, tool), masked=masked.statement, subject=view.subject)
        # of one person's own data, the others are people, and no tenants
        homes = homes_of(reading.schema, resolved) if subject is None else Homes()
        prover = Prover(bench, resolved.classified, resolved.rules, homes)
        attachments = Attachments(masked.attachments(resolved.rules), places)
        tables = leaving(reading.schema, resolved.classified)
        halfway = left.halfway(identity, plan, resolved, reading.fence)
        identity = halfway.identity
        with (
            attachments,
            halfway,
            ArchiveWriter(
                halfway.store,
                identity,
                keys,
                expected=[table.name for table in tables],
                standing=halfway.kept,
                stays=halfway.stays,
            ) as writer,
        ):
            _audit_attempt(audit, attempt, left, halfway)
            copy = TableCopy(reading, resolved, prover, masked, view.withheld, attachments, halfway, progress)
            shares = UNSHARED if attachments.are_declared else attempt.shares
            spread = Spread(shares, halfway, copy, writer, progress)
            spread.offer(tables, {table.name: resolved.closure.count(table.name) for table in tables}, reading.fence)
            found = {table.name: copy.copy(writer, table, audit) for table in spread.in_turn(tables)}
            losses = [loss for table in tables for loss in found[table.name]]
            if spread.helped:
                audit.add("copied by other workers", {"tables": spread.helped})
            progress(Tick(step="prove"))
            proof = prover.prove(reading, full=prove_full, progress=progress)
            if proof.problems:
                raise Red(
                    f"the proof failed: {proof.problems[0].what}",
                    where=proof.problems[0].where,
                    next=proof.problems[0].next,
                    problems=proof.problems,
                )
            _require_kept(masked, resolved.scope)
            attached = _attached(attachments, writer, audit, progress)
            audit.add("proof", {"kind": proof.kind, "edges": len(proof.edges), "walked": sum(proof.walked.values())})
            write_losses(writer, losses)
            view.add(writer, identity, resolved, bench)
            write_documents(writer, gentle, identity, plan, resolved, proof, audit, masked)
            said = _Said(
                scope=resolved.scope,
                proof=proof,
                cost=gentle.cost,
                attached=attached,
                masked=masked.report,
                subject=view.report,
                notes=(f"read anew: {left.why}",) if left.why else (),
            )
            halfway.result(json.dumps(asdict(said)))
            sealed = writer.commit()
            committed()
    return Snapshot(sealed=sealed, identity=identity, **vars(said))


def recorded(store: ObjectStore, taken: Snapshot) -> None:
    """The archive is taken note of for good: what another attempt would need is of no use any more."""
    PartList(store, taken.sealed.archive_id).erase()


def _completed(store: ObjectStore, parts: PartList) -> Snapshot:
    """What the attempt would have said that completed the archive."""
    archive = Archive.open(store, parts.archive_id)
    said = built(_Said, json.loads(parts.told() or ""), "the snapshot")
    sealed = Sealed(
        archive_id=archive.identity.archive_id,
        location=archive.location,
        fingerprint=archive.fingerprint,
        rows=sum(part.rows for part in archive.tables),
        bytes=sum(info.size for info in store.list(f"{parts.archive_id}/data/")),
        tables=archive.tables,
    )
    return Snapshot(sealed=sealed, identity=archive.identity, **vars(said))


def _audit_attempt(audit: Audit, attempt: Attempt, left: Left, halfway: Halfway) -> None:
    """What the archive says of a run that was not finished in one go."""
    if left.why:
        audit.add("began anew", {"attempt": attempt.steps.attempt, "why": left.why})
        attempt.steps.once(f"begin anew in attempt {attempt.steps.attempt}", partial(str, left.why))
    elif halfway.standing is not None:
        stands = [part.table.name for part in halfway.standing]
        audit.add("went on in the same fence", {"attempt": attempt.steps.attempt, "tables": stands})


def _require_kept(masked: Masked, scope: Scope) -> None:
    if problems := masked.broken(scope):
        first, *_ = problems
        raise Red(f"masking breaks keys: {first.what}", where=first.where, next=first.next, problems=problems)


def _attached(attachments: Attachments, writer: ArchiveWriter, audit: Audit, progress: Progress) -> Attached:
    """The files of the rows, which are proven by now: nobody else's is fetched."""
    attached = attachments.fetch(writer, progress)
    if attached.problems:
        first, *_ = attached.problems
        raise Red(
            f"{len(attached.problems)} file(s) that rows name are not to be had; first: {first.what}",
            where=first.where,
            next=first.next,
            problems=attached.problems,
        )
    if attachments.are_declared:
        writer.document(REPORT, rendered(attached))
        audit.add("attachments", attached.counts)
    return attached


def _identity(reading: Reading, plan: Plan, tool: str) -> Identity:
    at = datetime.now(UTC)
    return Identity(
        archive_id=new_archive_id(plan.tenant, at),
        tenant=plan.tenant,
        plan=plan.name,
        created_at=moment.written(at, "milliseconds"),
        source_platform=reading.schema.platform,
        source_version=reading.schema.version,
        fence={name: str(value) for name, value in reading.fence.told.items() if value is not None},
        tool=tool,
    )
