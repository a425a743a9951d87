"""The catalog: shared by many programs, honest about runs that died, and readable by the program that comes after."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg.sql import SQL, Identifier, Literal
from sqlalchemy import Connection, text

import migrator.access.models
import migrator.notices.models
import migrator.registry.models
import migrator.runs
from migrator.outcomes import Verdict
from migrator.runs import database
from migrator.runs.catalog import Catalog
from migrator.runs.database import open_database
from migrator.runs.models import Base
from migrator.runs.portion import Portion
from migrator.runs.records import ArchiveRecord, RunRecord
from migrator.runs.request import (
    ClosingRequest,
    Document,
    LoadRequest,
    Request,
    RestoreRequest,
    RollbackRequest,
    SnapshotRequest,
    VerificationRequest,
    read_request,
)
from migrator.runs.upgrade import HEAD
from storage.errors import Fault, MigratorError, Misuse, Red
from tests.servers.postgres import Postgres
from tests.servers.process import LOOPBACK, PASSWORD, free_port

OLD = Path(__file__).with_name("catalog_0001.sql")


@pytest.fixture
def file_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'catalog.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    address: str = request.getfixturevalue("file_url" if request.param == "sqlite" else "postgres_url")
    return address


@pytest.fixture
def catalog(url: str) -> Iterator[Catalog]:
    catalog = Catalog.open(url)
    yield catalog
    catalog.close()


@contextmanager
def beside(url: str) -> Iterator[Connection]:
    """A transaction in the catalog's database that the catalog knows nothing of."""
    database = open_database(url)
    try:
        with database.transaction() as connection:
            yield connection
    finally:
        database.close()


def program(code: str, *arguments: str, before: str = "") -> subprocess.Popen[str]:
    """Another program that uses the catalog, as the command line would; `before` is done before it is opened."""
    head = f"{before}\nimport sys\nfrom migrator.runs.catalog import Catalog\ncatalog = Catalog.open(sys.argv[1])\n"
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", head + code, *arguments]
    return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def outcome(started: subprocess.Popen[str]) -> str:
    output, errors = started.communicate(timeout=60)
    assert started.returncode == 0, errors
    return output


# ── runs ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_runs_are_numbered_by_plan_and_kind(catalog: Catalog) -> None:
    names = [("a", "rehearsal"), ("a", "rehearsal"), ("a", "migration"), ("b", "rehearsal"), ("a", "rehearsal")]
    runs = [catalog.start(kind=kind, plan=plan, tenant="acme") for plan, kind in names]
    assert [run.number for run in runs] == [1, 2, 1, 1, 3]
    assert catalog.runs() == tuple(runs)
    assert catalog.runs(plan="a", kind="rehearsal") == (runs[0], runs[1], runs[4])


def test_programs_that_start_at_once_share_a_new_catalog_and_no_number(url: str) -> None:
    code = "for _ in range(5): print(catalog.start(kind='rehearsal', plan='a', tenant='t').number)"
    started = [program(code, url) for _ in range(4)]
    numbers = [int(number) for one in started for number in outcome(one).split()]
    assert sorted(numbers) == list(range(1, 21))


def test_a_servers_strict_default_does_not_set_them_against_each_other(postgres: Postgres, postgres_url: str) -> None:
    name = Identifier(postgres_url.rpartition("/")[2])
    postgres.admin(SQL("ALTER DATABASE {} SET default_transaction_isolation = 'serializable'").format(name))

    def number(_which: int) -> int:
        catalog = Catalog.open(postgres_url)
        try:
            return catalog.start(kind="rehearsal", plan="a", tenant="t").number
        finally:
            catalog.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(number, range(4))) == [1, 2, 3, 4]


