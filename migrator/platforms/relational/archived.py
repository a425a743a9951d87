"""Fragments of SQL that an archive brings, made safe to write into a statement of ours: one expression, one type.

An archive is input from outside. A default or a condition is the platform's own expression and can only be said in its
words; but words that would end the statement they stand in, open another or hide what follows are refused. Where a
quotation ends is a matter of the dialect, so each is read as its own server reads it, and what two versions of a server
read in two ways is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from storage.errors import Red

_BRACKETS = {"(": ")", "[": "]"}
_CLAUSE = re.compile(r"\b(check|collate|constraint|default|not|null|primary|references|unique)\b", re.IGNORECASE)
"""What may stand behind a column's type, and is reserved: no type is called so but in quotes."""

_ENDING = ("--", "/*", "*/")
_NOWHERE = re.compile("[\0\ud800-\udfff]")  # would end the text itself, or never reach the server


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """`tokens` are names, numbers and quotations, read as a whole; `refused` signs stand within quotations alone."""

    tokens: re.Pattern[str]
    refused: re.Pattern[str]

    def expression(self, text: str, *, where: str) -> str:
        """One scalar expression, in parentheses; Red otherwise."""
        if not text.strip() or not self._is_closed(text, commas=True):
            raise _refused(text, "an expression", where)
        return f"({text})"

    def type_name(self, text: str, *, where: str) -> str:
        """One type, with its modifiers. Red otherwise."""
        if not text.strip() or not self._is_closed(text, commas=False) or _CLAUSE.search(self._unquoted(text)):
            raise _refused(text, "a type", where)
        return text

    def _unquoted(self, text: str) -> str:
        """Without its quotations."""
        return self.tokens.sub(lambda found: found[0] if found[0].isidentifier() else " ", text)

    def _is_closed(self, text: str, *, commas: bool) -> bool:
        """Whether quotes and brackets close, and nothing outside of them ends or hides what follows."""
        if _NOWHERE.search(text):
            return False
        awaited: list[str] = []
        at = 0
        while at < len(text):
            if token := self.tokens.match(text, at):
                at = token.end()
                continue
            sign = text[at]
            if sign in _BRACKETS:
                awaited.append(_BRACKETS[sign])
            elif sign in ")]":
                if not awaited or awaited.pop() != sign:
                    return False
            elif self._ends(text, at) or (sign == "," and not awaited and not commas):
                return False
            at += 1
        return not awaited

    def _ends(self, text: str, at: int) -> bool:
        return self.refused.match(text, at) is not None or text.startswith(_ENDING, at)


def _refused(text: str, what: str, where: str) -> Red:
    return Red(
        f"this is not {what}, or not one alone: {text[:120]!r}",
        where=where,
        next="the archive was made by somebody else's hands: ask where it comes from, and restore nothing of it",
    )


# ── quotations ──────────────────────────────────────────────────────────────────────────────────────────────
def _quotation(sign: str) -> str:
    """A doubled sign stands for itself; what looks shorter, because it never ends, is none."""
    return f"{sign}(?:[^{sign}]|{sign}{sign})*{sign}(?!{sign})"


def _tokens(*some: str) -> re.Pattern[str]:
    return re.compile("|".join(some), re.DOTALL)


_LETTER, _SIGN = r"[A-Za-z_\x80-\U0010ffff]", r"[A-Za-z0-9_$\x80-\U0010ffff]"  # of names: no dollar comes first
_NAME = f"{_LETTER}{_SIGN}*"
_NUMBER = r"\.?[0-9][A-Za-z0-9_.]*(?![A-Za-z0-9_.$'\"\x80-\U0010ffff])"
_ESCAPED = r"'(?:[^'\\]|\\.|'')*'(?!')"
_NEXT_LINE = r"[ \t\f\v]*[\r\n][ \t\r\n\f\v]*"  # with such blanks between them, PostgreSQL takes two strings for one

POSTGRESQL = Dialect(
    tokens=_tokens(
        rf"[eE]{_ESCAPED}(?:{_NEXT_LINE}{_ESCAPED})*(?!{_NEXT_LINE}')",
        rf"(?![eE]'){_NAME}",
        _NUMBER,
        _quotation("'"),
        _quotation('"'),
        rf"\$(?P<tag>(?:{_LETTER}[A-Za-z0-9_\x80-\U0010ffff]*)?)\$.*?\$(?P=tag)\$",
    ),
    refused=re.compile(r"[;'\"`$\\A-Za-z0-9]"),
)
MYSQL = Dialect(  # every session of ours says ANSI_QUOTES: in double quotes are names, and no backslash escapes
    tokens=_tokens(_ESCAPED, _quotation('"'), _quotation("`")), refused=re.compile(r"[;'\"`#\\]")
)
SQLITE = Dialect(  # a parameter would take brackets, and all that is in them, for its name
    tokens=_tokens(rf"(?!\ufeff){_NAME}", _quotation("'"), _quotation('"'), _quotation("`"), r"\[[^\]]*\]"),
    refused=re.compile(r"[;'\"`[$@#:?\\\ufeff]"),
)
