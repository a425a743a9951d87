"""A database of many tenants, made by the server itself: eight tables, a thousand rows of each tenant.

A root, children, children of children, a many-to-many, a table without a key, and one that all tenants share. One of
the tenants may be as large as many others together.
"""

from __future__ import annotations

from pathlib import Path

from tests.conformance.platforms import MysqlPlatform, PostgresPlatform

TENANT = 42
ROWS_OF_A_TENANT = {
    "companies": 1,
    "members": 15,
    "projects": 10,
    "tasks": 200,
    "comments": 600,
    "assignments": 100,
    "readings": 69,
}
PLAN = f"""\
plan: one-of-many
tenant: company-{TENANT}
source:
  url: ${{SOURCE_URL}}
  scope:
    root: {{table: companies, where: {{id: {TENANT}}}}}
    shared: [countries]
store: ${{STORE_URL}}
"""


def fill(platform: PostgresPlatform | MysqlPlatform, rows: int, rows_of_it: int = 1_000) -> None:
    """Make the tables with about so many rows in whole tenants, and so many of them TENANT's."""
    tenants = max(rows // 1_000, TENANT)
    swallowed = rows_of_it // 1_000 if rows_of_it > 1_000 else 0
    counts = {table: count * tenants for table, count in ROWS_OF_A_TENANT.items()}
    dialect = "postgresql" if isinstance(platform, PostgresPlatform) else "mariadb"
    script = Path(__file__).with_name(f"many_tenants_{dialect}.sql").read_text(encoding="utf-8")
    for name, count in {**counts, "tenants": tenants, "swallowed": swallowed}.items():
        script = script.replace(f"{{{name}}}", str(count))
    platform.run(script)
