"""MariaDB as a target that others write to, whose connections are killed, and whose server dies."""

from __future__ import annotations

import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pyarrow as pa
import pymysql
import pytest
from pymysql.cursors import Cursor

from migrator.contracts import Digest, Merge, Target
from migrator.platforms.mysql import connect, transaction
from migrator.platforms.mysql.address import address_of
from migrator.platforms.mysql.merge import MysqlMerge
from migrator.platforms.mysql.transaction import MysqlTransaction
from migrator.platforms.relational.fates import Fates
from migrator.platforms.relational.journal import MARKERS
from storage.errors import Fault, MigratorError, Misuse, TransientFault
from tests.conformance.platforms.mysql import MysqlPlatform
from tests.conformance.targets import DDL, STORY, Rows, die, killed, marker, members, merged, teams, whys, words
from tests.servers.mariadb import Mariadb
from tests.support_mysql_target import goes_and_comes_back, lost, ours, until_a_row_is_waited_for

_A_MOMENT = 0.3


@pytest.fixture
def platform(mariadb_url: str) -> MysqlPlatform:
    platform = MysqlPlatform(mariadb_url)
    platform.run(DDL)
    return platform


@pytest.fixture
def target(platform: MysqlPlatform) -> Target:
    return platform.target()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "LOCK_WAIT_S", 1)
    monkeypatch.setattr(transaction, "_LOCK_WAIT_S", 1)


@contextmanager
def session(platform: MysqlPlatform) -> Iterator[Cursor]:
    """Another person's transaction, open until it is committed or the context is left; it locks rows, and no gaps."""
    with closing(platform.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        connection.begin()
        yield cursor


@contextmanager
def later(action: Callable[[], object]) -> Iterator[None]:
    """Do it in a moment, beside what goes on in the context."""
    timer = threading.Timer(_A_MOMENT, action)
    timer.start()
    try:
        yield
    finally:
        timer.join()


def kill_sessions(mariadb: Mariadb, platform: MysqlPlatform) -> None:
    """End every connection of the loading user."""
    user = address_of(platform.url).user
    found = platform.rows("SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID()")
    for (number,) in found:
        with suppress(pymysql.MySQLError):
            mariadb.admin(f"KILL {number}")
    assert found, user


# ── locks ───────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("held", "rows"),
    [
        ("UPDATE members SET note = 'mine' WHERE id = 3", members(overwrite=[(3, 2, None, "c@x", "changed")])),
        ("UPDATE members SET note = 'mine' WHERE id = 3", members(keep=[(3, 2, None, "c@x", " ")])),
        ("DELETE FROM teams WHERE id = 1", members(create=[(9, 1, None, None, None)])),
        ("INSERT INTO teams VALUES (10, 'x', 1, NULL)", teams(create=[(10, "ours", 1, None)])),
    ],
    ids=["overwritten", "kept", "parent", "same key"],
)
def test_a_row_that_another_holds_is_waited_for_and_then_given_up(
    platform: MysqlPlatform, target: Target, held: str, rows: Rows
) -> None:
    platform.run("DELETE FROM seats; DELETE FROM words; DELETE FROM members WHERE team_id = 1;")
    before = platform.dump()
    with session(platform) as other:
        other.execute(held)
        with pytest.raises(TransientFault, match="holds a lock") as fault:
            merged(target, words((2, "also")), rows, inside=lambda merge: merge.check([rows.staged(target)]))
        assert "repeat" in fault.value.next
    assert platform.dump() == before


@pytest.mark.usefixtures("impatient")
def test_one_load_at_a_time(target: Target) -> None:
    merged(target, words((1, "a")))

    def inside(_: Merge) -> None:
        for again in (lambda: merged(target, words((1, "c")), run="r3"), lambda: target.undo("r1", by="b1")):
            with pytest.raises(TransientFault, match="another load") as refused:
                again()
            assert re.search(r"KILL \d+", str(refused.value))

    merged(target, words((1, "b")), run="r2", inside=inside)


