"""However others write a value: regular expressions (RE2, any case) for words, names and telephone numbers."""

from __future__ import annotations

import functools
import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from html.entities import codepoint2name

_BLANKS = r"[\s\pZ\x0b\x1c-\x1f\x85]+"  # what Python splits a text at, as RE2 writes it
_BETWEEN = r"[\s\pZ.\-()/]*"
_ACCENTED = (*range(0xC0, 0x250), *range(0x1E00, 0x1F00))
_ACCENTS = "acute|grave|circ|uml|tilde|ring|cedil|caron"
_APOSTROPHES, _HYPHENS = "'\u2019\u02bc", "-\u2010\u2011"
_LEAST_NATIONAL = 7
_BIG = (1, 7, 20, 27, 36, 39, 40, 41, 81, 82, 84, 86, 98)
_BIG_RANGES = (*range(30, 35), *range(43, 50), *range(51, 59), *range(60, 67), *range(90, 96))
_COUNTRIES = frozenset(map(str, (*_BIG, *_BIG_RANGES)))
"""Calling codes of one and two digits (E.164); all others have three."""


def word(value: str, *, before: str = r"[^\pL\pN]") -> str:
    """The value as words of its own, written plainly, as HTML, as JSON or as an address of the web has it."""
    return _alone(_spelled(value, _written), before)


def name(value: str) -> str:
    """The same, with the accents, apostrophes and hyphens that people leave out or put in."""
    composed = unicodedata.normalize("NFC", value)
    return _alone(f"{_spelled(value, _written)}|{_spelled(composed, _heard)}", r"[^\pL\pN]")


def number(value: str) -> str:
    """Its digits, whatever stands between them, from abroad or as its own country dials it."""
    digits = re.sub(r"\D", "", value)
    country, rest = _dialled(value.lstrip().startswith("+"), digits)
    national = rest.lstrip("0")
    whole = _BETWEEN.join(digits)
    if len(national) < _LEAST_NATIONAL:
        return rf"(?:^|\D){whole}(?:$|\D)"
    abroad = rf"(?:(?:\+|00){_BETWEEN})?{_BETWEEN.join(country)}" if country else rf"(?:\+|00){_BETWEEN}\d{{1,3}}"
    local = rf"(?:{abroad}{_BETWEEN})?(?:0{_BETWEEN})?{_BETWEEN.join(national)}"
    return rf"(?:^|\D)(?:{whole}|{local})(?:$|\D)"


def _dialled(international: bool, digits: str) -> tuple[str, str]:
    """The calling code, empty where nobody wrote one, and what follows it."""
    if not international and not digits.startswith("00"):
        return "", digits
    called = digits.removeprefix("00")
    length = next((length for length in (1, 2) if called[:length] in _COUNTRIES), 3)
    return called[:length], called[length:]


def _alone(written: str, before: str) -> str:
    return rf"(?:^|{before})(?:{written})(?:$|[^\pL\pN])"


def _spelled(value: str, letter: Callable[[str], str]) -> str:
    return _BLANKS.join("".join(map(letter, part)) for part in value.split())


@functools.cache
def _written(letter: str) -> str:
    if letter.isascii() and letter.isalnum():
        return letter
    return f"(?:{'|'.join(dict.fromkeys(_forms(letter)))})"


def _forms(letter: str) -> Iterator[str]:
    yield re.escape(letter)
    yield re.escape(json.dumps(letter)[1:-1])
    for one in dict.fromkeys((letter, letter.lower(), letter.upper())):
        if len(one) == 1:
            yield rf"&#0*{ord(one)};|&#x0*{ord(one):x};"
            yield "".join(rf"\\u{unit}" for unit in re.findall("....", one.encode("utf-16-be").hex()))
            yield "".join(f"%{byte:02x}" for byte in one.encode())
            if ord(one) in codepoint2name:
                yield f"&{codepoint2name[ord(one)]};"
    if letter == "'":
        yield "&apos;"
    if letter == "/":
        yield r"\\/"


@functools.cache
def _heard(letter: str) -> str:
    if letter in _APOSTROPHES:
        return f"(?:{'|'.join(map(_written, _APOSTROPHES))})"
    if letter in _HYPHENS:
        return rf"(?:{'|'.join(map(_written, _HYPHENS))}|{_BLANKS})"
    base = _base(letter)
    if not ("a" <= base <= "z"):
        return _written(letter)
    return rf"(?:[{base}{_accented().get(base, '')}]\pM*|&{base}(?:{_ACCENTS});|{_written(letter)})"


def _base(letter: str) -> str:
    return unicodedata.normalize("NFD", letter)[0].lower()


@functools.cache
def _accented() -> dict[str, str]:
    """By its plain letter, every letter with an accent."""
    found: dict[str, str] = {}
    for letter in map(chr, _ACCENTED):
        if letter.islower() and _base(letter) != letter:
            found[_base(letter)] = found.get(_base(letter), "") + letter
    return found
