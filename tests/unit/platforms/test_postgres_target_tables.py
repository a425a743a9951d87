"""Tables as people make them in PostgreSQL: partitions, schemas, names that mean something in SQL, very wide ones."""

from __future__ import annotations

import datetime as dt
from contextlib import closing

import pytest

from migrator.contracts import Among, Matching, Whole
from migrator.platforms.postgres.relation import relations
from migrator.platforms.postgres.target import PostgresTarget
from storage.errors import Fault, Misuse, Red
from tests.conformance.platforms import PostgresPlatform, integers
from tests.conformance.targets import Rows, merged, whys
from tests.servers.postgres import Postgres
from tests.support_postgres_target import administered, loaded, taken_back, there_and_back


@pytest.fixture
def platform(postgres_url: str) -> PostgresPlatform:
    return PostgresPlatform(postgres_url)


# ── partitions ──────────────────────────────────────────────────────────────────────────────────────────────────
EVENTS = """
CREATE TABLE events (id int, year int, what text, PRIMARY KEY (id, year)) PARTITION BY RANGE (year);
CREATE TABLE events_old PARTITION OF events FOR VALUES FROM (2000) TO (2020);
CREATE TABLE events_new PARTITION OF events FOR VALUES FROM (2020) TO (2030) PARTITION BY LIST (year);
CREATE TABLE events_2020 PARTITION OF events_new FOR VALUES IN (2020);
CREATE TABLE events_later PARTITION OF events_new DEFAULT;
CREATE TABLE guests (id int PRIMARY KEY, event int, year int, FOREIGN KEY (event, year) REFERENCES events);
INSERT INTO events VALUES (1, 2001, 'a'), (2, 2020, 'b'), (3, 2025, 'c');
INSERT INTO guests VALUES (1, 1, 2001);
"""


def test_rows_go_into_their_partitions_and_out_again(platform: PostgresPlatform) -> None:
    platform.run(EVENTS)
    there_and_back(
        platform,
        Rows(
            "events",
            ("id", "year", "what"),
            ("id", "year"),
            create=[(1, 2020, "x"), (4, 2005, "y"), (5, 2029, "z")],
            overwrite=[(1, 2001, "A"), (3, 2025, "C")],
            keep=[(2, 2020, "")],
        ),
        Rows("guests", ("id", "event", "year"), ("id",), create=[(2, 5, 2029)], overwrite=[(1, 4, 2005)]),
    )


def test_an_overwritten_row_may_change_its_partition(platform: PostgresPlatform) -> None:
    platform.run("""
        CREATE TABLE t (id int NOT NULL, kind int NOT NULL, note text) PARTITION BY LIST (kind);
        CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1); CREATE TABLE t_2 PARTITION OF t DEFAULT;
        INSERT INTO t VALUES (1, 1, 'a'), (2, 2, 'b');
    """)
    there_and_back(
        platform, Rows("t", ("id", "kind", "note"), ("id",), create=[(3, 1, "c")], overwrite=[(1, 5, "a"), (2, 1, "b")])
    )


@pytest.mark.parametrize("others", [0, 2])
def test_partitions_without_a_key_give_back_as_many_rows_as_they_got(platform: PostgresPlatform, others: int) -> None:
    platform.run("""
        CREATE TABLE log (day date, line text) PARTITION BY RANGE (day);
        CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2020-01-01') TO ('2020-02-01');
        CREATE TABLE log_rest PARTITION OF log DEFAULT;
    """)
    days = [dt.date(2020, 1, 1), dt.date(2020, 5, 1), None]
    platform.insert("log", [(day, "same") for day in days for _ in range(others)])
    there_and_back(platform, Rows("log", ("day", "line"), (), create=[(day, "same") for day in days for _ in "123"]))


