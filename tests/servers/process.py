"""What every server of the tests shares: a port, a folder, an account without privileges, a start and an end."""

from __future__ import annotations

import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol, TypeVar

from storage.scratch import scratch

LOOPBACK = "127.0.0.1"
ADMIN = "admin"
PASSWORD = "s3cret/p@ss#w:rd%"  # noqa: S105 - of servers as short-lived as a test; it holds what a URL must escape
_PORTS = range(20_000, 32_768)  # below those the kernel lends to clients: nobody takes one between choice and start
_TAIL = 2_000


class ServerError(Exception):
    """A server that is missing, does not start or does not end; the message holds the end of its log."""


def free_port() -> int:
    """A port on the loopback that nobody listens on."""
    while True:
        port = random.SystemRandom().choice(_PORTS)
        with socket.socket() as candidate, suppress(OSError):
            candidate.bind((LOOPBACK, port))
            return port


def listens(port: int) -> bool:
    """Whether somebody takes connections on that port of the loopback."""
    with suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
        return True
    return False


def program(name: str, *folders: Path) -> str:
    """The path of a program in PATH, else in `folders`; ServerError with the way to install it."""
    found = shutil.which(name) or shutil.which(name, path=os.pathsep.join(map(str, folders)))
    if not found:
        raise ServerError(f"{name} is not installed on this machine. Run .ci/servers, which installs it.")
    return found


@contextmanager
def data_folder(name: str) -> Iterator[Path]:
    """A folder with a short path that the servers' account owns; removed at the end, or after a kill by the next."""
    with scratch(f"test-{name}", _reachable()) as ours:
        folder = ours / "data"
        folder.mkdir()
        if account := _account():
            ours.chmod(0o711)
            os.chown(folder, account.pw_uid, account.pw_gid)
        yield folder


def run(
    command: Sequence[str],
    folder: Path,
    *,
    environment: Mapping[str, str] | None = None,
    text: str = "",
    own_account: bool = False,
) -> str:
    """Run a program to its end in the servers' account, and return what it printed. ServerError if it fails."""
    done = subprocess.run(
        _until_the_tests_end(command) if own_account else _unprivileged(command),
        cwd=folder,
        env={**os.environ, "HOME": str(folder), **(environment or {})},
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    if done.returncode:
        raise ServerError(f"{Path(command[0]).name} ended with {done.returncode}:\n{done.stdout[-_TAIL:]}")
    return done.stdout


class Server:
    """One process in the servers' account, in its folder, with its log beside its data. It ends with the tests.

    `own_account` leaves it in the account of the tests: for a program of their own Python, which no other may read.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        *,
        answers: Callable[[], bool],
        environment: Mapping[str, str] | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        own_account: bool = False,
    ) -> None:
        self.name = name
        self.folder = folder
        self._command = _until_the_tests_end(command) if own_account else _unprivileged(command)
        self._answers = answers
        self._environment = environment or {}
        self._stop_signal = stop_signal
        self._log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process, f"{self.name} is not running"
        return self._process.pid

    def start(self, seconds: float = 60) -> None:
        """Start it and wait until it answers; ServerError with the end of its log if it does not."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self.folder,
                env={**os.environ, "HOME": str(self.folder), **self._environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            self._wait(seconds)
        except BaseException:
            self.kill()
            raise

    def stop(self, seconds: float = 20) -> None:
        """Ask it to end; kill it when it takes too long."""
        if self._process is None:
            return
        self._process.send_signal(self._stop_signal)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        self.kill()

    def kill(self) -> None:
        """kill -9 of the process and of its children, as a power cut would."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGSTOP)  # or it made children while the others are counted
        family = self.family()
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        while any(map(lives, family)):  # a child that is about to end still has the memory they shared
            time.sleep(0.01)
        self._process = None

    def family(self) -> list[int]:
        """The process and its children, as far as they live."""
        if self._process is None or self._process.poll() is not None:
            return []
        return [self._process.pid, *children(self._process.pid)]

    def _wait(self, seconds: float) -> None:
        assert self._process
        deadline = time.monotonic() + seconds
        while not self._answers():
            if self._process.poll() is not None:
                raise ServerError(f"{self.name} ended with {self._process.returncode} at its start:\n{self._tail()}")
            if time.monotonic() > deadline:
                raise ServerError(f"{self.name} did not answer within {seconds:g} s:\n{self._tail()}")
            time.sleep(0.05)

    def _tail(self) -> str:
        return self._log.read_text(errors="replace")[-_TAIL:]


def _account() -> pwd.struct_passwd | None:
    """Database servers refuse to run as root: as root they run as nobody."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _unprivileged(command: Sequence[str]) -> list[str]:
    """The command in the servers' account."""
    account = _account()
    drop = [f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"] if account else []
    return _until_the_tests_end(command, *drop)


def _until_the_tests_end(command: Sequence[str], *options: str) -> list[str]:
    """The command, told to end even when the tests are killed."""
    return [program("setpriv"), "--pdeathsig=TERM", *options, "--", *command]


def children(pid: int) -> list[int]:
    """Its processes; none where it has ended."""
    with suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def lives(pid: int) -> bool:
    """Whether it still does anything; whoever started it may not have heard of its end yet."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False


def _reachable() -> Path:
    """The folder for temporary files, or the machine's where root keeps that one to itself."""
    chosen = Path(tempfile.gettempdir()).resolve()
    if all(folder.stat().st_mode & 0o001 for folder in (chosen, *chosen.parents)) or not _account():
        return chosen
    return Path("/tmp")  # noqa: S108 - a private folder is made in it


class Started(Protocol):
    """A server that makes its data and starts, and ends."""

    def create(self) -> None: ...

    def stop(self) -> None: ...


S = TypeVar("S", bound=Started)


@contextmanager
def started(name: str, make: Callable[[Path], S]) -> Iterator[S]:
    """A new server in a folder of its own, running; gone with its data at the end."""
    with data_folder(name) as folder:
        server = make(folder)
        try:
            server.create()
            yield server
        finally:
            server.stop()


class Restartable:
    """A server that is one process: `_server`, which its class makes."""

    _server: Server

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def kill(self) -> None:
        self._server.kill()

    def run_out_of_disk(self) -> None:
        """Let no file of it grow any more, until it is restarted."""
        for pid in self._server.family():
            try:
                run([program("prlimit"), f"--pid={pid}", "--fsize=1:"], self._server.folder)
            except ServerError:
                if pid in self._server.family():  # a session that ends meanwhile writes nothing more either
                    raise

    def restart(self) -> None:
        """Stop it and start it again on the same port; after `kill` it recovers from its log."""
        self.stop()
        self.start()
