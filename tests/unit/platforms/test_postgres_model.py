"""A model says all that a PostgreSQL table needs to be made again, and nothing of its neighbours."""

from __future__ import annotations

import psycopg

from migrator.platforms.postgres.source import PostgresSource
from storage.model import Check, Generated, Model, Partition, Sequence, View, parsed, rendered


def model_of(url: str, script: str, *tables: str) -> Model:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(script.encode())
    with PostgresSource(url).fence() as reading:
        return reading.model(tables)


def test_nothing_is_said_of_tables_that_do_not_leave(postgres_url: str) -> None:
    script = """
        CREATE SCHEMA globex;
        CREATE EXTENSION hstore; CREATE EXTENSION citext;
        CREATE TYPE mine AS ENUM ('a'); CREATE TYPE theirs AS ENUM ('globex');
        CREATE SEQUENCE globex.theirs; CREATE SEQUENCE nobodys;
        CREATE TABLE mine_too (id serial, how mine, bag hstore);
        CREATE TABLE globex_too (id serial, how theirs, mail citext, mine int);
        CREATE VIEW both_of_us AS SELECT 1 AS one FROM mine_too, globex_too;
        CREATE VIEW me AS SELECT id FROM mine_too;
    """
    model = model_of(postgres_url, script, "mine_too")
    assert model.extensions == ("hstore",)
    assert [type_.name for type_ in model.types] == ["mine"]
    assert [(one.name, one.owner, one.owner_column) for one in model.sequences] == [
        ("mine_too_id_seq", "mine_too", "id"),
        ("nobodys", None, None),
    ]
    assert [table.table for table in model.tables] == ["mine_too"]
    assert model.views == (View(name="me", definition=" SELECT mine_too.id\n   FROM mine_too;"),)
    assert b"globex" not in rendered(model)


def test_a_sequence_of_another_table_comes_along_where_a_default_draws_from_it(postgres_url: str) -> None:
    script = "CREATE TABLE theirs (id serial); CREATE TABLE t (a int DEFAULT nextval('theirs_id_seq'))"
    [sequence] = model_of(postgres_url, script, "t").sequences
    assert (sequence.name, sequence.owner) == ("theirs_id_seq", None)


def test_what_no_noun_says_is_noted(postgres_url: str) -> None:
    script = """
        CREATE TYPE made AS (a int, b text);
        CREATE TABLE t OF made;
        ALTER TABLE t ENABLE ROW LEVEL SECURITY, REPLICA IDENTITY FULL, ALTER b SET STORAGE EXTERNAL;
        CREATE RULE quietly AS ON DELETE TO t DO INSTEAD NOTHING;
        CREATE STATISTICS together ON a, b FROM t;
        CREATE EXTENSION ltree;
        CREATE TABLE indexed (a ltree, b int UNIQUE);
        CREATE INDEX by_path ON indexed USING gist (a gist_ltree_ops (siglen = 100));
        ALTER TABLE indexed CLUSTER ON indexed_b_key;
        COMMENT ON INDEX indexed_b_key IS 'of the index, not of the constraint';
        CREATE TABLE plain (a int PRIMARY KEY, b text DEFAULT '') PARTITION BY RANGE (a);
        CREATE TABLE part PARTITION OF plain DEFAULT;
        ALTER TABLE part ADD CONSTRAINT alone FOREIGN KEY (a) REFERENCES plain;
    """
    model = model_of(postgres_url, script, "t", "plain", "indexed")
    said = [note.partition(":")[0] for note in model.table("t").notes]
    assert said == [
        "row level security",
        "rules",
        "that it is a table of the type made",
        "what a subscriber knows its rows by",
        "extended statistics",
        "how values are stored",
    ]
    assert model.table("indexed").notes == (
        "what is said of indexes (clustered by indexed_b_key, comment on indexed_b_key, parameters in by_path)",
    )
    assert model.table("plain").notes == ("what parts of it point at by themselves: alone",)


def test_types_come_after_those_they_are_made_of(postgres_url: str) -> None:
    script = """
        CREATE TYPE z AS ENUM ('1');
        CREATE DOMAIN y AS z[] CHECK (cardinality(VALUE) > 0);
        CREATE TYPE x AS (one y, other z);
        CREATE TYPE w AS RANGE (SUBTYPE = z);
        CREATE TYPE a AS (x x[], w w);
        CREATE DOMAIN b AS a;
        CREATE TABLE t (z z, b b[]);
    """
    names = [type_.name for type_ in model_of(postgres_url, script, "t").types]
    needs = {"y": "z", "x": "yz", "w": "z", "a": "xw", "b": "a"}
    assert set(names) == {"z", *needs}
    assert all(names.index(needed) < names.index(name) for name, all_ in needs.items() for needed in all_)


def test_what_it_says_is_read_back_as_it_was(postgres_url: str) -> None:
    script = """
        CREATE SCHEMA "S"; CREATE EXTENSION ltree SCHEMA "S";
        CREATE TABLE "S"."T 'x'" (
            id bigint GENERATED ALWAYS AS IDENTITY (START -9223372036854775808 MINVALUE -9223372036854775808),
            a int CONSTRAINT "odd ' name" CHECK (a > 0), b int GENERATED ALWAYS AS (a + 1) STORED, path "S".ltree
        ) PARTITION BY LIST (a);
        CREATE TABLE ones PARTITION OF "S"."T 'x'" FOR VALUES IN (1, NULL) PARTITION BY HASH (id);
        CREATE TABLE "S".one PARTITION OF ones FOR VALUES WITH (MODULUS 1, REMAINDER 0);
    """
    model = model_of(postgres_url, script, "S.T 'x'")
    assert parsed(rendered(model), where="model.json") == model
    assert model.extensions == ("S.ltree",)
    [table] = model.tables
    assert table.table == "S.T 'x'"
    assert table.checks == (Check(name="odd ' name", expression="(a > 0)"),)
    assert table.generated == (Generated(column="b", expression="(a + 1)"),)
    assert table.partitioned_by == "LIST (a)"
    one = Partition(name="one", schema="S", bound="FOR VALUES WITH (modulus 1, remainder 0)")
    ones = Partition(
        name="ones", schema=None, bound="FOR VALUES IN (1, NULL)", partitioned_by="HASH (id)", parts=(one,)
    )
    assert table.partitions == (ones,)
    [identity] = table.identities
    assert identity.always
    assert identity.sequence == Sequence(
        name="T 'x'_id_seq",
        schema="S",
        start=-(2**63),
        least=-(2**63),
        greatest=2**63 - 1,
        owner="S.T 'x'",
        owner_column="id",
    )


def test_where_bare_names_are_looked_up_is_said(postgres_url: str) -> None:
    script = """
        CREATE SCHEMA near; CREATE SCHEMA first; CREATE TYPE near.mood AS ENUM ('a');
        CREATE TABLE first.t (a near.mood);
        DO $$ BEGIN EXECUTE format('ALTER ROLE %I SET search_path = first, near, public', current_user); END $$;
    """
    model = model_of(postgres_url, script, "t")
    assert model.search_path == ("near", "public")
    assert [(one.name, one.schema) for one in model.types] == [("mood", "near")]
