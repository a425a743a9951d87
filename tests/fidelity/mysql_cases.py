"""Every type a MariaDB table may have, by the server's own manual and plugins, with usual and extreme values of it."""

from __future__ import annotations

from migrator.platforms.relational.sqltext import literal
from tests.fidelity.case import Case
from tests.fidelity.texts import TEXTS


def _case(native: str, *texts: str, about: str = "") -> Case:
    return Case(native=native, values=tuple(literal(text) for text in texts), about=about)


def _computed(native: str, *expressions: str, about: str = "") -> Case:
    return Case(native=native, values=expressions, about=about)


def _integers(native: str, bits: int) -> tuple[Case, ...]:
    return (
        _computed(native, f"{-(1 << bits - 1)}", f"{(1 << bits - 1) - 1}", "0"),
        _computed(f"{native} UNSIGNED", f"{(1 << bits) - 1}", "0"),
    )


_EVERY_BYTE = bytes(range(256)).hex()
_BIT_LENGTHS = (1, 8, 63, 64)
_NUMBERS = (
    *_integers("TINYINT", 8),
    *_integers("SMALLINT", 16),
    *_integers("MEDIUMINT", 24),
    *_integers("INT", 32),
    *_integers("BIGINT", 64),
    _computed("BIGINT UNSIGNED", "9223372036854775807", about="none above 2^63-1"),
    _computed("TINYINT(1)", "1", "0", "2", "-128"),
    _computed("BOOLEAN", "TRUE", "FALSE"),
    _computed("INT(8) ZEROFILL", "42", "4294967295"),
    _computed("BIGINT(20) UNSIGNED ZEROFILL", "18446744073709551615", "7"),
    _case("DECIMAL(65,30)", "-" + "9" * 35 + "." + "9" * 30, "0.000000000000000000000000000001"),
    _case("DECIMAL(10,2)", "-0.01", "99999999.99"),
    _case("DECIMAL", "7"),
    _case("DECIMAL(20,0)", "12345678901234567890", about="ids of twenty digits"),
    _case("DECIMAL(6,2) ZEROFILL", "1.5"),
    _computed("FLOAT", "0.1", "-1e-38", "3.402823466e38", "16777217", "-0e0"),
    _computed("FLOAT(7,4)", "123.4567", "-0.0001"),
    _computed("DOUBLE", "0.1e0", "5e-324", "1.7976931348623157e308", "-0e0", "1e15"),
    _computed("DOUBLE(10,2)", "1234567.89", "0.10"),
    *(_computed(f"BIT({bits})", f"b'{'1' * bits}'", "b'0'") for bits in _BIT_LENGTHS),
    _computed("YEAR", "2155", "1901", "0"),
    _computed("YEAR(2)", "'70'", "'69'"),
)
_TEXTS = (
    _case("LONGTEXT", *TEXTS),
    _case("VARCHAR(200)", *(text for text in TEXTS if len(text) <= 200)),
    _case("CHAR(4)", "a ", "", "😀é"),
    _case("NCHAR(4)", "a", "é"),
    _case("NVARCHAR(9)", "a ", "é"),
    _case("VARCHAR(20) COMPRESSED", "a ", ""),
    *(_case(native, "", "a  ", "it's") for native in ("TINYTEXT", "TEXT", "MEDIUMTEXT")),
    _case("TEXT CHARACTER SET latin1", "é€ÿ", "\\N", about="latin1"),
    _computed("TEXT CHARACTER SET latin1", "X'c3a9'", "X'81ff'", about="utf8 in latin1, bytes without a character"),
    _case("TEXT CHARACTER SET utf8mb3", "é\uffff", about="utf8mb3"),
    _case("TEXT CHARACTER SET ascii", "a ", about="ascii"),
    _case("TEXT CHARACTER SET utf16", "é😀", about="utf16"),
    _case("TEXT CHARACTER SET ucs2", "é", about="ucs2"),
    _case("TEXT CHARACTER SET cp1250", "ž", about="cp1250"),
    _computed("TEXT CHARACTER SET cp1250", "X'8183'", about="bytes cp1250 has no character for"),
    _case("TEXT CHARACTER SET sjis", "表ソ", about="sjis"),
    _case("TEXT CHARACTER SET gbk", "中", about="gbk"),
    _case("TEXT CHARACTER SET binary", "a", about="of bytes"),
    _computed("TEXT", "CONCAT('a', CHAR(0), 'é')", "'plain'", about="with NUL"),
    _computed("VARCHAR(9)", "CHAR(0)", about="with NUL"),
    _case("ENUM('a','','it''s','x,y',' b')", "a", "", "it's", "x,y", " b"),
    _computed("ENUM('a','b')", "'a'", "0", about="no member at all"),
    _computed("ENUM('a','')", "''", "0", about="no member, beside the member ''"),
    _case("SET('a','b','c d','it''s')", "b,a", "", "c d,it's"),
    _case("JSON", '{"b": 1,  "a": 1, "a": 2}', '{"n": 123456789012345678901234567890.10, "e": 1E400}', "null", '"\\N"'),
    _case("UUID", "6CCD780C-BABA-1026-9564-5B8C656024DB", "00000000-0000-0000-0000-000000000000"),
    _case("INET4", "10.0.0.1", "255.255.255.255"),
    _case("INET6", "::1", "::ffff:1.2.3.4", "2001:db8::ff00:42:8329"),
)
_BYTES = (
    _computed("BINARY(3)", "X'00'", "X'ff0a5c'", "X''"),
    _computed("VARBINARY(300)", "X''", "X'00ff'", f"X'{_EVERY_BYTE}'"),
    *(_computed(native, "X'fffe00'", "X''") for native in ("TINYBLOB", "BLOB", "MEDIUMBLOB")),
    _computed("LONGBLOB", f"X'{_EVERY_BYTE}'", "X''"),
    _computed("VARBINARY(20) COMPRESSED", "X'00ff'"),
)
_TIMES = (
    _case("DATE", "0001-01-01", "0009-02-03", "1000-01-01", "9999-12-31"),
    _case("DATE", "0000-00-00", "2024-02-00", "2024-00-00", "2024-02-31", "2024-02-29", about="zero and partial"),
    _case("DATETIME", "0001-01-01 00:00:00", "2024-03-31 02:30:00"),
    _case("DATETIME(6)", "9999-12-31 23:59:59.999999"),
    _case("DATETIME(3)", "0000-00-00 00:00:00.000", "2024-02-00 01:00:00.125", about="zero and partial"),
    _case("TIMESTAMP", "1970-01-01 00:00:01", "2024-03-31 01:30:00", "2024-10-27 00:30:00", "2038-01-19 03:14:07"),
    _case("TIMESTAMP(6)", "2024-03-31 01:30:00.125"),
    _computed("TIMESTAMP", "0", about="zero"),
    _case("TIME(6)", "00:00:00", "23:59:59.999999"),
    _case("TIME", "838:59:59", "-838:59:59", "-00:00:01", "24:00:00", about="beyond a day"),
    _case("TIME(3)", "-00:00:00.001", about="beyond a day"),
)
_SHAPES = {
    "POINT": "POINT(0.1 -2)",
    "LINESTRING": "LINESTRING(0 0,1 1)",
    "POLYGON": "POLYGON((0 0,1 0,1 1,0 0))",
    "MULTIPOINT": "MULTIPOINT(0 0,1 1)",
    "MULTILINESTRING": "MULTILINESTRING((0 0,1 1),(2 2,3 3))",
    "MULTIPOLYGON": "MULTIPOLYGON(((0 0,1 0,1 1,0 0)))",
    "GEOMETRYCOLLECTION": "GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(0 0,1 1))",
}
_PLACES = (
    *(_computed(native, f"ST_GeomFromText('{text}', 4326)") for native, text in _SHAPES.items()),
    _computed("GEOMETRY", *(f"ST_GeomFromText('{text}')" for text in _SHAPES.values())),
)
CASES = (*_NUMBERS, *_TEXTS, *_BYTES, *_TIMES, *_PLACES)
