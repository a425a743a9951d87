"""Rows that refer to each other on PostgreSQL: cycles, chains, moved unique values, what other people hang on them."""

from __future__ import annotations

import psycopg
import pytest

from storage.errors import Red
from tests.conformance.platforms import PostgresPlatform
from tests.conformance.targets import Rows, merged, whys
from tests.support_postgres_target import Thread, loaded, taken_back, there_and_back, waits_for_a_lock

STORES = """
CREATE TABLE staff (id int PRIMARY KEY, name text NOT NULL, store_id int NOT NULL);
CREATE TABLE store (id int PRIMARY KEY, code varchar(20) NOT NULL DEFAULT gen_random_uuid()::text::varchar(20) UNIQUE,
    manager_id int NOT NULL UNIQUE REFERENCES staff (id) ON DELETE RESTRICT);
ALTER TABLE staff ADD CONSTRAINT at_store FOREIGN KEY (store_id) REFERENCES store (id) ON DELETE RESTRICT {mode};
WITH a AS (INSERT INTO staff VALUES (1, 'Mike', 1), (2, 'Jon', 2)) INSERT INTO store VALUES (1, 'a', 1), (2, 'b', 2);
"""


@pytest.fixture
def platform(postgres_url: str) -> PostgresPlatform:
    return PostgresPlatform(postgres_url)


def script(platform: PostgresPlatform, text: str) -> None:
    with platform.connect() as connection:
        connection.execute(text.encode())


# ── cycles ──────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("mode", ["", "DEFERRABLE", "DEFERRABLE INITIALLY DEFERRED"])
def test_staff_and_store_need_each_other(platform: PostgresPlatform, mode: str) -> None:
    """Sakila's cycle: NOT NULL both ways, and no constraint that could wait."""
    script(platform, STORES.format(mode=mode))
    story = (
        Rows("staff", ("id", "name", "store_id"), ("id",), create=[(3, "Ann", 3), (4, "Bob", 3)], keep=[(2, "", 0)]),
        Rows("store", ("id", "manager_id"), ("id",), create=[(3, 3), (4, 4)]),
    )
    there_and_back(platform, *story)
    there_and_back(platform, *reversed(story))


@pytest.mark.parametrize("mode", ["", "DEFERRABLE INITIALLY DEFERRED"])
def test_a_cycle_whose_rows_change_places(platform: PostgresPlatform, mode: str) -> None:
    """Overwritten rows of a cycle take over unique values of each other, and of rows that are created."""
    script(platform, STORES.format(mode=mode))
    there_and_back(
        platform,
        Rows("staff", ("id", "name", "store_id"), ("id",), create=[(3, "Ann", 3)], overwrite=[(1, "Mike", 2)]),
        Rows(
            "store", ("id", "code", "manager_id"), ("id",), create=[(3, "b", 3)], overwrite=[(1, "c", 1), (2, "a", 2)]
        ),
    )


def test_two_cycles_that_overlap(platform: PostgresPlatform) -> None:
    """a → b → c → a and b → d → b, each NOT NULL."""
    script(
        platform,
        """
        CREATE TABLE a (id int PRIMARY KEY, b int NOT NULL); CREATE TABLE b (id int PRIMARY KEY, c int NOT NULL,
            d int NOT NULL); CREATE TABLE c (id int PRIMARY KEY, a int NOT NULL); CREATE TABLE d (id int PRIMARY KEY,
            b int NOT NULL);
        ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b; ALTER TABLE b ADD FOREIGN KEY (c) REFERENCES c;
        ALTER TABLE b ADD FOREIGN KEY (d) REFERENCES d; ALTER TABLE c ADD FOREIGN KEY (a) REFERENCES a;
        ALTER TABLE d ADD FOREIGN KEY (b) REFERENCES b;
        CREATE TABLE leaf (id int PRIMARY KEY, a int NOT NULL REFERENCES a, d int NOT NULL REFERENCES d);
        """,
    )
    story = [
        Rows("leaf", ("id", "a", "d"), ("id",), create=[(1, 1, 2)]),
        Rows("a", ("id", "b"), ("id",), create=[(1, 1), (2, 2)]),
        Rows("b", ("id", "c", "d"), ("id",), create=[(1, 1, 2), (2, 2, 1)]),
        Rows("c", ("id", "a"), ("id",), create=[(1, 2), (2, 1)]),
        Rows("d", ("id", "b"), ("id",), create=[(1, 1), (2, 2)]),
    ]
    there_and_back(platform, *story)
    loaded(platform.target(), *reversed(story))
    script(platform, "UPDATE d SET b = 2 WHERE id = 1")
    undone = platform.target().undo("r1")
    assert undone.kept == 8, "all but the leaf hang together"
    script(platform, "UPDATE d SET b = 1 WHERE id = 1")
    taken_back(platform.target())


