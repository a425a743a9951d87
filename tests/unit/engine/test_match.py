"""Rows the target already has: refused, kept or overwritten as the plan says; what points at them follows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from migrator.engine.check import MapCheck
from migrator.engine.decisions import restore_decisions, save_decisions
from migrator.engine.load import Identity, Loaded, load
from migrator.engine.prepare import materialise, prepare
from migrator.engine.verify import verify
from migrator.engine.workbench import workbench
from migrator.outcomes import Verdict
from storage.archive import Archive
from storage.errors import Red
from storage.memory import MemoryStore
from tests.conformance.platforms import SqlitePlatform
from tests.unit.engine.support import checked, taken

SOURCE = """
CREATE TABLE people (id INTEGER PRIMARY KEY, mail TEXT NOT NULL, name TEXT);
CREATE TABLE notes (id INTEGER PRIMARY KEY, person_id INTEGER NOT NULL REFERENCES people (id), note TEXT);
INSERT INTO people VALUES (1, 'ada@x', 'Ada'), (2, 'bob@x', 'Bob');
INSERT INTO notes VALUES (10, 1, 'of Ada'), (11, 2, 'of Bob'), (12, 1, '');
"""
TARGET = """
CREATE TABLE accounts (id TEXT PRIMARY KEY NOT NULL, mail TEXT NOT NULL UNIQUE, name TEXT, since INTEGER DEFAULT 7);
CREATE TABLE entries (id TEXT PRIMARY KEY NOT NULL, account_id TEXT NOT NULL REFERENCES accounts (id), note TEXT);
CREATE TABLE labels (id INTEGER PRIMARY KEY AUTOINCREMENT, account_id TEXT REFERENCES accounts (id));
INSERT INTO accounts VALUES ('theirs-1', 'ada@x', 'Ada Before', 3), ('theirs-2', 'zoe@x', 'Zoe', 4);
"""
MAPPING = """
mapping: m
version: 1
keys:
  people: {method: uuid5, target: accounts}
  notes: {method: uuid5, target: entries}
tables:
  accounts:
    match: [mail]
    edges:
      - from: people
        columns:
          id: {from: id, steps: [{remap: people}]}
          mail: mail
          name: name
  entries:
    edges:
      - from: notes
        columns:
          id: {from: id, steps: [{remap: notes}]}
          account_id: {from: person_id, steps: [{remap: people}]}
          note: note
