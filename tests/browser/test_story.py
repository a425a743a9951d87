"""The whole story in a real browser: by mouse, by keyboard alone, and where no script runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.hands import Keyboard, Mouse
from tests.browser.moving import PLAN, Serving, serving
from tests.browser.visitor import Visitor, visitor

CUSTOMER = "Mécanique Vauclair & Fils"
PASSWORD = "five quiet words in a row"  # noqa: S105


@dataclass(frozen=True, kw_only=True)
class Story:
    """Four people before one server: who looks after it, who moves data, who has to agree, and whose data it is."""

    serving: Serving
    admin: Visitor
    operator: Visitor
    approver: Visitor
    customer: Visitor


@pytest.fixture(
    params=[
        pytest.param((Mouse(), {"is_examiner": True}), id="mouse"),
        pytest.param((Keyboard(), {}), id="keyboard"),
        pytest.param((Mouse(), {"has_scripts": False}), id="without-scripts"),
    ]
)
def story(
    request: pytest.FixtureRequest, browser: Browser, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Story]:
    monkeypatch.setenv("MIGRATOR_SILENCE", "60")  # a machine that is busy hangs nobody
    hand, ways = request.param
    way = request.node.callspec.id
    with serving(tmp_path) as served, ExitStack() as open_:
        who = {
            name: open_.enter_context(visitor(browser, served.address, hand, pictures / way / name, **ways))
            for name in ("admin", "operator", "approver", "customer")
        }
        yield Story(serving=served, **who)


def test_from_the_first_link_to_a_migration_that_was_taken_back(story: Story) -> None:
    admin, operator, approver = story.admin, story.operator, story.approver
    admin.go(story.serving.first_link)
    admin.look("welcome")
    enter(admin, "ada@example.org", "Ada")
    assert admin.heading() == "Overview"
    admin.look("overview-of-nothing")
    register_the_customer(admin)
    connect(admin, story.serving)
    for person, login, name, role in (
        (operator, "olaf@example.org", "Olaf", "Operator"),
        (approver, "anna@example.org", "Anna", "Approver"),
    ):
        person.go(invited(admin, role))
        enter(person, login, name)

    write_the_mapping(operator)
    write_the_plan(operator)
    look_before_anything_starts(operator)
    take_a_snapshot(operator)
    look_into_the_archive(operator)
    change_the_mapping(operator)
    rehearse(operator)
    ask_to_migrate(operator)
    agree(approver, "Migration", "the rehearsal was green")
    migrated = see_it_done(approver, "Migration")
    operator.go(migrated)
    operator.look("migrated")
    read_the_evidence(operator)
    ask_for_the_way_back(operator)
    agree(approver, "Rollback", "so be it")
    see_it_done(approver, "Rollback")
    approver.follow("Overview")
    approver.look("overview-at-the-end")
    audit(admin)
    story.customer.go(invited(admin, "Viewer"))
    see_where_it_is(story.customer)


def enter(person: Visitor, login: str, name: str) -> None:
    person.write("Login", login)
    person.write("Your name", name)
    person.write("Password", PASSWORD)
    person.send("Begin")


def register_the_customer(admin: Visitor) -> None:
    admin.follow("Settings")
    admin.look("settings")
    admin.follow("Tenants")
    admin.write("Name in plans", "vauclair")
    admin.write("Name", CUSTOMER)
    admin.write("Whom they call", "Camille Bouvier\n+33 3 84 00 00 00")
    admin.look("tenant-to-register")
    admin.send("Register")
    admin.sees(CUSTOMER)
    admin.look("tenants")


def connect(admin: Visitor, serving: Serving) -> None:
    for name, address in serving.platforms().items():
        admin.follow("Settings")
        admin.follow("Platforms")
        admin.write("Name in plans", name)
        admin.write("Whole address", address)
        admin.choose("For whom", CUSTOMER)
        admin.send("Register")
        assert admin.heading() == name
        admin.send("Try the connection")
        admin.sees("fine")
        admin.look(f"platform-{name.lower()}-tried")
    admin.follow("Platforms")
    admin.look("platforms")


def invited(admin: Visitor, role: str) -> str:
    """The link, as it is shown once."""
    admin.follow("Settings")
    admin.follow("People")
    admin.tick(role)
    admin.choose("Tenant", CUSTOMER)
    admin.send("Make the link")
    admin.look(f"{role.lower()}-invited")
    return admin.page.locator("code", has_text="/welcome/").inner_text()


def write_the_mapping(operator: Visitor) -> None:
    """The one that is shipped for these two products."""
    to_the_tenant(operator)
    operator.follow("Mappings")
    operator.follow("A new mapping")
    operator.write("Its name", "ruche-to-agora.yaml")
    operator.choose("Begin with", "ruche-to-agora.yaml, which comes")
    operator.look("new-mapping")
    operator.send("Compose its text")
    operator.look("mapping-composed")
    operator.send("Keep as version 1")
    operator.look("mapping-without-a-plan")


def write_the_plan(operator: Visitor) -> None:
    to_the_tenant(operator)
    operator.follow("New plan")
    operator.write("Name", "vauclair-to-agora")
    operator.choose("Source, which is only read", "SOURCE_URL")
    operator.choose("Store for the archives", "STORE_URL")
    operator.write("Table", "companies")
    operator.write("Column", "id")
    operator.write("Value", "3")
    operator.choose("Target", "TARGET_URL")
    operator.choose("Mapping", "ruche-to-agora.yaml")
    operator.look("new-plan")
    operator.send("Compose the plan")
    operator.look("plan-composed")
    operator.write("Text", PLAN.replace("triggers: refuse", "triggers: refused"))
    with operator.refused():
        operator.send("Only check it")
    operator.look("plan-that-cannot-be-read")
    operator.write("Text", PLAN)
    operator.send("Keep as version 1")
    assert operator.heading() == "vauclair-to-agora"


def to_the_tenant(person: Visitor) -> None:
    person.follow("Overview")
    person.follow(CUSTOMER)


def to_the_plan(person: Visitor) -> None:
    to_the_tenant(person)
    person.follow("vauclair-to-agora")


def look_before_anything_starts(operator: Visitor) -> None:
    operator.follow("What leaves")
    operator.sees("every table is decided")
    operator.look("what-leaves")
    operator.follow("vauclair-to-agora")
    operator.follow("Check everything it names")
    operator.sees("nothing stands in the way")
    operator.look("checked")
    operator.follow("vauclair-to-agora")


def take_a_snapshot(operator: Visitor) -> None:
    operator.send("Take a snapshot")
    operator.look("snapshot-under-way")
    see_it_done(operator, "Snapshot")
    operator.look("snapshot")


def look_into_the_archive(operator: Visitor) -> None:
    operator.follow("vauclair")
    operator.look("tenant")
    operator.lead(operator.section("Archives").get_by_role("link").first)
    operator.look("archive")
    archive = operator.page.url
    operator.follow("Files in it")
    operator.look("files-of-the-archive")
    operator.lead(operator.page.locator("tbody a", has_text=".png").first)
    operator.look("file")
    operator.go(archive)
    operator.follow("members")
    operator.look("table")
    operator.write("Search", "camille")
    operator.send("Show")
    operator.sees("camille.bouvier@vauclair.example")
    operator.look("table-searched")
    operator.lead(operator.page.locator("tbody a").first)
    operator.look("row-that-a-key-leads-to")


def change_the_mapping(operator: Visitor) -> None:
    """How a name is joined: tried on real rows, kept as the next version, seen beside the one before."""
    to_the_plan(operator)
    operator.follow("Mapping")
    operator.look("workbench")
    operator.send("Check every row now")
    operator.sees("it fits every archived row")
    operator.look("workbench-checked")
    operator.follow("accounts")
    operator.look("edge")
    operator.follow("full_name")
    operator.write("What step 1 is given", '" · "')
    operator.push("Show twenty rows")
    operator.sees("Camille · Bouvier")
    operator.look("column-tried")
    operator.write("What changed, for the history", "names with a dot")
    operator.send("Keep as version 2")
    operator.follow("ruche-to-agora.yaml")
    operator.follow("Versions and what changed")
    operator.look("versions-of-the-mapping")
    operator.send("Show what differs")
    operator.sees("· ")
    operator.look("what-differs")


def rehearse(operator: Visitor) -> None:
    to_the_plan(operator)
    operator.send("Rehearse")
    see_it_done(operator, "Rehearsal")
    operator.look("rehearsal")


def ask_to_migrate(operator: Visitor) -> None:
    to_the_plan(operator)
    operator.write("Why, for whoever agrees", "the contract ends on Friday", within=operator.form("Ask for it"))
    operator.send("Ask for it")
    operator.sees("Somebody else decides this.")
    operator.look("asked-to-migrate")


def agree(approver: Visitor, what: str, words: str) -> None:
    approver.follow("Approvals")
    approver.look("approvals")
    approver.follow(f"{what} · vauclair-to-agora", within=approver.section("Waiting"))
    approver.write("Your words (kept with it)", words)
    approver.look(f"{what.lower()}-to-agree-to")
    approver.send("Agree")
    approver.look(f"{what.lower()}-agreed")
    approver.lead(approver.page.locator("dd a", has_text=re.compile(r"^\d{8}T\d{6}-")))


def see_it_done(person: Visitor, kind: str) -> str:
    """Stays on the page of a run until it is over; gives where that is."""
    heading = person.page.get_by_role("heading", level=1)
    person.waits_for(heading.filter(has_text=kind).filter(has_text="green"))
    return person.page.url


def read_the_evidence(operator: Visitor) -> None:
    run = operator.page.url
    operator.follow("Report")
    operator.look("report", is_document=True)
    operator.go(run)
    operator.follow("Evidence: what was compared, and the rows behind each number")
    operator.look("evidence")
    operator.lead(operator.page.locator("#equations ~ div tbody a").nth(1))
    operator.look("rows-behind-a-number")
    operator.go(run)


def ask_for_the_way_back(operator: Visitor) -> None:
    operator.write("Why, for whoever agrees", "it was a trial", within=operator.form("Ask to take it back"))
    operator.send("Ask to take it back")
    operator.look("asked-for-the-way-back")


def audit(admin: Visitor) -> None:
    admin.follow("Audit")
    admin.look("audit")
    admin.follow("approve")
    admin.sees("anna@example.org")
    admin.look("who-agreed")


def see_where_it_is(customer: Visitor) -> None:
    """What whoever only looks reads first."""
    enter(customer, "camille@vauclair.example", "Camille")
    assert customer.heading() == "Your data"
    customer.look("where-my-data-is")
