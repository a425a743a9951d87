"""A private Ceph RADOS Gateway: a real S3 server in one folder, with its monitor, its disk and its own authority."""

from __future__ import annotations

import itertools
import json
import secrets
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path

from storage.credentials import Credentials
from tests.servers.bucket import Bucket
from tests.servers.certificate import AUTHORITY, KEY, certify
from tests.servers.process import LOOPBACK, Server, free_port, program, run, started
from tests.servers.session import assumed

_SETTINGS = {
    "auth cluster required": "cephx",
    "auth service required": "cephx",
    "auth client required": "cephx",
    "cluster addr": LOOPBACK,
    "public addr": LOOPBACK,
    "ms bind ipv6": "false",
    "mon allow pool size one": "true",
    "mon data avail crit": "1",
    "mon data avail warn": "1",
    "mon max pg per osd": "2000",
    "osd crush chooseleaf type": "0",
    "osd objectstore": "memstore",
    "osd pool default min size": "1",
    "osd pool default pg autoscale mode": "off",
    "osd pool default pg num": "1",
    "osd pool default size": "1",
    "memstore device bytes": str(2 << 30),
    "paxos propose interval": "0.05",  # the cluster of one agrees with itself at once
    "rgw dns name": "localhost",
    "rgw gc obj min wait": "0",
}
_LENDING = {
    "rgw-s3-auth-use-sts": "true",
    "rgw-sts-key": "0123456789abcdef",
    "rgw-sts-min-session-duration": "1",  # a token expires while a test looks on
    "admin-socket": "",
    "pid-file": "",
}
_KEYS = {
    "mon.": {"mon": "allow *"},
    "client.admin": {"mon": "allow *", "osd": "allow *", "mgr": "allow *"},
    "client.rgw.a": {"mon": "allow rw", "osd": "allow rwx"},
}


