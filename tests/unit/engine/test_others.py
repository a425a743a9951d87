"""Every proof counts the ids of other tenants that archived rows hold, for the operator: asked by key, never by all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pytest

from migrator.contracts import Among, Predicate, Whole
from migrator.engine import ids
from migrator.engine.gentle import Gentle
from migrator.engine.others import Named
from storage.memory import MemoryStore
from storage.objects import read_bytes
from storage.schema import Table
from tests.conformance.platforms import SqlitePlatform
from tests.unit.engine.support import taken

OURS, OTHERS = "0b0e7a52-6f0c-4a3e-9c43-0f4ad1c3b001", "7d1f3c7e-52b0-4d57-8b43-0b5a7c9dd002"
BY_ROW = f"root: {{table: firms, where: {{id: {OURS}}}}}"
BY_MARK = "root: {column: firm, value: acme}"


@pytest.fixture
def firms(platform: SqlitePlatform) -> SqlitePlatform:
    platform.run(
        f"""
        CREATE TABLE lands (code TEXT PRIMARY KEY, said TEXT);
        CREATE TABLE firms (id TEXT PRIMARY KEY, land TEXT REFERENCES lands (code));
        CREATE TABLE notes (id INTEGER PRIMARY KEY, firm_id TEXT REFERENCES firms (id), said TEXT);
        INSERT INTO lands VALUES ('fr', 'ask {OTHERS}'), ('de', NULL);
        INSERT INTO firms VALUES ('{OURS}', 'fr'), ('{OTHERS}', 'de');
        INSERT INTO notes VALUES (1, '{OURS}', '["{OTHERS}", "{OURS}"]'), (2, '{OTHERS}', '{OTHERS}');
        """
    )
    return platform


@pytest.fixture
def marked(platform: SqlitePlatform) -> SqlitePlatform:
    platform.run(
        "CREATE TABLE firms (firm TEXT PRIMARY KEY, said TEXT); CREATE TABLE notes (firm TEXT, said TEXT);"
        "INSERT INTO firms VALUES ('acme', 'globex'), ('globex', NULL); INSERT INTO notes VALUES ('acme', 'globex');"
    )
    return platform


def told(platform: SqlitePlatform, scope: str) -> list[tuple[str, int, tuple[str, ...]]]:
    found, _ = taken(platform, scope)
    return [(one.where, one.times, one.examples) for one in found.proof.named]


def test_archived_rows_are_counted_and_shared_ones_too_and_no_archive_says_so(firms: SqlitePlatform) -> None:
    store = MemoryStore()
    found, _ = taken(firms, f"{BY_ROW}\nshared: [lands]", store)
    assert found.proof.kind == "by index"
    assert found.proof.named == tuple(
        Named(where=where, times=1, tenants=1, is_number=False, examples=(OTHERS,))
        for where in ("lands.said", "notes.said")
    )
    proof = next(info.key for info in store.list() if info.key.endswith("proof.json"))
    assert b"named" not in read_bytes(store, proof) and OTHERS.encode() not in read_bytes(store, proof)


def test_a_table_that_lists_the_tenants_by_their_column_needs_no_reference(marked: SqlitePlatform) -> None:
    assert told(marked, BY_MARK) == [("firms.said", 1, ("globex",)), ("notes.said", 1, ("globex",))]


def test_a_list_of_tenants_that_nobody_needs_a_right_to_is_not_asked(marked: SqlitePlatform) -> None:
    assert told(marked, f"{BY_MARK}\nexcluded: {{firms: the provider's}}") == []


def test_rows_that_are_read_once_more_are_counted_once(marked: SqlitePlatform) -> None:
    """A later row turns out to hold what its column's type does not say."""
    marked.run("CREATE TABLE pages (firm TEXT, said TEXT, any TEXT);")
    marked.insert("pages", [("acme", "globex", "x")] * 20_000 + [("acme", "globex", b"\xff")])
    assert ("pages.said", 20_001, ("globex",)) in told(marked, BY_MARK)


@pytest.mark.parametrize("most", [1 << 20, 0])
def test_tenants_are_found_by_key_and_where_all_of_them_are_fewer_by_reading_them(
    marked: SqlitePlatform, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    scanned: list[type[Predicate]] = []
    scan = Gentle.scan

    def watched(
        reading: Gentle,
        table: Table,
        predicate: Predicate,
        *,
        columns: Sequence[str] | None = None,
        distinct: bool = False,
    ) -> Iterator[pa.RecordBatch]:
        if (table.name, distinct) == ("firms", True):
            scanned.append(type(predicate))
        return scan(reading, table, predicate, columns=columns, distinct=distinct)

    monkeypatch.setattr(Gentle, "scan", watched)
    monkeypatch.setattr(ids, "MOST_ASKED", most)
    marked.run("INSERT INTO notes VALUES ('acme', 'some'), ('acme', 'more'), ('acme', 'words');")
    assert [where for where, _, _ in told(marked, BY_MARK)] == ["firms.said", "notes.said"]
    assert scanned == [Among if most else Whole]
