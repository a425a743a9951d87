"""What a restored platform declares otherwise than its archive, and nobody has told.

No digest sees a default, a scale or an index that was lost: both sides are described in the words of one driver, and
held against each other thing by thing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from migrator.contracts import Reading
from migrator.engine.declarations import Place, declarations
from storage.model import Model
from storage.problem import Problem
from storage.schema import Table

_WORDED = ("native", "default", "expression", "where", "bound")
"""What is said in the server's own words: of another version, others may mean the same, as `int` and `int(11)`."""

_OF_SERVER = "option"
"""What one version of a server lists, and another may not know."""

_NEXT = "make it by hand, and report it: how it was declared stands in schema/ of the archive"
_COMPARE = "compare the two: this server is of another version, and may put the same in other words"


@dataclass(frozen=True, kw_only=True)
class Described:
    """A platform in its driver's words, or what an archive kept of them."""

    version: str
    tables: Sequence[Table]
    model: Model


@dataclass(frozen=True, kw_only=True)
class Departures:
    """`lost` is not as it was. Whether what is `worded` otherwise by another version is, only a person can tell."""

    lost: tuple[Problem, ...]
    worded: tuple[Problem, ...]


def described(reading: Reading, tables: Sequence[Table]) -> Described:
    """These tables as they stand there now; one that does not is not among them."""
    names = {table.name for table in tables}
    there = [table for table in reading.schema.tables if table.name in names]
    model = reading.model([table.name for table in there])
    return Described(version=reading.schema.version, tables=there, model=model)


def departures(archived: Described, restored: Described, told: Sequence[Problem]) -> Departures:
    """Both ways, but for what `told` says of the same thing; the database itself may have more than it had."""
    known = {one.table for one in archived.model.tables}
    same = replace(restored.model, tables=tuple(one for one in restored.model.tables if one.table in known))
    before = declarations(archived.tables, archived.model)
    after = declarations(restored.tables, same)
    lost, worded = [], []
    for place in (place for place in {**before, **after} if place.table or place in before):
        if any(_tells(note, place) for note in told):
            continue
        for what, is_wording in _unlike(before.get(place), after.get(place)):
            if (is_wording or place.kind == _OF_SERVER) and archived.version != restored.version:
                worded.append(Problem(where=str(place), what=what, next=_COMPARE))
            else:
                lost.append(Problem(where=str(place), what=what, next=_NEXT))
    return Departures(lost=tuple(lost), worded=tuple(worded))


def _unlike(before: Mapping[str, str] | None, after: Mapping[str, str] | None) -> Iterator[tuple[str, bool]]:
    """What is to be said of a thing that is not as it was, and whether it may be a matter of words."""
    if before is None or after is None:
        yield ("it is there, and the archive has none" if before is None else "it is not there"), False
        return
    for name in {**before, **after}:
        was, is_ = before.get(name), after.get(name)
        if was != is_:
            property_ = f"its {name}" if name else "it"
            may_be_words = None not in (was, is_) and name.rpartition(" ")[2] in _WORDED
            yield f"{property_} was {_quoted(was)}, and is {_quoted(is_)}", may_be_words


def _quoted(words: str | None) -> str:
    return "nothing" if words is None else f"“{words}”"


def _tells(note: Problem, place: Place) -> bool:
    """Whether a driver's note is of that thing: by its place, or, where it is of the whole table, by its words."""
    if note.where in (
        str(place),
        f"{place.table}.{place.name}".strip("."),
        f"{place.table}, {place.kind} {place.name}",
    ):
        return place.kind != "table"
    if note.where != place.table or place.kind == "column":
        return False
    words = (re.escape(word) for word in (place.name, place.kind) if word)
    return any(re.search(rf"(?<!\w){word}s?(?!\w)", note.what) for word in words)
