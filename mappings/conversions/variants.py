"""Conversions out of and into tagged values of several types (storage.types.Variant)."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from mappings.conversions.numbers import text_to_float_sql
from mappings.conversions.rule import Rule, Rules, Value
from mappings.kinds import plain
from storage.schema import Kind, Type
from storage.types import Variant, arrow_type, to_variant

_TEXT = plain(Kind.TEXT)
_BODIES = {
    Variant.INTEGER: (Kind.INTEGER, "TRY_CAST({} AS BIGINT)"),
    Variant.REAL: (Kind.FLOAT, None),
    Variant.TEXT: (Kind.TEXT, "{}"),
    Variant.BINARY: (Kind.BINARY, "TRY(from_base64({}))"),
}


def unwrapping(others: Rules, target: Kind) -> Rule:
    """Each value by its own tag, then by the rule of the tag's kind; broken text (`x:`) fits nothing."""
    inner = {kind: others.get((kind, target)) for kind, _ in _BODIES.values()}

    def sql(cell: str, _source: Type, target: Type) -> str:
        body, branches = f"substr({cell}, 3)", []
        for tag, (kind, form) in _BODIES.items():
            opened = form.format(body) if form else text_to_float_sql(body, _TEXT, plain(kind))
            rule = inner[kind]
            converted = opened if kind is target.kind else rule and rule.sql(opened, plain(kind), target)
            if converted:
                branches.append(f"WHEN '{tag}' THEN {converted}")
        return f"CASE left({cell}, 2) {' '.join(branches)} END"

    def twin(cell: str, _source: Type, target: Type) -> Value:
        tag, value = Variant.decode(cell)
        if tag not in _BODIES:
            raise ValueError("text that is not UTF-8")
        kind = _BODIES[tag][0]
        rule = inner[kind]
        if kind is target.kind:
            return value
        if rule is None:
            raise ValueError(f"{kind} does not become {target}")
        return rule.twin(value, plain(kind), target)

    return Rule(sql=sql, twin=twin)


def wrapping(others: Rules, source: Kind) -> Rule:
    """Every value with the tag of its kind; what has no tag of its own travels as its text."""

    def sql(value: str, source: Type, _target: Type) -> str:
        if source.kind in (Kind.INTEGER, Kind.BOOLEAN):
            return f"'{Variant.INTEGER}' || CAST(CAST({value} AS BIGINT) AS VARCHAR)"
        if source.kind is Kind.FLOAT:
            return f"'{Variant.REAL}' || {others[Kind.FLOAT, Kind.TEXT].sql(value, source, _TEXT)}"
        if source.kind is Kind.BINARY:
            return f"'{Variant.BINARY}' || base64({value})"
        text = value if source.kind is Kind.TEXT else others[source.kind, Kind.TEXT].sql(value, source, _TEXT)
        raw = f"'{Variant.RAW_TEXT}' || base64(encode({text}))"
        return f"CASE WHEN contains({text}, chr(0)) THEN {raw} ELSE '{Variant.TEXT}' || {text} END"

    def twin(value: Any, source: Type, _target: Type) -> str:
        return str(to_variant(pa.array([value], arrow_type(source)), source)[0])

    return Rule(sql=sql, twin=twin, total=True)