def test_a_row_that_fits_no_partition_is_red(platform: PostgresPlatform) -> None:
    platform.run(EVENTS)
    before = platform.dump()
    with pytest.raises(Red, match=r"no partition of relation .*Partition key .*\(1999\)") as red:
        loaded(platform.target(), Rows("events", ("id", "year", "what"), ("id", "year"), create=[(9, 1999, "")]))
    assert red.value.where == "events"
    assert platform.dump() == before


# ── names ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_tables_of_one_name_in_several_schemas(platform: PostgresPlatform) -> None:
    platform.run("""
        CREATE SCHEMA sales; CREATE SCHEMA "Back Office";
        CREATE TABLE orders (id int PRIMARY KEY, note text CHECK (note <> 'bad'));
        CREATE TABLE sales.orders (id int PRIMARY KEY, up int REFERENCES orders, note text CHECK (note <> 'bad'));
        CREATE TABLE "Back Office".orders (id int PRIMARY KEY, up int REFERENCES sales.orders, note text);
        INSERT INTO orders VALUES (1, 'public'); INSERT INTO sales.orders VALUES (1, 1, 'sales');
    """)
    columns = ("id", "up", "note")
    story = (
        Rows("orders", ("id", "note"), ("id",), create=[(2, "x")], overwrite=[(1, "y")]),
        Rows("sales.orders", columns, ("id",), create=[(2, 2, "x")], overwrite=[(1, 2, "z")]),
        Rows("Back Office.orders", columns, ("id",), create=[(2, 2, "x")]),
    )
    there_and_back(platform, *story)
    for name in ("orders", "sales.orders"):
        with pytest.raises(Red) as red:
            loaded(platform.target(), Rows(name, ("id", "note"), ("id",), create=[(9, "bad")]))
        assert red.value.where.startswith(f"{name}.")


LONG = "é" * 31  # 62 bytes: a character more, and the server would cut it


def test_names_of_sixty_three_bytes_and_alike(platform: PostgresPlatform) -> None:
    names = [f"{LONG}{last}" for last in "ab"]
    for name in names:
        columns = ", ".join(f'"{column}" int' for column in names)
        platform.run(f'CREATE TABLE "{name}" (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, {columns});')
        platform.run(f'INSERT INTO "{name}" VALUES (1, 1, 1);')
    story = [Rows(name, ("id", *names), ("id",), create=[(2, 3, 4)], overwrite=[(1, 5, 6)]) for name in names]
    there_and_back(platform, *story)


def test_a_run_with_a_long_name(platform: PostgresPlatform) -> None:
    platform.run("CREATE TABLE t (id int PRIMARY KEY);")
    before, target = platform.dump(), platform.target()
    run = "2026-11-22T05:19:39Z-" + "a" * 60
    loaded(target, Rows("t", ("id",), ("id",), create=[(1,)]), run=run + "1")
    loaded(target, Rows("t", ("id",), ("id",), create=[(2,)]), run=run + "2")
    taken_back(target, run + "1")
    taken_back(target, run + "2")
    assert platform.dump() == before


OURS = ("row", "entry", "action", "after", "fate", "why", "t", "s", "j", "g", "hash", "migrator_hash", "user", "ctid_")


def test_columns_called_as_ours_are(platform: PostgresPlatform) -> None:
    columns = ", ".join(f'"{name}" text' for name in OURS)
    for table in ("select", 'say "x" %s', "t", "s", "j"):
        name = table.replace('"', '""')
        with platform.connect() as connection:
            connection.execute(f'CREATE TABLE "{name}" ("key" int PRIMARY KEY, {columns}, UNIQUE ("t", "s"))'.encode())
            connection.execute(f'INSERT INTO "{name}" ("key", "t") VALUES (1, \'x\')'.encode())
        there_and_back(
            platform,
            Rows(
                table,
                ("key", *OURS),
                ("key",),
                create=[(2, *OURS)],
                overwrite=[(1, *reversed(OURS))],
            ),
        )
    with platform.connect() as connection:
        connection.execute(f"CREATE TABLE bag ({columns})".encode())
    there_and_back(platform, Rows("bag", OURS, (), create=[OURS, OURS, (None,) * len(OURS)]))


