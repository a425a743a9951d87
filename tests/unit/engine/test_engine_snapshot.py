"""A snapshot says everything about its tenant, nothing about others, and proves it; or it leaves nothing behind."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.contracts import Predicate, Whole
from migrator.engine import extract as extraction
from migrator.engine.closure import Closure
from migrator.engine.snapshot import snapshot
from storage.archive import Archive
from storage.check import check_archive
from storage.errors import Misuse, Red
from storage.memory import MemoryStore
from storage.objects import read_bytes
from storage.schema import Held, Kind
from tests.conformance.platforms import SqlitePlatform
from tests.support_archive import signing_keys
from tests.unit.engine.support import plan_of, rows_of, taken

SCOPE = "root: {table: firms, where: {id: 1}}\nshared: [lands]\nexcluded: {logs: internal}"
OTHERS = "mark-of-another-tenant"
DDL = f"""
CREATE TABLE lands (code TEXT PRIMARY KEY, name TEXT);
CREATE TABLE firms (id INTEGER PRIMARY KEY, name TEXT, land TEXT REFERENCES lands (code));
CREATE TABLE notes (id INTEGER PRIMARY KEY, firm_id INTEGER REFERENCES firms (id), note TEXT);
CREATE TABLE words (firm_id INTEGER REFERENCES firms (id), word TEXT);
CREATE TABLE logs (id INTEGER PRIMARY KEY, line TEXT);
INSERT INTO lands VALUES ('fr', 'France'), ('{OTHERS}', '{OTHERS}');
INSERT INTO firms VALUES (1, 'ours', 'fr'), (2, '{OTHERS}', '{OTHERS}'), (3, '{OTHERS}', NULL);
INSERT INTO notes VALUES (1, 1, 'fine'), (2, 2, '{OTHERS}'), (3, 1, ''), (4, 1, NULL), (5, 3, '{OTHERS}');
INSERT INTO words VALUES (1, 'w'), (1, 'w'), (2, '{OTHERS}');
INSERT INTO logs VALUES (1, '{OTHERS}');
"""


@pytest.fixture
def firms(platform: SqlitePlatform) -> SqlitePlatform:
    platform.run(DDL)
    return platform


def everything(store: MemoryStore) -> dict[str, bytes]:
    return {info.key: read_bytes(store, info.key) for info in store.list()}


# ── what an archive says ────────────────────────────────────────────────────────────────────────────────────
def test_an_archive_is_whole_and_names_no_other_tenant(firms: SqlitePlatform) -> None:
    store = MemoryStore()
    found, archive = taken(firms, SCOPE, store)
    assert not check_archive(store, found.sealed.archive_id).problems
    assert rows_of(archive, "notes") == [(1, 1, "fine"), (3, 1, ""), (4, 1, None)]
    assert rows_of(archive, "words") == [(1, "w"), (1, "w")]
    assert {table.table.name for table in archive.tables} == {"firms", "lands", "notes", "words"}
    for key, content in everything(store).items():
        assert OTHERS.encode() not in content, key
    assert json.loads(archive.document("reports/exclusions.json")) == [{"reason": "internal", "table": "logs"}]


def test_text_parquet_cannot_hide_is_searched_too(firms: SqlitePlatform) -> None:
    """The twin is compressed: look into its values, not its bytes."""
    _, archive = taken(firms, SCOPE)
    for table in archive.tables:
        assert OTHERS not in str(rows_of(archive, table.table.name))


def test_empty_tables_and_columns_are_there(firms: SqlitePlatform) -> None:
    firms.run("DELETE FROM words; UPDATE notes SET note = NULL;")
    _, archive = taken(firms, SCOPE)
    assert archive.table("words").rows == 0
    assert archive.table("words").table.column_names == ("firm_id", "word")
    assert [row[2] for row in rows_of(archive, "notes")] == [None, None, None]


def test_values_a_column_cannot_hold_as_declared_start_the_table_anew(firms: SqlitePlatform) -> None:
    large = "x" * (2 << 20)
    with closing(firms.connect()) as connection:
        connection.execute("UPDATE notes SET note = ? WHERE id = 1", (large,))
        connection.execute("UPDATE notes SET note = '\\N' WHERE id = 3")
        connection.execute("UPDATE words SET word = CAST(x'ff' AS TEXT) WHERE rowid = 1")
    store = MemoryStore()
    found, archive = taken(firms, SCOPE, store)
    assert not check_archive(store, found.sealed.archive_id).problems
    note = archive.table("notes").table.column("note")
    assert note.held is Held.FILES
    assert [row[2] for row in rows_of(archive, "notes")] == [large, "\\N", None]
    assert archive.table("words").table.column("word").type.kind is Kind.VARIANT
    assert sorted(row[1] for row in rows_of(archive, "words")) == ["t:w", "x:/w=="]


def test_attachments_leave_with_their_names(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE firms (id INTEGER PRIMARY KEY, logo BLOB, logo_name TEXT, logo_type TEXT);"
        "INSERT INTO firms VALUES (1, x'89504e47', 'logo.png', 'image/png');"
    )
    rule = "attachments:\n  - {table: firms, column: logo, name: logo_name, type: logo_type}"
    _, archive = taken(platform, f"root: {{table: firms, where: {{id: 1}}}}\n{rule}")
    (file,) = archive.files()
    assert (file.name, file.type) == ("logo.png", "image/png")
    assert rows_of(archive, "firms") == [(1, b"\x89PNG", "logo.png", "image/png")]


# ── or nothing ──────────────────────────────────────────────────────────────────────────────────────────────
def test_a_leak_is_caught_by_the_proof_and_leaves_no_archive(
    firms: SqlitePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    predicate = Closure.predicate

    def leaky(closure: Closure, name: str, class_: str | None = None) -> Predicate:
        return Whole() if name == "notes" else predicate(closure, name, class_)

    monkeypatch.setattr(Closure, "predicate", leaky)
    store = MemoryStore()
    with pytest.raises(Red, match="do not lead to the tenant") as red:
        taken(firms, SCOPE, store)
    assert (red.value.where, red.value.problems[0].count) == ("notes", 2)
    assert everything(store) == {}


@pytest.mark.parametrize("pointing_at", ["id", "7 - id"])
def test_rows_of_others_do_not_invite_each_other(
    firms: SqlitePlatform, monkeypatch: pytest.MonkeyPatch, pointing_at: str
) -> None:
    """A row that points at itself, or two at each other, came along by no reference of the tenant's."""
    firms.run("ALTER TABLE notes ADD COLUMN after_id INTEGER REFERENCES notes (id);")
    firms.run(f"UPDATE notes SET after_id = {pointing_at} WHERE firm_id <> 1;")
    monkeypatch.setattr(Closure, "predicate", lambda _closure, _name, _class=None: Whole())
    with pytest.raises(Red, match="do not lead to the tenant") as red:
        taken(firms, f"{SCOPE}\npaths: {{notes: [firm_id]}}\nforeign: {{notes.after_id: carry}}")
    assert {problem.where: problem.count for problem in red.value.problems}["notes"] == 2


