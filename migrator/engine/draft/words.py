"""Names as words: `tblUserAccounts`, `user_account_id` and `id_compte` said alike, singular and plural."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from migrator.engine.draft.vocabulary import Vocabulary

Words = tuple[str, ...]

_BETWEEN = re.compile(r"[\W_]+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_IRREGULAR = {
    "people": "person",
    "children": "child",
    "men": "man",
    "women": "woman",
    "indices": "index",
    "vertices": "vertex",
    "matrices": "matrix",
    "criteria": "criterion",
    "media": "medium",
    "data": "datum",
}
_ENDINGS = (
    ("ies", ("y", "ie")),
    ("ves", ("f", "fe", "ve")),
    ("aux", ("al", "ail", "au")),
    ("x", ("",)),
    ("es", ("", "e")),
    ("s", ("",)),
)
_SINGULAR_ENDINGS = ("ss", "us", "is")
_SHORTEST = 3  # what is left of a word without its ending: `is` is no plural of `i`
_RANGES = ("from", "to")
_GLUED = 3  # letters beside `id`: no void, no paid


@lru_cache(maxsize=65_536)
def words(name: str) -> Words:
    """The words of a name, in lower case and without accents."""
    decomposed = unicodedata.normalize("NFKD", name)
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return tuple(word.casefold() for word in _BETWEEN.split(plain) if word)


@lru_cache(maxsize=65_536)
def bases(word: str) -> frozenset[str]:
    """What the word may be the plural of, and the word itself."""
    found = {word}
    if word in _IRREGULAR:
        found.add(_IRREGULAR[word])
    for ending, singulars in _ENDINGS:
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= _SHORTEST:
            found.update(stem + singular for singular in singulars)
    return frozenset(found)


# ── a column's name ─────────────────────────────────────────────────────────────────────────────────────────
@lru_cache(maxsize=65_536)
def stem(name: str) -> tuple[Words, bool]:
    """The words of a column without those that only say that it is a reference, and whether there were any."""
    found = words(name)
    first, last = 0, len(found)
    while first < last and found[first] in Vocabulary.ID:
        first += 1
    while last > first and found[last - 1] in Vocabulary.ID:
        last -= 1
    if last - first < len(found):
        return found[first:last], True
    return _parted(found)


def _parted(found: Words) -> tuple[Words, bool]:
    """`userid`, `idclient`, `approvedby` and `reportsto`, written as one word."""
    if not found:
        return found, False
    *before, word = found
    for rest in (word.removesuffix("id"), word.removeprefix("id")):
        if rest != word and len(rest) >= _GLUED:
            return (*before, rest), True
    by, to = word.removesuffix("by"), word.removesuffix("to")
    if by != word and len(by) > _GLUED:
        return (*before, by, "by"), False
    return ((*before, to, "to"), False) if to != word and to in Vocabulary.TO_SOMEBODY else (found, False)


def among(name: Words, known: Vocabulary) -> bool:
    """Whether the last word is one of these, in singular or plural."""
    return bool(name) and any(word in known for word in bases(name[-1]))


def is_somebody(name: str, thing: Words) -> bool:
    """Whether a column says by its name that it means a person: created by, assigned to, owner, create uid."""
    does = thing[-1] in Vocabulary.BY or (thing[-1] == "to" and any(word in Vocabulary.TO_SOMEBODY for word in thing))
    return does or among(thing, Vocabulary.ROLE) or words(name)[-1] == "uid"


def is_another(thing: Words, *, marked: bool) -> bool:
    """Whether it means another row of the same table: parent, parent task id, moved to id; age from does not."""
    if marked:
        return among(thing, Vocabulary.ITSELF) or thing[0] in Vocabulary.ITSELF
    return among(thing, Vocabulary.ITSELF) and thing[-1] not in _RANGES


def is_plural(word: str) -> bool:
    """Whether a number called so counts what it is called after."""
    return word.endswith("s") and not word.endswith(_SINGULAR_ENDINGS) and len(bases(word)) > 1


# ── two names ───────────────────────────────────────────────────────────────────────────────────────────────
def same(one: Words, other: Words) -> bool:
    """Whether both name the same thing, each word in singular or plural."""
    return len(one) == len(other) > 0 and all(
        not bases(left).isdisjoint(bases(right)) for left, right in zip(one, other, strict=True)
    )


def ends_in(one: Words, other: Words) -> bool:
    """Whether `one` is `other` with words before it: pinned post, post."""
    return len(one) > len(other) and same(one[len(one) - len(other) :], other)


def begins_with(one: Words, other: Words) -> bool:
    """Whether `one` is `other` with words after it, as in French: adresse de livraison, adresse."""
    return len(one) > len(other) and same(one[: len(other)], other)


def shortens(one: Words, other: Words) -> bool:
    """Whether `one` is short for `other`, or for its last word: product tmpl, product template; dept, department."""
    if len(one) == 1:
        return bool(other) and _abbreviates(one[0], other[-1])
    return len(one) == len(other) and all(
        same((left,), (right,)) or _abbreviates(left, right) for left, right in zip(one, other, strict=True)
    )


def _abbreviates(short: str, long: str) -> bool:
    if not _SHORTEST <= len(short) < len(long) or short[0] != long[0]:
        return False
    rest = iter(long)
    return all(letter in rest for letter in short)
