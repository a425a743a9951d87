"""What a command meets: platforms, a store and a catalog, each on a server of its own behind a network of its own.

The server of the source is never that of the target, so that one of them can be killed alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from tests.benchmarks.servers import MARIADB, SQLITE, AnyPlatform
from tests.conformance.platforms import MysqlPlatform, PostgresPlatform, SqlitePlatform
from tests.kills.disk import Disk
from tests.kills.proxy import Proxy
from tests.kills.warm import Warm, warm
from tests.servers import ceph, mariadb, postgres
from tests.servers.bucket import Bucket
from tests.servers.ceph import Ceph
from tests.servers.mariadb import Mariadb
from tests.servers.postgres import Postgres
from tests.servers.process import LOOPBACK

SOURCE, TARGET, STORE, CATALOG = SIDES = ("source", "target", "store", "catalog")
Running = Postgres | Mariadb | Ceph
S = TypeVar("S", Postgres, Mariadb, Ceph)


@dataclass(frozen=True, kw_only=True)
class Side:
    """`url` is how the commands reach it, through `network`; a file and a folder have neither server nor network."""

    url: str
    server: Running | None = None
    network: Proxy | None = None


@dataclass(frozen=True, kw_only=True)
class PlatformSide(Side):
    """A database; `platform` reaches it whatever happens to the network."""

    platform: AnyPlatform


@dataclass(frozen=True, kw_only=True)
class BucketSide(Side):
    """A bucket on an S3 server; `direct` reaches it whatever happens to the network."""

    bucket: Bucket
    direct: str

    @property
    def environment(self) -> dict[str, str]:
        return self.bucket.environment


class Grounds:
    """The servers, each started when the first side that needs it is asked for, and who forks the commands."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self._stack = stack
        self._servers: dict[str, tuple[Running, Proxy]] = {}

    def platform(self, kind: str, role: str, name: str) -> PlatformSide:
        """A new, empty database of this kind, on the server of this role."""
        if kind == SQLITE:
            path = self.folder / name / role / f"{role}.db"
            path.parent.mkdir(parents=True, exist_ok=True)
            made = SqlitePlatform(path)
            return PlatformSide(url=made.url, platform=made)
        if kind == MARIADB:
            other, network = self._running(kind, role, lambda: mariadb.running(keeps_commits=True))
            url = other.database()
            return PlatformSide(url=_through(network, url), platform=MysqlPlatform(url), server=other, network=network)
        server, network = self._running(kind, role, lambda: postgres.running(keeps_commits=True))
        url = server.database()
        return PlatformSide(url=_through(network, url), platform=PostgresPlatform(url), server=server, network=network)

    @cached_property
    def warm(self) -> Warm:
        return self._stack.enter_context(warm())

    def disk(self, name: str, role: str) -> Disk:
        """A folder of the scene on a small disk of its own, where there can be one."""
        return Disk.mounted(self.folder / name / role, self._stack)

    def bucket(self) -> BucketSide:
        server, network = self._running("s3", STORE, ceph.running)
        bucket = server.bucket()
        reached = replace(bucket, endpoint=_through(network, bucket.endpoint))
        url, direct = reached.url("archives"), bucket.url("archives")
        return BucketSide(url=url, direct=direct, bucket=reached, server=server, network=network)

    def _running(self, kind: str, role: str, make: Callable[[], AbstractContextManager[S]]) -> tuple[S, Proxy]:
        key = f"{kind} of the {role}"
        if key not in self._servers:
            server = self._stack.enter_context(make())
            network = Proxy(_port(server))
            self._stack.callback(network.close)
            self._servers[key] = (server, network)
        found, network = self._servers[key]
        return found, network  # type: ignore[return-value]  # of the kind that the key says


@contextmanager
def grounds(folder: Path) -> Iterator[Grounds]:
    """Servers that end with the context; files lie in `folder`."""
    with ExitStack() as stack:
        yield Grounds(folder, stack)


def _port(server: Running) -> int:
    if isinstance(server, Ceph):
        return urlsplit(server.endpoint).port or 0
    return server.port


def _through(network: Proxy, url: str) -> str:
    parts = urlsplit(url)
    login = parts.netloc.rpartition("@")[0]
    return parts._replace(netloc=f"{login}{'@' * bool(login)}{LOOPBACK}:{network.port}").geturl()
