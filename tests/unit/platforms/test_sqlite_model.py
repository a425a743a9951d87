"""What a CREATE statement of SQLite's says is read from its text: exactly, or told as not understood."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.platforms.sqlite.model import from_description
from migrator.platforms.sqlite.tokens import NotUnderstood, said, split, tokens
from storage.model import Check, Generated, IdentityColumn, Index, IndexPart, ReferenceDetail, TableModel, View
from storage.schema import Table
from tests.conformance.platforms import SqlitePlatform


@pytest.fixture
def platform(tmp_path: Path) -> SqlitePlatform:
    return SqlitePlatform(tmp_path / "source.db")


def model_of(platform: SqlitePlatform, script: str, table: str = "t") -> TableModel:
    platform.run(script.replace("{", "{{").replace("}", "}}"))
    with platform.source().fence() as reading:
        return reading.model([table]).table(table)


# ── tokens ──────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("((a > 1))", "a > 1"),
        ("(a) + (b)", "(a) + (b)"),
        ("a/* ' */+ -- )\n b", "a + b"),
        (
            "a<>'it''s -- not' AND[odd ]name] IS NULL".replace("odd ]", "odd "),
            "a<>'it''s -- not' AND\"odd name\" IS NULL",
        ),
        ("x'00ff' || X'' || 0x1F || .5e-3", "x'00ff' || X'' || 0x1F || .5e-3"),
        ('a$b$c + `d``e` + "f""g"', '"a$b$c" + `d``e` + "f""g"'),
        ("été + 'é'", "été + 'é'"),
        ("a ->> '$.b'", "a ->> '$.b'"),
        ("1 /* never ends", "1"),
        ("", ""),
    ],
)
def test_an_expression_is_said_again_without_what_others_would_stumble_over(text: str, plain: str) -> None:
    assert said(tokens(text)) == plain


@pytest.mark.parametrize("text", ["'a", '"a', "`a", "[a", "a 'b''"])
def test_a_quotation_without_an_end_is_not_understood(text: str) -> None:
    with pytest.raises(NotUnderstood, match="without an end"):
        tokens(text)


def test_commas_within_brackets_and_texts_do_not_split() -> None:
    assert [said(part) for part in split(tokens("f(a, b), 'c,d', \"e,f\""))] == ["f(a, b)", "'c,d'", '"e,f"']


# ── tables ──────────────────────────────────────────────────────────────────────────────────────────────────
def test_checks_of_columns_and_tables(platform: SqlitePlatform) -> None:
    found = model_of(
        platform,
        """CREATE TABLE t (a INT CHECK (a > 1) CONSTRAINT "odd one" CHECK ((a < 9) /* ) */), -- CHECK (no)
        b TEXT DEFAULT 'CHECK (no)', CHECK (b <> ',' AND a IN (1, 2)) CONSTRAINT two CHECK(length(b) > 0))""",
    )
    assert found.checks == (
        Check(name="", expression="a > 1"),
        Check(name="odd one", expression="a < 9"),
        Check(name="", expression="b <> ',' AND a IN (1, 2)"),
        Check(name="two", expression="length(b) > 0"),
    )


def test_computed_columns(platform: SqlitePlatform) -> None:
    found = model_of(
        platform,
        """CREATE TABLE t (a INT, b INT GENERATED ALWAYS AS (a * 2) STORED NOT NULL, c AS (a || ')'),
        d INT AS (a) VIRTUAL)""",
    )
    assert found.generated == (
        Generated(column="b", expression="a * 2", stored=True),
        Generated(column="c", expression="a || ')'", stored=False),
        Generated(column="d", expression="a", stored=False),
    )


def test_what_no_pragma_tells_of_columns(platform: SqlitePlatform) -> None:
    found = model_of(
        platform,
        """CREATE TABLE t (id INTEGER PRIMARY KEY ON CONFLICT REPLACE AUTOINCREMENT, "a b" TEXT COLLATE NOCASE
        NOT NULL ON CONFLICT IGNORE DEFAULT -  1 UNIQUE ON CONFLICT FAIL, c [odd (type](3) NULL DEFAULT (max(1, 2)))""",
    )
    assert found.identities == (IdentityColumn(column="id"),)
    assert found.collations == {"a b": "NOCASE"}
    assert found.options == {"not null on conflict: a b": "IGNORE"}
    rowid, unique = found.indexes
    assert (rowid.method, rowid.constraint, rowid.options) == ("rowid", "p", {"on conflict": "REPLACE"})
    assert (unique.parts, unique.constraint, unique.options) == (
        (IndexPart(column="a b"),),
        "u",
        {"on conflict": "FAIL"},
    )


@pytest.mark.parametrize(
    ("ending", "options"),
    [
        ("", {}),
        ("WITHOUT ROWID", {"without rowid": "true"}),
        ("STRICT", {"strict": "true"}),
        ("STRICT, WITHOUT /* */ ROWID", {"without rowid": "true", "strict": "true"}),
    ],
)
def test_the_kind_of_a_table(platform: SqlitePlatform, ending: str, options: dict[str, str]) -> None:
    found = model_of(platform, f"CREATE TABLE t (a INT, b TEXT DEFAULT 'STRICT', PRIMARY KEY (a, b)) {ending}")
    assert found.options == options


def test_keys_are_told_with_order_and_collation(platform: SqlitePlatform) -> None:
    found = model_of(
        platform,
        """CREATE TABLE t (a TEXT COLLATE NOCASE, b INT, c INT,
        UNIQUE (c, a COLLATE BINARY DESC), PRIMARY KEY (b DESC, A) ON CONFLICT ROLLBACK)""",
    )
    unique, primary = found.indexes
    assert unique.parts == (IndexPart(column="c"), IndexPart(column="a", descending=True, collation="BINARY"))
    assert primary.parts == (IndexPart(column="b", descending=True), IndexPart(column="a"))
    assert (primary.constraint, primary.options) == ("p", {"on conflict": "ROLLBACK"})


def test_an_integer_key_that_descends_is_no_rowid(platform: SqlitePlatform) -> None:
    (key,) = model_of(platform, "CREATE TABLE t (id INTEGER PRIMARY KEY DESC)").indexes
    assert key.method is None and key.parts[0].descending


def test_when_references_are_looked_at(platform: SqlitePlatform) -> None:
    found = model_of(
        platform,
        """CREATE TABLE p (a INT, b INT, PRIMARY KEY (a, b));
        CREATE TABLE t (x INT REFERENCES p (a) ON DELETE SET NULL ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED,
        y INT REFERENCES p NOT DEFERRABLE INITIALLY DEFERRED NOT NULL, z INT REFERENCES p MATCH FULL,
        FOREIGN KEY (X, Y) REFERENCES p DEFERRABLE INITIALLY DEFERRED FOREIGN KEY (z, y) REFERENCES p (a, b))""",
    )
    assert found.references == (
        ReferenceDetail(name="t.x", initially_deferred=True),
        ReferenceDetail(name="t.z", match="FULL"),
        ReferenceDetail(name="t.x+y", initially_deferred=True),
    )
    assert found.notes == ()


def test_a_column_that_came_later_is_read_too(platform: SqlitePlatform) -> None:
    found = model_of(
        platform,
        """CREATE TABLE t (a INT -- the first
        ); ALTER TABLE t ADD COLUMN b TEXT COLLATE RTRIM CHECK (b <> ''); ALTER TABLE t RENAME COLUMN a TO "a b";""",
    )
    assert found.collations == {"b": "RTRIM"} and found.checks == (Check(name="", expression="b <> ''"),)


def test_a_table_made_of_a_query(platform: SqlitePlatform) -> None:
    assert model_of(platform, "CREATE TABLE t AS SELECT 1 AS a, 'x' AS \"b c\"") == TableModel(table="t")


def test_a_virtual_table_is_its_module_and_arguments(platform: SqlitePlatform) -> None:
    found = model_of(platform, "CREATE VIRTUAL TABLE t USING fts5(a, b UNINDEXED, tokenize = 'porter')")
    assert found.options == {"using": "fts5", "arguments": "a, b UNINDEXED, tokenize = 'porter'"}


def test_what_is_not_understood_is_told_and_its_keys_are_kept(platform: SqlitePlatform) -> None:
    """SQLite takes this word for a type; this reader, for the beginning of an expression."""
    found = model_of(platform, "CREATE TABLE t (id INTEGER PRIMARY KEY, a GENERATED UNIQUE CHECK (a > 1))")
    (note,) = found.notes
    assert "not understood" in note and "GENERATED UNIQUE" in note
    assert found.checks == ()
    assert [(index.constraint, index.method) for index in found.indexes] == [("p", "rowid"), ("u", None)]


# ── indexes, views, the file ────────────────────────────────────────────────────────────────────────────────
def test_indexes_on_columns_expressions_and_some_rows(platform: SqlitePlatform) -> None:
    found = model_of(
        platform,
        """CREATE TABLE t (a TEXT, "b,c" INT, WHERE_ INT);
        CREATE UNIQUE INDEX "odd, one" ON t ("b,c" DESC, a COLLATE NOCASE, lower(a) || ',' COLLATE RTRIM ASC,
        ("b,c" + 1) DESC) WHERE a IS NOT NULL AND "b,c" > (1);
        CREATE INDEX plain ON t (WHERE_);""",
    )
    assert found.indexes == (
        Index(
            name="odd, one",
            parts=(
                IndexPart(column="b,c", descending=True),
                IndexPart(column="a", collation="NOCASE"),
                IndexPart(expression="lower(a) || ','", collation="RTRIM"),
                IndexPart(expression='"b,c" + 1', descending=True),
            ),
            unique=True,
            where='a IS NOT NULL AND "b,c" > (1)',
        ),
        Index(name="plain", parts=(IndexPart(column="WHERE_"),)),
    )


def test_views_and_options_of_the_file(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE t (a); CREATE VIEW v AS SELECT a /* , */ FROM t;"
        "CREATE VIEW named (x) AS SELECT 1 AS y; PRAGMA user_version = 7;"
        "PRAGMA application_id = -5;"
    )
    with platform.source().fence() as reading:
        model = reading.model(["t"])
    assert model.views == (
        View(name="named", definition="CREATE VIEW named (x) AS SELECT 1 AS y"),
        View(name="v", definition="SELECT a FROM t"),
    )
    assert model.options == {"user_version": "7", "application_id": "-5"}


def test_a_description_without_a_key_has_none() -> None:
    assert from_description(Table(name="t", columns=())) == TableModel(table="t")