def test_what_became_of_a_run_is_kept(catalog: Catalog) -> None:
    runs = [catalog.start(kind="migration", plan="a", tenant="acme") for _ in range(4)]
    catalog.finish(runs[0], verdict=Verdict.GREEN)
    catalog.park(runs[1])
    catalog.fail(runs[2], Fault("the server is gone", where="host:5432", next="start it"))
    catalog.finish(runs[3], verdict=Verdict.RED, error=Red("3 rows differ", where="accounts", next="see the report"))
    ended = [catalog.run(run.run_id) for run in runs]
    assert [(run.state, run.verdict) for run in ended] == [
        ("done", "green"),
        ("parked", None),
        ("failed", None),
        ("done", "red"),
    ]
    assert ended[2].error == {
        "what": "the server is gone",
        "where": "host:5432",
        "next": "start it",
        "exit_code": "1",
    }
    assert all(run.finished_at and run.finished_at >= run.started_at for run in ended)


def test_a_run_whose_program_died_is_shown_as_lost_and_stays_written_as_running(url: str) -> None:
    run_id = outcome(program("print(catalog.start(kind='migration', plan='a', tenant='t').run_id)", url)).strip()
    catalog = Catalog.open(url)
    try:
        assert catalog.run(run_id).state == "lost"
        assert [run.state for run in catalog.runs()] == ["lost"]
    finally:
        catalog.close()
    with beside(url) as connection:
        assert connection.execute(text("SELECT state FROM runs")).scalars().all() == ["running"]


def test_who_reads_waits_for_nobody_who_writes(url: str) -> None:
    with closing(Catalog.open(url)) as catalog, closing(open_database(url)) as other:
        run = catalog.start(kind="migration", plan="a", tenant="acme")
        with other.transaction() as writing:
            writing.execute(text("UPDATE runs SET state = 'parked'"))
            assert catalog.runs() == (run,)
            assert catalog.newest_change() == 1
        assert [one.state for one in catalog.runs()] == ["parked"]


def test_the_newest_of_each_and_the_last_few_are_read_alone(catalog: Catalog) -> None:
    runs = [
        catalog.start(kind=kind, plan=plan, tenant=tenant)
        for tenant, plan in (("acme", "a"), ("acme", "b"), ("birch", "a"))
        for kind in ("rehearsal", "rehearsal", "snapshot")
    ]
    assert list(catalog.newest_runs()) == [run for number, run in enumerate(runs) if number % 3]
    acme = frozenset({"acme"})
    assert [run.plan for run in catalog.newest_runs(portion=Portion(tenants=acme))] == ["a", "a", "b", "b"]
    backwards = Portion(most=2, tenants=acme, is_backwards=True)
    first = catalog.runs(portion=backwards)
    assert list(first) == runs[5:3:-1]
    after = (first[-1].started_at, first[-1].run_id)
    assert list(catalog.runs(portion=replace(backwards, after=after))) == runs[3:1:-1]
    catalog.park(runs[8])
    assert list(catalog.runs(states=("running",), portion=Portion(tenants=frozenset({"birch"})))) == runs[6:8]


def test_what_ended_a_load_is_found_however_many_came_after_it(catalog: Catalog) -> None:
    loads = [catalog.start(kind="migration", plan="a", tenant="acme") for _ in range(3)]

    def after(load: RunRecord, kind: str) -> RunRecord:
        run = catalog.start(kind=kind, plan="a", tenant="acme", of_run=load.run_id)
        catalog.finish(run, verdict=Verdict.GREEN)
        return catalog.run(run.run_id)

    first = after(loads[0], "rollback")
    accepted = after(loads[1], "closing")
    verified = after(loads[0], "verification")
    catalog.start(kind="rollback", plan="a", tenant="acme", of_run=loads[2].run_id)
    ids = [load.run_id for load in loads]
    assert catalog.endings(ids) == {ids[0]: first, ids[1]: accepted}
    again = after(loads[0], "rollback")  # of the rows that the first one left
    assert catalog.endings(ids[:1]) == {ids[0]: again}
    assert catalog.endings([]) == {}
    assert catalog.runs(of_run=ids[0]) == (first, verified, again)


