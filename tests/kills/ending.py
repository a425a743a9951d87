"""The end state after a strike and its aftermath: that of a run nobody disturbed, to the row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from storage.run_documents import FOLDER as RUNS
from storage.run_documents import sweep_documents
from storage.sweep import sweep
from tests.kills.moments import MIGRATE, ROLLBACK, SNAPSHOT
from tests.kills.scene import Held, Scene
from tests.soak.promise import require

_OF_A_TEMPORARY_FOLDER = "migrator"
_OF_SQLITE = ("-wal", "-shm")


@dataclass(frozen=True, kw_only=True)
class End:
    """What an undisturbed command leaves: a new archive, a load that stands."""

    command: str
    has_archive: bool
    is_loaded: bool

    @classmethod
    def of(cls, command: str, *, was_loaded: bool, is_cancelled: bool = False) -> End:
        """A command that was cancelled leaves what there was."""
        changed = {} if is_cancelled else {MIGRATE: True, ROLLBACK: False}
        return cls(
            command=command,
            has_archive=command == SNAPSHOT and not is_cancelled,
            is_loaded=changed.get(command, was_loaded),
        )


def require_undisturbed(scene: Scene, end: End, told: str) -> None:
    """BrokenError with everything that is not as it would be without the strike."""
    wrong = [*_wrong_in_the_store(scene, end), *_wrong_in_the_target(scene, end), *_wrong_in_the_runs(scene)]
    require(not wrong, f"{told}: {'; '.join(wrong)}")


# ── the store ───────────────────────────────────────────────────────────────────────────────────────────────
def _wrong_in_the_store(scene: Scene, end: End) -> Iterator[str]:
    seen = scene.archives()
    made = [archive for archive in seen if archive != scene.base]
    if scene.base not in seen:
        yield "the archive there was is not seen any more"
    if bool(made) != end.has_archive:
        yield f"{len(made)} new archives after a {end.command}"
    for archive in made:
        checked = scene.asked("archive", "check", scene.location(archive))
        if checked.code:
            yield f"{archive} is seen, and is not whole: {checked}"
        elif scene.digests_of(archive) != scene.digests:
            yield f"{archive} does not hold what an undisturbed snapshot does"
    for swept in (sweep, sweep_documents):
        swept(scene.objects, before=datetime.now(UTC).replace(year=9999))
    stray = {info.key for info in scene.objects.list() if info.key.partition("/")[0] not in {*seen, RUNS}}
    if stray or list(scene.objects.unfinished()):
        yield f"the sweep leaves {sorted(stray)[:5]} in the store"


# ── the target ──────────────────────────────────────────────────────────────────────────────────────────────
def _wrong_in_the_target(scene: Scene, end: End) -> Iterator[str]:
    standing = scene.standing
    if len(standing) != end.is_loaded:
        yield f"{len(standing)} loads stand in the target after a {end.command}"
    yield from _different(scene.held(), scene.loaded if end.is_loaded else scene.untouched)
    beside = {path.name for path in scene.beside.folder.iterdir()} - {scene.world.target.name}
    if left := [name for name in sorted(beside) if not name.endswith(_OF_SQLITE)]:
        yield f"beside the target lies {', '.join(left)}"
    if end.command == MIGRATE and standing:
        verified = scene.asked("verify", standing[0])
        if verified.code:
            yield f"the load does not verify: {verified}"


def _different(held: Held, wanted: Held) -> Iterator[str]:
    for name, rows in wanted.rows.items():
        found = held.rows.get(name)
        if found != rows:
            yield f"{name} has {'no' if found is None else len(found)} rows for {len(rows)}, or other ones"
    if held.others != wanted.others:
        yield f"tables of our own have {held.others} rows for {wanted.others}"
    if held.declared != wanted.declared:
        yield f"the catalog has {held.declared} entries for {wanted.declared}"


# ── the records ─────────────────────────────────────────────────────────────────────────────────────────────
def _wrong_in_the_runs(scene: Scene) -> Iterator[str]:
    for run in scene.world.runs():
        if run["state"] in ("running", "queued"):
            yield f"{run['run_id']} is {run['state']} for ever"
        if run["verdict"] == "red":
            yield f"{run['run_id']} is red: {run['error']}"
    if left := [
        path.name for path in scene.scratch.folder.iterdir() if not path.name.startswith(_OF_A_TEMPORARY_FOLDER)
    ]:
        yield f"temporary files of no known name: {left}"


# ── and back ────────────────────────────────────────────────────────────────────────────────────────────────
def set_back(scene: Scene, told: str) -> None:
    """As the scene was before: the load is taken back, and leaves nothing."""
    for run in scene.standing:
        back = scene.asked(ROLLBACK, run)
        require(back.code == 0, f"{told}: the rollback afterwards failed: {back}")
    found = scene.target.platform.dump()
    different = [
        name or "the catalog" for name in {**found, **scene.before} if found.get(name) != scene.before.get(name)
    ]
    require(not different, f"{told}: taken back, the target is not as it was: {', '.join(different)}")


def forget_archives(scene: Scene) -> None:
    """Only the scene's own stays, and nothing of runs."""
    for info in list(scene.objects.list()):
        if info.key.partition("/")[0] != scene.base:
            scene.objects.delete(info.key)
