"""Whatever is wrong is said — what, where, what next — with the right exit code, and nothing is touched."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.acceptance.office import mapping_of, rewritten
from tests.acceptance.world import Answer, World, changing

Mistake = Callable[[World], None]


def _none(_world: World) -> None:
    """No mistake in the world: the command itself is one."""


@dataclass(frozen=True)
class Case:
    """A mistake, the command that must notice it, and its exit code. Positional: the cases are tables."""

    id: str
    command: str  # {words} stand for the world's places
    code: int
    mistake: Mistake = _none
    what: str = ""
    where: str = ""
    next: str = ""

    def saying(self, what: str, where: str, next: str) -> Case:
        """With parts of what the command says."""
        return replace(self, what=what, where=where, next=next)


def plan(old: str, new: str) -> Mistake:
    return lambda world: rewritten(world.plan, old, new)


def mapping(old: str, new: str) -> Mistake:
    return lambda world: rewritten(mapping_of(world), old, new)


def target(script: str) -> Mistake:
    return lambda world: _change(world.target, script)


def source(script: str, *, archived: bool = False) -> Mistake:
    """Change the source; with `archived` the archive holds the change."""

    def change(world: World) -> None:
        _change(world.source, script)
        if archived:
            shutil.rmtree(world.store)
            world.json("snapshot", world.plan)

    return change


def all_of(*mistakes: Mistake) -> Mistake:
    def change(world: World) -> None:
        for mistake in mistakes:
            mistake(world)

    return change


def _change(database: Path, script: str) -> None:
    with changing(database) as connection:
        connection.executescript(script)


def _other_tenant(world: World) -> None:
    plan("tenant: ours", "tenant: theirs")(world)


ADDRESSES = [
    Case("missing file", "inspect sqlite:///{folder}/no.db", 2).saying("no such file", "no.db", "path"),
    Case("not a database", "inspect sqlite:///{plan}", 2).saying("not a SQLite database", "plan.yaml", "database file"),
    Case("a folder", "inspect sqlite:///{folder}", 2).saying("a folder, not a file", "{folder}", "database file"),
    Case("unknown scheme", "inspect sqlitte:///{folder}", 2).saying("no driver", "source", "sqlite://"),
    Case("a password in an unknown address", "inspect oracle://scott:tiger@host/db", 2).saying(
        "scott:***@host", "source", "sqlite://"
    ),
    Case("target of an unknown scheme", "migrate {plan}", 2, plan("  url: ${TARGET_URL}", "  url: ftp://there")).saying(
        "no driver for this target", "target", "sqlite://"
    ),
    Case(
        "a file for a home", "rehearse {plan}", 1, lambda world: world.home.write_text("not a folder") and None
    ).saying("a file stands where a folder should be", "home", "move the file away"),
    Case("target missing", "rehearse {plan}", 2, plan("  url: ${TARGET_URL}", "  url: sqlite:///no.db")).saying(
        "no such file", "no.db", "path"
    ),
    Case("store of an unknown scheme", "snapshot {plan}", 2, plan("${STORE_URL}", "ftp://there/store")).saying(
        "ftp://", "store", "file:///"
    ),
]

PLANS = [
    Case("no plan", "scope no.yaml", 2).saying("no such plan", "no.yaml", "path"),
    Case("bad YAML", "scope {plan}", 2, plan("tenant: ours", "tenant: [ours")).saying(
        "not YAML", "plan.yaml:3", "indentation"
    ),
    Case("typo in a key", "snapshot {plan}", 2, plan("source:\n", "sorce:\n")).saying(
        "unknown key 'sorce'", "plan.yaml:3", "source"
    ),
    Case(
        "a list for a plan", "scope {plan}", 2, lambda world: world.plan.write_text("- plan: ours-away\n") and None
    ).saying("not a mapping", "plan.yaml:1", "docs/plan.md"),
    Case("typo in a nested key", "migrate {plan}", 2, plan("excluded:", "exclude:")).saying(
        "unknown key 'exclude'", "plan.yaml:7", "excluded"
    ),
    Case("variable not set", "scope {plan}", 2, plan("${SOURCE_URL}", "${ELSEWHERE_URL}")).saying(
        "ELSEWHERE_URL is not set", "plan.yaml:4", "export ELSEWHERE_URL"
    ),
    Case("password", "scope {plan}", 2, plan("${SOURCE_URL}", "postgresql://me:secret@host/db")).saying(
        "holds a password", "plan.yaml:4", "${SOURCE_URL}"
    ),
    Case("no tenant", "snapshot {plan}", 2, plan("tenant: ours", "tenant: ''")).saying(
        "no tenant", "plan.yaml:2", "tenant: NAME"
    ),
    Case(
        "unknown policy",
        "migrate {plan}",
        2,
        plan("  url: ${TARGET_URL}", "  url: ${TARGET_URL}\n  on_match: overwrit"),
    ).saying("'overwrit'", "plan.yaml:12", "overwrite"),
]

SCOPES = [
    Case("unknown root table", "snapshot {plan}", 2, plan("table: firms", "table: firm")).saying(
        "no table 'firm'", "plan.yaml:6", "firms"
    ),
    Case("unknown root column", "scope {plan}", 2, plan("id: 1", "nam: 1")).saying(
        "no column 'nam'", "plan.yaml:6", "name"
    ),
    Case("unknown excluded table", "scope {plan}", 2, plan("settings:", "setings:")).saying(
        "no table 'setings'", "plan.yaml:7", "settings"
    ),
    Case("unknown tenant", "snapshot {plan}", 2, plan("id: 1", "id: 77")).saying(
        "tenant 'ours' not found", "plan.yaml:6", "migrator inspect"
    ),
    Case("root without where", "snapshot {plan}", 2, plan(", where: {id: 1}", "")).saying(
        "no where", "plan.yaml:6", "root: database"
    ),
    Case(
        "root of several rows",
        "snapshot {plan}",
        2,
        all_of(source("UPDATE firms SET name = 'Same'"), plan("id: 1", "name: Same")),
    ).saying("2 rows", "plan.yaml:6", "the one row"),
    Case("unclassified table", "snapshot {plan}", 3, source("CREATE TABLE extras (id INTEGER PRIMARY KEY)")).saying(
        "unclassified", "extras", "excluded"
    ),
    Case(
        "foreign parent",
        "snapshot {plan}",
        3,
        all_of(
            source("UPDATE people SET friend_id = 3 WHERE id = 1"),
            plan("    excluded:", "    paths: {people: [firm_id]}\n    excluded:"),
        ),
    ).saying("another tenant", "people.friend_id", "carry | stub | null"),
    Case("paths that disagree", "scope {plan}", 3, source("UPDATE people SET friend_id = 3 WHERE id = 1")).saying(
        "to another tenant by", "people.", "scope.paths"
    ),
]

MAPPINGS = [
    Case("no mapping", "map check {plan}", 2, plan("mapping: mapping.yaml", "mapping: other.yaml")).saying(
        "no such mapping", "plan.yaml", "beside the plan"
    ),
    Case(
        "mapping in another encoding",
        "map check {plan}",
        2,
        lambda world: mapping_of(world).write_bytes("mapping: café".encode("latin-1")) and None,
    ).saying("not UTF-8", "mapping.yaml", "save it as UTF-8"),
    Case(
        "typo in a key of the mapping",
        "rehearse {plan}",
        2,
        mapping("columns:\n          id: {from: id, steps: [{remap: notes}]}", "colums:\n          id: id"),
    ).saying("unknown key 'colums'", "mapping.yaml:24", "columns"),
    Case("unknown step", "map check {plan}", 2, mapping("cast: integer", "kast: integer")).saying(
        "unknown step 'kast'", "mapping.yaml:16", "cast"
    ),
    Case(
        "unknown target table", "map check {plan}", 3, mapping("  remarks:\n    edges", "  remark:\n    edges")
    ).saying("unknown target table 'remark'", "mapping.yaml:22", "remarks"),
    Case("unknown target column", "map check {plan}", 3, mapping("text: text", "txt: text")).saying(
        "unknown target column 'txt'", "mapping.yaml:27", "text"
    ),
    Case(
        "unmapped source column",
        "map check {plan}",
        3,
        mapping('          friend_id: "the new product has no friends"\n', ""),
    ).saying("people.friend_id goes nowhere", "people.friend_id", "drop it with the reason"),
    Case(
        "unmapped source table",
        "rehearse {plan}",
        3,
        mapping('dropped_tables:\n  firms: "the new product serves one firm"\n', ""),
    ).saying("'firms' goes nowhere", "firms", "dropped_tables"),
    Case("unmapped enum value", "map check {plan}", 3, mapping(", glad: happy", "")).saying(
        "unmapped value", "persons.mood", "lookup"
    ),
    Case(
        "NOT NULL column unfilled",
        "map check {plan}",
        3,
        mapping("          text: text\n", '        dropped:\n          text: "the new product has its own"\n'),
    ).saying("NOT NULL", "remarks.text", "fill it"),
    Case(
        "NULL for a NOT NULL column",
        "migrate {plan}",
        3,
        mapping("{calm: quiet, glad: happy}", "{calm: quiet}, otherwise: null"),
    ).saying("NULL", "persons.mood", ""),
    Case(
        "text too long",
        "migrate {plan}",
        3,
        source("UPDATE people SET name = 'Bartholomew' WHERE id = 2", archived=True),
    ).saying("10", "persons.name", ""),
    Case(
        "text for an INTEGER column",
        "map check {plan}",
        3,
        source("UPDATE people SET age = 'forty' WHERE id = 2", archived=True),
    ).saying("integer", "persons.age", ""),
    Case(
        "duplicate among the archived rows",
        "migrate {plan}",
        3,
        source("UPDATE people SET name = 'ada' WHERE id = 2", archived=True),
    ).saying("several archived rows", "persons (nickname)", "reject"),
    Case("duplicate of a live row", "migrate {plan}", 3, target("UPDATE persons SET nickname = 'ben'")).saying(
        "live row", "persons (nickname)", "match"
    ),
    Case("key of a live row", "migrate {plan}", 3, target("UPDATE persons SET id = 2")).saying(
        "already holds", "persons (id)", "on_match"
    ),
    Case(
        "orphan",
        "rehearse {plan}",
        3,
        mapping("      - from: people\n", '      - from: people\n        where: "id <> 2"\n        because: "left"\n'),
    ).saying("orphan", "remarks.person_id", "reject"),
    Case(
        "trigger",
        "migrate {plan}",
        3,
        target("CREATE TRIGGER moody AFTER INSERT ON persons BEGIN UPDATE persons SET mood = ''; END"),
    ).saying("triggers", "persons", "drop them"),
    Case(
        "refused by a CHECK only the target knows",
        "migrate {plan}",
        3,
        target(
            "DROP TABLE remarks; CREATE TABLE remarks (id INTEGER PRIMARY KEY,"
            " person_id INTEGER NOT NULL REFERENCES persons (id), text TEXT NOT NULL CHECK (text <> 'two'))"
        ),
    ).saying("refuses the rows", "remarks", "constraint"),
]

ARCHIVES = [
    *(
        Case(f"no archive for {command}", f"{command} {{plan}}", 2, lambda world: shutil.rmtree(world.store)).saying(
            "no archive of tenant 'ours'", "store", "migrator snapshot"
        )
        for command in ("map check", "rehearse", "migrate", "map preview")
    ),
    Case("archives of other tenants only", "migrate {plan}", 2, _other_tenant).saying(
        "no archive of tenant 'theirs'", "store", "migrator snapshot"
    ),
    Case("archive of another tenant by name", "migrate {plan} --archive {archive}", 2, _other_tenant).saying(
        "of tenant 'ours', the plan of 'theirs'", "ours-", "plan's tenant"
    ),
    Case("no archive of this name", "archive show {folder}/store/ours-20200101T000000Z-00000000", 2).saying(
        "no complete archive", "ours-20200101T000000Z-00000000", ""
    ),
    Case("another signer's key", f"archive check {{archive}} --key {'0' * 64}", 3).saying("key", "", ""),
]

RUNS = [
    Case("unknown run", "verify nonsense", 2).saying("no run 'nonsense'", "catalog", ""),
    Case("ambiguous run", "runs show 2", 2).saying("several runs begin with '2'", "2", "-snapshot-"),
    Case("verify a rehearsal", "verify {rehearsal}", 2).saying(
        "a rehearsal leaves nothing", "-rehearsal-", "migration"
    ),
    Case("roll a rehearsal back", "rollback {rehearsal}", 2).saying(
        "a rehearsal leaves nothing", "-rehearsal-", "migration"
    ),
    Case("unknown format", "report {rehearsal} --format docx", 2).saying("docx", "", "html"),
    Case("report into no folder", "report {rehearsal} --out {folder}/no/report.html", 2).saying(
        "no such folder", "{folder}/no", "--out"
    ),
    Case("report of a snapshot", "report {snapshot}", 2).saying("no report", "-snapshot-", ""),
    Case("unknown command", "migarte", 2).saying("migarte", "command line", "--help"),
    Case("unknown option", "migrate {plan} --force", 2).saying("--force", "command line", "--help"),
    Case("argument missing", "migrate", 2).saying("PLAN", "command line", "--help"),
]


def _told(answer: Answer) -> list[tuple[str, str, str]]:
    """Everything an answer says is wrong: the error, or the problems of a red verdict."""
    found = answer.json
    problems = [(problem["what"], problem["where"], problem["next"]) for problem in found.get("problems", ())]
    return [(found["error"], found["where"], found["next"])] if "error" in found else problems


def _refused(world: World, case: Case, **words: str) -> None:
    case.mistake(world)
    archive = next(iter(world.archives()), "")
    words = {"folder": str(world.folder), "plan": str(world.plan), "archive": str(archive), **words}
    before = world.state()
    answer = world.migrator(*(word.format(**words) for word in case.command.split()), "--json")
    assert answer.code == case.code, answer
    told = _told(answer)
    assert told and all(part for one in told for part in one), told
    wanted = [
        part.format(**words) if part.startswith("{folder") else part for part in (case.what, case.where, case.next)
    ]
    assert any(all(part in said for part, said in zip(wanted, one, strict=True)) for one in told), (wanted, told)
    assert not [word for word in ("tiger", "me:secret") if word in answer.stdout + answer.stderr]
    assert world.state() == before


@pytest.mark.parametrize(
    "case", [*ADDRESSES, *PLANS, *SCOPES, *MAPPINGS, *ARCHIVES], ids=lambda case: case.id.replace(" ", "-")
)
def test_it_is_said_and_nothing_is_touched(right_office: World, tmp_path: Path, case: Case) -> None:
    _refused(right_office.copied(tmp_path), case)


@pytest.fixture(scope="module")
def rehearsed(right_office: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[World, dict[str, str]]:
    """A world with runs in it, and their ids by kind."""
    world = right_office.copied(tmp_path_factory.mktemp("rehearsed"))
    world.json("snapshot", world.plan)
    world.json("rehearse", world.plan)
    return world, {run["kind"]: run["run_id"] for run in world.runs()}


@pytest.mark.parametrize("case", RUNS, ids=lambda case: case.id.replace(" ", "-"))
def test_a_run_that_cannot_be_meant(rehearsed: tuple[World, dict[str, str]], case: Case) -> None:
    world, runs = rehearsed
    _refused(world, case, **runs)


# ── one byte ────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "path", ["data/parquet/people/part-00000.parquet", "data/csv/people.csv", "data/datapackage.json"]
)
def test_one_flipped_byte_is_found_by_every_command(right_office: World, tmp_path: Path, path: str) -> None:
    world = right_office.copied(tmp_path)
    [archive] = world.archives()
    content = bytearray((archive / path).read_bytes())
    content[len(content) // 2] ^= 1
    (archive / path).write_bytes(content)
    before = world.state()
    commands = (
        ("archive", "check", archive),
        ("map", "check", world.plan),
        *((c, world.plan) for c in ("rehearse", "migrate")),
    )
    for command in commands:
        answer = world.migrator(*command, "--json")
        assert (command, answer.code) == (command, 3), answer
        assert any(path in where for _, where, _ in _told(answer)), answer
    assert world.state() == before


def test_a_person_reads_three_lines(right_office: World, tmp_path: Path) -> None:
    world = right_office.copied(tmp_path)
    plan("source:\n", "sorce:\n")(world)
    answer = world.migrator("snapshot", world.plan)
    assert (answer.code, answer.stdout) == (2, "")
    assert answer.stderr.splitlines() == [
        "error: unknown key 'sorce' in the plan",
        f"  where: {world.plan}:3",
        '  next:  did you mean "source"?',
    ]


def test_every_question_comes_with_what_to_do(right_office: World, tmp_path: Path) -> None:
    world = right_office.copied(tmp_path)
    plan("where: {id: 1}}", "where: {id: 1}, guessed: by its name}")(world)
    plan('    excluded: {settings: "the vendor\'s own"}\n', "")(world)
    answer = world.migrator("snapshot", world.plan)
    assert answer.code == 3
    question, todo = answer.stderr.splitlines()[-2:]
    assert question.startswith("  also:  settings: unclassified") and question.endswith("to the tenant")
    assert todo.startswith("         → name it under scope.shared or scope.excluded")


def test_no_command_gives_the_manual(right_office: World) -> None:
    answer = right_office.migrator()
    assert (answer.code, answer.stdout) == (2, "")
    assert answer.stderr.startswith("Usage: migrator")