def test_the_newest_archive_of_each_tenant(catalog: Catalog) -> None:
    for number, tenant in enumerate(("acme", "birch", "acme")):
        catalog.record_archive(archive(f"{tenant}-{number}", tenant, created_at=f"2026-03-0{3 - number}T00:00:00Z"))
    assert [one.archive_id for one in catalog.newest_archives()] == ["birch-1", "acme-0"]


def test_a_run_is_found_by_the_beginning_of_its_id(catalog: Catalog) -> None:
    first = catalog.start(kind="migration", plan="a", tenant="acme")
    assert catalog.run(first.run_id[:4]) == first
    second = catalog.start(kind="migration", plan="a", tenant="acme")
    with pytest.raises(Misuse, match="several runs") as several:
        catalog.run(first.run_id[:4])
    assert first.run_id in several.value.next
    assert second.run_id in several.value.next
    assert catalog.run(second.run_id) == second


@pytest.mark.parametrize("asked", ["", "%", "migration"])
def test_an_id_that_names_no_run_is_refused(catalog: Catalog, asked: str) -> None:
    catalog.start(kind="migration", plan="a", tenant="acme")
    with pytest.raises(Misuse, match="no run"):
        catalog.run(asked)


def test_a_mistyped_id_brings_the_nearest(catalog: Catalog) -> None:
    run = catalog.start(kind="migration", plan="a", tenant="acme")
    with pytest.raises(Misuse) as refused:
        catalog.run(run.run_id.replace("migration", "migratoin"))
    assert run.run_id in refused.value.next


# ── performing again ────────────────────────────────────────────────────────────────────────────────────────
def test_of_those_who_take_a_run_at_once_one_has_it(url: str) -> None:
    catalog = Catalog.open(url)
    try:
        run = catalog.start(kind="migration", plan="a", tenant="acme")
        catalog.fail(run, Fault("the server is gone"))
        code = """
try:
    print("attempt", catalog.take(catalog.run(sys.argv[2])).attempt)
except Exception as error:
    print(type(error).__name__)
"""
        seen = catalog.run(run.run_id)
        with ThreadPoolExecutor(4) as pool:
            taken = list(pool.map(lambda _: _taken(catalog, seen), range(4)))
        assert sorted(taken) == [0, 0, 0, 2]
        assert outcome(program(code, url, run.run_id)).strip() == "attempt 3"
        again = catalog.run(run.run_id)
        assert (again.attempt, again.error, again.finished_at) == (3, None, None)
    finally:
        catalog.close()


def _taken(catalog: Catalog, run: RunRecord) -> int:
    """Which attempt it is now; 0 where somebody else was quicker."""
    try:
        return catalog.take(run).attempt
    except Misuse as refused:
        assert "already" in refused.what
        return 0


def test_an_attempt_that_another_has_followed_records_no_end(catalog: Catalog) -> None:
    run = catalog.start(kind="migration", plan="a", tenant="acme")
    taken = catalog.take(run)
    for end in (lambda: catalog.finish(run, verdict=Verdict.GREEN), lambda: catalog.park(run)):
        with pytest.raises(Fault, match="taken this run over"):
            end()
    assert catalog.run(run.run_id).state == "running"
    catalog.finish(taken, verdict=Verdict.GREEN)
    assert catalog.run(run.run_id).state == "done"


PLAN = Document(text="plan: été\nsource: {url: '${SOURCE_URL}'}\n", file="été.yaml")


