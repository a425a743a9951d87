"""SQLite as random tests know it: what its columns are declared as and hold, and its plain client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from hypothesis import strategies as st

from tests.conformance.platforms import SqlitePlatform
from tests.random import values
from tests.random.shape import Native, Row, Sense, Shape, Value, listed, quoted

_FLOATS = values.FLOATS | st.sampled_from([float("inf"), float("-inf")])  # NaN is NULL there
_ANYTHING = values.whole(64) | _FLOATS | values.texts() | values.BYTES | st.just("a\0b")


WHOLE = Native(declared="INTEGER", sense=Sense.WHOLE, values=values.whole(64), is_key=True)
TEXT = Native(declared="TEXT", sense=Sense.TEXT, values=values.texts(), is_key=True)
LONG = TEXT
BYTES = Native(declared="BLOB", sense=Sense.BYTES, values=values.BYTES)
COMMON = (
    WHOLE,
    TEXT,
    BYTES,
    Native(declared="REAL", sense=Sense.FLOAT, values=_FLOATS),
    Native(declared="BOOLEAN", sense=Sense.TRUTH, values=st.sampled_from([0, 1])),
    Native(declared="VARCHAR(10)", sense=Sense.TEXT, values=values.texts(10)),
    Native(declared="TEXT COLLATE NOCASE", sense=Sense.TEXT, values=values.texts()),
    Native(declared="TEXT", sense=Sense.DECIMAL, values=values.digits(12, 2)),
    Native(declared="TEXT", sense=Sense.DATE, values=values.DATES.map(str)),
    Native(declared="TEXT", sense=Sense.TIME, values=values.TIMES.map(str)),
    Native(declared="DATETIME", sense=Sense.MOMENT, values=values.MOMENTS.map(str)),
    Native(declared="TEXT", sense=Sense.INSTANT, values=values.MOMENTS.map(lambda moment: f"{moment}Z")),
    Native(declared="TEXT", sense=Sense.UUID, values=values.UUIDS),
    Native(declared="TEXT", sense=Sense.DOCUMENT, values=values.DOCUMENTS),
)
OWN = (
    Native(declared="NUMERIC", sense=Sense.OWN, values=_ANYTHING),
    Native(declared="", sense=Sense.OWN, values=_ANYTHING),
)


def number(number: int) -> Value:
    """As the plain client says it."""
    return number


def raw(content: bytes) -> Value:
    """As the plain client says it."""
    return content


class SqliteDatabase:
    kind = "sqlite"
    natives = COMMON + OWN

    def __init__(self, path: Path) -> None:
        self.platform = SqlitePlatform(path)

    def close(self) -> None:
        """Nothing is open."""

    def create(self, shapes: Sequence[Shape]) -> None:
        """Nothing but these tables, empty."""
        with closing(self.platform.connect()) as connection:
            connection.execute("PRAGMA foreign_keys = OFF")
            mine = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*'"
            for (name,) in connection.execute(mine).fetchall():
                connection.execute(f"DROP TABLE {quoted(name)}")
            for shape in shapes:
                connection.execute(shape.ddl)

    def clear(self) -> None:
        """Nothing is left, not even a type."""
        self.create(())

    def read(self, shape: Shape) -> list[Row]:
        """Every row, each value of its storage class."""
        with closing(self.platform.connect()) as connection:
            return connection.execute(f"SELECT {listed(shape.names)} FROM {quoted(shape.name)}").fetchall()

    def write(self, contents: Mapping[Shape, Sequence[Row]]) -> None:
        """See Database."""
        with closing(self.platform.connect()) as connection:
            connection.execute("BEGIN")
            for shape in reversed(list(contents)):
                connection.execute(f"DELETE FROM {quoted(shape.name)}")
            for shape, rows in contents.items():
                marks = ", ".join("?" * len(shape.fields))
                connection.executemany(f"INSERT INTO {quoted(shape.name)} VALUES ({marks})", rows)
            connection.execute("COMMIT")