@pytest.mark.parametrize("action", ["NO ACTION", "CASCADE", "SET NULL", "RESTRICT"])
def test_three_thousand_deep(platform: PostgresPlatform, action: str) -> None:
    script(platform, f"CREATE TABLE node (id int PRIMARY KEY, up int REFERENCES node (id) ON DELETE {action})")
    rows = [(number, number + 1) for number in range(3_000)] + [(3_000, 0)]
    there_and_back(platform, Rows("node", ("id", "up"), ("id",), create=rows))


def test_an_edit_at_the_end_of_a_long_chain_keeps_all_it_hangs_on(platform: PostgresPlatform) -> None:
    script(platform, "CREATE TABLE node (id int PRIMARY KEY, up int REFERENCES node (id), note text)")
    rows = [(0, None, ""), *((number, number - 1, "") for number in range(1, 200))]
    loaded(platform.target(), Rows("node", ("id", "up", "note"), ("id",), create=rows))
    script(platform, "UPDATE node SET note = 'edited' WHERE id = 150")
    undone = platform.target().undo("r1")
    assert (undone.reversed, undone.kept) == (49, 151)
    assert platform.rows("SELECT count(*), max(id) FROM node") == [(151, 150)]


# ── unique values that move ─────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("overwrite", "create"),
    [
        ([(1, "b", 1), (2, "a", 2)], []),
        ([(1, "b", 1), (2, "c", 2), (3, "a", 3)], []),
        ([(2, "a", 2), (1, "x", 1)], [(4, "b", 4)]),
        ([(1, None, 1), (2, "a", 2)], [(4, "b", 4)]),
    ],
    ids=["swapped", "round", "handed on", "let go"],
)
@pytest.mark.parametrize("kind", ["text UNIQUE", "text UNIQUE DEFERRABLE", "text"])
def test_unique_values_move_between_rows(
    platform: PostgresPlatform, kind: str, overwrite: list[tuple[object, ...]], create: list[tuple[object, ...]]
) -> None:
    script(platform, f"CREATE TABLE t (id int PRIMARY KEY, code {kind}, n int NOT NULL UNIQUE)")
    script(platform, "INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3)")
    if kind == "text":
        script(platform, "CREATE UNIQUE INDEX ON t (code) INCLUDE (n) WHERE n > 0")  # no key of the whole table
    there_and_back(platform, Rows("t", ("id", "code", "n"), ("id",), overwrite=overwrite, create=create))


@pytest.mark.parametrize(
    ("since", "where"),
    [
        ("INSERT INTO t VALUES (9, 'A')", "t.lower_code"),
        ("ALTER TABLE t ADD CONSTRAINT long CHECK (code > 'b')", "t.long"),
    ],
    ids=["taken by another row", "a new constraint"],
)
def test_a_former_row_that_the_table_refuses_by_now_is_red(platform: PostgresPlatform, since: str, where: str) -> None:
    script(platform, "CREATE TABLE t (id int PRIMARY KEY, code text); INSERT INTO t VALUES (1, 'a')")
    script(platform, "CREATE UNIQUE INDEX lower_code ON t (lower(code))")
    before = platform.dump()
    loaded(platform.target(), Rows("t", ("id", "code"), ("id",), overwrite=[(1, "x")]))
    script(platform, since)
    held = platform.dump()
    with pytest.raises(Red, match="as it was before the load") as red:
        platform.target().undo("r1")
    assert red.value.where == where
    assert platform.dump() == held
    script(platform, "DELETE FROM t WHERE id = 9; ALTER TABLE t DROP CONSTRAINT IF EXISTS long")
    taken_back(platform.target())
    assert platform.dump() == before


def test_unique_numbers_that_may_not_be_null_move_too(platform: PostgresPlatform) -> None:
    script(
        platform,
        """CREATE TABLE t (id int PRIMARY KEY, place int NOT NULL UNIQUE CHECK (place > 0), code uuid NOT NULL UNIQUE,
            x varchar(1) NOT NULL, y int NOT NULL, UNIQUE (x, y))""",
    )
    code = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1{}"
    script(
        platform,
        f"INSERT INTO t VALUES (1, 1, '{code.format(1)}', 'a', 1), (2, 2, '{code.format(2)}', 'b', 1),"
        f" (3, 3, '{code.format(3)}', 'c', 1)",
    )
    story = Rows(
        "t",
        ("id", "place", "code", "x", "y"),
        ("id",),
        overwrite=[(1, 2, code.format(3), "b", 1), (2, 3, code.format(1), "c", 1), (3, 1, code.format(2), "a", 1)],
    )
    there_and_back(platform, story)