def test_rows_left_behind_are_caught_by_the_proof(firms: SqlitePlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    find = Closure.find

    def forgetful(closure: Closure) -> None:
        find(closure)
        closure._workbench.execute("DELETE FROM own.notes WHERE id = 3")

    monkeypatch.setattr(Closure, "find", forgetful)
    store = MemoryStore()
    with pytest.raises(Red, match="the source counts 3 rows along this edge, the archive holds 2"):
        taken(firms, SCOPE, store)
    assert everything(store) == {}


def test_keys_of_others_that_should_have_been_freed_are_caught_by_the_proof(
    firms: SqlitePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    firms.run("ALTER TABLE notes ADD COLUMN after_id INTEGER REFERENCES notes (id); UPDATE notes SET after_id = 2;")
    scope = f"{SCOPE}\npaths: {{notes: [firm_id]}}\nforeign: {{notes.after_id: null}}"
    _, archive = taken(firms, scope)
    assert {row[3] for row in rows_of(archive, "notes")} == {None}
    monkeypatch.setattr(extraction, "_nulling", lambda *_: lambda batch: batch)
    with pytest.raises(Red, match="still point at rows that stay behind") as red:
        taken(firms, scope)
    assert (red.value.where, red.value.problems[0].count) == ("notes.after_id", 3)


def test_a_failure_half_way_leaves_nothing(firms: SqlitePlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = extraction.extract

    def interrupted(*arguments: object) -> Iterable[pa.RecordBatch]:
        yield from whole(*arguments)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr("migrator.engine.table_copy.extract", interrupted)
    store = MemoryStore()
    with pytest.raises(KeyboardInterrupt):
        snapshot(firms.source(), plan_of(SCOPE), store, signing_keys(), tool="test")
    assert everything(store) == {}
    with pytest.raises(Misuse):
        Archive.open(store, "nothing")


# ── any schema ──────────────────────────────────────────────────────────────────────────────────────────────
@st.composite
def forests(draw: st.DrawFn) -> tuple[list[list[int]], list[list[tuple[int, list[int | None]]]]]:
    """Tables, each with references to earlier tables or itself; rows as (tenant, the row each reference points at)."""
    parents: list[list[int]] = [[]]
    for n in range(1, draw(st.integers(2, 5))):
        parents.append([draw(st.integers(0, n - 1)), *draw(st.lists(st.integers(0, n), max_size=1))])
    tables: list[list[tuple[int, list[int | None]]]] = [[(0, []), (1, [])]]
    for n, references in enumerate(parents[1:], start=1):
        rows: list[tuple[int, list[int | None]]] = []
        for _ in range(draw(st.integers(0, 6))):
            tenant = draw(st.integers(0, 1))
            pointed: list[int | None] = []
            for parent in references:
                candidates = rows if parent == n else tables[parent]
                own = [i for i, (whose, _) in enumerate(candidates) if whose == tenant]
                pointed.append(draw(st.sampled_from([None, *own])))
            leads = any(i is not None for i in pointed)
            rows.append((tenant if leads else -1, pointed))
        tables.append(rows)
    return parents, tables


@given(forests())
@settings(max_examples=25, deadline=None)
def test_of_any_schema_exactly_the_tenants_rows_leave(forest: tuple[list[list[int]], list]) -> None:  # type: ignore[type-arg]
    parents, tables = forest
    with tempfile.TemporaryDirectory() as folder:
        platform = SqlitePlatform(Path(folder) / "source.db", journal_mode="delete")
        keyless = len(tables) - 1 if len(tables) - 1 not in parents[-1] else None
        for n, references in enumerate(parents):
            columns = [f"r{i} INTEGER REFERENCES t{parent} (id)" for i, parent in enumerate(references)]
            key = "id INTEGER" if n == keyless else "id INTEGER PRIMARY KEY"
            platform.run(f"CREATE TABLE t{n} ({', '.join([key, *columns])});")
            platform.insert(f"t{n}", [(i, *pointed) for i, (_, pointed) in enumerate(tables[n])])
        _, archive = taken(platform, "root: {table: t0, where: {id: 0}}")
        for n, rows in enumerate(tables):
            expected = Counter((i, *pointed) for i, (tenant, pointed) in enumerate(rows) if tenant == 0)
            assert Counter(rows_of(archive, f"t{n}")) == expected
