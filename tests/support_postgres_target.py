"""Loads into a real PostgreSQL as the engine makes them, and taken back: for the tests of that target."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg

from migrator.contracts import Merge, Target, Undone
from tests.conformance.platforms import PostgresPlatform
from tests.conformance.targets import Rows, merged
from tests.servers.postgres import Postgres


def loaded(target: Target, *story: Rows, run: str = "r1", commit: bool = True) -> dict[int, dict[str, int]]:
    """Stage, merge, compare and check: nothing may be found."""

    def inside(merge: Merge) -> None:
        tables = [rows.staged(target) for rows in story]
        assert [note for one in tables for note in merge.compare(one)] == []
        assert merge.check(tables) == ()

    return merged(target, *story, run=run, commit=commit, inside=inside)


def taken_back(target: Target, run: str = "r1") -> Undone:
    """Undo the load whole: nothing may be kept, and the digest is what it was."""
    undone = target.undo(run)
    assert (undone.kept, undone.failed, undone.notes) == (0, 0, ())
    assert undone.digest_after == undone.digest_before_load
    return undone


def there_and_back(platform: PostgresPlatform, *story: Rows) -> None:
    """Rehearse, load and undo; the database is as it was each time."""
    target, before = platform.target(), platform.dump()
    loaded(target, *story, commit=False)
    assert platform.dump() == before
    loaded(target, *story)
    taken_back(target)
    assert platform.dump() == before


def problems(target: Target, *story: Rows) -> list[str]:
    """What the check says inside the transaction, which is then rolled back."""
    found: list[str] = []
    merged(target, *story, commit=False, inside=lambda m: found.extend(m.check([r.staged(target) for r in story])))
    return found


def administered(postgres: Postgres, url: str, script: str) -> None:
    """Run what only an administrator may, in the test's database."""
    address = urlsplit(postgres.admin_url)._replace(path=urlsplit(url).path).geturl()
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(script.encode())


def role_of(url: str) -> str:
    return urlsplit(url).username or ""


@contextmanager
def guest_of(postgres: Postgres, url: str) -> Iterator[str]:
    """The address of a role that may connect to the database, and nothing else yet."""
    database = urlsplit(url).path.removeprefix("/")
    role = f"loader_of_{database}"
    administered(postgres, url, f"CREATE ROLE {role} LOGIN PASSWORD 'load'")
    try:
        yield postgres.url(role, database, "load")
    finally:
        administered(postgres, url, f"DROP OWNED BY {role}; DROP ROLE {role}")


class Thread(threading.Thread):
    """A thread whose outcome is asked for: `outcome()` waits, and raises what it raised."""

    def __init__(self, function: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self._function = function
        self._raised: BaseException | None = None
        self._result: object = None
        self.start()

    def run(self) -> None:
        try:
            self._result = self._function()
        except BaseException as error:  # noqa: BLE001 - raised again in outcome()
            self._raised = error

    def outcome(self) -> object:
        self.join(60)
        assert not self.is_alive(), "it waits for ever"
        if self._raised is not None:
            raise self._raised
        return self._result


def waits_for_a_lock(url: str, waiting: int = 1) -> None:
    """Return when so many sessions of the database wait for a lock."""
    query = b"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    deadline = threading.Event()
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(1_000):
            row = connection.execute(query).fetchone()
            if row and row[0] >= waiting:
                return
            deadline.wait(0.02)
    raise AssertionError("nobody waits for a lock")
