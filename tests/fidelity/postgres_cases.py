"""Every type a PostgreSQL table may have, by the server's own catalog, with usual and extreme values of it.

Arrays are not written down: each type that has one is measured as an array too, of several shapes.
"""

from __future__ import annotations

from migrator.platforms.relational.sqltext import literal
from tests.fidelity.case import Case
from tests.fidelity.texts import TEXTS

EXTENSIONS = ("citext", "cube", "hstore", "intarray", "isn", "lo", "ltree", "seg")

SETUP = """
CREATE TYPE mood AS ENUM ('sad', '', ' ', 'it''s', 'x,y', 'Happy', 'happy');
CREATE TYPE pair AS (a int, "B b" text, c numeric[]);
CREATE TYPE nested AS (one pair, many pair[]);
CREATE TYPE float_range AS RANGE (subtype = float8);
CREATE TYPE "Odd.Type" AS ENUM ('a');
CREATE DOMAIN short AS varchar(5) CHECK (VALUE <> 'bad'); CREATE DOMAIN shorter AS short NOT NULL;
CREATE DOMAIN amount AS numeric; CREATE DOMAIN price AS numeric(8,2); CREATE DOMAIN day AS date;
CREATE DOMAIN padded AS character(4); CREATE DOMAIN blanks AS bpchar; CREATE DOMAIN document AS jsonb;
CREATE DOMAIN grid AS int[]; CREATE DOMAIN couple AS pair; CREATE DOMAIN feeling AS mood; CREATE DOMAIN raw AS bytea;
CREATE TABLE defaulted (v int DEFAULT 7)
"""

_EVERY_BYTE = bytes(range(256)).hex()


def _case(native: str, *texts: str, about: str = "") -> Case:
    return Case(native=native, values=tuple(literal(text) for text in texts), about=about)


def _computed(native: str, *expressions: str, about: str = "") -> Case:
    return Case(native=native, values=expressions, about=about)


