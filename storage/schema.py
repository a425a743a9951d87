"""The nouns both halves share: tables, columns, keys and the types their values have. Frozen; change by `replace`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """A type class: one Arrow type and one canonical text form (storage.types; docs/archive-format.md § 5)."""

    BOOLEAN = "boolean"
    INTEGER = "integer"  # signed 64 bit
    FLOAT = "float"  # IEEE 754 binary64
    DECIMAL = "decimal"  # precision ≤ 76 and scale are known
    TEXT = "text"
    BINARY = "binary"
    DATE = "date"
    TIME = "time"
    TIMESTAMP = "timestamp"  # without time zone, microseconds
    TIMESTAMPTZ = "timestamptz"  # an instant, microseconds, UTC
    UUID = "uuid"
    JSON = "json"  # as written
    LITERAL = "literal"  # the canonical text of a native type that has no class of its own
    VARIANT = "variant"  # values of several types in one column, each tagged with its own


class Fidelity(StrEnum):
    """How faithfully the archive holds a column; LOSSY and UNSUPPORTED stop a run unless accepted by name."""

    EXACT = "exact"
    TEXT = "text"  # exact, held as canonical text with its type
    LOSSY = "lossy"
    UNSUPPORTED = "unsupported"


class Held(StrEnum):
    """Where a column's values are: in the cell, or (large values, attachments) under files/ by their hash."""

    INLINE = "inline"
    FILES = "files"


@dataclass(frozen=True, kw_only=True)
class Type:
    kind: Kind
    precision: int | None = None
    scale: int | None = None

    def __str__(self) -> str:
        return f"decimal({self.precision},{self.scale})" if self.kind is Kind.DECIMAL else self.kind.value


NULL_TOKEN = "\\N"  # noqa: S105 - not a secret


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A column whose values are files, or name them: the columns of the same row with their name and media type.

    Where `named`, the value stays in its cell, and the file it names stands under files/ beside it.
    """

    name_column: str | None = None
    type_column: str | None = None
    named: bool = False


class Affinity(StrEnum):
    """What a column that any value can be given to makes of those that are not of its own class."""

    NONE = "none"  # keeps each as it is
    NUMERIC = "numeric"  # makes numbers of texts, and integers of whole reals
    REAL = "real"  # makes reals of integers and of texts
    TEXT = "text"  # makes texts of numbers
    STRICT = "strict"  # takes none


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Which values of its type class a column takes as they are, beyond `max_length` and `choices`.

    Others it refuses, rounds, cuts or rewrites. Stated for the columns of targets; None, () and False limit nothing.
    """

    ranges: tuple[tuple[str | None, str | None], ...] = ()  # the least and the greatest value of each, canonical text
    never: tuple[str, ...] = ()  # among floats: NaN, INF, -INF, -0
    single: bool = False  # IEEE 754 binary32: other doubles are rounded
    fraction: int | None = None  # digits of a second: more are rounded
    max_bytes: int | None = None  # of a text as UTF-8, of binary
    fixed: bool = False  # shorter values are filled up to `max_length`
    trimmed: bool = False  # blanks at the end are lost
    characters: tuple[tuple[int, int], ...] = ()  # ranges of the code points it can hold
    pattern: str | None = None  # what a text looks like as a whole: a regular expression (RE2)
    affinity: Affinity | None = None  # where values of other classes than the column's can be given too
    parsed: bool = False  # documents are rewritten: keys in an order of the platform's own, each once


NO_LIMITS = Limits()


@dataclass(frozen=True, kw_only=True)
class Column:
    name: str
    type: Type
    native: str = ""  # the type as the platform writes it
    nullable: bool = True
    default: str | None = None  # the platform's own expression
    generated: bool = False
    identity: bool = False  # filled by the platform when left out: autoincrement, identity, serial
    max_length: int | None = None  # characters, where the platform declares it
    collation: str | None = None
    comment: str | None = None
    choices: tuple[str, ...] = ()  # the only values an enumerated column takes, in the platform's order
    limits: Limits = NO_LIMITS
    fidelity: Fidelity = Fidelity.EXACT
    held: Held = Held.INLINE
    null_token: str = NULL_TOKEN
    attachment: Attachment | None = None


@dataclass(frozen=True, kw_only=True)
class UniqueKey:
    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ForeignKey:
    """A declared foreign key: `columns` of its table point at `parent_columns` of `parent`."""

    name: str
    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]
    on_delete: str = "NO ACTION"
    on_update: str = "NO ACTION"
    deferrable: bool = False


class TableKind(StrEnum):
    """Where a table's rows are from: stored as they are, or computed from others, at every reading or at a refresh."""

    TABLE = "table"
    VIEW = "view"
    MATERIALIZED_VIEW = "materialized view"


@dataclass(frozen=True, kw_only=True)
class Table:
    """`name` is unique within its platform: a table outside the default schema goes by `schema.table`.

    A view is described as a table without keys, whatever its platform knows of them.
    """

    name: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    unique: tuple[UniqueKey, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    triggers: tuple[str, ...] = ()
    comment: str | None = None
    ddl: str | None = None  # documentation, never executed
    schema: str | None = None  # the schema it lies in, where that is not the platform's default
    kind: TableKind = TableKind.TABLE

    @property
    def is_view(self) -> bool:
        return self.kind is not TableKind.TABLE

    @property
    def local_name(self) -> str:
        """The name within its schema, as the platform knows it."""
        return self.name if self.schema is None else self.name.removeprefix(f"{self.schema}.")

    def column(self, name: str) -> Column:
        """The column of that name; KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True, kw_only=True)
class Schema:
    """What a platform holds. `platform` names the driver (`sqlite`), `version` the server's own version text."""

    platform: str
    version: str
    tables: tuple[Table, ...]
    views: tuple[Table, ...] = ()  # without columns where the platform cannot tell them
    sequences: dict[str, int] = field(default_factory=dict)
    home: str | None = None  # the schema of tables that name none; None where the platform has no schemas
    of_partitions: tuple[tuple[str, ForeignKey], ...] = ()  # keys that partitions alone declare, by their tables

    def table(self, name: str) -> Table:
        """The table of that name; KeyError if there is none."""
        for table in self.tables:
            if table.name == name:
                return table
        raise KeyError(name)

    @property
    def table_names(self) -> tuple[str, ...]:
        return tuple(table.name for table in self.tables)
