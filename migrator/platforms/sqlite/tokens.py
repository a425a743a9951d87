"""The tokens of SQLite's language, and a reader that walks through them: https://sqlite.org/lang.html."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from migrator.platforms.relational.sqltext import quoted


class NotUnderstood(ValueError):  # noqa: N818 - told in the notes of a model, never an error of its own
    """The text is not as this reader knows it; says where."""


class Sign(Enum):
    """What a token is."""

    WORD = auto()
    QUOTED = auto()  # "…" `…` […]
    STRING = auto()
    BLOB = auto()
    NUMBER = auto()
    OTHER = auto()


_TOKEN = re.compile(
    r"""(?P<gap>(?:[ \t\n\f\r]+|--[^\n]*|/\*(?:.*?\*/|.*))*)
    (?:(?P<STRING>'[^']*(?:''[^']*)*')
    |(?P<QUOTED>"[^"]*(?:""[^"]*)*"|`[^`]*(?:``[^`]*)*`|\[[^\]]*\])
    |(?P<BLOB>[xX]'[0-9A-Fa-f]*')
    |(?P<NUMBER>0[xX][0-9A-Fa-f]+|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<WORD>[A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_$\u0080-\U0010ffff]*)
    |(?P<OTHER>[^'"`\[])
    |(?P<END>\Z))""",
    re.DOTALL | re.VERBOSE,
)
_NAMES = (Sign.WORD, Sign.QUOTED, Sign.STRING)


@dataclass(frozen=True, kw_only=True)
class Token:
    """`gap` is the white space before it, a comment among it being a blank."""

    sign: Sign
    text: str
    gap: str

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these, unquoted; `words` in capitals."""
        return self.sign is Sign.WORD and self.text.upper() in words

    @property
    def name(self) -> str:
        """The name it says; SQLite takes a string for one, too."""
        if self.sign is Sign.WORD:
            return self.text
        mark = self.text[-1]
        return self.text[1:-1] if mark == "]" else self.text[1:-1].replace(mark * 2, mark)

    @property
    def plain(self) -> str:
        """As other readers of SQL take it, too: without brackets around a name, or a dollar bare in it."""
        is_bracketed = self.sign is Sign.QUOTED and self.text[0] == "["
        return quoted(self.name) if is_bracketed or (self.sign is Sign.WORD and "$" in self.text) else self.text


def tokens(text: str) -> tuple[Token, ...]:
    """All of them. NotUnderstood where a quotation does not end."""
    return tuple(_tokens(text))


def _tokens(text: str) -> Iterator[Token]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise NotUnderstood(f"a quotation without an end: {text[at : at + 40]!r}")
        at = found.end()
        if found.lastgroup == "END":
            return
        gap = found["gap"]
        kind = str(found.lastgroup)
        yield Token(sign=Sign[kind], text=found[kind], gap=gap if gap.isspace() else " " if gap else "")


def said(some: Sequence[Token]) -> str:
    """The tokens as text again, without comments, and without brackets that hold all of it."""
    while _is_wrapped(some):
        some = some[1:-1]
    return "".join(f"{token.gap if number else ''}{token.plain}" for number, token in enumerate(some))


def _is_wrapped(some: Sequence[Token]) -> bool:
    depth = 0
    for number, token in enumerate(some):
        depth += (token.text == "(") - (token.text == ")")
        if depth == 0:
            return number > 0 and number == len(some) - 1
    return False


class Reader:
    """Walks through tokens; what it expects and does not find is NotUnderstood."""

    def __init__(self, some: Sequence[Token]) -> None:
        self._tokens = some
        self._at = 0

    @property
    def is_done(self) -> bool:
        return self._at >= len(self._tokens)

    def sees(self, *words: str) -> bool:
        """Whether these unquoted words come next."""
        ahead = self._tokens[self._at : self._at + len(words)]
        return len(ahead) == len(words) and all(token.is_word(word) for token, word in zip(ahead, words, strict=True))

    def sees_sign(self, *signs: str) -> bool:
        """Whether one of these signs comes next."""
        return not self.is_done and self._tokens[self._at].text in signs

    def took(self, *words: str) -> bool:
        """Step over these words, if they come next."""
        found = self.sees(*words)
        self._at += len(words) if found else 0
        return found

    def took_sign(self, sign: str) -> bool:
        """Step over this sign, if it comes next."""
        found = self.sees_sign(sign)
        self._at += found
        return found

    def expect(self, *words: str) -> None:
        """Step over these words."""
        if not self.took(*words):
            raise self.lost(" ".join(words))

    def next(self) -> Token:
        """Step over whatever comes."""
        if self.is_done:
            raise self.lost("more")
        self._at += 1
        return self._tokens[self._at - 1]

    def name(self) -> str:
        """Step over a name."""
        if self.is_done or self._tokens[self._at].sign not in _NAMES:
            raise self.lost("a name")
        return self.next().name

    def inside(self) -> tuple[Token, ...]:
        """Step over brackets; what they hold."""
        if not self.sees_sign("("):
            raise self.lost("(")
        start, depth = self._at + 1, 0
        while True:
            token = self.next()
            depth += (token.text == "(") - (token.text == ")")
            if depth == 0:
                return tuple(self._tokens[start : self._at - 1])

    def rest(self) -> tuple[Token, ...]:
        """Step over everything that is left."""
        start, self._at = self._at, len(self._tokens)
        return tuple(self._tokens[start:])

    def lost(self, expected: str) -> NotUnderstood:
        found = said(self._tokens[self._at : self._at + 5]) or "the end"
        return NotUnderstood(f"expected {expected}, found {found!r}")


def split(some: Sequence[Token]) -> list[tuple[Token, ...]]:
    """What stands between commas that no brackets hold."""
    found: list[list[Token]] = [[]]
    depth = 0
    for token in some:
        depth += (token.text == "(") - (token.text == ")")
        if token.text == "," and depth == 0:
            found.append([])
        else:
            found[-1].append(token)
    return [tuple(one) for one in found]
