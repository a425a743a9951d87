"""A PostgreSQL database comes back from its archive as it was: as pg_dump sees it, and for whoever works on with it."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pytest

from migrator.contracts import Rebuilding
from migrator.platforms.postgres.target import PostgresTarget
from storage.errors import Misuse, Red
from storage.model import (
    Check,
    Exclusion,
    Generated,
    Index,
    IndexPart,
    Model,
    NativeType,
    Partition,
    ReferenceDetail,
    Sequence,
    TableModel,
)
from storage.problem import Problem
from storage.schema import Column, ForeignKey, Kind, Table, Type
from tests.acceptance.world import World
from tests.conformance.platforms import PostgresPlatform
from tests.servers.postgres import Postgres
from tests.support_postgres_target import administered, role_of, waits_for_a_lock

TORTURE = Path(__file__).with_name("postgres_torture.sql").read_text(encoding="utf-8")
PLAN = """
plan: torture
tenant: everybody
source: {url: "${SOURCE_URL}", scope: {root: database}}
store: ${STORE_URL}
"""
NOT_RESTORED = ("CREATE VIEW ",)
"""What of a schema is documentation in an archive: programs of the source."""
POSITION = "SELECT pg_catalog.setval("
"""Where a sequence stands is not archived: the restored one stands beyond every number in use."""


@pytest.fixture
def other_url(postgres: Postgres) -> Iterator[str]:
    """Another empty database of the test's own."""
    url = postgres.database("other")
    yield url
    postgres.drop(url)


@pytest.fixture
def world(tmp_path: Path, postgres_url: str, other_url: str) -> World:
    """A database and an empty one, and a plan that archives all of the first."""
    return world_of(tmp_path, postgres_url, other_url)


