"""Whose rows are whose by the schema alone, what is asked where it does not say, and what a person is recognised by."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from migrator.engine.classify import classify
from migrator.engine.subject.cells import Cell
from migrator.engine.subject.mentions import Mentions
from migrator.engine.subject.ownership import Ownership, owned_by
from migrator.engine.subject.page import Page
from migrator.engine.subject.person import Person
from migrator.engine.subject.sought import sought
from migrator.engine.subject.withheld import Withheld, WithheldColumn
from migrator.plan import AttachmentRule, DeclaredReference, ScopeRules, SubjectRules, TableRoot
from storage.errors import Misuse
from storage.package import Part, TablePart
from storage.schema import Column, ForeignKey, Kind, Schema, Table, Type, UniqueKey

INTEGER, TEXT = Type(kind=Kind.INTEGER), Type(kind=Kind.TEXT)


def table(name: str, *texts: str, key: Type = INTEGER, unique: tuple[str, ...] = (), **parents: str) -> Table:
    """With an `id`, texts, and for each of `parents` a column that points at the id of that table."""
    columns = [Column(name="id", type=key, nullable=False), *(Column(name=one, type=TEXT) for one in texts)]
    columns += [Column(name=one, type=INTEGER, nullable=False) for one in parents]
    return Table(
        name=name,
        columns=tuple(columns),
        primary_key=("id",),
        unique=tuple(UniqueKey(name=one, columns=(one,)) for one in unique),
        foreign_keys=tuple(
            ForeignKey(name=one, columns=(one,), parent=parent, parent_columns=("id",))
            for one, parent in parents.items()
        ),
    )


FIRM = table("firms")
MEMBER = table("members", "email", firm_id="firms")


def owned(*tables: Table, said: SubjectRules | None = None, members: Table = MEMBER, **rules: Any) -> Ownership:
    """What is a member's, in a database of firms, members and these tables."""
    schema = Schema(platform="made", version="1", tables=(FIRM, members, *tables))
    scope = ScopeRules(
        root=TableRoot(table="firms", where=(("id", 1),), at="plan:1"),
        subjects={"members": replace(said, lines=_lines(said) | said.lines)} if said else {},
        **{**rules, "lines": {"subjects.members": "plan:9", **rules.get("lines", {})}},  # type: ignore[arg-type]
    )
    person = Person(table=members, column="id", value=17, values={"id": "17", "email": None, "firm_id": "1"})
    return owned_by(person, schema, classify(schema, scope), scope)


def test_what_the_plan_says_of_tables_that_nobody_sees_holds_for_a_person_too() -> None:
    logins = table("logins", member_id="members", zone_id="geo.zones", device_id="auth.devices")
    said = {"excluded": {"geo.zones": "another plan's"}, "foreign": {"logins.device_id": "null"}}
    lines = {"excluded.geo.zones": "plan:1", "foreign.logins.device_id": "plan:1"}
    found = owned(logins, lines=lines, **said)
    assert not found.questions
    assert found.rules.excluded["geo.zones"] == "another plan's"
    assert found.rules.foreign == {"logins.member_id": "key", "logins.device_id": "null", "members.firm_id": "key"}


def _lines(said: SubjectRules) -> dict[str, str]:
    kinds = ("paths", "shared", "excluded", "foreign", "withheld", "disclosed")
    return {f"{kind}.{name}": "plan:9" for kind in kinds for name in getattr(said, kind)}


def asked(found: Ownership) -> set[str]:
    return {question.where for question in found.questions}


def test_what_names_one_person_is_theirs_and_what_hangs_on_it_alone_too() -> None:
    found = owned(table("orders", member_id="members"), table("order_lines", order_id="orders"), table("prices"))
    assert not found.questions
    assert found.rules.paths == {"orders": ("member_id",), "order_lines": ("order_id",)}
    assert set(found.rules.excluded) == {"firms", "prices"}
    assert set(found.rules.foreign.values()) == {"key"}


