"""Words that say something of a table or a column, by what they say; they stand in vocabulary.yaml."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from importlib.resources import files

from mappings.node import read_yaml


class Vocabulary(StrEnum):
    """What a word may say; vocabulary.yaml has each of these, and says what it means."""

    ID = "id"
    TENANT = "tenant"
    PEOPLE = "people"
    OUTSIDE = "outside"
    ROLE = "role"
    BY = "by"
    TO_SOMEBODY = "to_somebody"
    ITSELF = "itself"
    COUNTING = "counting"
    TYPE = "type"
    ANYTHING = "anything"
    LABEL = "label"
    DOCUMENT = "document"
    CREDENTIAL = "credential"
    CALLED = "called"
    FRAMEWORK = "framework"

    @property
    def words(self) -> tuple[str, ...]:
        """In the order written."""
        return tuple(_read()[self])

    def __contains__(self, word: object) -> bool:
        return word in _read()[self]


@lru_cache(maxsize=1)
def _read() -> dict[str, dict[str, None]]:
    text = files(__package__).joinpath("vocabulary.yaml").read_text(encoding="utf-8")
    named = read_yaml(text, file="vocabulary.yaml").named("the vocabulary")
    return {kind: dict.fromkeys(word.string(kind) for word in node.items(kind)) for kind, node in named.items()}
