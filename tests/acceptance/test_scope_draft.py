"""A scope is drafted, read, confirmed and used, as a person does who meets a database for the first time."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path
from textwrap import indent

import pytest

from migrator.contracts import Reading, ReadLimits
from migrator.engine.draft import Draft, draft
from migrator.engine.gentle import Gentle, gently
from migrator.plan import read_plan
from tests.acceptance.world import ROOT, World
from tests.conformance.made import KINDS, Made
from tests.conformance.platforms import MysqlPlatform, Platform, SqlitePlatform
from tests.conformance.platforms.firebird import FirebirdPlatform
from tests.support_drafts import PRODUCTS, Product, fill
from tests.support_drafts import made as rows_made
from tests.support_sakila import fill as fill_sakila
from tests.support_sakila import sakila_data

VAUCLAIR = "Mécanique Vauclair & Fils"
_GUESSED = re.compile(r', guessed: "(?:[^"\\]|\\.)*"')
ANYWHERE = [("sqlite", product) for product in PRODUCTS] + [
    (kind, product) for kind in KINDS[1:] for product in PRODUCTS if product.name in ("rails", "prisma", "composite")
]


# ── from a draft to a plan ──────────────────────────────────────────────────────────────────────────────────
@pytest.fixture(scope="module")
def ruche(social: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The social network of the sample, without its plan; not to be changed."""
    world = social.copied(tmp_path_factory.mktemp("ruche"))
    world.plan.unlink()
    return world


def drafted(world: World, *options: str) -> str:
    answer = world.migrator("scope", "--draft", world.environment["SOURCE_URL"], *options)
    assert answer.code == 0, answer
    return answer.stdout


def test_nothing_guessed_is_trusted_and_what_is_confirmed_holds(ruche: World, social: World) -> None:
    text = drafted(ruche, "--tenant", VAUCLAIR)
    ruche.plan.write_text(text, encoding="utf-8")
    asked = {problem["where"] for problem in ruche.json("scope", ruche.plan, code=3)["problems"]}
    lines = [number for number, line in enumerate(text.splitlines(), start=1) if "guessed:" in line]
    assert len(lines) == 4
    assert {f"{ruche.plan}:{number}" for number in lines} <= asked
    refused = ruche.json("snapshot", ruche.plan, code=3)
    assert refused["problems"][0]["where"] == f"{ruche.plan}:{lines[0]}" and not ruche.archives()

    ruche.plan.write_text(_GUESSED.sub("", text), encoding="utf-8")
    found = ruche.json("scope", ruche.plan, code=3)  # whose the rows between two companies are, nobody has said yet
    assert {problem["where"] for problem in found["problems"]} == asked - {f"{ruche.plan}:{line}" for line in lines}
    classes = {table["name"]: table["class"] for table in found["tables"]}
    by_hand = {table["name"]: table["class"] for table in social.json("scope", social.plan)["tables"]}
    assert classes == {**by_hand, "audit_log": "owned"}  # what is excluded, and why, is a person's to say
    ruche.plan.unlink()


