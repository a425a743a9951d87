"""Whatever is wrong is said — what, where, what next — with the right exit code, and nothing is touched."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.office import mapping_of, rewritten
from tests.acceptance.world import Answer, World, changing

Mistake = Callable[[World], None]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A mistake and the command that must notice it; the three texts are parts of what it says."""

    id: str
    command: str  # {words} stand for the world's places
    code: int
    what: str
    where: str
    next: str
    mistake: Mistake = lambda world: None


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
    Case(
        id="missing file",
        command="inspect sqlite:///{folder}/no.db",
        code=2,
        what="no such file",
        where="no.db",
        next="path",
    ),
    Case(
        id="not a database",
        command="inspect sqlite:///{plan}",
        code=2,
        what="not a SQLite database",
        where="plan.yaml",
        next="database file",
    ),
    Case(
        id="a folder",
        command="inspect sqlite:///{folder}",
        code=2,
        what="a folder, not a file",
        where="{folder}",
        next="database file",
    ),
    Case(
        id="unknown scheme",
        command="inspect sqlitte:///{folder}",
        code=2,
        what="no driver",
        where="source",
        next="sqlite://",
    ),
    Case(
        id="a password in an unknown address",
        command="inspect oracle://scott:tiger@host/db",
        code=2,
        what="scott:***@host",
        where="source",
        next="sqlite://",
    ),
    Case(
        id="target of an unknown scheme",
        command="migrate {plan}",
        code=2,
        what="no driver for this target",
        where="target",
        next="sqlite://",
        mistake=plan("  url: ${TARGET_URL}", "  url: ftp://there"),
    ),
    Case(
        id="a file for a home",
        command="rehearse {plan}",
        code=1,
        what="a file stands where a folder should be",
        where="home",
        next="move the file away",
        mistake=lambda world: world.home.write_text("not a folder") and None,
    ),
    Case(
        id="target missing",
        command="rehearse {plan}",
        code=2,
        what="no such file",
        where="no.db",
        next="path",
        mistake=plan("  url: ${TARGET_URL}", "  url: sqlite:///no.db"),
    ),
    Case(
        id="store of an unknown scheme",
        command="snapshot {plan}",
        code=2,
        what="ftp://",
        where="store",
        next="file:///",
        mistake=plan("${STORE_URL}", "ftp://there/store"),
    ),
]

PLANS = [
    Case(id="no plan", command="scope no.yaml", code=2, what="no such plan", where="no.yaml", next="path"),
    Case(
        id="bad YAML",
        command="scope {plan}",
        code=2,
        what="not YAML",
        where="plan.yaml:3",
        next="indentation",
        mistake=plan("tenant: ours", "tenant: [ours"),
    ),
    Case(
        id="typo in a key",
        command="snapshot {plan}",
        code=2,
        what="unknown key 'sorce'",
        where="plan.yaml:3",
        next="source",
        mistake=plan("source:\n", "sorce:\n"),
    ),
    Case(
        id="a list for a plan",
        command="scope {plan}",
        code=2,
        what="not a mapping",
        where="plan.yaml:1",
        next="docs/plan.md",
        mistake=lambda world: world.plan.write_text("- plan: ours-away\n") and None,
    ),
    Case(
        id="typo in a nested key",
        command="migrate {plan}",
        code=2,
        what="unknown key 'exclude'",
        where="plan.yaml:7",
        next="excluded",
        mistake=plan("excluded:", "exclude:"),
    ),
    Case(
        id="variable not set",
        command="scope {plan}",
        code=2,
        what="ELSEWHERE_URL is not set",
        where="plan.yaml:4",
        next="export ELSEWHERE_URL",
        mistake=plan("${SOURCE_URL}", "${ELSEWHERE_URL}"),
    ),
    Case(
        id="password",
        command="scope {plan}",
        code=2,
        what="holds a password",
        where="plan.yaml:4",
        next="${SOURCE_URL}",
        mistake=plan("${SOURCE_URL}", "postgresql://me:secret@host/db"),
    ),
    Case(
        id="no tenant",
        command="snapshot {plan}",
        code=2,
        what="no tenant",
        where="plan.yaml:2",
        next="tenant: NAME",
        mistake=plan("tenant: ours", "tenant: ''"),
    ),
    Case(
        id="unknown policy",
        command="migrate {plan}",
        code=2,
        what="'overwrit'",
        where="plan.yaml:12",
        next="overwrite",
        mistake=plan("  url: ${TARGET_URL}", "  url: ${TARGET_URL}\n  on_match: overwrit"),
    ),
]

