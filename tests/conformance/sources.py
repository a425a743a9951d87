"""The contract of a source. A driver's test file gives `platform`, an empty database, and inherits these tests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from migrator.contracts import Among, AnyOf, Fence, Held, Matching, Predicate, Reading, Whole
from storage.errors import Fault, FenceLost, Misuse
from storage.schema import Fidelity, ForeignKey, Kind, Table, TableKind
from tests.conformance.platforms import INTEGER, TEXT, KeyList, Platform, integers, texts
from tests.waiting import comes

DDL = """
CREATE TABLE regions (country INTEGER NOT NULL, region INTEGER NOT NULL, name {text}, PRIMARY KEY (country, region));
CREATE TABLE people (
    id INTEGER PRIMARY KEY,
    email VARCHAR(40) NOT NULL UNIQUE,
    boss_id INTEGER REFERENCES people (id) ON DELETE SET NULL,
    country INTEGER,
    region INTEGER,
    status VARCHAR(8) DEFAULT 'new' NOT NULL,
    score {real},
    FOREIGN KEY (country, region) REFERENCES regions (country, region) ON DELETE CASCADE
);
CREATE TABLE visits (person_id INTEGER, place {text});
CREATE TABLE files (id INTEGER PRIMARY KEY, content {blob});
"""
PEOPLE = [
    (1, "a@x", None, 1, 1, "new", 0.5),
    (2, "b@x", 1, 1, 2, "old", None),
    (3, "c@x", 1, None, 2, "old", -1.25),
    (4, "d@x", 3, 2, 1, "old", 1e300),
]
VISITS = [(1, "roof"), (1, "roof"), (2, "roof"), (None, "cellar"), (4, None), (4, "")]


def selected(reading: Reading, name: str, predicate: Predicate, **options: object) -> list[tuple[object, ...]]:
    batches = reading.scan(reading.schema.table(name), predicate, **options)  # type: ignore[arg-type]
    return [tuple(row.values()) for batch in batches for row in batch.to_pylist()]


def refuses(platform: Platform, fence: Fence) -> None:
    for way in (platform.source().join, platform.source().hold):
        with pytest.raises(FenceLost), way(fence):  # type: ignore[operator]
            pass


def ends(held: Held) -> bool:
    try:
        held.is_joined()
    except Fault:
        return True
    return False


class SourceContract:
    """What every source does."""

    @pytest.fixture
    def reading(self, platform: Platform) -> Iterator[Reading]:
        platform.run(DDL)
        platform.insert("regions", [(1, 1, "north"), (1, 2, "south"), (2, 1, "north")])
        platform.insert("people", PEOPLE)
        platform.insert("visits", VISITS)
        with platform.source().fence() as reading:
            yield reading

    # ── describe ────────────────────────────────────────────────────────────────────────────────────────────
    def test_tables_are_told_as_declared(self, platform: Platform) -> None:
        platform.run(DDL)
        schema = platform.source().describe()
        assert schema.table_names == ("files", "people", "regions", "visits")
        people = schema.table("people")
        assert people.primary_key == ("id",)
        assert schema.table("regions").primary_key == ("country", "region")
        assert schema.table("visits").primary_key == ()
        assert [key.columns for key in people.unique] == [("email",)]
        assert [column.name for column in people.columns if column.nullable] == [
            "boss_id",
            "country",
            "region",
            "score",
        ]
        assert people.column("email").max_length == 40
        assert "new" in (people.column("status").default or "")
        assert people.column("email").default is None
        assert people.column("id").type.kind is Kind.INTEGER
        assert people.column("score").type.kind is Kind.FLOAT
        assert schema.table("files").column("content").type.kind is Kind.BINARY

    def test_foreign_keys_composite_and_to_themselves(self, platform: Platform) -> None:
        platform.run(DDL)
        keys = {key.columns: key for key in platform.source().describe().table("people").foreign_keys}
        boss, region = keys[("boss_id",)], keys[("country", "region")]
        assert isinstance(boss, ForeignKey)
        assert (boss.parent, boss.parent_columns, boss.on_delete) == ("people", ("id",), "SET NULL")
        assert (region.parent, region.parent_columns, region.on_delete) == ("regions", ("country", "region"), "CASCADE")

    def test_generated_columns_are_told_apart(self, platform: Platform) -> None:
        platform.run(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, d INTEGER GENERATED ALWAYS AS (n * 2) STORED);"
        )
        columns = platform.source().describe().table("t").columns
        assert [(column.name, column.generated) for column in columns] == [("id", False), ("n", False), ("d", True)]

    def test_names_are_taken_as_they_are_written(self, platform: Platform) -> None:
        platform.run(
            'CREATE TABLE "Order" ("Id" INTEGER PRIMARY KEY, "select" INTEGER, "two  words" INTEGER,'
            ' "é%s" INTEGER REFERENCES "Order" ("Id"));'
            'INSERT INTO "Order" VALUES (1, 2, 3, NULL); INSERT INTO "Order" VALUES (2, 4, 6, 1);'
        )
        with platform.source().fence() as reading:
            table = reading.schema.table("Order")
            assert (table.column_names, table.primary_key) == (("Id", "select", "two  words", "é%s"), ("Id",))
            assert [key.columns for key in table.foreign_keys] == [("é%s",)]
            assert selected(reading, "Order", Among(columns=("é%s",), keys=integers(1))) == [(2, 4, 6, 1)]
            assert selected(reading, "Order", Matching(columns=("two  words",), values=(3,)), columns=["select"]) == [
                (2,)
            ]
            assert [found.nulls for found in reading.census(table, Whole())[1]] == [0, 0, 0, 1]

    # ── one point in time ───────────────────────────────────────────────────────────────────────────────────
    def test_the_fence_stands_still_while_others_write(self, platform: Platform) -> None:
        platform.run("CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (id INTEGER PRIMARY KEY);")
        stop, written = threading.Event(), threading.Event()

        def write() -> None:
            number = 0
            while not stop.is_set():  # both rows or none
                number += 1
                platform.run(f"BEGIN; INSERT INTO a VALUES ({number}); INSERT INTO b VALUES ({number}); COMMIT;")
                written.set()

        writer = threading.Thread(target=write)
        writer.start()
        try:
            assert written.wait(20)
            with platform.source().fence() as reading:
                first = selected(reading, "a", Whole())
                written.clear()
                assert written.wait(20), "a fence never holds writers up"
                assert selected(reading, "b", Whole()) == first
                assert reading.count(reading.schema.table("a"), Whole()) == len(first)
        finally:
            stop.set()
            writer.join()

    def test_a_view_is_joined_as_it_was_taken_or_by_nobody(self, platform: Platform) -> None:
        platform.run("CREATE TABLE a (id INTEGER PRIMARY KEY); INSERT INTO a VALUES (1);")
        with platform.source().fence() as reading:
            platform.run("INSERT INTO a VALUES (2);")
            if reading.fence.handle is None:
                refuses(platform, reading.fence)
                platform.source().release(reading.fence)
                return
            with platform.source().join(reading.fence) as joined:
                assert selected(joined, "a", Whole()) == [(1,)]
                assert joined.schema == reading.schema
                assert joined.fence.told == reading.fence.told
            with platform.source().fence() as other:
                assert selected(other, "a", Whole()) == [(1,), (2,)]
        refuses(platform, reading.fence)

    def test_who_holds_a_view_holds_it_for_others_until_it_is_released(self, platform: Platform) -> None:
        platform.run("CREATE TABLE a (id INTEGER PRIMARY KEY); INSERT INTO a VALUES (1);")
        with ExitStack() as stack:
            with platform.source().fence() as reading:
                if reading.fence.handle is None:
                    return
                held = stack.enter_context(platform.source().hold(reading.fence))
                platform.run("INSERT INTO a VALUES (2);")
                assert held.is_joined()
            comes(lambda: not held.is_joined())
            with platform.source().join(held.fence) as joined:
                assert held.is_joined()
                platform.source().release(held.fence)
                comes(lambda: ends(held))
                assert selected(joined, "a", Whole()) == [(1,)], "who has joined holds it, too"
            refuses(platform, held.fence)

    # ── which rows ──────────────────────────────────────────────────────────────────────────────────────────
    @pytest.mark.parametrize(
        ("predicate", "ids"),
        [
            (Whole(), [1, 2, 3, 4]),
            (Matching(columns=("status",), values=("old",)), [2, 3, 4]),
            (Matching(columns=("status", "boss_id"), values=("old", 1)), [2, 3]),
            (Matching(columns=("boss_id",), values=(None,)), [1]),
            (Among(columns=("id",), keys=integers(4, 2, 9)), [2, 4]),
            (Among(columns=("email",), keys=texts("c@x", "C@X")), [3]),
            (Among(columns=("id",), keys=integers()), []),
            (Among(columns=("country", "region"), keys=KeyList((INTEGER, INTEGER), [(1, 2), (2, 1), (3, 2)])), [2, 4]),
            (
                Among(
                    columns=("boss_id",),
                    keys=integers(1, 3),
                    when=Matching(columns=("email",), values=("d@x",)),
                ),
                [4],
            ),
            (
                AnyOf(
                    among=(
                        Among(columns=("id",), keys=integers(1, 2)),
                        Among(
                            columns=("boss_id",), keys=integers(1), when=Matching(columns=("status",), values=("old",))
                        ),
                        Matching(columns=("email",), values=("b@x",)),
                    )
                ),
                [1, 2, 3],
            ),
            (AnyOf(among=()), []),
        ],
        ids=lambda value: type(value).__name__ if not isinstance(value, list) else "",
    )
    def test_a_predicate_selects_its_rows_and_counts_them(
        self, reading: Reading, predicate: Predicate, ids: list[int]
    ) -> None:
        assert [row[0] for row in selected(reading, "people", predicate)] == ids
        assert reading.count(reading.schema.table("people"), predicate) == len(ids)

    def test_keyless_rows_come_each_once_and_duplicates_stay(self, reading: Reading) -> None:
        twice_reached = AnyOf(
            among=(
                Among(columns=("person_id",), keys=integers(1, 4)),
                Among(columns=("place",), keys=texts("roof", "")),
            )
        )
        rows = selected(reading, "visits", twice_reached)
        assert sorted(rows, key=str) == sorted([(1, "roof"), (1, "roof"), (2, "roof"), (4, None), (4, "")], key=str)
        assert reading.count(reading.schema.table("visits"), twice_reached) == 5

    def test_many_keys(self, platform: Platform) -> None:
        platform.run("CREATE TABLE t (id INTEGER PRIMARY KEY, other INTEGER);")
        platform.insert("t", ((number, -number) for number in range(100_000)))
        wanted = Among(columns=("id",), keys=integers(*range(0, 200_000, 2)))
        with platform.source().fence() as reading:
            rows = selected(reading, "t", wanted)
        assert rows == [(number, -number) for number in range(0, 100_000, 2)]

    def test_a_view_is_read_like_a_table_without_a_key_where_its_rows_are_asked_for(self, platform: Platform) -> None:
        platform.run(DDL)
        platform.insert("visits", VISITS)
        platform.run("CREATE VIEW told (person, times) AS SELECT person_id, COUNT(*) FROM visits GROUP BY person_id;")
        with platform.source().fence() as reading:
            assert "told" not in reading.schema.table_names
            [view] = reading.schema.views
            assert (view.name, view.kind, view.primary_key) == ("told", TableKind.VIEW, ())
            assert view.column_names == ("person", "times")
            table, found = reading.census(view, Whole())
            assert [(column.nulls, column.fidelity) for column in found] == [(1, Fidelity.EXACT), (0, Fidelity.EXACT)]
            of = (reading.schema.table("people").column("id"),)
            few, many = integers(1, 4, 9), integers(*range(2, 20_000))
            alone = Among(columns=("person",), keys=few, of=of)
            either = AnyOf(among=(alone, Among(columns=("person",), keys=many, of=of)))
            platform.run("INSERT INTO visits VALUES (1, 'attic');")  # others write: the view stands still, too
            for predicate, people in ((Whole(), [None, 1, 2, 4]), (alone, [1, 4]), (either, [1, 2, 4])):
                rows = [row for batch in reading.scan(table, predicate) for row in batch.to_pylist()]
                assert sorted((row["person"] or 0, int(row["times"])) for row in rows) == [
                    (person or 0, times) for person, times in ((None, 1), (1, 2), (2, 1), (4, 2)) if person in people
                ]
                assert reading.count(table, predicate) == len(people)

    # ── how rows come ───────────────────────────────────────────────────────────────────────────────────────
    def test_chosen_columns_in_the_order_asked_and_distinct(self, reading: Reading) -> None:
        assert selected(reading, "people", Whole(), columns=["status", "id"])[0] == ("new", 1)
        distinct = selected(reading, "people", Whole(), columns=["status"], distinct=True)
        assert sorted(distinct) == [("new",), ("old",)]

    def test_the_order_is_the_key_and_the_same_every_time(self, platform: Platform) -> None:
        platform.run("CREATE TABLE t (a INTEGER, b VARCHAR(9), PRIMARY KEY (b, a)); CREATE TABLE u (a INTEGER);")
        platform.insert("t", [(number * 7 % 100, f"{number % 3}") for number in range(100)])
        platform.insert("u", [(number * 7 % 100,) for number in range(100)])
        with platform.source().fence() as reading:
            rows = selected(reading, "t", Whole())
            assert rows == sorted(rows, key=lambda row: (row[1], row[0]))
            assert selected(reading, "u", Whole()) == selected(reading, "u", Whole())

    def test_batches_are_bounded_in_bytes(self, platform: Platform) -> None:
        platform.run("CREATE TABLE t (id INTEGER PRIMARY KEY, content {blob}, note {text});")
        platform.insert("t", ((number, bytes(1 << 20), "x" * (1 << 18)) for number in range(40)))
        with platform.source().fence() as reading:
            sizes = [batch.nbytes for batch in reading.scan(reading.schema.table("t"), Whole())]
        assert max(sizes) < 16 << 20

    def test_scans_may_run_beside_each_other(self, platform: Platform) -> None:
        platform.run("CREATE TABLE t (id INTEGER PRIMARY KEY);")
        platform.insert("t", ((number,) for number in range(50_000)))
        with platform.source().fence() as reading:
            table = reading.schema.table("t")
            first = iter(reading.scan(table, Among(columns=("id",), keys=integers(*range(40_000)))))
            rows = next(first).num_rows
            assert rows < 40_000
            assert selected(reading, "t", Among(columns=("id",), keys=integers(1, 2))) == [(1,), (2,)]
            assert rows + sum(batch.num_rows for batch in first) == 40_000

    def test_a_scan_may_be_left_half_way(self, reading: Reading) -> None:
        batches = reading.scan(reading.schema.table("people"), Among(columns=("id",), keys=integers(1, 2)))
        assert next(iter(batches)).num_rows == 2
        del batches
        assert len(selected(reading, "people", Whole())) == 4

    # ── what values are ─────────────────────────────────────────────────────────────────────────────────────
    def test_null_empty_and_blank_stay_apart(self, platform: Platform) -> None:
        platform.run("CREATE TABLE t (id INTEGER PRIMARY KEY, note {text});")
        platform.insert("t", enumerate([None, "", " ", "\\N", "NULL", "é", "e\u0301", "a\r\nb", "😀"]))
        with platform.source().fence() as reading:
            notes = [row[1] for row in selected(reading, "t", Whole())]
        assert notes == [None, "", " ", "\\N", "NULL", "é", "e\u0301", "a\r\nb", "😀"]

    def test_bytes_come_as_they_are(self, platform: Platform) -> None:
        platform.run("CREATE TABLE t (id INTEGER PRIMARY KEY, content {blob});")
        contents = [None, b"", b"\0", bytes(range(256)), b"\\x00", "é".encode("latin-1"), bytes(100_000)]
        platform.insert("t", enumerate(contents))
        with platform.source().fence() as reading:
            assert [row[1] for row in selected(reading, "t", Whole())] == contents

    def test_the_census_counts_nulls_of_the_selected_rows_only(self, reading: Reading) -> None:
        table, found = reading.census(reading.schema.table("people"), Matching(columns=("status",), values=("old",)))
        nulls = {column.column: column.nulls for column in found}
        assert (nulls["boss_id"], nulls["score"], nulls["country"]) == (0, 1, 1)
        assert {column.fidelity for column in table.columns} == {Fidelity.EXACT}

    def test_an_empty_selection_keeps_every_column(self, reading: Reading) -> None:
        table, _ = reading.census(reading.schema.table("people"), Among(columns=("id",), keys=integers()))
        assert isinstance(table, Table)
        assert table.column_names == reading.schema.table("people").column_names
        assert table.column("email").type == TEXT

    def test_an_unknown_address_is_misuse(self, platform: Platform) -> None:
        source = type(platform.source())
        with pytest.raises(Misuse):
            source(str(platform.words["nowhere"])).describe()
