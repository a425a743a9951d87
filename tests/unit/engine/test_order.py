"""The order tables are worked in."""

from hypothesis import given
from hypothesis import strategies as st

from migrator.engine.order import parents_first
from storage.schema import ForeignKey, Table


def table(name: str, *parents: str) -> Table:
    keys = (ForeignKey(name=p, columns=("x",), parent=p, parent_columns=("id",)) for p in parents)
    return Table(name=name, columns=(), foreign_keys=tuple(keys))


@given(st.lists(st.lists(st.integers(0, 9), max_size=3), min_size=1, max_size=10), st.randoms())
def test_parents_come_before_children(parents: list[list[int]], random) -> None:  # type: ignore[no-untyped-def]
    tables = [table(f"t{n}", *(f"t{p}" for p in above if p <= n)) for n, above in enumerate(parents)]
    random.shuffle(tables)
    ordered = [one.name for one in parents_first(tables)]
    assert sorted(ordered) == sorted(one.name for one in tables)
    for one in tables:
        for key in one.foreign_keys:
            assert key.parent == one.name or ordered.index(key.parent) < ordered.index(one.name)


def test_a_cycle_is_broken_somewhere_and_what_hangs_on_it_follows() -> None:
    tables = [table("leaf", "a"), table("a", "b"), table("b", "a", "top"), table("top"), table("other", "elsewhere")]
    ordered = [one.name for one in parents_first(tables)]
    assert set(ordered) == {"leaf", "a", "b", "top", "other"}
    assert ordered.index("leaf") > ordered.index("a")
    assert ordered.index("b") > ordered.index("top")
