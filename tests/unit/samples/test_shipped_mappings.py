"""Every shipped mapping fits the two schemas it stands between, and every sample's plan reads."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from mappings.check import check_mapping, unmapped
from mappings.load import load_mapping
from migrator.plan import load_plan
from migrator.platforms.sqlite.describe import describe
from storage.schema import Table
from tests.support_shop import DDL as SHOP_DDL

ROOT = Path(__file__).parents[3]
SAMPLES, CATALOG = ROOT / "samples", ROOT / "mappings" / "catalog"
BETWEEN_SERVERS = {"sakila-mariadb-to-postgresql.yaml"}  # moves real data in tests/acceptance/test_real_data_sakila.py
VARIABLES = {"SOURCE_URL": "sqlite:///s", "STORE_URL": "store", "TARGET_URL": "sqlite:///t", "SHOP_STORE_ID": "a"}


def _script(sample: str, name: str) -> str:
    return (SAMPLES / sample / name).read_text(encoding="utf-8")


def _tables(ddl: str, *, without: tuple[str, ...] = ()) -> tuple[Table, ...]:
    connection = sqlite3.connect(":memory:")
    try:
        connection.executescript(ddl)
        return tuple(table for table in describe(connection).tables if table.name not in without)
    finally:
        connection.close()


SCHEMAS = {
    "social": (
        _tables(_script("social", "source.sql"), without=("audit_log",)),
        _tables(_script("social", "target.sql")),
    ),
    "shop": (_tables(SHOP_DDL), _tables(_script("shop", "target.sql"))),
}


@pytest.mark.parametrize("sample", SCHEMAS)
def test_the_sample_s_mapping_fits_both_schemas(sample: str) -> None:
    plan = load_plan(SAMPLES / sample / "plan.yaml", VARIABLES)
    file = CATALOG / plan.needs_mapping()
    mapping = load_mapping(file.read_text(encoding="utf-8"), file=file.name)
    source, target = SCHEMAS[sample]
    assert check_mapping(mapping, source, target) == ()
    assert unmapped(mapping, source) == ()


def test_every_sample_is_checked_here() -> None:
    assert {plan.parent.name for plan in SAMPLES.glob("*/plan.yaml")} == set(SCHEMAS)
    used = {load_plan(SAMPLES / sample / "plan.yaml", VARIABLES).mapping for sample in SCHEMAS}
    assert {file.name for file in CATALOG.glob("*.yaml")} == used | BETWEEN_SERVERS
