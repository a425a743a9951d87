"""The target's server dies with all its processes and comes back: PostgreSQL has emptied what was staged, and the load
goes on all the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from migrator.engine import load as loading
from migrator.platforms.postgres.merge import PostgresMerge
from migrator.platforms.postgres.staging import PREFIX, PostgresStaging
from migrator.platforms.relational.undo import _Undo
from tests.acceptance.world import World
from tests.conformance.platforms import PostgresPlatform
from tests.servers.postgres import Postgres, running
from tests.support_transplant import transplant


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with running(keeps_commits=True) as server:
        yield server


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A world whose target is a server that may die."""

    world: World
    target: PostgresPlatform
    server: Postgres

    def stopped(self, place: Any, name: str, *command: object) -> str:
        """The run of a command whose target's server died as this was called next, and is back."""
        real = getattr(place, name)

        def dying(*given: Any, **named: Any) -> Any:
            patch.undo()
            self.server.kill()
            return real(*given, **named)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(place, name, dying)
            answer = self.world.json(*command, code=1)
        self.server.restart()
        run: str = self.world.runs()[-1]["run_id"]
        assert f"migrator runs resume {run}" in answer["next"]
        return run

    def staged(self) -> list[tuple[str, int]]:
        """The tables that are staged, and how many rows each of them has."""
        query = f"SELECT quote_ident(schemaname), tablename FROM pg_tables WHERE schemaname LIKE '{PREFIX}%' ORDER BY 2"
        tables = self.target.rows(query)
        return [(name, self.target.rows(f"SELECT count(*) FROM {schema}.{name}")[0][0]) for schema, name in tables]


@pytest.fixture
def scene(right_office: World, server: Postgres, tmp_path: Path) -> Scene:
    target = PostgresPlatform(server.database())
    transplant(right_office.target, target)
    world = replace(right_office.copied(tmp_path), target_url=target.url)
    return Scene(world=world, target=target, server=server)


@pytest.mark.parametrize(
    ("place", "name", "staged"),
    [
        (PostgresStaging, "_index", [("persons", 0)]),
        (loading, "merge_rows", [("persons", 0), ("remarks", 0)]),
        (PostgresMerge, "compare", [("persons", 0), ("remarks", 0)]),
    ],
    ids=["staging", "staged", "merging"],
)
def test_a_load_whose_server_crashed_stages_again_and_goes_on(
    scene: Scene, place: Any, name: str, staged: list[tuple[str, int]]
) -> None:
    world, before = scene.world, scene.target.dump()
    run = scene.stopped(place, name, "migrate", world.plan)
    assert scene.staged() == staged
    resumed = world.json("runs", "resume", run)
    assert (resumed["run"], resumed["verdict"], resumed["different"]) == (run, "green", 0)
    assert scene.staged() == []
    assert world.json("verify", run)["different"] == 0
    back = world.json("rollback", run)
    assert (back["kept"], back["failed"], back["digest_after"]) == (0, 0, back["digest_before_load"])
    assert scene.target.dump() == before


def test_a_rollback_whose_server_crashed_is_done_once(scene: Scene) -> None:
    world, before = scene.world, scene.target.dump()
    run = world.json("migrate", world.plan)["run"]
    back = world.json("runs", "resume", scene.stopped(_Undo, "_delete", "rollback", run))
    assert (back["reversed"], back["kept"], back["failed"]) == (4, 0, 0)
    assert scene.target.dump() == before