@pytest.fixture(scope="module")
def torture(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A database of everything there is, and its archive."""
    url = postgres.database("torture")
    yield url, archived(world_of(tmp_path_factory.mktemp("torture"), url), TORTURE)
    postgres.drop(url)


def world_of(folder: Path, source: str, target: str = "") -> World:
    world = World.at(folder, source="none", target="none")
    world.plan.write_text(PLAN)
    return replace(world, source_url=source, target_url=target)


def ran(url: str, script: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(script.encode())


def archived(world: World, script: str) -> str:
    """The database made by that script, archived: where."""
    ran(world.source_url, script)
    found: str = world.json("snapshot", world.plan)["archive"]
    return found


def dumped(postgres: Postgres, url: str, *options: str) -> set[str]:
    """What pg_dump writes, statement by statement."""
    text = re.sub(r"^(--.*|\\(un)?restrict .*)\n", "", postgres.dumped(url, *options), flags=re.MULTILINE)
    return {statement.strip() for statement in re.split(r";\n\n|\n\n", text) if statement.strip()}


def rows_of(postgres: Postgres, url: str) -> list[str]:
    lines = postgres.dumped(url, "--data-only", "--inserts").splitlines()
    return sorted(line for line in lines if line and not line.startswith((POSITION, "SET ", "--", "\\")))


def digests(world: World, archive: str) -> dict[str, str]:
    shown = world.json("archive", "show", archive)
    return {table["name"]: table["digest"] for table in shown["tables"]}


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_everything_a_schema_may_be_comes_back(
    postgres: Postgres, torture: tuple[str, str], other_url: str, tmp_path: Path, form: str
) -> None:
    source, archive = torture
    world = world_of(tmp_path, other_url, other_url)
    restored = world.json("restore", archive, other_url, "--from", form)
    assert restored["verdict"] == "green", restored
    assert restored["differences"] == []
    assert [note["where"] for note in restored["notes"]] == ["seen"]  # the view
    expected = {one for one in dumped(postgres, source, "--schema-only") if not one.startswith(NOT_RESTORED)}
    assert dumped(postgres, other_url, "--schema-only") ^ expected == set()
    assert rows_of(postgres, other_url) == rows_of(postgres, source)
    assert digests(world, world.json("snapshot", world.plan)["archive"]) == digests(world, archive)


def test_a_default_schema_of_another_name_takes_what_names_none(
    postgres: Postgres, torture: tuple[str, str], other_url: str, tmp_path: Path
) -> None:
    source, archive = torture
    ran(other_url, f"CREATE SCHEMA app; ALTER ROLE {role_of(other_url)} SET search_path = app")
    restored = world_of(tmp_path, other_url).json("restore", archive, other_url)
    assert (restored["verdict"], [note["where"] for note in restored["notes"]]) == ("green", ["seen"])
    expected = {one for one in dumped(postgres, source, "--schema-only") if not one.startswith(NOT_RESTORED)}
    found = {one.replace("app.", "public.") for one in dumped(postgres, other_url, "--schema-only")}
    assert {one for one in found ^ expected if " SCHEMA " not in one} == set()


def test_people_work_on_with_what_was_restored(torture: tuple[str, str], other_url: str, tmp_path: Path) -> None:
    world_of(tmp_path, other_url).json("restore", torture[1], other_url)
    with psycopg.connect(other_url, autocommit=True) as connection:

        def one(statement: str) -> Any:
            row = connection.execute(statement.encode()).fetchone()
            assert row is not None
            return row[0]

        assert one("INSERT INTO people (name, paid) VALUES ('new', 1) RETURNING id") == 10  # after 1, 4 and 7
        assert one("SELECT shout FROM people WHERE id = 10") == "NEW"
        assert one('INSERT INTO "Mixed Case; -- ""quoted""" DEFAULT VALUES RETURNING "Id"') == 1200
        lyon = "INSERT INTO sales VALUES (99, '2025-01-01', 'Lyon') RETURNING tableoid::regclass::text"
        assert one(lyon) in {"sales_0", "sales_1"}


FAMILY = """
CREATE TABLE parents (id int PRIMARY KEY);
CREATE TABLE children (id int PRIMARY KEY, parent int CONSTRAINT of_a_parent REFERENCES parents, age int);
INSERT INTO parents VALUES (1), (2);
INSERT INTO children VALUES (1, 1, 10), (2, 2, -1), (3, 2, NULL);
"""


def tables_of(url: str) -> tuple[Table, ...]:
    return PostgresTarget(url).describe().tables


def rebuilt(url: str, tables: tuple[Table, ...], model: Model, rows: dict[str, list[dict[str, Any]]]) -> list[Problem]:
    with PostgresTarget(url).rebuilding(tables, model) as rebuilding:
        for table in tables:
            fill(rebuilding, table, rows.get(table.name, []))
        return list(rebuilding.finish())


def fill(rebuilding: Rebuilding, table: Table, rows: list[dict[str, Any]]) -> None:
    schema = pa.schema([(column.name, _ARROW[column.type.kind]) for column in table.columns])
    rebuilding.fill(table, [pa.RecordBatch.from_pylist(rows, schema)])


_ARROW = {Kind.INTEGER: pa.int64(), Kind.TEXT: pa.string(), Kind.LITERAL: pa.string()}


def test_rows_in_breach_of_a_constraint_are_told_and_it_stands_for_rows_to_come(
    postgres_url: str, other_url: str
) -> None:
    ran(postgres_url, FAMILY)
    children, parents = tables_of(postgres_url)
    grown = TableModel(table="children", checks=(Check(name="grown", expression="age >= 0"),))
    rows = {
        "parents": [{"id": 1}],  # of one tenant, say
        "children": [{"id": 1, "parent": 1, "age": 10}, {"id": 2, "parent": 2, "age": -1}, {"id": 3, "parent": 2}],
    }
    told = rebuilt(other_url, (parents, children), Model(platform="postgresql", tables=(grown,)), rows)
    assert [(one.where, one.count, one.examples) for one in told] == [
        ("children.grown", 1, ("2",)),
        ("children.of_a_parent", 2, ("2", "3")),
    ]
    assert all("NOT VALID" in one.what and one.next for one in told)
    with psycopg.connect(other_url, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute("INSERT INTO children VALUES (4, 1, -1)")
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            connection.execute("INSERT INTO children VALUES (4, 7, 1)")


def test_what_an_archive_without_a_model_describes_is_rebuilt(postgres_url: str, other_url: str) -> None:
    ran(postgres_url, FAMILY)
    children, parents = tables_of(postgres_url)
    assert rebuilt(other_url, (parents, children), Model(platform="postgresql"), {}) == []
    assert [replace(table, ddl=None) for table in tables_of(other_url)] == [
        replace(table, ddl=None) for table in (children, parents)
    ]


def test_what_a_database_takes_for_xml_is_no_matter(other_url: str) -> None:
    ran(
        other_url,
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET xmloption = document', current_database()); END $$",
    )
    table = Table(name="t", columns=(Column(name="x", type=Type(kind=Kind.LITERAL), native="xml"),))
    assert rebuilt(other_url, (table,), Model(platform="postgresql"), {"t": [{"x": "<a/>text"}]}) == []


def test_what_a_missing_function_was_to_compute_is_told(postgres_url: str, other_url: str) -> None:
    ran(
        postgres_url,
        """
        CREATE FUNCTION mine(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1';
        CREATE DOMAIN d AS int DEFAULT mine(1) CHECK (mine(VALUE) > 0);
        CREATE TABLE t (a d DEFAULT mine(1), b int GENERATED ALWAYS AS (mine(a)) STORED,
            CONSTRAINT c CHECK (mine(a) > 0));
        CREATE INDEX i ON t (mine(a));
        CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        CREATE TRIGGER quietly BEFORE INSERT ON t EXECUTE FUNCTION nothing();
        ALTER TABLE t ENABLE ROW LEVEL SECURITY;
        """,
    )
    [table] = tables_of(postgres_url)
    told = rebuilt(other_url, (table,), model_of_all(postgres_url), {"t": [{"a": 1, "b": 1}, {"a": 2, "b": 2}]})
    assert {one.where for one in told} == {"d", "t", "t.a", "t.c", "t.i", "the database"}
    assert all("mine" in one.what for one in told if one.where != "t")
    whole = [one.what for one in told if one.where == "t"]
    assert [word in what for word, what in zip(("computed", "policies", "triggers"), whole, strict=True)] == [True] * 3
    with psycopg.connect(other_url) as connection:
        assert connection.execute("SELECT * FROM t ORDER BY a").fetchall() == [(1, 1), (2, 2)]


def model_of_all(url: str) -> Model:
    with PostgresPlatform(url).source().fence() as reading:
        return reading.model(reading.schema.table_names)


# ── what it refuses ─────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("script", "named"),
    [
        ("CREATE TABLE t (a int)", "table public.t"),
        ("CREATE VIEW v AS SELECT 1", "view public.v"),
        ("CREATE TYPE mood AS ENUM ('sad')", "type public.mood"),
        ("CREATE SCHEMA s; CREATE SEQUENCE s.q", "sequence s.q"),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "function public.f"),
        ("SELECT lo_create(4711)", "large object 4711"),
    ],
)
def test_a_database_that_holds_something_is_left_alone(world: World, script: str, named: str) -> None:
    archive = archived(world, "CREATE TABLE t (a int)")
    ran(world.target_url, script)
    before = PostgresPlatform(world.target_url).dump()
    refused = world.json("restore", archive, world.target_url, code=2)
    assert named in refused["error"]
    assert refused["next"]
    assert PostgresPlatform(world.target_url).dump() == before


