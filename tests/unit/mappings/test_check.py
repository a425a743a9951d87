"""Every problem two schemas can tell, each at its line; and a mapping without problems compiles."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mappings.check import check_mapping, unmapped
from mappings.compile import compile_mapping
from mappings.load import load_mapping
from storage.errors import Misuse
from storage.schema import Column, Table
from tests.unit.mappings.bench import plain, table

MEMBERS = table("members", {"id": "integer", "name": "text", "photo": "binary", "land": "integer", "secret": "text"})
POSTS = table("posts", {"id": "integer", "author": "integer", "body": "text"})
LINES = table("lines", {"post": "integer", "number": "integer"}, ("post", "number"))
LANDS = table("lands", {"id": "integer", "name": "text"})
AUDIT = table("audit", {"id": "integer"})
SOURCE = (MEMBERS, POSTS, LINES, LANDS, AUDIT)


def column(name: str, kind: str, **more: object) -> Column:
    return replace(Column(name=name, type=plain(kind)), **more)  # type: ignore[arg-type]


ACCOUNTS = Table(
    name="accounts",
    columns=(
        column("id", "uuid", nullable=False),
        column("name", "text", nullable=False),
        column("age", "integer"),
        column("land", "text"),
        column("initial", "text", generated=True),
        column("since", "text", nullable=False, default="CURRENT_TIMESTAMP"),
    ),
    primary_key=("id",),
)
ENTRIES = Table(
    name="entries",
    columns=(
        column("id", "uuid", nullable=False),
        column("author", "uuid"),
        column("body", "text"),
        column("serial", "integer", nullable=False, identity=True),
    ),
    primary_key=("id",),
)
TARGET = (ACCOUNTS, ENTRIES)
GOOD = """\
mapping: m
version: 1
keys:
  members: {method: uuid5}
  posts: {method: uuid5}
dropped_tables: {audit: internal, lines: empty}
tables:
  accounts:
    match: [name]
    edges:
      - from: members
        where: "secret IS NULL"
        because: no reason
        columns:
          id: {from: id, steps: [{remap: members}]}
          name: name
          land: {from: land, steps: [{lookup: {table: lands, key: id, value: name}}]}
        dropped: {secret: never, photo: too large}
  entries:
    edges:
      - from: posts
        columns:
          id: {from: id, steps: [{remap: posts}]}
          author: {from: author, steps: [{remap: members}]}
          body: {sql: "trim(body)"}
