"""What becomes of one text by each method; a function of the value and the key, of nothing else.

Texts that a comparison may call equal become texts it calls equal: blanks at the end stay, and the case of letters
either stays with them or is drawn anew.
"""

from __future__ import annotations

import base64
import datetime as dt
import re

from migrator.engine.masks.key import MaskKey
from migrator.engine.masks.permutation import hexadecimal, permuted, permuted_text
from migrator.engine.masks.words import FAMILY, GIVEN

DOMAIN = "example.org"  # reserved for documentation: no mail sent there reaches anybody
_TOKEN = 12  # characters of 5 bits
TOKEN_SPACE = _TOKEN + 1
NAME_LENGTH = max(map(len, GIVEN)) + 1 + max(map(len, FAMILY))
EMAIL_LENGTH = max(map(len, GIVEN)) + 1 + _TOKEN + 1 + len(DOMAIN)
"""The longest that is made, in characters."""

_WHOLE = re.compile(r"0*[1-9][0-9]{0,47}")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_IBAN = re.compile(r"[A-Za-z]{2}[0-9]{2}[A-Za-z0-9]{11,30}")
_CALLING_CODES = frozenset({"1", "7"} | {str(code) for code in range(20, 99)}) - {
    *map(str, (21, 22, 23, 24, 25, 26, 29, 35, 37, 38, 42, 50, 59, 67, 68, 69, 80, 83, 85, 87, 88, 89, 96, 97))
}
"""Of one and of two digits; all others have three."""
_TYPE_ENDS = sorted({1 << bits for bits in (7, 8, 15, 16, 23, 24, 31, 32, 63, 64)})
_NO_DAYS = frozenset({"infinity", "-infinity", "0000-00-00", "0000-00-00 00:00:00"})
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})([T ][0-9:.,Z +-]*)?")


class Unmaskable(ValueError):  # noqa: N818 - said of a value
    """A value the method says nothing about; its message names what is expected, and not the value."""


# ── codes ───────────────────────────────────────────────────────────────────────────────────────────────────
def code(key: MaskKey, text: str) -> str:
    """Letters become letters, digits digits, all else stays; a whole number, and a UUID, become another of their kind.

    No two texts become one.
    """
    bare = text.rstrip(" ")
    return _code(key, bare) + text[len(bare) :]


def _code(key: MaskKey, text: str) -> str:
    if text.strip("0") == "":
        return text
    if _WHOLE.fullmatch(text):
        digits = text.lstrip("0")
        return text[: -len(digits)] + str(number(key, int(digits)))
    if text[:1] == "-" and _WHOLE.fullmatch(text[1:]) and text[1] != "0":
        return str(number(key, int(text)))
    if _UUID.fullmatch(text) and text in (text.lower(), text.upper()):
        made = _uuid(key, text.lower())
        return made if text == text.lower() else made.upper()
    return permuted_text(key, "code", text)


def number(key: MaskKey, value: int) -> int:
    """Another number of as many digits, which any integer type holds that holds this one; 0 stays 0."""
    if value < 0:
        return -_magnitude(key, -value, beyond=1)  # each type holds one number more below 0 than above
    return _magnitude(key, value) if value else 0


def _magnitude(key: MaskKey, value: int, beyond: int = 0) -> int:
    ends = [10 ** (len(str(value)) - 1), 10 ** len(str(value)), *(end + beyond for end in _TYPE_ENDS)]
    first: int = max(end for end in ends if end <= value)
    last = min(end for end in ends if end > value)
    return first + permuted(key, f"number {first}", value - first, last - first)


def _uuid(key: MaskKey, text: str) -> str:
    """Version and variant stay."""
    version, variant = text[14], text[19]
    rest = text[:14] + text[15:19] + text[20:]
    other = permuted_text(key, f"uuid {version}{variant}", rest, kinds=hexadecimal)
    return other[:14] + version + other[14:18] + variant + other[18:]


# ── numbers with a meaning ──────────────────────────────────────────────────────────────────────────────────
def phone(key: MaskKey, text: str) -> str:
    """Another number of the same length and punctuation, in the same country; no two become one."""
    bare = text.rstrip(" ")
    return permuted_text(key, "code", bare, keep=_kept_of_phone(bare)) + text[len(bare) :]


