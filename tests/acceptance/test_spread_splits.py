"""Workers on one catalog copy splits of one large table: the master is the same to the byte, whoever dies or hangs."""

from __future__ import annotations

import hashlib
import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrator.engine.turns import WORTH_ROWS
from tests.acceptance.test_snapshot_resumed import handle
from tests.acceptance.test_spread import Spread, audit, filled, made, on_catalog
from tests.acceptance.workers import MISSED_S
from tests.servers.postgres import Postgres
from tests.waiting import comes

ROWS = WORTH_ROWS * 11 // 10
SPLIT_ROWS = 1 << 14
SPLITS = [f"lines {number}/4" for number in range(1, 5)]
PARTS = [f"part-{number:05d}-00000.csv" for number in range(4)]
SOURCE = f"""
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE lines (code text, n bigint, firm_id int REFERENCES firms, amount numeric, PRIMARY KEY (code, n));
INSERT INTO firms VALUES (1, 'ours'), (2, 'theirs');
INSERT INTO lines SELECT chr(65 + n % 50), n::bigint * n, 1, n * 1.10 FROM generate_series(1, {ROWS}) n;
INSERT INTO lines SELECT 'É', -n, 2, NULL FROM generate_series(1, 1000) n;
"""


class Splits(Spread):
    def content(self, archive: Path) -> dict[str, str]:
        return masters(archive)


def masters(archive: Path) -> dict[str, str]:
    """The hash of each table's master, as if it were in one part, and what is said of its rows."""
    found = {}
    for resource in json.loads((archive / "data/datapackage.json").read_text())["resources"]:
        if part := resource.get("migrator:part"):
            files = [*([part["header"]] if part["header"] else []), *part["csv"]]
            master = hashlib.sha256(b"".join((archive / "data" / one["path"]).read_bytes() for one in files))
            found[resource["name"]] = f"{master.hexdigest()} {part['rows']} {part['digest']}"
    return found


@pytest.fixture(scope="module")
def source(postgres: Postgres) -> Iterator[str]:
    with filled(postgres, SOURCE) as url:
        yield url


@pytest.fixture(scope="module")
def expected(source: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    world = made(tmp_path_factory.mktemp("alone"), source)
    return masters(Path(world.json("snapshot", world.plan)["archive"]))


@pytest.fixture
def spread(
    source: str, expected: dict[str, str], postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Splits]:
    monkeypatch.setenv("HALTED_SPLIT_ROWS", str(SPLIT_ROWS))
    found = Splits(world=made(tmp_path, source), expected=expected, catalog=postgres_url)
    with on_catalog(found, monkeypatch):
        yield found


def parts(archive: Path) -> list[str]:
    return sorted(path.name for path in (archive / "data/csv/lines").iterdir())


def test_two_workers_copy_splits_of_one_table(spread: Splits) -> None:
    with spread.halted("lines/0", "slot"), spread.halted("lines/0", "slot"):
        spread.idle(2)
        with spread.halted("firms", "snapshot", spread.world.plan) as command:
            comes(lambda: spread.states() == {**dict.fromkeys(SPLITS, "done"), SPLITS[0]: "taken"})
            archive = spread.ended(command)
        assert parts(archive) == PARTS
        assert json.dumps(SPLITS[1:])[1:-1] in audit(archive)
    said = (spread.world.folder / "log").read_text()
    helping = {line.split("helps: copies")[0].split()[1] for line in said.splitlines() if "helps: copies" in line}
    assert len(helping) == 2, "two processes"


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGSTOP], ids=lambda by: by.name)
def test_a_helper_that_dies_or_hangs_in_the_middle_of_a_split_changes_nothing(
    spread: Splits, by: signal.Signals
) -> None:
    with spread.halted("lines/2", "slot") as helper:
        spread.idle(1)
        with spread.halted("firms", "snapshot", spread.world.plan, silence_s=MISSED_S) as command:
            comes(Path(f"{spread.released}-lines-2").exists)
            helper.send_signal(by)
            archive = spread.ended(command)
        assert json.dumps({"tables": SPLITS[:2]}) in audit(archive)
        if by == signal.SIGSTOP:
            helper.send_signal(signal.SIGCONT)
            comes(lambda: spread.said("stopped: "))
        assert parts(spread.require_same(archive)) == PARTS


def test_a_run_whose_process_is_killed_is_finished_by_who_copied_splits_for_it(spread: Splits) -> None:
    with spread.halted("firms", "slot") as one, spread.halted("firms", "slot") as other:
        spread.idle(2)
        run = spread.world.json("snapshot", spread.world.plan, "--detach")["run"]
        comes(lambda: spread.states() == dict.fromkeys(SPLITS, "done"))
        comes(lambda: handle(spread.world) != "None")  # of a keeper that was not there yet, nobody could go on
        performing = spread.world.json("runs", "show", run)["process"]
        next(worker for worker in (one, other) if worker.pid == performing).kill()
        spread.released.touch()
        comes(lambda: spread.world.json("runs", "show", run)["state"] == "done")
    (archive,) = spread.world.archives()
    assert parts(spread.require_same(archive)) == PARTS
    assert "went on in the same fence" in audit(archive)
