"""The workbench through the real application: what becomes of every column, a passage changed, rows tried at once."""

from __future__ import annotations

import html
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from unittest.mock import patch

import pytest
from fastapi.testclient import TestClient

from migrator.registry.documents import Kind
from migrator.wiring import served
from tests.acceptance.office import MAPPING
from tests.acceptance.office import office as small_world
from tests.api.office import Office, of, opened

PLACE = "/tenants/ours/mappings/mapping.yaml"
EDGE = f"{PLACE}/edges/0"
MOOD = "mood: {from: mood, steps: [{lookup: {values: {calm: quiet, glad: happy}}}]}"


@pytest.fixture
def office(server: Office) -> Office:
    """With an archive to look at."""
    return with_archive(server)


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The same, for tests that write no version."""
    world = small_world(tmp_path_factory.mktemp("office"))
    with patch.dict(os.environ, {"MIGRATOR_HOME": str(world.home)}), served() as offered:
        yield with_archive(opened(offered, world, MAPPING))


def with_archive(office: Office) -> Office:
    of(office.by("operator").post("/v1/tenants/ours/plans/ours-away/snapshots", json={}), 202)
    office.perform()
    return office


def words(text: str) -> str:
    """What a reader sees of a page."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text)))


def got(caller: TestClient, path: str) -> str:
    answer = caller.get(path)
    assert answer.status_code == 200, answer.text
    return words(answer.text)


def sent(caller: TestClient, path: str, status: int = 200, **form: Any) -> str:
    answer = caller.post(path, data={"after": "1", **form}, follow_redirects=False)
    assert answer.status_code == status, answer.text
    return words(answer.text)


def newest(office: Office) -> str:
    return office.served.documents.read(Kind.MAPPING, "ours", "mapping.yaml").text


def column(name: str, **form: str) -> dict[str, Any]:
    return {"do": "column", "column": name, **form}


# ── what is shown ───────────────────────────────────────────────────────────────────────────────────────────
def test_every_column_has_its_fate(looked_at: Office) -> None:
    shown = got(looked_at.by("operator"), PLACE)
    assert "What becomes of 11 columns of the source" in shown
    assert "2 copied 5 changed 4 dropped" in shown and "firms" in shown and "the new product serves one firm" in shown
    shown = got(looked_at.by("operator"), EDGE)
    assert "age TEXT cast integer age INTEGER changed" in shown
    assert "name TEXT NOT NULL name VARCHAR(10) NOT NULL copied" in shown
    assert "friend_id INTEGER dropped the new product has no friends" in shown


def test_what_is_wrong_stands_where_it_is(office: Office) -> None:
    spoiled = MAPPING.replace(
        "          mood: {from: mood, steps: [{lookup: {values: {calm: quiet, glad: happy}}}]}\n", ""
    )
    office.served.documents.write(Kind.MAPPING, "ours", "mapping.yaml", spoiled, by="Ben", after=1)
    shown = got(office.by("operator"), EDGE)
    assert "mood TEXT NOT NULL missing fill from mood? same name" in shown
    assert "a NOT NULL column without a default is not filled" in shown
    assert "mood TEXT NOT NULL unmapped" in shown
    assert "✘ 2" in got(office.by("operator"), PLACE)


def test_a_check_of_every_row_is_kept_beside_what_it_is_about(office: Office) -> None:
    with closing(sqlite3.connect(office.world.target)) as connection, connection:
        connection.execute("DELETE FROM persons")
    operator = office.by("operator")
    assert "the rows were not asked yet" in got(operator, PLACE)
    sent(operator, f"{PLACE}/check", 303)
    assert "it fits every archived row" in got(operator, PLACE)
    wrong = newest(office).replace("glad: happy", "sad: sad")
    office.served.documents.write(Kind.MAPPING, "ours", "mapping.yaml", wrong, by="Ben", after=1)
    assert "the rows were not asked yet" in got(operator, PLACE), "an answer about another text"
    sent(operator, f"{PLACE}/check", 303)
    assert "✘ unmapped value such as glad" in got(operator, EDGE)
    got(office.by("viewer"), EDGE)
    *_, one, other = office.served.audit.entries(tenant="ours", limit=1000)
    assert [entry.action for entry in (one, other)] == ["read rows"] * 2 and one.who != other.who
    assert other.detail == {"table": "people", "by": "check"}


def test_without_a_plan_it_says_what_is_missing(server: Office) -> None:
    server.served.documents.write(Kind.MAPPING, "ours", "lone.yaml", MAPPING, by="Ben", after=0)
    shown = got(server.by("operator"), "/tenants/ours/mappings/lone.yaml")
    assert "No plan names lone.yaml yet" in shown and "persons" in shown
    assert "no archive of tenant 'ours'" in got(server.by("operator"), PLACE)
    assert "cast integer" in got(server.by("operator"), "/tenants/ours/mappings/lone.yaml/edges/0")


