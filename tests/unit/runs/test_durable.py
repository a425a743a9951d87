"""Steps: each done once, whatever stops whoever performs the run, in one file as in a database that many share."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import MetaData, Table, func, inspect, select

from migrator.outcomes import EVERY_STEP
from migrator.runs.database import open_database
from migrator.runs.durable import durable
from storage.errors import Fault, Misuse, Red

ROOT = Path(__file__).parents[3]
FIVE = ("one", "two", "three", "four", "five")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'durable.db'}"
    address: str = request.getfixturevalue("postgres_url")
    return address


def program(url: str, during: str, *, before: str = "") -> subprocess.Popen[str]:
    """Another process that performs the run `r` in five steps and prints each; `during` is done within the third."""
    code = f"""
import os, signal, sys
{before}
from migrator.runs.durable import durable
def do(name):
    print(name, flush=True)
    if name == "three":
        {during}
    return [name]
with durable(sys.argv[1]) as runs, runs.performing("r", attempt=1) as steps:
    for name in {FIVE}:
        steps.once(name, lambda: do(name))
"""
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-c", code, url], cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True
    )


def performed(url: str, *names: str, attempt: int = 2, run: str = "r", stop: str = "") -> list[str]:
    """The steps that this process did of those asked for; every one of them gave its name."""
    did: list[str] = []

    def do(name: str) -> list[str]:
        did.append(name)
        if name == stop:
            raise Fault("the disk is full")
        return [name]

    with durable(url) as runs, runs.performing(run, attempt=attempt) as steps:
        assert steps.attempt == attempt
        for name in names or FIVE:
            assert steps.once(name, lambda name=name: do(name)) == [name]  # type: ignore[misc]
            assert name in runs.finished(run)
    return did


def test_after_kill_9_only_the_step_under_way_and_those_after_it_are_done(url: str) -> None:
    killed = program(url, "os.kill(os.getpid(), signal.SIGKILL)")
    output, errors = killed.communicate(timeout=60)
    assert (killed.returncode, output.split(), errors) == (-9, ["one", "two", "three"], "")
    assert performed(url) == ["three", "four", "five"]


def test_a_fault_keeps_what_was_finished_and_is_not_kept_itself(url: str) -> None:
    with pytest.raises(Fault, match="disk is full"):
        performed(url, attempt=1, stop="two")
    with pytest.raises(Fault, match="disk is full"):
        performed(url, attempt=2, stop="three")
    with durable(url) as runs:
        assert runs.finished("r") == ("one", "two")
    assert performed(url, attempt=3) == ["three", "four", "five"]


def test_a_step_is_known_by_its_name_in_whatever_order_it_is_asked_for(url: str) -> None:
    with pytest.raises(Fault):
        performed(url, attempt=1, stop="three")
    assert performed(url, "two", "new", "five", "one") == ["new", "five"]


def test_what_came_to_its_end_is_forgotten_and_what_is_red_too(url: str) -> None:
    performed(url, attempt=1)
    with pytest.raises(Red), durable(url) as runs, runs.performing("red", attempt=1) as steps:
        steps.once("one", lambda: 1)
        raise Red("3 rows differ")
    with durable(url) as runs:
        assert runs.finished("r") == runs.finished("red") == ()


def test_whoever_hangs_records_nothing_once_another_goes_on(url: str) -> None:
    hanging = program(url, "sys.stdin.readline()")
    assert hanging.stdout is not None
    assert [hanging.stdout.readline().strip() for _ in range(3)] == ["one", "two", "three"]
    with pytest.raises(Fault, match="disk is full"):
        performed(url, stop="five")
    output, errors = hanging.communicate("\n", timeout=60)
    assert (hanging.returncode, output) == (1, "")
    assert errors.strip().splitlines()[-1].startswith("storage.errors.Fault: somebody else has taken this run over")
    assert performed(url, attempt=3) == ["five"]


def test_whoever_comes_takes_up_nothing_that_another_performs(url: str) -> None:
    busy = program(url, "sys.stdin.readline()")
    assert busy.stdout is not None
    assert [busy.stdout.readline().strip() for _ in range(3)] == ["one", "two", "three"]
    with pytest.raises(Fault):
        performed(url, run="other", attempt=1, stop="four")
    assert performed(url, run="other", attempt=2) == ["four", "five"]
    output, errors = busy.communicate("\n", timeout=60)
    assert (busy.returncode, output.split(), errors) == (0, ["four", "five"], "")


def test_threads_share_the_steps_of_a_run_and_a_process_performs_several(url: str) -> None:
    names = [f"split {number}" for number in range(12)]

    def perform(run: str) -> list[int]:
        with durable(url) as runs, runs.performing(run, attempt=1) as steps, ThreadPoolExecutor(4) as pool:
            done = list(pool.map(lambda name: steps.once(name, lambda: int(name.partition(" ")[2])), names))
            assert sorted(runs.finished(run)) == sorted(names)
            return done

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(perform, ("a", "b", "c"))) == [list(range(12))] * 3


def test_a_process_goes_on_with_several(url: str) -> None:
    runs = ("a", "b", "c")
    for run in runs:
        with pytest.raises(Fault):
            performed(url, run=run, attempt=1, stop="four")
    with durable(url), ThreadPoolExecutor(3) as pool:
        assert list(pool.map(lambda run: performed(url, run=run), runs)) == [["four", "five"]] * 3
    assert kept(url) == set()


def kept(url: str) -> set[str]:
    """Which tables hold anything but which version made them."""
    with closing(open_database(url)) as database, database.transaction() as connection:
        schema = None if url.startswith("sqlite") else "migrator_dbos"
        tables = [Table(name, MetaData(), schema=schema) for name in inspect(connection).get_table_names(schema=schema)]
        filled = {table.name for table in tables if connection.scalar(select(func.count()).select_from(table))}
    return filled - {"dbos_migrations", "application_versions"}


def test_of_what_is_killed_again_and_again_only_the_run_stays_and_in_the_end_nothing(url: str) -> None:
    """Each process that had gone on with one left a queue, and every process after it read them all once a second."""
    for _ in range(2):
        program(url, "os.kill(os.getpid(), signal.SIGKILL)").communicate(timeout=60)
    assert kept(url) == {"workflow_status", "workflow_input", "operation_outputs"}
    performed(url)
    assert kept(url) == set()


def test_a_step_gives_the_same_whether_it_was_kept_or_not(tmp_path: Path) -> None:
    def given() -> dict[str, object]:
        return {"pair": (1, "é"), "nothing": None}

    with durable(f"sqlite:///{tmp_path / 'durable.db'}") as runs, runs.performing("r", attempt=1) as steps:
        kept = steps.once("a", given)  # type: ignore[type-var]
    assert kept == EVERY_STEP.once("a", given) == {"pair": [1, "é"], "nothing": None}  # type: ignore[type-var]
    with pytest.raises(TypeError):
        EVERY_STEP.once("a", lambda: b"bytes")


def test_nothing_is_said_and_nobody_is_called(tmp_path: Path) -> None:
    """DBOS knows a console of its own in the network, and would log to the terminal."""
    heard = "sys.addaudithook(lambda event, args: event.startswith('socket.') and print(event, args))"
    quiet = program(f"sqlite:///{tmp_path / 'durable.db'}", "pass", before=heard)
    output, errors = quiet.communicate(timeout=60)
    said = [line for line in output.splitlines() if "socket.gethostname" not in line and "socket.__new__" not in line]
    assert (quiet.returncode, said, errors) == (0, list(FIVE), "")


def test_where_steps_cannot_be_kept_is_told_and_tried_again(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Fault) as refused, durable(f"sqlite:///{tmp_path / 'file' / 'durable.db'}"):
        pass
    assert str(tmp_path) in refused.value.where
    with pytest.raises(Misuse), durable("nonsense"):
        pass
    assert performed(f"sqlite:///{tmp_path / 'durable.db'}", attempt=1) == list(FIVE)


def test_a_process_performs_runs_of_one_catalog_at_a_time(tmp_path: Path) -> None:
    with durable(f"sqlite:///{tmp_path / 'a.db'}"):
        with pytest.raises(Misuse, match="another catalog"), durable(f"sqlite:///{tmp_path / 'b.db'}"):
            pass
        assert performed(f"sqlite:///{tmp_path / 'a.db'}", attempt=1) == list(FIVE)
    assert performed(f"sqlite:///{tmp_path / 'b.db'}", attempt=1) == list(FIVE)
