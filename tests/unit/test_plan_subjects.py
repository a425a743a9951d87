"""What a plan says of tables whose rows are people."""

from __future__ import annotations

import pytest

from migrator.plan import ScopeRules, SubjectRules, read_plan
from storage.errors import Misuse

PLAN = """\
plan: p
tenant: t
source:
  url: sqlite:///x
  scope:
    root: {table: firms, where: {id: 1}}
    subjects:
"""


def read(subjects: str) -> ScopeRules:
    return read_plan(PLAN + subjects, file="plan.yaml", variables={}).needs_source().scope


def test_a_table_of_people_says_everything_or_nothing() -> None:
    scope = read(
        "      members:\n"
        "        paths: {letters: [sender_id, recipient_id], files: uploaded_by}\n"
        "        shared: [tags]\n"
        "        excluded: {votes: secret}\n"
        "        withheld: {members.salt: a secret}\n"
        "        disclosed: {members.token: a number}\n"
        '        foreign: {letters.recipient_id: stub, posts.editor_id: "null", posts.group_id: key}\n'
        "        mentions: [email, badge]\n"
        "      customers:\n"
    )
    assert scope.subjects["customers"] == SubjectRules()
    found = scope.subjects["members"]
    assert found.paths == {"letters": ("sender_id", "recipient_id"), "files": ("uploaded_by",)}
    assert (found.shared, found.excluded, found.mentions) == (("tags",), {"votes": "secret"}, ("email", "badge"))
    assert found.foreign == {"letters.recipient_id": "stub", "posts.editor_id": "null", "posts.group_id": "key"}
    assert (found.withheld, found.disclosed) == ({"members.salt": "a secret"}, {"members.token": "a number"})
    assert found.lines["withheld.members.salt"] == "plan.yaml:12" and found.lines["mentions.badge"] == "plan.yaml:15"
    assert found.lines["excluded.votes"] == "plan.yaml:11"


@pytest.mark.parametrize(
    ("subjects", "what"),
    [
        ("      members: {path: {letters: [sender_id]}}\n", "path"),
        ("      members: {foreign: {letters.recipient_id: keys}}\n", "keys"),
        ("      members: {excluded: {letters: }}\n", "reason"),
        ("      members: {withheld: {members.salt: }}\n", "reason"),
        ("      members: {mentions: []}\n", "mentions"),
    ],
)
def test_a_mistake_has_its_line(subjects: str, what: str) -> None:
    with pytest.raises(Misuse, match=what) as refused:
        read(subjects)
    assert refused.value.where == "plan.yaml:8"


def test_what_stays_a_key_for_a_person_is_no_policy_of_the_tenant() -> None:
    text = PLAN.replace("    subjects:\n", "    foreign: {letters.recipient_id: key}\n")
    with pytest.raises(Misuse, match="key"):
        read_plan(text, file="plan.yaml", variables={})
