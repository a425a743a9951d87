"""Every conversion between type classes: into numbers, texts, moments and variants, each with its Python twin."""

from __future__ import annotations

from mappings.conversions import moments, numbers, texts, variants
from mappings.conversions.rule import Rule, Rules, Value
from mappings.kinds import MAX_PRECISION
from storage.schema import Kind, Type

__all__ = ["Rule", "Value", "implicit", "rule"]

_TYPED: Rules = numbers.RULES | texts.RULES | moments.RULES
_WITHOUT_BYTES: Rules = {pair: found for pair, found in _TYPED.items() if Kind.BINARY not in pair}
_RULES: Rules = dict(_TYPED)
for _kind in Kind:
    if _kind is not Kind.VARIANT:
        _RULES[Kind.VARIANT, _kind] = variants.unwrapping(_TYPED, _kind)
        _RULES[_kind, Kind.VARIANT] = variants.wrapping(_TYPED, _kind)

_SAME = Rule(sql=lambda value, _source, _target: value, twin=lambda value, _source, _target: value, total=True)


def rule(source: Type, target: Type) -> Rule | None:
    """How a value of `source` becomes one of `target`; None if no value ever could."""
    if source == target:
        return _SAME
    if any(type_.kind is Kind.DECIMAL and (type_.precision or 0) > MAX_PRECISION for type_ in (source, target)):
        return None
    return _RULES.get((source.kind, target.kind))


def implicit(source: Type, target: Type) -> Rule | None:
    """The same where no `cast` step asks for it: bytes do not silently become something else."""
    found = rule(source, target)
    if found and source.kind is Kind.VARIANT and target.kind is not Kind.VARIANT:
        return variants.unwrapping(_WITHOUT_BYTES, target.kind)
    bytes_and_not = (source.kind is Kind.BINARY) != (target.kind is Kind.BINARY)
    return None if bytes_and_not and Kind.VARIANT not in (source.kind, target.kind) else found
