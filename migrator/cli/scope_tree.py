"""A scope as a tree: each table below the one it is owned through, with what leaves of it and why."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table as RichTable
from rich.text import Text

from migrator.cli.output import said_number
from migrator.engine.explain import Explanation, TableExplained, Way
from migrator.reports.tree import tree

_GROUPS = (
    ("shared", "shared"),
    ("excluded", "excluded"),
    ("foreign", "of other tenants"),
    ("unclassified", "unclassified"),
)
_RED = "bold red"


def scope_tree(explained: Explanation, tenant: str) -> RichTable:
    """The tree; what is undecided is red. Numbers stand below each other, so a row is one line of a table."""
    grid = RichTable(box=None, pad_edge=False, header_style="dim")
    lines = list(_lines(explained, tenant))
    for name, index in (("table", 0), ("rows", 1), ("share", 2)):
        widest = max(line[index].cell_len for line in lines)
        grid.add_column(name, justify="left" if index == 0 else "right", min_width=widest, overflow="fold")
    grid.add_column("by which path, or why not", overflow="fold")
    for line in lines:
        grid.add_row(*line)
    return grid


_Line = tuple[Text, Text, Text, Text]


def _lines(explained: Explanation, tenant: str) -> Iterator[_Line]:
    owned = {table.scope.name: table for table in explained.tables if table.scope.class_ == "owned"}
    yield _heading(tenant)
    for placed in tree({name: table.scope.parents for name, table in owned.items()}):
        yield _line(owned[placed.name], placed.guide, above=placed.above)
    for class_, heading in _GROUPS:
        tables = [table for table in explained.tables if table.scope.class_ == class_]
        if tables:
            style = _RED if class_ == "unclassified" else "bold"
            yield _blank()
            yield _heading(heading, style)
            yield from (_line(table, "  ", style if style == _RED else "") for table in tables)


def _line(table: TableExplained, guide: str, style: str = "", above: str | None = None) -> _Line:
    rows = said_number(table.scope.rows) if table.scope.class_ in ("owned", "shared") else ""
    return (
        Text.assemble((guide, "dim"), (table.scope.name, style)),
        Text(rows),
        Text(said_share(table), style="dim"),
        Text.assemble(*_why(table, above)),
    )


def said_share(table: TableExplained) -> str:
    """The part of the table that leaves: exact where it was counted, "about" where the platform guesses."""
    if table.share is None or table.scope.class_ not in ("owned", "shared"):
        return ""
    percent = 100 * table.share
    said = f"{int(percent)} %" if percent >= 1 or percent == 0 else "under 1 %"
    return said if table.is_counted else f"about {said}" if percent >= 1 else said


def _why(table: TableExplained, above: str | None) -> Iterator[tuple[str, str]]:
    scope = table.scope
    yield _paths(table, above) if above is not None else scope.path or scope.reason, ""
    of_others = [f"{count} {word}" for count, word in ((scope.carried, "carried"), (scope.stubs, "stubs")) if count]
    if of_others:
        yield f"; of others {', '.join(of_others)}", "yellow"
    undecided = [
        f"{way.by} → {way.parent} ({said_number(way.outside)})" for way in table.ways if way.policy == "undecided"
    ]
    if undecided:
        yield f"; undecided: {', '.join(undecided)}", _RED
    passed_over = [way for way in table.ways if not way.chosen and way.rows]
    if passed_over:
        yield f"; not {', '.join(_said(way) for way in passed_over)}", "dim"


def _paths(table: TableExplained, above: str) -> str:
    """Those that were chosen; where they lead to the table above, the tree says so."""
    chosen = [way for way in table.ways if way.chosen]
    return ", ".join(_said(way, above=above) for way in chosen)


def _said(way: Way, above: str | None = None) -> str:
    leads_to = "" if way.parent == above else f" → {way.parent}"
    return f"{way.by}{leads_to} ({said_number(way.rows)})"


def _heading(words: str, style: str = "bold") -> _Line:
    return Text(words, style=style), Text(), Text(), Text()


def _blank() -> _Line:
    return Text(), Text(), Text(), Text()
