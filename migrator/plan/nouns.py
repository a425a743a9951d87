"""The nouns of a plan file: what it says, once it is read."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from mappings.nearest import nearest
from migrator.contracts import NO_TRIGGERS, ReadLimits, Triggers
from migrator.plan.retention import Retention
from storage.errors import Misuse
from storage.problem import Problem

Scalar = str | int | float | bool | None


@dataclass(frozen=True, kw_only=True)
class TableRoot:
    """The tenant is the rows of `table` whose columns have these values; `where` is never empty."""

    table: str
    where: tuple[tuple[str, Scalar], ...]
    at: str


@dataclass(frozen=True, kw_only=True)
class ColumnRoot:
    """The tenant is every row whose `column` has this value."""

    column: str
    value: Scalar
    at: str


@dataclass(frozen=True, kw_only=True)
class SeveralRoots:
    """The tenant is several rows, of one table or of many; at least two."""

    roots: tuple[TableRoot, ...]
    at: str


@dataclass(frozen=True, kw_only=True)
class SchemaRoot:
    """Every table of the schema is the tenant's; tables of the schemas `others` names are other tenants'."""

    schema: str
    others: tuple[str, ...] = ()  # names, or patterns of them; the tenant's own is never meant
    at: str


@dataclass(frozen=True, kw_only=True)
class DatabaseRoot:
    """The whole database is the tenant's, and the plan says so."""

    at: str


Root = TableRoot | SeveralRoots | ColumnRoot | SchemaRoot | DatabaseRoot


def root_rows(root: Root) -> tuple[TableRoot, ...]:
    """The rows that a root names by their tables; none where it names no table."""
    if isinstance(root, SeveralRoots):
        return root.roots
    return (root,) if isinstance(root, TableRoot) else ()


@dataclass(frozen=True, kw_only=True)
class DeclaredReference:
    """A reference the source does not declare; polymorphic where `type_column` says which table is meant."""

    table: str
    columns: tuple[str, ...]
    parent: str | None = None
    parent_columns: tuple[str, ...] = ()
    type_column: str | None = None
    types: tuple[tuple[str, str], ...] = ()  # value → parent table
    at: str


