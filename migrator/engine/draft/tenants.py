"""Who the tenants may be: tables that the others lead to, and columns that the others share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from migrator.engine.draft.evidence import Evidence, Sample, shown
from migrator.engine.draft.meaning import KEY_KINDS, Meanings
from migrator.engine.draft.proposal import TenantColumn, TenantTable
from migrator.engine.draft.vocabulary import Vocabulary
from migrator.engine.draft.words import Words, among, stem, words
from storage.schema import Kind, Table

Edge = tuple[str, str]
"""A table, and one that it points at."""

_MOST = 5
_EXAMPLES = 5


def tenant_columns(tables: Sequence[Table], evidence: Evidence) -> tuple[TenantColumn, ...]:
    """Columns of several tables that are called after a tenant, or of most tables whose keys they begin."""
    holding: dict[str, list[Table]] = {}
    for table in tables:
        for column in table.columns:
            if column.type.kind in KEY_KINDS:
                holding.setdefault(column.name, []).append(table)
    leading = {name: sum(_leads(name, table) for table in some) for name, some in holding.items()}
    likely = [
        name
        for name, some in holding.items()
        if len(some) > 1
        and (_is_of_most(leading[name], len(some), len(tables)) or among(_thing(name), Vocabulary.TENANT))
    ]
    likely.sort(key=lambda name: (-leading[name], -len(holding[name]), name))
    return tuple(_seen(name, holding[name], leading[name], len(tables), evidence) for name in likely[:_MOST])


def _thing(name: str) -> Words:
    """What a column is named for, where it is named as a reference is."""
    thing, marked = stem(name)
    return thing if marked else ()


def _is_of_most(leading: int, holding: int, tables: int) -> bool:
    """Whether keys begin with a column that most tables have; tables between two others begin with one of these."""
    return leading > 1 and 2 * holding >= tables


def _leads(name: str, table: Table) -> bool:
    return len(table.primary_key) > 1 and table.primary_key[0] == name


def _seen(name: str, holding: Sequence[Table], leading: int, of: int, evidence: Evidence) -> TenantColumn:
    """Counted in the first of its tables where it is not the whole key."""
    one = next((table for table in holding if table.primary_key != (name,)), holding[0])
    values = evidence.sample(one, [name]).values([name])
    more = "" if values.whole else " or more"
    return TenantColumn(
        column=name,
        tables=len(holding),
        of=of,
        leading=leading,
        examples=values.shown(_EXAMPLES),
        tenants=f"{one.name}: {values.unread}"
        if values.unread
        else f"{len(values)}{more} different value(s) in {one.name}",
        is_of_most=_is_of_most(leading, len(holding), of),
    )


def tenant_tables(
    tables: Sequence[Table], edges: Iterable[Edge], evidence: Evidence, meanings: Meanings
) -> tuple[TenantTable, ...]:
    """Tables that others lead to: those called after a tenant, then after people, then any that half of them reach."""
    known = list(edges)
    reached = {table.name: len(leading_to(table.name, known)) for table in tables}

    def tier(table: Table) -> int:
        called = meanings.called(table)
        return 0 if among(called, Vocabulary.TENANT) else 1 if among(called, Vocabulary.PEOPLE) else 2

    likely = [
        table
        for table in tables
        if len(table.primary_key) == 1
        and reached[table.name]
        and (tier(table) < 2 or 2 * reached[table.name] >= len(tables) - 1)
    ]
    likely.sort(key=lambda table: (tier(table), -reached[table.name], table.name))
    return tuple(_candidate(table, reached[table.name], len(tables) - 1, evidence) for table in likely[:_MOST])


def leading_to(root: str, edges: Sequence[Edge]) -> set[str]:
    """The other tables from which references lead to this one, directly or by others."""
    children: dict[str, set[str]] = {}
    for child, parent in edges:
        children.setdefault(parent, set()).add(child)
    found, latest = {root}, {root}
    while latest:
        latest = {child for parent in latest for child in children.get(parent, ())} - found
        found |= latest
    return found - {root}


def _candidate(table: Table, reached: int, of: int, evidence: Evidence) -> TenantTable:
    key = table.primary_key[0]
    label = label_of(table)
    sample = evidence.sample(table, [key] if label in (None, key) else [key, str(label)])
    return TenantTable(
        table=table.name,
        column=key,
        reached=reached,
        of=of,
        rows=rows_of(sample),
        examples=tuple(_examples(sample)),
    )


def label_of(table: Table) -> str | None:
    """The column a person knows a row by."""
    texts = {words(c.name): c.name for c in table.columns if c.type.kind is Kind.TEXT and not c.choices}
    for label in Vocabulary.LABEL.words:
        for called, name in texts.items():
            if label in called and not _is_key_of_another(called):
                return name
    return None


def _is_key_of_another(called: Words) -> bool:
    return called[-1] in ("id", "uuid", "type")


def rows_of(sample: Sample) -> str:
    """How many rows the table has, as far as was looked; else why they cannot be read."""
    if sample.unread:
        return sample.unread
    return f"{sample.rows.num_rows} row(s)" if sample.whole else f"more than {sample.rows.num_rows} rows"


def _examples(sample: Sample) -> Iterator[str]:
    few = sample.rows.slice(0, _EXAMPLES).to_pydict()
    for row in zip(*few.values(), strict=True):
        yield " ".join(shown(value) for value in row if value is not None)
