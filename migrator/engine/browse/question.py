"""What somebody wants to see of a table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mappings.nearest import nearest
from migrator.engine.browse.wide import is_wide
from storage.errors import Misuse
from storage.schema import Table

MOST_ROWS = 500
FILE, ROW = "file", "row"
"""Where a row stands in the archive."""


class Comparison(StrEnum):
    IS = "is"
    IS_NOT = "is not"
    CONTAINS = "contains"
    BEGINS = "begins"
    ABOVE = "above"
    BELOW = "below"
    EMPTY = "empty"
    FILLED = "filled"


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Of one column; `value` as it is shown, "" for those that need none."""

    column: str
    comparison: Comparison
    value: str = ""


@dataclass(frozen=True, kw_only=True)
class Question:
    """`sort` names a column, else rows come in the archive's order; `search` is looked for in every column's text."""

    conditions: tuple[Condition, ...] = ()
    search: str = ""
    sort: str = ""
    is_descending: bool = False
    after: int = 0  # rows to pass over
    rows: int = 50

    def require_sound(self, table: Table) -> None:
        """Misuse where it names what the table has not, or asks for more than a page."""
        for column in (*(one.column for one in self.conditions), *([self.sort] if self.sort else [])):
            if column not in table.column_names:
                raise Misuse(
                    f"the table has no column {column!r}", where=table.name, next=nearest(column, table.column_names)
                )
        if not 0 < self.rows <= MOST_ROWS or self.after < 0:
            raise Misuse(f"a page has 1 to {MOST_ROWS} rows", where=table.name, next="ask for fewer, page by page")

    def where(self, table: Table) -> tuple[str, list[str]]:
        """A condition over the table's columns, and its parameters; a parameter is read as what its column holds."""
        parts, parameters = [], list[str]()
        for one in self.conditions:
            part, given = _condition(named(table, one.column), one, is_wide=is_wide(table.column(one.column)))
            parts.append(part)
            parameters += given
        if self.search:
            columns = [f"contains(lower({named(table, name)}::VARCHAR), lower(?))" for name in table.column_names]
            parts.append(f"({' OR '.join(columns) or 'false'})")
            parameters += [self.search] * len(columns)
        return " AND ".join(parts) or "true", parameters

    def order(self, table: Table) -> str:
        """The clause; those that are equal stay in the archive's order, in which rows come without one."""
        if not self.sort:
            return ""
        direction = "DESC" if self.is_descending else "ASC"
        by = named(table, self.sort)
        size = f"{by}::DOUBLE {direction} NULLS LAST, " if is_wide(table.column(self.sort)) else ""
        return f"ORDER BY {size}{by} {direction} NULLS LAST, {FILE}, {ROW}"


_OPERATORS = {
    Comparison.IS: "IS NOT DISTINCT FROM",
    Comparison.IS_NOT: "IS DISTINCT FROM",
    Comparison.ABOVE: ">",
    Comparison.BELOW: "<",
}
_ALONE = {Comparison.EMPTY: "IS NULL", Comparison.FILLED: "IS NOT NULL"}
_TEXTS = {Comparison.CONTAINS: "contains", Comparison.BEGINS: "starts_with"}


def named(table: Table, column: str) -> str:
    """What a column is called in a query: by its place, since names may be anything."""
    return f"c{table.column_names.index(column)}"


def _condition(name: str, one: Condition, *, is_wide: bool) -> tuple[str, list[str]]:
    if one.comparison in _ALONE:
        return f"{name} {_ALONE[one.comparison]}", []
    if one.comparison in _TEXTS:
        return f"{_TEXTS[one.comparison]}(lower({name}::VARCHAR), lower(?))", [one.value]
    if is_wide and one.comparison in (Comparison.ABOVE, Comparison.BELOW):
        return f"{name}::DOUBLE {_OPERATORS[one.comparison]} ?::DOUBLE", [one.value]
    return f"{name} {_OPERATORS[one.comparison]} ?", [one.value]
