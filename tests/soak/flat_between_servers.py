"""Memory does not follow the rows: every command of a move between servers, as its own process, at two sizes.

    python -m pytest -s tests/soak/flat_between_servers.py

Takes some minutes; what CI holds of it is tests/acceptance/test_documents.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.benchmarks.command import Measured, measure
from tests.conformance.platforms import MysqlPlatform, PostgresPlatform
from tests.servers.mariadb import Mariadb
from tests.servers.postgres import Postgres

READ, LOADED = (50_000, 200_000), (40_000, 120_000)  # rows of a KiB: the small size fills all buffers but a few
MOST_MIB = 500
READ_GROWTH_MIB, LOADED_GROWTH_MIB = 60, 60  # the rows that the large size has more are 150 and 80 MiB

Served = PostgresPlatform | MysqlPlatform
TABLES = """
CREATE TABLE orders (id integer PRIMARY KEY, customer {text} NOT NULL, note {text}, total decimal(10, 2) NOT NULL);
CREATE TABLE order_lines (
    id integer PRIMARY KEY, order_id integer NOT NULL, product {text} NOT NULL, quantity integer NOT NULL,
    FOREIGN KEY (order_id) REFERENCES orders (id));
CREATE TABLE documents (id integer PRIMARY KEY, order_id integer NOT NULL, content {blob} NOT NULL,
    FOREIGN KEY (order_id) REFERENCES orders (id));
CREATE INDEX order_lines_of_order ON order_lines (order_id);
CREATE INDEX documents_of_order ON documents (order_id);
"""
FILL = """
INSERT INTO orders SELECT n, 'customer ' || n, {filler}, n / 100.0 FROM {numbers[orders]};
INSERT INTO order_lines SELECT n, 1 + n % {orders}, 'product ' || n || {filler}, n % 7 FROM {numbers[order_lines]};
INSERT INTO documents SELECT n, n, {content} FROM {numbers[documents]};
"""
PLAN = """\
plan: flat
tenant: everybody
source:
  url: ${SOURCE_URL}
  scope: {root: database}
store: ${STORE_URL}
mapping: mapping.yaml
target: {url: "${TARGET_URL}"}
"""
MAPPING = """\
mapping: flat
version: 1
keys: {orders: {method: keep}, order_lines: {method: keep}, documents: {method: keep}}
tables:
  orders:
    edges:
      - from: orders
        columns: {id: {from: id, steps: [{remap: orders}]}, customer: customer, note: note, total: total}
  order_lines:
    edges:
      - from: order_lines
        columns:
          id: {from: id, steps: [{remap: order_lines}]}
          order_id: {from: order_id, steps: [{remap: orders}]}
          product: product
          quantity: quantity
  documents:
    edges:
      - from: documents
        columns:
          id: {from: id, steps: [{remap: documents}]}
          order_id: {from: order_id, steps: [{remap: orders}]}
          content: content
"""
LOADING = ("snapshot", "rehearse", "migrate", "verify", "rollback")

Sizes = dict[str, Measured]


@pytest.fixture(params=["postgresql", "mariadb"])
def made(request: pytest.FixtureRequest, postgres: Postgres, mariadb: Mariadb) -> Iterator[Callable[[], Served]]:
    """Empty databases of one kind of server."""
    is_postgres = request.param == "postgresql"
    server: Postgres | Mariadb = postgres if is_postgres else mariadb
    urls: list[str] = []

    def make() -> Served:
        urls.append(server.database())
        return PostgresPlatform(urls[-1]) if is_postgres else MysqlPlatform(urls[-1])

    yield make
    for url in urls:
        server.drop(url)


def test_reading(made: Callable[[], Served], tmp_path: Path) -> None:
    small, large = (_moved(made, tmp_path, rows, steps=LOADING[:1]) for rows in READ)
    _require_flat(small, large, within=READ_GROWTH_MIB)


def test_loading_verifying_and_taking_back(made: Callable[[], Served], tmp_path: Path) -> None:
    small, large = (_moved(made, tmp_path, rows) for rows in LOADED)
    for costs in (small, large):
        del costs["snapshot"]
    _require_flat(small, large, within=LOADED_GROWTH_MIB)


def test_many_documents(made: Callable[[], Served], tmp_path: Path) -> None:
    costs = _moved(made, tmp_path, 4_000, documents=160)
    print({step: round(cost.peak) for step, cost in costs.items()})
    assert {step: cost.peak for step, cost in costs.items() if cost.peak > MOST_MIB} == {}


def _require_flat(small: Sizes, large: Sizes, *, within: int) -> None:
    for step in large:
        print(f"{step}: {small[step].peak:.0f} and {large[step].peak:.0f} MiB, {large[step].wall:.1f} s")
    assert {step: cost.peak for step, cost in large.items() if cost.peak > MOST_MIB} == {}
    grown = {step: large[step].peak - small[step].peak for step in large}
    assert {step: mib for step, mib in grown.items() if mib > within} == {}


def _moved(
    made: Callable[[], Served], folder: Path, rows: int, *, documents: int = 4, steps: tuple[str, ...] = LOADING
) -> Sizes:
    """The story, there and back, or as many of its commands as asked for; what each cost."""
    source, target = made(), made()
    here = folder / f"{rows}"
    here.mkdir()
    (here / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
    plan = here / "plan.yaml"
    plan.write_text(PLAN, encoding="utf-8")
    for platform in (source, target):
        platform.run(TABLES)
    _fill(source, rows, documents)
    environment = {
        "MIGRATOR_HOME": str(here / "home"),
        "SOURCE_URL": source.url,
        "TARGET_URL": target.url,
        "STORE_URL": (here / "store").as_uri(),
    }
    costs: Sizes = {}
    for step in steps:
        subject = costs["migrate"].answer["run"] if step in ("verify", "rollback") else plan
        costs[step] = measure(step, subject, environment=environment)
    assert costs["snapshot"].rows == rows + documents
    return costs


def _fill(source: Served, rows: int, documents: int) -> None:
    """By the server itself."""
    filler, content = f"repeat({_HASH}, 32)", f"repeat({_HASH}, 48000)"  # 1 KiB, and 1.5 MB
    series = "(SELECT seq AS n FROM seq_1_to_{}) s"
    if isinstance(source, PostgresPlatform):
        series, content = "generate_series(1, {}) n", f"convert_to({content}, 'UTF8')"
    counts = {"orders": rows // 10, "order_lines": rows - rows // 10, "documents": documents}
    numbers = {table: series.format(count) for table, count in counts.items()}
    source.run(FILL.format(filler=filler, content=content, orders=counts["orders"], numbers=numbers))


_HASH = "md5(CAST(n AS char(9)))"
