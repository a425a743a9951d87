"""The load stops before the commit at whatever is not as the mapping says, and says where."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrator.engine.check import MapCheck
from migrator.engine.load import load
from migrator.outcomes import Verdict
from migrator.platforms.sqlite.merge import SqliteMerge
from migrator.platforms.sqlite.target import SqliteTarget
from storage.errors import Red, TransientFault
from tests.conformance.platforms import SqlitePlatform
from tests.unit.engine.goods import IDENTITY, fitting, goods, shop


@pytest.fixture
def target(tmp_path: Path) -> SqlitePlatform:
    return shop(tmp_path)


@pytest.fixture
def check(platform: SqlitePlatform, target: SqlitePlatform) -> Iterator[MapCheck]:
    with fitting(goods(platform), target) as found:
        yield found


def test_every_row_is_accounted_for(check: MapCheck, target: SqlitePlatform) -> None:
    assert check.prepared is not None
    before = target.dump()
    outcome = load(check.prepared, target.target(), IDENTITY, rehearse=False, whole=True)
    goods, words = outcome.equations
    assert (goods.archive, goods.loaded, goods.rejected, goods.unexplained) == (3, 2, 1, 0)
    assert (words.loaded, words.unexplained) == (4, 0)
    assert (outcome.verdict, outcome.verification.compared) == (Verdict.GREEN, 6)
    assert target.rows("SELECT * FROM items") == [(1, "007", 0.1), (2, None, 1e300)]
    assert target.target().undo("r1", whole=True).digest_after == outcome.digest_before
    assert target.dump() == before


def test_a_column_that_changes_its_values_is_red_before_anything_is_live(
    check: MapCheck, target: SqlitePlatform
) -> None:
    """A column typed otherwise since the check: '007' would become 7 in it."""
    assert check.prepared is not None
    before = target.dump()
    prepared = check.prepared
    ddl = "CREATE TABLE items (id INTEGER PRIMARY KEY, code INTEGER, price REAL)"
    target.run(f"DROP TABLE items; {ddl};")
    changed = target.dump()
    with pytest.raises(Red) as red:
        load(prepared, target.target(), IDENTITY, rehearse=False)
    assert "items" in red.value.where
    assert target.dump() == changed != before


def test_rows_that_change_on_their_way_into_the_live_table_are_never_committed(
    check: MapCheck, target: SqlitePlatform
) -> None:
    assert check.prepared is not None
    target.run("CREATE TRIGGER cut AFTER INSERT ON words BEGIN UPDATE words SET word = trim(word) || '!'; END;")
    before = target.dump()
    with pytest.raises(Red, match="not what was staged"):
        load(check.prepared, target.target(), IDENTITY, rehearse=False)
    assert target.dump() == before


def test_a_row_nobody_can_explain_is_never_committed(
    check: MapCheck, target: SqlitePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert check.prepared is not None
    merge, before = SqliteMerge.merge, target.dump()

    def forgetful(self: SqliteMerge, staged):  # type: ignore[no-untyped-def]
        counts = merge(self, staged)
        counts[0]["create"] -= 1
        return counts

    monkeypatch.setattr(SqliteMerge, "merge", forgetful)
    with pytest.raises(Red, match=r"1 row\(s\) are unexplained") as red:
        load(check.prepared, target.target(), IDENTITY, rehearse=False)
    assert red.value.where == "goods → items"
    assert target.dump() == before


def test_what_changes_between_commit_and_verification_is_a_red_answer(
    check: MapCheck, target: SqlitePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert check.prepared is not None
    commit = SqliteMerge.commit

    def meddled(self: SqliteMerge, marker):  # type: ignore[no-untyped-def]
        commit(self, marker)
        target.run("UPDATE items SET price = 0.2 WHERE id = 1; DELETE FROM words WHERE word = 'twice' AND rowid > 2;")

    monkeypatch.setattr(SqliteMerge, "commit", meddled)
    outcome = load(check.prepared, SqliteTarget(target.url), IDENTITY, rehearse=False)
    assert (outcome.committed, outcome.verdict) == (True, Verdict.RED)
    found = {(d.table, d.column, d.kind) for d in outcome.verification.differences}
    assert found == {("items", "price", "cell"), ("words", "", "missing")}


@pytest.mark.parametrize("step", ["lock", "digest"])
def test_others_in_the_way_cost_an_attempt_and_not_the_load(
    check: MapCheck, target: SqlitePlatform, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    assert check.prepared is not None
    monkeypatch.setattr("migrator.engine.patience._PAUSES_S", (0.0,))
    step_as_it_is, refused = getattr(SqliteMerge, step), iter([True])

    def refused_once(self: SqliteMerge, *given, **named):  # type: ignore[no-untyped-def]
        if next(refused, False):
            raise TransientFault("a deadlock")
        return step_as_it_is(self, *given, **named)

    monkeypatch.setattr(SqliteMerge, step, refused_once)
    outcome = load(check.prepared, target.target(), IDENTITY, rehearse=False)
    assert (outcome.verdict, len(target.rows("SELECT * FROM items"))) == (Verdict.GREEN, 2)


def test_a_commit_that_may_have_happened_is_not_tried_again(
    check: MapCheck, target: SqlitePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert check.prepared is not None
    commit, calls = SqliteMerge.commit, []

    def lost(self: SqliteMerge, marker):  # type: ignore[no-untyped-def]
        commit(self, marker)
        calls.append(marker.run)
        raise TransientFault("the connection was lost")

    monkeypatch.setattr(SqliteMerge, "commit", lost)
    with pytest.raises(TransientFault, match="lost"):
        load(check.prepared, target.target(), IDENTITY, rehearse=False)
    assert calls == [marker.run for marker in target.target().markers()] == ["r1"]


def test_the_peak_of_a_small_process_is_its_own_whoever_started_it() -> None:
    grown = b"x" * (200 << 20)
    code = "from migrator.engine.laps import peak_bytes; print(peak_bytes())"
    peak = int(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
    assert 1 << 20 < peak < len(grown)
