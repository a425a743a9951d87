"""Row-level security of PostgreSQL: what does not hide anything from the reader, and what does."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.leaks.leaks import Leak, owned
from tests.leaks.world import SAID, World


def clean(random: Random, world: World) -> World | None:
    """Policies that the owner of the tables, who reads them, does not obey."""
    table = random.choice(owned(world)).name
    script = f"CREATE POLICY hides ON {table} USING (false); ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
    return replace(world, scripts=(*world.scripts, ("postgresql", script)))


def hiding(random: Random, world: World) -> Leak | None:
    """The reader sees a part of our rows, or of the shared ones that they point at."""
    tables = [table for table in (*owned(world), world.table("lands")) if world.rows_of(table.name)]
    table = random.choice(tables)
    hidden = random.choice(world.rows_of(table.name))
    script = (
        f"CREATE POLICY parts ON {table.name} USING ({SAID} <> '{hidden.said}');"
        f"ALTER TABLE {table.name} ENABLE ROW LEVEL SECURITY; ALTER TABLE {table.name} FORCE ROW LEVEL SECURITY"
    )
    changed = replace(world, scripts=(*world.scripts, ("postgresql", script)))
    return Leak(kind="row-level security that hides", table=table.name, world=changed, is_question=True)