# ── rows at once ────────────────────────────────────────────────────────────────────────────────────────────
def test_rows_are_tried_as_the_form_would_have_them_and_nothing_is_kept(looked_at: Office) -> None:
    operator = looked_at.by("operator")
    form = column("nickname", how="sql", value="upper(name) || '!'")
    shown = sent(operator, f"{EDGE}/try", **form)
    assert "2 rows of the archive, before and after" in shown and "Ada ADA!" in shown and "Ben BEN!" in shown
    assert newest(looked_at) == MAPPING
    part = operator.post(f"{EDGE}/try", data={"after": "1", **form}, headers={"HX-Request": "true"}).text
    assert "<html" not in part and "BEN!" in part
    *_, one, other = looked_at.served.audit.entries(tenant="ours", limit=1000)
    assert one.action == other.action == "read rows" and one.detail["table"] == "people"


def test_a_value_that_does_not_fit_says_why_in_its_row(looked_at: Office) -> None:
    shown = sent(looked_at.by("operator"), f"{EDGE}/try", **column("name", how="sql", value="repeat(name, 4)"))
    assert "2 do not fit" in shown and "value is longer than 10" in shown
    refused = sent(looked_at.by("operator"), f"{EDGE}/try", **column("name", how="sql", value="getenv('HOME')"))
    assert "function getenv is not allowed" in refused
    refused = sent(
        looked_at.by("operator"), f"{EDGE}/try", **column("mood", how="columns", **{"from": "mood", "step0": "split"})
    )
    assert "✘" in refused and "split" in refused


def test_a_column_that_is_not_filled_has_no_rows_to_show(looked_at: Office) -> None:
    shown = sent(looked_at.by("operator"), f"{EDGE}/try", **column("age", how="none"))
    assert "The column is not filled; the target gives it its default." in shown


def test_a_whole_edge_is_tried_as_text(looked_at: Office) -> None:
    text = "from: people\nwhere: name = 'Ada'\nbecause: she stays\ncolumns:\n  id: id\n  name: name\n  mood: mood\n"
    shown = sent(looked_at.by("operator"), f"{EDGE}/try", do="edge", text=text)
    assert "left out: the condition of the edge does not hold" in shown and "calm" in shown


# ── another version ─────────────────────────────────────────────────────────────────────────────────────────
def test_a_column_is_changed_and_nothing_else(office: Office) -> None:
    form = column("mood", how="columns", note="moods as they are", **{"from": "mood"})
    sent(office.by("operator"), EDGE, 303, **form)
    assert newest(office) == MAPPING.replace(MOOD, "mood: mood")
    kept = office.served.documents.read(Kind.MAPPING, "ours", "mapping.yaml")
    assert (kept.version, kept.note, kept.written_by) == (2, "moods as they are", "operator@example.org")
    steps = {"from": "mood", "step0": "lookup", "argument0": "{values: {calm: quiet, glad: happy}}"}
    sent(office.by("operator"), EDGE, 303, **{**column("mood", how="columns", **steps), "after": "2"})
    assert newest(office) == MAPPING
    sent(office.by("operator"), EDGE, 303, **{**column("mood", how="columns", **steps), "after": "3"})
    assert office.served.documents.read(Kind.MAPPING, "ours", "mapping.yaml").version == 3, "nothing was changed"


def test_columns_are_dropped_with_a_reason_and_taken_back(office: Office) -> None:
    operator = office.by("operator")
    sent(operator, EDGE, 303, do="undrop", leaving="friend_id")
    assert "friend_id INTEGER unmapped" in got(operator, EDGE)
    assert "no reason is given" in sent(operator, EDGE, 422, do="drop", leaving="friend_id", after="2")
    sent(operator, EDGE, 303, do="drop", leaving="friend_id", because="they: have none", after="2")
    assert "friend_id INTEGER dropped they: have none" in got(operator, EDGE)


def test_a_table_goes_somewhere_as_suggested_or_nowhere_for_a_reason(office: Office) -> None:
    operator = office.by("operator")
    alone = MAPPING[: MAPPING.index("  remarks:\n")].replace("  notes: {method: keep, target: remarks}\n", "")
    alone = alone.replace('dropped_tables:\n  firms: "the new product serves one firm"\n', "")
    office.served.documents.write(Kind.MAPPING, "ours", "mapping.yaml", alone, by="Ben", after=1)
    assert "Map to remarks, as suggested" in got(operator, PLACE)
    sent(operator, PLACE, 303, do="drop table", table="firms", because="one firm", after="2")
    sent(operator, PLACE, 303, do="suggested", table="notes", after="3")
    shown = got(operator, PLACE)
    assert "nothing to mend" in shown and "dropped one firm" in shown
    assert "person_id: {from: author_id, steps: [{remap: people}]}  # guessed: reference" in newest(office)


def test_of_two_who_write_at_once_the_second_decides(office: Office) -> None:
    theirs = MAPPING.replace("          text: text\n", "          text: {sql: upper(text)}\n")
    office.served.documents.write(Kind.MAPPING, "ours", "mapping.yaml", theirs, by="Ben", after=1, note="loud")
    mine = column("age", how="none")
    answer = office.by("operator").post(EDGE, data={"after": "1", **mine})
    assert answer.status_code == 412
    shown = words(answer.text)
    assert "Ben kept version 2" in shown and "They changed other places" in shown and "{sql: upper(" in shown
    assert newest(office) == theirs
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', answer.text))
    sent(office.by("operator"), EDGE, 303, **hidden)
    assert newest(office) == theirs.replace("          age: {from: age, steps: [{cast: integer}]}\n", "")
    same = sent(office.by("operator"), EDGE, 412, **column("age", how="const", value="7"))
    assert "Both of you changed the same place" in same and "{const: 7}" in same and "(nothing)" in same


