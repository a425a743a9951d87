"""What goes wrong around a load into PostgreSQL: locks, deadlocks, lost connections, killed servers, missing rights."""

from __future__ import annotations

import os
import secrets
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import partial

import psycopg
import pytest
from psycopg import sql

from migrator.contracts import DISABLE, FIRE, Merge, Target, Triggers, Whole
from migrator.platforms.postgres import merge as merging_module
from migrator.platforms.postgres.connect import LOADING, Session
from migrator.platforms.postgres.target import PostgresTarget
from migrator.platforms.relational.fates import Fates
from storage.errors import Fault, Misuse, Red, TransientFault
from tests.conformance.platforms import PostgresPlatform
from tests.conformance.targets import Rows, merged
from tests.servers.postgres import Postgres
from tests.support_postgres_target import (
    Thread,
    administered,
    guest_of,
    loaded,
    role_of,
    taken_back,
    waits_for_a_lock,
)

TABLE = "CREATE TABLE t (id int PRIMARY KEY, v text UNIQUE); INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c');"
STORY = Rows("t", ("id", "v"), ("id",), create=[(10, "x"), (11, "y")], overwrite=[(1, "A"), (2, "B")])
OURS = "SELECT nspname FROM pg_namespace WHERE nspname ~ '^migrator'"


@pytest.fixture
def platform(postgres_url: str) -> PostgresPlatform:
    platform = PostgresPlatform(postgres_url)
    platform.run(TABLE)
    return platform


