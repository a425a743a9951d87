"""What differs between two texts, line by line, and within lines that changed: what `diff.html.j2` shows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from api.changes import Change, effort, grouped

_WORDS = re.compile(r"\w+|\s+|[^\w\s]")
_LARGEST_STRETCH = 100  # lines: of longer ones, nobody compares line with line
_LONGEST_LINE = 1000  # characters: longer ones are told apart as a whole
_MOST = 50_000_000  # of `effort`, for the words of all lines: half a second at worst


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A part of a line; `is_changed` where the other side has not got it."""

    text: str
    is_changed: bool = False


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the older text, the newer one, or both; numbers count from 1."""

    before: int | None
    after: int | None
    pieces: tuple[Piece, ...]

    @property
    def sign(self) -> str:
        if self.before is None:
            return "+"
        return "\N{MINUS SIGN}" if self.after is None else ""


@dataclass(frozen=True, kw_only=True)
class Diff:
    """Stretches of lines around what changed; nothing where the texts are equal."""

    stretches: tuple[tuple[Line, ...], ...]

    @property
    def added(self) -> int:
        return self._count("+")

    @property
    def removed(self) -> int:
        return self._count("\N{MINUS SIGN}")

    def _count(self, sign: str) -> int:
        return sum(line.sign == sign for stretch in self.stretches for line in stretch)


def diff(old: str, new: str) -> Diff:
    """How one gets from the older text to the newer one."""
    before, after, patience = old.splitlines(), new.splitlines(), _Patience()
    groups = grouped(before, after)
    return Diff(stretches=tuple(tuple(_stretch(before, after, group, patience)) for group in groups))


@dataclass
class _Patience:
    """What the lines of a diff may still take together: once it is used up, they are told apart as a whole."""

    left: int = _MOST

    def is_enough(self, old: Sequence[str], new: Sequence[str]) -> bool:
        needed = effort(old, new)
        if needed > self.left:
            return False
        self.left -= needed
        return True


def _stretch(
    before: Sequence[str], after: Sequence[str], group: Sequence[Change], patience: _Patience
) -> Iterator[Line]:
    for tag, start, end, new_start, new_end in group:
        old, new = before[start:end], after[new_start:new_end]
        if tag == "equal":
            for at, text in enumerate(old):
                yield Line(before=start + at + 1, after=new_start + at + 1, pieces=(Piece(text=text),))
            continue
        pieces = _pieces(old, new, patience)
        for at in range(len(old)):
            yield Line(before=start + at + 1, after=None, pieces=pieces[0][at])
        for at in range(len(new)):
            yield Line(before=None, after=new_start + at + 1, pieces=pieces[1][at])


def _pieces(
    old: Sequence[str], new: Sequence[str], patience: _Patience
) -> tuple[list[tuple[Piece, ...]], list[tuple[Piece, ...]]]:
    """Lines that stand for one another are told apart by their words."""
    is_small = max(len(old), len(new)) <= _LARGEST_STRETCH
    told = [_words(one, other, patience) for one, other in zip(old, new, strict=False)] if is_small else []
    rest_old = [(Piece(text=one),) for one in old[len(told) :]]
    rest_new = [(Piece(text=one),) for one in new[len(told) :]]
    return [one for one, _ in told] + rest_old, [other for _, other in told] + rest_new


def _words(old: str, new: str, patience: _Patience) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    whole = (Piece(text=old),), (Piece(text=new),)
    if max(len(old), len(new)) > _LONGEST_LINE:
        return whole
    words, others = _WORDS.findall(old), _WORDS.findall(new)
    if not patience.is_enough(words, others):
        return whole
    matcher = SequenceMatcher(None, words, others, autojunk=False)
    if matcher.ratio() < 0.5:  # another line rather than a changed one
        return whole
    left, right = [], []
    for tag, start, end, new_start, new_end in matcher.get_opcodes():
        left.append(Piece(text="".join(words[start:end]), is_changed=tag != "equal"))
        right.append(Piece(text="".join(others[new_start:new_end]), is_changed=tag != "equal"))
    return tuple(piece for piece in left if piece.text), tuple(piece for piece in right if piece.text)
