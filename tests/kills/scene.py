"""The social story between two platforms, and what it leaves where nobody disturbs it."""

from __future__ import annotations

import itertools
import os
import random
import runpy
import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from storage import bag
from storage.address import below
from storage.archive import list_archives
from storage.credentials import Accounts
from storage.errors import Parked
from storage.location import open_store
from storage.objects import ObjectStore, read_bytes
from tests.acceptance.world import ROOT, Answer, World
from tests.benchmarks.servers import KINDS, POSTGRESQL
from tests.kills.disk import Disk
from tests.kills.moments import ABOUT_A_LOAD, MIGRATE, ROLLBACK, SNAPSHOT, Moment, Phase, Timeline, drawn
from tests.kills.sides import CATALOG, SOURCE, TARGET, BucketSide, Grounds, PlatformSide, Side
from tests.kills.warm import Forked, Wanted, Warm
from tests.kills.watched import Watched
from tests.soak.promise import BrokenError, require
from tests.support_transplant import transplant

SOCIAL = ROOT / "samples" / "social"
PAIRS = tuple(f"{source}-{target}" for source, target in itertools.product(KINDS, repeat=2))
_PATIENCE_S = 300
_ROWS_OF_THE_TENANT = 200

Digests = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class SceneWorld(World):
    """A world with a store, a catalog and a temporary folder of its own."""

    given: Mapping[str, str]

    @property
    def environment(self) -> dict[str, str]:
        hangs = {"PYTHONFAULTHANDLER": "1"}  # whoever does not end says where it stands
        return {**super().environment, "TMPDIR": str(self.scratch), **hangs, **self.given}

    @property
    def scratch(self) -> Path:
        return self.folder / "scratch"

    def fork(self, warm: Warm, *arguments: str) -> Forked:
        """As `start`, of a process that has read the program in."""
        environment = {**os.environ, **self.environment, "PYTHONPATH": str(ROOT)}
        return warm.start(Wanted(arguments=self._said(arguments), environment=environment, folder=self.folder))


@dataclass(frozen=True, kw_only=True)
class Held:
    """What a target holds: the rows of people's tables, and of what else is there only how much."""

    rows: Mapping[str, list[str]]
    others: tuple[int, ...]  # the rows of each table that is nobody's: journals, markers, staging
    declared: int  # entries of the catalog