def test_extensions_that_an_administrator_put_there_are_nobodys_data(world: World) -> None:
    archive = archived(world, "CREATE EXTENSION hstore; CREATE TABLE t (a hstore)")
    ran(world.target_url, "CREATE EXTENSION hstore; CREATE EXTENSION citext")
    assert world.json("restore", archive, world.target_url)["verdict"] == "green"


def test_another_kind_of_platform_is_refused(world: World, tmp_path: Path) -> None:
    archive = archived(world, "CREATE TABLE t (a int)")
    refused = world.json("restore", archive, f"sqlite:///{tmp_path}/new.db", code=2)
    assert "migrator migrate" in refused["next"]


def test_a_database_without_a_schema_for_tables_is_refused(postgres: Postgres, other_url: str) -> None:
    administered(postgres, other_url, "DROP SCHEMA public")
    with pytest.raises(Misuse, match="no schema"):
        rebuilt(other_url, (_T,), Model(platform="postgresql"), {})


def test_an_extension_the_server_does_not_have_is_red_by_name(other_url: str) -> None:
    before = PostgresPlatform(other_url).dump()
    with pytest.raises(Red, match="nowhere_to_be_found"):
        rebuilt(other_url, (), Model(platform="postgresql", extensions=("nowhere_to_be_found",)), {})
    assert PostgresPlatform(other_url).dump() == before