def _kept_of_phone(text: str) -> int:
    """How many characters say the country, or that none is said."""
    places = [at for at, character in enumerate(text) if character in "0123456789"]
    digits = "".join(text[at] for at in places)
    is_abroad = text.lstrip(" (")[:1] == "+"
    dialled = 0 if is_abroad else 2 if digits.startswith("00") else None
    if dialled is None:
        kept = 1 if digits.startswith("0") else 0
    else:
        kept = dialled + next((n for n in (1, 2) if digits[dialled : dialled + n] in _CALLING_CODES), 3)
    return places[kept - 1] + 1 if 0 < kept < len(places) else 0


def iban(key: MaskKey, text: str) -> str:
    """Another account of the same country, its check digits right where they were; what is no IBAN goes as a code."""
    places = [at for at, character in enumerate(text) if character != " "]
    account = "".join(text[at] for at in places)
    if not _IBAN.fullmatch(account) or _remainder(account) != 1:
        return code(key, text)
    masked = permuted_text(key, f"iban {account[:2].upper()}", account, keep=4)
    checked = masked[:2] + f"{98 - _remainder(masked[:2] + '00' + masked[4:]):02d}" + masked[4:]
    result = list(text)
    for at, character in zip(places, checked, strict=True):
        result[at] = character
    return "".join(result)


def _remainder(account: str) -> int:
    """By ISO 7064: 1 where the check digits are right."""
    return int("".join(str(int(one, 36)) for one in account[4:] + account[:4])) % 97


# ── names ───────────────────────────────────────────────────────────────────────────────────────────────────
def email(key: MaskKey, text: str) -> str:
    """An address nobody has; what differs in case only becomes what differs in case only."""
    bare = text.rstrip(" ")
    normal = bare.lower()  # no casefold: ß and ss are two letters to most
    if not normal:
        return text
    given = GIVEN[_drawn(key, "email name", normal) % len(GIVEN)].lower()
    local = f"{given}.{_token(key, 'email', normal)}"
    spelled = local if bare == normal else _respelled(key, bare, local)
    return f"{spelled}@{DOMAIN}{text[len(bare) :]}"


def name(key: MaskKey, text: str, *, apart: bool = False) -> str:
    """As many words (at most two), written as these are; with `apart`, and a token by which no two become one."""
    bare = text.rstrip(" ")
    normal = " ".join(bare.casefold().split())
    if not normal:
        return text
    words = [FAMILY[_drawn(key, "family name", normal) % len(FAMILY)]]
    if " " in normal:
        words.insert(0, GIVEN[_drawn(key, "given name", normal) % len(GIVEN)])
    made = " ".join(words)
    made = made.upper() if bare.isupper() else made.lower() if bare.islower() else made
    if apart:
        said = bare.lower()
        token = _token(key, "name", said)
        made += " " + (token if bare == said else _respelled(key, bare, token))
    return made + text[len(bare) :]


def _respelled(key: MaskKey, text: str, made: str) -> str:
    """The case of its letters drawn by the very spelling of the text, so that two spellings stay two."""
    bits = _drawn(key, "spelling", text)
    return "".join(one.upper() if bits >> at & 1 else one for at, one in enumerate(made.lower()))


def _token(key: MaskKey, purpose: str, text: str) -> str:
    drawn = key.digest(f"{purpose} token", text.encode("utf-8", "surrogatepass"), 5 * _TOKEN // 8 + 1)
    return base64.b32encode(drawn).decode("ascii")[:_TOKEN].lower()


def _drawn(key: MaskKey, purpose: str, text: str) -> int:
    return int.from_bytes(key.digest(purpose, text.encode("utf-8", "surrogatepass"), 16), "big")


# ── dates ───────────────────────────────────────────────────────────────────────────────────────────────────
def day(key: MaskKey, date: dt.date) -> dt.date:
    """Another day of the same year; no two become one."""
    first = dt.date(date.year, 1, 1)
    days = 366 if date.year % 4 == 0 and (date.year % 100 != 0 or date.year % 400 == 0) else 365
    return first + dt.timedelta(days=permuted(key, f"day {date.year}", (date - first).days, days))


def written_day(key: MaskKey, text: str) -> str:
    """A date as ISO 8601 writes it, and a time after it that stays; so do words of a platform for no day at all."""
    bare = text.rstrip(" ")
    found = _DAY.fullmatch(bare)
    try:
        if not bare or bare in _NO_DAYS:
            return text
        if found is None:
            raise ValueError
        return day(key, dt.date.fromisoformat(found[1])).isoformat() + (found[2] or "") + text[len(bare) :]
    except ValueError as error:
        raise Unmaskable("a value is no date written as YYYY-MM-DD") from error
