"""Every step over every type: what DuckDB makes of a value is what its Python twin makes of it, on random values."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.conversions import implicit
from mappings.steps import STEPS
from storage.errors import Misuse
from storage.schema import Kind, Type
from tests.unit.mappings.bench import Bench, plain, table
from tests.unit.mappings.strategies import TYPES, values_of

ANYTHING = frozenset(Kind)
TEXTUAL = frozenset({Kind.TEXT, Kind.UUID, Kind.JSON, Kind.LITERAL})
CHAINS = {
    "lookup": "{from: a, steps: [{lookup: {values: {'1': one, '0': none}, otherwise: other}}]}",
    "split": "{from: a, steps: [{split: {by: '0', part: -2}}]}",
    "join": "{from: [a, b], steps: [{join: '; '}]}",
    "concat": "{from: [a, b], steps: [{concat: ['<{a}', '|{b}>']}]}",
    "hash": "{from: a, steps: [{hash: {keep: domain}}]}",
    "relink": "{from: a, steps: [{relink: [{prefix: '1', table: members}, {prefix: '/', table: members}]}]}",
    "rename": "a",
}
TAKES = {
    "rename": ANYTHING,
    "lookup": TEXTUAL | {Kind.INTEGER, Kind.BOOLEAN},
    "relink": ANYTHING - {Kind.BINARY},
}
"""What a step takes by itself; the others take whatever has a text of its own, which bytes have not."""
MEMBERS = (table("members", {"id": "integer"}), [{"id": key} for key in (0, 1, 2, 12, 999)])
EDGE = """
  new_members:
    edges:
      - from: members
        columns: {id: {from: id, steps: [{remap: members}]}}
"""
KEYED = {"others": {"members": MEMBERS}, "keys": "{members: {method: uuid5}}", "edges": EDGE}
HASHED, KEPT = TEXTUAL | {Kind.INTEGER}, ANYTHING - {Kind.FLOAT, Kind.BINARY, Kind.VARIANT}  # not all become text
REMAPS = [
    (method, type_)
    for method, kinds in (("method: uuid5", HASHED), ("method: keep", KEPT))
    for type_ in TYPES
    if type_.kind in kinds
]


@functools.cache
def bench(step: str, type_: Type) -> Bench:
    context: dict[str, Any] = KEYED if step == "relink" else {}
    return Bench(chain=CHAINS[step], types=(type_, type_), **context)


def agreed(made: Bench, values: st.SearchStrategy[Any], examples: int = 4) -> None:
    """SQL and twin say the same of any values of these."""

    @settings(max_examples=examples, deadline=None)
    @given(st.lists(values, min_size=1, max_size=20))
    def agrees(rows: list[Any]) -> None:
        made.agree(*rows)

    agrees()


def test_no_step_is_left_out() -> None:
    others = {"cast", "const", "remap", "sql"}  # test_cast, test_const, below; sql has no twin
    assert {step.name for step in STEPS} == CHAINS.keys() | others


@pytest.mark.parametrize("type_", TYPES, ids=str)
@pytest.mark.parametrize("step", CHAINS)
def test_sql_is_its_twin(step: str, type_: Type) -> None:
    if type_.kind not in TAKES.get(step, ANYTHING - {Kind.BINARY}):
        with pytest.raises(Misuse, match=r"bench\.yaml:10"):
            bench(step, type_)
        return
    value = st.none() | values_of(type_)
    agreed(bench(step, type_), st.tuples(value, value))


@pytest.mark.parametrize("key", TYPES, ids=str)
def test_a_table_is_looked_up_by_any_type(key: Type) -> None:
    """The rows are found by the value itself, by what it is in another type, and not by what merely reads alike."""

    @settings(max_examples=2, deadline=None)
    @given(st.lists(values_of(key), min_size=1, max_size=4, unique_by=repr), st.data())
    def agrees(keys: list[Any], data: st.DataObject) -> None:
        rows = [{"id": one, "name": None if n == 1 else f"name {n}"} for n, one in enumerate(_told_apart(keys))]
        others = {"named": (table("named", {"id": key, "name": "text"}), rows)}
        asking = data.draw(st.sampled_from([other for other in TYPES if implicit(other, key)]))
        chain = "{from: a, steps: [{lookup: {table: named, key: id, value: name}}]}"
        same = [st.sampled_from(keys)] if asking == key else []
        values = data.draw(st.lists(st.one_of(st.none(), values_of(asking), *same), min_size=1, max_size=8))
        Bench(chain=chain, types=(asking,), others=others).agree(*values)

    agrees()


def _told_apart(keys: list[Any]) -> list[Any]:
    """One of 0.0 and -0.0, which are one key."""
    return [one for n, one in enumerate(keys) if one not in keys[:n]]


@pytest.mark.parametrize(("method", "key"), REMAPS, ids=str)
def test_keys_of_any_type_are_remapped(method: str, key: Type) -> None:
    @settings(max_examples=2, deadline=None)
    @given(st.lists(values_of(key), min_size=1, max_size=5, unique=True), st.data())
    def agrees(keys: list[Any], data: st.DataObject) -> None:
        made = Bench(
            chain="{from: a, steps: [{remap: members}]}",
            types=(key,),
            others={"members": (table("members", {"id": key}), [{"id": one} for one in keys])},
            keys=f"{{members: {{{method}}}}}",
            edges=EDGE,
        )
        (crosswalk,) = made.compiled.crosswalks
        assert made.crosswalks["members"] == {one: crosswalk.new_key(one) for one in made.crosswalks["members"]}
        assert len(made.crosswalks["members"]) == len(keys)
        made.agree(*data.draw(st.lists(st.none() | st.sampled_from(keys) | values_of(key), min_size=1, max_size=8)))

    agrees()


@pytest.mark.parametrize("made", TYPES, ids=str)
def test_a_value_becomes_the_target_columns_by_itself_as_its_twin_says(made: Type) -> None:
    for source in (plain("text"), plain("integer"), plain("variant"), Type(kind=Kind.DECIMAL, precision=4, scale=4)):
        if implicit(source, made):
            agreed(Bench(chain="a", types=(source,), made=made), st.none() | values_of(source), examples=2)
