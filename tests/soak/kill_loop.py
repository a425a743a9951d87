"""kill -9 of snapshot, migrate and rollback at random moments, hundreds of times, between every pair of servers.

    python -m tests.soak.kill_loop --kills 400
    python -m tests.soak.kill_loop --seed 7 --pairs postgresql-mariadb

After each kill: an archive is whole or not there; the target is as before the load or as after it, never between; the
same command given again gets there; and a rollback leaves the target as it was, to the last object. A kill takes about
ten seconds on two cores with the default rows, so 400 take more than an hour. Prints the seed, a line every ten kills,
and at the end how often each command was killed before and after it took effect; ends with 1, the pair, the command and
the moment where a promise was broken. A seed repeats the moments, not what the machine does meanwhile.
"""

from __future__ import annotations

import argparse
import collections
import itertools
import random
import runpy
import shutil
import signal
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from tests.acceptance.world import ROOT, World
from tests.benchmarks.servers import KINDS, MARIADB, POSTGRESQL, AnyPlatform, Servers, servers
from tests.conformance.platforms import MysqlPlatform, PostgresPlatform
from tests.soak.promise import ending, require
from tests.support_transplant import transplant

SOCIAL = ROOT / "samples" / "social"
PAIRS = tuple(f"{source}-{target}" for source, target in itertools.product((POSTGRESQL, MARIADB), repeat=2))
EVERY_PAIR = tuple(f"{source}-{target}" for source, target in itertools.product(KINDS, repeat=2))
SNAPSHOT, MIGRATE, ROLLBACK = "snapshot", "migrate", "rollback"
_SESSION_ENDS_S = 60
_SESSIONS = {
    PostgresPlatform: "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
    MysqlPlatform: "SELECT count(*) FROM information_schema.processlist"
    " WHERE db = DATABASE() AND id <> CONNECTION_ID()",
}

Dump = dict[str, list[str]]


