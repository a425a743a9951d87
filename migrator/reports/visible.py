"""Values as a person tells them apart: NULL is not '' is not ' ', and no character hides or reorders its neighbours."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup, escape

_AROUND, _LONGEST = 40, 240
_NULL = Markup('<span class="null" title="no value">NULL</span>')
_UNSEEN, _UNSEEN_BEFORE, _UNSEEN_AFTER = (
    re.compile(spaces) for spaces in (r"^ +| +$| {2,}", r"^ +| {2,}", r" +$| {2,}")
)
_EVERY = re.compile(" +")
_NOWHERE = re.compile(r"(?!)")
_NO_POSITION = range(0)
_WORD_END = re.compile(r"(?<=[._:/])")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})


def visible(value: str | None) -> Markup:
    """One value in quotation marks, as HTML; NULL without. Shortened with its length where it is long."""
    if value is None:
        return _NULL
    length = Markup(" <small>({:,} characters)</small>").format(len(value)) if len(value) > _LONGEST else Markup("")
    return _quoted(_shown(_head(value, _LONGEST))) + length


def compared(value: str | None, other: str | None) -> Markup:
    """One value beside the one it should equal, as HTML: what differs is marked, in sight however long both are."""
    if value is None or other is None:
        return visible(value)
    differing = _differing(value, other)
    before, after = value[: differing.start], value[differing.stop :]
    part = value[differing.start : differing.stop]
    marked = Markup("<mark>{}</mark>").format(_shown(_head(part, _LONGEST), _EVERY)) if part else Markup("")
    return _quoted(
        _shown(_tail(before, _AROUND), _UNSEEN_BEFORE) + marked + _shown(_head(after, _AROUND), _UNSEEN_AFTER)
    )


def plain(value: str | None) -> str:
    """What `visible` says, whole and without markup: signs of several letters stand in ⟨ ⟩."""
    return "NULL" if value is None else f"'{''.join(map(_unmarked, _pieces(value, _UNSEEN)))}'"


def plain_compared(value: str | None, other: str | None) -> str:
    """`plain` beside the value it should equal: what looks the same and is not is spelled out."""
    if value is None or other is None:
        return plain(value)
    return f"'{''.join(map(_unmarked, _pieces(value, _UNSEEN, _differing(value, other))))}'"


def readable(words: str) -> str:
    """A sentence or a name without markup: its spaces and line breaks stay, what nobody could see is spelled out."""
    if words.isprintable():
        return words
    return "".join(
        character if character == "\n" or unicodedata.category(character) == "Zs" else _unmarked(piece)
        for character, piece in zip(words, _pieces(words, _NOWHERE), strict=True)
    )


def name(identifier: str) -> Markup:
    """A table's or column's name, as HTML that a line may break between its words and nowhere else."""
    return Markup("<wbr>").join(_shown(word) for word in _WORD_END.split(identifier))


def key_text(key: dict[str, str]) -> Markup:
    """A row's key as `column value` pairs; a table without a key has none."""
    if not key:
        return Markup("<em>no key</em>")
    return Markup(", ").join(Markup("{} {}").format(_shown(column), visible(value)) for column, value in key.items())


def _differing(value: str, other: str) -> range:
    """The positions of `value` that differ: from the first one that does to the last."""
    start = _in_common(value, other)
    return range(start, len(value) - _in_common(value[start:][::-1], other[start:][::-1]))


def _in_common(value: str, other: str) -> int:
    """How many characters both begin with."""
    pairs = enumerate(zip(value, other, strict=False))
    return next((position for position, (mine, theirs) in pairs if mine != theirs), min(len(value), len(other)))


def _quoted(content: Markup) -> Markup:
    return Markup("<bdi><code>'{}'</code></bdi>").format(content)


def _head(value: str, length: int) -> str:
    return value if len(value) <= length else value[: length - 1] + "…"


def _tail(value: str, length: int) -> str:
    return value if len(value) <= length else "…" + value[1 - length :]


def _shown(value: str, spaces: re.Pattern[str] = _UNSEEN) -> Markup:
    spelled = range(len(value) if spaces is _EVERY else 0)
    return Markup("").join(_marked(piece) for piece in _pieces(value, spaces, spelled))


@dataclass(frozen=True)
class _Piece:
    """One character as it is shown: itself, or the sign that stands for it."""

    text: str
    is_sign: bool


def _pieces(value: str, spaces: re.Pattern[str], spelled: range = _NO_POSITION) -> Iterator[_Piece]:
    """One piece for each character; `spaces` finds the spaces nobody would see."""
    marked = spaces.sub(lambda match: "␣" * len(match[0]), value)
    for position, (before, character) in enumerate(zip(value, marked, strict=True)):
        # in a part that differs, a combining accent is written out: é and é look the same and are not
        is_sign = _is_hidden(before, character, position in spelled)
        yield _Piece(_sign(character) if is_sign else character, is_sign)


def _is_hidden(before: str, character: str, combining: bool) -> bool:
    if before == " ":
        return character == "␣"
    category = unicodedata.category(character)
    return category in _HIDDEN or (combining and category == "Mn")


def _sign(character: str) -> str:
    code = ord(character)
    return character if character == "␣" else chr(0x2400 + code) if code < 0x20 else f"U+{code:04X}"


def _marked(piece: _Piece) -> Markup:
    return Markup('<span class="sign">{}</span>').format(piece.text) if piece.is_sign else escape(piece.text)


def _unmarked(piece: _Piece) -> str:
    return f"⟨{piece.text}⟩" if len(piece.text) > 1 else piece.text
