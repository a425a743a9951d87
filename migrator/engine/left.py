"""What earlier attempts of a run left of their snapshot: an archive to go on with, one that is complete, or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace

from migrator.contracts import Fence, Source
from migrator.engine.gentle import Gentle, as_planned
from migrator.engine.halfway import Attempt, Halfway
from migrator.engine.scope import Resolved
from migrator.plan import Plan, SourcePlan
from storage.begun import Begun, PartList, lists_of
from storage.described import built
from storage.errors import FenceLost, MigratorError
from storage.identity import Identity
from storage.objects import ObjectStore

_NOTHING_KEPT = "nobody held its point in time"


class Left:
    """`why` says why what was read before is read anew; it is empty where nothing was, or where it is not."""

    def __init__(self, source: Source, store: ObjectStore, attempt: Attempt) -> None:
        self._source = source
        self._store = store
        self._attempt = attempt
        self._parts: PartList | None = None
        self._begun: Begun | None = None
        self.why = "" if attempt.steps.attempt == 1 else _NOTHING_KEPT
        if attempt.run and attempt.steps.attempt > 1:
            self._find()

    def _find(self) -> None:
        for parts in list(lists_of(self._store, self._attempt.run)):
            if self._begun is not None:
                self.read_anew("another attempt began anew, too")
            self._parts, self._begun, self.why = parts, parts.begun(), ""
            if self.committed is not None:
                return
            if self._begun is None or self._begun.handle is None:
                self.read_anew(_NOTHING_KEPT)

    @property
    def committed(self) -> PartList | None:
        """The list of an archive that an earlier attempt completed, and could not record."""
        return self._parts if self._parts is not None and self._parts.is_committed else None

    def read_anew(self, why: str) -> None:
        """What was begun is of no use: nothing of it stays, and nobody holds its fence."""
        if self._parts is None:
            return
        if self._begun is not None:
            _release(self._source, self._begun)
        self._parts.erase_all()
        self._parts, self._begun, self.why = None, None, why

    @contextmanager
    def reading(self, plan: Plan) -> Iterator[Gentle]:
        """The source in the fence of what was begun; where that is lost, in one of its own."""
        with ExitStack() as stack:
            yield self._entered(stack, plan.needs_source())

    def _entered(self, stack: ExitStack, plan: SourcePlan) -> Gentle:
        if self._begun is not None:
            try:
                return stack.enter_context(as_planned(self._source, plan, fence_of(self._begun)))
            except FenceLost as lost:
                self.read_anew(lost.what)
        return stack.enter_context(as_planned(self._source, plan))

    def halfway(self, identity: Identity, plan: Plan, resolved: Resolved, fence: Fence) -> Halfway:
        """The archive that was begun; or one of this identity, where none was, or other rows were to leave in it."""
        scope = scope_digest(plan, resolved)
        if self._begun is not None and self._begun.scope != scope:
            self.read_anew("other rows are to leave now than were then")
        attempt = self._attempt.steps.attempt
        if self._begun is None or self._parts is None:
            begun = Begun(run=self._attempt.run, attempt=attempt, began=attempt, identity=identity, scope=scope)
            return Halfway(self._source, self._store, self._attempt, begun, fence)
        begun, finished = replace(self._begun, attempt=attempt), tuple(self._parts.finished())
        return Halfway(self._source, self._store, self._attempt, begun, fence, finished=finished)


def erase_left(source: Source, store: ObjectStore, run: str) -> int:
    """Remove what attempts of this run left of archives that are none, and end who holds their fences; how many."""
    lists = [parts for parts in lists_of(store, run) if not parts.is_committed]
    for parts in lists:
        if (begun := parts.begun()) is not None:
            _release(source, begun)
        parts.erase_all()
    return len(lists)


def _release(source: Source, begun: Begun) -> None:
    if begun.handle is not None:
        with suppress(MigratorError):  # a keeper ends by itself
            source.release(fence_of(begun))


def fence_of(begun: Begun) -> Fence:
    """The point in time that the archive is of."""
    told = begun.identity.fence
    return built(Fence, {**told, "readers": int(told["readers"]), "handle": begun.handle}, "a fence")


def scope_digest(plan: Plan, resolved: Resolved) -> str:
    """Of what the plan says of rows, values included, and of what the source says to it."""
    said = repr((plan.tenant, plan.needs_source().scope, resolved.scope))
    return hashlib.sha256(said.encode()).hexdigest()