@pytest.fixture
def guest(postgres: Postgres, postgres_url: str) -> Iterator[str]:
    with guest_of(postgres, postgres_url) as url:
        yield url


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A load gives up after a tenth of a second what it would wait half a minute for."""
    session = Session(statement_timeout_s=0, extra={**LOADING.extra, "lock_timeout": "100ms"})
    monkeypatch.setattr(merging_module, "LOADING", session)


# ── locks ───────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "lock",
    [
        "LOCK TABLE t IN ACCESS EXCLUSIVE MODE",
        "UPDATE t SET v = 'theirs' WHERE id = 1",
        "INSERT INTO t VALUES (10, 'theirs')",
        "INSERT INTO t VALUES (99, 'x')",
    ],
    ids=["table", "row", "same key", "same unique value"],
)
def test_a_lock_of_somebody_else_is_waited_for_and_given_up(platform: PostgresPlatform, lock: str) -> None:
    before, target = platform.dump(), platform.target()
    with platform.connect() as other:
        other.execute("BEGIN")
        other.execute(lock.encode())
        with pytest.raises(TransientFault, match="somebody holds a lock"):
            loaded(target, STORY)
        other.execute("ROLLBACK")
    assert platform.dump() == before


@pytest.mark.usefixtures("impatient")
def test_a_rollback_gives_up_too_and_may_be_repeated(platform: PostgresPlatform) -> None:
    before = platform.dump()
    loaded(platform.target(), STORY)
    held = platform.dump()
    with platform.connect() as other:
        other.execute("BEGIN")
        other.execute("SELECT 1 FROM t WHERE id = 10 FOR KEY SHARE")
        with pytest.raises(TransientFault, match="lock"):
            platform.target().undo("r1")
    assert platform.dump() == held
    taken_back(platform.target())
    assert platform.dump() == before


@pytest.mark.usefixtures("impatient")
def test_loads_and_rollbacks_wait_for_each_other(platform: PostgresPlatform) -> None:
    target = platform.target()
    refusals: list[TransientFault] = []

    def inside(_: Merge) -> None:
        works: list[Callable[[], object]] = [
            lambda: loaded(PostgresTarget(platform.url), Rows("t", ("id", "v"), ("id",), create=[(50, "z")]), run="r2"),
            lambda: PostgresTarget(platform.url).undo("r0"),
        ]
        for work in works:
            with pytest.raises(TransientFault, match="another load into this target, or its rollback") as refused:
                work()
            refusals.append(refused.value)

    loaded(target, Rows("t", ("id", "v"), ("id",), create=[(40, "w")]), run="r0")
    merged(target, STORY, inside=inside)
    assert len(refusals) == 2
    taken_back(target, "r1")
    taken_back(target, "r0")


def test_loads_are_read_while_somebody_takes_the_last_one_back(platform: PostgresPlatform) -> None:
    """The table they stand in goes between the look whether there is one and the reading."""
    target = platform.target()
    merged(target, STORY)
    assert [marker.run for marker in target.markers()] == ["r1"]
    with psycopg.connect(platform.url) as other:
        other.execute('DROP TABLE "migrator"."migrator_loads"')  # who reads it waits for the commit
        timer = threading.Timer(0.5, other.commit)
        timer.start()
        assert target.markers() == ()
        timer.join()


def test_first_loads_at_the_same_moment_do_not_meet(platform: PostgresPlatform) -> None:
    """Both would make the schema of the journals, and the table of the markers."""
    before = platform.dump()
    numbers = (100, 200, 300)

    def load(number: int) -> object:
        story = Rows("t", ("id", "v"), ("id",), create=[(number, str(number))])
        return loaded(PostgresTarget(platform.url), story, run=f"r{number}")

    for loading in [Thread(partial(load, number)) for number in numbers]:
        loading.outcome()
    undoings = [Thread(partial(PostgresTarget(platform.url).undo, f"r{number}")) for number in numbers]
    assert [undone.outcome().reversed for undone in undoings] == [1, 1, 1]  # type: ignore[attr-defined]
    assert platform.dump() == before


def test_two_rollbacks_of_one_load_take_it_back_once(platform: PostgresPlatform) -> None:
    before = platform.dump()
    loaded(platform.target(), STORY)
    threads = [Thread(lambda: PostgresTarget(platform.url).undo("r1")) for _ in "12"]
    outcomes = []
    for thread in threads:
        try:
            outcomes.append(thread.outcome())
        except Misuse as misuse:
            outcomes.append(misuse.what)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Undone", "str"]
    assert platform.dump() == before


def test_a_bounded_load_waits_no_longer_than_it_may(platform: PostgresPlatform) -> None:
    before, staged = platform.dump(), STORY.staged(platform.target())
    with platform.connect() as other, platform.target().staging("r1") as staging:
        staging.stage(staged, [STORY.batch(platform.target())])
        other.execute("BEGIN")
        other.execute("UPDATE t SET v = 'theirs' WHERE id = 1")
        with (
            pytest.raises(Red, match="more than 1 s"),
            platform.target().merging("r1", max_seconds=1) as merge,
        ):
            merge.lock([staged])
        other.execute("ROLLBACK")
    assert platform.dump() == before


def test_reading_what_a_rehearsal_wrote_is_bounded_too(platform: PostgresPlatform) -> None:
    staged = STORY.staged(platform.target())
    with platform.target().staging("r1") as staging:
        staging.stage(staged, [STORY.batch(platform.target())])
        with (
            pytest.raises(Red, match="more than 1 s"),
            platform.target().merging("r1", max_seconds=1) as merge,
        ):
            merge.lock([staged])
            merge.merge([staged])
            platform.run("CREATE TABLE slow (id int PRIMARY KEY);")
            with platform.connect() as other:
                other.execute("BEGIN")
                other.execute("LOCK TABLE slow")
                for _ in merge.scan(Rows("slow", ("id",), ("id",)).staged(platform.target()).table, Whole()):
                    pass


def test_a_statement_that_somebody_ends_is_a_fault_and_not_late(platform: PostgresPlatform, postgres: Postgres) -> None:
    staged = STORY.staged(platform.target())
    with platform.connect() as other, platform.target().staging("r1") as staging:
        staging.stage(staged, [STORY.batch(platform.target())])
        other.execute("BEGIN")
        other.execute("UPDATE t SET v = 'theirs' WHERE id = 1")

        def load() -> None:
            with PostgresTarget(platform.url).merging("r1", max_seconds=60) as merge:
                merge.lock([staged])

        loading = Thread(load)
        waits_for_a_lock(platform.url)
        administered(
            postgres, platform.url, "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        )
        with pytest.raises(Fault, match="canceling statement due to user request"):
            loading.outcome()


def test_a_deadlock_is_a_transient_fault_and_nothing_was_written(platform: PostgresPlatform) -> None:
    """Each holds a row the other wants; the server ends one of them."""
    before = platform.dump()
    with platform.connect() as other:
        other.execute("BEGIN")
        other.execute("UPDATE t SET v = 'theirs' WHERE id = 2")
        loading = Thread(lambda: loaded(PostgresTarget(platform.url), STORY))
        waits_for_a_lock(platform.url)  # it holds row 1, and wants row 2
        waiting = Thread(lambda: other.execute("UPDATE t SET v = 'theirs too' WHERE id = 1"))
        outcomes = []
        for thread in (loading, waiting):
            try:
                thread.outcome()
                outcomes.append("done")
            except TransientFault as fault:
                assert "deadlock" in fault.what
                outcomes.append("load ended")
            except psycopg.errors.DeadlockDetected:
                outcomes.append("other ended")
                other.execute("ROLLBACK")
            if thread is loading and outcomes[-1] == "load ended":
                waiting.outcome()
                other.execute("ROLLBACK")
    assert sorted(outcomes) in (["done", "load ended"], ["done", "other ended"])
    if "load ended" in outcomes:
        assert platform.dump() == before
    else:
        taken_back(platform.target())


# ── writers beside ──────────────────────────────────────────────────────────────────────────────────────────────
WRITERS = """
CREATE TABLE account (id int PRIMARY KEY, amount int NOT NULL, note text);
CREATE TABLE move (id serial PRIMARY KEY, account int NOT NULL REFERENCES account (id) ON DELETE CASCADE, amount int);
INSERT INTO account SELECT n, 0, '' FROM generate_series(1, 40) n;
"""


def test_ten_writers_beside_a_load_and_its_rollback(platform: PostgresPlatform) -> None:
    """Every account's amount is the sum of its moves, whoever writes; nobody waits for ever, nothing is lost."""
    platform.run(WRITERS)
    ending, written = time.monotonic() + 3, [0] * 10

    def write(writer: int) -> None:
        with platform.connect() as connection:
            while time.monotonic() < ending:
                # theirs, ours (101…) and rows that both touch, in the order of their keys
                accounts = sorted({1 + (writer * 7 + written[writer]) % 40, 101 + written[writer] % 20})
                try:
                    with connection.transaction():
                        for account in accounts:
                            found = connection.execute(
                                "UPDATE account SET amount = amount + 1 WHERE id = %s", (account,)
                            ).rowcount
                            if found:
                                connection.execute("INSERT INTO move (account, amount) VALUES (%s, 1)", (account,))
                except (psycopg.errors.DeadlockDetected, psycopg.errors.ForeignKeyViolation):
                    pass
                written[writer] += 1

    writers = [Thread(partial(write, number)) for number in range(10)]
    target, kept = platform.target(), 0
    story = Rows(
        "account",
        ("id", "note"),
        ("id",),
        overwrite=[(number, "ours") for number in range(1, 11)],
    )
    created = Rows("account", ("id", "amount", "note"), ("id",), create=[(n, 0, "ours") for n in range(101, 121)])
    rounds = 0
    while time.monotonic() < ending:
        for run, rows in ((f"o{rounds}", story), (f"c{rounds}", created)):
            try:
                loaded(target, rows, run=run)
            except TransientFault:
                continue
            except Red as red:  # rows of an earlier round that were kept
                assert "already holds" in red.what
                continue
            for _ in range(20):
                try:
                    undone = target.undo(run)
                    break
                except TransientFault:
                    continue
            kept += undone.kept
            assert undone.failed == 0
        rounds += 1
    for writer in writers:
        writer.outcome()
    assert rounds and all(written)
    wrong = "SELECT id FROM account a WHERE amount <> (SELECT coalesce(sum(amount), 0) FROM move WHERE account = a.id)"
    assert platform.rows(wrong) == []
    assert platform.rows("SELECT count(*) FROM account WHERE id <= 40") == [(40,)]


