"""What a draft proposes, and what it saw that speaks for it. Nothing of it is decided."""

from __future__ import annotations

from dataclasses import dataclass, field

from migrator.engine.draft.evidence import MOST_ROWS


@dataclass(frozen=True, kw_only=True)
class Share:
    """`found` of `values` distinct values are keys of the parent; of all rows where `whole`."""

    found: int
    values: int
    whole: bool
    unread: str = ""  # why there are none

    def __str__(self) -> str:
        if not self.values:
            empty = "the column is empty" if self.whole else f"empty in {_first_rows()}"
            return f"nothing to compare: {self.unread or empty}"
        return f"{self.found} of {self.values} values are there" + ("" if self.whole else f", of {_first_rows()}")

    @property
    def part(self) -> float:
        return self.found / self.values if self.values else 0.0


def _first_rows() -> str:
    return f"the first {MOST_ROWS:,} rows".replace(",", " ")


@dataclass(frozen=True, kw_only=True)
class ProposedReference:
    """Columns that look as if they pointed at columns of another table, undeclared."""

    table: str
    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]
    why: str
    share: Share
    others: tuple[str, ...] = ()  # what else they may point at, with their shares

    @property
    def guessed(self) -> str:
        return f"{self.why}; {self.share}"


@dataclass(frozen=True, kw_only=True)
class ProposedType:
    """One value of a type column, and the table it means."""

    value: str
    parent: str
    share: Share


@dataclass(frozen=True, kw_only=True)
class ProposedPolymorphic:
    """A column whose table is said by another; `unknown` are the values that name no table."""

    table: str
    column: str
    type_column: str
    types: tuple[ProposedType, ...]
    unknown: tuple[str, ...] = ()

    @property
    def guessed(self) -> str:
        return "; ".join(f"{one.value}: {one.share}" for one in self.types)


@dataclass(frozen=True, kw_only=True)
class ProposedShared:
    """A table that the tenant's rows point at and that leads to no tenant."""

    table: str
    rows: str
    pointing: tuple[str, ...]

    @property
    def guessed(self) -> str:
        return f"{self.rows}; pointed at by {', '.join(self.pointing)}; nothing leads from it to the tenant"


@dataclass(frozen=True, kw_only=True)
class TenantColumn:
    """A column that several tables have and that may say whose a row is."""

    column: str
    tables: int
    of: int
    leading: int  # keys of several columns that begin with it
    examples: tuple[str, ...]
    tenants: str  # how many different values were seen
    is_of_most: bool  # most tables have it, and keys of theirs begin with it

    @property
    def guessed(self) -> str:
        first = f", first in {self.leading} key(s)" if self.leading else ""
        return f"in {self.tables} of {self.of} tables{first}; {self.tenants}"


@dataclass(frozen=True, kw_only=True)
class TenantTable:
    """A table whose rows may be the tenants: `reached` of the other tables lead to it."""

    table: str
    column: str
    reached: int
    of: int
    rows: str
    examples: tuple[str, ...]

    @property
    def guessed(self) -> str:
        return f"{self.reached} of {self.of} other tables lead to it; {self.rows}"


@dataclass(frozen=True, kw_only=True)
class ProposedRoot:
    """Who the tenant is: a row of `table`, or every row with this `column`; without a value, a person names it."""

    table: str | None
    column: str
    value: str | int | None = None
    guessed: str = ""  # why; empty where a person said it


@dataclass(frozen=True, kw_only=True)
class Undecided:
    """A table that nothing was proposed for, and what was seen of it."""

    table: str
    seen: str


@dataclass(frozen=True, kw_only=True)
class Draft:
    platform: str
    tables: int
    tenant: str
    root: ProposedRoot | None
    tenant_tables: tuple[TenantTable, ...] = ()
    tenant_columns: tuple[TenantColumn, ...] = ()
    references: tuple[ProposedReference, ...] = ()
    polymorphic: tuple[ProposedPolymorphic, ...] = ()
    shared: tuple[ProposedShared, ...] = ()
    owned: dict[str, str] = field(default_factory=dict)  # table → the references that lead from it to the root
    unclassified: tuple[Undecided, ...] = ()
    notes: tuple[str, ...] = ()
