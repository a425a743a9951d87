"""Every affinity and storage class of SQLite, with usual and extreme values of it, and the mixtures people have."""

from __future__ import annotations

from migrator.platforms.relational.sqltext import literal
from tests.fidelity.case import Case
from tests.fidelity.texts import TEXTS

_EVERY_BYTE = f"X'{bytes(range(256)).hex()}'"
_LEAST, _GREATEST = "-9223372036854775808", "9223372036854775807"
_BROKEN = ("CAST(X'ff41' AS TEXT)", "CAST(X'eda080' AS TEXT)", "CAST(X'c3' AS TEXT)")


def _case(native: str, *values: str, about: str = "") -> Case:
    return Case(native=native, values=values, about=about)


CASES = (
    _case("INTEGER", _LEAST, _GREATEST, "0"),
    _case("INTEGER", "1", "1.5", "'abc'", "X'00'", about="of any class"),
    _case("BIGINT", _GREATEST),
    _case("BOOLEAN", "TRUE", "FALSE", "2"),
    _case("REAL", "0.1", "5e-324", "1.7976931348623157e308", "9e999", "-9e999", "-0.0", "7"),
    _case("REAL", "1.5", "'abc'", about="and texts"),
    _case("DOUBLE", "0.1", "1e15"),
    _case("NUMERIC", "12.5", "7", "-0.0", about="amounts, some of them whole"),
    _case("NUMERIC", "0.5", _GREATEST, about="reals beside integers beyond 2^53"),
    _case("NUMERIC", "'12.50'", "'1e400'", "'0x1F'", "'12345678901234567890'", "'abc'", about="numbers given as texts"),
    _case("DECIMAL(10,2)", "'12.50'", "'0.1'", "1e20"),
    _case("DECIMAL(10,2)", "'0.123456'", "2013", about="prices and years"),
    _case("TEXT", *map(literal, TEXTS)),
    _case("TEXT", "'a' || char(0) || 'b'", "'plain'", about="with NUL"),
    _case("TEXT", "'plain'", *_BROKEN, about="not UTF-8"),
    _case("TEXT", "12", "1.5", "X'00ff'", about="numbers and bytes given"),
    _case("VARCHAR(3)", "'longer than said'", "'  '"),
    _case("CHAR(3)", "'a'", "'a  '"),
    _case("CLOB", "''"),
    _case("DATE", "'2024-02-29'", "'0009-02-03'", "'yesterday'"),
    _case("DATETIME", "'2024-03-31T02:30:00'", "1711848600", "2460400.5", about="texts, seconds and days"),
    _case("TIMESTAMP", "'2024-03-31 02:30:00+02:00'", "''"),
    _case("JSON", """'{"b":1, "a" :[ ], "b":2}'""", "'[1E400]'"),
    _case("UUID", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'"),
    _case("BLOB", _EVERY_BYTE, "X''", "zeroblob(9)"),
    _case("BLOB", "-0.0", "1", "1.0", "'1'", "X'31'", "NULL", about="each value as it was given"),
    _case("", "1", "1.0", "'1'", "X'31'", "9e999", "0.1", about="no type at all"),
    _case("", "1", _GREATEST, about="no type, integers alone"),
    _case("ANY THING", "'12'", "'abc'", "1.0"),
    *(
        Case(native=native, values=values, about="of a STRICT table", options="STRICT")
        for native, values in {
            "INT": (_LEAST, _GREATEST),
            "REAL": ("0.1", "7", "9e999"),
            "TEXT": ("'a'", "''", "12"),
            "BLOB": (_EVERY_BYTE,),
            "ANY": ("'12'", "12", "12.0", "X'3132'", "1e300"),
        }.items()
    ),
)
