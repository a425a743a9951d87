"""A hot standby of PostgreSQL as the source: the gentlest way to read, since nobody works on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from migrator.contracts import Whole
from migrator.platforms.postgres.source import PostgresSource
from storage.errors import Fault
from tests.acceptance.office import rewritten
from tests.acceptance.world import World
from tests.conformance.platforms import PostgresPlatform
from tests.servers import postgres
from tests.servers.postgres import Postgres, Standby
from tests.support_transplant import transplant


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A server that people work on, and its standby."""

    primary: Postgres
    standby: Standby

    def database(self, path: Path) -> str:
        """The address, on the primary, of a database like that file, when the standby has it too."""
        url = self.primary.database()
        transplant(path, PostgresPlatform(url))
        self.standby.catch_up()
        return url

    def on_standby(self, url: str) -> str:
        return url.replace(f":{self.primary.port}/", f":{self.standby.port}/")


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with postgres.running() as primary, postgres.standing_by(primary) as standby:
        yield Pair(primary=primary, standby=standby)


@pytest.fixture(scope="module")
def url(pair: Pair, social: World) -> str:
    """The source's address on the primary."""
    return pair.database(social.source)


def test_it_gives_the_same_archive_as_its_primary(pair: Pair, url: str, social: World, tmp_path: Path) -> None:
    world = replace(social.copied(tmp_path), source_url=pair.on_standby(url))
    rewritten(world.plan, "  url: ${SOURCE_URL}\n", "  url: ${SOURCE_URL}\n  max_connections: 3\n")
    assert world.json("doctor", world.plan)["verdict"] == "green"
    taken = world.json("snapshot", world.plan)
    assert taken["fence"]["position"] and taken["fence"]["readers"] == "3"
    straight = replace(world, source_url=url).json("snapshot", world.plan)
    assert (taken["tables"], taken["rows"]) == (straight["tables"], 191)


def test_a_snapshot_that_stands_in_the_way_of_the_primary_is_ended_and_says_so(pair: Pair, url: str) -> None:
    """The primary removes rows that the snapshot still sees, and this standby waits for nobody."""
    for statement in ("ALTER SYSTEM SET max_standby_streaming_delay = 0", "SELECT pg_reload_conf()"):
        PostgresPlatform(pair.standby.admin_url).run(statement)
    with PostgresSource(pair.on_standby(url)).fence() as reading:
        for statement in ("UPDATE posts SET id = id", "VACUUM posts"):
            PostgresPlatform(url).run(statement)
        pair.standby.catch_up()
        with pytest.raises(Fault, match="point in time") as ended:
            reading.count(reading.schema.table("posts"), Whole())
    assert "anew" in ended.value.next


def test_it_takes_no_load(pair: Pair, archived: World, tmp_path: Path) -> None:
    world = replace(archived.copied(tmp_path), target_url=pair.on_standby(pair.database(archived.target)))
    assert world.json("doctor", world.plan, code=3)["verdict"] == "red"
    refused = world.json("migrate", world.plan, code=1)
    assert "primary" in refused["next"], refused