"""


def problems(text: str) -> list[tuple[str, str]]:
    return [(found.where, found.what) for found in check_mapping(load_mapping(text, file="m"), SOURCE, TARGET)]


def test_a_good_mapping_has_no_problem_and_compiles() -> None:
    assert problems(GOOD) == []
    mapping = load_mapping(GOOD, file="m")
    assert unmapped(mapping, SOURCE) == ()
    assert compile_mapping(mapping, SOURCE, TARGET, tenant="t").target_tables == ("accounts", "entries")


BAD = {
    "unknown source table": ("from: posts", "from: post", "m:21 entries", "unknown source table 'post'"),
    "unknown target table": ("  entries:", "  entry:", "m:20 entry", "unknown target table 'entry'"),
    "unknown source column": ("name: name\n", "name: nam\n", "m:16 accounts.name", "unknown source column members.nam"),
    "unknown target column": (
        "name: name\n",
        "name: name\n          nam: name\n",
        "m:17 accounts.nam",
        "unknown target column 'nam'",
    ),
    "unmapped column": ("secret: never, ", "", "m:11 members.secret", "source column members.secret goes nowhere"),
    "unmapped table": ("{audit: internal, ", "{", "m:1 audit", "source table 'audit' goes nowhere"),
    "unfilled": (
        "          name: name\n",
        "",
        "m:11 accounts.name",
        "a NOT NULL column without a default is not filled",
    ),
    "generated": (
        "name: name\n",
        "name: name\n          initial: name\n",
        "m:17 accounts.initial",
        "the target computes this column itself",
    ),
    "kind": (
        "- from: posts",
        "- kind: union\n        from: posts",
        "m:21 entries",
        "kind is union: source and target table have this edge only",
    ),
    "never fits": (
        "name: name\n",
        "name: name\n          age: photo\n",
        "m:17 accounts.age",
        "binary never fits integer",
    ),
    "never casts": (
        "name: name\n",
        "name: {from: land, steps: [{cast: date}]}\n",
        "m:16 accounts.name",
        "integer cannot be cast to date",
    ),
    "remap without keys": ("  posts: {method: uuid5}\n", "", "m:22 entries.id", "'posts' has no crosswalk"),
    "composite key": (
        "keys:\n",
        "keys:\n  lines: {method: uuid5}\n",
        "m:4 keys.lines",
        "lines has no single-column primary key",
    ),
    "keys of an unknown table": ("  posts: {m", "  post: {m", "m:5 keys.post", "unknown source table 'post'"),
    "key column": (
        "posts: {method: uuid5}",
        "posts: {method: uuid5, column: nr}",
        "m:5 keys.posts",
        "posts has no column 'nr'",
    ),
    "key goes nowhere": (
        "keys:\n",
        "keys:\n  lands: {method: keep}\n",
        "m:4 keys.lands",
        "no edge fills a single-column primary key with the new key of lands",
    ),
    "wrong home": (
        "posts: {method: uuid5}",
        "posts: {method: uuid5, target: accounts}",
        "m:5 keys.posts",
        "no edge from posts fills the primary key of 'accounts' with its new key",
    ),
    "dropped and used": (
        "secret: never",
        "secret: never, name: x",
        "m:18 members.name",
        "dropped, and used by an edge",
    ),
    "dropped table and used": (
        "{audit: internal",
        "{posts: x, audit: internal",
        "m:6 posts",
        "dropped, and used by an edge",
    ),
    "dropped unknown": (
        "secret: never",
        "secret: never, secrt: x",
        "m:18 members.secrt",
        "dropped names an unknown column 'secrt'",
    ),
    "dropped unknown table": (
        "{audit: internal",
        "{audits: x, audit: internal",
        "m:6 audits",
        "dropped_tables names an unknown table 'audits'",
    ),
    "match unknown": ("match: [name]", "match: [nam]", "m:9 accounts.nam", "match names an unknown column 'nam'"),
    "match unfilled": (
        "match: [name]",
        "match: [age]",
        "m:9 accounts.age",
        "a match column is not filled by every edge",
    ),
    "condition": (
        'where: "secret IS NULL"',
        'where: "secret"',
        "m:12 accounts",
        "expression refused: a condition is true or false, this is VARCHAR: secret",
    ),
    "sql": (
        'sql: "trim(body)"',
        'sql: "now()"',
        "m:25 entries.body",
        "expression refused: function now is not allowed: now()",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_mapping_is_red_at_its_line(name: str) -> None:
    old, new, where, what = BAD[name]
    text = GOOD.replace(old, new, 1)
    assert text != GOOD
    # every line below an added one moves by one: `where` names the line in the changed text
    found = check_mapping(load_mapping(text, file="m"), SOURCE, TARGET)
    assert (where, what) in [(problem.where, problem.what) for problem in found]
    assert all(problem.next for problem in found if problem.what == what)


COMPILER_ACCEPTS = ("unmapped column", "unmapped table", "unfilled", "generated", "kind", "match", "dropped")


@pytest.mark.parametrize("name", [name for name in BAD if not name.startswith(COMPILER_ACCEPTS)])
def test_what_cannot_be_compiled_is_a_misuse_at_its_line(name: str) -> None:
    old, new, *_ = BAD[name]
    with pytest.raises(Misuse) as refused:
        compile_mapping(load_mapping(GOOD.replace(old, new, 1), file="m"), SOURCE, TARGET, tenant="t")
    assert refused.value.where.startswith("m:")


def test_a_hint_names_the_nearest() -> None:
    (problem,) = (
        found
        for found in check_mapping(load_mapping(GOOD.replace("name: name", "name: nam"), file="m"), SOURCE, TARGET)
        if found.what.startswith("unknown")
    )
    assert problem.next == 'did you mean "name"?'


def test_a_table_that_becomes_several_must_say_which() -> None:
    more = GOOD.replace("- from: posts", "- kind: union\n        from: posts") + (
        "      - from: members\n        kind: union\n        columns: {id: {from: id, steps: [{remap: members}]}}\n"
    )
    found = problems(
        more.replace("- from: members\n        where", "- kind: split\n        from: members\n        where")
    )
    assert ("m:4 keys.members", "members becomes several tables: accounts, entries") in found
    named = more.replace("members: {method: uuid5}", "members: {method: uuid5, target: accounts}")
    assert (
        problems(named.replace("- from: members\n        where", "- kind: split\n        from: members\n        where"))
        == []
    )


def test_an_edge_that_leaves_a_column_out_gives_it_the_default() -> None:
    two = GOOD.replace("- from: posts", "- kind: union\n        from: posts") + (
        "      - from: lines\n        kind: union\n"
        "        columns: {id: {const: x}, body: number}\n        dropped: {post: x}\n"
    )
    two = two.replace(", lines: empty", "")
    assert problems(two) == []
    found = problems(two.replace("author: {from: author, steps: [{remap: members}]}", "serial: author"))
    assert ("m:27 entries.serial", "a NOT NULL column without a default is not filled") in found


def test_unmapped_lists_every_column_nothing_is_said_about() -> None:
    silent = GOOD.replace("        dropped: {secret: never, photo: too large}\n", "").replace("audit: internal, ", "")
    # a condition reads a column and carries nothing of it
    assert unmapped(load_mapping(silent, file="m"), SOURCE) == ("members.photo", "members.secret", "audit.id")
