"""Commands that are asked of a server: what only then can happen. The whole story is told both ways in test_story."""

from __future__ import annotations

import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.acceptance.office import mapping_of, rewritten
from tests.acceptance.performers import PATIENCE_S, at_work, is_waiting, shown, until, until_started
from tests.acceptance.served import BACK, ServedWorld, at_server
from tests.acceptance.world import World, changing, dump


@pytest.fixture(scope="module")
def server(right_office: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedWorld]:
    """The office at a server, which took its archive."""
    with at_server(right_office.copied(tmp_path_factory.mktemp("server")), "ours") as asked:
        asked.json("snapshot", asked.plan)
        yield replace(asked, is_gated=True)


def versions(server: ServedWorld, noun: str, name: str) -> list[str]:
    found = server.approver.get(f"/v1/tenants/ours/{noun}/{name}/versions").json()
    return [one["note"] for one in found.get("items", [])]


def test_a_plan_and_its_mapping_are_written_to_the_server_when_they_changed(server: ServedWorld) -> None:
    for _ in range(2):
        assert server.json("map", "check", server.plan)["verdict"] == "green"
        assert versions(server, "plans", "ours-away") == versions(server, "mappings", "mapping.yaml") == [NOTE]
    rewritten(mapping_of(server), "glad: happy", "glad: merry")
    shown = server.json("map", "preview", server.plan, "--table", "persons")["edges"][0]["pairs"]
    assert [pair["after"]["mood"] for pair in shown] == ["quiet", "merry"]
    assert (len(versions(server, "plans", "ours-away")), len(versions(server, "mappings", "mapping.yaml"))) == (1, 2)


NOTE = "from the command line"


def test_what_is_wrong_is_told_by_the_file_it_stands_in(server: ServedWorld) -> None:
    text = mapping_of(server).read_text(encoding="utf-8")
    try:
        mapping_of(server).write_text(text.replace("cast: integer", "cast: number"), encoding="utf-8")
        refused = server.json("rehearse", server.plan, code=2)
        assert refused["where"].startswith(f"{mapping_of(server)}:")
        mapping_of(server).write_text(text.replace('sql: "lower(name)"', "sql: \"'same'\""), encoding="utf-8")
        red = server.json("rehearse", server.plan, code=3)
        assert red["verdict"] == "red" and "nickname" in red["where"]
    finally:
        mapping_of(server).write_text(text, encoding="utf-8")


def test_a_literal_address_is_opened_by_no_server(server: ServedWorld) -> None:
    assert "NAME" in server.json("inspect", f"sqlite:///{server.source}", code=2)["next"]
    other = server.folder / "other.yaml"
    address = f"sqlite:///{server.source}"
    other.write_text(server.plan.read_text(encoding="utf-8").replace("${SOURCE_URL}", address), encoding="utf-8")
    refused = server.json("snapshot", other, code=2)
    assert refused["where"].startswith(f"{other}:") and "${SOURCE_URL}" in refused["next"]


def test_somebody_else_has_to_agree(server: ServedWorld) -> None:
    server.json("rehearse", server.plan)
    before = dump(server.target)
    asked = server.json("migrate", server.plan, "--detach", "--reason", "tonight")
    (waiting,) = server.waiting()
    assert (asked["approval"], waiting["reason"]) == (waiting["approval_id"], "tonight")
    server.decide(asked["approval"], grant=False, words="not on a Friday")
    with server.start("migrate", server.plan, "--json") as process:
        asked_again = until_asked(server)
        server.decide(asked_again, grant=False, words="not on a Friday")
        output, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 3 and "not on a Friday" in output
    assert dump(server.target) == before
    with server.agreeing():
        run = server.json("migrate", server.plan)["run"]
        with changing(server.target) as connection:
            connection.execute("UPDATE persons SET name = 'Bea' WHERE name = 'Ben'")
        found = server.json("rollback", run, code=3)
    assert (found["kept"] > 0, found["verdict"]) == (True, "red")
    assert found["notes"] and all(note["key"] for note in found["notes"])
    with changing(server.target) as connection:  # what people keep is theirs to remove
        connection.execute("DELETE FROM persons WHERE name = 'Bea'")