# ── narrow and wide ─────────────────────────────────────────────────────────────────────────────────────────────
def test_a_table_of_nothing_but_its_key(platform: PostgresPlatform) -> None:
    platform.run("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2);")
    there_and_back(platform, Rows("t", ("id",), ("id",), create=[(3,)], overwrite=[(1,)], keep=[(2,)]))
    platform.run("CREATE TABLE pairs (a int, b int, PRIMARY KEY (a, b)); INSERT INTO pairs VALUES (1, 1);")
    there_and_back(platform, Rows("pairs", ("b", "a"), ("a", "b"), create=[(1, 2)], overwrite=[(1, 1)]))


@pytest.mark.parametrize(("count", "native"), [(900, "int"), (1_000, "text"), (1_590, "bool")])
def test_very_wide_tables(platform: PostgresPlatform, count: int, native: str) -> None:
    names = tuple(f"c{number}" for number in range(count))
    columns = ", ".join(f"{name} {native}" for name in names)
    platform.run(f"CREATE TABLE wide (id int PRIMARY KEY, {columns}); INSERT INTO wide (id, c7) VALUES (1, '1');")
    value: object = {"int": 7, "bool": True, "text": "x"}[native]
    row = (value,) * count
    there_and_back(platform, Rows("wide", ("id", *names), ("id",), create=[(2, *row)], overwrite=[(1, *row)]))
    target = platform.target()
    with target.scan(target.describe().table("wide"), Among(columns=("id",), keys=integers(1))) as batches:
        assert [batch.num_columns for batch in batches] == [count + 1]


def test_rows_that_fill_a_page_are_told(platform: PostgresPlatform) -> None:
    """A thousand numbers of eight bytes fill a page of the server's: what is added to them has no room there."""
    names = tuple(f"c{number}" for number in range(1_010))
    columns = ", ".join(f"{name} bigint" for name in names)
    platform.run(f"CREATE TABLE wide (id int PRIMARY KEY, {columns});")
    platform.insert("wide", [range(1_011)])
    before, story = platform.dump(), Rows("wide", ("id", "c0"), ("id",), overwrite=[(0, 5)])
    with pytest.raises(Red, match="row is too big") as red:
        loaded(platform.target(), story)
    assert red.value.where == "wide"
    assert "keep these rows" in red.value.next
    assert platform.dump() == before


def test_a_large_value_passes(platform: PostgresPlatform) -> None:
    platform.run(
        "CREATE TABLE t (id int PRIMARY KEY, v text, w bytea, x jsonb); INSERT INTO t VALUES (1, 'a', '', '1');"
    )
    text = "é" * 5_000_000
    story = Rows(
        "t",
        ("id", "v", "w", "x"),
        ("id",),
        create=[(2, text, bytes(10_000_000), f'"{text[:1000]}"')],
        overwrite=[(1, text, None, None)],
    )
    there_and_back(platform, story)
    loaded(platform.target(), story)
    undone = platform.target().undo("r1")
    assert undone.reversed == 2


# ── rules ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_table_whose_rules_write_elsewhere_is_refused(platform: PostgresPlatform) -> None:
    platform.run("CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE log (id int);")
    platform.run("CREATE RULE copied AS ON INSERT TO t DO ALSO INSERT INTO log VALUES (new.id);")
    before, story = platform.dump(), Rows("t", ("id",), ("id",), create=[(1,)])
    with pytest.raises(Red, match="nobody journals: copied") as red:
        loaded(platform.target(), story)
    assert (red.value.where, platform.dump()) == ("t", before)
    assert [found.found for found in platform.target().examine(["t"]).findings if found.verdict == "red"] == [
        red.value.what
    ]
    platform.run("ALTER TABLE t DISABLE RULE copied;")
    there_and_back(platform, story)


