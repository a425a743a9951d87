"""From JSON to the frozen value it describes: every field of its declared type, or a word about the one that is not.

A descriptor is input from outside: its signature says who wrote it, not that what it says makes sense. Properties
nobody declared are passed over, so that a later version of the format may add some.
"""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

_Value = TypeVar("_Value")
_WORDS = {str: "text", int: "a whole number", bool: "true or false", dict: "an object", list: "a list"}


def built(type_: type[_Value], value: object, place: str) -> _Value:
    """`value`, as JSON gives it, as a value of that dataclass; ValueError naming the place in it that does not fit."""
    return _built(type_, value, place)  # type: ignore[no-any-return]


def member(value: object, name: str, type_: type[_Value], place: str) -> _Value:
    """That member of a JSON object, of that JSON type; ValueError if it is not there, or another type."""
    inside = _of(dict, value, place)
    if name not in inside:
        raise ValueError(f"{place} has no {name}")
    return _of(type_, inside[name], f"{place}.{name}")


def _built(type_: Any, value: object, place: str) -> Any:
    if is_dataclass(type_):
        return _dataclass(type_, _of(dict, value, place), place)
    if get_origin(type_) is UnionType:  # `X | None` is the only union a noun has
        return None if value is None else _built(get_args(type_)[0], value, place)
    if get_origin(type_) is tuple:
        of = get_args(type_)[0]
        return tuple(_built(of, one, f"{place}[{number}]") for number, one in enumerate(_of(list, value, place)))
    if get_origin(type_) is dict:
        of = get_args(type_)[1]
        return {name: _built(of, one, f"{place}.{name}") for name, one in _of(dict, value, place).items()}
    if issubclass(type_, Enum):
        return _member_of(type_, value, place)
    return _of(type_, value, place)


def _dataclass(type_: Any, value: dict[str, object], place: str) -> Any:
    types = _types(type_)
    for one in fields(type_):
        if one.name not in value and one.default is MISSING and one.default_factory is MISSING:
            raise ValueError(f"{place} has no {one.name}")
    return type_(**{name: _built(types[name], value[name], f"{place}.{name}") for name in types if name in value})


@cache
def _types(type_: Any) -> dict[str, Any]:
    return get_type_hints(type_)


def _member_of(type_: type[Enum], value: object, place: str) -> Enum:
    try:
        return type_(value)
    except ValueError as error:
        raise ValueError(f"{place} is none of: {', '.join(str(one.value) for one in type_)}") from error


def _of(type_: type[_Value], value: object, place: str) -> _Value:
    if type(value) is not type_:  # not isinstance: true is no number
        raise ValueError(f"{place} is not {_WORDS[type_]}")
    return value
