"""A scope proposed from a source's schema and the first rows of its tables, for a person to confirm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrator.contracts import Reading
from migrator.engine.draft.documents import ids_in_documents
from migrator.engine.draft.evidence import Evidence
from migrator.engine.draft.meaning import Meanings
from migrator.engine.draft.polymorphic import polymorphic
from migrator.engine.draft.proposal import Draft, ProposedPolymorphic, ProposedReference
from migrator.engine.draft.references import References
from migrator.engine.draft.root import guessed_root, named_root, require_there, said_root
from migrator.engine.draft.standing import standing
from migrator.engine.draft.tenants import Edge, tenant_columns, tenant_tables
from storage.schema import Schema


def draft(reading: Reading, *, tenant: str = "", root: str = "") -> Draft:
    """What the source's names and values suggest. `root` is what a person says: table=key, table.column=value or
    column=value; `tenant` is whose data it is, looked up by that name where nothing is said.

    Misuse where `root` names what is not there.
    """
    schema, evidence = reading.schema, Evidence(reading)
    said = said_root(schema, root) if root else None
    if said:
        require_there(reading, said, root)
    meanings = Meanings(schema.tables)
    typed = tuple(polymorphic(schema.tables, evidence, meanings))
    finder = References(evidence, meanings, {*_declared(schema), *((one.table, one.column) for one in typed)})
    single = finder.find(schema.tables)
    references = (*single, *finder.find_composite(schema.tables, single))
    edges = list(_edges(schema, references, typed))
    columns = tenant_columns(schema.tables, evidence)
    tables = tenant_tables(schema.tables, edges, evidence, meanings)
    proposed = said or guessed_root(tables, columns)
    if tenant and proposed and proposed.value is None:
        proposed = named_root(proposed, tenant, schema, evidence)
    stand = standing(schema, proposed, references, typed, evidence)
    in_documents = tuple(ids_in_documents(schema.tables, evidence, meanings))
    for table in schema.tables:
        evidence.touch(table)
    return Draft(
        platform=schema.platform,
        tables=len(schema.tables),
        tenant=tenant,
        root=proposed,
        tenant_tables=tables,
        tenant_columns=columns,
        references=references,
        polymorphic=typed,
        owned=stand.owned,
        shared=stand.shared,
        unclassified=stand.unclassified,
        notes=(
            *(f"{name} could not be read: {why}" for name, why in evidence.unread.items()),
            *in_documents,
        ),
    )


def _declared(schema: Schema) -> Iterator[tuple[str, str]]:
    """Columns whose references the source declares; of several together, what is not the tenant's of each."""
    for table in schema.tables:
        for key in table.foreign_keys:
            yield table.name, key.columns[-1]


def _edges(
    schema: Schema, references: Sequence[ProposedReference], typed: Sequence[ProposedPolymorphic]
) -> Iterator[Edge]:
    for table in schema.tables:
        yield from ((table.name, key.parent) for key in table.foreign_keys)
    yield from ((one.table, one.parent) for one in references)
    yield from ((one.table, meant.parent) for one in typed for meant in one.types)