_NUMBERS = (
    _case("boolean", "true", "false"),
    _case("smallint", "-32768", "32767"),
    _case("integer", "-2147483648", "2147483647"),
    _case("bigint", "-9223372036854775808", "9223372036854775807", "0"),
    _case("real", "0.1", "-0.0", "1e-45", "3.4028235e38", "NaN", "Infinity", "-Infinity", "16777217"),
    _case("double precision", "0.1", "-0.0", "5e-324", "1.7976931348623157e308", "NaN", "Infinity", "-Infinity"),
    _case("numeric(10,2)", "-0.01", "99999999.99", "0"),
    _case("numeric(10,2)", "1.50", "NaN", about="NaN"),
    _case("numeric(76,40)", "9" * 36 + "." + "1" * 40, "0"),
    _case("numeric(77,1)", "9" * 76 + ".1"),
    _case("numeric(1000,500)", "9" * 500 + "." + "9" * 500, "-0." + "0" * 499 + "1"),
    _case("numeric(5,-2)", "1234567", about="rounded before the point"),
    _case("numeric(3,5)", "0.00123", about="more decimals than digits"),
    _case("numeric", "12.50", "-3.25", about="values of one scale"),
    _case("numeric", "12.50", "12.5", "1e20", "0.000000000000000000000000001", about="values of several scales"),
    _case("numeric", "12.50", "NaN", "Infinity", "-Infinity", about="NaN, infinite"),
    _case("numeric", "9" * 1500 + "." + "1" * 300, "1e5000", "1e-5000", about="thousands of digits"),
    _case("numeric", "12345678901234567890", "2013", about="ids of twenty digits"),
    _case("money", "1234.50", "-92233720368547758.08", "92233720368547758.07"),
)
_TEXTS = (
    _case("text", *TEXTS),
    _case("character varying(9)", "", "it's", "a  ", "\\N"),
    _case("character varying", "a  ", "é"),
    _case("character(4)", "ab", "", "abcd", "é"),
    _case("bpchar", "ab  ", "  ", ""),
    _case("name", "n", "x" * 63),
    _case('"char"', "x", "", "\\377"),
    _case("citext", "Ça", "ça", ""),
    _computed("bytea", "''", "'\\x00ff'", f"decode('{_EVERY_BYTE}', 'hex')"),
    _case("uuid", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "00000000-0000-0000-0000-000000000000"),
    _case(
        "json",
        '{"b":1, "a" :[ ], "b":2}',
        '{"n": 123456789012345678901234567890.10, "e": 1E400}',
        ' "\\u0000" ',
        '"\\ud83d\\ude00"',
        "null",
    ),
    _case("jsonb", '{"b":1,"a":2,"b":3}', '{"n": 123456789012345678901234567890.10, "e": 1E400}', "null", '"\\\\N"'),
    _case("jsonpath", '$."a b"[*] ? (@ > 1)', "strict $"),
    _case("xml", "<a/>", '<?xml version="1.0"?><a>é</a>', "no &amp; document"),
    _case("tsvector", "'a':1A 'it''s':2,3", ""),
    _case("tsquery", "'a' & !( 'b':* <-> 'c' )"),
    _case("refcursor", "c1", ""),
)
_TIMES = (
    _case("date", "0001-01-01", "0009-02-03", "9999-12-31"),
    _case("date", "2024-02-29", "infinity", "-infinity", "4713-01-01 BC", "5874897-12-31", about="infinite, BC, far"),
    _case("time without time zone", "00:00:00", "23:59:59.999999"),
    _case("time without time zone", "24:00:00", about="24:00"),
    _case("time with time zone", "12:00:00+02", "24:00:00-15:59", "00:00:00.000001+05:30"),
    _case("timestamp without time zone", "0001-01-01 00:00:00", "9999-12-31 23:59:59.999999", "2024-03-31 02:30:00"),
    _case(
        "timestamp without time zone",
        "infinity",
        "-infinity",
        "4713-01-01 00:00:00 BC",
        "294276-12-31 23:59:59.999999",
        about="infinite, BC, far",
    ),
    _case(
        "timestamp with time zone",
        "2024-03-31 01:59:59+01",
        "2024-03-31 03:00:00+02",
        "2024-10-27 02:30:00+02",
        "2024-10-27 02:30:00+01",
        "0001-01-01 00:00:00Z",
        about="around the gaps of summer time",
    ),
    _case(
        "timestamp with time zone",
        "infinity",
        "-infinity",
        "4713-01-01 00:00:00Z BC",
        "294276-12-31 23:59:59.999999Z",
        about="infinite, BC, far",
    ),
    _case(
        "interval",
        "1 mon",
        "30 days",
        "1 day",
        "24:00:00",
        "1 year 2 mons -3 days -04:05:06.000007",
        "-178000000 years",
        "00:00:00",
    ),
)
_PLACES = (
    _case("point", "(0.1,-0)", "(NaN,Infinity)", "(1e-300,1.7976931348623157e308)"),
    _case("lseg", "[(1,2),(3,4)]"),
    _case("box", "(3,4),(1,2)"),
    _case("path", "[(0,0),(1,1)]", "((0,0),(1,1))"),
    _case("polygon", "((0,0),(1,1),(0.1,2))"),
    _case("line", "{1,-2,3}"),
    _case("circle", "<(0.1,0),5>"),
    _case("inet", "10.0.0.1/8", "10.0.0.1", "::1", "::ffff:1.2.3.4/96"),
    _case("cidr", "10.0.0.0/8", "2001:db8::/32"),
    _case("macaddr", "08:00:2b:01:02:03"),
    _case("macaddr8", "08:00:2b:01:02:03:04:05"),
    _case("bit(3)", "101", "000"),
    _case("bit varying(9)", "", "0001"),
)
_RANGES = (
    _case("int4range", "empty", "[1,5)", "(,)", "(,7)"),
    _case("int8range", "[-9223372036854775808,9223372036854775807)"),
    _case("numrange", "[1.10,2.200)", "(,NaN]", "empty"),
    _case("daterange", "[infinity,]", "[4713-01-01 BC,5874897-12-31)"),
    _case("tsrange", '["2024-01-01 00:00:00","294276-12-31 23:59:59.999999"]', "(-infinity,infinity)"),
    _case("tstzrange", '["2024-03-31 01:59:59+01",)'),
    _case("int4multirange", "{}", "{[1,3),[5,8)}", "{(,)}"),
    _case("int8multirange", "{[1,3)}"),
    _case("nummultirange", "{[1.10,2.0],(3,)}"),
    _case("datemultirange", "{[2024-01-01,2024-02-01)}"),
    _case("tsmultirange", '{["2024-01-01 00:00:00","2024-01-02 00:00:00")}'),
    _case("tstzmultirange", '{["2024-01-01 00:00:00+00",)}'),
    _case("float_range", "[-0,NaN]", "[1e-300,)"),
    _case("float_multirange", "{[1,2)}"),
)
_OWN = (
    _case("mood", "sad", "", " ", "it's", "x,y", "happy", "Happy"),
    _case('"Odd.Type"', "a"),
    _case("pair", '(1,"a,""b""",{1.50})', "(,,)", '(,"",{})'),
    _case("nested", '("(1,a,)","{""(2,b,{1})""}")'),
    _case("short", "a  ", "\\N"),
    _case("amount", "12.50", "1e200", "NaN"),
    _case("price", "12.50"),
    _case("price", "NaN", about="NaN"),
    _case("day", "2024-02-29"),
    _case("day", "infinity", about="infinite"),
    _case("padded", "ab"),
    _case("blanks", "ab  "),
    _case("document", '{"b":1,"a":1E400}'),
    _case("grid", "[0:1]={1,NULL}", "{{1,2},{3,4}}"),
    _case("couple", "(1,a,)"),
    _case("feeling", "it's"),
    _case("raw", "\\x00ff"),
    _case("hstore", '"a"=>NULL, "b\\"c"=>"", ""=>"x"', ""),
    _case("ltree", "Top.Science", ""),
    _case("lquery", "*.a|b{1,2}"),
    _case("ltxtquery", "a & !b*"),
    _case("cube", "(0.1,-0),(1,2)"),
    _case("seg", "1.50 .. 2.000", "~6.5", "5 .."),
    _case("query_int", "1&(2|!3)"),
    _case("isbn13", "978-0-11-000222-4"),
    _case("isbn", "978-0-11-000222-4"),
    _case("ismn13", "979-0-2600-0043-8"),
    _case("ismn", "979-0-2600-0043-8"),
    _case("issn13", "977-1436-452-00-8"),
    _case("issn", "1436-4522"),
    _case("ean13", "978-0-11-000222-4"),
    _case("upc", "220356483481"),
)
_MADE_BY_THE_SERVER = (  # a column may be declared so, and stays empty
    *("gtsvector", "pg_dependencies", "pg_mcv_list", "pg_ndistinct"),
    *("pg_brin_bloom_summary", "pg_brin_minmax_multi_summary"),
)
_SYSTEM = (
    _case("oid", "0", "4294967295"),
    _computed("oid", "lo_from_bytea(4000000001, '\\x00ff')", "7", about="large objects"),
    _computed("lo", "lo_from_bytea(4000000002, '\\x')", about="large objects"),
    _case("lo", "9"),
    _case("xid", "4294967295"),
    _case("xid8", "18446744073709551615"),
    _case("cid", "4294967295"),
    _case("tid", "(4294967295,65535)"),
    _case("int2vector", "1 -2", ""),
    _case("oidvector", "1 4294967295"),
    _case("pg_lsn", "FFFFFFFF/FFFFFFFF"),
    _case("pg_snapshot", "10:20:10,14,15"),
    _case("txid_snapshot", "10:20:10,14,15"),
    _case("aclitem", "pg_monitor=r*w/pg_monitor", "=r/pg_monitor"),
    _case("regclass", "pg_class", "-", "4294967"),
    _case("regcollation", '"C"'),
    _case("regconfig", "english"),
    _case("regdictionary", "simple"),
    _case("regnamespace", "pg_catalog"),
    _case("regoper", "|/"),
    _case("regoperator", "+(integer,integer)"),
    _case("regproc", "now", "-"),
    _case("regprocedure", "sum(integer)"),
    _case("regrole", "pg_monitor"),
    _case("regtype", "integer", "character varying"),
    Case(
        native="pg_node_tree",
        values=("(SELECT adbin FROM pg_attrdef WHERE adrelid = 'defaulted'::regclass)",),
        is_taken_back=False,
    ),
    *map(_case, _MADE_BY_THE_SERVER),
    *(
        _case(f"information_schema.{name}", value)
        for name, value in (
            ("cardinal_number", "7"),
            ("character_data", "it's"),
            ("sql_identifier", "x"),
            ("yes_or_no", "YES"),
            ("time_stamp", "2024-01-01 00:00:00.12+00"),
        )
    ),
)
_WITHOUT_ARRAY = ("int2vector", "oidvector", "gtsvector", "pg_node_tree", "grid")


def _arrays(case: Case) -> tuple[Case, ...]:
    """NULL among values, none at all, and two dimensions that begin anywhere."""
    if not case.values or case.about or case.native in _WITHOUT_ARRAY:
        return ()
    first, last = (f"{value}::{case.native}" for value in (case.values[0], case.values[-1]))
    shapes = (
        f"ARRAY[{first}, NULL, {last}]",
        f"array_fill({last}, ARRAY[2, 2], ARRAY[0, -1])",
        "'{}'",
    )
    return (Case(native=f"{case.native}[]", values=shapes),)


_SCALARS = (*_NUMBERS, *_TEXTS, *_TIMES, *_PLACES, *_RANGES, *_OWN, *_SYSTEM)
CASES = (*_SCALARS, *(array for case in _SCALARS for array in _arrays(case)))
