"""A company's whole move, command by command: what programs read, what people read, what nothing may touch."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

import openpyxl
import pytest

from tests.acceptance.served import at_server
from tests.acceptance.world import Answer, World, changing, dump

EDGE_KEYS = {
    "source",
    "target",
    "kind",
    "archive",
    "loaded",
    "merged",
    "kept",
    "rejected",
    "excluded",
    "unexplained",
}
PYTHON = re.compile(r"PosixPath|object at 0x|Decimal\(|datetime\.|\bNone\b|\bTrue\b|\bFalse\b|\w+\(\w+=|[\[({]'|',\)")
PLACES = ("here", "asked of a server")
PROGRESSING = ("snapshot", "map check", "rehearse", "migrate", "verify")


@dataclass(frozen=True, kw_only=True)
class Story:
    """Every command's answer by its name, and what the target was after the commands that could have changed it."""

    world: World
    answers: dict[str, Answer]
    targets: dict[str, list[str]]
    states: dict[str, dict[str, str]]


def _play(world: World, *flags: str) -> Story:
    world = replace(world, is_gated=True)  # the rehearsal is a part of the story
    answers: dict[str, Answer] = {}
    targets = {"before": dump(world.target)}
    states = {"before": world.state()}

    def tell(name: str, *arguments: object) -> None:
        answers[name] = world.migrator(*arguments, *flags)
        targets[name], states[name] = dump(world.target), world.state()

    tell("inspect", "inspect", world.platform("SOURCE_URL"))
    tell("scope", "scope", world.plan)
    tell("snapshot", "snapshot", world.plan)
    tell("archive check", "archive", "check", world.archives()[0])
    tell("archive show", "archive", "show", world.archives()[0])
    tell("map check", "map", "check", world.plan)
    tell("map preview", "map", "preview", world.plan)
    tell("rehearse", "rehearse", world.plan)
    tell("migrate", "migrate", world.plan)
    run = world.runs()[-1]["run_id"]
    tell("verify", "verify", run)
    tell("verify deep", "verify", run, "--deep")
    tell("again", "migrate", world.plan)
    tell("runs show", "runs", "show", run)
    tell("rollback", "rollback", run)
    tell("runs list", "runs", "list")
    return Story(world=world, answers=answers, targets=targets, states=states)


def _played(social: World, folder: Path, where: str, *flags: str) -> Story:
    world = social.copied(folder)
    if where == "here":
        return _play(world, *flags)
    with at_server(world, "vauclair") as asked, asked.agreeing():
        return _play(asked, *flags)