def until_asked(server: ServedWorld) -> str:
    while not (waiting := server.waiting()):
        time.sleep(0.1)
    return str(waiting[0]["approval_id"])


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_who_stops_waiting_stops_nothing_else(server: ServedWorld, stop: signal.Signals) -> None:
    before = server.runs()[-1]["run_id"]
    with at_work(here(server)):
        with server.start("rehearse", server.plan) as process:
            run = until_started(server, before)
            until(server, run, is_waiting)
            process.send_signal(stop)
            _, told = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 130
        assert f"migrator runs follow {run}" in told and "goes on" in told
        assert shown(server, run)["state"] == "running"
    followed = server.migrator("runs", "follow", run)
    assert (followed.code, "green" in followed.stdout) == (0, True)


def here(server: ServedWorld) -> World:
    """The same world as whoever sits before its databases sees it."""
    return World(folder=server.folder, source=server.source, target=server.target)


def test_an_archive_goes_back_into_a_platform_of_the_server(server: ServedWorld) -> None:
    archive = server.archives()[-1]
    assert server.json("restore", archive, server.platform(BACK))["verdict"] == "green"
    with closing(sqlite3.connect(server.folder / "back.db")) as connection:
        assert connection.execute("SELECT name FROM people ORDER BY id").fetchall() == [("Ada",), ("Ben",)]
    refused = server.json("restore", archive, server.platform(BACK), code=2)
    assert "empty" in refused["error"] and refused["next"]


def test_what_was_left_to_the_server_is_given_up_from_afar(server: ServedWorld) -> None:
    with at_work(here(server)):
        left = server.json("rehearse", server.plan, "--detach")
        until(server, left["run"], is_waiting)
        assert server.json("runs", "cancel", left["run"])["state"] == "cancelled"
    assert server.migrator("runs", "follow", left["run"]).code == 130
    assert "cancelled" in server.json("runs", "resume", left["run"], code=2)["error"]


def test_two_agree_that_a_load_is_accepted_for_good(server: ServedWorld) -> None:
    server.json("snapshot", server.plan)
    with server.agreeing():
        run = server.json("migrate", server.plan, "--waive", "this test needs a load")["run"]
        closed = server.json("runs", "close", run[:-1])
    assert (closed["of_run"], closed["verdict"], closed["journals"] > 0) == (run, "green", True)
    assert server.json("rollback", run, "--detach")["approval"]


@pytest.mark.parametrize(
    "command", [("worker",), ("serve",), ("demo",), ("admin", "backup", "x"), ("runs", "import", "x.db")]
)
def test_what_is_done_on_a_machine_is_not_asked_of_a_server(server: ServedWorld, command: tuple[str, ...]) -> None:
    refused = server.json(*command, code=2)
    assert "MIGRATOR_SERVER" in refused["where"]


def test_old_runs_are_forgotten_when_somebody_agrees(server: ServedWorld) -> None:
    asked = ("runs", "prune", "--keep", 1, "--days", 0)
    going = server.json(*asked)["runs"]
    with server.agreeing():
        assert server.json(*asked, "--yes", "--reason", "spring")["runs"] == going != []
        assert server.json(*asked, "--yes")["runs"] == []
    assert not set(going) & {run["run_id"] for run in server.runs()}


def test_a_server_is_named_before_or_behind_a_command(server: ServedWorld, tmp_path: Path) -> None:
    world = replace(server, server="", folder=tmp_path)
    for arguments in (
        ("--server", server.server, "runs", "list"),
        ("runs", "list", f"--server={server.server}"),
        ("runs", "list", "--server", server.server),
    ):
        assert world.json(*arguments)["runs"]
    assert world.json("runs", "list")["runs"] == []  # said once, it holds once


def test_who_asks_has_to_be_known_and_the_server_there(server: ServedWorld) -> None:
    assert server.approver.get("/v1/session").status_code == 200
    for world, code in (
        (replace(server, token=""), 2),
        (replace(server, token="mig_invented"), 2),  # noqa: S106
        (replace(server, server="here"), 2),
        (replace(server, server="http://127.0.0.1:1"), 1),
    ):
        refused = world.json("runs", "list", code=code)
        assert refused["where"] and refused["next"]