@pytest.mark.parametrize(
    "tables",
    [
        pytest.param([table("messages", sender_id="members", recipient_id="members")], id="two people"),
        pytest.param([table("comments", moderated_by="members", author_id="members")], id="whose comment is it"),
        pytest.param([table("comments", "author", moderated_by="members")], id="an author nobody declared"),
        pytest.param(
            [table("customers"), table("bills", clerk_id="members", customer_id="customers")], id="a customer"
        ),
        pytest.param([table("contacts", "name", owner_id="members")], id="an address book"),
        pytest.param([table("customers", "name", clerk_id="members")], id="a clerk's customers"),
        pytest.param(
            [
                table("groups", created_by="members"),
                table("seats", group_id="groups", member_id="members"),
                table("papers", group_id="groups"),
            ],
            id="what lies where people meet",
        ),
        pytest.param(
            [table("orders", member_id="members"), table("reviews", "reviewer", order_id="orders")],
            id="hangs and names",
        ),
    ],
)
def test_what_may_be_somebody_else_s_is_asked(tables: list[Table]) -> None:
    found = owned(*tables)
    assert asked(found) == {tables[-1].name} and tables[-1].name not in found.rules.paths
    assert all("scope.subjects: {members: {paths: {" in question.next for question in found.questions)
    answered = owned(*tables, said=SubjectRules(excluded={tables[-1].name: "theirs"}))
    assert not answered.questions and answered.rules.excluded[tables[-1].name] == "theirs"


@pytest.mark.parametrize("column", ["member_id", "created_by"])
def test_a_reference_to_the_person_that_nobody_declared_is_asked(column: str) -> None:
    """Else an export without a single foreign key would be green, and hold the person's row alone."""
    orders = table("orders", firm_id="firms")
    undeclared = replace(orders, columns=(*orders.columns, Column(name=column, type=INTEGER)))
    [question] = owned(undeclared).questions
    assert question.where == f"orders.{column}" and f"column: {column}, to: members.id" in question.next
    declared = DeclaredReference(
        table="orders", columns=(column,), parent="members", parent_columns=("id",), at="plan:4"
    )
    assert owned(undeclared, references=(declared,)).rules.paths == {"orders": (column,)}
    assert not owned(undeclared, said=SubjectRules(excluded={"orders": "the firm's"})).questions


def test_a_team_is_not_its_leader_s() -> None:
    team = table("teams", leader_id="members")
    assert asked(owned(team, members=table("members", "email", team_id="teams", firm_id="firms"))) == {"teams"}


def test_the_rest_of_the_person_s_own_row_is_theirs() -> None:
    assert owned(table("profiles", "phone", member_id="members", unique=("member_id",))).rules.paths == {
        "profiles": ("member_id",)
    }


def test_the_plan_s_own_paths_say_whose_a_message_is_and_the_person_s_say_more() -> None:
    letters = table("letters", sender_id="members", recipient_id="members")
    said = owned(letters, paths={"letters": ("sender_id",)}, lines={"paths.letters": "plan:2"})
    assert not said.questions and said.rules.paths == {"letters": ("sender_id",)}
    both = SubjectRules(paths={"letters": ("sender_id", "recipient_id")})
    assert owned(letters, said=both).rules.paths == both.paths


def test_a_key_that_says_who_somebody_is_does_not_leave_by_default() -> None:
    by_name = Table(
        name="votes",
        columns=(
            Column(name="id", type=INTEGER),
            Column(name="voter_id", type=INTEGER),
            Column(name="delegate", type=TEXT, nullable=True),
        ),
        primary_key=("id",),
        foreign_keys=(
            ForeignKey(name="v", columns=("voter_id",), parent="members", parent_columns=("id",)),
            ForeignKey(name="d", columns=("delegate",), parent="members", parent_columns=("email",)),
        ),
    )
    mine = SubjectRules(paths={"votes": ("voter_id",)})
    assert owned(by_name, said=mine).rules.foreign["votes.delegate"] == "null"
    needed = Column(name="delegate", type=TEXT, nullable=False)
    forced = Table(
        name="votes",
        columns=(*by_name.columns[:2], needed),
        primary_key=("id",),
        foreign_keys=by_name.foreign_keys,
    )
    assert asked(owned(forced, said=mine)) == {"votes.delegate"}


