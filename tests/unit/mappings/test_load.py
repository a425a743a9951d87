"""Structure: what the loader refuses, the published JSON Schema refuses too, and every message names its line."""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.load import load_mapping
from mappings.node import read_yaml
from mappings.steps import STEPS
from storage.errors import Misuse

SCHEMA = json.loads(files("mappings").joinpath("mapping.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
GOOD = """\
mapping: ruche-to-agora
version: 1
description: people first
keys:
  members: {method: uuid5, target: accounts}
  groups: {method: offset, by: 1000, column: number}
dropped_tables: {audit_log: not ours}
tables:
  accounts:
    match: [email]
    edges:
      - from: members
        kind: split
        where: "status <> 'deleted'"
        because: they left
        reject: [{when: email IS NULL, because: nobody}]
        columns:
          email: email
          id: {from: id, steps: [{remap: members}]}
          name: {from: [first, last], steps: [{join: " "}, {cast: text}]}
          locale: {from: country, steps: [{lookup: {values: {FR: fr, NO: null}, otherwise: en}}]}
          land: {from: country, steps: [{lookup: {table: countries, key: id, value: name}}]}
          kind: {const: post}
          part: {from: name, steps: [{split: {by: " ", part: -1}}]}
          mail: {from: email, steps: [{hash: {keep: domain}}]}
          body: {from: body, steps: [{relink: [{prefix: /m/, table: members, becomes: /p/}]}]}
          label: {from: [code], steps: [{concat: ["{code}", "!"]}]}
          one: {from: [code]}
          shout: {sql: upper(name)}
        dropped: {password: never}
"""


def test_every_noun_knows_its_line() -> None:
    mapping = load_mapping(GOOD, file="m.yaml")
    (edge,) = mapping.edges
    assert (edge.line, edge.kind, edge.source, edge.target) == (12, "split", "members", "accounts")
    assert [column.line for column in edge.columns] == list(range(18, 30))
    assert mapping.keys[1].line == 6
    assert edge.rejects[0].line == 16
    assert edge.dropped[0].because == "never"
    assert mapping.sha256 == hashlib.sha256(GOOD.encode()).hexdigest()
    assert not list(VALIDATOR.iter_errors(read_yaml(GOOD, file="m.yaml").plain()))


def test_every_step_is_in_the_schema() -> None:
    written = {step.name for step in STEPS} - {"rename", "const", "sql"}
    assert set(SCHEMA["$defs"]["step"]["properties"]) == written


BROKEN = {
    "unknown key": ("description:", "descripton:", 3, "did you mean"),
    "unknown step": ("{join:", "{jion:", 20, 'did you mean "join"'),
    "unknown column form": ("{const: post}", "{constant: post}", 23, "unknown key"),
    "two column forms": ("{const: post}", "{const: post, sql: x}", 23, "unknown key"),
    "version": ("version: 1", "version: 2", 2, "version 2"),
    "version as text": ("version: 1", 'version: "1"', 2, "whole number"),
    "method": ("method: uuid5", "method: uuid4", 5, "uuid5"),
    "offset without by": (", by: 1000", "", 6, "by"),
    "by without offset": ("method: uuid5", "method: uuid5, by: 3", 5, "by"),
    "kind": ("kind: split", "kind: splits", 13, "split"),
    "where without because": ("        because: they left\n", "", 12, "because"),
    "reject without because": (", because: nobody", "", 16, "because"),
    "reason missing": ("{password: never}", "{password: }", 30, "reason"),
    "reason empty": ("{password: never}", '{password: ""}', 30, "reason"),
    "no columns": ("match: [email]", "match: []", 10, "list"),
    "match twice": ("match: [email]", "match: [email, email]", 10, "twice"),
    "a step that is two": ("{remap: members}", "{remap: members, cast: text}", 19, "one name"),
    "a step that is text": ("[{remap: members}]", "[remap]", 19, "mapping"),
    "steps that are none": ("[{remap: members}]", "[]", 19, "list"),
    "from missing": ("{from: id, steps", "{steps", 19, "from"),
    "empty column name": ("email: email\n", 'email: ""\n', 18, "empty"),
    "cast": ("{cast: text}", "{cast: txt}", 20, "text"),
    "part": ("part: -1", "part: 0", 24, "part 0"),
    "hash": ("keep: domain", "keep: all", 25, "all"),
    "link without table": (", table: members, becomes", ", becomes", 26, "table"),
    "lookup of both": ("lookup: {values:", "lookup: {table: x, values:", 21, "table"),
    "lookup value list": ("{FR: fr,", "{FR: [fr],", 21, "list"),
    "const list": ("{const: post}", "{const: [post]}", 23, "list"),
    "sql empty": ("{sql: upper(name)}", "{sql: }", 29, "sql"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_the_loader_refuses_the_schema_refuses(name: str) -> None:
    old, new, line, hint = BROKEN[name]
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    with pytest.raises(Misuse) as refused:
        load_mapping(text, file="m.yaml")
    assert refused.value.where == f"m.yaml:{line}"
    assert hint in str(refused.value)
    assert list(VALIDATOR.iter_errors(read_yaml(text, file="m.yaml").plain()))


@pytest.mark.parametrize(
    ("text", "line", "hint"),
    [
        ("mapping: [", 1, "not YAML"),
        ("mapping: x\n  version: 1", 2, "not YAML"),
        (GOOD.replace("  groups:", "  members:"), 6, "twice"),
        (GOOD.replace("kind: {const: post}", "name: {const: post}"), 23, "twice"),
        (GOOD.replace('{join: " "}', '{cast: text}, {join: " "}'), 20, "first step"),
        ("", 1, "empty"),
        ("- a", 1, "mapping"),
        ("a: &a [*a]", 1, ""),
        ("mapping: &a [x, x]\nb: &b [*a, *a]\nc: " + "[" * 60 + "]" * 60, 3, "deeply"),
        ("\x00", 1, "not YAML"),
        (GOOD.replace("{const: post}", '{const: "\\ud800"}'), 23, "not a value"),
        (GOOD.replace("{const: post}", f"{{const: {'9' * 5000}}}"), 23, "not a value"),
        (GOOD.replace("{const: post}", f"{{const: {2**63}}}"), 23, "64 bits"),
        (GOOD.replace("by: 1000", f"by: {2**63}"), 6, "64 bits"),
    ],
)
def test_what_is_no_mapping_is_refused_with_its_line(text: str, line: int, hint: str) -> None:
    with pytest.raises(Misuse) as refused:
        load_mapping(text, file="m.yaml")
    assert refused.value.where in (f"m.yaml:{line}", "m.yaml")
    assert hint in str(refused.value)


def test_aliases_are_allowed_until_they_explode() -> None:
    levels = zip("abcdefgh", "bcdefghi", strict=True)
    bomb = "a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9]\n" + "".join(
        f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in levels
    )
    with pytest.raises(Misuse, match="aliases"):
        read_yaml(bomb, file="m.yaml")
    assert read_yaml("a: &x {b: 1}\nc: *x", file="m.yaml").plain() == {"a": {"b": 1}, "c": {"b": 1}}


def test_what_is_too_much_is_not_read_to_its_end() -> None:
    for much, what in (("- a\n" * 100_001, "more than 100000"), ("- " * 100, "deeply"), ("# " * 600_000, "characters")):
        with pytest.raises(Misuse, match=what):  # and not that its end is no YAML
            read_yaml(f"{much}\n]", file="m.yaml")


def test_plain_words_are_text_and_numbers_numbers() -> None:
    written = "[no, on, yes, NO, 007, 1_000, 12:30, 2024-01-01, .5, 1e3, 0x1F, 1, -2.5, true, null, ~, .inf, 1e999]"
    assert read_yaml(written, file="m.yaml").plain() == [
        *("no", "on", "yes", "NO", "007", "1_000", "12:30", "2024-01-01"),
        *(0.5, 1000.0, "0x1F", 1, -2.5, True, None, None, ".inf", "1e999"),
    ]


TYPED = ["", "[", "]", "{", "}", ":", "\n", " ", "#", "'", '"', "- ", "x", "&a ", "é"]


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.sampled_from(TYPED))
def test_a_typing_error_is_a_mapping_or_a_misuse(at: int, typed: str) -> None:
    text = GOOD[:at] + typed + GOOD[at + 1 :]
    try:
        load_mapping(text, file="m.yaml")
    except Misuse as refused:
        assert refused.where.startswith("m.yaml")
    else:
        assert not list(VALIDATOR.iter_errors(read_yaml(text, file="m.yaml").plain()))
