"""A snapshot of PostgreSQL that is killed goes on in its own point in time, by command or worker; or begins anew."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from migrator.platforms.postgres.exported import KEEPER
from storage.begun import LIST
from tests.acceptance.world import ROOT, World
from tests.conformance.platforms import PostgresPlatform
from tests.waiting import comes

SOURCE = """
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE first (id int PRIMARY KEY, firm_id int REFERENCES firms, note text);
CREATE TABLE second (id int PRIMARY KEY, firm_id int REFERENCES firms, note text);
ALTER TABLE first ALTER note SET STORAGE EXTERNAL;
ALTER TABLE second ALTER note SET STORAGE EXTERNAL;
INSERT INTO firms VALUES (1, 'ours'), (2, 'theirs');
INSERT INTO first SELECT n, 1 + n % 2, repeat(md5(n::text), 100) FROM generate_series(1, 40) n;
INSERT INTO second SELECT id, firm_id, note FROM first;
"""
LATER = "INSERT INTO first VALUES (50, 1, ''); INSERT INTO second VALUES (50, 1, '')"
PLAN = """\
plan: firm-away
tenant: ours
source:
  url: ${SOURCE_URL}
  scope:
    root: {table: firms, where: {id: 1}}
store: ${STORE_URL}
"""
SESSIONS = f"""
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
AND backend_type = 'client backend' AND application_name {{}} '{KEEPER}'
"""
LONG_VALUES = "SELECT relname, toast_blks_hit + toast_blks_read FROM pg_statio_user_tables WHERE relname <> 'firms'"


@dataclass(frozen=True, kw_only=True)
class Halted:
    """A snapshot that was killed where `first` was finished and `second` not begun; both have one more row since."""

    world: World
    source: PostgresPlatform
    run: str
    begun: str  # the archive

    def sessions(self, are: str) -> int:
        return int(self.source.rows(SESSIONS.format(are))[0][0])

    def rows_of(self, told: dict[str, Any]) -> dict[str, int]:
        return {table["name"]: table["rows"] for table in told["tables"]}


@pytest.fixture
def world(postgres_url: str, tmp_path: Path) -> World:
    PostgresPlatform(postgres_url).run(SOURCE)
    made = replace(World.at(tmp_path, source="none.db", target="none.db"), source_url=postgres_url)
    made.plan.write_text(PLAN, encoding="utf-8")
    return made


@pytest.fixture
def command(world: World) -> Iterator[subprocess.Popen[bytes]]:
    """A snapshot that stands before `second`, and will not go on; its keeper was killed once."""
    arguments = [sys.executable, "-m", "tests.acceptance.halted", "second", "snapshot", str(world.plan)]
    environment = {**os.environ, **world.environment}
    with subprocess.Popen(arguments, env=environment, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        try:
            comes(lambda: bool(list(world.store.glob(f"*{LIST}/tables/first.json"))))
            _succeeded(world)
            yield process
        finally:
            process.kill()
            for keeper in keepers(world):
                os.kill(keeper, signal.SIGKILL)


def _succeeded(world: World) -> None:
    """Its keeper is killed, and has a successor."""
    before, (keeper,) = handle(world), keepers(world)
    os.kill(keeper, signal.SIGKILL)
    comes(lambda: handle(world) != before)


@pytest.fixture
def halted(world: World, command: subprocess.Popen[bytes]) -> Halted:
    command.kill()
    command.wait()
    (begun,) = [path.name.removesuffix(LIST) for path in world.store.glob(f"*{LIST}")]
    source = PostgresPlatform(world.source_url)
    source.run(LATER)
    made = Halted(world=world, source=source, run=world.runs()[-1]["run_id"], begun=begun)
    comes(lambda: made.sessions("<>") == 0)
    return made


def keepers(world: World) -> list[int]:
    """The processes that hold a point in time for this world."""
    found, home = [], f"MIGRATOR_HOME={world.home}".encode()
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            is_ours = home in path.joinpath("environ").read_bytes().split(b"\0")
            if is_ours and b"migrator.cli.keeper" in path.joinpath("cmdline").read_bytes().split(b"\0"):
                found.append(int(path.name))
    return found


def handle(world: World) -> str:
    (entry,) = world.store.glob(f"*{LIST}/begun.json")
    return str(json.loads(entry.read_text())["handle"])


def test_it_goes_on_in_its_instant_and_reads_no_finished_table_again(halted: Halted) -> None:
    before = dict(halted.source.rows(LONG_VALUES))
    told = halted.world.json("runs", "resume", halted.run)
    assert (told["run"], Path(told["archive"]).name) == (halted.run, halted.begun)
    assert halted.rows_of(told) == {"firms": 1, "first": 20, "second": 20}
    assert told["notes"] == []
    comes(lambda: halted.sessions("<>") + halted.sessions("=") == 0)
    after = dict(halted.source.rows(LONG_VALUES))
    assert after["first"] == before["first"]
    assert after["second"] > before["second"]
    assert halted.world.json("archive", "check", told["archive"])["verdict"] == "green"
    assert halted.world.archives() == [halted.world.store / halted.begun]
    assert not list(halted.world.store.glob(f"*{LIST}"))


def test_a_worker_takes_it_over(halted: Halted) -> None:
    with halted.world.start("worker") as worker:
        comes(lambda: halted.world.json("runs", "show", halted.run)["state"] == "done")
        worker.kill()
    (archive,) = halted.world.archives()
    assert archive.name == halted.begun
    shown = halted.world.json("archive", "show", archive)
    assert halted.rows_of(shown) == {"firms": 1, "first": 20, "second": 20}


def test_without_its_keeper_it_begins_anew_and_says_so(halted: Halted) -> None:
    (keeper,) = keepers(halted.world)
    os.kill(keeper, signal.SIGKILL)
    comes(lambda: halted.sessions("=") == 0)
    told = halted.world.json("runs", "resume", halted.run)
    assert halted.rows_of(told) == {"firms": 1, "first": 21, "second": 21}
    assert told["notes"] == ["read anew: nobody holds the point in time any more that was read before"]
    assert Path(told["archive"]).name != halted.begun
    assert halted.world.archives() == [Path(told["archive"])]
    assert not list(halted.world.store.glob(f"{halted.begun}*"))


def test_cancelled_it_leaves_neither_parts_nor_keeper(halted: Halted) -> None:
    assert halted.world.json("runs", "cancel", halted.run)["state"] == "cancelled"
    comes(lambda: halted.sessions("<>") + halted.sessions("=") == 0)
    assert [path.name for path in halted.world.store.iterdir() if path.name != "runs"] == []
