"""What the engine relies on: each row is mapped, excluded or rejected; nothing unfit passes; names are text."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.compile import compile_mapping
from mappings.load import load_mapping
from mappings.quote import identifier
from storage.schema import Table
from tests.unit.mappings.bench import Bench, plain, table

HOSTILE = "a\"b'c; DROP TABLE x --"


def edges(source: Table, target: Table, *written: str) -> str:
    source_name, target_name = ("'" + described.name.replace("'", "''") + "'" for described in (source, target))
    return f"mapping: m\nversion: 1\ntables:\n  {target_name}:\n    edges:\n" + "".join(
        f"      - from: {source_name}\n{edge}" for edge in written
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.none() | st.integers(-3, 3), st.none() | st.sampled_from(["x", "1", ""])), max_size=30))
def test_every_row_is_mapped_excluded_or_rejected(rows: list[tuple[int | None, str | None]]) -> None:
    COUNTED.given(*rows)
    (edge,) = COUNTED.compiled.edges
    archive, excluded, rejected = (
        COUNTED.database.execute(query).fetchall()[0][0]
        for query in (edge.archive_sql, edge.excluded_sql, edge.rejected_sql)
    )
    kept = [(a, b) for a, b in rows if a is not None and a > 0]
    turned_away = [(a, b) for a, b in kept if b == "x" or a == 2]
    assert (archive, excluded, rejected) == (len(rows), len(rows) - len(kept), len(turned_away))
    assert len(COUNTED.rows()) == len(kept) - len(turned_away)


CONDITIONS = """a
        where: a > 0
        because: no
        reject: [{when: "b = 'x'", because: no}, {when: a = 2, because: no}]
        dropped: {b: no}"""
COUNTED = Bench(chain=CONDITIONS, types=("integer", "text"))


def test_a_condition_that_fails_is_counted_and_hides_no_row() -> None:
    bench = Bench(chain='a\n        where: "CAST(a AS INTEGER) > 0"\n        because: no', types=("text",))
    bench.given("1", "one")
    ((count, examples, severity, what),) = bench.probes()
    assert (count, examples, severity, what) == (1, ["1"], "red", "the condition fails")
    with pytest.raises(duckdb.Error):
        bench.rows()


def test_only_mapped_rows_are_probed_and_converted() -> None:
    bench = Bench(chain="a\n        where: \"a <> 'bad'\"\n        because: no", types=("text",), made="integer")
    assert bench.sql("1", "bad", None) == [1]


def test_what_does_not_fit_the_target_column_is_counted_once() -> None:
    target = table("made", {"id": "integer", "made": "text"})
    made = replace(target.columns[1], max_length=2, nullable=False)
    source = table("things", {"id": "integer", "a": "text"})
    text = edges(source, target, "        columns: {id: id, made: a}\n")
    compiled = compile_mapping(
        load_mapping(text, file="m"), [source], [replace(target, columns=(target.columns[0], made))], tenant="t"
    )
    with duckdb.connect() as database:
        database.execute("CREATE SCHEMA src; CREATE TABLE src.things (id BIGINT, a VARCHAR)")
        database.execute("INSERT INTO src.things VALUES (1, 'éé'), (2, 'abc'), (3, NULL), (4, '')")
        found = {
            probe.what: row
            for probe in compiled.edges[0].fits
            for row in database.execute(probe.sql).fetchall()
            if row[0]
        }
        assert found == {"value is longer than 2": (1, ["abc"]), "NULL in a column that is NOT NULL": (1, ["3"])}
        with pytest.raises(duckdb.Error, match=r"made\.made"):
            database.execute(compiled.rows_sql("made")).fetchall()


def test_names_are_never_syntax() -> None:
    source = table(HOSTILE, {"id": "integer", HOSTILE + "2": "text"})
    target = table(HOSTILE, {"id": "integer", HOSTILE + "3": "text"})
    things, a, b = ("'" + name.replace("'", "''") + "'" for name in (HOSTILE, HOSTILE + "2", HOSTILE + "3"))
    made = f"{{from: {a}, steps: [{{lookup: {{values: {{{things}: {a}}}}}}}]}}"
    text = edges(source, target, f"        columns: {{id: id, {b}: {made}}}\n")
    compiled = compile_mapping(load_mapping(text, file="m"), [source], [target], tenant=HOSTILE)
    with duckdb.connect() as database:
        name, column = identifier(HOSTILE), identifier(HOSTILE + "2")
        database.execute(f"CREATE SCHEMA src; CREATE TABLE src.{name} (id BIGINT, {column} VARCHAR)")
        database.execute(f"INSERT INTO src.{name} VALUES (1, ?)", [HOSTILE])
        assert database.execute(compiled.rows_sql(HOSTILE)).fetchall() == [(1, HOSTILE + "2", 0)]


def test_a_text_that_looks_like_the_sql_around_it_is_a_text() -> None:
    steps = """[{concat: ["' FROM {{}} AS layered", "{a}", " FROM joined"]}, {concat: ["<", "{a}", ">"]}]"""
    Bench(chain=f"{{from: a, steps: {steps}}}", types=("text",)).agree("x", " FROM {} AS layered", None)


def test_a_table_of_hundreds_of_columns_is_no_deeper_than_a_narrow_one() -> None:
    names = [f"c{number}" for number in range(500)]
    source = table("things", {"id": "integer", **dict.fromkeys(names, "text")})
    target = table("made", {"id": "integer", **dict.fromkeys(names, "integer")})
    columns = "".join(f"          {name}: {name}\n" for name in names)
    text = edges(source, target, f"        columns:\n          id: id\n{columns}")
    compiled = compile_mapping(load_mapping(text, file="m"), [source], [target], tenant="t")
    with duckdb.connect() as database:
        values = ", ".join(f"'{number}' AS {name}" for number, name in enumerate(names))
        database.execute(f"CREATE SCHEMA src; CREATE TABLE src.things AS SELECT 1::BIGINT AS id, {values}")
        assert database.execute(compiled.rows_sql("made")).fetchall() == [(1, *range(500), 0)]


def test_columns_of_several_types_in_a_column_that_takes_anything_are_tagged() -> None:
    source = table("things", {"id": "integer", "a": "text", "b": "float"})
    target = table("made", {"id": "integer", "made": "variant"})
    edge = "        kind: union\n        columns: {{id: id, made: {}}}\n"
    text = edges(source, target, *(edge.format(chain) for chain in ("a", "b", "{const: null}")))
    compiled = compile_mapping(load_mapping(text, file="m"), [source], [target], tenant="t")
    assert compiled.columns("made")[-1].type == plain("variant")
    with duckdb.connect() as database:
        database.execute("CREATE SCHEMA src; CREATE TABLE src.things AS SELECT 1::BIGINT id, 'x' a, 1.0::DOUBLE b")
        made = database.execute(f"SELECT made, migrator_edge FROM ({compiled.rows_sql('made')}) ORDER BY 2").fetchall()
    assert made == [("t:x", 0), ("r:1", 1), (None, 2)]


def test_columns_come_in_the_targets_order_and_only_those_filled() -> None:
    source = table("things", {"id": "integer", "a": "text"})
    target = table("made", {"id": "integer", "x": "text", "y": "text", "z": "text"})
    written = [
        "        kind: union\n        columns: {z: a, id: id}\n",
        "        kind: union\n        columns: {id: id, x: a}\n",
    ]
    defaulted = replace(target, columns=(*target.columns[:3], replace(target.columns[3], default="'it''s'")))
    compiled = compile_mapping(
        load_mapping(edges(source, target, *written), file="m"), [source], [defaulted], tenant="t"
    )
    assert [column.name for column in compiled.columns("made")] == ["id", "x", "z"]
    with duckdb.connect() as database:
        database.execute("CREATE SCHEMA src; CREATE TABLE src.things AS SELECT 1::BIGINT id, 'v' a")
        made = database.execute(f"FROM ({compiled.rows_sql('made')}) ORDER BY migrator_edge").fetchall()
    assert made == [(1, None, "v", 0), (1, "v", "it's", 1)]


def test_a_source_column_may_be_called_rowid() -> None:
    described = table("members", {"id": "integer"})
    source = table("things", {"id": "integer", "rowid": "text"})
    target = table("made", {"id": "integer", "text": "text"})
    text = (
        "mapping: m\nversion: 1\nkeys: {members: {method: keep}}\ntables:\n  made:\n    edges:\n      - from: things\n"
        "        columns:\n          id: id\n"
        "          text: {from: rowid, steps: [{relink: [{prefix: '/', table: members, becomes: '#'}]}]}\n"
        "  new:\n    edges:\n      - from: members\n        columns: {id: id}\n"
    )
    compiled = compile_mapping(
        load_mapping(text, file="m"), [source, described], [target, table("new", {"id": "integer"})], tenant="t"
    )
    with duckdb.connect() as database:
        database.execute("CREATE SCHEMA src; CREATE SCHEMA xw; CREATE TABLE src.members AS SELECT 1::BIGINT id")
        things = f"SELECT i::BIGINT id, '/1 /' || i AS {identifier('rowid')} FROM range(3) t(i)"
        database.execute(f"CREATE TABLE src.things AS {things}")
        database.execute(f"CREATE SCHEMA carried; CREATE TABLE carried.members AS {compiled.crosswalks[0].carried_sql}")
        database.execute(f"CREATE TABLE xw.members AS {compiled.crosswalks[0].sql}")
        made = database.execute(f"SELECT text FROM ({compiled.rows_sql('made')}) ORDER BY id").fetchall()
    assert made == [("#1 /0",), ("#1 #1",), ("#1 /2",)]


@settings(max_examples=60, deadline=None)
@given(st.floats())
def test_a_tagged_float_is_the_archives_own_text(value: float) -> None:
    from storage.types import Variant

    assert TAGGED.sql(value) == [Variant.encode(value)]


TAGGED = Bench(chain="{from: a, steps: [{cast: variant}]}", types=("float",))
