"""What people do in a target after a load, and what taking the load back makes of it: worked out without our SQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from tests.conformance.platforms import Platform
from tests.conformance.targets import STORY, Rows
from tests.random.databases.database import REFUSED

Row = tuple[Any, ...]
Key = tuple[Any, ...]
Entry = tuple[str, Key]

TABLES = ("teams", "members", "words", "badges", "seats", "alerts", "pins")
_KEYS = {"teams": (0,), "members": (0,), "badges": (1,), "seats": (0, 1)}
_UNIQUE = {"teams": 1, "members": 3}  # the column beside the key
_REFERENCES = (
    ("teams", 3, "members"),
    ("members", 1, "teams"),
    ("members", 2, "members"),
    ("words", 0, "teams"),
    ("alerts", 1, "members"),
    ("pins", 1, "members"),
)

# ── what people do ──────────────────────────────────────────────────────────────────────────────────────────
_TEAM, _MEMBER = st.sampled_from([1, 2, 10, 30]), st.sampled_from([1, 2, 3, 11, 12, 31, 32])
_EMAIL = st.sampled_from(["'a@x'", "'c@x'", "'z@x'", "'k@x'", "'p@x'", "NULL"])
_NAME = st.sampled_from(["others", "ours", "others renamed", "people"])
_CODE = st.sampled_from(["old", "new", "by hand"])
DEEDS = st.one_of(
    st.builds("UPDATE members SET note = 'edited' WHERE id = {};".format, _MEMBER),
    st.builds("UPDATE members SET note = '' WHERE id = {};".format, _MEMBER),
    st.builds("UPDATE members SET team_id = {} WHERE id = {};".format, _TEAM, _MEMBER),
    st.builds("UPDATE members SET mentor_id = {} WHERE id = {};".format, _MEMBER, _MEMBER),
    st.builds("UPDATE members SET email = {} WHERE id = {};".format, _EMAIL, _MEMBER),
    st.builds("UPDATE teams SET size = {} WHERE id = {};".format, st.sampled_from([3, 6, 7]), _TEAM),
    st.builds("UPDATE teams SET lead_id = {} WHERE id = {};".format, _MEMBER, _TEAM),
    st.builds("UPDATE teams SET name = '{}' WHERE id = {};".format, _NAME, _TEAM),
    st.builds("UPDATE badges SET code = '{}', weight = 1.5 WHERE code = '{}';".format, _CODE, _CODE),
    st.builds("UPDATE seats SET label = '{}';".format, st.sampled_from(["door", "moved"])),
    st.builds("UPDATE words SET word = '{}' WHERE team_id = {};".format, st.sampled_from(["same", "said"]), _TEAM),
    st.builds("INSERT INTO teams (id, name, size) VALUES ({}, '{}', 1);".format, _TEAM, _NAME),
    st.builds("INSERT INTO members VALUES ({}, {}, {}, {}, 'by hand');".format, _MEMBER, _TEAM, _MEMBER, _EMAIL),
    st.builds("INSERT INTO alerts (member_id) VALUES ({});".format, _MEMBER),
    st.builds("INSERT INTO pins (member_id) VALUES ({});".format, _MEMBER),
    st.builds("INSERT INTO words VALUES ({}, '{}');".format, _TEAM, st.sampled_from(["same", "said"])),
    st.builds("DELETE FROM members WHERE id = {};".format, _MEMBER),
    st.builds("DELETE FROM teams WHERE id = {};".format, _TEAM),
    st.builds("DELETE FROM badges WHERE code = '{}';".format, _CODE),
    st.builds("DELETE FROM words WHERE team_id = {};".format, _TEAM),
    st.just("DELETE FROM seats;"),
)


def do(platform: Platform, deeds: Sequence[str]) -> None:
    """One after the other, each committed; what the database does not let them do is not done."""
    for deed in deeds:
        try:
            platform.run(deed)
        except REFUSED:
            continue


# ── what is there ───────────────────────────────────────────────────────────────────────────────────────────
State = Mapping[str, Sequence[Row]]


def state(platform: Platform) -> dict[str, list[Row]]:
    return {table: sorted(platform.rows(f"SELECT * FROM {table}"), key=repr) for table in TABLES}


def _by_key(rows: State, table: str) -> dict[Key, Row]:
    return {tuple(row[column] for column in _KEYS[table]): row for row in rows[table]}


def _keys(table: str, rows: Rows, given: Sequence[Row]) -> Iterator[Entry]:
    for row in given:
        named = dict(zip(rows.columns, row, strict=True))
        yield table, tuple(named[column] for column in rows.key)


# ── what has to come of it ──────────────────────────────────────────────────────────────────────────────────
@dataclass(kw_only=True)
class Expected:
    """The load of STORY taken back: worked out row by row, from what was there before it, after it and after people.

    Of rows without a key nobody can say whose of two equal ones is gone: `words` are those that went.
    """

    before: State
    loaded: State
    found: State
    words: Counter[Row]
    kept: set[Entry] = field(default_factory=set)
    failed: set[Entry] = field(default_factory=set)

    @classmethod
    def of(cls, *, before: State, loaded: State, found: State, now: State) -> Expected:
        """Of rows without a key, those are taken for gone that are."""
        words = Counter(found["words"]) - Counter(now["words"])
        return cls(before=before, loaded=loaded, found=found, words=words)

    def __post_init__(self) -> None:
        keyed = [rows for rows in STORY if rows.key]
        self.created = {entry for rows in keyed for entry in _keys(rows.table, rows, rows.create)}
        self.overwritten = {entry for rows in keyed for entry in _keys(rows.table, rows, rows.overwrite)}
        self._before, self._loaded, self._found = (
            {(table, key): row for table in _KEYS for key, row in _by_key(rows, table).items()}
            for rows in (self.before, self.loaded, self.found)
        )
        for entry in self.created | self.overwritten:
            is_gone = entry not in self._found
            if not (is_gone and entry in self.created) and self._found.get(entry) != self._loaded[entry]:
                self.kept.add(entry)
        while self._one_more():
            pass

    @property
    def may_go(self) -> bool:
        """Whether the words that went are those of the load, all of them where nobody touched any."""
        spoken = Counter(row for rows in STORY if not rows.key for row in rows.create)
        is_untouched = self.found["words"] == self.loaded["words"]
        return self.words == spoken if is_untouched else self.words <= spoken

    @property
    def words_kept(self) -> int:
        return sum(len(rows.create) for rows in STORY if not rows.key) - self.words.total()

    @property
    def reversed(self) -> int:
        entries = len(self.created | self.overwritten) - len(self.kept) - len(self.failed)
        return entries + self.words.total()

    @property
    def after(self) -> dict[str, list[Row]]:
        rows = {table: list(given) for table, given in self.found.items()}
        rows["words"] = list((Counter(rows["words"]) - self.words).elements())
        for table in _KEYS:
            rows[table] = [row for row in map(self._then, self._entries(table)) if row is not None]
        return {table: sorted(given, key=repr) for table, given in rows.items()}

    def _entries(self, table: str) -> list[Entry]:
        return [entry for entry in self._found if entry[0] == table]

    def _is_reversed(self, entry: Entry) -> bool:
        return entry in (self.created | self.overwritten) - self.kept - self.failed

    def _then(self, entry: Entry) -> Row | None:
        if not self._is_reversed(entry):
            return self._found[entry]
        return self._before[entry] if entry in self.overwritten else None

    def _one_more(self) -> bool:
        """Whether another row has to stay for what was found to stay so far."""
        after = self.after
        for child, column, parent in _REFERENCES:
            for row in after[child]:
                pointed = (parent, (row[column],))
                if row[column] is None or self._is_there(pointed):
                    continue
                if pointed in self.created and self._is_reversed(pointed):
                    self.kept.add(pointed)
                else:
                    self.failed.add((child, tuple(row[place] for place in _KEYS[child])))
                return True
        for table, column in _UNIQUE.items():
            given = Counter(row[column] for row in after[table] if row[column] is not None)
            for entry in sorted(self.overwritten - self.kept - self.failed):
                if entry[0] == table and given[self._before[entry][column]] > 1:
                    self.failed.add(entry)
                    return True
        return False

    def _is_there(self, entry: Entry) -> bool:
        return entry in self._found and self._then(entry) is not None