HACK = "1); DROP TABLE victim; --"
_T = Table(name="t", columns=(Column(name="a", type=Type(kind=Kind.INTEGER), native="integer"),))
_PART = IndexPart(column="a")


def _with(**said: Any) -> tuple[Table, Model]:
    return _T, Model(platform="postgresql", tables=(TableModel(table="t", **said),))


def _beside(**said: Any) -> tuple[Table, Model]:
    return _T, Model(platform="postgresql", **said)


def _column(**said: Any) -> tuple[Table, Model]:
    return replace(_T, columns=(replace(_T.columns[0], **said),)), Model(platform="postgresql")


HOSTILE = {
    "check": _with(checks=(Check(name="c", expression=HACK),)),
    "index part": _with(indexes=(Index(name="i", parts=(IndexPart(expression=HACK),)),)),
    "operator class": _with(indexes=(Index(name="i", parts=(replace(_PART, operator_class="x) WHERE (true"),)),)),
    "collation": _with(indexes=(Index(name="i", parts=(replace(_PART, collation='"C" DESC'),)),)),
    "predicate": _with(indexes=(Index(name="i", parts=(_PART,), where=HACK),)),
    "operator": _with(exclusions=(Exclusion(name="x", method="gist", parts=(_PART,), operators=("=) WHERE (a",)),)),
    "operators": _with(exclusions=(Exclusion(name="x", method="gist", parts=(_PART,), operators=()),)),
    "generated": _with(generated=(Generated(column="a", expression=HACK),)),
    "partition key": _with(partitioned_by="RANGE (a); DROP TABLE victim"),
    "partition": _with(
        partitioned_by="RANGE (a)", partitions=(Partition(name="p", schema=None, bound="DEFAULT; DROP TABLE victim"),)
    ),
    "computed bound": _with(
        partitioned_by="RANGE (a)",
        partitions=(Partition(name="p", schema=None, bound="FOR VALUES FROM (lo_create(0)) TO (MAXVALUE)"),),
    ),
    "written collation": _with(collations={"a": '"C" NOT NULL'}),
    "sequence": _beside(sequences=(Sequence(name="s", schema=None, type="bigint CYCLE"),)),
    "domain": _beside(types=(NativeType(name="d", schema=None, kind="domain", base="int, b int"),)),
    "domain default": _beside(types=(NativeType(name="d", schema=None, kind="domain", base="int", default=HACK),)),
    "domain check": _beside(
        types=(
            NativeType(
                name="d", schema=None, kind="domain", base="int", checks=(Check(name="c", expression="VALUE > 0) --"),)
            ),
        )
    ),
    "range": _beside(
        types=(
            NativeType(name="r", schema=None, kind="range", base="int", options={"subtype_diff": "f, canonical = g"}),
        )
    ),
    "kind": _beside(types=(NativeType(name="r", schema=None, kind="TABLE x ()"),)),
    "native": _column(native="integer); DROP TABLE victim; --"),
    "more than a type": _column(native="integer CHECK (lo_create(0) > 0)"),
    "default": _column(default=HACK),
    "action": (
        replace(
            _T,
            foreign_keys=(
                ForeignKey(
                    name="f", columns=("a",), parent="t", parent_columns=("a",), on_delete="CASCADE; DROP TABLE victim"
                ),
            ),
        ),
        _with(references=(ReferenceDetail(name="f"),))[1],
    ),
}


