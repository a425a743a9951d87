"""How one text becomes another, in a time that does not grow with what somebody wrote into them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import takewhile

Change = tuple[str, int, int, int, int]
"""What becomes of which lines of the older text (from, to) and of the newer one, as difflib has it."""

_AROUND = 3  # lines that did not change, shown for orientation
_MOST = 100_000_000  # of `effort`: a second at worst


def grouped(before: Sequence[str], after: Sequence[str]) -> Iterator[list[Change]]:
    """Stretches of changes with the lines around them. Of very large texts what differs is one change."""
    matcher = SequenceMatcher(None, "", "")
    matcher.opcodes = list(_changes(before, after))  # type: ignore[attr-defined]
    return iter(matcher.get_grouped_opcodes(_AROUND)) if before != after else iter(())


def unified(old: str, new: str, names: tuple[str, str]) -> Iterator[str]:
    """The lines of a unified diff."""
    before, after = old.splitlines(), new.splitlines()
    for number, group in enumerate(grouped(before, after)):
        if number == 0:
            yield from (f"--- {names[0]}", f"+++ {names[1]}")
        first, last = group[0], group[-1]
        yield f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@"
        for tag, start, end, new_start, new_end in group:
            if tag == "equal":
                yield from (f" {line}" for line in before[start:end])
                continue
            yield from (f"-{line}" for line in before[start:end])
            yield from (f"+{line}" for line in after[new_start:new_end])


def _changes(before: Sequence[str], after: Sequence[str]) -> Iterator[Change]:
    """What both begin and end with is not compared: mostly, that is nearly all."""
    head = _alike(zip(before, after, strict=False))
    least = min(len(before), len(after)) - head
    tail = min(least, _alike(zip(reversed(before), reversed(after), strict=False)))
    old, new = before[head : len(before) - tail], after[head : len(after) - tail]
    if head:
        yield "equal", 0, head, 0, head
    for tag, start, end, new_start, new_end in _of_middle(old, new):
        yield tag, head + start, head + end, head + new_start, head + new_end
    if tail:
        yield "equal", len(before) - tail, len(before), len(after) - tail, len(after)


def _of_middle(old: Sequence[str], new: Sequence[str]) -> Sequence[Change]:
    if effort(old, new) > _MOST:
        return [("replace", 0, len(old), 0, len(new))]
    return SequenceMatcher(None, old, new).get_opcodes()


def effort(old: Sequence[str], new: Sequence[str]) -> int:
    """What comparing them may take, some ten nanoseconds each: parts that are alike are tried again for every match."""
    here = Counter(new)
    pairs = sum(times * here[part] for part, times in Counter(old).items())
    return (len(old) + len(new) + pairs) * min(len(old), len(new))


def _alike(pairs: Iterator[tuple[str, str]]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _range(start: int, end: int) -> str:
    """As unified diffs write lines: the first and how many; of none, the line before."""
    count = end - start
    if count == 1:
        return str(start + 1)
    return f"{start + 1 if count else start},{count}"
