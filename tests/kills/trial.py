"""One strike, and everything that must be true after it."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import pymysql

from migrator.platforms.postgres.exported import KEEPER
from tests.acceptance.world import Answer
from tests.conformance.platforms import MysqlPlatform, PostgresPlatform
from tests.kills.aftermath import Aftermath
from tests.kills.ending import End, forget_archives, require_undisturbed, set_back
from tests.kills.moments import ABOUT_A_LOAD, MIGRATE, PHASES, REHEARSE, Moment
from tests.kills.scene import Scene
from tests.kills.sides import SIDES
from tests.kills.strike import Strike, side
from tests.kills.watched import Watched
from tests.kills.workers import left_to_workers
from tests.soak.promise import require

_PATIENCE_S = 180
_LAST_WORDS_S = 10
_SESSION_ENDS_S = 150  # two minutes where a network ended without a word
_BEFORE = "interrupted before anything began"
_FORGOTTEN = "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
_SESSIONS = {
    PostgresPlatform: "SELECT row_to_json(a)::text FROM pg_stat_activity a WHERE datname = current_database()"
    f" AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND application_name <> '{KEEPER}'",
    MysqlPlatform: "SELECT * FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()",
}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the struck command ended with, and how many more commands it took to get there."""

    code: int
    more: int


def tried(scene: Scene, phase: str, strike: Strike, chance: random.Random) -> Outcome:
    """Strike once in the phase, go on as a person would, and hold the end state against the undisturbed one.

    A load that stands then is left for the next trial. BrokenError, with the scene, the strike and the moment, where a
    promise was broken.
    """
    try:
        return _tried(scene, phase, strike, chance)
    finally:
        for network in (side(scene, role).network for role in SIDES):
            if network:
                network.bury()


def _tried(scene: Scene, phase: str, strike: Strike, chance: random.Random) -> Outcome:
    _make_ready(scene, PHASES[phase].command, f"{scene.name}, before {phase}")
    moment = scene.moment(PHASES[phase], chance)
    told = f"{scene.name}, {phase}: {strike.name} {moment}"
    was_loaded, aftermath = bool(scene.standing), Aftermath.drawn(scene, scene.arguments(moment.command), chance)
    answer = _struck(scene, aftermath.arguments, strike, moment, told)
    _require_honest(strike, answer, told)
    if not strike.leaves_sessions:
        _wait_for_sessions(scene, told)
    is_cancelled = aftermath.is_cancelled
    if strike.leaves_sessions and not aftermath.does_as_told:  # a run that is resumed ends them itself
        _end_forgotten_sessions(scene)
    more = 0 if is_cancelled else aftermath.settle(answer, told)
    if strike.leaves_sessions:
        _end_forgotten_sessions(scene)
        _wait_for_sessions(scene, told)
    end = End.of(moment.command, was_loaded=was_loaded, is_cancelled=is_cancelled)
    require_undisturbed(scene, end, f"{told}, which ended with {answer}")
    forget_archives(scene)
    return Outcome(code=answer.code, more=more)


def _make_ready(scene: Scene, command: str, told: str) -> None:
    """A load stands where the command is about one, and none where it makes one."""
    if command in ABOUT_A_LOAD and not scene.standing:
        loaded = scene.asked(*scene.arguments(MIGRATE))
        require(loaded.code == 0, f"{told}: {loaded}")
    elif command in (MIGRATE, REHEARSE):
        set_back(scene, told)


def _struck(scene: Scene, arguments: Sequence[str], strike: Strike, moment: Moment, told: str) -> Answer:
    standing, beside = scene.standing, left_to_workers if strike.by_workers else _at_hand
    with beside(scene, arguments, told) as watched:
        moment.await_in(watched, lambda: scene.standing != standing, is_told=not strike.by_workers)
        with strike.at(scene, watched):
            watched.ends_within(min(strike.lasts, _PATIENCE_S))
        if not watched.ends_within(_PATIENCE_S):
            watched.process.send_signal(signal.SIGABRT)  # says where each of its threads stands
            watched.ends_within(_LAST_WORDS_S)
            watched.process.kill()
            require(False, f"{told}: it does not end: {watched.answer()}")
    return watched.answer()


@contextmanager
def _at_hand(scene: Scene, arguments: Sequence[str], _told: str) -> Iterator[Watched]:
    yield scene.start(*arguments)


def _require_honest(strike: Strike, answer: Answer, told: str) -> None:
    require(answer.code in {0, *strike.codes}, f"{told}: ended with {answer}")
    if answer.code > 0 and _BEFORE not in answer.stderr:
        require("Traceback" not in answer.stderr, f"{told}: {answer.stderr}")
        missing = [word for word in ("error", "where", "next") if f"{word}:" not in answer.stderr]
        require(not missing, f"{told}: says no {', '.join(missing)}: {answer}")


def _wait_for_sessions(scene: Scene, told: str) -> None:
    """A server learns of a client's death when it next speaks to it. Who keeps a snapshot for a resumed run stays."""
    for one in (scene.source, scene.target):
        query = _SESSIONS.get(type(one.platform))
        deadline = time.monotonic() + _SESSION_ENDS_S
        while query and (left := one.platform.rows(query)):
            lived = f"{told}: its session lived for another {_SESSION_ENDS_S} s: {left}"
            require(time.monotonic() < deadline, lived)
            time.sleep(0.05)


def _end_forgotten_sessions(scene: Scene) -> None:
    """MariaDB misses a client for longer than a trial takes: a person is told of its connection, and ends it."""
    for one in (scene.source, scene.target):
        if isinstance(one.platform, MysqlPlatform):
            for (connection,) in one.platform.rows(_FORGOTTEN):
                with suppress(pymysql.err.OperationalError):  # it ended just now
                    one.platform.run(f"KILL {connection}")


def fitting(scene: Scene, strikes: Sequence[Strike]) -> Iterator[tuple[str, Strike]]:
    """Every phase with every strike that can happen in it there."""
    for phase, meant in PHASES.items():
        yield from ((phase, strike) for strike in strikes if strike.can(scene, meant.command))
