"""A tenant's data out of its platform and into a committed archive, proven on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

import pyarrow as pa

from migrator.contracts import Reading, Source
from migrator.engine.attachments import Attachments, Files, no_files
from migrator.engine.attachments_found import REPORT, Attached, rendered
from migrator.engine.classify import OWNED, SHARED
from migrator.engine.documents import Audit, write_documents
from migrator.engine.extract import extract
from migrator.engine.gentle import as_planned
from migrator.engine.homes import Homes, homes_of
from migrator.engine.losses import Loss, accepted, write_losses
from migrator.engine.masks.masked import Masked, Masker, MaskingReport, masked_by
from migrator.engine.proof import Proof, Prover
from migrator.engine.scope import Resolved, Scope, resolve
from migrator.engine.subject.view import SubjectReport, require_decided, view_of
from migrator.engine.subject.withheld import Withheld
from migrator.engine.views import require_settled
from migrator.engine.workbench import workbench
from migrator.outcomes import Progress, SourceCost, Tick, silent
from migrator.plan import Plan
from storage import moment
from storage.errors import Recast, Red
from storage.identity import Identity, new_archive_id
from storage.objects import ObjectStore
from storage.schema import Table
from storage.seal import SigningKeys
from storage.writer import ArchiveWriter, Sealed

_MOST_RECASTS = 10_000


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
    notes: tuple[str, ...] = ()  # of the store: what it could not promise, what was swept


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
    progress: Progress = silent,
    committed: Callable[[], None] = lambda: None,
) -> Snapshot:
    """Take one consistent snapshot of the plan's tenant into the store; `committed` is called when it stands there.

    `places` opens what the plan names as base of attachments; `mask` replaces values before they are archived;
    `subject` names the one person of the tenant that it is about; `prove_full` asks what stays behind, too.
    Red where the scope is undecided, a column cannot be held exactly, the proof fails, masking breaks a key, or a file
    that a row names is missing: no archive is left then.
    """
    audit = Audit()
    with (
        as_planned(source, plan.needs_source()) as gentle,
        workbench() as bench,
        view_of(subject, gentle, plan) as view,
    ):
        reading, plan = view.reading, view.plan
        audit.add("fence", asdict(reading.fence))
        progress(Tick(step="scope"))
        resolved = resolve(reading, plan, bench)
        require_decided(resolved.scope.problems)
        masked = masked_by(mask, bench, reading.schema, resolved, plan)
        identity = replace(_identity(reading, plan, tool), masked=masked.statement, subject=view.subject)
        # of one person's own data, the others are people, and no tenants
        homes = homes_of(reading.schema, resolved) if subject is None else Homes()
        prover = Prover(bench, resolved.classified, resolved.rules, homes)
        attachments = Attachments(masked.attachments(resolved.rules), places)
        losses: list[Loss] = []
        with attachments, ArchiveWriter(store, identity, keys) as writer:
            for table in reading.schema.tables:
                if resolved.classified.classes[table.name] in (OWNED, SHARED):
                    losses += _TableCopy(reading, resolved, prover, masked, view.withheld, attachments, progress).copy(
                        writer, table, audit
                    )
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
            sealed = writer.commit()
            committed()
    return Snapshot(
        sealed=sealed,
        identity=identity,
        scope=resolved.scope,
        proof=proof,
        cost=gentle.cost,
        attached=attached,
        masked=masked.report,
        subject=view.report,
    )


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
        fence={name: str(value) for name, value in asdict(reading.fence).items() if value is not None},
        tool=tool,
    )


class _TableCopy:
    """One table into the archive; read again, within the same fence, when a value needs its column held otherwise."""

    def __init__(
        self,
        reading: Reading,
        resolved: Resolved,
        prover: Prover,
        masked: Masked,
        withheld: Withheld,
        attachments: Attachments,
        progress: Progress,
    ) -> None:
        self._reading = reading
        self._resolved = resolved
        self._prover = prover
        self._masked = masked
        self._withheld = withheld
        self._attachments = attachments
        self._progress = progress

    def copy(self, writer: ArchiveWriter, declared: Table, audit: Audit) -> tuple[Loss, ...]:
        """What of it is not held exactly, as the plan accepts."""
        class_ = self._resolved.classified.classes[declared.name]
        table, census = self._reading.census(declared, self._resolved.closure.predicate(declared.name))
        for _ in range(_MOST_RECASTS):
            losses = accepted(self._withheld.described(table), census, self._resolved.rules.accept)
            try:
                batches = self._prover.watching(table, extract(self._reading, self._resolved, table))
                batches = self._withheld.passing(table, self._masked.passing(table, batches))
                described = self._attachments.declared(self._withheld.described(self._masked.described(table)))
                batches = self._attachments.watching(described, batches)
                part = writer.table(described, self._counted(table.name, batches), scope_class=class_)
            except Recast as recast:
                table = _recast(table, recast)
                continue
            require_settled(table, self._resolved.closure.count(table.name), part.rows)
            audit.add("table", {"table": table.name, "rows": part.rows, "digest": part.digest})
            return losses
        raise Red("its columns cannot be settled", where=declared.name, next="report this with the table's definition")

    def _counted(self, name: str, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        total, done = self._resolved.closure.count(name), 0
        self._progress(Tick(step="snapshot", what=name, done=0, total=total))
        for batch in batches:
            done += batch.num_rows
            self._progress(Tick(step="snapshot", what=name, done=done, total=total))
            yield batch


def _recast(table: Table, recast: Recast) -> Table:
    """How its values are to be held; all else stays as the source has it."""
    name, needed = recast.column.name, recast.column
    held = replace(
        table.column(name), type=needed.type, fidelity=needed.fidelity, held=needed.held, null_token=needed.null_token
    )
    return replace(table, columns=tuple(held if column.name == name else column for column in table.columns))