# ── publications ────────────────────────────────────────────────────────────────────────────────────────────────
def test_where_a_publication_has_every_table(platform: PostgresPlatform, postgres: Postgres) -> None:
    """The server lets nobody change or delete a published row that it could not tell a replica of."""
    platform.run(
        "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a'); CREATE TABLE bag (v text);"
    )
    administered(postgres, platform.url, "CREATE PUBLICATION everything FOR ALL TABLES")
    there_and_back(platform, Rows("t", ("id", "v"), ("id",), create=[(2, "b")], overwrite=[(1, "A")]))
    before, story = platform.dump(), Rows("bag", ("v",), (), create=[("x",)])
    with pytest.raises(Red, match="publication has it: everything") as red:
        loaded(platform.target(), story)
    assert platform.dump() == before
    platform.run(red.value.next.partition(",")[0])
    there_and_back(platform, story)


# ── triggers of a partition alone ───────────────────────────────────────────────────────────────────────────────
def test_a_trigger_of_one_partition_counts_as_the_table_s(platform: PostgresPlatform) -> None:
    with platform.connect() as connection:
        connection.execute(EVENTS.encode())
        connection.execute("""
            CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN new.what = upper(new.what); RETURN new; END';
            CREATE TRIGGER shout BEFORE INSERT OR UPDATE ON events_2020 FOR EACH ROW EXECUTE FUNCTION shout();
            CREATE TRIGGER all_of_them BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION shout();
        """)
    target = platform.target()
    assert target.describe().table("events").triggers == ("all_of_them", "shout")
    notes: list[str] = []
    story = Rows("events", ("id", "year", "what"), ("id", "year"), create=[(8, 2020, "x")])
    merged(target, story, commit=False, inside=lambda m: notes.extend(n.why for n in m.compare(story.staged(target))))
    assert len(notes) == 1


def test_disabled_triggers_of_partitions_come_back_as_they_were(platform: PostgresPlatform) -> None:
    from migrator.contracts import DISABLE, Digest, Triggers
    from tests.conformance.targets import marker

    with platform.connect() as connection:
        connection.execute(EVENTS.encode())
        connection.execute("""
            CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN new.what = upper(new.what); RETURN new; END';
            CREATE TRIGGER shout BEFORE INSERT OR UPDATE ON events_2020 FOR EACH ROW EXECUTE FUNCTION shout();
            CREATE TRIGGER whole BEFORE INSERT OR UPDATE ON events FOR EACH ROW EXECUTE FUNCTION shout();
            ALTER TABLE events_old DISABLE TRIGGER whole; ALTER TABLE events_2020 ENABLE ALWAYS TRIGGER shout;
        """)
    target, before = platform.target(), platform.dump()
    rows = [(8, 2020, "x"), (9, 2005, "y"), (9, 2028, "z")]
    story = Rows("events", ("id", "year", "what"), ("id", "year"), create=rows, overwrite=[(2, 2020, "b too")])
    staged = story.staged(target)
    with target.staging("r1") as staging:
        staging.stage(staged, [story.batch(target)])
        with target.merging("r1", triggers=Triggers(mode=DISABLE)) as merge:
            merge.lock([staged])
            digest = merge.digest([staged], whole=False)
            merge.merge([staged])
            assert (merge.compare(staged), merge.check([staged])) == ((), ())
            merge.commit(marker("r1", [staged], digest, Digest()))
    assert platform.dump()[""] != before[""], "the journal is there"
    triggers = [line for line in before[""] if line.startswith("('trigger'")]
    assert [line for line in platform.dump()[""] if line.startswith("('trigger'")] == triggers
    taken_back(target)
    assert platform.dump() == before


