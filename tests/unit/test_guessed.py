"""Guesses in a plan's text: confirmed or taken out one by one, and nothing else of the text moves."""

from __future__ import annotations

import itertools

import pytest

from migrator.plan import read_plan
from migrator.plan.first import FirstWords
from migrator.plan.guessed import decided, guessed

DRAFTED = """\
# a head
plan: a
tenant: t
source:
  url: ${S}
  scope:
    # who
    root: {table: firms, where: {id: 1}, guessed: "3 of 4, they say"}

    references:
      - {table: people, column: firm_id, to: firms.id, guessed: "named so"}
        # or offices.id: 3 of 9
      - table: notes
        guessed: named so
        column: by
        to: people.id
      - {table: tags, column: note, to: notes.id}
      - guessed: >
          over two
          lines
        table: links
        column: a
        to: notes.id

    shared:
      lands: {rows: referenced, guessed: "points: at it"}
      towns: {guessed: x, rows: whole}
      # the end
"""
FLOW = """\
plan: a
tenant: t
source: {url: "${S}", scope: {root: {column: c, value: 1, guessed: a}, references: [
  {table: p, column: f, to: q.id, guessed: a}, {table: r, guessed: "b, c", column: g, to: q.id}],
  shared: {s: {rows: whole, guessed: d}, u: {rows: whole, guessed: e}}}}
"""


@pytest.mark.parametrize("text", [DRAFTED, FLOW])
def test_whatever_is_decided_the_plan_says_just_that(text: str) -> None:
    plan = read_plan(text, file="p", variables={"S": "x"})
    entries = guessed(plan)
    assert plan.source is not None and len(entries) == len(plan.source.scope.guesses)
    for choices in itertools.islice(itertools.product("tuo", repeat=len(entries)), 0, None, 5):
        true = {one.number for one, choice in zip(entries, choices, strict=True) if choice == "t"}
        untrue = {one.number for one, choice in zip(entries, choices, strict=True) if choice == "u"}
        after = read_plan(decided(plan, true=true, untrue=untrue), file="p", variables={"S": "x"}).source
        assert after is not None
        scope, before = after.scope, plan.source.scope
        gone = {entries[number].entry for number in untrue if not entries[number].is_needed}
        left = [one for one in entries if one.number not in true and one.entry not in gone]
        assert [guess.entry for guess in scope.guesses] == [one.entry for one in left]
        assert [guess.why for guess in scope.guesses] == [one.why for one in left]
        kept = [one for one in before.references if f"{one.table}.{'+'.join(one.columns)} → " not in " ".join(gone)]
        assert [(one.table, one.columns) for one in scope.references] == [(one.table, one.columns) for one in kept]
        assert scope.shared == {name: rows for name, rows in before.shared.items() if f"{name} is shared" not in gone}


def test_what_is_not_decided_stays_as_it_was_written() -> None:
    plan = read_plan(DRAFTED, file="p", variables={"S": "x"})
    assert decided(plan, true=(), untrue=()) == DRAFTED
    numbers = {one.entry: one.number for one in guessed(plan)}
    text = decided(plan, true={numbers["root"]}, untrue={numbers["people.firm_id → firms.id"]})
    assert text == DRAFTED.replace(', guessed: "3 of 4, they say"', "").replace(
        '      - {table: people, column: firm_id, to: firms.id, guessed: "named so"}\n'
        "        # or offices.id: 3 of 9\n",
        "",
    )


@pytest.mark.parametrize("value", ["3", "acme", "007", "yes", "null", "1e3", "it's: #1", "ü", "-4", 'a"b', "a.b"])
def test_the_first_text_of_a_plan_says_what_was_asked(value: str) -> None:
    words = FirstWords(
        plan="p", tenant=value, source="S", store="T", table="firms", column="id", value=value, target="S"
    )
    plan = read_plan(words.text, file="p", variables={"S": "x", "T": "y"})
    assert (plan.name, plan.tenant, plan.store) == ("p", value, "y")
    assert plan.source is not None and plan.target is not None and plan.source.url == plan.target.url == "x"
    (written,) = plan.source.scope.root.where  # type: ignore[union-attr]
    assert written == ("id", int(value) if value in ("3", "-4") else value)