# ── what is pointed at ──────────────────────────────────────────────────────────────────────────────────────────
def test_references_to_unique_columns_and_composite_ones(platform: PostgresPlatform) -> None:
    script(
        platform,
        """
        CREATE TABLE land (id int PRIMARY KEY, code char(2) NOT NULL UNIQUE, area text, part int, UNIQUE (area, part));
        CREATE TABLE town (id int PRIMARY KEY, land char(2) REFERENCES land (code), a text, p int,
            FOREIGN KEY (a, p) REFERENCES land (area, part) MATCH FULL);
        INSERT INTO land VALUES (1, 'fr', 'x', 1), (2, 'de', 'y', 1);
        INSERT INTO town VALUES (1, 'fr', 'x', 1), (2, NULL, NULL, NULL);
        """,
    )
    there_and_back(
        platform,
        Rows("town", ("id", "land", "a", "p"), ("id",), create=[(3, "it", "z", 2)], overwrite=[(2, "it", "y", 1)]),
        Rows("land", ("id", "code", "area", "part"), ("id",), create=[(3, "it", "z", 2)], keep=[(1, "", "", 0)]),
    )


def test_a_value_that_is_pointed_at_changes_together_with_what_points_at_it(platform: PostgresPlatform) -> None:
    """Parent and child are overwritten, and the value by which they know each other with them."""
    script(
        platform,
        """
        CREATE TABLE land (id int PRIMARY KEY, code text NOT NULL UNIQUE);
        CREATE TABLE town (id int PRIMARY KEY, land text NOT NULL REFERENCES land (code));
        INSERT INTO land VALUES (1, 'fr'), (2, 'de'); INSERT INTO town VALUES (1, 'fr'), (2, 'fr'), (3, 'de');
        """,
    )
    there_and_back(
        platform,
        Rows("land", ("id", "code"), ("id",), overwrite=[(1, "FR")]),
        Rows("town", ("id", "land"), ("id",), overwrite=[(1, "FR"), (2, "FR")]),
    )
    before = platform.dump()
    with pytest.raises(Red, match="town"):
        loaded(
            platform.target(),
            Rows("land", ("id", "code"), ("id",), overwrite=[(1, "FR")]),
            Rows("town", ("id", "land"), ("id",), overwrite=[(1, "FR")]),
        )
    assert platform.dump() == before


@pytest.mark.parametrize("action", ["CASCADE", "SET NULL", "NO ACTION", "RESTRICT"])
def test_a_value_that_other_people_point_at_by_now_is_not_taken_away(platform: PostgresPlatform, action: str) -> None:
    script(
        platform,
        f"""
        CREATE TABLE land (id int PRIMARY KEY, code text NOT NULL UNIQUE); INSERT INTO land VALUES (1, 'fr'), (2, 'de');
        CREATE TABLE town (id int PRIMARY KEY, land text REFERENCES land (code) ON UPDATE {action});
        """,
    )
    loaded(platform.target(), Rows("land", ("id", "code"), ("id",), overwrite=[(1, "FR"), (2, "de")]))
    script(platform, "INSERT INTO town VALUES (1, 'FR'), (2, 'de')")
    undone = platform.target().undo("r1")
    assert whys(undone) == {"land 1": "kept: a row of town that stays points at it"}
    assert platform.rows("SELECT land FROM town ORDER BY id") == [("FR",), ("de",)]
    script(platform, "DELETE FROM town")
    assert platform.target().undo("r1").reversed == 1
    assert platform.rows("SELECT code FROM land ORDER BY id") == [("fr",), ("de",)]


# ── other people's rows ─────────────────────────────────────────────────────────────────────────────────────────
CHILDREN = """
CREATE TABLE people (id int PRIMARY KEY, name text);
INSERT INTO people VALUES (0, 'nobody'), (1, 'theirs');
CREATE TABLE notes (id serial PRIMARY KEY, who int DEFAULT 0 REFERENCES people (id) ON DELETE {0} ON UPDATE CASCADE);
INSERT INTO notes (who) VALUES (1), (NULL);
"""
ACTIONS = ["CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", "NO ACTION"]
PEOPLE = Rows("people", ("id", "name"), ("id",), create=[(10, "ours"), (11, "ours too")], overwrite=[(1, "renamed")])