def test_other_people_are_never_the_person_s() -> None:
    with pytest.raises(Misuse, match="one row of it"):
        said = SubjectRules(paths={"members": ("boss_id",)}, lines={"paths.members": "plan:3"})
        owned(said=said, members=table("members", "email", boss_id="members", firm_id="firms"))


# ── columns ─────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "name",
    [
        "password_hash",
        "apiKey",
        "userpassword",
        "tokens",
        "otp",
        "SALT",
        "reset_token",
        "mot_de_passe",
        "recovery_code",
    ],
)
def test_what_is_called_like_a_secret_is_asked_until_it_is_withheld_or_disclosed(name: str) -> None:
    members = table("members", "email", name, firm_id="firms")
    place = f"members.{name}"
    [question] = owned(members=members).questions
    assert question.where == place and f"withheld: {{{place}: reason}}" in question.next
    assert not owned(members=members, said=SubjectRules(disclosed={place: "it is none"})).questions
    withheld = owned(members=members, said=SubjectRules(withheld={place: "a secret"}))
    assert not withheld.questions and withheld.rules.withheld == {place: "a secret"}


def test_what_only_looks_like_a_secret_s_name_is_not_asked() -> None:
    names = ("hashtags", "secretary", "compass", "passenger", "pinned", "token_sent_at", "public_key")
    changed = Column(name="password_changed", type=Type(kind=Kind.TIMESTAMP))
    members = table("members", *names, firm_id="firms")
    assert not owned(members=replace(members, columns=(*members.columns, changed))).questions


def test_the_hash_that_the_plan_calls_a_file_s_is_no_secret() -> None:
    files = table("files", "content", "hash", member_id="members")
    assert asked(owned(files)) == {"files.hash"}
    rule = AttachmentRule(table="files", column="content", hash_column="hash", at="plan:5")
    assert not owned(files, attachments=(rule,)).questions
    withheld = owned(files, attachments=(rule,), said=SubjectRules(withheld={"files.hash": "ours"}))
    assert withheld.rules.attachments == (replace(rule, hash_column=None),)
    assert not owned(
        files,
        attachments=(rule,),
        said=SubjectRules(withheld={"files.content": "ours"}, disclosed={"files.hash": "nothing"}),
    ).rules.attachments


@pytest.mark.parametrize("paths", [("sender_id",), ("sender_id", "recipient_id")])
def test_what_repeats_others_names_in_the_person_s_rows_is_asked(paths: tuple[str, ...]) -> None:
    letters = table(
        "letters",
        "body",
        "sender_name",
        "recipient_name",
        "approver_email",
        sender_id="members",
        recipient_id="members",
    )
    hers = {"letters.sender_name"} if len(paths) == 1 else set()  # where she is either, each name may be the other's
    expected = {"letters.sender_name", "letters.recipient_name", "letters.approver_email"} - hers
    assert asked(owned(letters, said=SubjectRules(paths={"letters": paths}))) == expected


def test_a_customer_s_name_in_a_clerk_s_order_is_asked_and_the_clerk_s_own_is_not() -> None:
    orders = table("orders", "customer_name", "member_email", "customer_notes", member_id="members", pin_id="firms")
    assert asked(owned(orders)) == {"orders.customer_name"}
    members = table("members", "contact_email", "member_name", "manager", firm_id="firms")
    assert asked(owned(members=members)) == {"members.manager"}


def test_a_shared_table_s_text_that_names_somebody_is_asked() -> None:
    offices = table("offices", "city", "contact_name", manager_id="members")
    members = table("members", "email", firm_id="firms", office_id="offices")
    found = owned(offices, members=members, shared={"offices": "referenced"}, lines={"shared.offices": "plan:2"})
    assert asked(found) == {"offices.contact_name"} and found.rules.foreign["offices.manager_id"] == "key"


