"""One archive on its way, listed in the store so that another attempt of the same run goes on with it.

What makes two instants impossible to mix: an archive has one fence, and its list is of that archive alone. A driver
that lets a fence be joined sees to it that it is the very one. The scope is found again in it, and must be the one
that is listed. Every byte that is taken over is hashed, and the proof asks the source in the fence about all of it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from threading import Lock

from migrator.contracts import Fence, Source
from migrator.engine.keeping import WORTH_S, Keep, Keeping
from migrator.engine.losses import Loss
from migrator.outcomes import EVERY_STEP, UNSHARED, Shares, Steps
from storage.begun import Begun, Finished, FinishedSplit, PartList, can_stand
from storage.claim import ClaimedStore
from storage.described import built
from storage.errors import MigratorError, Misuse, Red
from storage.identity import Identity
from storage.memory import MemoryStore
from storage.objects import ObjectStore
from storage.package import TablePart


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """Who takes a snapshot: a run, for which somebody may keep the fence, or nobody that goes on with it.

    Others may copy tables of it that are among the `shares`.
    """

    run: str = ""
    steps: Steps = field(default=EVERY_STEP)
    shares: Shares = field(default=UNSHARED)
    keep: Keep | None = None
    keep_after_s: float = WORTH_S


ONCE = Attempt()


def finished(part: TablePart, losses: Sequence[Loss]) -> Finished:
    """A table as it is listed."""
    return Finished(part=part, said=json.dumps([asdict(loss) for loss in losses]))


class Halfway:
    """A context around the writing of one archive; `identity` and `standing` are what an earlier attempt left of it.

    When it ends by a Fault or an interruption and the fence is kept, all stays for the next attempt. Otherwise nothing
    stays of what is no archive. The list of an archive stays until it is erased: who records the archive does that.
    """

    def __init__(
        self,
        source: Source,
        store: ObjectStore,
        attempt: Attempt,
        begun: Begun,
        fence: Fence,
        *,
        finished: Sequence[Finished] = (),
    ) -> None:
        self._source = source
        self._attempt = attempt
        self._begun = begun
        self._fence = fence
        self._goes_on = begun.handle is not None
        self._kept_by = replace(fence, handle=begun.handle) if begun.handle else None
        self._claim = PartList(store if attempt.run else MemoryStore(), begun.identity.archive_id)
        self.store = ClaimedStore(store, self._claim, attempt.steps.attempt)
        self._parts = PartList(self.store, begun.identity.archive_id) if attempt.run else self._claim
        self._finished = {one.part.table.name: one for one in finished}
        self._waiting: list[Finished] = []
        self._lock = Lock()
        self._stack = ExitStack()
        self._leaves: bool | None = None

    @property
    def identity(self) -> Identity:
        return self._begun.identity

    @property
    def standing(self) -> tuple[TablePart, ...] | None:
        """None where nothing was written before."""
        return tuple(one.part for one in self._finished.values()) if self._goes_on else None

    @property
    def kept(self) -> tuple[TablePart, ...] | None:
        """All whose parts are not to be cleared away; None where nothing was written before."""
        return None if self.standing is None else (*self.standing, *(one.part for one in self.splits))

    @property
    def halved(self) -> set[str]:
        """The tables of which an earlier attempt left splits, and no more."""
        return {one.part.table.name for one in self.splits} if self._goes_on else set()

    def __enter__(self) -> Halfway:
        self._claim.begin(self._begun)
        if self._attempt.keep is not None:
            keeping = Keeping(self._fence, self._attempt.keep, self._keep, after_s=self._attempt.keep_after_s)
            self._stack.enter_context(keeping)
        return self

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        self._stack.close()
        if self.stays(error):
            return
        with suppress(MigratorError):  # the first error is the one to tell, and a keeper ends by itself
            if self._kept_by is not None:
                self._source.release(self._kept_by)
            if error is not None and not self._parts.is_committed:
                self._parts.erase_all()

    def stays(self, error: BaseException | None) -> bool:
        """Whether what stands is left for another attempt: an answer about the data would be the same again."""
        if self._leaves is None:
            is_answer = error is None or isinstance(error, (Red, Misuse))
            self._leaves = self._kept_by is not None and not is_answer
        return self._leaves

    # ── what stands ─────────────────────────────────────────────────────────────────────────────────────────
    def stood(self, table: str) -> tuple[TablePart, tuple[Loss, ...]] | None:
        """What an earlier attempt, or a helper of this one, finished of this table."""
        if (found := self._finished.get(table)) is None:
            return None
        losses = tuple(built(Loss, one, "a loss") for one in json.loads(found.said))
        return found.part, losses

    def look(self, table: str) -> None:
        """A helper has listed this table."""
        self._finished |= {one.part.table.name: one for one in self._parts.finished() if one.part.table.name == table}

    @property
    def splits(self) -> tuple[FinishedSplit, ...]:
        """Those that stand of tables that do not: copied by helpers, here, or by an earlier attempt."""
        return tuple(one for one in self._parts.splits() if one.part.table.name not in self._finished)

    def split(self, first: int, part: TablePart) -> None:
        """One split of a table was copied here."""
        self._parts.add_split(FinishedSplit(first=first, part=part))

    def stands(self, part: TablePart, losses: Sequence[Loss]) -> None:
        """All splits of this table are there."""
        self._finished[part.table.name] = finished(part, losses)

    def finished(self, part: TablePart, losses: Sequence[Loss]) -> None:
        """All of this table's parts stand; said for good as soon as somebody keeps the fence they were read in."""
        if not can_stand(part.table):
            return
        with self._lock:
            self._waiting.append(finished(part, losses))
            if self._kept_by is not None:
                self._list()

    def _keep(self, fence: Fence) -> None:
        with self._lock:
            before, self._kept_by = self._kept_by, fence
            self._begun = replace(self._begun, handle=fence.handle)
            self.store.look()  # only who writes may say so anew
            self._parts.begin(self._begun)
            self._list()
        if before is not None:
            self._source.release(before)

    def _list(self) -> None:
        anew = f", begun anew in attempt {self._begun.began}" if self._begun.began > 1 else ""
        while self._waiting:
            part = self._waiting[0].part
            self._parts.add(self._waiting[0])
            self._attempt.steps.once(f"snapshot {part.table.name}{anew}", partial(int, part.rows))
            del self._waiting[0]

    def result(self, said: str) -> None:
        """What would be said of the archive, before it is one: whoever finds it finished says the same."""
        self._parts.result(said)