@pytest.mark.parametrize("hangs", [True, False], ids=["its session hangs", "its session was lost"])
def test_what_a_run_merged_that_is_given_up_goes_with_it(
    mariadb: Mariadb, platform: MysqlPlatform, target: Target, hangs: bool
) -> None:
    """No transaction takes a table back that was made, and of a lost connection nobody can drop it."""
    before, rows = platform.dump(), words((1, "a"))
    staged = [rows.staged(target)]
    with lost() as stack:
        staging = stack.enter_context(target.staging("r1"))
        staging.stage(staged[0], [rows.batch(target)])
        merge = stack.enter_context(target.merging("r1"))
        merge.lock(staged)
        merge.merge(staged)
        if not hangs:
            kill_sessions(mariadb, platform)
        assert platform.target().sweep(["r1"], are_over=True) == 1
        assert platform.dump() == before
        with pytest.raises(Fault):
            merge.commit(marker("r1", staged, Digest(), Digest()))
    assert platform.dump() == before


def test_who_sweeps_ends_nobody_but_whose_run_is_over(platform: MysqlPlatform, target: Target) -> None:
    """Of a load that is done somebody may be at the rollback, and of one that is not everybody else at the merge."""
    merged(target, words((1, "a")))
    rows = words((1, "b"))
    staged = [rows.staged(target)]
    with target.staging("r2") as staging, target.merging("r2") as merge:
        staging.stage(staged[0], [rows.batch(target)])
        merge.lock(staged)
        merge.merge(staged)
        assert platform.target().sweep(["r0", "r1"], are_over=True) == 0
        merge.commit(marker("r2", staged, Digest(), Digest()))
    taking_back = list[MigratorError | None]()

    def take_back() -> None:
        try:
            platform.target().undo("r1", by="b1")
            taking_back.append(None)
        except MigratorError as error:
            taking_back.append(error)

    with session(platform) as other, target.staging("r0", keep=True) as kept:
        kept.stage(staged[0], [rows.batch(target)])
        other.execute("SELECT 1 FROM words FOR UPDATE")
        person = threading.Thread(target=take_back)
        person.start()
        until_a_row_is_waited_for(platform)
        assert platform.target().sweep(["r0", "r1"], are_over=True) == 1
        other.execute("ROLLBACK")
        person.join()
        assert taking_back == [None]


def test_loads_are_read_while_somebody_takes_the_last_one_back(platform: MysqlPlatform, target: Target) -> None:
    """The table they stand in goes between the look whether there is one and the reading."""
    merged(target, words((1, "a")))
    assert [marker.run for marker in target.markers()] == ["r1"]
    with closing(platform.connect()) as other, other.cursor() as cursor:
        cursor.execute(f"LOCK TABLES `{MARKERS}` WRITE")  # who reads it waits, until it is gone
        with later(lambda: cursor.execute(f"DROP TABLE `{MARKERS}`")):
            assert target.markers() == ()


def test_a_deadlock_writes_nothing_and_may_be_repeated(platform: MysqlPlatform, target: Target) -> None:
    platform.insert("words", ((1, f"{number}") for number in range(2_000)))
    before, failed = platform.dump(), []
    story = (members(overwrite=[(3, 2, None, "c@x", "changed")]), words((2, "ours")))
    tables = [rows.staged(target) for rows in story]
    with session(platform) as other:

        def hold() -> None:
            with suppress(pymysql.MySQLError):  # whom the server chooses is its own affair
                other.execute("UPDATE members SET note = 'theirs' WHERE id = 3")
                failed.append("ours")

        person = threading.Thread(target=hold)
        other.execute("UPDATE words SET word = concat(word, '!')")  # much to undo: the server rather ends the load
        other.execute("UPDATE teams SET size = 1 WHERE id = 2")
        with target.staging("r1") as staging:
            for one, rows in zip(tables, story, strict=True):
                staging.stage(one, [rows.batch(target)])
            with pytest.raises(TransientFault, match="deadlock"), target.merging("r1") as merge:
                merge.lock(tables)
                person.start()  # whichever of the two waits first, both do in the end
                merge.merge(tables)
        person.join()
    assert failed == ["ours"]
    assert platform.dump() == before
    merged(target, *story)


# ── rows that others take away meanwhile ────────────────────────────────────────────────────────────────────
CYCLE = """
CREATE TABLE p (id INT PRIMARY KEY); INSERT INTO p VALUES (1), (2);
CREATE TABLE c (id INT PRIMARY KEY, up INT NOT NULL, p INT, FOREIGN KEY (up) REFERENCES c (id),
    FOREIGN KEY (p) REFERENCES p (id));
INSERT INTO c VALUES (5, 5, 2);
"""