@pytest.mark.parametrize(
    "request_",
    [
        SnapshotRequest(plan=PLAN, subject="members=1"),
        SnapshotRequest(plan=PLAN, mask=Document(text="columns: {}", file="mask.yaml"), mask_key="5e1f"),
        LoadRequest(plan=PLAN, mapping=PLAN, archive="s3://bucket/a-1?region=eu", rehearse=True, whole=True),
        LoadRequest(plan=PLAN, mapping=PLAN, archive="a", rehearse=True, on="sqlite:///copy.db"),
        VerificationRequest(of_run="20261122T011758-migration-3f2a", deep=True),
        RollbackRequest(of_run="20261122T011758-migration-3f2a"),
        ClosingRequest(of_run="20261122T011758-migration-3f2a"),
        RestoreRequest(archive="file:///store/a-1", url="postgresql://me:***@host/db"),
    ],
    ids=lambda request: type(request).__name__,
)
def test_what_was_asked_for_is_read_as_it_was_given(catalog: Catalog, request_: Request) -> None:
    run = catalog.start(kind="migration", plan="a", tenant="acme", request=request_)
    assert catalog.request(run.run_id) == request_


@pytest.mark.parametrize(
    ("told", "request_"),
    [
        ({"operation": "snapshot", "plan": asdict(PLAN)}, SnapshotRequest(plan=PLAN)),
        (
            {"operation": "load", "plan": asdict(PLAN), "mapping": asdict(PLAN), "archive": "a", "rehearse": True},
            LoadRequest(plan=PLAN, mapping=PLAN, archive="a", rehearse=True),
        ),
        ({"operation": "verify", "of_run": "r"}, VerificationRequest(of_run="r")),
        ({"operation": "rollback", "of_run": "r"}, RollbackRequest(of_run="r")),
        ({"operation": "restore", "archive": "a", "url": "u"}, RestoreRequest(archive="a", url="u")),
    ],
)
def test_what_was_asked_for_before_there_was_more_to_ask_for_is_read(told: dict[str, Any], request_: Request) -> None:
    assert read_request(told) == request_


def test_what_an_older_or_newer_program_was_asked_for_is_not_guessed(catalog: Catalog, url: str) -> None:
    run = catalog.start(kind="migration", plan="a", tenant="acme")
    assert catalog.request(run.run_id) is None
    for told in ({"operation": "teleport"}, {"operation": "verify", "of_run": "a", "sideways": True}, {}):
        with beside(url) as connection:
            connection.execute(text("UPDATE runs SET request = :told"), {"told": json.dumps(told)})
        with pytest.raises(Misuse, match="another version"):
            catalog.request(run.run_id)


# ── archives and reports ────────────────────────────────────────────────────────────────────────────────────
def archive(archive_id: str, tenant: str, created_at: str) -> ArchiveRecord:
    return ArchiveRecord(
        archive_id=archive_id,
        location=f"file:///store/{archive_id}",
        tenant=tenant,
        plan="a",
        created_at=created_at,
        rows=2**40,
        bytes=2**50,
        fingerprint="ab" * 32,
        fence={"kind": "sqlite-copy", "token": "data_version=1"},
    )


def test_archives_come_oldest_first_and_by_tenant(catalog: Catalog) -> None:
    new, old = archive("acme-2", "acme", "2026-02-01T00:00:00Z"), archive("acme-1", "acme", "2026-01-01T00:00:00Z")
    other = archive("zeta-1", "zeta", "2026-01-15T00:00:00Z")
    for record in (new, other, old, new):  # the last by an attempt that follows one that was killed after it
        catalog.record_archive(record)
    assert catalog.archives() == (old, other, new)
    assert catalog.archives(tenant="acme") == (old, new)


def test_a_report_is_found_with_the_hash_it_had(catalog: Catalog) -> None:
    run = catalog.start(kind="migration", plan="a", tenant="acme")
    catalog.record_report(run.run_id, format="json", path="/runs/verification.json", content=b"{}")
    (report,) = catalog.reports(run.run_id)
    assert (report.format, report.path) == ("json", "/runs/verification.json")
    assert report.sha256 == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert catalog.reports("another") == ()


# ── the file ────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_migrations_make_what_the_models_say(catalog: Catalog, url: str) -> None:
    with beside(url) as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_the_newest_migration_is_the_one_this_program_asks_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrator.runs.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_an_up_to_date_catalog_opens_without_alembic(catalog: Catalog, url: str) -> None:
    assert outcome(program("print('alembic' in sys.modules)", url)).strip() == "False"