"""


@pytest.fixture
def archive(platform: SqlitePlatform) -> Archive:
    platform.run(SOURCE)
    return taken(platform, "root: database", MemoryStore())[1]


@pytest.fixture
def target(tmp_path: Path) -> SqlitePlatform:
    target = SqlitePlatform(tmp_path / "target.db")
    target.run(TARGET)
    return target


@contextmanager
def check(archive: Archive, target: SqlitePlatform, policy: str, mapping: str = MAPPING) -> Iterator[MapCheck]:
    with workbench() as bench:
        yield checked(bench, archive, mapping, target, policy)


def loaded(archive: Archive, target: SqlitePlatform, policy: str, *, rehearse: bool = False) -> Loaded:
    with check(archive, target, policy) as found:
        assert (found.problems, found.verdict) == ((), Verdict.GREEN)
        assert found.prepared is not None
        identity = Identity(run="r1", plan="p", tenant="t", archive="a", seal="s")
        return load(found.prepared, target.target(), identity, rehearse=rehearse, whole=True)


def test_a_match_nobody_decided_is_red_with_the_row(archive: Archive, target: SqlitePlatform) -> None:
    before = target.dump()
    with check(archive, target, "error") as found:
        (problem,) = found.problems
    assert (problem.where, problem.count, problem.examples) == ("accounts (mail)", 1, ("ada@x",))
    assert "target.on_match" in problem.next
    assert target.dump() == before


@pytest.mark.parametrize(("policy", "name"), [("keep", "Ada Before"), ("overwrite", "Ada")])
def test_children_follow_the_row_that_was_there(
    archive: Archive, target: SqlitePlatform, policy: str, name: str
) -> None:
    before = target.dump()
    outcome = loaded(archive, target, policy)
    assert outcome.verdict is Verdict.GREEN
    assert target.rows("SELECT id, name, since FROM accounts WHERE mail = 'ada@x'") == [("theirs-1", name, 3)]
    assert target.rows("SELECT note FROM entries WHERE account_id = 'theirs-1' ORDER BY note") == [("",), ("of Ada",)]
    people, _ = outcome.equations
    assert (people.loaded, people.kept, people.merged) == (1, int(policy == "keep"), int(policy == "overwrite"))
    assert people.unexplained == 0
    undone = target.target().undo("r1", whole=True)
    assert undone.digest_after == outcome.digest_before
    assert target.dump() == before


def test_a_rehearsal_finds_the_same_and_leaves_nothing(archive: Archive, target: SqlitePlatform) -> None:
    before = target.dump()
    rehearsed = loaded(archive, target, "overwrite", rehearse=True)
    assert (rehearsed.verdict, rehearsed.committed) == (Verdict.GREEN, False)
    assert rehearsed.digest_after == rehearsed.digest_before != rehearsed.digest_loaded
    assert target.dump() == before
    real = loaded(archive, target, "overwrite")
    assert (real.equations, real.digest_loaded) == (rehearsed.equations, rehearsed.digest_loaded)


def test_a_later_verification_needs_the_decisions_of_the_load(
    archive: Archive, target: SqlitePlatform, tmp_path: Path
) -> None:
    with check(archive, target, "keep") as found:
        assert found.prepared is not None
        identity = Identity(run="r1", plan="p", tenant="t", archive="a", seal="s")
        load(found.prepared, target.target(), identity, rehearse=False)
        save_decisions(found.prepared, tmp_path / "run")
        mapping = found.prepared.compiled.mapping
    with workbench() as bench:
        prepared = prepare(bench, archive, mapping, target.target().describe(), master=True)
        restore_decisions(prepared, tmp_path / "run")
        materialise(prepared)
        assert verify(prepared, target.target()).verdict is Verdict.GREEN
        target.run("UPDATE entries SET note = 'of Ada ' WHERE note = 'of Ada';")
        verified = verify(prepared, target.target())
    assert (verified.verdict, verified.different) == (Verdict.RED, 1)
    (difference,) = verified.differences
    assert (difference.table, difference.column, difference.actual) == ("entries", "note", "of Ada ")


def test_a_unique_value_taken_by_another_row_is_foreseen(archive: Archive, target: SqlitePlatform) -> None:
    mapping = MAPPING.replace("    match: [mail]\n", "")
    with check(archive, target, "overwrite", mapping) as found:
        (problem,) = found.problems
    assert (problem.where, problem.examples) == ("accounts (mail)", ("ada@x",))
    assert "already has this unique value" in problem.what


def test_duplicates_among_what_is_loaded_are_foreseen(platform: SqlitePlatform, target: SqlitePlatform) -> None:
    platform.run(SOURCE)
    platform.run("UPDATE people SET mail = 'same@x';")
    _, archive = taken(platform, "root: database")
    with check(archive, target, "keep") as found:
        (problem,) = found.problems
    assert (problem.where, problem.examples) == ("accounts (mail)", ("same@x",))


def test_orphans_are_foreseen(archive: Archive, target: SqlitePlatform) -> None:
    mapping = MAPPING.replace("account_id: {from: person_id, steps: [{remap: people}]}", "account_id: {const: nobody}")
    mapping = mapping.replace("          note: note\n", "          note: note\n        dropped: {person_id: a test}\n")
    with check(archive, target, "keep", mapping) as found:
        (problem,) = found.problems
    assert (problem.where, problem.examples) == ("entries.account_id", ("nobody",))
    assert "accounts" in problem.what


def test_triggers_are_refused(archive: Archive, target: SqlitePlatform) -> None:
    target.run("CREATE TRIGGER stamp AFTER INSERT ON entries BEGIN SELECT 1; END;")
    with check(archive, target, "keep") as found:
        assert [(problem.where, problem.examples) for problem in found.problems] == [("entries", ("stamp",))]


def test_what_somebody_wrote_after_the_check_stops_the_load(archive: Archive, target: SqlitePlatform) -> None:
    with check(archive, target, "keep") as found:
        assert found.prepared is not None
        target.run("DELETE FROM accounts WHERE id = 'theirs-1';")
        before = target.dump()
        identity = Identity(run="r1", plan="p", tenant="t", archive="a", seal="s")
        with pytest.raises(Red, match="no longer holds"):
            load(found.prepared, target.target(), identity, rehearse=False)
    assert target.dump() == before
    assert [path.name for path in target.path.parent.iterdir() if "stage" in path.name] == []


def test_a_row_that_several_live_rows_match_is_red(archive: Archive, target: SqlitePlatform) -> None:
    target.run("INSERT INTO accounts VALUES ('theirs-3', 'other@x', 'Ada', 5), ('theirs-4', 'ada2@x', 'Ada', 5);")
    with check(archive, target, "keep", MAPPING.replace("match: [mail]", "match: [name]")) as found:
        (problem,) = found.problems
    assert (problem.where, problem.examples) == ("accounts (name)", ("Ada",))
    assert "several live rows" in problem.what


@pytest.mark.parametrize(
    ("live", "mail", "said"),
    [
        ("('theirs', 'BOB@x', 'Bob')", "mail", "the target already holds rows with these values"),
        ("('theirs', 'BOB@x', 'Bob')", "id", "a live row of the target already has this unique value"),
        ("('theirs', 'zoe@x', 'Zoe')", "id", "several archived rows get the same unique value"),
    ],
)
def test_values_the_target_calls_equal_are_duplicates_before_it_is_touched(
    platform: SqlitePlatform, tmp_path: Path, live: str, mail: str, said: str
) -> None:
    twice = ", (3, 'BOB@X', 'Bob again')" if "several" in said else ""
    platform.run("CREATE TABLE people (id INTEGER PRIMARY KEY, mail TEXT NOT NULL, name TEXT);")
    platform.run(f"INSERT INTO people VALUES (1, 'ada@x', 'Ada'), (2, 'bob@x', 'Bob'){twice};")
    target = SqlitePlatform(tmp_path / "target.db")
    target.run("CREATE TABLE accounts (id TEXT PRIMARY KEY, mail TEXT NOT NULL UNIQUE COLLATE NOCASE, name TEXT);")
    target.run(f"INSERT INTO accounts VALUES {live};")
    mapping = MAPPING[: MAPPING.index("  entries:\n    edges")].replace(
        "  notes: {method: uuid5, target: entries}\n", ""
    )
    with check(taken(platform, "root: database")[1], target, "error", mapping.replace("[mail]", f"[{mail}]")) as found:
        assert [problem.what for problem in found.problems] == [f"duplicate: {said}"]


def test_a_parent_of_another_type_answers_as_the_target_says(platform: SqlitePlatform, tmp_path: Path) -> None:
    """An INTEGER key and the TEXT that points at it: '1' is 1 there, and 'x' is nobody."""
    platform.run("CREATE TABLE notes (id INTEGER PRIMARY KEY, owner TEXT);")
    platform.run("INSERT INTO notes VALUES (1, '1'), (2, 'x');")
    target = SqlitePlatform(tmp_path / "target.db")
    target.run("CREATE TABLE owners (id INTEGER PRIMARY KEY); INSERT INTO owners VALUES (1);")
    target.run("CREATE TABLE entries (id INTEGER PRIMARY KEY, owner TEXT REFERENCES owners (id));")
    mapping = "mapping: m\nversion: 1\ntables: {entries: {edges: [{from: notes, columns: {id: id, owner: owner}}]}}"
    with check(taken(platform, "root: database")[1], target, "error", mapping) as found:
        (problem,) = found.problems
    assert (problem.where, problem.count, problem.examples) == ("entries.owner", 1, ("x",))


def test_rows_without_a_key_do_not_come_twice(platform: SqlitePlatform, tmp_path: Path) -> None:
    platform.run("CREATE TABLE notes (note TEXT); INSERT INTO notes VALUES ('a'), ('a');")
    target = SqlitePlatform(tmp_path / "target.db")
    target.run("CREATE TABLE entries (note TEXT);")
    mapping = "mapping: m\nversion: 1\ntables: {entries: {edges: [{from: notes, columns: {note: note}}]}}"
    archive = taken(platform, "root: database")[1]
    with check(archive, target, "error", mapping) as found:
        assert found.prepared is not None
        identity = Identity(run="r1", plan="p", tenant="acme", archive="a", seal="s")
        outcome = load(found.prepared, target.target(), identity, rehearse=False)
        assert [said for said in outcome.verification.not_compared if "without a key" in said]
    with check(archive, target, "keep", mapping) as found:
        (problem,) = found.problems
    assert (problem.where, problem.examples) == ("entries", ("r1",)) and "rollback r1" in problem.next
    target.target().undo("r1")
    with check(archive, target, "error", mapping) as found:
        assert found.problems == ()
