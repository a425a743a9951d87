"""The contract of a model. A driver's test file gives `platform`, an empty database, and inherits these tests."""

from __future__ import annotations

from migrator.contracts import Reading, Whole
from storage.model import Model, TableModel, parsed, rendered
from tests.conformance.platforms import Platform

DDL = """
CREATE TABLE teams (id {serial}, name VARCHAR(20) NOT NULL);
CREATE TABLE members (
    id INTEGER PRIMARY KEY,
    team_id INTEGER NOT NULL,
    born INTEGER,
    age INTEGER GENERATED ALWAYS AS (2026 - born) STORED,
    CONSTRAINT sensible CHECK (born > 1900),
    CONSTRAINT its_team FOREIGN KEY (team_id) REFERENCES teams (id)
);
CREATE INDEX by_age ON members (team_id, born);
CREATE UNIQUE INDEX by_name ON teams (name);
CREATE TABLE others (id INTEGER PRIMARY KEY, secret INTEGER CHECK (secret > 7));
"""


def model_of(platform: Platform, *tables: str) -> Model:
    with platform.source().fence() as reading:
        return reading.model(tables or reading.schema.table_names)


def indexes(table: TableModel) -> dict[str, tuple[tuple[str | None, ...], bool]]:
    """The columns and the uniqueness of every index but the primary key's; to some, a unique one is a constraint."""
    made = [index for index in table.indexes if index.constraint != "p"]
    return {index.name.lower(): (tuple(part.column for part in index.parts), index.unique) for index in made}


class ModelContract:
    """What every reading tells."""

    def test_it_is_of_its_platform_and_of_the_tables_asked_for(self, platform: Platform) -> None:
        platform.run(DDL)
        model = model_of(platform, "members", "teams")
        with platform.source().fence() as reading:
            assert model.platform == reading.schema.platform
        assert sorted(table.table for table in model.tables) == ["members", "teams"]
        assert "secret" not in rendered(model).decode()

    def test_it_comes_back_from_an_archive(self, platform: Platform) -> None:
        platform.run(DDL)
        model = model_of(platform)
        assert parsed(rendered(model), where="model.json") == model

    def test_checks_are_told(self, platform: Platform) -> None:
        platform.run(DDL)
        (check,) = model_of(platform).table("members").checks
        assert check.name.lower() == "sensible" and check.valid
        assert "born" in check.expression and "1900" in check.expression

    def test_indexes_are_told(self, platform: Platform) -> None:
        platform.run(DDL)
        model = model_of(platform)
        assert indexes(model.table("members"))["by_age"] == (("team_id", "born"), False)
        assert indexes(model.table("teams"))["by_name"] == (("name",), True)

    def test_names_are_told_as_they_are_written(self, platform: Platform) -> None:
        platform.run(
            'CREATE TABLE "Order" ("Id" INTEGER PRIMARY KEY, "select" INTEGER CHECK ("select" > 0));'
            'CREATE TABLE "small" ("id" INTEGER PRIMARY KEY); CREATE INDEX "By select" ON "Order" ("select");'
        )
        model = model_of(platform, "Order", "small")
        assert sorted(table.table for table in model.tables) == ["Order", "small"]
        assert indexes(model.table("Order")) == {"by select": (("select",), False)}
        assert len(model.table("Order").checks) == 1

    def test_computed_columns_are_told(self, platform: Platform) -> None:
        platform.run(DDL)
        (generated,) = model_of(platform).table("members").generated
        assert generated.column == "age" and "2026" in generated.expression

    def test_it_says_nothing_of_rows(self, platform: Platform) -> None:
        """Where a sequence stands is how many rows others have."""
        platform.run(DDL)
        before = rendered(model_of(platform))
        platform.run("INSERT INTO teams (name) VALUES ('a'); INSERT INTO teams (name) VALUES ('b');")
        platform.run("INSERT INTO members (id, team_id, born) VALUES (77, 1, 1950);")
        assert rendered(model_of(platform)) == before

    def test_it_stands_still_with_the_fence(self, platform: Platform) -> None:
        platform.run(DDL)
        with platform.source().fence() as reading:
            self._look(reading)
            before = reading.model(["members"])
            self._look(reading)
            assert reading.model(["members"]) == before

    def _look(self, reading: Reading) -> None:
        assert reading.count(reading.schema.table("teams"), Whole()) == 0
