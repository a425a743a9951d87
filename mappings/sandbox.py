"""What a condition or a `sql` step may say: one scalar expression over the columns of its source table, nothing else.

The expression is parsed by DuckDB and its tree is compared with what is known to be harmless: node classes and
functions are allowed by name, so that a function a later DuckDB adds is refused until somebody has read about it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Sequence
from typing import Any

from mappings.kinds import duckdb_type, type_of
from mappings.nearest import nearest
from mappings.quote import identifier
from storage.errors import Misuse
from storage.schema import Table, Type

_OPENED = ("SELECT (", "SELECT [")
_PARSE = "SELECT json_serialize_sql(?::VARCHAR), json_serialize_sql(?::VARCHAR)"
_CLASSES = frozenset(
    ("FUNCTION", "COLUMN_REF", "CONSTANT", "CAST", "TYPE", "CASE", "COMPARISON", "CONJUNCTION", "OPERATOR", "BETWEEN")
)
_TYPES = frozenset(
    """
    BOOLEAN BOOL TINYINT SMALLINT INTEGER INT INT2 INT4 INT8 BIGINT HUGEINT UTINYINT USMALLINT UINTEGER UBIGINT
    REAL FLOAT FLOAT4 FLOAT8 DOUBLE DECIMAL NUMERIC VARCHAR CHAR BPCHAR TEXT STRING BLOB BYTEA BINARY VARBINARY
    DATE TIME TIMESTAMP DATETIME TIMESTAMPTZ INTERVAL UUID JSON TIMESTAMP_WITH_TIME_ZONE
    """.split()  # noqa: SIM905
)
_FUNCTIONS = frozenset(  # a list of words is read and reviewed more easily than two hundred quoted ones
    """
    + - * / // % ** ^ & | ~ << >> || @ ! -> ->> !__postfix ^@
    ~~ !~~ ~~* !~~* ~~~ like_escape not_like_escape ilike_escape not_ilike_escape if ifnull nullif coalesce
    abs acos add asin atan atan2 cbrt ceil ceiling cos cot degrees divide even exp fdiv floor fmod gamma gcd greatest
    isfinite isinf isnan lcm least ln log log10 log2 mod multiply nextafter pi pow power radians round round_even
    roundbankers sign signbit sin sqrt subtract tan trunc xor factorial bit_count
    ascii base64 bin bit_length char_length character_length chr concat concat_ws contains damerau_levenshtein decode
    editdist3 encode ends_with format from_base64 from_binary from_hex hamming hex instr jaccard jaro_similarity
    jaro_winkler_similarity lcase left length len levenshtein lower lpad ltrim md5 nfc_normalize octet_length ord
    overlay position prefix printf regexp_escape regexp_extract regexp_extract_all regexp_full_match regexp_matches
    regexp_replace regexp_split_to_array repeat replace reverse right rpad rtrim sha1 sha256 split split_part
    starts_with str_split str_split_regex string_split string_split_regex string_to_array strip_accents strlen strpos
    substr substring suffix to_base64 to_binary to_hex translate trim ucase unbin unhex unicode upper url_decode
    url_encode
    array_contains array_extract array_length array_to_string array_to_string_comma_default array_slice list_contains
    list_extract list_element list_slice list_sort list_distinct list_value list_concat list_position
    json_array json_array_length json_contains json_exists json_extract json_extract_path json_extract_path_text
    json_extract_string json_keys json_object json_quote json_type json_valid json_value json_merge_patch to_json
    struct_extract
    century date_add date_diff date_part date_sub date_trunc datediff datepart datesub datetrunc day dayname dayofmonth
    dayofweek dayofyear decade epoch epoch_ms epoch_ns epoch_us era hour isodow isoyear julian last_day make_date
    make_time make_timestamp make_timestamp_ms microsecond millennium millisecond minute month monthname quarter second
    strftime strptime time_bucket timezone to_centuries to_days to_decades to_hours to_microseconds to_milliseconds
    to_minutes to_months to_quarters to_seconds to_timestamp to_weeks to_years try_strptime week weekday weekofyear
    year yearweek
    """.split()  # noqa: SIM905
)


@functools.lru_cache(maxsize=1024)
def columns_of(expression: str, source: Table) -> tuple[str, ...]:
    """The columns an expression reads, under their true names, each once.

    Misuse if it is not one scalar expression over that table's columns, or uses anything that is not allowed.
    """
    try:
        nodes = list(_nodes(_tree(expression)))
    except RecursionError as error:
        raise _refused(expression, "it is nested too deeply") from error
    found: dict[str, None] = {}
    for node in nodes:
        if node["class"] not in _CLASSES:
            raise _refused(expression, f"{node['class'].lower().replace('_', ' ')} is not allowed")
        if node["class"] == "FUNCTION":
            _check_function(node, expression)
        if node["class"] == "TYPE" and (node["schema"] or node["type_name"].upper().replace(" ", "_") not in _TYPES):
            raise _refused(expression, f"type {node['type_name']} is not allowed")
        if node["class"] == "COLUMN_REF":
            found[_column(node, source, expression)] = None
    return tuple(found)


@functools.lru_cache(maxsize=1024)
def held_expression(expression: str, source: Table) -> str:
    """The expression over the table as the workbench holds it, where `columns_of` allows it: as written but for names.

    Misuse as `columns_of`.
    """
    columns_of(expression, source)
    held = (_OPENED[0] + expression).encode()
    references = [node for node in _nodes(_tree(expression)) if node["class"] == "COLUMN_REF"]
    for node in sorted(references, key=lambda node: int(node["query_location"]), reverse=True):
        start, length = node["query_location"], node["query_location_length"]
        name = identifier(_column(node, source, expression))
        held = held[:start] + name.encode() + held[start + length :]
    return held.decode().removeprefix(_OPENED[0])


def natural_type(expression: str, source: Table) -> Type:
    """The type class DuckDB gives the expression over an empty table; Misuse if it does not bind."""
    return type_of(_described(expression, source))


def check_condition(expression: str, source: Table) -> tuple[str, ...]:
    """The columns a condition reads; Misuse if it is not an allowed expression that is true or false."""
    columns = columns_of(expression, source)
    result = _described(expression, source)
    if result not in ("BOOLEAN", "INTEGER", "BIGINT", '"NULL"'):
        raise _refused(expression, f"a condition is true or false, this is {result}")
    return columns


@functools.lru_cache(maxsize=1024)
def _described(expression: str, source: Table) -> str:
    import duckdb

    columns = ", ".join(
        f"CAST(NULL AS {duckdb_type(column.type)}) AS {identifier(column.name)}" for column in source.columns
    )
    try:
        query = f"DESCRIBE SELECT ({held_expression(expression, source)}\n) FROM (SELECT {columns})"
        (row,) = _rows(query)
    except duckdb.Error as error:
        raise _refused(expression, str(error).split("\n")[0]) from error
    return str(row[1])


def _tree(expression: str) -> dict[str, Any]:
    # written in round and in square brackets, an expression that closes one and opens another parses in neither
    written = [f"{opened}{expression}\n{closed}" for opened, closed in zip(_OPENED, ")]", strict=True)]
    parsed = [_statement(text, expression) for text in _rows(_PARSE, written)[0]]
    node = parsed[0]["node"]
    if node["type"] != "SELECT_NODE" or node["from_table"]["type"] != "EMPTY" or len(node["select_list"]) != 1:
        raise _refused(expression, "it is more than one expression")
    if any(
        node[clause] for clause in ("where_clause", "group_expressions", "having", "qualify", "modifiers", "sample")
    ):
        raise _refused(expression, "it is more than one expression")
    return dict(node["select_list"][0])


def _statement(serialized: str, expression: str) -> dict[str, Any]:
    parsed = json.loads(serialized)
    if parsed["error"] or len(parsed["statements"]) != 1:
        raise _refused(expression, parsed.get("error_message") or "it is more than one statement")
    return dict(parsed["statements"][0])


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        if "class" in tree:
            yield tree
        for child in tree.values():
            yield from _nodes(child)
    elif isinstance(tree, list):
        for child in tree:
            yield from _nodes(child)


def _check_function(node: dict[str, Any], expression: str) -> None:
    name = node["function_name"]
    if name.lower() not in _FUNCTIONS or node.get("schema") or node.get("catalog"):
        raise _refused(expression, f"function {name} is not allowed")
    if node.get("filter") or node.get("distinct") or (node.get("order_bys") or {}).get("orders"):
        raise _refused(expression, f"{name} is used as an aggregate")


def _column(node: dict[str, Any], source: Table, expression: str) -> str:
    """The true name of the column meant: the one written so, else the only one written so but for its case."""
    written, names = node["column_names"], source.column_names
    meant = [name for name in names if len(written) == 1 and name.lower() == written[0].lower()]
    if not meant:
        raise _refused(expression, f"unknown column {'.'.join(written)}", nearest(written[-1], names))
    if len(meant) > 1 and written[0] not in meant:
        raise _refused(expression, f"{written[0]} may be {' or '.join(meant)}", "write the column as the table has it")
    return str(written[0]) if written[0] in meant else meant[0]


def _refused(expression: str, why: str, hint: str = "") -> Misuse:
    return Misuse(
        f"expression refused: {why}: {expression.strip()[:80]}",
        next=hint or "write one scalar expression over the source table's columns (docs/mapping.md)",
    )


def _rows(statement: str, parameters: Sequence[str] = ()) -> list[tuple[Any, ...]]:
    """A statement on a DuckDB of its own, which knows no file, and nothing of the workbench."""
    import duckdb

    with duckdb.connect(":memory:", config={"enable_external_access": "false", "lock_configuration": "true"}) as closed:
        return closed.execute(statement, list(parameters)).fetchall()