@pytest.fixture
def old_url(url: str) -> str:
    """A catalog as the first version left it, which knew SQLite alone: its statements are PostgreSQL's too."""
    statements = [line for line in OLD.read_text("utf-8").split(";\n") if not line.startswith(("--", "COMMIT"))]
    with beside(url) as connection:
        for statement in sorted(statements, key=_parents_first):
            connection.exec_driver_sql(statement)
    return url


def _parents_first(statement: str) -> int:
    return "CREATE TABLE reports" in statement


def test_a_catalog_of_the_first_version_opens_with_all_it_holds(old_url: str) -> None:
    url = old_url
    catalog = Catalog.open(url)
    try:
        assert [(run.run_id, run.state, run.verdict, run.number) for run in catalog.runs()] == [
            ("20261122T011758-snapshot-3f2a", "done", "green", 1),
            ("20261122T011900-migration-91c4", "failed", None, 1),
        ]
        assert [record.archive_id for record in catalog.archives(tenant="Société Été")] == [
            "ete-20261122T011758Z-1a2b3c4d"
        ]
        assert catalog.start(kind="migration", plan="ete-exit", tenant="Société Été").number == 2
    finally:
        catalog.close()


def test_a_first_use_that_is_killed_half_way_leaves_no_half_catalog(url: str) -> None:
    code = """
import os, sqlalchemy
@sqlalchemy.event.listens_for(sqlalchemy.engine.Engine, "before_cursor_execute")
def die(connection, cursor, statement, *rest):
    if "CREATE TABLE reports" in statement:
        os._exit(9)
"""
    killed = program("", url, before=code)
    killed.communicate(timeout=60)
    assert killed.returncode == 9
    catalog = Catalog.open(url)
    try:
        assert catalog.start(kind="migration", plan="a", tenant="acme").number == 1
    finally:
        catalog.close()


def test_a_catalog_of_a_newer_program_is_left_alone(catalog: Catalog, url: str) -> None:
    with beside(url) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Misuse, match="9999"):
        Catalog.open(url)


def test_a_file_that_is_no_database_is_a_fault_and_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "catalog.db"
    file.write_bytes(b"not a database" * 100)
    with pytest.raises(Fault, match="not a database") as refused:
        Catalog.open(f"sqlite:///{file}")
    assert str(file) in refused.value.where
    assert file.read_bytes() == b"not a database" * 100


def test_a_folder_that_cannot_hold_a_catalog_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Fault):
        Catalog.open(f"sqlite:///{tmp_path / 'file' / 'catalog.db'}")


def test_a_catalog_that_cannot_be_written_is_a_fault(file_url: str) -> None:
    Catalog.open(file_url).close()
    reading = Catalog.open(f"sqlite:///file:{file_url.removeprefix('sqlite:///')}?mode=ro&uri=true")
    try:
        with pytest.raises(Fault, match="readonly"):
            reading.start(kind="migration", plan="a", tenant="acme")
    finally:
        reading.close()