# ── lost connections ────────────────────────────────────────────────────────────────────────────────────────────
KILL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ^@ 'migrator' AND datname = "


def cut(platform: PostgresPlatform, postgres: Postgres) -> None:
    """Every connection of ours to the database goes, as when somebody pulls a plug."""
    administered(postgres, platform.url, f"{KILL} current_database()")


def swept(target: Target) -> None:
    """The server notices within a moment that nobody holds the lock any more."""
    for _ in range(200):
        try:
            with target.staging("other"):
                return
        except TransientFault:
            time.sleep(0.02)


@pytest.mark.parametrize("when", ["staging", "staged", "merging", "checked", "committed"])
def test_a_connection_cut_at_any_moment_leaves_all_or_nothing(
    platform: PostgresPlatform, postgres: Postgres, when: str
) -> None:
    before, target, staged = platform.dump(), platform.target(), STORY.staged(platform.target())

    def batches() -> Iterator[object]:
        yield STORY.batch(target)
        if when == "staging":
            cut(platform, postgres)
        yield STORY.batch(target).slice(0, 0)

    def load() -> None:
        from migrator.contracts import Digest
        from tests.conformance.targets import marker

        with target.staging("r1") as staging:
            staging.stage(staged, batches())  # type: ignore[arg-type]
            if when == "staged":
                cut(platform, postgres)
            with target.merging("r1") as merge:
                merge.lock([staged])
                digest = merge.digest([staged], whole=False)
                if when == "merging":
                    cut(platform, postgres)
                merge.merge([staged])
                merge.check([staged])
                if when == "checked":
                    cut(platform, postgres)
                merge.commit(marker("r1", [staged], digest, Digest()))
                if when == "committed":
                    cut(platform, postgres)

    if when in ("staged", "committed"):
        load()  # the merge has a connection of its own, and after the commit nothing is left to lose
        swept(target)
        taken_back(target)
    else:
        with pytest.raises(Fault, match=r"terminat|connection|closed"):
            load()
        swept(target)
    assert platform.dump() == before
    loaded(target, STORY)
    taken_back(target)
    assert platform.rows(OURS) == []


