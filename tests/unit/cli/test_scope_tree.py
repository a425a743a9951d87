"""The tree of a scope: where tables lie in it, and that it is read at any width."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.console import Console

from migrator.cli.scope_tree import scope_tree
from migrator.engine.explain import Explanation, TableExplained, Way
from migrator.engine.scope import Scope, TableScope

FIRMS = TableExplained(scope=TableScope(name="firms", class_="owned", path="firms where id = 1", rows=1))


def below(name: str, *ways: tuple[str, str], passed_over: tuple[str, str] | None = None) -> TableExplained:
    told = [Way(reference="", by=by, parent=parent, chosen=True, why="", rows=2) for by, parent in ways]
    if passed_over:
        told.append(Way(reference="", by=passed_over[0], parent=passed_over[1], chosen=False, why="", rows=3))
    parents = tuple(parent for _, parent in ways)
    return TableExplained(
        scope=TableScope(name=name, class_="owned", path="", rows=1234, parents=parents), ways=tuple(told)
    )


def drawn(*tables: TableExplained, width: int = 200, ansi: bool = False) -> list[str]:
    scope = Scope(tables=tuple(table.scope for table in tables), crossings=(), left_behind=())
    console = Console(width=width, force_terminal=ansi, color_system="standard" if ansi else None)
    with console.capture() as capture:
        console.print(scope_tree(Explanation(scope=scope, tables=tables), "acme"))
    return [line.rstrip() for line in capture.get().splitlines()]


def test_a_table_lies_below_the_nearest_of_those_it_is_owned_through() -> None:
    tasks = below("tasks", ("owner_id", "people"), ("firm_id", "firms"), passed_over=("checker_id", "people"))
    lines = drawn(FIRMS, tasks, below("marks", ("task_id", "tasks")), below("people", ("firm_id", "firms")))
    assert [line[:12].rstrip() for line in lines[1:]] == ["acme", "└ firms", "  ├ tasks", "  │ └ marks", "  └ people"]
    assert lines[3].endswith("1 234         owner_id → people (2), firm_id (2); not checker_id → people (3)")


def test_tables_that_lead_to_each_other_alone_are_drawn_once() -> None:
    lines = drawn(FIRMS, below("one", ("a", "other")), below("other", ("b", "one")))
    assert sum("one" in line.split()[:2] for line in lines) == 1


def test_a_long_chain_stays_readable() -> None:
    chain = [below(f"t{number}", ("up", f"t{number - 1}" if number else "firms")) for number in range(60)]
    lines = drawn(FIRMS, *chain)
    assert len(lines) == 63
    assert all(line.index("t") < 30 for line in lines[3:])


def test_a_share_says_whether_it_is_an_estimate() -> None:
    people = below("people", ("firm_id", "firms"))
    for total, is_counted, said in (
        (12_340, False, "about 10 %"),
        (12_340, True, "10 %"),
        (1_234_000, False, "under 1 %"),
    ):
        [line] = [
            line for line in drawn(FIRMS, replace(people, total=total, is_counted=is_counted)) if "people" in line
        ]
        assert line.split("1 234")[1].strip().startswith(said)
        assert ("about" in line) is said.startswith("about")


def test_what_nobody_has_classified_is_red() -> None:
    lost = TableExplained(scope=TableScope(name="lost", class_="unclassified", path=""))
    assert any("\x1b[1;31mlost" in line for line in drawn(FIRMS, lost, ansi=True))


def test_rows_that_lead_to_others_undecided_are_red() -> None:
    told = Way(reference="", by="boss_id", parent="people", chosen=False, why="", outside=4, policy="undecided")
    people = below("people", ("firm_id", "firms"))
    lines = drawn(FIRMS, replace(people, ways=(*people.ways, told)), ansi=True)
    assert any("\x1b[1;31m; undecided: boss_id → people (4)" in line for line in lines)


def test_a_share_is_never_rounded_up_to_the_whole() -> None:
    people = replace(below("people", ("firm_id", "firms")), total=1235, is_counted=True)
    assert any(" 99 %" in line for line in drawn(FIRMS, people))


@pytest.mark.parametrize("width", [40, 80])
def test_a_narrow_terminal_keeps_names_and_numbers_whole(width: int) -> None:
    tables = [FIRMS, *(below(f"table_of_things_{number}", ("firm_id", "firms"), ("x", "firms")) for number in range(3))]
    lines = drawn(*tables, width=width)
    assert all(len(line) <= width for line in lines)
    assert sum("table_of_things_" in line and "1 234" in line for line in lines) == 3
