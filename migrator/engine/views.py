"""Views whose rows the plan asks for: taken like tables without a key, by a path of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from mappings.nearest import nearest
from migrator.plan import ScopeRules
from storage.errors import Fault, Misuse, Red, TransientFault
from storage.schema import Schema, Table

UNREACHED = (
    "say which of its columns points at the tenant's rows:"
    " scope.references: [{{table: {name}, column: …, to: table.column}}]; or take it out of scope.views"
)


def with_views(schema: Schema, rules: ScopeRules) -> Schema:
    """The schema with the views the plan asks for among its tables.

    Misuse for one that is not there, or that the plan also calls shared or excluded; Fault for one whose columns the
    platform cannot tell.
    """
    asked = tuple(_view(schema, rules, name) for name in rules.views)
    return replace(schema, tables=(*schema.tables, *asked))


def _view(schema: Schema, rules: ScopeRules, name: str) -> Table:
    where = rules.lines[f"views.{name}"]
    found = next((view for view in schema.views if view.name == name), None)
    if found is None:
        is_table = name in schema.table_names
        next_ = "tables leave without being asked for" if is_table else nearest(name, [v.name for v in schema.views])
        raise Misuse(f"the source has no view {name!r}", where=where, next=next_)
    if name in rules.shared:
        raise Misuse(
            f"{name} is a view, and whose rows it shows only a path can tell",
            where=rules.lines[f"shared.{name}"],
            next=f"take it out of scope.shared; {UNREACHED.format(name=name)}",
        )
    if name in rules.excluded:
        raise Misuse(
            f"the view {name} is both asked for and excluded",
            where=rules.lines[f"excluded.{name}"],
            next="keep one of the two; a view nobody asks for stays behind",
        )
    if not found.columns:
        raise Fault(
            "the platform cannot tell the view's columns: it reads what is not there, or what this user may not",
            where=name,
            next=f"have an administrator grant what it reads, {_MEND}",
        )
    return found


_MEND = "mend the view, or take it out of scope.views"


@contextmanager
def naming(table: Table) -> Iterator[None]:
    """Where a platform cannot compute a view, say which one: its own words may be of a table nobody asked for."""
    try:
        yield
    except (Fault, Misuse, Red) as error:
        if not table.is_view or isinstance(error, TransientFault):
            raise
        raise type(error)(
            f"the {table.kind} cannot be read: {error.what}", where=table.name, next=f"{error.next}; else {_MEND}"
        ) from error


def require_settled(table: Table, found: int, read: int) -> None:
    """Red where two readings of a view within the fence gave other numbers of rows."""
    if table.is_view and found != read:
        raise Red(
            f"the {table.kind} gave {found} rows when they were found, and {read} when they were read",
            where=table.name,
            next=f"it computes its rows from the clock, by chance or by what no fence holds still: {_MEND}",
        )
