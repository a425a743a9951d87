"""sql: the expression is typed by DuckDB, total or counted, and can say nothing but a scalar over its row."""

from __future__ import annotations

import decimal

import pytest

from mappings.sandbox import check_condition, columns_of, natural_type
from mappings.steps.sql import Sql
from storage.errors import Misuse
from storage.schema import Kind, Type
from tests.unit.mappings.bench import UNFIT, Bench, plain, table

THINGS = table("things", {"id": "integer", "name": "text", "No 1": "text", "current_user": "text"})


@pytest.mark.parametrize(
    ("expression", "kind", "made"),
    [
        ("upper(a)", "text", ["X"]),
        ("length(a) * 2", "integer", [2]),
        ("a = 'x'", "boolean", [True]),
        ("1.50", "decimal", [decimal.Decimal("1.50")]),
        ("CASE WHEN a IS NULL THEN 'none' ELSE a || '-- no comment' END", "text", ["x-- no comment"]),
        ("a -- a comment ends with its line", "text", ["x"]),
    ],
)
def test_the_natural_type_is_the_expressions(expression: str, kind: str, made: list[object]) -> None:
    bench = Bench(chain=f"\n            sql: >-\n              {expression}", types=("text",))
    assert bench.sql("x") == made
    assert bench.compiled.columns("made")[-1].type.kind == kind


def test_a_row_it_fails_on_is_counted_by_its_key() -> None:
    bench = Bench(chain='{sql: "CAST(a AS INTEGER)"}', types=("text",))
    assert bench.sql("1", None) == [1, None]
    bench.given("1", "one", None)
    ((count, examples, _, what),) = bench.probes()
    assert (count, examples, what) == (1, ["1"], "the expression fails")
    assert bench.sql("one") == [UNFIT]


def test_a_wide_integer_is_a_decimal() -> None:
    bench = Bench(chain='{sql: "CAST(a AS HUGEINT) * 2"}', types=("integer",))
    assert bench.sql(2**62) == [decimal.Decimal(2**63)]
    assert bench.compiled.columns("made")[-1].type == Type(kind=Kind.DECIMAL, precision=38, scale=0)


def test_it_has_neither_twin_nor_inverse() -> None:
    bench = Bench(chain='{sql: "upper(a)"}', types=("text",))
    assert not bench.compiled.edges[0].columns[-1].has_twin
    assert Sql(expression="a").inverse((plain("text"),)).step is None


def test_the_columns_it_reads_are_known_by_their_true_names() -> None:
    assert columns_of('NAME || "no 1" || name', THINGS) == ("name", "No 1")


@pytest.mark.parametrize(
    "expression",
    [
        "(SELECT 1)",
        "(SELECT secret FROM other.tenants)",
        "name IN (SELECT name FROM src.members)",
        "EXISTS (SELECT 1)",
        "name; DROP TABLE src.members",
        "name FROM src.members",
        "name) FROM src.members --",
        "name), (name",
        "1) + (2",
        "name) OR (true",
        "name /* open",
        ")",
        "(name",
        "",
        "-- nothing",
        "'open",
        "read_csv('/etc/passwd')",
        "read_text('/etc/passwd')",
        "content FROM read_blob('/etc/passwd')",
        "COPY src.members TO '/tmp/x'",
        "ATTACH '/tmp/x'",
        "getenv('HOME')",
        "current_setting('memory_limit')",
        "current_database()",
        "current_query()",
        "version()",
        "random()",
        "uuid()",
        "gen_random_uuid()",
        "now()",
        "today()",
        "current_date",
        "current_timestamp",
        "get_current_timestamp()",
        "nextval('s')",
        "error('x')",
        "sleep_ms(1000)",
        "write_log('x')",
        "getvariable('x')",
        "count(*)",
        "sum(id)",
        "string_agg(name, ',')",
        "row_number() OVER ()",
        "lag(name) OVER (ORDER BY id)",
        "unnest([1, 2])",
        "list_transform([1], x -> x + 1)",
        "columns(*)",
        "*",
        "things.*",
        "things.name",
        "source.name",
        "rowid",
        "nam",
        "?",
        "$1",
        "#1",
        "DEFAULT",
        "json_serialize_sql('select 1')",
        "main.upper(name)",
        "system.main.getenv('HOME')",
        "name AS other",
        "name ORDER BY 1",
        "name WHERE true",
        "name UNION SELECT 'x'",
        "PRAGMA version",
        "name COLLATE nocase",
    ],
)
def test_anything_but_one_scalar_over_the_row_is_refused(expression: str) -> None:
    with pytest.raises(Misuse, match="refused"):
        columns_of(expression, THINGS)


def test_what_is_nested_too_deeply_is_refused() -> None:
    with pytest.raises(Misuse, match="nested too deeply"):
        columns_of(" + ".join(["id"] * 900), THINGS)


def test_a_column_may_have_the_name_of_a_function_without_parentheses() -> None:
    assert columns_of("current_user", THINGS) == ("current_user",)
    assert natural_type("current_user", table("things", {"current_user": "integer"})) == plain("integer")


def test_a_condition_is_true_or_false() -> None:
    assert check_condition("name LIKE 'a%' AND id > 3", THINGS) == ("name", "id")
    with pytest.raises(Misuse, match="VARCHAR"):
        check_condition("name", THINGS)


@pytest.mark.parametrize("expression", ["[1, 2]", "INTERVAL 1 DAY", "{'a': 1}", "upper(id, name)"])
def test_a_result_without_a_type_class_is_refused(expression: str) -> None:
    with pytest.raises(Misuse, match=r"bench\.yaml:1"):
        Bench(chain=f'{{sql: "{expression}"}}', types=())
