"""The plan file: what it says is what is read, and every mistake has its line."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from migrator.contracts import ReadLimits, Triggers
from migrator.plan import ColumnRoot, DatabaseRoot, TableRoot, load_plan, read_plan
from storage.errors import Misuse

PLAN = """\
plan: acme-exit
tenant: acme
source:
  url: ${SOURCE_URL}
  scope:
    root: {table: companies, where: {id: 42}}
    shared: [countries]
    excluded: {audit_log: internal}
    references:
      - {table: likes, column: target_id, type_column: kind, types: {post: posts}}
      - {table: files, columns: [a, b], to: [m.x, m.y]}
    paths: {likes: target_id}
    foreign: {posts.author_id: stub, posts.editor_id: null}
    attachments: [{table: files, column: content, name: title}]
store: ${STORE_URL:-file:///tmp/store}
mapping: m.yaml
target:
  url: ${TARGET_URL}
  on_match: {default: keep, people: overwrite}
"""
VARIABLES = {"SOURCE_URL": "sqlite:///s.db", "TARGET_URL": "sqlite:///t.db"}


def test_everything_it_says_is_read() -> None:
    plan = read_plan(PLAN, file="plan.yaml", variables=VARIABLES)
    source, target = plan.needs_source(), plan.needs_target()
    assert (plan.name, plan.tenant, source.url, plan.store) == (
        "acme-exit",
        "acme",
        "sqlite:///s.db",
        "file:///tmp/store",
    )
    assert source.scope.root == TableRoot(table="companies", where=(("id", 42),), at="plan.yaml:6")
    assert (source.scope.shared, source.scope.excluded) == ({"countries": "referenced"}, {"audit_log": "internal"})
    likes, files = source.scope.references
    assert (likes.types, likes.type_column) == ((("post", "posts"),), "kind")
    assert (files.columns, files.parent, files.parent_columns) == (("a", "b"), "m", ("x", "y"))
    assert source.scope.paths == {"likes": ("target_id",)}
    assert source.scope.foreign == {"posts.author_id": "stub", "posts.editor_id": "null"}
    assert source.scope.attachments[0].name_column == "title"
    assert (target.policy("people"), target.policy("others")) == ("overwrite", "keep")


def test_the_seal_covers_the_text_before_expansion() -> None:
    one = read_plan(PLAN, file="a", variables=VARIABLES)
    other = read_plan(PLAN, file="b", variables={**VARIABLES, "SOURCE_URL": "sqlite:///secret.db"})
    assert one.sha256 == other.sha256
    assert "secret" not in other.text
    assert one.sha256 != read_plan(PLAN.replace("42", "43"), file="a", variables=VARIABLES).sha256


@pytest.mark.parametrize(
    ("written", "instead", "said", "line"),
    [
        ("plan: acme-exit", "plan: a/b", "cannot name a plan", 1),
        ("tenant: acme", "tenant:", "names no tenant", 2),
        ("${SOURCE_URL}", "${NOWHERE_SET}", "NOWHERE_SET is not set", 4),
        ("${SOURCE_URL}", "postgresql://host/db?user=me&password=s3cr3t", "holds a password", 4),
        (", where: {id: 42}", "", "has no where", 6),
        ("{table: companies, where: {id: 42}}", "everything", "is no root", 6),
        ("{table: companies, where: {id: 42}}", "{where: {id: 42}}", "neither a table nor a column", 6),
        ("{table: companies, where: {id: 42}}", "{column: tenant_id}", "no value", 6),
        ("shared: [countries]", "shared: {countries: all}", "cannot be 'all'", 7),
        ("shared: [countries]", "shred: [countries]", "shred", 7),
        ("{audit_log: internal}", "{audit_log: }", "missing or empty", 8),
        (", column: target_id,", ",", "names no column", 10),
        ("to: [m.x, m.y]", "to: [m.x, n.y]", "columns of one table", 11),
        ("stub", "steal", "cannot be 'steal'", 13),
        ("people: overwrite", "people: merge", "cannot be 'merge'", 19),
        ("  on_match", "  triggers: shoot\n  on_match", "cannot be 'shoot'", 19),
        ("  on_match", "  triggers: {disable: [news]}\n  on_match", "unknown key 'disable'", 19),
        ("  on_match", "  rehearsal_max_age: 7\n  on_match", "is no age: '7'", 19),
        ("  on_match", "  rehearsal_max_age: 0d\n  on_match", "is no age: '0d'", 19),
        ("  on_match", "  rehearsal_max_age: [7d]\n  on_match", "is no age", 19),
        ("  on_match", "  triggers: {fire: []}\n  on_match", "not a list with something in it", 19),
    ],
)
def test_a_mistake_has_its_line(written: str, instead: str, said: str, line: int) -> None:
    assert written in PLAN
    with pytest.raises(Misuse) as refused:
        read_plan(PLAN.replace(written, instead, 1), file="plan.yaml", variables=VARIABLES)
    assert said in refused.value.what
    assert refused.value.where == f"plan.yaml:{line}"


@pytest.mark.parametrize(
    ("root", "read"),
    [
        ("database", DatabaseRoot(at="p:5")),
        ("{column: tenant_id=42}", ColumnRoot(column="tenant_id", value=42, at="p:5")),
        ("{column: tenant_id, value: '42'}", ColumnRoot(column="tenant_id", value="42", at="p:5")),
        ('{column: "tenant_id=${WHO}"}', ColumnRoot(column="tenant_id", value="x=y", at="p:5")),
    ],
)
def test_roots(root: str, read: object) -> None:
    text = f"plan: p\ntenant: t\nsource:\n  url: u\n  scope: {{root: {root}}}\n"
    assert read_plan(text, file="p", variables={"WHO": "x=y"}).needs_source().scope.root == read


def _limited(lines: str) -> ReadLimits:
    text = f"plan: p\ntenant: t\nsource:\n  url: u\n  scope: {{root: database}}\n{lines}"
    return read_plan(text, file="p", variables={}).needs_source().limits


def test_a_source_is_read_by_one_connection_and_without_a_lock_unless_the_plan_says_more() -> None:
    assert _limited("") == ReadLimits(
        max_connections=1, allow_brief_lock=False, statement_timeout_s=None, rows_per_second=None
    )


def test_the_limits_a_source_is_read_within() -> None:
    lines = "  max_connections: 4\n  allow_brief_lock: true\n  statement_timeout: 30\n  rows_per_second: 500\n"
    assert _limited(lines) == ReadLimits(
        max_connections=4, allow_brief_lock=True, statement_timeout_s=30, rows_per_second=500
    )


@pytest.mark.parametrize(
    "line",
    [
        "max_connections: 0",
        "max_connections: many",
        "rows_per_second: 0",
        "rows_per_second: -1",
        "rows_per_second: 0.5",
        "rows_per_second: true",
        "statement_timeout: 30s",
        "allow_brief_lock: 1",
        "allow_brief_lock: sometimes",
        "rows_per_minute: 10",
    ],
)
def test_a_limit_that_is_none_has_its_line(line: str) -> None:
    with pytest.raises(Misuse) as refused:
        _limited(f"  {line}\n")
    assert refused.value.where == "p:6"
    assert line.partition(":")[0] in refused.value.what


def test_what_a_plan_lacks_is_said_when_it_is_needed() -> None:
    plan = read_plan("plan: p\ntenant: t\n", file="p.yaml", variables={})
    for needs in (plan.needs_source, plan.needs_target):
        with pytest.raises(Misuse, match="the plan names no") as refused:
            needs()
        assert refused.value.where == "p.yaml"


def test_a_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"plan: \xe9")
    for path in (tmp_path / "none.yaml", tmp_path / "latin.yaml", tmp_path):
        with pytest.raises(Misuse) as refused:
            load_plan(path, {})
        assert refused.value.where == str(path)


@pytest.mark.parametrize("empty", ["[]", ""])
def test_an_empty_list_says_the_same_as_leaving_it_out(empty: str) -> None:
    plan = read_plan(
        "plan: p\ntenant: t\nsource:\n  url: sqlite:///a.db\n  scope:\n"
        f"    root: {{table: t, where: {{id: 1}}}}\n    references: {empty}\n"
        f"    shared: {empty}\n    attachments: {empty}\n"
        "    excluded: {}\n    paths:\n",
        file="plan.yaml",
        variables={},
    )
    assert plan.source is not None
    scope = plan.source.scope
    assert (scope.references, scope.shared, scope.excluded, scope.paths) == ((), {}, {}, {})


@pytest.mark.parametrize(
    "root", ["{column: tenant_id, value: null}", "{column: tenant_id=~}", "{table: t, where: {id: }}"]
)
def test_a_root_of_nothing_is_refused_with_its_line(root: str) -> None:
    text = f"plan: p\ntenant: t\nsource:\n  url: sqlite:///x\n  scope:\n    root: {root}\n"
    with pytest.raises(Misuse, match="empty"):
        read_plan(text, file="plan.yaml", variables={})


def test_on_match_names_tables_the_mapping_fills() -> None:
    text = "plan: p\ntenant: t\ntarget:\n  url: sqlite:///x\n  on_match:\n    default: keep\n    member: overwrite\n"
    target = read_plan(text, file="plan.yaml", variables={}).needs_target()
    assert (target.policy("member"), target.policy("teams")) == ("overwrite", "keep")
    target.require_known(["member", "teams"])
    with pytest.raises(Misuse, match="fills no table 'member'") as refused:
        target.require_known(["members", "teams"])
    assert refused.value.where == "plan.yaml:7" and "members" in refused.value.next


@pytest.mark.parametrize(
    ("written", "triggers"),
    [
        ("refuse", Triggers()),
        ("disable", Triggers(mode="disable")),
        ("fire", Triggers(mode="fire")),
        ("{fire: [news, tallies]}", Triggers(mode="fire", writes=("news", "tallies"))),
    ],
)
def test_what_becomes_of_triggers(written: str, triggers: Triggers) -> None:
    text = PLAN.replace("  on_match", f"  triggers: {written}\n  on_match", 1)
    assert read_plan(text, file="plan.yaml", variables=VARIABLES).needs_target().triggers == triggers


@pytest.mark.parametrize(
    ("written", "age"),
    [
        ("", timedelta(days=7)),
        ("  rehearsal_max_age: 36h\n", timedelta(hours=36)),
        ("  rehearsal_max_age: 1d\n", timedelta(1)),
    ],
)
def test_how_old_a_rehearsal_may_be(written: str, age: timedelta) -> None:
    text = PLAN.replace("  on_match", f"{written}  on_match", 1)
    assert read_plan(text, file="plan.yaml", variables=VARIABLES).needs_target().rehearsal_max_age == age
