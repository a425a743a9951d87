"""What pages say, in the reader's language: a folder a language, a file for what belongs together, the same keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

LANGUAGES = ("en", "fr")


@dataclass(frozen=True, kw_only=True)
class Words:
    language: str
    texts: Mapping[str, str]

    def __call__(self, key: str, /, **values: object) -> str:
        """The text of that key, its {names} filled in. KeyError where there is none: a test walks every page."""
        return self.texts[key].format(**values) if values else self.texts[key]

    def counted(self, key: str, count: int) -> str:
        """So many of something: the text of `key.one` or `key.many`, as the language has it."""
        is_one = count == 1 or (count == 0 and self.language == "fr")
        return self(f"{key}.{'one' if is_one else 'many'}", number=said_number(count))


def said_number(value: int | float) -> str:
    """With thin spaces between thousands: no language mistakes them for decimals."""
    return f"{value:,.0f}".replace(",", "\u202f")


@cache
def words(language: str) -> Words:
    """The words of a language; English where it is not known."""
    known = language if language in LANGUAGES else LANGUAGES[0]
    parts = sorted(files("api").joinpath("words", known).iterdir(), key=lambda part: part.name)
    trees = (yaml.safe_load(part.read_text(encoding="utf-8")) for part in parts)
    return Words(language=known, texts={key: text for tree in trees for key, text in _flat(tree, "")})


def preferred(accepted: str) -> str:
    """Of what a browser says it accepts, the first language that is known."""
    for part in accepted.split(","):
        language = part.partition(";")[0].strip().partition("-")[0].lower()
        if language in LANGUAGES:
            return language
    return LANGUAGES[0]


def _flat(tree: Mapping[str, object], above: str) -> Iterator[tuple[str, str]]:
    for name, value in tree.items():
        key = f"{above}.{name}" if above else str(name)
        if isinstance(value, Mapping):
            yield from _flat(value, key)
        else:
            yield key, str(value)