# ── tables that changed since ───────────────────────────────────────────────────────────────────────────────────
def test_a_column_added_since_keeps_the_rows_until_it_is_gone(platform: PostgresPlatform) -> None:
    """The journal's hashes are of whole rows: what else has changed nobody can tell, so nothing is taken back."""
    platform.run("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a');")
    before, target = platform.dump(), platform.target()
    loaded(target, Rows("t", ("id", "v"), ("id",), create=[(2, "b")], overwrite=[(1, "A")]))
    platform.run("ALTER TABLE t ADD COLUMN w text;")
    assert whys(target.undo("r1")) == {"t 1": "kept: edited since the load", "t 2": "kept: edited since the load"}
    platform.run("ALTER TABLE t DROP COLUMN w;")
    taken_back(target)
    assert platform.dump() == before


@pytest.mark.parametrize(
    ("renamed", "back"),
    [
        ("ALTER TABLE t RENAME TO other", "ALTER TABLE other RENAME TO t"),
        ("ALTER TABLE t RENAME id TO other", "ALTER TABLE t RENAME other TO id"),
    ],
    ids=["table", "key"],
)
def test_what_is_called_otherwise_since_is_told_and_taken_back_later(
    platform: PostgresPlatform, renamed: str, back: str
) -> None:
    platform.run("CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE u (id int PRIMARY KEY);")
    before, target = platform.dump(), platform.target()
    loaded(target, *(Rows(name, ("id",), ("id",), create=[(1,)]) for name in ("t", "u")))
    platform.run(renamed)
    undone = target.undo("r1")
    assert (undone.reversed, undone.kept, undone.failed) == (1, 0, 1)
    assert {key: why.partition(",")[0] for key, why in whys(undone).items()} == {"t 1": "failed: its table"}
    assert platform.rows("SELECT count(*) FROM u") == [(0,)]
    platform.run(back)
    taken_back(target)
    assert platform.dump() == before


def test_a_table_called_alike_in_another_schema_is_not_the_one_that_was_loaded(platform: PostgresPlatform) -> None:
    """A role whose search_path leads elsewhere would take rows out of the other table."""
    platform.run("CREATE SCHEMA other; CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE other.t (id int PRIMARY KEY);")
    before, target = platform.dump(), platform.target()
    loaded(target, Rows("t", ("id",), ("id",), create=[(1,)]))
    platform.run("INSERT INTO other.t VALUES (1);")
    with pytest.raises(Misuse, match="schema public"):
        PostgresTarget(f"{platform.url}?options=-csearch_path%3Dother").undo("r1")
    taken_back(target)
    assert platform.rows("DELETE FROM other.t RETURNING id") == [(1,)]
    assert platform.dump() == before


def test_scanning_by_matching_values(platform: PostgresPlatform) -> None:
    platform.run(EVENTS)
    target = platform.target()
    with target.scan(target.describe().table("events"), Matching(columns=("year",), values=(2020,))) as batches:
        assert [row["id"] for batch in batches for row in batch.to_pylist()] == [2]


def test_a_scan_looks_at_no_other_table(platform: PostgresPlatform) -> None:
    """A verification scans every table: with hundreds, describing all of them for each would be most of its work."""
    platform.run('CREATE SCHEMA other; CREATE TABLE other."T" (id int PRIMARY KEY, up int REFERENCES other."T");')
    platform.run('CREATE TABLE "T" (id int); INSERT INTO other."T" VALUES (1, 1);')
    with closing(platform.connect()) as connection:
        _, known = relations(connection, "other.T")
        assert list(known) == ["other.T"]
    target = platform.target()
    with target.scan(target.describe().table("other.T"), Matching(columns=("up",), values=(1,))) as batches:
        assert [row["id"] for batch in batches for row in batch.to_pylist()] == [1]


def test_a_table_that_goes_before_it_is_scanned_is_told(platform: PostgresPlatform) -> None:
    platform.run("CREATE TABLE t (id int);")
    target = platform.target()
    table = target.describe().table("t")
    platform.run("DROP TABLE t;")
    with pytest.raises(Fault, match="no longer there") as gone, target.scan(table, Whole()):
        pass
    assert gone.value.where == "t"
