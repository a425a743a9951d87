"""Guesses in a plan's text: told with their places, and decided by whoever looked, everything else left as written."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import yaml

from migrator.plan.nouns import Plan

Cut = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Guessed:
    """An entry that says `guessed`, by its number; `is_needed` where a plan cannot do without it."""

    number: int
    line: int
    entry: str
    why: str
    is_needed: bool
    confirmed: Cut  # characters that go where it is true
    refused: Cut  # … and where it is not


def guessed(plan: Plan) -> tuple[Guessed, ...]:
    """Those of the plan, in the order they are read in."""
    if plan.source is None:
        return ()
    found = zip(plan.source.scope.guesses, _places(plan.text), strict=True)
    return tuple(
        Guessed(
            number=number,
            line=place.line,
            entry=guess.entry,
            why=guess.why,
            is_needed=place.whole == _NOTHING,
            confirmed=place.word,
            refused=place.whole,
        )
        for number, (guess, place) in enumerate(found)
    )


def decided(plan: Plan, *, true: Collection[int], untrue: Collection[int]) -> str:
    """The plan's text without the word `guessed` in entries of these numbers, and without the entries of those."""
    cuts = [one.confirmed for one in guessed(plan) if one.number in true]
    cuts += [one.refused for one in guessed(plan) if one.number in untrue and not one.is_needed]
    text, last = "", 0
    for start, end in sorted(cuts):  # of neighbours that both go, the comma between them is in both
        text += plan.text[last : max(start, last)]
        last = max(end, last)
    return text + plan.text[last:]


# ── where they stand ────────────────────────────────────────────────────────────────────────────────────────
_NOTHING: Cut = (0, 0)


@dataclass(frozen=True, kw_only=True)
class _Place:
    line: int
    word: Cut
    whole: Cut


def _places(text: str) -> Iterator[_Place]:
    scope = _under(_under(yaml.compose(text, Loader=yaml.SafeLoader), "source"), "scope")
    root, references, shared = (_under(scope, name) for name in ("root", "references", "shared"))
    roots = root.value if isinstance(root, yaml.SequenceNode) else [root]
    for node in roots:
        yield from _place(text, node, _NOTHING)
    if isinstance(references, yaml.SequenceNode):
        for at, node in enumerate(references.value):
            yield from _place(text, node, _entry(text, references, [(one, one) for one in references.value], at))
    if isinstance(shared, yaml.MappingNode):
        for at, (_, node) in enumerate(shared.value):
            yield from _place(text, node, _entry(text, shared, shared.value, at))


def _under(node: yaml.Node | None, name: str) -> yaml.Node | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((value for key, value in pairs if key.value == name), None)


def _place(text: str, node: yaml.Node | None, whole: Cut) -> Iterator[_Place]:
    if not isinstance(node, yaml.MappingNode):
        return
    for at, (key, value) in enumerate(node.value):
        if key.value == "guessed":
            yield _Place(line=value.start_mark.line + 1, word=_entry(text, node, node.value, at), whole=whole)


def _entry(text: str, within: yaml.CollectionNode, pairs: Sequence[tuple[yaml.Node, yaml.Node]], at: int) -> Cut:
    """The characters of an entry of a list or mapping, with the comma or the lines that go with it."""
    start, end = pairs[at][0].start_mark.index, _end(text, pairs[at][1])
    if within.flow_style:
        if at:
            return _end(text, pairs[at - 1][1]), end
        return start, pairs[1][0].start_mark.index if len(pairs) > 1 else end
    begin = text.rfind("\n", 0, start) + 1
    is_item = isinstance(within, yaml.SequenceNode)
    if text[begin:start].strip(" ") != ("-" if is_item else ""):  # it begins in the line of what it stands in
        return start, pairs[at + 1][0].start_mark.index if at + 1 < len(pairs) else end
    return begin, _after(text, end, least_indent=start - begin + (not is_item))


def _end(text: str, node: yaml.Node) -> int:
    """Where it ends as a person sees it: YAML counts what follows a block as its own."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(text, last[1] if isinstance(last, tuple) else last)
    return len(text[: node.end_mark.index].rstrip())


def _after(text: str, end: int, *, least_indent: int) -> int:
    """Where the line after that place begins, behind the comments that belong to what stood there."""
    at = text.find("\n", end) + 1 or len(text)
    while at < len(text):
        line = text[at : text.find("\n", at) + 1 or len(text)]
        bare = line.lstrip(" ")
        if not bare.startswith("#") or len(line) - len(bare) < least_indent:
            break
        at += len(line)
    return at
