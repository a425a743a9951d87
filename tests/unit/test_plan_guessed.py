"""What a plan only guesses is an open question at its line, until somebody deletes the word."""

from __future__ import annotations

import pytest

from migrator.plan import Plan, read_plan
from storage.errors import Misuse

SCOPE = """\
plan: p
tenant: t
source:
  url: sqlite:///a.db
  scope:
    root: {table: firms, where: {id: 1}, guessed: "5 of 6 tables lead to it"}
    references:
      - {table: files, column: owner, to: people.id, guessed: "3 of 3 values are there"}
      - table: notes
        column: about_id
        type_column: about
        types: {task: tasks}
        guessed: "task: 2 of 2 values are there"
      - {table: marks, columns: [a, b], to: [tasks.a, tasks.b]}
    shared:
      lands: {rows: whole, guessed: "7 row(s)"}
      tongues: referenced
"""


def read(text: str) -> Plan:
    return read_plan(text, file="plan.yaml", variables={})


def test_every_guess_is_a_question_at_its_line() -> None:
    guesses = read(SCOPE).needs_source().scope.guesses
    assert [(guess.at, guess.entry, guess.why) for guess in guesses] == [
        ("plan.yaml:6", "root", "5 of 6 tables lead to it"),
        ("plan.yaml:8", "files.owner → people.id", "3 of 3 values are there"),
        ("plan.yaml:13", "notes.about_id → about", "task: 2 of 2 values are there"),
        ("plan.yaml:16", "lands is shared", "7 row(s)"),
    ]
    assert all(guess.question.where == guess.at and guess.why in guess.question.what for guess in guesses)


def test_what_is_confirmed_says_the_same_without_the_question() -> None:
    lines = [line for line in SCOPE.splitlines() if not line.strip().startswith("guessed")]
    confirmed = "\n".join(line.split(", guessed")[0] + ("}" if ", guessed" in line else "") for line in lines)
    said, guessed = read(confirmed).needs_source().scope, read(SCOPE).needs_source().scope
    assert said.guesses == ()
    assert said.shared == guessed.shared == {"lands": "whole", "tongues": "referenced"}
    assert [one.columns for one in said.references] == [one.columns for one in guessed.references]


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ('{rows: whole, guessed: ""}', "guessed is missing or empty"),
        ("{guessed: why}", "'rows'"),
        ("{rows: some}", "cannot be 'some'"),
        ("{rows: whole, guesed: why}", "unknown key 'guesed'"),
    ],
)
def test_a_shared_table_s_entry_is_read_strictly(written: str, what: str) -> None:
    with pytest.raises(Misuse, match=what) as raised:
        read(SCOPE.replace('{rows: whole, guessed: "7 row(s)"}', written))
    assert raised.value.where == "plan.yaml:16"
