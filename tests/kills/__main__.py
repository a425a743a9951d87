"""Hundreds of strikes at random moments, between every pair of platforms; each must end as if nobody had disturbed it.

    python -m tests.kills 200
    python -m tests.kills 200 sqlite-postgresql mariadb-mariadb --seed 7
    python -m tests.kills 20 postgresql-sqlite --strike "SIGTERM" --phase rollback

ROUNDS is how many strikes each pair gets. A broken promise is printed with its seed, and the pair goes on with a new
scene; the script ends with 1 if there was any. A seed repeats strikes and moments, not what the machine does meanwhile.
"""

from __future__ import annotations

import argparse
import collections
import random
import signal
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.kills.moments import PHASES
from tests.kills.scene import PAIRS, Scene
from tests.kills.sides import grounds
from tests.kills.strike import Strike
from tests.kills.strikes import STRIKES
from tests.kills.trial import Outcome, fitting, tried
from tests.soak.promise import BrokenError, ending, require


@dataclass(kw_only=True)
class Tally:
    """What a soak has seen: strikes by name, phases, and what each command ended with."""

    strikes: collections.Counter[str] = field(default_factory=collections.Counter)
    phases: collections.Counter[str] = field(default_factory=collections.Counter)
    codes: collections.Counter[int] = field(default_factory=collections.Counter)
    again: int = 0
    broken: list[str] = field(default_factory=list)

    def note(self, phase: str, strike: Strike, outcome: Outcome) -> None:
        self.strikes[strike.name] += 1
        self.phases[phase] += 1
        self.codes[outcome.code] += 1
        self.again += outcome.more

    def said(self, name: str) -> str:
        counted = ", ".join(f"{count} × exit {code}" for code, count in sorted(self.codes.items()))
        return (
            f"{name}: {self.strikes.total()} strikes ({counted}), {self.again} commands more, {len(self.broken)} broken"
        )


def soak(name: str, rounds: int, given: argparse.Namespace) -> Tally:
    """So many strikes between one pair, half of them with the archives in a bucket and the catalog on a server.

    After a broken promise the scene is made anew.
    """
    tally, number = Tally(), 0
    while number < rounds:
        is_served = number >= rounds // 2
        last = rounds if is_served else rounds // 2
        with tempfile.TemporaryDirectory(prefix="migrator-soak-") as folder, grounds(Path(folder)) as running:
            scene = Scene.of(name, running, is_served=is_served, rows=given.rows)
            possible = [
                (phase, strike)
                for phase, strike in fitting(scene, STRIKES)
                if given.strike in strike.name and phase in (given.phase or PHASES)
            ]
            number = number if possible else last
            while number < last:
                number += 1
                if not _held(scene, f"{given.seed} {name} {number}", possible, tally):
                    break
    return tally


def _held(scene: Scene, seed: str, possible: Sequence[tuple[str, Strike]], tally: Tally) -> bool:
    """Whether the promises held in one trial, which is told of."""
    chance = random.Random(seed)  # noqa: S311 - moments, not secrets
    phase, strike = chance.choice(possible)
    started = time.monotonic()
    try:
        outcome = tried(scene, phase, strike, chance)
    except BrokenError as error:
        print(f"BROKEN ({seed}): {error}", flush=True)
        tally.broken.append(str(error))
        return False
    tally.note(phase, strike, outcome)
    took = time.monotonic() - started
    print(f"{seed}: {phase}, {strike.name}: exit {outcome.code}, {outcome.more} more, {took:.1f} s", flush=True)
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rounds", type=int)
    parser.add_argument("pairs", nargs="*", metavar="PAIR", help=", ".join(PAIRS))
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--rows", type=int, default=1_000, help="of the tenant's, in the source")
    parser.add_argument("--strike", default="", help="only strikes with these words in their name")
    parser.add_argument("--phase", choices=PHASES, action="append")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the servers and the small disks are to go, too
    print(f"--seed {given.seed}", flush=True)
    tallies = {name: soak(name, given.rounds, given) for name in given.pairs or PAIRS}
    for name, tally in tallies.items():
        print(tally.said(name))
    every = sum((tally.strikes for tally in tallies.values()), collections.Counter[str]())
    for strike, count in sorted(every.items()):
        print(f"{count:5} {strike}")
    require(not any(tally.broken for tally in tallies.values()), "see above")


if __name__ == "__main__":
    ending(main)