@dataclass(frozen=True, kw_only=True)
class AttachmentRule:
    """A column whose values are files, or, with a `base`, name files below it.

    The other columns are those of the same row that say the file's name, media type, size and hash.
    """

    table: str
    column: str
    name_column: str | None = None
    type_column: str | None = None
    size_column: str | None = None
    hash_column: str | None = None
    base: str | None = field(default=None, repr=False)  # may hold a password
    most: int = 1 << 30  # bytes of one file that is fetched
    at: str

    @property
    def label(self) -> str:
        """As messages and `accept` name it."""
        return f"{self.table}.{self.column}"

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column it names."""
        named = (self.column, self.name_column, self.type_column, self.size_column, self.hash_column)
        return tuple(column for column in named if column is not None)


@dataclass(frozen=True, kw_only=True)
class Guess:
    """An entry of the scope that a program wrote, and `why`; nobody has said yet that it is true."""

    entry: str
    why: str
    at: str

    @property
    def question(self) -> Problem:
        """What is open as long as `guessed` stands in the plan."""
        return Problem(
            where=self.at,
            what=f"guessed, and confirmed by nobody: {self.entry} ({self.why})",
            next="look at it; delete `guessed` where it is true, correct or delete the entry where it is not",
        )


@dataclass(frozen=True, kw_only=True)
class SubjectRules:
    """Of a table whose rows are people: what is about one of them, where the schema is not enough."""

    paths: dict[str, tuple[str, ...]] = field(default_factory=dict)  # table → references that make a row the person's
    shared: tuple[str, ...] = ()  # tables whose rows come along in full where the person's rows point at them
    excluded: dict[str, str] = field(default_factory=dict)  # table → reason
    foreign: dict[str, str] = field(default_factory=dict)  # table.column → policy
    withheld: dict[str, str] = field(default_factory=dict)  # table.column → the reason why it is not in the export
    disclosed: dict[str, str] = field(default_factory=dict)  # table.column → the reason why it is, all the same
    mentions: tuple[str, ...] = ()  # columns of the person's row whose values are looked for elsewhere
    lines: dict[str, str] = field(default_factory=dict)  # what a name was said of → file:line


@dataclass(frozen=True, kw_only=True)
class ScopeRules:
    root: Root
    shared: dict[str, str] = field(default_factory=dict)  # table → referenced | whole
    views: tuple[str, ...] = ()  # those whose rows leave
    excluded: dict[str, str] = field(default_factory=dict)  # table → reason
    references: tuple[DeclaredReference, ...] = ()
    paths: dict[str, tuple[str, ...]] = field(default_factory=dict)  # table → references by their column names
    members: dict[str, tuple[str, ...]] = field(default_factory=dict)  # table → table.column whose rows it belongs to
    foreign: dict[str, str] = field(default_factory=dict)  # table.column → policy
    attachments: tuple[AttachmentRule, ...] = ()
    accept: dict[str, str] = field(default_factory=dict)  # table.column → reason, for lossy columns
    guesses: tuple[Guess, ...] = ()
    subjects: dict[str, SubjectRules] = field(default_factory=dict)  # table of people → what is said of their rows
    withheld: dict[str, str] = field(default_factory=dict)  # of a person's export: table.column → reason
    lines: dict[str, str] = field(default_factory=dict)  # what a name was said of → file:line


@dataclass(frozen=True, kw_only=True)
class SourcePlan:
    url: str
    scope: ScopeRules
    limits: ReadLimits = field(default_factory=ReadLimits)


@dataclass(frozen=True, kw_only=True)
class FileRule:
    """A column of the target that names files below `base`: those that come with the rows it is filled from.

    `source` is the column of the source that holds or names them, where the mapping does not tell.
    """

    table: str
    column: str
    base: str = field(repr=False)  # may hold a password
    source: str | None = None
    at: str

    @property
    def label(self) -> str:
        """As messages name it."""
        return f"{self.table}.{self.column}"


@dataclass(frozen=True, kw_only=True)
class TargetPlan:
    url: str
    on_match: dict[str, str]  # target table → policy; "" is the default
    max_lock_s: int | None = None
    rehearsal_max_age: timedelta = timedelta(days=7)
    triggers: Triggers = NO_TRIGGERS
    attachments: tuple[FileRule, ...] = ()
    lines: dict[str, str] = field(default_factory=dict)  # table of on_match → file:line

    def require_known(self, tables: Sequence[str]) -> None:
        """Misuse where on_match names a table that the mapping, which fills `tables`, does not fill."""
        for name, line in self.lines.items():
            if name not in tables:
                raise Misuse(f"the mapping fills no table {name!r}", where=line, next=nearest(name, tables))

    def policy(self, table: str) -> str:
        return self.on_match.get(table, self.on_match[""])


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A plan as read. `text` is what the seal covers: `${…}` unexpanded, so that it holds no secret."""

    name: str
    tenant: str
    file: str
    text: str
    source: SourcePlan | None
    store: str | None
    mapping: str | None
    target: TargetPlan | None
    retention: Retention | None = None

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    def needs_source(self) -> SourcePlan:
        if self.source is None:
            raise self._lacks("source")
        return self.source

    def needs_target(self) -> TargetPlan:
        if self.target is None:
            raise self._lacks("target")
        return self.target

    def needs_retention(self) -> Retention:
        if self.retention is None:
            raise self._lacks("retention")
        return self.retention

    def needs_mapping(self) -> str:
        if self.mapping is None:
            raise self._lacks("mapping")
        return self.mapping

    def _lacks(self, part: str) -> Misuse:
        return Misuse(f"the plan names no {part}", where=self.file, next=f"add `{part}:` to the plan")
