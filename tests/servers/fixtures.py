"""The servers as fixtures: one of each a session, started when the first test asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers import ceph as ceph_server
from tests.servers import mariadb as mariadb_server
from tests.servers import postgres as postgres_server
from tests.servers import swift as swift_server
from tests.servers.bucket import Bucket
from tests.servers.ceph import Ceph
from tests.servers.mariadb import Mariadb
from tests.servers.postgres import Postgres
from tests.servers.swift import Swift


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The session's PostgreSQL. A test that stops it takes `private_postgres`."""
    with postgres_server.running() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """An empty database of the test's own."""
    url = postgres.database()
    yield url
    postgres.drop(url)


@pytest.fixture
def private_postgres() -> Iterator[Postgres]:
    """A server that the test may stop, kill and restart."""
    with postgres_server.running() as server:
        yield server


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Mariadb]:
    """The session's MariaDB. A test that stops it takes `private_mariadb`."""
    with mariadb_server.running() as server:
        yield server


@pytest.fixture
def mariadb_url(mariadb: Mariadb) -> Iterator[str]:
    """An empty database of the test's own."""
    url = mariadb.database()
    yield url
    mariadb.drop(url)


@pytest.fixture
def private_mariadb() -> Iterator[Mariadb]:
    """A server that the test may stop, kill and restart."""
    with mariadb_server.running() as server:
        yield server


@pytest.fixture(scope="session")
def ceph() -> Iterator[Ceph]:
    """The session's S3 server. A test that stops it takes `private_ceph`."""
    with ceph_server.running() as server:
        yield server


@pytest.fixture
def bucket(ceph: Ceph) -> Bucket:
    """An empty bucket of the test's own."""
    return ceph.bucket()


@pytest.fixture
def private_ceph() -> Iterator[Ceph]:
    """A server that the test may kill and restart."""
    with ceph_server.running() as server:
        yield server


@pytest.fixture(scope="session")
def swift() -> Iterator[Swift]:
    """The session's other S3 server, of another make."""
    with swift_server.running() as server:
        yield server
