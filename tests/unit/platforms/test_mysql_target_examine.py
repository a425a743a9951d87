"""MariaDB as a target looked at before a load: what is red there would fail later, and what is granted is enough."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from migrator.contracts import Finding
from migrator.platforms.mysql.address import address_of
from storage.errors import Fault
from tests.conformance.platforms.mysql import MysqlPlatform
from tests.conformance.targets import DDL, STORY, merged
from tests.servers.mariadb import Mariadb

SECRET = "geh/eim#1"  # noqa: S105 - of a server that lives as long as the test


@pytest.fixture
def platform(mariadb_url: str) -> MysqlPlatform:
    platform = MysqlPlatform(mariadb_url)
    platform.run(DDL)
    return platform


@pytest.fixture(params=["escaped", "sloppy"])
def loader(request: pytest.FixtureRequest, mariadb: Mariadb, platform: MysqlPlatform) -> Iterator[MysqlPlatform]:
    """The same database as a user who may only read it, by a pattern as old tools write them or by a sloppy one."""
    database = address_of(platform.url).database
    pattern = database.replace("_", "\\_") if request.param == "escaped" else database
    mariadb.admin(
        f"CREATE USER loader@'127.0.0.1' IDENTIFIED BY '{SECRET}'",
        f"GRANT SELECT ON `{pattern}`.* TO loader@'127.0.0.1'",
        f"GRANT INSERT ON `{database[0]}%`.* TO loader@'127.0.0.1'",  # never counts: the other one is more exact
    )
    yield MysqlPlatform(mariadb.url("loader", database, SECRET))
    mariadb.admin("DROP USER loader@'127.0.0.1'")


def findings(platform: MysqlPlatform, *tables: str) -> dict[str, Finding]:
    return {finding.what: finding for finding in platform.target().examine(tables).findings}


def test_a_sound_target(platform: MysqlPlatform) -> None:
    seen = platform.target().examine(["teams", "members"])
    assert {finding.verdict for finding in seen.findings} == {"ok"}
    assert "MariaDB" in seen.version and seen.user.startswith(address_of(platform.url).user)
    assert seen.clock and seen.clock.endswith("Z")
    assert {size.table for size in seen.sizes} == {*platform.target().describe().table_names}
    assert "alerts, pins, words" in findings(platform, "teams", "members")["foreign keys"].found


def test_what_is_granted_is_enough_and_less_is_red(
    mariadb: Mariadb, platform: MysqlPlatform, loader: MysqlPlatform
) -> None:
    seen = loader.target().examine(["teams"])
    (grants,) = (finding for finding in seen.findings if finding.what == "grants")
    assert grants.verdict == "red" and "INSERT" in grants.found and "SELECT" not in grants.found
    assert SECRET not in repr(seen)
    mariadb.admin(seen.grants.rstrip(";"))
    assert findings(loader, "teams")["grants"].verdict == "ok"
    before = platform.dump()
    merged(loader.target(), *STORY)
    assert loader.target().undo("r1").reversed == 12
    assert platform.dump() == before


def test_privileges_that_come_with_a_role_count(mariadb: Mariadb, loader: MysqlPlatform) -> None:
    database = address_of(loader.url).database
    mariadb.admin(
        "CREATE ROLE loading",
        f"GRANT ALL PRIVILEGES ON `{database}`.* TO loading",
        "GRANT loading TO loader@'127.0.0.1'",
        "SET DEFAULT ROLE loading FOR loader@'127.0.0.1'",
    )
    try:
        assert findings(loader)["grants"].verdict == "ok"
    finally:
        mariadb.admin("DROP ROLE loading")


def test_who_cannot_see_triggers_loads_nothing(
    mariadb: Mariadb, platform: MysqlPlatform, loader: MysqlPlatform
) -> None:
    """The server hides triggers from him: one of them would fire, and write what nobody takes back."""
    script = loader.target().examine([]).grants
    mariadb.admin(script.replace(", TRIGGER", "").rstrip(";"))
    before = platform.dump()
    with pytest.raises(Fault, match="without TRIGGER") as fault:
        merged(loader.target(), *STORY)
    assert fault.value.next.startswith("GRANT TRIGGER ON")
    assert platform.dump() == before


@pytest.mark.parametrize(
    ("setting", "before", "what", "verdict"),
    [
        ("read_only = 1", "read_only = 0", "writable", "red"),
        ("binlog_format = 'STATEMENT'", "binlog_format = 'ROW'", "binary log", "red"),
        ("local_infile = 0", "local_infile = 1", "bulk load", "warning"),
    ],
)
def test_how_the_server_is_set(
    mariadb: Mariadb, platform: MysqlPlatform, setting: str, before: str, what: str, verdict: str
) -> None:
    mariadb.admin(f"SET GLOBAL {setting}")
    try:
        found = findings(platform)[what]
        assert found.verdict == verdict and found.next
        if verdict == "red":
            with pytest.raises(Fault):
                merged(platform.target(), *STORY)
        else:
            merged(platform.target(), *STORY, commit=False)
    finally:
        mariadb.admin(f"SET GLOBAL {before}")


def test_the_engines_of_the_tables_to_fill(platform: MysqlPlatform) -> None:
    platform.run("CREATE TABLE quick (id INT) ENGINE = MyISAM; CREATE TABLE safe (id INT) ENGINE = Aria;")
    assert "engine" not in findings(platform, "teams")
    found = findings(platform, "teams", "quick")["engine"]
    assert (found.verdict, found.where) == ("red", "quick") and "InnoDB" in found.next