@pytest.mark.parametrize("action", ACTIONS)
def test_nothing_of_other_people_s_is_changed(platform: PostgresPlatform, action: str) -> None:
    script(platform, CHILDREN.format(action))
    notes = platform.dump()["notes"]
    loaded(platform.target(), PEOPLE)
    assert platform.dump()["notes"] == notes
    script(platform, "INSERT INTO notes (who) VALUES (10)")
    notes = platform.dump()["notes"]
    undone = platform.target().undo("r1")
    assert platform.dump()["notes"] == notes
    assert whys(undone) == {"people 10": "kept: a row of notes that stays points at it"}
    assert platform.rows("SELECT id, name FROM people ORDER BY id") == [(0, "nobody"), (1, "theirs"), (10, "ours")]


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("commits", [True, False], ids=["commits", "gives up"])
def test_a_child_inserted_before_the_rollback_looks_is_waited_for(
    platform: PostgresPlatform, postgres_url: str, action: str, commits: bool
) -> None:
    script(platform, CHILDREN.format(action))
    loaded(platform.target(), PEOPLE)
    with psycopg.connect(postgres_url) as other:
        other.execute("INSERT INTO notes (who) VALUES (10)")
        undoing = Thread(lambda: platform.target().undo("r1"))
        waits_for_a_lock(postgres_url)
        other.commit() if commits else other.rollback()
        undoing.outcome()
    assert platform.rows("SELECT count(*) FROM people WHERE id = 10") == [(int(commits),)]
    assert platform.rows("SELECT count(*) FROM notes WHERE who = 10") == [(int(commits),)]
    assert platform.rows("SELECT count(*) FROM people WHERE id = 11") == [(0,)]


@pytest.mark.parametrize("action", ACTIONS)
def test_a_child_inserted_while_the_rollback_works_waits_and_finds_no_parent(
    platform: PostgresPlatform, postgres_url: str, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from migrator.platforms.relational.fates import Fates

    script(platform, CHILDREN.format(action))
    loaded(platform.target(), PEOPLE)
    children: list[Thread] = []
    decide = Fates.decide

    def decided(fates: Fates) -> None:
        decide(fates)
        children.append(Thread(lambda: script(platform, "INSERT INTO notes (who) VALUES (10)")))
        waits_for_a_lock(postgres_url)

    monkeypatch.setattr(Fates, "decide", decided)
    taken_back(platform.target())
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        children[0].outcome()
    assert platform.rows("SELECT count(*) FROM notes WHERE who IS NOT NULL AND who <> 1") == [(0,)]


def test_a_reference_of_one_partition_alone_counts_as_one(platform: PostgresPlatform) -> None:
    script(
        platform,
        """
        CREATE TABLE people (id int PRIMARY KEY, name text); INSERT INTO people VALUES (1, 'theirs');
        CREATE TABLE visits (day date, who int) PARTITION BY RANGE (day);
        CREATE TABLE visits_2020 PARTITION OF visits FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
        CREATE TABLE visits_rest PARTITION OF visits DEFAULT;
        ALTER TABLE visits_2020 ADD FOREIGN KEY (who) REFERENCES people (id) ON DELETE CASCADE;
        """,
    )
    loaded(platform.target(), Rows("people", ("id", "name"), ("id",), create=[(10, "ours")]))
    script(platform, "INSERT INTO visits VALUES ('2020-05-05', 10), ('2030-01-01', 99)")
    assert whys(platform.target().undo("r1")) == {"people 10": "kept: a row of visits that stays points at it"}
    assert platform.rows("SELECT count(*) FROM visits") == [(2,)]


def test_rows_of_heirs_are_not_touched(platform: PostgresPlatform) -> None:
    """Inheritance without partitions: a statement on the parent would change rows of the child."""
    script(
        platform,
        """
        CREATE TABLE cities (id int PRIMARY KEY, name text); CREATE TABLE capitals (state text) INHERITS (cities);
        INSERT INTO cities VALUES (1, 'a'); INSERT INTO capitals VALUES (2, 'b', 'x');
        """,
    )
    before = platform.dump()
    with pytest.raises(Red, match="capitals") as red:
        merged(platform.target(), Rows("cities", ("id", "name"), ("id",), create=[(3, "c")]))
    assert red.value.where == "cities"
    assert platform.dump() == before
    there_and_back(platform, Rows("capitals", ("id", "name", "state"), ("id",), overwrite=[(2, "B", "y")]))