@pytest.mark.parametrize("ending", ["commit", "rollback"])
def test_a_parent_that_somebody_deletes_meanwhile_leaves_no_orphan(
    platform: MysqlPlatform, target: Target, ending: str
) -> None:
    platform.run(CYCLE)
    rows, problems = Rows("c", ("id", "up", "p"), ("id",), create=[(1, 1, 1)]), []
    with session(platform) as other:
        other.execute("DELETE FROM p WHERE id = 1")  # seen by nobody yet

        with later(lambda: other.execute(ending)):
            merged(target, rows, commit=False, inside=lambda merge: problems.extend(merge.check([rows.staged(target)])))
    assert len(problems) == (1 if ending == "commit" else 0)
    assert all("points at no row of p: 1" in problem for problem in problems)


def test_what_was_looked_up_stays_until_the_commit(platform: MysqlPlatform, target: Target) -> None:
    platform.run(CYCLE)
    rows, refused = Rows("c", ("id", "up", "p"), ("id",), create=[(1, 1, 1)]), []

    def delete() -> None:
        try:
            platform.run("DELETE FROM p WHERE id = 1;")
        except pymysql.err.IntegrityError as error:
            refused.append(error)

    thread = threading.Thread(target=delete)

    def inside(merge: Merge) -> None:
        assert merge.check([rows.staged(target)]) == ()
        thread.start()
        time.sleep(_A_MOMENT)

    merged(target, rows, inside=inside)
    thread.join()
    assert len(refused) == 1


def test_a_former_parent_that_somebody_deletes_meanwhile_is_told(platform: MysqlPlatform, target: Target) -> None:
    platform.run(CYCLE)
    merged(target, Rows("c", ("id", "up", "p"), ("id",), overwrite=[(5, 5, 1)]))
    with session(platform) as other:
        other.execute("DELETE FROM p WHERE id = 2")
        with later(lambda: other.execute("COMMIT")):
            undone = target.undo("r1")
    assert whys(undone) == {"c 5": "failed: its former p is gone"}
    assert platform.rows("SELECT * FROM c") == [(5, 5, 1)]


# ── rows that others hang on created ones ───────────────────────────────────────────────────────────────────
HANGING = """
CREATE TABLE q (id INT PRIMARY KEY, code VARCHAR(9) NOT NULL UNIQUE); INSERT INTO q VALUES (1, 'theirs');
CREATE TABLE by_id (id INT PRIMARY KEY, q INT, FOREIGN KEY (q) REFERENCES q (id) ON DELETE {how});
CREATE TABLE by_code (id INT PRIMARY KEY, q VARCHAR(9), FOREIGN KEY (q) REFERENCES q (code) ON DELETE {how});
"""
HOWS = ["CASCADE", "SET NULL", "RESTRICT"]


@pytest.fixture(params=HOWS)
def hanging(request: pytest.FixtureRequest, platform: MysqlPlatform) -> Rows:
    platform.run(HANGING.replace("{how}", request.param))
    return Rows("q", ("id", "code"), ("id",), create=[(2, "ours")])


@pytest.mark.parametrize(("table", "value"), [("by_id", "2"), ("by_code", "'ours'")])
def test_a_child_that_somebody_makes_before_the_rollback_keeps_its_parent(
    platform: MysqlPlatform, target: Target, hanging: Rows, table: str, value: str
) -> None:
    merged(target, hanging)
    with session(platform) as other:
        other.execute(f"INSERT INTO {table} VALUES (1, {value})")
        with later(lambda: other.execute("COMMIT")):
            assert whys(target.undo("r1")) == {"q 2": f"kept: a row of {table} that stays points at it"}
    assert platform.rows(
        f"SELECT c.id, q.id FROM {table} c JOIN q ON q.{'id' if table == 'by_id' else 'code'} = c.q"
    ) == [(1, 2)]