class Pair:
    """The social story between two platforms, with what the target holds before a load and after it."""

    def __init__(self, name: str, world: World, target: AnyPlatform) -> None:
        self.name = name
        self.world = world
        self.target = target
        self.outcomes: collections.Counter[str] = collections.Counter()
        self.seconds: dict[str, float] = {}
        self._timed(SNAPSHOT, world.plan)
        self.before = target.dump()
        run = self._timed(MIGRATE, world.plan)["run"]
        self.after = self._people_s_tables()
        self._timed(ROLLBACK, run)
        self._is_as_it_was("the first rollback")

    def _timed(self, *arguments: object) -> dict[str, object]:
        """How long an undisturbed command takes, as a process of its own."""
        started = time.monotonic()
        process = self.world.start(*arguments)
        _, stderr = process.communicate()
        self.seconds[str(arguments[0])] = time.monotonic() - started
        require(process.returncode == 0, f"{self.name}: {arguments[0]}, undisturbed, failed: {stderr}")
        return {"run": self.world.runs()[-1]["run_id"]}

    def kill(self, command: str, chance: random.Random) -> None:
        """One kill, and everything that must be true after it."""
        {SNAPSHOT: self._snapshot, MIGRATE: self._migrate, ROLLBACK: self._rollback}[command](chance)

    def _snapshot(self, chance: random.Random) -> None:
        there = set(self.world.archives())
        moment = self._killed(SNAPSHOT, self.world.plan, chance=chance)
        made = set(self.world.archives()) - there
        self._note(SNAPSHOT, took_effect=bool(made))
        for archive in made:
            require(self.world.migrator("archive", "check", archive).code == 0, f"{moment}: {archive} is not whole")
        again = self.world.migrator(SNAPSHOT, self.world.plan)
        require(again.code == 0, f"{moment}: the next snapshot failed: {again}")
        for archive in (*there, *made):
            shutil.rmtree(archive)

    def _migrate(self, chance: random.Random) -> None:
        moment = self._killed(MIGRATE, self.world.plan, chance=chance)
        loaded = self._is_before_or_after(MIGRATE, moment)
        again = self.world.migrator(MIGRATE, self.world.plan)
        require(again.code == (3 if loaded else 0), f"{moment}: given again, it answered {again}")
        run = self._loaded_run()
        verified = self.world.migrator("verify", run)
        require(verified.code == 0, f"{moment}: what it loaded is not verified: {verified}")
        self._taken_back(run, moment)

    def _rollback(self, chance: random.Random) -> None:
        loaded = self.world.migrator(MIGRATE, self.world.plan)
        require(loaded.code == 0, f"{self.name}: a migration failed: {loaded}")
        run = self._loaded_run()
        moment = self._killed(ROLLBACK, run, chance=chance)
        if self._is_before_or_after(ROLLBACK, moment):
            self._taken_back(run, moment)
        else:
            self._is_as_it_was(moment)

    def _taken_back(self, run: str, moment: str) -> None:
        back = self.world.migrator(ROLLBACK, run)
        require(back.code == 0, f"{moment}: the rollback afterwards failed: {back}")
        self._is_as_it_was(moment)

    def _killed(self, *arguments: object, chance: random.Random) -> str:
        """Start the command and kill it at some moment of its life; what to say if anything is wrong afterwards."""
        after = chance.uniform(0, self.seconds[str(arguments[0])])
        process = self.world.start(*arguments)
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        moment = f"{self.name}: {arguments[0]} killed after {after:.3f} s"
        self._wait_for_sessions(moment)
        return moment

    def _wait_for_sessions(self, moment: str) -> None:
        """The server learns of the death when it next speaks to the client."""
        query = _SESSIONS.get(type(self.target))
        deadline = time.monotonic() + _SESSION_ENDS_S
        while query and self.target.rows(query)[0][0]:
            require(time.monotonic() < deadline, f"{moment}: its session lived for another {_SESSION_ENDS_S} s")
            time.sleep(0.05)

    def _is_before_or_after(self, command: str, moment: str) -> bool:
        """Whether the load is there; whole, or not at all."""
        held, loaded = self._people_s_tables(), bool(self.target.target().markers())
        wanted = self.after if loaded else self._people_s(self.before)
        different = [table for table in wanted if held.get(table) != wanted[table]]
        require(not different, f"{moment}: between before and after, in {', '.join(different)} (loaded: {loaded})")
        self._note(command, took_effect=loaded == (command == MIGRATE))
        return loaded

    def _loaded_run(self) -> str:
        return self.target.target().markers()[-1].run

    def _is_as_it_was(self, moment: str) -> None:
        held = self.target.dump()
        different = [
            name or "the catalog" for name in {**held, **self.before} if held.get(name) != self.before.get(name)
        ]
        require(not different, f"{moment}: after the rollback the target is not as it was: {', '.join(different)}")

    def _people_s_tables(self) -> Dump:
        return self._people_s(self.target.dump())

    def _people_s(self, dump: Dump) -> Dump:
        return {name: rows for name, rows in dump.items() if name and name in self.before}

    def _note(self, command: str, *, took_effect: bool) -> None:
        self.outcomes[f"{command} {'after' if took_effect else 'before'} it took effect"] += 1


def _pair(name: str, folder: Path, running: Servers, rows: int) -> Pair:
    out_of, to = name.split("-")
    files = folder / "files"
    runpy.run_path(str(SOCIAL / "generate.py"))["generate"](files, rows=rows)
    platforms = []
    for kind, file in ((out_of, "ruche.db"), (to, "agora.db")):
        platforms.append(running.database(kind))
        transplant(files / file, platforms[-1])
    source, target = platforms
    here = folder / name
    world = replace(World.at(here, source="unused", target="unused"), source_url=source.url, target_url=target.url)
    shutil.copy(SOCIAL / "plan.yaml", world.plan)
    return Pair(name, world, target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=400)
    parser.add_argument("--pairs", nargs="+", choices=EVERY_PAIR, default=PAIRS, metavar="SOURCE-TARGET")
    parser.add_argument("--rows", type=int, default=1_000, help="of the tenant's, in each source")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    given = parser.parse_args()
    chance = random.Random(given.seed)  # noqa: S311 - moments, not secrets
    print(f"--seed {given.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="migrator-soak-") as folder, servers(Path(folder)) as running:
        pairs = [_pair(name, Path(folder), running, given.rows) for name in given.pairs]
        for number in range(1, given.kills + 1):
            chance.choice(pairs).kill(chance.choice((SNAPSHOT, MIGRATE, MIGRATE, ROLLBACK)), chance)
            if number % 10 == 0:
                print(f"{number} kills", flush=True)
        for pair in pairs:
            print(f"{pair.name}: {', '.join(f'{count} × {said}' for said, count in sorted(pair.outcomes.items()))}")


if __name__ == "__main__":
    ending(main)
