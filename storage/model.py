"""What a platform declares beside columns and keys, as nouns a restore builds from: `schema/model.json` of an archive.

Descriptions, never scripts: a name is a name and an expression is one scalar expression of the platform's own. What it
says of other tenants is nothing: no last value of a sequence, no statistics. An archive without a model (of an older
version) restores with what its descriptor says.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

from storage.described import built
from storage.errors import Red

MODEL = "schema/model.json"


@dataclass(frozen=True, kw_only=True)
class Check:
    """A condition every row satisfies; not `valid`: rows from before it was declared may not."""

    name: str
    expression: str
    valid: bool = True
    column: str | None = None  # the one it was declared with, where a platform tells these from a table's own
    inherited: bool = True  # by heirs of the table too
    comment: str | None = None


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """A field of a composite type."""

    name: str
    native: str
    collation: str | None = None
    comment: str | None = None


@dataclass(frozen=True, kw_only=True)
class NativeType:
    """A type somebody made: what the columns of `native` types need before they can be declared."""

    name: str  # as a column's `native` writes it
    schema: str | None
    kind: str  # enum | domain | composite | range | collation
    labels: tuple[str, ...] = ()  # of an enum, in order
    base: str | None = None  # of a domain, with its modifiers; the subtype of a range
    nullable: bool = True  # of a domain
    default: str | None = None
    collation: str | None = None
    checks: tuple[Check, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    options: dict[str, str] = field(default_factory=dict)  # of a range: what it was made with
    comment: str | None = None


@dataclass(frozen=True, kw_only=True)
class Sequence:
    """A generator of numbers, without where it stands: a restore moves it beyond the restored keys."""

    name: str
    schema: str | None
    type: str = "bigint"
    start: int = 1
    increment: int = 1
    least: int | None = None
    greatest: int | None = None
    cycle: bool = False
    cache: int = 1
    owner: str | None = None  # the table it goes away with
    owner_column: str | None = None
    comment: str | None = None


@dataclass(frozen=True, kw_only=True)
class Generated:
    """A column the platform computes."""

    column: str
    expression: str
    stored: bool = True


@dataclass(frozen=True, kw_only=True)
class IdentityColumn:
    """A column the platform numbers: always, or only where it is left out. `sequence` has the numbering's own name."""

    column: str
    always: bool = False
    sequence: Sequence | None = None


@dataclass(frozen=True, kw_only=True)
class IndexPart:
    """A column or an expression (one of both) of an index, and how it is ordered there."""

    column: str | None = None
    expression: str | None = None
    descending: bool = False
    nulls_first: bool | None = None  # None: the platform's default
    collation: str | None = None
    operator_class: str | None = None
    length: int | None = None  # characters or bytes of a prefix


@dataclass(frozen=True, kw_only=True)
class Index:
    """`constraint`: it stands for a key declared with the table (p primary, u unique), which the descriptor has."""

    name: str
    parts: tuple[IndexPart, ...]
    unique: bool = False
    method: str | None = None  # btree, hash, gin, fulltext, spatial, …
    included: tuple[str, ...] = ()
    where: str | None = None
    nulls_distinct: bool = True
    constraint: str | None = None
    deferrable: bool = False
    initially_deferred: bool = False
    options: dict[str, str] = field(default_factory=dict)
    comment: str | None = None


@dataclass(frozen=True, kw_only=True)
class Exclusion:
    """No two rows for which all operators hold between their parts."""

    name: str
    method: str
    parts: tuple[IndexPart, ...]
    operators: tuple[str, ...]
    where: str | None = None
    deferrable: bool = False
    initially_deferred: bool = False
    comment: str | None = None


@dataclass(frozen=True, kw_only=True)
class ReferenceDetail:
    """What a foreign key is beside what the descriptor says of it."""

    name: str
    valid: bool = True
    match: str = "SIMPLE"
    initially_deferred: bool = False
    set_columns: tuple[str, ...] = ()  # of ON DELETE SET NULL | DEFAULT, where not all
    comment: str | None = None


@dataclass(frozen=True, kw_only=True)
class Partition:
    """A part of a partitioned table; `bound` and `partitioned_by` as the platform writes them."""

    name: str
    schema: str | None
    bound: str
    partitioned_by: str | None = None
    parts: tuple[Partition, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TableModel:
    table: str  # its name in the descriptor
    checks: tuple[Check, ...] = ()
    indexes: tuple[Index, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    references: tuple[ReferenceDetail, ...] = ()
    generated: tuple[Generated, ...] = ()
    identities: tuple[IdentityColumn, ...] = ()
    collations: dict[str, str] = field(default_factory=dict)  # column → the collation it was declared with
    on_update: dict[str, str] = field(default_factory=dict)  # column → the expression it gets at every UPDATE
    invisible: tuple[str, ...] = ()  # columns that SELECT * leaves out
    reference_systems: dict[str, int] = field(default_factory=dict)  # column → the SRID of its shapes
    options: dict[str, str] = field(default_factory=dict)  # engine, character set, STRICT, WITHOUT ROWID, unlogged, …
    partitioned_by: str | None = None
    partitions: tuple[Partition, ...] = ()
    inherits: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()  # what the platform declares of it and nothing here can say


@dataclass(frozen=True, kw_only=True)
class View:
    """Documentation: a restore makes no views, for it executes no statement an archive brings."""

    name: str
    definition: str
    materialized: bool = False
    comment: str | None = None


@dataclass(frozen=True, kw_only=True)
class Model:
    platform: str
    search_path: tuple[str, ...] = ()  # the schemas beside the default one in which bare names are looked up
    extensions: tuple[str, ...] = ()  # one outside the default schema goes by `schema.extension`
    types: tuple[NativeType, ...] = ()  # in an order in which each needs only those before it
    sequences: tuple[Sequence, ...] = ()  # those that are no identity's
    tables: tuple[TableModel, ...] = ()
    views: tuple[View, ...] = ()
    options: dict[str, str] = field(default_factory=dict)  # of the database itself: user_version, encoding, …
    notes: tuple[str, ...] = ()  # what the platform declares beside tables and nothing here can say

    def table(self, name: str) -> TableModel:
        """What is known of that table; nothing beside its name where nothing is."""
        return next((one for one in self.tables if one.table == name), TableModel(table=name))


def rendered(model: Model) -> bytes:
    """As it stands in an archive."""
    return (json.dumps(asdict(model), ensure_ascii=False, indent=2) + "\n").encode()


def parsed(content: bytes, *, where: str) -> Model:
    """The way back from `rendered`. Red where it is not what a model is."""
    try:
        return built(Model, json.loads(content), "the model")
    except (ValueError, RecursionError) as error:
        raise Red(f"corrupt: {error}", where=where, next="get another copy of the archive") from error
