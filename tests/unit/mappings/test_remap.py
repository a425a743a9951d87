from __future__ import annotations

import uuid
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.steps.remap import Remap
from storage.errors import Misuse
from tests.unit.mappings.bench import TENANT, UNFIT, Bench, plain, table
from tests.unit.mappings.strategies import TEXTS

EDGE = """
  new_members:
    edges:
      - from: members
        columns: {id: {from: id, steps: [{remap: members}]}}
"""


def bench(
    keys: list[Any], kind: str = "integer", method: str = "method: uuid5", types: tuple[str, ...] = ("integer",)
) -> Bench:
    members = (table("members", {"id": kind}), [{"id": key} for key in keys])
    return Bench(
        chain="{from: a, steps: [{remap: members}]}",
        types=types,
        others={"members": members},
        keys=f"{{members: {{{method}}}}}",
        edges=EDGE,
    )


KEYS = [1, 2, -7, 2**63 - 1]
NUMBERED = bench(KEYS)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.none() | st.sampled_from(KEYS) | st.integers(0, 5), min_size=1, max_size=20))
def test_sql_is_its_twin(values: list[int | None]) -> None:
    NUMBERED.agree(*values)


@settings(max_examples=15, deadline=None)
@given(st.sets(TEXTS, min_size=1, max_size=10))
def test_uuid5_in_sql_is_pythons(keys: set[str]) -> None:
    made = bench(sorted(keys), "text", types=("text",))
    (crosswalk,) = made.compiled.crosswalks
    namespace = uuid.uuid5(uuid.NAMESPACE_URL, f"migrator:{TENANT}:members")
    assert made.crosswalks["members"] == {key: str(uuid.uuid5(namespace, key)) for key in keys}
    assert made.crosswalks["members"] == {key: crosswalk.new_key(key) for key in keys}


def test_an_orphan_is_counted_and_null_stays_null() -> None:
    assert NUMBERED.sql(None) == [None]
    NUMBERED.given(1, 99, None)
    ((count, examples, severity, what),) = NUMBERED.probes()
    assert (count, examples, severity) == (1, ["99"], "red")
    assert "orphan" in what


def test_a_row_that_is_not_carried_leaves_orphans() -> None:
    members = (table("members", {"id": "integer"}), [{"id": 1}, {"id": 2}])
    made = Bench(
        chain="{from: a, steps: [{remap: members}]}",
        types=("integer",),
        others={"members": members},
        keys="{members: {method: uuid5}}",
        edges=EDGE.replace("        columns:", "        where: id <> 2\n        because: gone\n        columns:"),
    )
    assert made.sql(2) == [UNFIT]
    assert list(made.crosswalks["members"]) == [1]


def test_a_key_that_leaves_the_target_type_is_found() -> None:
    members = (table("members", {"id": "integer"}), [{"id": 2**63 - 1}])
    made = Bench(
        chain="id",
        types=("integer",),
        others={"members": members},
        keys="{members: {method: offset, by: 1}}",
        edges=EDGE,
    )
    made.given(1)
    assert "the new key does not fit" in " ".join(what for *_, what in made.probes())
    with pytest.raises(ValueError, match="64 bits"):
        made.compiled.crosswalks[0].new_key(2**63 - 1)


def test_the_crosswalk_turned_around_leads_back() -> None:
    step = Remap(table="members")
    back = step.inverse((plain("integer"),)).step
    assert back == step
    there = NUMBERED.crosswalks["members"]
    assert {new: old for old, new in there.items()}[NUMBERED.sql(-7)[0]] == -7


def test_offset_and_keep() -> None:
    assert bench([1, 2], method="method: offset, by: 1000").sql(2) == ["1002"]  # the new key is text, as its column
    assert bench([1, 2], method="method: keep").sql(2) == ["2"]


def test_a_table_without_keys_entry_is_refused() -> None:
    with pytest.raises(Misuse, match="no crosswalk"):
        Bench(chain="{from: a, steps: [{remap: members}]}", types=("integer",))
