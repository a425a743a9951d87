"""PostgreSQL as random tests know it: its types and their values, and its plain client, which speaks their text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

from tests.conformance.platforms import PostgresPlatform
from tests.random import values
from tests.random.shape import Field, Native, Row, Sense, Shape, Value, quoted

_SETUP = """
CREATE TYPE mood AS ENUM ('sad', 'happy', '', 'it''s');
CREATE DOMAIN short AS varchar(5);
CREATE TYPE pair AS (n integer, t text);
"""
_SESSION = "SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET client_min_messages = warning"
_SPECIAL = st.sampled_from([float("nan"), float("inf"), float("-inf"), -0.0])


def _texts(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[str]:
    return strategy.map(str)


def _to_the_millisecond(moment: str) -> str:
    """The last moment there is would be rounded to one there is not."""
    return moment[: len("2024-02-29 01:02:03.004")]


def _own(declared: str, *texts: str) -> Native:
    return Native(declared=declared, sense=Sense.OWN, values=st.sampled_from(texts))


WHOLE = Native(declared="bigint", sense=Sense.WHOLE, values=_texts(values.whole(64)), is_key=True)
TEXT = Native(declared="text", sense=Sense.TEXT, values=values.texts(), is_key=True)
LONG = TEXT
BYTES = Native(declared="bytea", sense=Sense.BYTES, values=values.BYTES.map(lambda raw: f"\\x{raw.hex()}"))
COMMON = (
    WHOLE,
    TEXT,
    BYTES,
    Native(declared="boolean", sense=Sense.TRUTH, values=st.sampled_from(["t", "f"])),
    Native(declared="smallint", sense=Sense.WHOLE, values=_texts(values.whole(16)), is_key=True),
    Native(declared="integer", sense=Sense.WHOLE, values=_texts(values.whole(32)), is_key=True),
    Native(declared="real", sense=Sense.FLOAT, values=_texts(values.SINGLES | _SPECIAL)),
    Native(declared="double precision", sense=Sense.FLOAT, values=_texts(values.FLOATS | _SPECIAL)),
    Native(declared="numeric(12,2)", sense=Sense.DECIMAL, values=values.digits(12, 2), is_key=True),
    Native(declared="numeric(4,4)", sense=Sense.DECIMAL, values=values.digits(4, 4)),
    Native(declared="numeric(40,10)", sense=Sense.DECIMAL, values=values.digits(40, 10)),
    Native(declared="varchar(10)", sense=Sense.TEXT, values=values.texts(10), is_key=True),
    Native(declared="character(5)", sense=Sense.TEXT, values=values.texts(5).map(lambda text: text.ljust(5))),
    Native(declared="uuid", sense=Sense.UUID, values=values.UUIDS, is_key=True),
    Native(declared="json", sense=Sense.DOCUMENT, values=values.DOCUMENTS),
    Native(declared="jsonb", sense=Sense.DOCUMENT, values=values.DOCUMENTS.filter(lambda text: "\\u0000" not in text)),
    Native(declared="date", sense=Sense.DATE, values=_texts(values.DATES), is_key=True),
    Native(declared="time", sense=Sense.TIME, values=_texts(values.TIMES)),
    Native(declared="timestamp", sense=Sense.MOMENT, values=_texts(values.MOMENTS)),
    Native(declared="timestamp(3)", sense=Sense.MOMENT, values=_texts(values.MOMENTS).map(_to_the_millisecond)),
    Native(declared="timestamptz", sense=Sense.INSTANT, values=_texts(values.MOMENTS)),
)
OWN = (
    Native(
        declared="numeric",
        sense=Sense.OWN,
        values=values.digits(30, 5) | st.sampled_from(["NaN", "Infinity", "-Infinity", "1.0", "1.00", "9" * 1200]),
    ),
    _own("date", "infinity", "-infinity", "0044-03-15 BC", "5874897-12-31", "2024-02-29"),
    _own("timestamp", "infinity", "294276-12-31 23:59:59.999999", "4713-01-01 00:00:00 BC", "2024-02-29 01:02:03"),
    _own("timestamptz", "-infinity", "0001-01-01 00:00:00+00 BC", "2024-03-31 02:30:00+02"),
    _own("timetz", "24:00:00+00", "02:30:00.000001-15:59:59"),
    _own("time", "24:00:00", "00:00:00.000001"),
    _own("interval", "1 mon", "30 days", "720:00:00", "-1 years +2 days -00:00:00.000001"),
    _own("mood", "sad", "happy", "", "it's"),
    Native(declared="short", sense=Sense.OWN, values=values.texts(5)),
    _own("pair", "(1,)", '(,"")', '(2,"a,b ""c""")', "(,)"),
    _own("integer[]", "{}", "{1,NULL,3}", "[0:1]={1,2}", "{{1,2},{3,4}}"),
    _own("text[]", '{"",NULL,"NULL"}', '{"a,b","c\\"d","\\\\"}', "{{a},{b}}"),
    _own("int4range", "empty", "[1,5)", "(,)", "[7,)"),
    _own("nummultirange", "{}", "{[1.0,2.00),(5,)}"),
    _own("inet", "10.0.0.1", "10.0.0.1/8", "::1"),
    _own("bit(5)", "00000", "10101"),
    _own("bit varying", "", "1", "0001"),
    _own("macaddr", "08:00:2b:01:02:03"),
    _own("point", "(0,-0)", "(1e+300,-1.5)"),
    _own("tsvector", "", "'a':1A 'b b':2"),
    _own("oid", "0", "4294967295"),
    _own('"char"', "a", ""),
    _own("money", "$1.50", "-$92,233,720,368,547,758.08"),
)


def number(number: int) -> Value:
    """As the plain client says it."""
    return str(number)


def raw(content: bytes) -> Value:
    """As the plain client says it."""
    return f"\\x{content.hex()}"


def _text_of(field: Field) -> str:
    name = quoted(field.name)
    given = f"{name}::float8" if field.native.declared == "real" else name
    return f"CASE WHEN {name} IS DISTINCT FROM NULL THEN format('%s', {given}) END"  # (,) is null, and is not NULL


class PostgresDatabase:
    kind = "postgresql"
    natives = COMMON + OWN

    def __init__(self, url: str) -> None:
        self.platform = PostgresPlatform(url)
        self._connection = self.platform.connect()
        self._connection.execute(_SESSION.encode())

    def close(self) -> None:
        self._connection.close()

    def create(self, shapes: Sequence[Shape]) -> None:
        """Nothing but these tables, empty."""
        self.clear()
        self._run(_SETUP, *(shape.ddl for shape in shapes))

    def clear(self) -> None:
        """Nothing is left, not even a type."""
        self._run("DROP SCHEMA IF EXISTS migrator CASCADE", "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")

    def read(self, shape: Shape) -> list[Row]:
        """Every row, each value in its type's own output; of a real, all its digits."""
        texts = ", ".join(_text_of(field) for field in shape.fields)
        # in the binary format a text is what it is, and nothing is guessed of it
        with self._connection.cursor(binary=True) as cursor:
            return cursor.execute(f"SELECT {texts} FROM {quoted(shape.name)}".encode()).fetchall()

    def write(self, contents: Mapping[Shape, Sequence[Row]]) -> None:
        """See Database."""
        with self._connection.transaction():
            self._run(*(f"DELETE FROM {quoted(shape.name)}" for shape in reversed(list(contents))))
            for shape, rows in contents.items():
                with self._connection.cursor() as cursor, cursor.copy(f"COPY {quoted(shape.name)} FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(row)

    def _run(self, *statements: str) -> None:
        for statement in statements:
            self._connection.execute(statement.encode())