def test_a_tenant_is_never_defaulted(ruche: World, tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(drafted(ruche), encoding="utf-8")
    assert "names no tenant" in ruche.json("scope", plan, code=2)["error"]
    plan.write_text(plan.read_text(encoding="utf-8").replace("tenant:  #", "tenant: vauclair  #"), encoding="utf-8")
    unnamed = ruche.json("scope", plan, code=2)
    assert "root's value is empty" in unnamed["error"]
    assert "root:" in plan.read_text(encoding="utf-8").splitlines()[int(unnamed["where"].rpartition(":")[2]) - 1]


def test_a_root_said_on_the_command_line_needs_no_confirmation(ruche: World) -> None:
    assert "\n    root: {table: companies, where: {id: 3}}\n" in drafted(ruche, "--root", "companies=3")
    assert ruche.json("scope", "--draft", ruche.environment["SOURCE_URL"], "--root", "company=3", code=2)["next"]
    nobody = ruche.json("scope", "--draft", ruche.environment["SOURCE_URL"], "--root", "companies=987654", code=2)
    assert "no row of companies has id = 987654" in nobody["next"]


def test_a_program_reads_the_same_with_what_speaks_for_it(ruche: World) -> None:
    url = ruche.environment["SOURCE_URL"]
    found = ruche.json("scope", "--draft", url, "--tenant", VAUCLAIR)
    assert found["plan"] == drafted(ruche, "--tenant", VAUCLAIR)
    assert (found["root"]["table"], found["root"]["value"]) == ("companies", 3)
    [reference] = found["references"]
    assert (reference["table"], reference["columns"], reference["parent"]) == ("files", ["uploaded_by"], "members")
    assert reference["share"]["found"] == reference["share"]["values"] > 0
    [typed] = found["polymorphic"]
    assert {one["value"]: one["parent"] for one in typed["types"]} == {"post": "posts", "comment": "comments"}
    assert [one["table"] for one in found["shared"]] == ["countries"] and found["unclassified"] == []


def test_a_plan_and_a_draft_are_two_questions(ruche: World) -> None:
    url = ruche.environment["SOURCE_URL"]
    for arguments in ((), ("--tenant", "t"), ("plan.yaml", "--draft", url), ("plan.yaml", "--root", "a=1")):
        assert ruche.json("scope", *arguments, code=2)["where"] == "command line"


def test_a_draft_changes_nothing_and_holds_no_address(ruche: World, tmp_path: Path) -> None:
    world = ruche.copied(tmp_path)
    before = world.state()
    assert str(world.source) not in drafted(world) and "url: ${SOURCE_URL}" in drafted(world)
    assert world.state() == before


@pytest.mark.parametrize("kind", KINDS)
def test_every_platform_follows_what_a_draft_proposes(made: Made, kind: str, tmp_path: Path) -> None:
    """Ids that stand as text, rows that point at what is gone, polymorphic references: confirmed, they classify."""
    platform, product = made(kind), next(one for one in PRODUCTS if one.name == "rails")
    fill(platform, rows_made(product))
    url = str(getattr(platform, "url"))  # noqa: B009 - every platform of the fixture has one
    world = replace(World.at(tmp_path, source="none.db", target="none.db"), source_url=url)
    proposed = world.json("scope", "--draft", url, "--tenant", "first", "--root", "accounts=1")
    world.plan.write_text(_GUESSED.sub("", proposed["plan"]), encoding="utf-8")
    found = world.json("scope", world.plan, code=3)
    assert not any("guessed" in problem["what"] for problem in found["problems"])
    assert set(found["unclassified"]) == product.left == {one["table"] for one in proposed["unclassified"]}
    by_class = {name: {t["name"] for t in found["tables"] if t["class"] == name} for name in ("owned", "shared")}
    assert by_class == {"owned": set(proposed["owned"]), "shared": product.shared}
    assert {table["name"] for table in found["tables"] if table["rows"]} > {"tasks", "comments", "audit_events"}


def test_the_guide_s_draft_is_one() -> None:
    guide = (ROOT / "docs" / "plan.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```yaml draft\n(.*?)\n```", guide, re.DOTALL)
    text = f"plan: p\ntenant: t\nsource:\n  url: sqlite:///a.db\n  scope:\n{indent(example, '    ')}\n"
    scope = read_plan(text, file="docs/plan.md", variables={}).needs_source().scope
    assert len(scope.guesses) == 3 and len(scope.references) == len(scope.shared) == 1


# ── what is found, against what is true ─────────────────────────────────────────────────────────────────────
def found_in(platform: Platform) -> Draft:
    with gently(platform.source(), ReadLimits()) as reading:
        return draft(reading)


def said(found: Draft) -> set[str]:
    plain = {
        f"{one.table}.{'+'.join(one.columns)} → {one.parent}.{'+'.join(one.parent_columns)}" for one in found.references
    }
    return plain | {
        f"{one.table}.{one.column} where {one.type_column} = {meant.value} → {meant.parent}"
        for one in found.polymorphic
        for meant in one.types
    }


@pytest.mark.parametrize(("kind", "product"), ANYWHERE, ids=lambda each: getattr(each, "name", each))
def test_without_a_declared_key_everything_is_found_and_nothing_else(made: Made, kind: str, product: Product) -> None:
    platform, truth = made(kind), rows_made(product)
    fill(platform, truth)
    found = found_in(platform)
    assert said(found) == (truth.references | truth.types) - product.missed
    assert {one.table for one in found.shared} == product.shared
    assert {one.table for one in found.unclassified} == product.left
    assert found.root is not None
    assert ".".join(filter(None, (found.root.table, found.root.column))) == product.root


class Undeclared(Gentle):
    """A reading that declares no foreign key."""

    def __init__(self, reading: Reading) -> None:
        super().__init__(reading, ReadLimits())
        tables = tuple(replace(table, foreign_keys=()) for table in reading.schema.tables)
        self.schema = replace(reading.schema, tables=tables)


def compared(platform: Platform) -> tuple[set[str], set[str]]:
    """What a product declares and a draft does not find without, and what it proposes that nobody declared."""
    with platform.source().fence() as reading:
        declared = {
            f"{table.name}.{'+'.join(key.columns)} → {key.parent}.{'+'.join(key.parent_columns)}"
            for table in reading.schema.tables
            for key in table.foreign_keys
        }
        found = said(draft(Undeclared(reading)))
    return declared - found, found - declared


def test_the_sample_s_foreign_keys_are_found_where_none_is_declared(social: World, tmp_path: Path) -> None:
    shutil.copy(social.source, tmp_path / "ruche.db")
    missed, beside = compared(SqlitePlatform(tmp_path / "ruche.db"))
    assert missed == set()
    assert beside == {
        "files.uploaded_by → members.id",
        "reactions.target_id where target_type = post → posts",
        "reactions.target_id where target_type = comment → comments",
    }


def test_sakila_s_foreign_keys_are_found_where_none_is_declared(made: Made) -> None:
    sakila_data()
    platform = made("mariadb")
    assert isinstance(platform, MysqlPlatform)
    fill_sakila(platform)
    missed, beside = compared(platform)
    assert missed == set()
    assert beside == {"film_text.film_id → film.film_id"}  # true, and kept by triggers there


def test_a_database_without_a_driver_of_ours_is_drafted_too(firebird_url: str) -> None:
    platform = FirebirdPlatform(firebird_url)
    platform.run(
        "CREATE TABLE firms (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(20));"
        "CREATE TABLE people (id INTEGER NOT NULL PRIMARY KEY, firm_id INTEGER, boss_id INTEGER);"
        "CREATE TABLE notes (id INTEGER NOT NULL PRIMARY KEY, about_type VARCHAR(20), about_id INTEGER);"
        "INSERT INTO firms VALUES (1, 'ours'); INSERT INTO firms VALUES (2, 'theirs');"
        "INSERT INTO people VALUES (1, 1, NULL); INSERT INTO people VALUES (2, 2, 1);"
        "INSERT INTO notes VALUES (1, 'person', 2); INSERT INTO notes VALUES (2, 'firm', 1);"
    )
    assert said(found_in(platform)) == {
        "people.firm_id → firms.id",
        "people.boss_id → people.id",
        "notes.about_id where about_type = person → people",
        "notes.about_id where about_type = firm → firms",
    }