@pytest.mark.parametrize(("table", "value"), [("by_id", "2"), ("by_code", "'ours'")])
def test_a_child_that_somebody_makes_during_the_rollback_waits_and_finds_no_parent(
    platform: MysqlPlatform,
    target: Target,
    hanging: Rows,
    table: str,
    value: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = platform.dump()
    merged(target, hanging)
    refused: list[object] = []

    def insert() -> None:
        try:
            platform.run(f"INSERT INTO {table} VALUES (1, {value});")
        except pymysql.err.IntegrityError as error:
            refused.append(error)

    thread = threading.Thread(target=insert)
    decide = Fates.decide

    def decide_beside(fates: Fates) -> None:
        decide(fates)
        thread.start()
        time.sleep(_A_MOMENT)

    monkeypatch.setattr(Fates, "decide", decide_beside)
    target.undo("r1")
    thread.join()
    assert len(refused) == 1
    assert platform.dump() == before


def test_an_equal_row_that_somebody_writes_during_the_rollback_stays(
    platform: MysqlPlatform, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    merged(target, words((1, "equal"), (1, "alone")))
    delete, written = MysqlTransaction.delete, []

    def delete_beside(own: MysqlTransaction, live: str, other: str, on: str) -> str:
        if "words" in live and not written:
            written.append(platform.run("INSERT INTO words VALUES (1, 'equal');"))
        return delete(own, live, other, on)

    monkeypatch.setattr(MysqlTransaction, "delete", delete_beside)
    with pytest.raises(TransientFault, match="equal to those of the load"):
        target.undo("r1")
    assert platform.rows("SELECT count(*) FROM words WHERE word IN ('equal', 'alone')") == [(3,)]
    assert target.undo("r1").reversed == 2
    assert platform.rows("SELECT word FROM words WHERE word IN ('equal', 'alone')") == [("equal",)]


# ── many at once ────────────────────────────────────────────────────────────────────────────────────────────
class Writers:
    """People who write to the same tables; each counts what was committed."""

    def __init__(self, platform: MysqlPlatform, count: int) -> None:
        self._platform = platform
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(number,)) for number in range(1, count + 1)]
        self.words = 0
        self._counting = threading.Lock()

    def __enter__(self) -> Writers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _write(self, number: int) -> None:
        own, turn = 1_000 * number, 0
        with closing(self._platform.connect()) as connection, connection.cursor() as cursor:
            while not self._end.is_set():
                turn += 1
                with suppress(pymysql.MySQLError):
                    connection.begin()
                    cursor.execute(f"INSERT INTO teams VALUES ({own + turn}, 'w{number}/{turn}', 1, NULL)")
                    cursor.execute(f"INSERT INTO members VALUES ({own + turn}, {own + turn}, 1, NULL, 'theirs')")
                    cursor.execute("INSERT INTO words VALUES (1, 'same')")
                    cursor.execute(f"UPDATE members SET note = '{own + turn}' WHERE id IN (1, 3)")
                    cursor.execute(f"DELETE FROM teams WHERE id = {own + turn - 1}")
                    connection.commit()
                    with self._counting:
                        self.words += 1
                connection.rollback()


def test_loads_and_rollbacks_beside_writers_leave_everybodys_rows(platform: MysqlPlatform, target: Target) -> None:
    same = platform.rows("SELECT count(*) FROM words WHERE word = 'same'")[0][0]
    story = (
        teams(create=[(10, "ours", 3, 11)]),
        members(create=[(11, 10, 12, "k@x", None), (12, 10, 11, None, "")], overwrite=[(2, 10, 11, "z@x", "changed")]),
        words((10, "same"), (1, "same"), (None, "")),
    )
    before = platform.rows("SELECT * FROM members WHERE id = 2")
    done = tries = 0
    with Writers(platform, 4) as writers:
        while done < 3 or tries < 6:
            tries += 1
            with suppress(TransientFault):
                merged(target, *story, run=f"r{tries}")
            with suppress(TransientFault, Misuse):
                undone = target.undo(f"r{tries}")
                assert (undone.kept, undone.failed, undone.digest_after) == (0, 0, undone.digest_before_load)
                done += 1
            assert tries < 60
    while target.markers():  # one whose rollback had to be given up
        target.undo(target.markers()[0].run)
    assert writers.words
    assert platform.rows("SELECT count(*) FROM words WHERE word = 'same'") == [(same + writers.words,)]
    assert platform.rows("SELECT * FROM members WHERE id = 2") == before
    assert platform.rows("SELECT count(*) FROM teams WHERE id = 10 OR lead_id IN (11, 12)") == [(0,)]
    assert platform.rows("SELECT count(*) FROM members WHERE id IN (11, 12)") == [(0,)]
    with target.staging("last"):
        pass
    assert ours(platform) == []


