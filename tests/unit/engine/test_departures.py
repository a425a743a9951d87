"""What is compared, what is told already, and what only another version of a server says otherwise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migrator.engine.departures import Departures, Described, departures
from storage.model import Check, Generated, Index, IndexPart, Model, Sequence, TableModel
from storage.problem import Problem
from storage.schema import Column, Fidelity, ForeignKey, Held, Kind, Table, Type

TABLE = Table(
    name="people",
    columns=(
        Column(name="id", type=Type(kind=Kind.INTEGER), native="integer", nullable=False),
        Column(name="paid", type=Type(kind=Kind.DECIMAL, precision=9, scale=2), native="numeric(9,2)", default="1"),
        Column(name="twice", type=Type(kind=Kind.INTEGER), native="integer", generated=True),
    ),
    primary_key=("id",),
    foreign_keys=(ForeignKey(name="its_firm", columns=("id",), parent="firms", parent_columns=("id",)),),
    comment="who works here",
)
OF_TABLE = TableModel(
    table="people",
    checks=(Check(name="sensible", expression="id > 0"),),
    indexes=(Index(name="by_paid", parts=(IndexPart(column="paid", descending=True),), where="paid > 1"),),
    generated=(Generated(column="twice", expression="id * 2"),),
    options={"engine": "InnoDB"},
)
MODEL = Model(
    platform="postgresql", extensions=("citext",), tables=(OF_TABLE,), sequences=(Sequence(name="s", schema=None),)
)
ARCHIVED = Described(version="15.8", tables=(TABLE,), model=MODEL)


def of_table(**changes: object) -> Described:
    return replace(ARCHIVED, tables=(replace(TABLE, **changes),))  # type: ignore[arg-type]


def beside(**changes: object) -> Described:
    return replace(ARCHIVED, model=replace(MODEL, tables=(replace(OF_TABLE, **changes),)))  # type: ignore[arg-type]


def places(found: Departures) -> list[str]:
    return [problem.where for problem in found.lost]


def test_the_same_is_the_same() -> None:
    assert departures(ARCHIVED, ARCHIVED, ()) == Departures(lost=(), worded=())


def test_both_sides_of_a_change_are_told() -> None:
    first, paid, twice = TABLE.columns
    (problem,) = departures(ARCHIVED, of_table(columns=(first, replace(paid, default="2"), twice)), ()).lost
    assert (problem.where, problem.what) == ("people.paid", "its default was “1”, and is “2”")
    assert problem.next


@pytest.mark.parametrize(
    ("restored", "where"),
    [
        (of_table(comment=None), "people"),
        (of_table(columns=TABLE.columns[::-1]), "people"),
        (of_table(primary_key=()), "people, primary key"),
        (of_table(foreign_keys=()), "people, foreign key its_firm"),
        (beside(checks=()), "people, check sensible"),
        (beside(indexes=()), "people, index by_paid"),
        (beside(generated=()), "people, computed column twice"),
        (beside(options={}), "people, option engine"),
        (replace(ARCHIVED, model=replace(MODEL, sequences=())), "sequence s"),
        (replace(ARCHIVED, model=replace(MODEL, extensions=())), "extension citext"),
    ],
)
def test_what_is_not_there_is_named(restored: Described, where: str) -> None:
    assert places(departures(ARCHIVED, restored, ())) == [where]


def test_what_nobody_declared_is_named_too_but_for_what_a_database_had() -> None:
    more = beside(checks=(*OF_TABLE.checks, Check(name="further", expression="true")))
    assert places(departures(ARCHIVED, more, ())) == ["people, check further"]
    assert departures(ARCHIVED, replace(ARCHIVED, model=replace(MODEL, extensions=("citext", "hstore"))), ()).lost == ()


def test_what_values_made_of_a_column_declares_nothing() -> None:
    first, *others = TABLE.columns
    made = replace(first, type=Type(kind=Kind.VARIANT), fidelity=Fidelity.TEXT, held=Held.FILES)
    assert departures(ARCHIVED, of_table(columns=(made, *others)), ()).lost == ()


def test_of_an_archive_without_a_model_only_its_description_is_asked() -> None:
    older = replace(ARCHIVED, model=Model(platform="postgresql"))
    assert departures(older, ARCHIVED, ()).lost == ()
    assert places(departures(older, replace(ARCHIVED, tables=(replace(TABLE, comment=None),)), ())) == ["people"]


# ── what is told already ────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("restored", "where", "what"),
    [
        (of_table(foreign_keys=()), "people.its_firm", "the foreign key is left out: the archive does not hold firms"),
        (of_table(foreign_keys=()), "people, foreign key its_firm", "left out: it points at firms"),
        (beside(checks=()), "people, check sensible", "left out: no such function"),
        (beside(generated=()), "people", "its computed columns hold values, and compute no more"),
        (beside(generated=()), "people.twice", "it holds values, and computes no more"),
        (beside(options={}), "people", "engine=InnoDB is left out"),
        (replace(ARCHIVED, model=replace(MODEL, sequences=())), "s", "the sequence is left out"),
    ],
)
def test_what_a_driver_has_told_is_not_told_again(restored: Described, where: str, what: str) -> None:
    assert departures(ARCHIVED, restored, [Problem(where=where, what=what)]).lost == ()


@pytest.mark.parametrize(
    ("where", "what"),
    [
        ("people", "triggers are not made again"),
        ("people", "its columns hold values"),
        ("people.id", "its default is left out"),
        ("firms.paid", "its default is left out"),
        ("people.sensible", "rows do not satisfy this check"),
    ],
)
def test_a_word_about_something_else_excuses_nothing(where: str, what: str) -> None:
    first, paid, twice = TABLE.columns
    spoilt = of_table(columns=(first, replace(paid, default=None), twice), comment=None)
    assert places(departures(ARCHIVED, spoilt, [Problem(where=where, what=what)])) == ["people", "people.paid"]


# ── another version ─────────────────────────────────────────────────────────────────────────────────────────
def test_another_version_may_put_an_expression_in_other_words() -> None:
    worded = beside(checks=(Check(name="sensible", expression="(id > 0)"),))
    assert places(departures(ARCHIVED, worded, ())) == ["people, check sensible"]
    found = departures(ARCHIVED, replace(worded, version="17.2"), ())
    assert found.lost == () and [problem.where for problem in found.worded] == ["people, check sensible"]


@pytest.mark.parametrize(
    "restored",
    [
        of_table(columns=(replace(TABLE.columns[0], native="int4"), *TABLE.columns[1:])),
        beside(options={"engine": "Aria"}),
        beside(options={}),
    ],
)
def test_another_version_may_name_types_and_options_otherwise(restored: Described) -> None:
    found = departures(ARCHIVED, replace(restored, version="17.2"), ())
    assert found.lost == () and len(found.worded) == 1
    assert "version" in found.worded[0].next


@pytest.mark.parametrize(
    ("restored", "where"),
    [
        (beside(indexes=(replace(OF_TABLE.indexes[0], where=None),)), "people, index by_paid"),
        (beside(checks=()), "people, check sensible"),
        (
            of_table(columns=(TABLE.columns[0], replace(TABLE.columns[1], default=None), TABLE.columns[2])),
            "people.paid",
        ),
    ],
)
def test_what_is_lost_is_lost_in_any_version(restored: Described, where: str) -> None:
    assert places(departures(ARCHIVED, replace(restored, version="17.2"), ())) == [where]