@dataclass(kw_only=True)
class Scene:
    """Made once for a pair; every trial leaves it as it was. `is_cold`: commands are started, none is forked."""

    name: str
    world: SceneWorld
    warm: Warm
    source: PlatformSide
    target: PlatformSide
    store: Side
    catalog: Side
    scratch: Disk  # temporary files lie on it
    shelf: Disk  # a store that is a folder does
    beside: Disk  # a target that is a file does
    timelines: dict[str, Timeline] = field(default_factory=dict)
    is_cold: bool = False

    @classmethod
    def of(cls, name: str, running: Grounds, *, is_served: bool, rows: int = _ROWS_OF_THE_TENANT) -> Scene:
        """The story of the pair with a base archive taken, loaded once and taken back: so the answer is known.

        `name` is the pair's, with whatever tells this scene from others of it.
        `is_served`: the store is a bucket and the catalog a database; else both are files.
        """
        out_of, to = name.split("-")[:2]
        scratch, shelf, beside = (running.disk(name, folder) for folder in ("scratch", "store", TARGET))
        source, target = running.platform(out_of, SOURCE, name), running.platform(to, TARGET, name)
        _tell(source, target, running.folder / name / "files", rows)
        world = World.at(running.folder / name, source=f"{SOURCE}.db", target=f"{TARGET}.db")
        store: Side = running.bucket() if is_served else Side(url=world.store.as_uri())
        catalog = running.platform(POSTGRESQL, CATALOG, name) if is_served else Side(url="")
        given = {"STORE_URL": store.url, **({"MIGRATOR_CATALOG": catalog.url} if catalog.url else {})}
        given |= store.environment if isinstance(store, BucketSide) else {}
        acting = SceneWorld(
            folder=world.folder,
            source=world.source,
            target=world.target,
            source_url=source.url,
            target_url=target.url,
            given=given,
        )
        shutil.copy(SOCIAL / "plan.yaml", acting.plan)
        scene = cls(
            name=name,
            world=acting,
            warm=running.warm,
            source=source,
            target=target,
            store=store,
            catalog=catalog,
            scratch=scratch,
            shelf=shelf,
            beside=beside,
        )
        scene._learn()
        return scene

    def _learn(self) -> None:
        self._undisturbed(SNAPSHOT)
        (self.base,) = self.archives()
        self.digests = self.digests_of(self.base)
        self.before = self.target.platform.dump()
        self.untouched = self.held()
        self._undisturbed(MIGRATE)
        self.loaded = self.held()
        self._undisturbed(ROLLBACK)
        require(self.held() == self.untouched, f"{self.name}: undisturbed, a rollback does not bring back what was")

    # ── acting ──────────────────────────────────────────────────────────────────────────────────────────────
    def arguments(self, command: str) -> tuple[str, ...]:
        """What a person writes; what follows a load is about the one that stands."""
        if command in ABOUT_A_LOAD:
            return command, self.standing[0]
        return command, str(self.world.plan)

    def start(self, *arguments: str) -> Watched:
        return Watched(self.world.start(*arguments) if self.is_cold else self.world.fork(self.warm, *arguments))

    def finish(self, *arguments: str) -> Answer:
        """A command of a person who has had enough trouble: in this process, to its end, which must come."""
        with _patience(f"{self.name}: {' '.join(arguments)} does not end"):
            return self.asked(*arguments)

    def asked(self, *arguments: object) -> Answer:
        """A command in this process, which nobody strikes; who interrupts it means the whole of us."""
        answer = self.world.migrator(*arguments)
        if answer.code == Parked.exit_code:
            raise KeyboardInterrupt
        return answer

    def moment(self, phase: Phase, chance: random.Random) -> Moment:
        if phase.command not in self.timelines:
            self._undisturbed(phase.command)
        return drawn(phase, self.timelines[phase.command], chance)

    def _undisturbed(self, command: str) -> None:
        started, watched = time.monotonic(), self.start(*self.arguments(command))
        answer = watched.answer()
        require(answer.code == 0, f"{self.name}: undisturbed, {command} failed: {answer}")
        self.timelines[command] = Timeline(steps=tuple(watched.steps), seconds=time.monotonic() - started)

    # ── looking ─────────────────────────────────────────────────────────────────────────────────────────────
    @property
    def standing(self) -> tuple[str, ...]:
        """The runs whose loads stand in the target, as the target says."""
        return tuple(marker.run for marker in self.target.platform.target().markers())

    def held(self) -> Held:
        found = self.target.platform.dump()
        people_s = {name: rows for name, rows in found.items() if name and name in self.before}
        others = sorted(len(rows) for name, rows in found.items() if name not in self.before)
        return Held(rows=people_s, others=tuple(others), declared=len(found[""]))

    @cached_property
    def objects(self) -> ObjectStore:
        url = self.store.direct if isinstance(self.store, BucketSide) else self.store.url
        return open_store(url, Accounts(variables=self.world.environment))

    def archives(self) -> tuple[str, ...]:
        """The ids of every archive that a reader sees."""
        return tuple(summary.archive_id for summary in list_archives(self.objects))

    def digests_of(self, archive: str) -> Digests:
        """The hash of every file with rows or attachments in it."""
        manifest = read_bytes(self.objects, f"{archive}/{bag.MANIFEST}").decode()
        found = (line.split(maxsplit=1) for line in manifest.splitlines())
        return {path: digest for digest, path in found if path.startswith(_CONTENT)}

    def location(self, archive: str) -> str:
        return below(self.store.url, archive)


@contextmanager
def _patience(said: str) -> Iterator[None]:
    """BrokenError in the middle of what takes too long."""

    def is_over(_signal: int, _frame: object) -> None:
        raise BrokenError(said)

    before = signal.signal(signal.SIGALRM, is_over)
    signal.alarm(_PATIENCE_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


_CONTENT = ("data/csv/", "data/parquet/", "data/files/")


def _tell(source: PlatformSide, target: PlatformSide, folder: Path, rows: int) -> None:
    runpy.run_path(str(SOCIAL / "generate.py"))["generate"](folder, rows=rows)
    transplant(folder / "ruche.db", source.platform)
    transplant(folder / "agora.db", target.platform)