# ── what a kill leaves ──────────────────────────────────────────────────────────────────────────────────────
def test_what_a_load_killed_after_its_commit_leaves_goes_with_the_rollback(
    platform: MysqlPlatform, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, drop = platform.dump(), MysqlTransaction._drop

    def die_behind_the_commit(transaction: MysqlTransaction, names: list[str]) -> None:
        if names is transaction._going:
            die()
        drop(transaction, names)

    def load_and_die() -> None:
        monkeypatch.setattr(MysqlTransaction, "_drop", die_behind_the_commit)
        merged(target, *STORY)

    killed(load_and_die)
    assert {name.split(":")[0] for name in ours(platform)} >= {"migrator_stage", "migrator_made", "migrator_journal"}
    wait_for_sessions(platform)
    target.undo("r1")
    assert platform.dump() == before


def wait_for_sessions(platform: MysqlPlatform) -> None:
    """Until the server has noticed that the other sessions are dead."""
    others = "SELECT 1 FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
    while platform.rows(others):
        time.sleep(0.05)


def test_an_interruption_while_the_commit_is_answered_leaves_a_load_that_can_be_taken_back(
    platform: MysqlPlatform, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, execute = platform.dump(), connect.Connection.execute

    def interrupted(connection: connect.Connection, statement: str) -> int:
        count = execute(connection, statement)
        if statement == "COMMIT":
            raise KeyboardInterrupt
        return count

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(connect.Connection, "execute", interrupted)
        merged(target, *STORY)
    assert [marker.run for marker in target.markers()] == ["r1"]
    assert target.undo("r1").reversed == 12
    assert platform.dump() == before


def test_journals_are_known_where_the_server_keeps_names_in_small_letters(
    platform: MysqlPlatform, target: Target
) -> None:
    """lower_case_table_names, as on Windows: a server of its own has it, here its tables are renamed as it would."""
    merged(target, *STORY, run="20261122T074426-load-ab12")
    names = ours(platform)
    platform.run("".join(f'RENAME TABLE "{name}" TO "{name.lower()}";' for name in names if name != name.lower()))
    platform.run('CREATE TABLE "migrator_stage:20261122t074427-load-ab13:teams" (id INT);')
    with target.staging("20261122T074427-load-ab13"):
        pass
    assert ours(platform) == [name.lower() for name in names]


def test_an_interrupted_load_leaves_no_thread_and_no_pipe(
    target: Target, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    execute, threads = connect.Connection.execute, threading.active_count()

    def interrupted(connection: connect.Connection, statement: str) -> int:
        if statement.startswith("LOAD DATA"):
            raise KeyboardInterrupt
        return execute(connection, statement)

    monkeypatch.setattr(connect.Connection, "execute", interrupted)
    rows = words((1, "never sent"))
    with pytest.raises(KeyboardInterrupt), target.staging("r1") as staging:
        staging.stage(rows.staged(target), [rows.batch(target)])
    assert threading.active_count() == threads and not list(tmp_path.iterdir())


# ── lost connections ────────────────────────────────────────────────────────────────────────────────────────
def test_killed_while_staging(mariadb: Mariadb, platform: MysqlPlatform, target: Target) -> None:
    before, rows = platform.dump(), words(*[(1, "a" * 1_000)] * 50)
    batch = rows.batch(target)

    def batches() -> Iterator[pa.RecordBatch]:
        yield batch
        kill_sessions(mariadb, platform)
        for _ in range(500):
            time.sleep(0.01)  # all at once would fill the wire: then it is the system that says, minutes later
            yield batch

    with pytest.raises(TransientFault, match="connection") as fault, target.staging("r1") as staging:
        staging.stage(rows.staged(target), batches())
    assert "repeat" in fault.value.next
    with target.staging("r2"):
        pass
    assert platform.dump() == before


def test_killed_while_merging(mariadb: Mariadb, platform: MysqlPlatform, target: Target) -> None:
    before = platform.dump()
    with pytest.raises(TransientFault, match="connection"):
        merged(target, *STORY, inside=lambda _: kill_sessions(mariadb, platform))
    with target.staging("r2"):
        pass
    assert platform.dump() == before
    merged(target, *STORY)
    assert target.undo("r1").reversed == 12


def test_killed_while_undoing(
    mariadb: Mariadb, platform: MysqlPlatform, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = platform.dump()
    merged(target, *STORY)
    between, decide = platform.dump(), Fates.decide

    def decide_and_die(fates: Fates) -> None:
        decide(fates)
        kill_sessions(mariadb, platform)

    with monkeypatch.context() as patch, pytest.raises(TransientFault, match="connection"):
        patch.setattr(Fates, "decide", decide_and_die)
        target.undo("r1")
    assert platform.dump() == between
    assert target.undo("r1").reversed == 12
    assert platform.dump() == before


@pytest.mark.parametrize("when", ["before the commit", "after the commit"])
def test_the_server_is_killed(private_mariadb: Mariadb, when: str) -> None:
    private_mariadb.admin("SET GLOBAL innodb_flush_log_at_trx_commit = 1, sync_binlog = 1")
    platform = MysqlPlatform(private_mariadb.database())
    platform.run(DDL)
    before, target = platform.dump(), platform.target()
    if when == "before the commit":
        with pytest.raises(TransientFault):
            merged(target, *STORY, inside=lambda _: private_mariadb.kill())
    else:
        merged(target, *STORY)
        private_mariadb.kill()
    private_mariadb.start()
    assert len(target.markers()) == (1 if when == "after the commit" else 0)
    with target.staging("other"):
        pass
    if when == "after the commit":
        with pytest.raises(Misuse, match="already"):
            merged(target, *STORY)
        assert target.undo("r1").reversed == 12
    assert platform.dump() == before
    goes_and_comes_back(platform, *STORY)


# ── one transaction ─────────────────────────────────────────────────────────────────────────────────────────
def test_nothing_commits_between_the_beginning_and_the_end(
    mariadb: Mariadb, platform: MysqlPlatform, target: Target
) -> None:
    """The server's own log of what it was told: only what reads and what writes rows."""
    allowed = ("SELECT", "INSERT", "UPDATE", "DELETE", "SHOW CREATE TABLE", "SET SESSION foreign_key_checks")
    mariadb.admin("SET GLOBAL log_output = 'TABLE', general_log = 1", "TRUNCATE mysql.general_log")
    try:
        tables = [rows.staged(target) for rows in STORY]
        merged(target, *STORY, commit=False, inside=lambda merge: merge.check(tables))
        merged(target, *STORY, inside=lambda merge: [merge.compare(one) for one in tables])
        target.undo("r1")
    finally:
        mariadb.admin("SET GLOBAL general_log = 0, log_output = 'FILE'")
    log = MysqlPlatform(mariadb.admin_url).rows(
        "SELECT thread_id, CONVERT(argument USING utf8mb4) FROM mysql.general_log WHERE command_type = 'Query'"
        f" AND user_host LIKE '%{address_of(platform.url).user}%' ORDER BY event_time, thread_id"
    )
    endings = []
    for thread in {thread for thread, text in log if text == "START TRANSACTION"}:
        said = [text for other, text in log if other == thread]
        inside = said[said.index("START TRANSACTION") + 1 :]
        end = next(number for number, text in enumerate(inside) if text in ("COMMIT", "ROLLBACK"))
        endings.append(inside[end])
        assert [text for text in inside[:end] if not text.strip().startswith(allowed)] == []
    assert sorted(endings) == ["COMMIT", "COMMIT", "ROLLBACK"]


def test_an_attempt_whose_connection_was_lost_is_in_nobody_s_way(
    mariadb: Mariadb, platform: MysqlPlatform, target: Target
) -> None:
    """A journal is made before the transaction: nothing takes it back with the transaction."""
    rows = words((1, "again"))
    tables = [rows.staged(target)]
    with target.staging("r1") as staging:
        staging.stage(tables[0], [rows.batch(target)])
        with pytest.raises(TransientFault, match="connection"), target.merging("r1") as lost:
            lost.lock(tables)
            assert isinstance(lost, MysqlMerge)
            [(number,)] = lost._transaction.rows("SELECT CONNECTION_ID()")
            mariadb.admin(f"KILL {number}")
            lost.merge(tables)
        assert ours(platform)
        with target.merging("r1") as merge:
            merge.lock(tables)
            assert merge.merge(tables) == {0: {"create": 1}}