def test_what_is_computed_beside_a_withheld_column_is_asked() -> None:
    members = table("members", "badge", firm_id="firms")
    computed = replace(members, columns=(*members.columns, Column(name="label", type=TEXT, generated=True)))
    assert not owned(members=computed).questions
    assert asked(owned(members=computed, said=SubjectRules(withheld={"members.badge": "ours"}))) == {"members.label"}


@pytest.mark.parametrize(
    ("said", "what"),
    [
        (SubjectRules(withheld={"members.emial": "ours"}), "no column 'emial'"),
        (SubjectRules(disclosed={"people.email": "hers"}), "no table 'people'"),
        (SubjectRules(excluded={"lettres": "ours"}), "no table 'lettres'"),
        (SubjectRules(withheld={"members.id": "ours"}), "tells the rows of members apart"),
        (
            SubjectRules(withheld={"members.email": "a"}, disclosed={"members.email": "b"}),
            "both withheld and disclosed",
        ),
    ],
)
def test_what_cannot_be_withheld_is_refused(said: SubjectRules, what: str) -> None:
    with pytest.raises(Misuse, match=what):
        owned(said=said)


def test_what_is_said_of_people_who_are_no_table_is_refused_at_its_line() -> None:
    """Else nothing of it would count, and what it withholds would leave."""
    said = {"membres": SubjectRules(withheld={"members.email": "ours"})}
    scope = ScopeRules(
        root=TableRoot(table="firms", where=(("id", 1),), at="plan:1"),
        subjects=said,
        lines={"subjects.membres": "plan:7"},
    )
    with pytest.raises(Misuse, match="no table 'membres'") as refused:
        classify(Schema(platform="made", version="1", tables=(FIRM, MEMBER)), scope)
    assert refused.value.where == "plan:7"


def test_no_key_leads_over_a_column_that_stays_behind() -> None:
    by_email = ForeignKey(name="e", columns=("to",), parent="members", parent_columns=("email",))
    letters = replace(table("letters", "to", sender_id="members"), unique=(UniqueKey(name="u", columns=("to",)),))
    letters = replace(letters, foreign_keys=(*letters.foreign_keys, by_email))
    hidden = Withheld(columns=(WithheldColumn(table="letters", column="sender_id", reason="r"),))
    assert hidden.described(letters).foreign_keys == (by_email,) and len(hidden.described(letters).unique) == 1
    parents = Withheld(columns=(WithheldColumn(table="members", column="email", reason="r"),))
    assert by_email not in parents.described(letters).foreign_keys
    both = Withheld(columns=(WithheldColumn(table="letters", column="to", reason="r"),))
    assert not both.described(letters).unique and "to" not in both.described(letters).column_names


# ── the page ────────────────────────────────────────────────────────────────────────────────────────────────
def shown(rows: Sequence[str], count: int) -> str:
    part = TablePart(
        table=Table(name="notes", columns=(Column(name="body", type=TEXT),)),
        name="notes",
        rows=count,
        digest="",
        scope_class="owned",
        longest_record=9,
        csv=(Part(path="csv/notes.csv", bytes=9, sha256=""),),
        header=None,
        parquet=(),
    )
    cells: Iterator[list[Cell]] = ([row] for row in rows)
    page = Page(tenant="ours", as_of="now", tool="it")
    return "".join(page.parts([(part, cells)], [], [], [], Mentions(sought=(), found=(), not_searched=())))


def test_a_page_shows_words_as_they_are_and_controls_as_none() -> None:
    words = "Déjà\u00a0vu\u202f!\r\n👩\u200d🔬"
    assert f"<td dir='auto'>{words}\ufffd\ufffd\ufffd</td>" in shown([f"{words}\u202e\x00\x1b"], 1)


def test_a_page_shows_the_first_rows_of_a_long_table_and_where_all_of_them_are() -> None:
    page = shown([f"note {number}." for number in range(1_001)], 1_001)
    assert "note 999." in page and "note 1000." not in page
    assert "the first 1000 of 1001 rows" in page and "<a href='../csv/notes.csv'>" in page
    assert "csv/notes.csv" not in shown(["note"] * 1_000, 1_000)


