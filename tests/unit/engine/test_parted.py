"""Partitions that name tenants stay out of archives; all others stay as they are."""

from __future__ import annotations

import pytest

from migrator.engine.parted import parted_by, unparted
from migrator.engine.snapshot import snapshot
from storage.archive import Archive
from storage.memory import MemoryStore
from storage.model import Model, Partition, TableModel
from storage.objects import read_bytes
from tests.conformance.made import Made
from tests.support_archive import signing_keys
from tests.unit.engine.support import plan_of

INNER = Partition(name="ours_2020", schema="old", bound="FOR VALUES FROM (2020) TO (2021)")
OURS = Partition(name="ours", schema=None, bound="FOR VALUES IN (7)", partitioned_by="RANGE (year)", parts=(INNER,))


@pytest.mark.parametrize(
    ("by", "columns", "tells"),
    [
        ("LIST (tenant)", {"tenant"}, True),
        ("RANGE COLUMNS (`Tenant`,`at`)", {"tenant"}, True),
        ('LIST (lower("tenant"))', {"tenant"}, True),
        ("HASH (tenant)", {"tenant"}, False),
        ("LIST (tenant_kind)", {"tenant"}, False),
        ("LIST (kind)", {"year"}, True),
        ("LIST (tenant)", set(), False),
    ],
)
def test_a_table_tells_where_values_of_such_a_column_bound_its_partitions(
    by: str, columns: set[str], tells: bool
) -> None:
    rows = TableModel(table="rows", partitioned_by=by, partitions=(OURS,), options={"x": "y"})
    own = (TableModel(table="ours", notes=("a rule",)), TableModel(table="old.ours_2020", notes=("a rule",)))
    model = Model(platform="postgresql", tables=(rows, *own))
    found = parted_by(model, {"rows": columns})
    assert found == ({"rows"} if tells else set())
    if not tells:
        assert unparted(model, found) == model
        return
    (whole,) = unparted(model, found).tables
    assert (whole.partitioned_by, whole.partitions, whole.options) == (None, (), {"x": "y"})
    assert by in whole.notes[0]


DDL = {
    "postgresql": """
        CREATE TABLE firms (id int PRIMARY KEY);
        CREATE TABLE rows (id int, firm int, year int, PRIMARY KEY (firm, id)) PARTITION BY LIST (firm);
        CREATE TABLE ours PARTITION OF rows FOR VALUES IN (7);
        CREATE TABLE others PARTITION OF rows FOR VALUES IN (739185264);
        CREATE INDEX ON others (year) WHERE firm = 739185264;
        CREATE TABLE years (id int, firm int, PRIMARY KEY (id)) PARTITION BY RANGE (id);
        CREATE TABLE early PARTITION OF years FOR VALUES FROM (0) TO (4000);
        """,
    "mariadb": """
        CREATE TABLE firms (id int PRIMARY KEY);
        CREATE TABLE `rows` (id int, firm int, year int, PRIMARY KEY (firm, id))
            PARTITION BY LIST (firm) (PARTITION ours VALUES IN (7), PARTITION others VALUES IN (739185264));
        CREATE TABLE years (id int, firm int, PRIMARY KEY (id))
            PARTITION BY RANGE (id) (PARTITION early VALUES LESS THAN (4000));
        """,
}
SCOPE = """root: {table: firms, where: {id: 7}}
references: [{table: rows, column: firm, to: firms.id}, {table: years, column: firm, to: firms.id}]"""


@pytest.mark.parametrize("kind", DDL)
def test_an_archive_of_one_tenant_names_no_other_by_partitions(made: Made, kind: str) -> None:
    platform, store = made(kind), MemoryStore()
    platform.run(DDL[kind])
    platform.run("INSERT INTO firms VALUES (7), (739185264)")
    archive = Archive.open(
        store,
        snapshot(platform.source(), plan_of(SCOPE), store, signing_keys(), tool="test").sealed.archive_id,
    )
    assert [one.table for one in archive.model().tables if one.partitions] == ["years"]
    for info in store.list():
        content = read_bytes(store, info.key)
        assert b"739185264" not in content and b"others" not in content, info.key
