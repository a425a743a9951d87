"""Keyed permutations: each value of a range or a shape becomes another of it, and never two the same one.

A Feistel network over pairs of numbers, walked on until the result lies in the range again. Small ranges keep few
secrets: of ten values, who knows nine knows the tenth.
"""

from __future__ import annotations

import hashlib
import math
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from migrator.engine.masks.key import MaskKey

_ROUNDS = 8
_CHUNK = 48  # characters that are permuted together: half of them must fit one digest
_BLOCK = 32  # code points: letters of one script lie together, and are as many bytes in UTF-8
_DIGITS, _NONZERO = "0123456789", "123456789"
_LOWER, _UPPER = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_HEX = "0123456789abcdef"


def permuted(key: MaskKey, purpose: str, number: int, size: int) -> int:
    """The number of range(size) that this one becomes."""
    side = math.isqrt(size - 1) + 1 if size > 1 else 1
    width = (side.bit_length() + 7) // 8
    while True:
        left, right = divmod(number, side)
        for secret in _secrets(key, purpose):
            drawn = hashlib.blake2b(secret + right.to_bytes(width, "big"), digest_size=32).digest()
            left, right = right, (left + int.from_bytes(drawn, "big")) % side
        number = left * side + right
        if number < size:
            return number


@lru_cache(1 << 12)
def _secrets(key: MaskKey, purpose: str) -> tuple[bytes, ...]:
    """One for each round: hashing them first costs half of a keyed hash."""
    return tuple(key.digest(purpose, bytes((turn,))) for turn in range(_ROUNDS))


@dataclass(frozen=True, slots=True)
class Letter:
    """A character, by its place, among those it may become; `shape` says which, and is the same for both cases."""

    place: int
    among: str
    size: int
    shape: str

    @classmethod
    def of(cls, character: str, among: str, shape: str = "") -> Letter:
        return cls(among.index(character), among, len(among), f"{shape or among[0]}{len(among)}")


Kinds = Callable[[str], Letter | None]


@lru_cache(1 << 12)
def letter(character: str) -> Letter | None:
    """What a character may become: one of its kind. None for what is neither letter nor digit."""
    for among, shape in ((_DIGITS, "0"), (_LOWER, "a"), (_UPPER, "a")):
        if character in among:
            return Letter.of(character, among, shape)
    if not character.isalnum():
        return None
    start, category = ord(character) // _BLOCK * _BLOCK, unicodedata.category(character)
    block = (chr(code) for code in range(start, start + _BLOCK))
    among = "".join(one for one in block if unicodedata.category(one) == category and one.isalnum())
    return Letter.of(character, among)


@lru_cache(1 << 6)
def hexadecimal(character: str) -> Letter | None:
    """What a small hexadecimal digit may become."""
    return Letter.of(character, _HEX) if character in _HEX else None


def permuted_text(key: MaskKey, purpose: str, text: str, *, keep: int = 0, kinds: Kinds = letter) -> str:
    """The text with every letter and digit from `keep` on another of its kind; all else stays where it is.

    Neither the case of ASCII letters nor what stands between decides what a letter becomes, and a first digit that is
    not 0 does not become 0.
    """
    found = [(at, kinds(character)) for at, character in enumerate(text) if at >= keep]
    letters = [(at, one) for at, one in found if one is not None]
    if letters and kinds is letter and text[letters[0][0]] in _NONZERO:
        at = letters[0][0]
        letters[0] = at, Letter.of(text[at], _NONZERO)
    result, before = list(text), ""
    for start in range(0, len(letters), _CHUNK):
        chunk = letters[start : start + _CHUNK]
        for (at, _), character in zip(chunk, _permuted_letters(key, f"{purpose} {before}", chunk), strict=True):
            result[at] = character
        if start + _CHUNK < len(letters):
            before = key.digest(purpose, (before + "".join(text[at] for at, _ in chunk).lower()).encode(), 16).hex()
    return "".join(result)


def _permuted_letters(key: MaskKey, purpose: str, letters: list[tuple[int, Letter]]) -> list[str]:
    number, size = 0, 1
    for _, one in letters:
        number, size = number * one.size + one.place, size * one.size
    shape = " ".join([one.shape for _, one in letters])
    number = permuted(key, f"{purpose} {shape}", number, size)
    result = []
    for _, one in reversed(letters):
        number, place = divmod(number, one.size)
        result.append(one.among[place])
    return result[::-1]