def test_a_connection_cut_while_undoing_takes_nothing_back(
    platform: PostgresPlatform, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = platform.dump()
    loaded(platform.target(), STORY)
    held, decide = platform.dump(), Fates.decide

    def decided(fates: Fates) -> None:
        decide(fates)
        cut(platform, postgres)

    with monkeypatch.context() as patch, pytest.raises(Fault):
        patch.setattr(Fates, "decide", decided)
        platform.target().undo("r1")
    assert platform.dump() == held
    taken_back(platform.target())
    assert platform.dump() == before


@pytest.mark.parametrize("committed", [False, True], ids=["before the commit", "right after"])
def test_a_server_killed_around_the_commit(private_postgres: Postgres, committed: bool) -> None:
    platform = PostgresPlatform(private_postgres.database())
    platform.run(TABLE)
    before, target = platform.dump(), platform.target()

    def die(_: Merge) -> None:
        private_postgres.kill()

    if committed:
        loaded(target, STORY)
        with target.staging("r2") as staging:
            staging.stage(STORY.staged(target), [STORY.batch(target)])
            private_postgres.kill()
    else:
        with pytest.raises(Fault):
            merged(target, STORY, inside=die)
    private_postgres.restart()
    swept(target)
    assert [marker.run for marker in target.markers()] == ["r1"] * committed
    if committed:
        taken_back(target)
    assert platform.dump() == before
    loaded(target, STORY, run="r3")
    taken_back(target, "r3")


# ── rights ──────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_role_without_rights_is_told_and_doctor_s_script_is_enough(platform: PostgresPlatform, guest: str) -> None:
    platform.run("""
        CREATE SCHEMA "S"; CREATE TABLE "S"."Child" (id serial PRIMARY KEY, t int REFERENCES t, w int);
        CREATE TABLE beside (id int PRIMARY KEY, child int REFERENCES "S"."Child");
    """)
    before, target = platform.dump(), PostgresTarget(guest)
    story = (STORY, Rows("S.Child", ("id", "t"), ("id",), create=[(5, 10)]))
    with pytest.raises(Fault, match="permission denied for database") as fault:
        loaded(target, *story)
    assert "grant" in fault.value.next
    examined = target.examine(["t", "S.Child"])
    assert examined.user == role_of(guest)
    red = {(finding.where, finding.found) for finding in examined.findings if finding.verdict == "red"}
    assert ("S.Child", "the user lacks USAGE on the schema") in red
    assert ("t", "the user lacks SELECT, INSERT, UPDATE, DELETE on the table") in red
    assert ("beside", "the user lacks SELECT on the table") in red
    assert any("CREATE on the database" in found for _, found in red)
    assert any("SELECT, UPDATE on the sequence" in found for _, found in red)
    *others, last = examined.grants.splitlines()
    for statement in (*others, last):
        platform.run(statement)
        with nullcontext() if statement == last else pytest.raises(Fault, match="permission denied"):
            loaded(target, *story, commit=False)
    granted = platform.dump()
    assert "red" not in {finding.verdict for finding in target.examine(["t", "S.Child"]).findings}
    loaded(target, *story)
    taken_back(target)
    assert platform.dump() == granted
    assert {name: rows for name, rows in granted.items() if name} == {
        name: rows for name, rows in before.items() if name
    }


def test_a_second_role_finds_the_journals_of_the_first_in_its_way(
    platform: PostgresPlatform, postgres: Postgres, guest: str
) -> None:
    loaded(platform.target(), STORY)
    for statement in PostgresTarget(guest).examine(["t"]).grants.splitlines():
        platform.run(statement)
    story = Rows("t", ("id", "v"), ("id",), create=[(77, "seven")])
    loaded(PostgresTarget(guest), story, run="r2")
    taken_back(PostgresTarget(guest), "r2")
    with pytest.raises(Fault, match=f"the role {role_of(platform.url)} made this load") as fault:
        PostgresTarget(guest).undo("r1")
    administered(postgres, platform.url, fault.value.next.partition(": ")[2])
    taken_back(PostgresTarget(guest))


def test_a_load_is_taken_back_though_the_first_load_was_another_role_s(platform: PostgresPlatform, guest: str) -> None:
    before = platform.dump()
    loaded(platform.target(), STORY)
    for statement in PostgresTarget(guest).examine(["t"]).grants.splitlines():
        platform.run(statement)
    loaded(PostgresTarget(guest), Rows("t", ("id", "v"), ("id",), create=[(77, "seven")]), run="r2")
    platform.run("UPDATE t SET v = 'edited' WHERE id = 77;")
    assert PostgresTarget(guest).undo("r2", by="b2").kept == 1
    platform.run("UPDATE t SET v = 'seven' WHERE id = 77;")
    taken_back(platform.target())
    taken_back(PostgresTarget(guest), "r2")
    assert platform.dump()["t"] == before["t"]


def test_a_load_is_accepted_though_the_first_load_was_another_role_s(platform: PostgresPlatform, guest: str) -> None:
    loaded(platform.target(), STORY)
    for statement in PostgresTarget(guest).examine(["t"]).grants.splitlines():
        platform.run(statement)
    loaded(PostgresTarget(guest), Rows("t", ("id", "v"), ("id",), create=[(77, "seven")]), run="r2")
    assert PostgresTarget(guest).close("r2").journals == 1
    assert [bool(marker.closed_at) for marker in platform.target().markers()] == [False, True]
    taken_back(platform.target())


def test_only_who_owns_a_table_may_disable_its_triggers_and_doctor_says_so(
    platform: PostgresPlatform, guest: str
) -> None:
    platform.run("""
        CREATE TABLE u (id int PRIMARY KEY);
        CREATE TRIGGER same BEFORE UPDATE ON u FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
    """)
    target = PostgresTarget(guest)
    for statement in target.examine(["u"]).grants.splitlines():
        platform.run(statement)
    [warning] = (finding for finding in target.examine(["u"]).findings if finding.verdict == "warning")
    assert (warning.what, warning.where) == ("triggers", "u")
    assert role_of(platform.url) in warning.next
    story = Rows("u", ("id",), ("id",), create=[(1,)])
    with pytest.raises(Fault, match=f"the role {role_of(platform.url)}, may disable its trigger same"):
        merged(target, story, triggers=Triggers(mode=DISABLE))
    merged(target, story, triggers=Triggers(mode=FIRE))
    with pytest.raises(Fault, match="may disable its trigger same"):
        target.undo("r1")
    platform.run("DROP TRIGGER same ON u;")
    taken_back(target)


def test_what_a_killed_load_staged_goes_with_a_rollback(platform: PostgresPlatform) -> None:
    loaded(platform.target(), STORY)
    platform.run('CREATE SCHEMA "migrator_stage:dead"; CREATE TABLE "migrator_stage:dead".t (id int);')
    taken_back(platform.target())
    assert platform.rows(OURS) == []


def test_rows_a_policy_hides_stop_a_load(platform: PostgresPlatform, guest: str) -> None:
    platform.run(f"""
        GRANT CREATE ON DATABASE {role_of(guest).removeprefix("loader_of_")} TO {role_of(guest)};
        GRANT ALL ON t TO {role_of(guest)};
        ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY mine ON t USING (id > 5);
    """)
    before = platform.dump()
    with pytest.raises(Fault, match="hidden") as fault:
        loaded(PostgresTarget(guest), STORY)
    assert "BYPASSRLS" in fault.value.next
    assert platform.dump() == before
    (red,) = (finding for finding in PostgresTarget(guest).examine(["t"]).findings if finding.verdict == "red")
    assert (red.what, red.where) == ("row-level security", "t")
    loaded(platform.target(), STORY)  # its owner sees every row
    platform.run("ALTER TABLE t FORCE ROW LEVEL SECURITY;")
    with pytest.raises(Fault, match="hidden"):
        platform.target().undo("r1")


def test_a_timeout_for_ordinary_users_does_not_end_a_load(platform: PostgresPlatform) -> None:
    platform.run("CREATE TABLE slow (id int PRIMARY KEY, v text DEFAULT pg_sleep(0.4)::text);")
    platform.run(f"ALTER ROLE {role_of(platform.url)} SET statement_timeout = '300ms';")
    loaded(PostgresTarget(platform.url), Rows("slow", ("id",), ("id",), create=[(1,)]))


def test_a_database_guarded_against_writing_is_not_written(platform: PostgresPlatform) -> None:
    platform.run(f"ALTER ROLE {role_of(platform.url)} SET default_transaction_read_only = on;")
    target = PostgresTarget(platform.url)
    (red,) = (finding for finding in target.examine(["t"]).findings if finding.verdict == "red")
    assert (red.what, "default_transaction_read_only" in red.found) == ("writable", True)
    with pytest.raises(Fault, match="read-only"):
        loaded(target, STORY)


def test_what_the_doctor_finds_of_a_good_target(platform: PostgresPlatform) -> None:
    platform.run(
        "CREATE TABLE child (id serial, t int REFERENCES t); INSERT INTO child (t) VALUES (1);"
        "CREATE INDEX ON child (t); ANALYZE;"
    )
    before, examined = platform.dump(), platform.target().examine(["t", "no such table"])
    assert {finding.verdict for finding in examined.findings} == {"ok"}
    assert {finding.what for finding in examined.findings} == {"version", "grants", "connections"}
    assert examined.version.startswith("PostgreSQL ")
    assert examined.clock is not None and examined.clock.endswith("Z")
    assert {size.table: size.rows for size in examined.sizes} == {"t": 3, "child": 1}
    assert examined.grants == ""
    assert platform.dump() == before


def test_a_reference_that_no_index_finds_is_told_before_a_rollback_is_slow(platform: PostgresPlatform) -> None:
    platform.run(
        "CREATE TABLE slow (id INTEGER PRIMARY KEY, t_id INTEGER REFERENCES t);"
        "CREATE TABLE quick (id INTEGER PRIMARY KEY, t_id INTEGER REFERENCES t); CREATE INDEX ON quick (t_id);"
    )
    warned = [finding for finding in platform.target().examine(["t"]).findings if finding.what == "index"]
    assert [(finding.where, finding.verdict) for finding in warned] == [("slow.t_id", "warning")]


# ── no room ─────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def full(private_postgres: Postgres) -> Iterator[PostgresPlatform]:
    """A database beside whose own tablespace there is one on a disk of eight megabytes."""
    data = private_postgres._data
    disk = data.with_name("disk")  # where the server's own user may go
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m,mode=0777", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only the superuser of this machine can mount a small disk")
    try:
        place = disk / "space"
        place.mkdir()
        os.chown(place, data.stat().st_uid, data.stat().st_gid)
        private_postgres.admin(sql.SQL("CREATE TABLESPACE tiny LOCATION {}").format(sql.Literal(str(place))))
        private_postgres.admin(sql.SQL("GRANT CREATE ON TABLESPACE tiny TO PUBLIC"))
        yield PostgresPlatform(private_postgres.database())
    finally:
        private_postgres.stop()
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("step", ["staging", "merging"])
def test_a_full_disk_is_a_fault_and_nothing_is_kept(full: PostgresPlatform, step: str) -> None:
    full.run(TABLE)
    if step == "staging":
        full.run(f"ALTER ROLE {role_of(full.url)} SET default_tablespace = tiny;")
    else:
        full.run("ALTER TABLE t SET TABLESPACE tiny;")
    target, before = PostgresTarget(full.url), full.dump()
    rows = [(number, secrets.token_urlsafe(1_900)) for number in range(1_000, 5_000)]  # which nothing compresses
    with pytest.raises(Fault, match="disk is full") as fault:
        loaded(target, Rows("t", ("id", "v"), ("id",), create=rows))
    assert "free space" in fault.value.next
    assert full.dump() == before
    if step == "merging":
        full.run("ALTER TABLE t SET TABLESPACE pg_default;")
    else:
        full.run(f"ALTER ROLE {role_of(full.url)} RESET default_tablespace;")
    target = PostgresTarget(full.url)
    loaded(target, STORY)
    taken_back(target)