SCOPES = [
    Case(
        id="unknown root table",
        command="snapshot {plan}",
        code=2,
        what="no table 'firm'",
        where="plan.yaml:6",
        next="firms",
        mistake=plan("table: firms", "table: firm"),
    ),
    Case(
        id="unknown root column",
        command="scope {plan}",
        code=2,
        what="no column 'nam'",
        where="plan.yaml:6",
        next="name",
        mistake=plan("id: 1", "nam: 1"),
    ),
    Case(
        id="unknown excluded table",
        command="scope {plan}",
        code=2,
        what="no table 'setings'",
        where="plan.yaml:7",
        next="settings",
        mistake=plan("settings:", "setings:"),
    ),
    Case(
        id="unknown tenant",
        command="snapshot {plan}",
        code=2,
        what="tenant 'ours' not found",
        where="plan.yaml:6",
        next="migrator inspect",
        mistake=plan("id: 1", "id: 77"),
    ),
    Case(
        id="root without where",
        command="snapshot {plan}",
        code=2,
        what="no where",
        where="plan.yaml:6",
        next="root: database",
        mistake=plan(", where: {id: 1}", ""),
    ),
    Case(
        id="root of several rows",
        command="snapshot {plan}",
        code=2,
        what="2 rows",
        where="plan.yaml:6",
        next="the one row",
        mistake=all_of(source("UPDATE firms SET name = 'Same'"), plan("id: 1", "name: Same")),
    ),
    Case(
        id="unclassified table",
        command="snapshot {plan}",
        code=3,
        what="unclassified",
        where="extras",
        next="excluded",
        mistake=source("CREATE TABLE extras (id INTEGER PRIMARY KEY)"),
    ),
    Case(
        id="foreign parent",
        command="snapshot {plan}",
        code=3,
        what="another tenant",
        where="people.friend_id",
        next="carry | stub | null",
        mistake=all_of(
            source("UPDATE people SET friend_id = 3 WHERE id = 1"),
            plan("    excluded:", "    paths: {people: [firm_id]}\n    excluded:"),
        ),
    ),
    Case(
        id="paths that disagree",
        command="scope {plan}",
        code=3,
        what="to another tenant by",
        where="people.",
        next="scope.paths",
        mistake=source("UPDATE people SET friend_id = 3 WHERE id = 1"),
    ),
]

MAPPINGS = [
    Case(
        id="no mapping",
        command="map check {plan}",
        code=2,
        what="no such mapping",
        where="plan.yaml",
        next="beside the plan",
        mistake=plan("mapping: mapping.yaml", "mapping: other.yaml"),
    ),
    Case(
        id="mapping in another encoding",
        command="map check {plan}",
        code=2,
        what="not UTF-8",
        where="mapping.yaml",
        next="save it as UTF-8",
        mistake=lambda world: mapping_of(world).write_bytes("mapping: café".encode("latin-1")) and None,
    ),
    Case(
        id="typo in a key of the mapping",
        command="rehearse {plan}",
        code=2,
        what="unknown key 'colums'",
        where="mapping.yaml:24",
        next="columns",
        mistake=mapping("columns:\n          id: {from: id, steps: [{remap: notes}]}", "colums:\n          id: id"),
    ),
    Case(
        id="unknown step",
        command="map check {plan}",
        code=2,
        what="unknown step 'kast'",
        where="mapping.yaml:16",
        next="cast",
        mistake=mapping("cast: integer", "kast: integer"),
    ),
    Case(
        id="unknown target table",
        command="map check {plan}",
        code=3,
        what="unknown target table 'remark'",
        where="mapping.yaml:22",
        next="remarks",
        mistake=mapping("  remarks:\n    edges", "  remark:\n    edges"),
    ),
    Case(
        id="unknown target column",
        command="map check {plan}",
        code=3,
        what="unknown target column 'txt'",
        where="mapping.yaml:27",
        next="text",
        mistake=mapping("text: text", "txt: text"),
    ),
    Case(
        id="unmapped source column",
        command="map check {plan}",
        code=3,
        what="people.friend_id goes nowhere",
        where="people.friend_id",
        next="drop it with the reason",
        mistake=mapping('          friend_id: "the new product has no friends"\n', ""),
    ),
    Case(
        id="unmapped source table",
        command="rehearse {plan}",
        code=3,
        what="'firms' goes nowhere",
        where="firms",
        next="dropped_tables",
        mistake=mapping('dropped_tables:\n  firms: "the new product serves one firm"\n', ""),
    ),
    Case(
        id="unmapped enum value",
        command="map check {plan}",
        code=3,
        what="unmapped value",
        where="persons.mood",
        next="lookup",
        mistake=mapping(", glad: happy", ""),
    ),
    Case(
        id="NOT NULL column unfilled",
        command="map check {plan}",
        code=3,
        what="NOT NULL",
        where="remarks.text",
        next="fill it",
        mistake=mapping("          text: text\n", '        dropped:\n          text: "the new product has its own"\n'),
    ),
    Case(
        id="NULL for a NOT NULL column",
        command="migrate {plan}",
        code=3,
        what="NULL",
        where="persons.mood",
        next="",
        mistake=mapping("{calm: quiet, glad: happy}", "{calm: quiet}, otherwise: null"),
    ),
    Case(
        id="text too long",
        command="migrate {plan}",
        code=3,
        what="10",
        where="persons.name",
        next="",
        mistake=source("UPDATE people SET name = 'Bartholomew' WHERE id = 2", archived=True),
    ),
    Case(
        id="text for an INTEGER column",
        command="map check {plan}",
        code=3,
        what="integer",
        where="persons.age",
        next="",
        mistake=source("UPDATE people SET age = 'forty' WHERE id = 2", archived=True),
    ),
    Case(
        id="duplicate among the archived rows",
        command="migrate {plan}",
        code=3,
        what="several archived rows",
        where="persons (nickname)",
        next="reject",
        mistake=source("UPDATE people SET name = 'ada' WHERE id = 2", archived=True),
    ),
    Case(
        id="duplicate of a live row",
        command="migrate {plan}",
        code=3,
        what="live row",
        where="persons (nickname)",
        next="match",
        mistake=target("UPDATE persons SET nickname = 'ben'"),
    ),
    Case(
        id="key of a live row",
        command="migrate {plan}",
        code=3,
        what="already holds",
        where="persons (id)",
        next="on_match",
        mistake=target("UPDATE persons SET id = 2"),
    ),
    Case(
        id="orphan",
        command="rehearse {plan}",
        code=3,
        what="orphan",
        where="remarks.person_id",
        next="reject",
        mistake=mapping(
            "      - from: people\n", '      - from: people\n        where: "id <> 2"\n        because: "left"\n'
        ),
    ),
    Case(
        id="trigger",
        command="migrate {plan}",
        code=3,
        what="triggers",
        where="persons",
        next="drop them",
        mistake=target("CREATE TRIGGER moody AFTER INSERT ON persons BEGIN UPDATE persons SET mood = ''; END"),
    ),
    Case(
        id="refused by a CHECK only the target knows",
        command="migrate {plan}",
        code=3,
        what="refuses the rows",
        where="remarks",
        next="constraint",
        mistake=target(
            "DROP TABLE remarks; CREATE TABLE remarks (id INTEGER PRIMARY KEY,"
            " person_id INTEGER NOT NULL REFERENCES persons (id), text TEXT NOT NULL CHECK (text <> 'two'))"
        ),
    ),
]

