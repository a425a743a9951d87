"""A private OpenStack Swift with its S3 interface: an S3 server that shares no code with the others."""

from __future__ import annotations

import os
import pwd
import secrets
import sys
import urllib.request
from contextlib import AbstractContextManager
from pathlib import Path

from storage.credentials import Credentials
from tests.servers.bucket import Bucket
from tests.servers.process import LOOPBACK, Server, free_port, listens, program, run, started

_RINGS = ("account", "container", "object")
_PIPELINE = "catch_errors gatekeeper healthcheck cache listing_formats bulk s3api tempauth copy slo dlo proxy-server"
_FILTERS = {
    "catch_errors": {},
    "gatekeeper": {},
    "healthcheck": {},
    "listing_formats": {},
    "bulk": {},
    "s3api": {"location": "us-east-1", "s3_acl": "true", "check_bucket_owner": "false", "auth_pipeline_check": "true"},
    "copy": {},
    "slo": {},
    "dlo": {},
}
_HASHES = "[swift-hash]\nswift_hash_path_prefix = tests\nswift_hash_path_suffix = tests\n"
_POLICY = "[storage-policy:0]\nname = default\ndefault = yes\n"


class Swift:
    """The server: a proxy that speaks S3, and what it keeps accounts, containers and objects in.

    It runs as whoever runs the tests: it comes with their packages, which others may not be allowed to read.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._etc = folder / "etc"
        self._ports = {name: free_port() for name in (*_RINGS, "proxy", "cache")}
        self.endpoint = f"http://{LOOPBACK}:{self._ports['proxy']}"
        self.owner = Credentials(access_key="tests:owner", secret_key=secrets.token_hex(20))
        self._servers: list[Server] = []

    def create(self) -> None:
        """Write its configuration, deal out its one disk, and start it."""
        run(["mkdir", "-p", "etc", "disks/one"], self._folder)
        (self._etc / "swift.conf").write_text(_HASHES + _POLICY)
        for name in _RINGS:
            self._configure_part(name)
            self._deal(name)
        self._configure_proxy()
        for name in _RINGS:
            self._start(name)
        self._start("proxy")

    def stop(self) -> None:
        for server in reversed(self._servers):
            server.kill()  # nothing of it is kept

    def bucket(self, name: str = "bucket") -> Bucket:
        """A new, empty bucket."""
        made = Bucket(name=name, endpoint=self.endpoint, credentials=self.owner)
        made.client.make_bucket(name)
        return made

    # ── making it ───────────────────────────────────────────────────────────────────────────────────────────
    def _configure_part(self, name: str) -> None:
        server = f"{name}-server"
        sections = {"pipeline:main": {"pipeline": server}, f"app:{server}": _egg(name), f"{name}-replicator": {}}
        self._write(name, {"DEFAULT": self._common(name), **sections})

    def _configure_proxy(self) -> None:
        sections = {
            "DEFAULT": self._common("proxy"),
            "pipeline:main": {"pipeline": _PIPELINE},
            "app:proxy-server": {**_egg("proxy"), "account_autocreate": "true", "allow_account_management": "true"},
            "filter:cache": {**_egg("memcache"), "memcache_servers": f"{LOOPBACK}:{self._ports['cache']}"},
            "filter:tempauth": {
                **_egg("tempauth"),
                f"user_{self.owner.access_key.replace(':', '_')}": f"{self.owner.secret_key} .admin",
            },
            **{f"filter:{name}": {**_egg(name), **settings} for name, settings in _FILTERS.items()},
        }
        self._write("proxy", sections)

    def _common(self, name: str) -> dict[str, str]:
        return {
            "bind_ip": LOOPBACK,
            "bind_port": str(self._ports[name]),
            "swift_dir": str(self._etc),
            "devices": str(self._folder / "disks"),
            "mount_check": "false",
            "disable_fallocate": "true",
            "workers": "0",
            "user": pwd.getpwuid(os.geteuid()).pw_name,
            "log_address": str(self._folder / "no-syslog"),
        }

    def _write(self, name: str, sections: dict[str, dict[str, str]]) -> None:
        lines = []
        for section, settings in sections.items():
            lines += [f"[{section}]", *(f"{key} = {value}" for key, value in settings.items())]
        (self._etc / f"{name}-server.conf").write_text("\n".join(lines) + "\n")

    def _deal(self, name: str) -> None:
        builder = f"etc/{name}.builder"
        device = f"r1z1-{LOOPBACK}:{self._ports[name]}/one"
        for command in (["create", "4", "1", "1"], ["add", device, "1"], ["rebalance"]):
            run([_program("swift-ring-builder"), builder, *command], self._folder, own_account=True)

    def _start(self, name: str) -> None:
        command = [_program(f"swift-{name}-server"), str(self._etc / f"{name}-server.conf"), "-v"]
        answers = self._answers if name == "proxy" else lambda: listens(self._ports[name])
        self._servers.append(Server(f"swift-{name}", command, self._folder, answers=answers, own_account=True))
        self._servers[-1].start()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.endpoint}/healthcheck", timeout=2):  # noqa: S310 - the test's own server
                return True
        except OSError:
            return False


def _egg(name: str) -> dict[str, str]:
    return {"use": f"egg:swift#{name}"}


def _program(name: str) -> str:
    return program(name, Path(sys.executable).parent)


def running() -> AbstractContextManager[Swift]:
    """A new server, running; gone with its data at the end."""
    return started("swift", Swift)
