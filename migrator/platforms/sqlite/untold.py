"""What an archive says, or does not, that no restored SQLite file will have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrator.platforms.sqlite.model import MODULE
from storage.model import Model
from storage.problem import Problem
from storage.schema import Table

_SHOWN = 10
_OLDER = "the archive is of an older version: it says nothing of checks, indexes and computed columns"


def untold(tables: Sequence[Table], model: Model) -> Iterator[Problem]:
    """One problem each."""
    known = {one.table for one in model.tables}
    for table in tables:
        own = model.table(table.name)
        for note in own.notes if table.name in known else (_OLDER,):
            yield Problem(where=table.name, what=note, next="compare with schema/source-ddl.sql in the archive")
        if MODULE in own.options:
            yield Problem(
                where=table.name,
                what=f"a virtual table of {own.options[MODULE]}: its rows are numbered anew",
                next="fill it again if the product points at their rowids",
            )
        if table.triggers:
            yield Problem(
                where=table.name,
                what="triggers are not made again",
                count=len(table.triggers),
                examples=table.triggers[:_SHOWN],
                next="take them from the product that wrote the source",
            )
    for note in model.notes:
        yield Problem(where="the database", what=f"not made again: {note}", next="take it from the source's product")
    if model.views:
        yield Problem(
            where="views",
            what="views are not made again",
            count=len(model.views),
            examples=tuple(view.name for view in model.views[:_SHOWN]),
            next="their definitions stand in schema/model.json in the archive",
        )