# ── what a person is recognised by ──────────────────────────────────────────────────────────────────────────
def person(**values: str | None) -> Person:
    columns = tuple(Column(name=name, type=TEXT) for name in values)
    return Person(table=Table(name="members", columns=columns), column="id", value=1, values=dict(values))


def finds(someone: Person, text: str) -> set[str]:
    array = pa.array([text])
    patterns = {one.columns: one.pattern for one in sought(someone, SubjectRules())}
    return {
        name
        for name, pattern in patterns.items()
        if pc.match_substring_regex(array, pattern, ignore_case=True)[0].as_py()
    }


ZOE = person(
    email="zoé.o'hara@x.example", first_name="Zoé", last_name="O'Hara", phone="+33 (0)6 12-34-56-78", status="active"
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ask ZOÉ.O'HARA@X.example.", {"email"}),
        (json.dumps({"to": "zoé.o'hara@x.example"}), {"email"}),
        (html.escape("<zoé.o'hara@x.example>"), {"email"}),
        ("d'après zoé  o'hara,", {"first_name+last_name"}),
        ("O'Hara\nZoé", {"first_name+last_name"}),
        ("call +330612345678 or +33.06.12.34.56.78", {"phone"}),
        ("06 12 34 56 78", {"phone"}),
        ("(+33)\u00a06\u202f12 34 56 78", {"phone"}),
        ("0033612345678", {"phone"}),
        ("<p>Zo&eacute; O&#039;Hara</p>", {"first_name+last_name"}),
        ('{"to": "ZO\\u00c9 O\\u0027HARA"}', {"first_name+last_name"}),
        ("Zoe O\u2019Hara", {"first_name+last_name"}),
        ("Zoe\u0301 O'Hara", {"first_name+last_name"}),
        ("?to=zo%C3%A9.o%27hara%40x.example", {"email"}),
        ("zoe.o'hara@x.example", set()),
        ("Zoé", set()),
        ("zoé o'harat, active, x.example", set()),
        ("lazoé.o'hara@x.example", set()),
        ("9933061234567800", set()),
    ],
)
def test_who_is_meant_is_found_however_it_is_written(text: str, found: set[str]) -> None:
    assert finds(ZOE, text) == found


@example("0000", "\x1f0")
@example("Zoe", "\xa0Ange")
@given(st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=30))
def test_whatever_a_person_is_called_is_looked_for_and_breaks_nothing(first: str, last: str) -> None:
    someone = person(first_name=first, last_name=last, email=f"{first}@{last}.example")
    for one in sought(someone, SubjectRules()):
        text = f"<{first} {last}> <{someone.values['email']}>"
        assert pc.match_substring_regex(pa.array([text]), one.pattern, ignore_case=True)[0].as_py(), one


@pytest.mark.parametrize(
    ("stored", "written"),
    [
        ("+1 (555) 123-4567", "555-123-4567"),
        ("06 12 34 56 78", "+33 6 12 34 56 78"),
        ("+33\u00a06\u202f12\u202f34\u202f56\u202f78", "06 12 34 56 78"),
        ("+352 621 123 456", "621123456"),
    ],
)
def test_a_number_is_found_from_abroad_and_at_home(stored: str, written: str) -> None:
    assert finds(person(phone=stored), written) == {"phone"}


def test_what_the_plan_names_is_found_whatever_type_the_source_gives_it() -> None:
    badge = Column(name="badge", type=Type(kind=Kind.VARIANT))
    someone = replace(person(badge="t:B-17"), table=Table(name="members", columns=(badge,)))
    [one] = sought(someone, SubjectRules(mentions=("badge",)))
    assert pc.match_substring_regex(pa.array(["gave b-17 back"]), one.pattern, ignore_case=True)[0].as_py()
    assert not sought(person(badge="  "), SubjectRules(mentions=("badge",)))


def test_columns_the_plan_names_are_looked_for_and_others_are_not() -> None:
    [one] = sought(ZOE, SubjectRules(mentions=("status",)))
    assert (one.columns, one.by) == ("status", "named by the plan")
    with pytest.raises(Misuse, match="no column 'nickname'"):
        sought(ZOE, SubjectRules(mentions=("nickname",)))