ARCHIVES = [
    *(
        Case(
            id=f"no archive for {command}",
            command=f"{command} {{plan}}",
            code=2,
            what="no archive of tenant 'ours'",
            where="store",
            next="migrator snapshot",
            mistake=lambda world: shutil.rmtree(world.store),
        )
        for command in ("map check", "rehearse", "migrate", "map preview")
    ),
    Case(
        id="archives of other tenants only",
        command="migrate {plan}",
        code=2,
        what="no archive of tenant 'theirs'",
        where="store",
        next="migrator snapshot",
        mistake=_other_tenant,
    ),
    Case(
        id="archive of another tenant by name",
        command="migrate {plan} --archive {archive}",
        code=2,
        what="of tenant 'ours', the plan of 'theirs'",
        where="ours-",
        next="plan's tenant",
        mistake=_other_tenant,
    ),
    Case(
        id="no archive of this name",
        command="archive show {folder}/store/ours-20200101T000000Z-00000000",
        code=2,
        what="no complete archive",
        where="ours-20200101T000000Z-00000000",
        next="",
    ),
    Case(
        id="another signer's key",
        command=f"archive check {{archive}} --key {'0' * 64}",
        code=3,
        what="key",
        where="",
        next="",
    ),
]

RUNS = [
    Case(id="unknown run", command="verify nonsense", code=2, what="no run 'nonsense'", where="catalog", next=""),
    Case(
        id="ambiguous run",
        command="runs show 2",
        code=2,
        what="several runs begin with '2'",
        where="2",
        next="-snapshot-",
    ),
    Case(
        id="verify a rehearsal",
        command="verify {rehearsal}",
        code=2,
        what="a rehearsal leaves nothing",
        where="-rehearsal-",
        next="migration",
    ),
    Case(
        id="roll a rehearsal back",
        command="rollback {rehearsal}",
        code=2,
        what="a rehearsal leaves nothing",
        where="-rehearsal-",
        next="migration",
    ),
    Case(
        id="unknown format",
        command="report {rehearsal} --format docx",
        code=2,
        what="docx",
        where="",
        next="html",
    ),
    Case(
        id="report into no folder",
        command="report {rehearsal} --out {folder}/no/report.html",
        code=2,
        what="no such folder",
        where="{folder}/no",
        next="--out",
    ),
    Case(id="report of a snapshot", command="report {snapshot}", code=2, what="no report", where="-snapshot-", next=""),
    Case(id="unknown command", command="migarte", code=2, what="migarte", where="command line", next="--help"),
    Case(
        id="unknown option",
        command="migrate {plan} --force",
        code=2,
        what="--force",
        where="command line",
        next="--help",
    ),
    Case(id="argument missing", command="migrate", code=2, what="PLAN", where="command line", next="--help"),
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
    assert "tiger" not in answer.stdout + answer.stderr
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


def test_no_command_gives_the_manual(right_office: World) -> None:
    answer = right_office.migrator()
    assert (answer.code, answer.stdout) == (2, "")
    assert answer.stderr.startswith("Usage: migrator")