DOES = Check(name="does", expression="lo_create(0) > 0")
ASKS = Check(name="asks", expression="abs(VALUE) < 9")


def test_a_condition_that_does_something_is_left_out_and_never_asked(other_url: str) -> None:
    domain = NativeType(name="d", schema=None, kind="domain", base="integer", checks=(DOES, ASKS))
    table, model = _column(native="d")
    checks = (DOES, replace(ASKS, expression="a::text < 'z'"))
    model = replace(model, types=(domain,), tables=(TableModel(table="t", checks=checks),))
    told = rebuilt(other_url, (table,), model, {"t": [{"a": 1}, {"a": 2}]})
    assert [(one.where, "lo_create" in one.what) for one in told] == [("d", True), ("t.does", True)]
    with psycopg.connect(other_url) as connection:
        assert connection.execute("SELECT count(*) FROM pg_largeobject_metadata").fetchone() == (0,)
        kept = "SELECT count(*) FROM pg_constraint WHERE conname = 'asks' AND convalidated"
        assert connection.execute(kept).fetchone() == (2,)
        assert connection.execute("SELECT count(*) FROM pg_constraint WHERE conname = 'does'").fetchone() == (0,)


@pytest.mark.parametrize("case", HOSTILE)
def test_an_archive_by_somebody_elses_hands_makes_nothing(other_url: str, case: str) -> None:
    table, model = HOSTILE[case]
    before = PostgresPlatform(other_url).dump()
    with pytest.raises(Red) as raised:
        rebuilt(other_url, (table,), model, {})
    assert "somebody else's hands" in raised.value.next
    assert raised.value.where
    assert PostgresPlatform(other_url).dump() == before


# ── what becomes of one that does not end ───────────────────────────────────────────────────────────────────
def test_one_that_is_left_leaves_nothing(other_url: str) -> None:
    before = PostgresPlatform(other_url).dump()
    with PostgresTarget(other_url).rebuilding((_T,), Model(platform="postgresql")) as rebuilding:
        fill(rebuilding, _T, [{"a": 1}])
    assert PostgresPlatform(other_url).dump() == before


def test_what_goes_wrong_with_the_rows_themselves_is_what_is_raised(other_url: str) -> None:
    def batches() -> Iterator[pa.RecordBatch]:
        yield pa.record_batch({"a": pa.array([1], pa.int64())})
        raise Red("corrupt", where="data/parquet/t", next="get another copy")

    before = PostgresPlatform(other_url).dump()
    with (
        pytest.raises(Red, match="corrupt"),
        PostgresTarget(other_url).rebuilding((_T,), Model(platform="postgresql")) as rebuilding,
    ):
        rebuilding.fill(_T, batches())
    assert PostgresPlatform(other_url).dump() == before


def test_one_killed_half_way_leaves_nothing_and_the_next_succeeds(world: World) -> None:
    archive = archived(
        world, "CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 9); CREATE INDEX i ON t (a)"
    )
    before = PostgresPlatform(world.target_url).dump()
    with psycopg.connect(world.target_url) as other:
        other.execute("CREATE TABLE i ()")  # not seen by anybody yet: the index of that name has to wait for it
        process = world.start("restore", archive, world.target_url)
        waits_for_a_lock(world.target_url)
        process.kill()
        process.communicate()
        other.rollback()
    nobody_is_left(world.target_url)
    assert PostgresPlatform(world.target_url).dump() == before
    assert world.json("restore", archive, world.target_url)["verdict"] == "green"


def test_one_interrupted_half_way_is_parked_and_leaves_nothing(world: World) -> None:
    archive = archived(world, "CREATE TABLE t (a int); CREATE INDEX i ON t (a)")
    before = PostgresPlatform(world.target_url).dump()
    with psycopg.connect(world.target_url) as other:
        other.execute("CREATE TABLE i ()")
        process = world.start("restore", archive, world.target_url)
        waits_for_a_lock(world.target_url)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
        other.rollback()
    assert process.returncode == 130, said
    assert PostgresPlatform(world.target_url).dump() == before