class Ceph:
    """The server; `kill` is for tests that have it to themselves."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        self._ports = {name: free_port() for name in ("http", "https", "mon v1", "mon v2")}
        self.endpoint = f"http://{LOOPBACK}:{self._ports['http']}"
        self.tls_endpoint = f"https://{LOOPBACK}:{self._ports['https']}"
        self.ca = folder / AUTHORITY
        self._configuration = ["-c", str(folder / "ceph.conf")]
        self._servers: list[Server] = []
        self.owner = self.stranger = Credentials(access_key="", secret_key="")

    def create(self) -> None:
        """Make the cluster, two users, and start the gateway."""
        cluster = str(uuid.uuid4())
        for name in ("mon", "osd", "rgw", "run", "log"):
            run(["mkdir", name], self._folder)
        self._configure(cluster)
        self._start_monitor(cluster)
        self._start_disk()
        self.owner, self.stranger = self._user("owner"), self._user("stranger")
        self._certify()
        self._start_gateway()

    def lent(self, bucket: Bucket, seconds: int) -> Bucket:
        """The bucket as somebody sees it who may do for so long what the owner may, by keys with a session token."""
        keys = assumed(self._lending, self.owner, self._role, seconds)
        return replace(bucket, endpoint=self._lending, credentials=keys)

    @contextmanager
    def owner_suspended(self) -> Iterator[None]:
        """The owner's keys are refused until the context ends."""
        self._run("radosgw-admin", *self._configuration, "user", "suspend", "--uid=owner")
        try:
            yield
        finally:
            self._run("radosgw-admin", *self._configuration, "user", "enable", "--uid=owner")

    def kill(self) -> None:
        """kill -9 of the gateway, in the midst of whatever it does."""
        self._gateway.kill()

    def restart(self) -> None:
        """Start the gateway again on the same ports; what was in its buckets is there."""
        self.kill()
        self._gateway.start()

    def stop(self) -> None:
        for server in reversed(self._servers):
            server.kill()  # nothing of it is kept

    def bucket(self, name: str = "bucket", *, tls: bool = False) -> Bucket:
        """A new, empty bucket of the owner's."""
        endpoint = self.tls_endpoint if tls else self.endpoint
        made = Bucket(name=f"{name}-{next(self._numbers)}", endpoint=endpoint, credentials=self.owner)
        replace(made, endpoint=self.endpoint).client.make_bucket(made.name)
        return made

    # ── making it ───────────────────────────────────────────────────────────────────────────────────────────
    def _configure(self, cluster: str) -> None:
        settings = {
            **_SETTINGS,
            "fsid": cluster,
            "mon host": f"[v2:{LOOPBACK}:{self._ports['mon v2']},v1:{LOOPBACK}:{self._ports['mon v1']}]",
            "keyring": str(self._folder / "keyring"),
            "mon data": str(self._folder / "mon"),
            "osd data": str(self._folder / "osd"),
            "rgw data": str(self._folder / "rgw"),
            "run dir": str(self._folder / "run"),
            "admin socket": str(self._folder / "run" / "$name.asok"),
            "pid file": str(self._folder / "run" / "$name.pid"),
            "log file": str(self._folder / "log" / "$name.log"),
            "mon cluster log file": str(self._folder / "log" / "cluster.log"),
        }
        lines = ["[global]", *(f"{name} = {value}" for name, value in settings.items())]
        lines += ["[osd]", f"keyring = {self._folder / 'osd' / 'keyring'}"]
        (self._folder / "ceph.conf").write_text("\n".join(lines) + "\n")

    def _start_monitor(self, cluster: str) -> None:
        for number, (name, capabilities) in enumerate(_KEYS.items()):
            caps = [word for pair in capabilities.items() for word in ("--cap", *pair)]
            create = ["--create-keyring"] if number == 0 else []
            self._run("ceph-authtool", "keyring", *create, "--gen-key", "-n", name, *caps)
        addresses = f"[v2:{LOOPBACK}:{self._ports['mon v2']},v1:{LOOPBACK}:{self._ports['mon v1']}]"
        self._run("monmaptool", "--create", "--clobber", "--fsid", cluster, "--addv", "a", addresses, "monmap")
        self._run("ceph-mon", *self._configuration, "--mkfs", "-i", "a", "--monmap", "monmap", "--keyring", "keyring")
        self._start("ceph-mon", "-i", "a")

    def _start_disk(self) -> None:
        key = self._run("ceph-authtool", "--gen-print-key").strip()
        identity = str(uuid.uuid4())
        self._run(
            "ceph", *self._configuration, "osd", "new", identity, "-i", "-", text=json.dumps({"cephx_secret": key})
        )
        self._run("ceph-authtool", "--create-keyring", "osd/keyring", "--name", "osd.0", "--add-key", key)
        self._run("ceph-osd", *self._configuration, "-i", "0", "--mkfs", "--osd-uuid", identity)
        self._start("ceph-osd", "-i", "0")

    def _user(self, name: str) -> Credentials:
        made = Credentials(access_key=name.upper(), secret_key=secrets.token_hex(20))
        keys = [f"--access-key={made.access_key}", f"--secret={made.secret_key}"]
        self._run("radosgw-admin", *self._configuration, "user", "create", f"--uid={name}", "--display-name=x", *keys)
        return made

    @cached_property
    def _role(self) -> str:
        """The name of the role that the owner may take on, made when it is first asked for."""
        owner = {"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam:::user/owner"]}, "Action": ["sts:AssumeRole"]}
        every = {"Effect": "Allow", "Action": ["s3:*"], "Resource": "arn:aws:s3:::*"}
        role = [*self._configuration, "--role-name=guest"]
        self._run("radosgw-admin", "role", "create", *role, f"--assume-role-policy-doc={_policy(owner)}")
        self._run("radosgw-admin", "role-policy", "put", *role, "--policy-name=all", f"--policy-doc={_policy(every)}")
        return "arn:aws:iam:::role/guest"

    def _certify(self) -> None:
        certify(self._folder)
        (self._folder / "gateway.pem").write_bytes((self._folder / KEY).read_bytes() + self.ca.read_bytes())

    def _start_gateway(self) -> None:
        http, https = (f"{LOOPBACK}:{self._ports[name]}" for name in ("http", "https"))
        certificate = self._folder / "gateway.pem"
        frontend = f"beast endpoint={http} ssl_endpoint={https} ssl_certificate={certificate} tcp_nodelay=1"
        arguments = ["-n", "client.rgw.a", f"--rgw-frontends={frontend}"]
        self._gateway = self._start("radosgw", *arguments, answers=partial(_answers, self.endpoint))

    @cached_property
    def _lending(self) -> str:
        """A second gateway, started when it is first asked for: one that takes temporary keys no longer says of others
        what is wrong with them."""
        endpoint = f"{LOOPBACK}:{free_port()}"
        options = [f"--{name}={value}" for name, value in _LENDING.items()]
        frontend = f"--rgw-frontends=beast endpoint={endpoint} tcp_nodelay=1"
        url = f"http://{endpoint}"
        self._start("radosgw", "-n", "client.rgw.a", frontend, *options, answers=partial(_answers, url))
        return url

    def _start(self, name: str, *arguments: str, answers: Callable[[], bool] = lambda: True) -> Server:
        command = [program(name), *self._configuration, *arguments, "-f"]
        server = Server(name, command, self._folder, answers=answers)
        self._servers.append(server)
        server.start()
        return server

    def _run(self, name: str, *arguments: str, text: str = "") -> str:
        return run([program(name), *arguments], self._folder, text=text)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - the test's own server
            return True
    except OSError:
        return False


def _policy(statement: dict[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def running() -> AbstractContextManager[Ceph]:
    """A new server, running; gone with its data at the end."""
    return started("ceph", Ceph)
