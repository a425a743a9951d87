"""From SQLite to SQLite under the same names: every value arrives as it is, of its own storage class, or is red."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from migrator.engine.load import Identity, load
from migrator.engine.workbench import workbench
from migrator.outcomes import Verdict
from tests.conformance.platforms import SqlitePlatform
from tests.unit.engine.support import checked, taken

Value = int | float | str | bytes | None

INFINITE = float("inf")
EXACT: tuple[tuple[str, Sequence[Value]], ...] = (
    ("DATE", (2460370, None)),  # a day's number
    ("DATETIME", (1711850400, 1711850400.5)),
    ("DATETIME", ("2024-03-31", 1711850400)),
    ("DATE", (INFINITE, "never")),
    ("DATE", (-INFINITE, 1.5)),
    ("JSON", ("{}", 7)),
    ("JSONB", (b"\x0c", b"")),
    ("UUID", (b"\x12\x34", "a")),
    ("TIMESTAMP", (1e300, 5e-324)),
    ("DECIMAL(10,2)", (12.5, 7)),
    ("NUMERIC", (2**53 + 1, 0.5)),
    ("INTEGER", (1, "n/a")),
    ("INTEGER", (1.5, b"1")),
    ("BOOLEAN", (1, "yes")),
    ("REAL", (INFINITE, "Inf")),
    ("REAL", (-INFINITE, 1e18)),
    ("REAL", (b"1.5", "x")),
    ("TEXT", ("007", b"007")),
    ("TEXT", ("a\0b", "1e3")),
    ("TEXT", ("INF", " 7 ")),
    ("BLOB", ("text", "007")),
    ("BLOB", (b"a", "a")),
    ("BLOB", (-0.0, INFINITE)),
    ("", (-0.0, 7.0)),
    ("", ("1.50", 1)),
    ("", (b"", "")),
    ("BOOLEAN TEXT", ("1", "0")),
    ("STRING", ("abc", 7)),
    ("FLOATING POINT", (2**53 + 1, -5)),
)
RED: tuple[tuple[str, str, Sequence[Value], str, str], ...] = (  # declared there, here, values, told, shown
    ("TEXT", "DATE", ("007", "x"), "text would become a number", "007"),
    ("TEXT", "JSON", ("1.50", "{}"), "text would become a number", "1.50"),
    ("", "UUID", ("1e3", "x"), "text would become a number", "1e3"),
    ("", "DECIMAL(9,2)", ("12.50", "x"), "text would become a number", "12.50"),
    ("", "INTEGER", (" 7", 1), "text would become a number", "t: 7"),
    ("", "REAL", ("+.5", 1.5), "text would become a number", "t:+.5"),
    ("TEXT", "REAL", ("INF", "1"), "text would become a number", "INF"),
    ("", "REAL", (3, "x"), "integer would become a real", "i:3"),
    ("", "TEXT", (3, "x"), "number would become a text", "i:3"),
    ("", "TEXT", (INFINITE, "x"), "number would become a text", "r:INF"),
    ("", "NUMERIC", (7.0, "x"), "real would become an integer", "r:7"),
    ("", "NUMERIC", (-0.0, 1.5), "does not hold NaN, -0", "-0.0"),
    ("REAL", "NUMERIC", (1e18, 1.5), "real would become an integer", "1e+18"),
)


@pytest.fixture
def platforms(tmp_path: Path) -> tuple[SqlitePlatform, SqlitePlatform]:
    return SqlitePlatform(tmp_path / "from.db"), SqlitePlatform(tmp_path / "to.db")


def table(declared: Sequence[str]) -> str:
    return f"CREATE TABLE t (id INTEGER PRIMARY KEY, {', '.join(f'c{i} {one}' for i, one in enumerate(declared))});"


def as_it_is(count: int) -> str:
    lines = ["mapping: m", "version: 1", "tables:", "  t:", "    edges:", "      - from: t", "        columns:"]
    return "\n".join([*lines, "          id: id", *(f"          c{i}: c{i}" for i in range(count))])


def said(platform: SqlitePlatform, count: int) -> list[tuple[object, ...]]:
    """Every value with its storage class; repr() tells the zeros apart."""
    columns = ", ".join(f"typeof(c{i}), c{i}" for i in range(count))
    return [tuple(map(repr, row)) for row in platform.rows(f"SELECT {columns} FROM t ORDER BY id")]


def filled(platform: SqlitePlatform, columns: Sequence[Sequence[Value]]) -> None:
    platform.insert("t", [(i, *row) for i, row in enumerate(zip(*columns, strict=True))])


def test_every_value_arrives_of_its_own_storage_class(platforms: tuple[SqlitePlatform, SqlitePlatform]) -> None:
    source, target = platforms
    for platform in platforms:
        platform.run(table([declared for declared, _ in EXACT]))
    filled(source, [values for _, values in EXACT])
    with workbench() as bench:
        found = checked(bench, taken(source, "root: database")[1], as_it_is(len(EXACT)), target)
        assert found.problems == () and found.prepared is not None
        identity = Identity(run="r1", plan="p", tenant="acme", archive="a", seal="s")
        loaded = load(found.prepared, target.target(), identity, rehearse=False)
    assert loaded.verdict is Verdict.GREEN
    assert said(target, len(EXACT)) == said(source, len(EXACT))
    assert {note.where.rpartition(".")[2] for note in found.notes} >= {"c11", "c17", "c20"}  # of another class


def test_what_would_not_stay_is_red_with_its_values(platforms: tuple[SqlitePlatform, SqlitePlatform]) -> None:
    source, target = platforms
    source.run(table([there for there, *_ in RED]))
    target.run(table([here for _, here, *_ in RED]))
    filled(source, [values for _, _, values, *_ in RED])
    with workbench() as bench:
        found = checked(bench, taken(source, "root: database")[1], as_it_is(len(RED)), target)
    told = {problem.where.rpartition(".")[2]: problem for problem in found.problems}
    assert len(told) == len(found.problems) == len(RED)
    for i, (_, _, _, what, shown) in enumerate(RED):
        assert what in told[f"c{i}"].what
        assert (told[f"c{i}"].count, told[f"c{i}"].examples) == (1, (shown,))
        assert told[f"c{i}"].next