def test_the_whole_text_is_kept_or_says_where_it_is_wrong(office: Office) -> None:
    operator = office.by("operator")
    wrong = sent(operator, f"{PLACE}/edit", 422, text=MAPPING.replace("method: keep", "method: kept", 1))
    assert "unknown method 'kept'" in wrong and "line 4" in wrong
    sent(operator, f"{PLACE}/edit", 303, text=MAPPING + "# done\n", note="a remark")
    assert newest(office).endswith("# done\n")
    stale = sent(operator, f"{PLACE}/edit", 412, text=MAPPING)
    assert "Somebody else kept version 2 meanwhile" in stale and "# done" in stale
    assert "This is version 1. Kept, it follows the newest, 2." in got(operator, f"{PLACE}/edit?version=1")


@pytest.mark.parametrize(
    ("begin", "there"),
    [
        ("draft:ours-away", "# guessed: name"),
        ("copy:mapping.yaml", "quiet"),
        ("shipped:shop-to-boutique.yaml", "boutique"),
        ("", "source_table"),
    ],
)
def test_a_new_one_begins_with_something(office: Office, begin: str, there: str) -> None:
    operator = office.by("operator")
    assert "a draft: what looks alike in archive and target of plan ours-away" in got(
        operator, "/tenants/ours/new-mapping"
    )
    answer = operator.post("/tenants/ours/new-mapping", data={"name": "second.yaml", "begin": begin})
    assert there in answer.text, words(answer.text)
    text = html.unescape(re.search(r"<textarea[^>]*>\n(.*?)</textarea>", answer.text, re.DOTALL)[1])  # type: ignore[index]
    sent(operator, "/tenants/ours/mappings/second.yaml/edit", 303, text=text, after="0")
    assert "second.yaml" in got(operator, "/tenants/ours/mappings")
    assert "there is a mapping" in sent(operator, "/tenants/ours/new-mapping", 422, name="second.yaml", begin=begin)


# ── who may ─────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_customer_looks_and_changes_nothing(looked_at: Office) -> None:
    viewer = looked_at.by("viewer")
    assert "<form" not in viewer.get(EDGE).text.partition("<main")[2]
    assert "changed" in got(viewer, EDGE)
    for path, form in (
        (EDGE, column("age", how="none")),
        (f"{EDGE}/try", column("age", how="none")),
        (f"{PLACE}/check", {}),
        (PLACE, {}),
    ):
        assert viewer.post(path, data={"after": "1", **form}).status_code == 403
        assert looked_at.by("stranger").post(path, data={"after": "1", **form}).status_code == 404
    assert looked_at.by("stranger").get(PLACE).status_code == 404
    assert viewer.get(f"{PLACE}/edit").status_code == viewer.get("/tenants/ours/new-mapping").status_code == 403
    operator = looked_at.by("operator")
    assert operator.get(f"{PLACE}/edges/9").status_code == 422
    assert operator.get("/tenants/ours/mappings/none.yaml").status_code == 404
    assert operator.post(EDGE, data=form, headers={"X-Form-Token": "another's"}).status_code == 403


def test_french_readers_have_their_words(looked_at: Office) -> None:
    account = looked_at.served.accounts.named("operator@example.org")
    assert account is not None
    looked_at.served.accounts.set_language(account.account_id, "fr")
    shown = got(looked_at.by("operator"), EDGE)
    looked_at.served.accounts.set_language(account.account_id, "en")
    assert "transformée" in shown and "abandonnée" in shown and "Enregistrer comme version 2" in shown


# ── for programs ────────────────────────────────────────────────────────────────────────────────────────────
def test_programs_try_a_text_and_ask_what_looks_alike(looked_at: Office) -> None:
    operator = looked_at.by("operator")
    text = MAPPING.replace("glad: happy", "sad: x")
    found = of(operator.post("/v1/tenants/ours/plans/ours-away/preview", json={"text": text, "edge": 0, "rows": 5}))
    assert found["rows"][0]["after"]["mood"] == "quiet" and "mood" not in found["rows"][1]["after"]
    assert found["rows"][1]["refused"]["mood"].startswith("unmapped value")
    of(operator.post("/v1/tenants/ours/plans/ours-away/preview", json={"text": text, "edge": 7}), 422)
    of(looked_at.by("viewer").post("/v1/tenants/ours/plans/ours-away/preview", json={"text": text}), 403)
    alike = of(operator.get("/v1/tenants/ours/plans/ours-away/suggestions"))
    assert {edge["source"]: edge["target"] for edge in alike["edges"]} == {"people": "persons", "notes": "remarks"}
    assert "# guessed: name" in alike["text"]
