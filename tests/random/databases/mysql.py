"""MariaDB as random tests know it: its types and their values, and its plain client, which speaks the server's text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pymysql
from hypothesis import strategies as st
from pymysql.converters import encoders

from tests.conformance.platforms import MysqlPlatform
from tests.random import values
from tests.random.shape import Native, Row, Sense, Shape, Value, quoted

_EXACT = "COLLATE utf8mb4_nopad_bin"


def _texts(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[str]:
    return strategy.map(str)


def _own(declared: str, *texts: Value) -> Native:
    return Native(declared=declared, sense=Sense.OWN, values=st.sampled_from(texts))


def _within(moment: str) -> bool:
    return "1970-01-01 00:00:01" <= moment < "2038-01-19"


_INSTANTS = _texts(values.MOMENTS).filter(_within) | st.sampled_from(["1970-01-01 00:00:01", "2024-03-31 02:30:00"])
WHOLE = Native(declared="bigint", sense=Sense.WHOLE, values=_texts(values.whole(64)), is_key=True)
TEXT = Native(declared=f"varchar(40) {_EXACT}", sense=Sense.TEXT, values=values.texts(), is_key=True)
LONG = Native(declared=f"longtext {_EXACT}", sense=Sense.TEXT, values=values.texts())
BYTES = Native(declared="longblob", sense=Sense.BYTES, values=values.BYTES)
COMMON = (
    WHOLE,
    TEXT,
    BYTES,
    Native(declared="tinyint(1)", sense=Sense.TRUTH, values=st.sampled_from(["0", "1"])),
    Native(declared="tinyint", sense=Sense.WHOLE, values=_texts(values.whole(8)), is_key=True),
    Native(declared="mediumint unsigned", sense=Sense.WHOLE, values=_texts(values.whole(24, signed=False))),
    Native(declared="int", sense=Sense.WHOLE, values=_texts(values.whole(32)), is_key=True),
    Native(declared="bigint unsigned", sense=Sense.WHOLE, values=_texts(values.whole(64, signed=False)), is_key=True),
    Native(declared="double", sense=Sense.FLOAT, values=_texts(values.FLOATS)),
    Native(declared="float", sense=Sense.FLOAT, values=_texts(values.SINGLES)),
    Native(declared="decimal(12,2)", sense=Sense.DECIMAL, values=values.digits(12, 2), is_key=True),
    Native(declared="decimal(4,4)", sense=Sense.DECIMAL, values=values.digits(4, 4)),
    Native(declared="decimal(65,30)", sense=Sense.DECIMAL, values=values.digits(65, 30)),
    Native(declared=f"varchar(10) {_EXACT}", sense=Sense.TEXT, values=values.texts(10), is_key=True),
    Native(declared="varchar(10) COLLATE utf8mb4_general_ci", sense=Sense.TEXT, values=values.texts(10)),
    Native(declared="char(5) COLLATE utf8mb4_bin", sense=Sense.TEXT, values=values.texts(5).map(str.rstrip)),
    Native(declared="varchar(10) CHARACTER SET latin1", sense=Sense.TEXT, values=values.latin(10)),
    LONG,
    Native(declared="varbinary(12)", sense=Sense.BYTES, values=values.BYTES, is_key=True),
    Native(declared="uuid", sense=Sense.UUID, values=_texts(st.uuids(version=4)), is_key=True),
    Native(declared="json", sense=Sense.DOCUMENT, values=values.DOCUMENTS),
    Native(declared="date", sense=Sense.DATE, values=_texts(values.DATES), is_key=True),
    Native(declared="time(6)", sense=Sense.TIME, values=_texts(values.TIMES)),
    Native(declared="datetime(6)", sense=Sense.MOMENT, values=_texts(values.MOMENTS)),
    Native(declared="timestamp(6) NULL", sense=Sense.INSTANT, values=_INSTANTS),
)
OWN = (
    Native(
        declared="bit(9)", sense=Sense.OWN, values=values.whole(9, signed=False).map(lambda n: n.to_bytes(2, "big"))
    ),
    Native(declared="bit(64)", sense=Sense.OWN, values=st.binary(min_size=8, max_size=8)),
    Native(declared="binary(4)", sense=Sense.OWN, values=st.binary(min_size=4, max_size=4)),
    Native(declared="longtext", sense=Sense.OWN, values=values.texts() | st.just("a\0b")),
    _own("int(6) zerofill", "000007", "123456"),
    _own("year", "0000", "1901", "2155"),
    _own("date", "0000-00-00", "2024-02-00", "2024-00-00", "9999-12-31"),
    _own("datetime(3)", "0000-00-00 00:00:00.000", "2024-02-00 01:02:03.004"),
    _own("time(6)", "-838:59:59.000000", "838:59:59.000000", "24:00:00.000000", "-00:00:00.000001"),
    _own("enum('a','','it''s','é')", "a", "", "it's", "é"),
    _own("set('a','b','c')", "", "a", "a,c", "a,b,c"),
    _own("inet6", "::", "fe80::1", "::ffff:1.2.3.4"),
    _own("inet4", "0.0.0.0", "255.255.255.255"),  # noqa: S104 - a value, no address to bind
    _own("point", bytes.fromhex("00000000010100000000000000000000000000000000000080")),
)


def number(number: int) -> Value:
    """As the plain client says it."""
    return str(number)


def raw(content: bytes) -> Value:
    """As the plain client says it."""
    return content


class MysqlDatabase:
    kind = "mysql"
    natives = COMMON + OWN

    def __init__(self, url: str) -> None:
        self.platform = MysqlPlatform(url)
        self._connection = self.platform.connect(conv=encoders, init_command="SET time_zone = '+00:00'")

    def close(self) -> None:
        self._connection.close()

    def create(self, shapes: Sequence[Shape]) -> None:
        """Nothing but these tables, empty."""
        found = self._rows("SHOW FULL TABLES WHERE table_type = 'BASE TABLE'")
        drops = [f"DROP TABLE {quoted(str(name))}" for name, _ in found]
        self._run("SET foreign_key_checks = 0", *drops, "SET foreign_key_checks = 1")
        self._run(*(f"{shape.ddl} ENGINE=InnoDB DEFAULT CHARSET=utf8mb4" for shape in shapes))

    def clear(self) -> None:
        """Nothing is left, not even a type."""
        self.create(())

    def read(self, shape: Shape) -> list[Row]:
        """Every row as the server writes it; of a FLOAT, all its digits."""
        names = ", ".join(
            f"{quoted(field.name)}{' * 1e0' if field.native.declared == 'float' else ''}" for field in shape.fields
        )
        return self._rows(f"SELECT {names} FROM {quoted(shape.name)}")

    def write(self, contents: Mapping[Shape, Sequence[Row]]) -> None:
        """See Database."""
        self._connection.begin()
        try:
            self._run(*(f"DELETE FROM {quoted(shape.name)}" for shape in reversed(list(contents))))
            with self._connection.cursor() as cursor:
                for shape, rows in contents.items():
                    into = quoted(shape.name).replace("%", "%%")
                    marks = ", ".join(["%s"] * len(shape.fields))
                    cursor.executemany(f"INSERT INTO {into} VALUES ({marks})", rows)
            self._connection.commit()
        except pymysql.MySQLError:
            self._connection.rollback()
            raise

    def _run(self, *statements: str) -> None:
        with self._connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def _rows(self, query: str) -> list[Row]:
        with self._connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())
