"""Where each part of a YAML text stands, and the text with another passage there: whatever is around it stays as it is.

A path names a part by keys and numbers: `("tables", "accounts", "edges", 0, "columns", "email")`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import yaml

from mappings.flow import flow, flow_scalar
from mappings.node import read_yaml

Path = tuple[str | int, ...]
_INDENT = 2


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A part: from `start` to before `end`; a collection with what is in it, each entry with where its key begins."""

    start: int
    end: int
    is_flow: bool = False
    entries: tuple[Entry, ...] | None = None  # None: a scalar, or an alias
    anchor: str | None = None  # what repeats it is called by
    repeats: str | None = None  # the anchor that an alias names

    def entry(self, name: str | int) -> Entry | None:
        return next((entry for entry in self.entries or () if entry.name == name), None)

    def every(self) -> Iterator[Passage]:
        """It, and whatever is in it, as it stands in the text."""
        yield self
        for entry in self.entries or ():
            yield from entry.passage.every()


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What stands under a key, which goes from `start` to before `key_end`; an item of a list has none: both are its
    own start."""

    name: str | int
    start: int
    key_end: int
    passage: Passage

    @property
    def end(self) -> int:
        return max(self.passage.end, self.key_end)


@dataclass(frozen=True, kw_only=True)
class Passages:
    """A YAML document that `mappings.node.read_yaml` takes."""

    text: str
    root: Passage

    @classmethod
    def of(cls, text: str) -> Self:
        events = (event for event in yaml.parse(text, Loader=yaml.SafeLoader) if _is_of_content(event))
        return cls(text=text, root=_read(next(events), events, text))

    def find(self, path: Path) -> Passage | None:
        """None where there is no such part."""
        found: Passage | None = self.root
        for name in path:
            entry = found.entry(name) if found is not None else None
            found = entry.passage if entry else None
        return found

    def written(self, path: Path) -> str | None:
        """The passage as it stands, its lines moved to the left together; None where there is none."""
        found = self.find(path)
        if found is None:
            return None
        column = found.start - self._line_start(found.start)
        return textwrap.dedent(" " * column + self.text[found.start : found.end]).rstrip()

    def put(self, path: Path, value: str) -> str:
        """The text with this value there; what leads to it is written where it is not there yet."""
        if (free := self._free(path, value)) is not self:
            return free.put(path, value)
        *above, name = path
        parent = self.find(tuple(above))
        if parent is None:
            return self.put(tuple(above), f"{{{flow_scalar(str(name))}: {value}}}")
        there = parent.entry(name)
        return self._added(parent, str(name), value) if there is None else self._replaced(there, parent.is_flow, value)

    def append(self, path: Path, value: str) -> str:
        """The text with another item at the end of that list, which is there."""
        parent = self.find(path)
        assert parent is not None and parent.entries
        last = parent.entries[-1]
        if parent.is_flow:
            return self.text[: last.end] + f", {value}" + self.text[last.end :]
        column, place = parent.start - self._line_start(parent.start), self._line_end(parent.end)
        item = _indented(f"- {_indented(value, _INDENT).lstrip()}", column)
        return self.text[:place] + "\n" + item + self.text[place:]

    def taken(self, path: Path) -> str:
        """The text without that entry; without the one above it, too, where nothing else is in that."""
        if (free := self._free(path)) is not self:
            return free.taken(path)
        *above, name = path
        parent = self.find(tuple(above))
        entry = parent.entry(name) if parent is not None else None
        if parent is None or entry is None:
            return self.text
        if len(parent.entries or ()) == 1 and above:
            return self.taken(tuple(above))
        return self._without(parent, entry)

    def _free(self, path: Path, value: str = "") -> Passages:
        """The same, where what is outside that part repeats nothing that the value has not: the first alias that does
        is spelled out, and so on."""
        own = self.find(path)
        anchored = {part.anchor: part for part in own.every() if part.anchor} if own is not None else {}
        anchored = {name: part for name, part in anchored.items() if f"&{name}" not in value}
        for part in self.root.every():
            meant = anchored.get(part.repeats) if part.repeats else None
            if own is not None and meant is not None and not own.start <= part.start < own.end:
                text = self.text[: part.start] + self._spelled(meant) + self.text[part.end :]
                return Passages.of(text)._free(path, value)
        return self

    def _spelled(self, anchored: Passage) -> str:
        column = anchored.start - self._line_start(anchored.start)
        lines = textwrap.dedent(" " * column + self.text[anchored.start : anchored.end])
        return flow(read_yaml(lines.partition(f"&{anchored.anchor}")[2], file="yaml"))

    # ── one entry ───────────────────────────────────────────────────────────────────────────────────────────
    def _replaced(self, old: Entry, is_flow: bool, value: str) -> str:
        column = old.start - self._line_start(old.start)
        if old.key_end == old.start:  # an item of a list: its first line stands behind the dash
            written = value if is_flow else _indented(value, column).lstrip()
            return self.text[: old.start] + written + self.text[old.end :]
        begin = self.text.index(":", old.key_end) + 1
        written = f" {value}" if is_flow or "\n" not in value else "\n" + _indented(value, column + _INDENT)
        return self.text[:begin] + written + self.text[old.end :]

    def _added(self, parent: Passage, name: str, value: str) -> str:
        key, entries = flow_scalar(name), parent.entries or ()
        if parent.is_flow:
            place = entries[-1].end if entries else parent.end - 1
            return self.text[:place] + f"{', ' if entries else ''}{key}: {value}" + self.text[place:]
        first = entries[0].start if entries else parent.start
        lines = f"{key}: {value}" if "\n" not in value else f"{key}:\n{_indented(value, _INDENT)}"
        place = self._line_end(parent.end)
        return self.text[:place] + "\n" + _indented(lines, first - self._line_start(first)) + self.text[place:]

    def _without(self, parent: Passage, entry: Entry) -> str:
        if not parent.is_flow:
            return self.text[: self._line_start(entry.start)] + self.text[self._line_end(entry.end) + 1 :]
        entries = parent.entries or ()
        place = entries.index(entry)
        if place + 1 < len(entries):
            return self.text[: entry.start] + self.text[entries[place + 1].start :]
        return self.text[: entries[place - 1].end] + self.text[entry.end :]

    def _line_start(self, index: int) -> int:
        return self.text.rfind("\n", 0, index) + 1

    def _line_end(self, index: int) -> int:
        found = self.text.find("\n", index)
        return found if found >= 0 else len(self.text)


def _is_of_content(event: yaml.Event) -> bool:
    return not isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent | yaml.StreamEndEvent)


def _read(event: yaml.Event, events: Iterator[yaml.Event], text: str) -> Passage:
    if isinstance(event, yaml.MappingStartEvent):
        return _mapping(event, events, text)
    if isinstance(event, yaml.SequenceStartEvent):
        return _sequence(event, events, text)
    if isinstance(event, yaml.AliasEvent):
        return Passage(start=_start(event), end=_end(event), repeats=event.anchor)
    end = _trimmed(text, _start(event), _end(event))
    return Passage(start=_start(event), end=end, anchor=getattr(event, "anchor", None))


def _mapping(event: yaml.MappingStartEvent, events: Iterator[yaml.Event], text: str) -> Passage:
    entries: list[Entry] = []
    while not isinstance(key := next(events), yaml.MappingEndEvent):
        start, key_end = _start(key), _end(key)
        passage = _read(next(events), events, text)
        entries.append(Entry(name=getattr(key, "value", ""), start=start, key_end=key_end, passage=passage))
    return _collection(event, key, tuple(entries))


def _sequence(event: yaml.SequenceStartEvent, events: Iterator[yaml.Event], text: str) -> Passage:
    entries: list[Entry] = []
    while not isinstance(item := next(events), yaml.SequenceEndEvent):
        found = _read(item, events, text)
        entries.append(Entry(name=len(entries), start=found.start, key_end=found.start, passage=found))
    return _collection(event, item, tuple(entries))


def _collection(event: yaml.CollectionStartEvent, ended: yaml.Event, entries: tuple[Entry, ...]) -> Passage:
    """One in lines ends with its last entry: what the parser counts to it beyond are the blanks and remarks after."""
    end = _end(ended) if event.flow_style else entries[-1].end
    return Passage(start=_start(event), end=end, is_flow=bool(event.flow_style), entries=entries, anchor=event.anchor)


def _start(event: yaml.Event) -> int:
    assert event.start_mark is not None
    return event.start_mark.index


def _end(event: yaml.Event) -> int:
    assert event.end_mark is not None
    return event.end_mark.index


def _trimmed(text: str, start: int, end: int) -> int:
    """Text in lines of its own ends with its last one."""
    return start + len(text[start:end].rstrip())


def _indented(lines: str, column: int) -> str:
    return textwrap.indent(lines, " " * column)