def nobody_is_left(url: str) -> None:
    """Return when the server has ended the session of a process that is no more."""
    query = b"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(query).fetchone() != (0,):
            connection.execute("SELECT pg_sleep(0.02)")


def test_two_at_once_do_not_meet(other_url: str) -> None:
    model = Model(platform="postgresql")
    with PostgresTarget(other_url).rebuilding((_T,), model) as first:
        fill(first, _T, [{"a": 1}])
        first.finish()
    with pytest.raises(Misuse, match="not empty"), PostgresTarget(other_url).rebuilding((_T,), model):
        pass


# ── what is told ────────────────────────────────────────────────────────────────────────────────────────────
TOLD = """
CREATE ROLE told_reader; CREATE ROLE told_owner; CREATE SCHEMA sales; COMMENT ON SCHEMA sales IS 'what is sold';
CREATE TABLE sales.notes (id serial PRIMARY KEY, said text, place int);
GRANT USAGE ON SCHEMA sales TO told_reader; GRANT SELECT, UPDATE ON sales.notes TO told_reader;
GRANT INSERT (said) ON sales.notes TO told_reader; GRANT USAGE ON SEQUENCE sales.notes_id_seq TO told_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA sales GRANT SELECT ON TABLES TO told_reader;
CREATE POLICY readers ON sales.notes FOR SELECT USING (place > 0);
CREATE RULE kept AS ON DELETE TO sales.notes DO INSTEAD NOTHING;
CREATE STATISTICS sales.together ON said, place FROM sales.notes; ALTER TABLE sales.notes REPLICA IDENTITY FULL;
ALTER TABLE sales.notes ALTER said SET STATISTICS 500; ALTER TABLE sales.notes OWNER TO told_owner;
CREATE FUNCTION sales.double(integer) RETURNS integer LANGUAGE sql AS 'SELECT 2 * $1';
CREATE OPERATOR sales.### (FUNCTION = sales.double, RIGHTARG = integer);
CREATE TEXT SEARCH CONFIGURATION sales.plain (COPY = simple);
CREATE PUBLICATION every_note FOR TABLE sales.notes;
CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER watched ON ddl_command_start EXECUTE FUNCTION watch();
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = ''5MB''', current_database());
EXECUTE format('COMMENT ON DATABASE %I IS ''the shop''', current_database()); END $$;
"""
GONE = """
DROP OWNED BY told_reader; DROP ROLE told_reader; ALTER TABLE sales.notes OWNER TO CURRENT_USER; DROP ROLE told_owner
"""


def test_what_no_restore_makes_again_is_told_by_kind_and_name(
    postgres: Postgres, postgres_url: str, other_url: str, tmp_path: Path
) -> None:
    administered(postgres, postgres_url, TOLD)
    try:
        administered(postgres, postgres_url, f"GRANT USAGE ON SCHEMA sales TO {role_of(postgres_url)}")
        administered(postgres, postgres_url, f"GRANT SELECT ON sales.notes TO {role_of(postgres_url)}")
        world = world_of(tmp_path, postgres_url)
        restored = world.json("restore", world.json("snapshot", world.plan)["archive"], other_url)
    finally:
        administered(postgres, postgres_url, GONE)
    assert restored["verdict"] == "green"
    told = {note["what"].removeprefix("not restored: ") for note in restored["notes"]}
    assert told == {
        "its owner, who is not the owner of the database",
        "grants to 2 role(s): INSERT, SELECT, UPDATE",
        "policies: readers",
        "rules: kept",
        "what a subscriber knows its rows by",
        "extended statistics: together",
        "how finely values are counted: said",
        "functions and procedures: double",
        "operators: ###",
        "text search configurations: plain",
        "publications: every_note",
        "event triggers: watched",
        "comments on schemas: sales",
        "grants on schemas: sales",
        "grants on sequences: notes_id_seq",
        "default privileges: tables",
        "settings of the database: work_mem",
        "the comment on the database",
    }
    assert not [note for note in told if "told_" in note]  # a role may be named after another tenant