@pytest.fixture(scope="module", params=PLACES)
def story(social: World, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Story:
    return _played(social, tmp_path_factory.mktemp("story"), request.param, "--json")


@pytest.fixture(scope="module", params=PLACES)
def read_by_people(social: World, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Story:
    return _played(social, tmp_path_factory.mktemp("people"), request.param)


@pytest.fixture
def loaded(archived: World, tmp_path: Path) -> tuple[World, str]:
    """A world after migrate, and the run's id."""
    world = archived.copied(tmp_path)
    return world, world.json("migrate", world.plan)["run"]


# ── what programs rely on ───────────────────────────────────────────────────────────────────────────────────
def test_every_answer_is_one_object_and_progress_stays_on_stderr(story: Story) -> None:
    for name, answer in story.answers.items():
        assert answer.json, name
        assert answer.code == (3 if name == "again" else 0), (name, answer)
    assert all(story.answers[name].stderr for name in PROGRESSING)


def test_inspect(story: Story) -> None:
    found = story.answers["inspect"].json
    tables = {table["name"]: table for table in found["tables"]}
    assert tables["companies"]["rows"] == 5
    columns = {column["name"]: column for column in tables["members"]["columns"]}
    assert columns["email"].keys() >= {"name", "type", "fidelity"}
    assert (columns["score"]["fidelity"], columns["badge"]["fidelity"]) == ("exact", "text")
    assert ("companies", "id", 5) in {(one["table"], one["column"], one["tenants"]) for one in found["tenants"]}


def test_scope(story: Story) -> None:
    found = story.answers["scope"].json
    tables = {table["name"]: table for table in found["tables"]}
    assert (found["verdict"], found["unclassified"]) == ("green", [])
    assert {tables[name]["class"] for name in ("companies", "posts")} == {"owned"}
    assert (tables["countries"]["class"], tables["audit_log"]["class"]) == ("shared", "excluded")
    assert tables["companies"]["rows"] == 1
    assert tables["memberships"]["path"] == "memberships.group_id → groups.id"


def test_snapshot(story: Story) -> None:
    found, [archive] = story.answers["snapshot"].json, story.world.archives()
    assert found["archive"] == str(archive)
    assert found["tenant"] == "vauclair"
    assert found["fence"]["taken_at"].endswith("Z")
    assert found["rows"] == sum(table["rows"] for table in found["tables"]) > 150
    assert found["bytes"] > 0
    assert {"name": "companies", "rows": 1} in found["tables"]


def test_archive_check(story: Story) -> None:
    found = story.answers["archive check"].json
    assert (found["archive"], found["verdict"]) == (str(story.world.archives()[0]), "green")
    assert found["problems"] == []
    assert story.answers["archive show"].json["fingerprint"] == found["fingerprint"]


def test_map_check(story: Story) -> None:
    found = story.answers["map check"].json
    assert (found["verdict"], found["unmapped"], found["problems"]) == ("green", [], [])


@pytest.mark.parametrize("command", ["rehearse", "migrate"])
def test_every_row_is_explained(story: Story, command: str) -> None:
    found = story.answers[command].json
    assert found["verdict"] == "green"
    assert all(edge.keys() >= EDGE_KEYS and edge["unexplained"] == 0 for edge in found["edges"])
    members = [edge for edge in found["edges"] if (edge["source"], edge["target"]) == ("members", "accounts")]
    assert sum(edge["kept"] for edge in members) == 1  # Camille, whom Agora knows already
    assert any(edge["rejected"] for edge in found["edges"])


def test_digests_tell_a_load_from_a_rehearsal(story: Story) -> None:
    rehearsed, migrated, rolled = (story.answers[name].json for name in ("rehearse", "migrate", "rollback"))
    assert rehearsed["digest_before"] == rehearsed["digest_after"] == migrated["digest_before"]
    assert migrated["digest_after"] == rehearsed["digest_loaded"] != migrated["digest_before"]
    assert rolled["digest_after"] == rolled["digest_before_load"] == migrated["digest_before"]


def test_verify_compares_everything_also_from_the_master(story: Story) -> None:
    found, deep = (story.answers[name].json for name in ("verify", "verify deep"))
    assert (found["verdict"], found["different"]) == ("green", 0)
    assert all("without a key" in said for said in found["not_compared"])  # the only thing nobody can tell
    assert found["compared"] == sum(edge["loaded"] for edge in story.answers["migrate"].json["edges"])
    told = ("verdict", "compared", "different", "not_compared", "differences")
    assert {key: found[key] for key in told} == {key: deep[key] for key in told}


def test_migrating_twice_is_refused(story: Story) -> None:
    answer = story.answers["again"]
    assert "already loaded" in answer.json["error"]
    assert "migrator rollback" in answer.json["next"]
    assert story.targets["again"] == story.targets["migrate"]


def test_rollback(story: Story) -> None:
    found, migrated = story.answers["rollback"].json, story.answers["migrate"].json
    assert found["verdict"] == "green"
    assert found["reversed"] == sum(edge["loaded"] for edge in migrated["edges"])
    assert (found["kept"], found["failed"], found["notes"]) == (0, 0, [])


def test_every_run_is_remembered(story: Story) -> None:
    runs = story.answers["runs list"].json["runs"]
    kinds = [(run["kind"], run["number"], run["state"], run["verdict"]) for run in runs]
    assert kinds == [
        ("snapshot", 1, "done", "green"),
        ("rehearsal", 1, "done", "green"),
        ("migration", 1, "done", "green"),
        ("verification", 1, "done", "green"),
        ("verification", 2, "done", "green"),
        ("rollback", 1, "done", "green"),
    ]
    assert story.answers["runs show"].json["run_id"] == runs[2]["run_id"]


# ── what nothing may touch ──────────────────────────────────────────────────────────────────────────────────
def test_the_source_and_its_folder_are_never_touched(story: Story) -> None:
    for name, state in story.states.items():
        assert {path: hash_ for path, hash_ in state.items() if path.startswith("source/")} == {
            "source/ruche.db": story.states["before"]["source/ruche.db"]
        }, name


def test_a_rehearsal_leaves_the_target_as_it_was_to_the_byte(story: Story) -> None:
    assert story.states["rehearse"] == story.states["map preview"]


def test_only_migrate_changes_the_target_and_rollback_takes_all_of_it_back(story: Story) -> None:
    held = {name: _but_sequences(lines) for name, lines in story.targets.items()}
    changed = [name for name, lines in held.items() if lines != held["before"]]
    assert changed == ["migrate", "verify", "verify deep", "again", "runs show"]
    assert story.world.beside_target() == set()


def _but_sequences(lines: list[str]) -> list[str]:
    """A sequence that was rewound would give a number twice: they only ever advance."""
    return [line for line in lines if not line.startswith('INSERT INTO "sqlite_sequence"')]


# ── when a person changed something ─────────────────────────────────────────────────────────────────────────
def test_verify_names_the_cell_that_differs(loaded: tuple[World, str]) -> None:
    world, run = loaded
    with changing(world.target) as connection:
        connection.execute("UPDATE labels SET name = name || ' ' WHERE id = (SELECT min(id) FROM labels)")
        id_, name = connection.execute("SELECT id, name FROM labels ORDER BY id").fetchone()
    found = world.json("verify", run, code=3)
    assert (found["verdict"], found["different"]) == ("red", 1)
    [difference] = found["differences"]
    assert (difference["table"], difference["key"], difference["column"]) == ("labels", {"id": id_}, "name")
    assert (difference["expected"], difference["actual"]) == (name[:-1], name)
    text = world.migrator("verify", run)
    assert text.code == 3
    assert "labels" in text.stdout and id_ in text.stdout and "name" in text.stdout
    assert not PYTHON.search(text.stdout), PYTHON.search(text.stdout)


def test_rollback_keeps_what_people_edited_and_lists_it(loaded: tuple[World, str]) -> None:
    world, run = loaded
    with changing(world.target) as connection:
        connection.execute("UPDATE labels SET colour = 'edited' WHERE id = (SELECT max(id) FROM labels)")
        id_ = connection.execute("SELECT max(id) FROM labels").fetchone()[0]
    found = world.json("rollback", run, code=3)
    assert found["verdict"] == "red"
    assert {"table": "labels", "key": {"id": id_}}.items() <= next(
        note.items() for note in found["notes"] if note["table"] == "labels"
    )
    assert found["kept"] == len(found["notes"]) < found["reversed"]
    with changing(world.target) as connection:
        assert connection.execute("SELECT colour FROM labels WHERE id = ?", (id_,)).fetchone() == ("edited",)


def test_what_was_taken_back_can_be_loaded_again(loaded: tuple[World, str]) -> None:
    world, run = loaded
    world.json("rollback", run)
    assert world.json("rollback", run, code=2)["error"].startswith("the target holds no load of this run")
    assert world.json("migrate", world.plan)["verdict"] == "green"


# ── what people read ────────────────────────────────────────────────────────────────────────────────────────
def test_text_is_for_people(read_by_people: Story) -> None:
    for name, answer in read_by_people.answers.items():
        shown = answer.stdout + answer.stderr
        assert not PYTHON.search(shown), (name, PYTHON.search(shown))
        assert answer.code == (3 if name == "again" else 0), (name, answer)
    assert read_by_people.answers["snapshot"].stdout.strip() == str(read_by_people.world.archives()[0])
    for name in ("scope", "archive check", "map check", "rehearse", "migrate", "verify", "rollback"):
        assert "✔ green" in read_by_people.answers[name].stdout, name
    refused = read_by_people.answers["again"].stderr
    assert [line.split(":")[0].strip() for line in refused.splitlines()][-3:] == ["error", "where", "next"]


def test_a_report_is_a_page_a_workbook_or_data(loaded: tuple[World, str], tmp_path: Path) -> None:
    world, run = loaded
    found = json.loads(world.migrator("report", run, "--format", "json").stdout)
    assert (found["run"], found["verdict"], found["tenant"]) == (run, "green", "vauclair")
    page = tmp_path / "report.html"
    assert world.json("report", run, "--format", "html", "--out", page)["report"] == str(page)
    html = page.read_text(encoding="utf-8")
    assert run in html and "vauclair" in html
    assert not re.search(r"""(src|href)=["']?https?:""", html), "a page that needs the network does not open for ever"
    world.json("report", run, "--format", "xlsx", "--out", tmp_path / "report.xlsx")
    ledger = openpyxl.load_workbook(tmp_path / "report.xlsx", read_only=True)["Ledger"]
    texts = {str(value) for row in ledger.iter_rows(values_only=True) for value in row}
    assert [text for text in texts if "annex 3" in text], "why the vendor's log stayed behind"


def test_demo(tmp_path: Path) -> None:
    world = World.at(tmp_path, source="unused", target="unused")
    found = world.json("demo", "--rows", "200", "--folder", tmp_path / "demo")
    assert found["verdict"] == "green"
    assert found["digest_before"] == found["digest_after"]
    assert found["rows"] > 150
    assert Path(found["report"]).is_file()
