"""Ids inside JSON documents: no reference of a plan leads from there, so they are told and nothing more."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from migrator.engine.draft.evidence import Evidence
from migrator.engine.draft.meaning import Meanings
from migrator.engine.draft.vocabulary import Vocabulary
from migrator.engine.draft.words import among, stem, words
from storage.schema import Column, Kind, Table

_MOST_DOCUMENTS = 200


def ids_in_documents(tables: Sequence[Table], evidence: Evidence, meanings: Meanings) -> Iterator[str]:
    """Of each column that holds documents: which keys are named for a table, and how often they were seen."""
    for table in tables:
        columns = [column.name for column in table.columns if _may_hold_documents(column)]
        if not columns:
            continue
        rows = evidence.sample(table, columns, most=_MOST_DOCUMENTS).rows
        for name in columns:
            counts: Counter[str] = Counter()
            for text in rows[name].drop_null().to_pylist():
                counts.update({key for key in _keys(text) if stem(key)[1] and meanings.named(stem(key)[0])})
            if counts:
                seen = ", ".join(f"{key} ({count})" for key, count in counts.most_common(10))
                yield f"{table.name}.{name} holds documents with what reads like ids: {seen}"


def _may_hold_documents(column: Column) -> bool:
    return column.type.kind is Kind.JSON or (
        column.type.kind is Kind.TEXT and among(words(column.name), Vocabulary.DOCUMENT)
    )


def _keys(text: str) -> Iterator[str]:
    try:
        yield from _within(json.loads(text))
    except (ValueError, RecursionError):
        return


def _within(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        yield from map(str, document)
        document = list(document.values())
    if isinstance(document, list):
        for value in document:
            yield from _within(value)