def test_a_catalog_that_somebody_holds_is_not_called_damaged_or_full(
    file_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_WAIT_S", 0)
    catalog = Catalog.open(file_url)
    try:
        with beside(file_url), pytest.raises(Fault, match="another program has held the catalog") as told:
            catalog.start(kind="migration", plan="a", tenant="acme")
        assert "let it end" in told.value.next
    finally:
        catalog.close()


# ── the server ──────────────────────────────────────────────────────────────────────────────────────────────
SECRET = "a secret/word"  # noqa: S105


def refused(url: str, error: type[MigratorError]) -> str:
    """What is said of a catalog that cannot be opened."""
    with pytest.raises(error) as told:
        Catalog.open(url)
    said = f"{told.value} {told.value.__cause__!r}"
    assert told.value.next
    assert not [secret for secret in (SECRET, quote(SECRET, safe=""), PASSWORD) if secret in said]
    return said


def test_a_wrong_password_or_database_is_a_misuse(postgres: Postgres, postgres_url: str) -> None:
    name = postgres_url.rpartition("/")[2]
    said = refused(postgres.url(name, name, SECRET), Misuse)
    assert "password authentication failed" in said
    assert f"postgresql://{name}@" in said
    assert 'database "nowhere" does not exist' in refused(postgres.url(name, "nowhere"), Misuse)


def test_a_server_that_is_not_there_is_a_fault() -> None:
    said = refused(f"postgresql://me:{quote(SECRET, safe='')}@{LOOPBACK}:{free_port()}/catalog", Fault)
    assert "refused" in said
    assert "MIGRATOR_CATALOG" in said


@pytest.mark.parametrize("option", ["nothing=known", "sslmode=maybe", "connect_timeout=soon"])
def test_an_option_the_client_does_not_know_is_a_misuse(postgres_url: str, option: str) -> None:
    assert "MIGRATOR_CATALOG" in refused(f"{postgres_url}?{option}", Misuse)


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://me:{SECRET}@host/catalog",
        f"postgresql://me:{SECRET}@host:port/catalog",
        f"postgresql://me:a@{SECRET}@host:5432/catalog",
        f"/folder/{SECRET}",
        f"sqlite+nothing:{SECRET}",
        SECRET,
        "",
    ],
)
def test_an_address_that_names_no_catalog_is_a_misuse_that_does_not_repeat_it(url: str) -> None:
    assert "sqlite:////folder/catalog.db" in refused(url, Misuse)


def test_a_user_who_may_make_no_table_is_told_so(postgres: Postgres, postgres_url: str) -> None:
    name = postgres_url.rpartition("/")[2]
    postgres.admin(SQL("CREATE ROLE reader LOGIN PASSWORD {}").format(Literal(PASSWORD)))
    try:
        said = refused(postgres.url("reader", name), Fault)
    finally:
        postgres.admin(SQL("DROP ROLE reader"))
    assert "permission denied for schema public" in said


def test_a_server_that_restarts_during_a_run_costs_nothing(private_postgres: Postgres) -> None:
    catalog = Catalog.open(private_postgres.database())
    try:
        run = catalog.start(kind="migration", plan="a", tenant="acme")
        private_postgres.restart()
        catalog.finish(run, verdict=Verdict.GREEN)
        assert catalog.run(run.run_id).state == "done"
        private_postgres.kill()
        with pytest.raises(Fault):
            catalog.runs()
    finally:
        catalog.close()


def test_a_tenant_of_any_length_is_recorded(catalog: Catalog) -> None:
    run = catalog.start(kind="migration", plan="a", tenant="é" * 1000)
    assert catalog.run(run.run_id).tenant == "é" * 1000


def test_whoever_was_away_reads_every_state_that_runs_came_into(catalog: Catalog) -> None:
    run = catalog.start(kind="snapshot", plan="one", tenant="ours", state="queued")
    before = catalog.newest_change()
    taken = catalog.take(run)
    catalog.beat(taken, {"step": "copy"})  # how far it is changes too often for that
    catalog.finish(taken, verdict=Verdict.GREEN)
    told = [(one.run_id, one.tenant, one.state, one.verdict) for one in catalog.changes(after=0)]
    assert told == [
        (run.run_id, "ours", "queued", None),
        (run.run_id, "ours", "running", None),
        (run.run_id, "ours", "done", "green"),
    ]
    assert [one.state for one in catalog.changes(after=before)] == ["running", "done"]
    assert catalog.changes(after=catalog.newest_change()) == ()
    catalog.forget(run.run_id)
    assert catalog.changes(after=0) == ()
    catalog.start(kind="snapshot", plan="one", tenant="ours")
    assert catalog.newest_change() > before + 2
