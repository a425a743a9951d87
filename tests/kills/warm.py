"""A process that has read the whole program in, and becomes a command of it as often as it is asked.

Most of what a short command costs is the start of Python and its imports. A command that is forked is a process as any
other: of its own number, streams, folder and environment; struck by the kernel, and ended as a program ends. What is
not tried with it is the start itself.
"""

from __future__ import annotations

import faulthandler
import importlib
import os
import pkgutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import IO, NoReturn

_PROGRAM, _LATE = ("migrator", "mappings", "storage"), ("pydantic.fields", "pymysql")
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a command is, before it is a process."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: Path


class Forked:
    """A command under way, as `subprocess.Popen` offers one."""

    def __init__(self, line: Connection, stdout: IO[str], stderr: IO[str]) -> None:
        self.stdout, self.stderr, self._line = stdout, stderr, line
        self.pid: int = line.recv()
        self.returncode: int | None = None

    def poll(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not self._line.poll(timeout):
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
            self.returncode = self._line.recv()
            self._line.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Warm:
    """The process, from the side that asks it."""

    def __init__(self, door: socket.socket) -> None:
        self._door = door

    def start(self, wanted: Wanted) -> Forked:
        (line, far), (out, its_out), (err, its_err) = Pipe(), os.pipe(), os.pipe()
        socket.send_fds(self._door, [b"."], [far.fileno(), its_out, its_err])
        far.close()
        os.close(its_out)
        os.close(its_err)
        line.send(wanted)
        return Forked(line, os.fdopen(out, encoding="utf-8"), os.fdopen(err, encoding="utf-8"))


@contextmanager
def warm() -> Iterator[Warm]:
    """It ends with the context; a command that is still under way does not."""
    ours, its = socket.socketpair()
    program = [sys.executable, "-c", f"from {__name__} import main; main()", str(its.fileno())]
    with subprocess.Popen(program, cwd=_ROOT, pass_fds=[its.fileno()]), ours:
        its.close()
        yield Warm(ours)


# ── the process itself ──────────────────────────────────────────────────────────────────────────────────────
def main() -> None:
    """Ask for the next command until nobody is there to ask; this returns in the commands, at their end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is for those who ask
    _read_in()
    _become(*_asked(socket.socket(fileno=int(sys.argv[1]))))
    faulthandler.enable()  # to the command's own stderr: one that hangs is asked where
    from migrator.cli import main as command

    command()


def _read_in() -> None:
    packages = [importlib.import_module(name) for name in _PROGRAM]
    modules = (pkgutil.walk_packages(package.__path__, f"{package.__name__}.") for package in packages)
    for name in [*(found.name for some in modules for found in some), *_LATE]:
        importlib.import_module(name)


def _asked(door: socket.socket) -> tuple[Wanted, list[int]]:
    """Each time somebody asks, in a process that is to be the command."""
    while True:
        _, handles, _, _ = socket.recv_fds(door, 1, 3)
        if not handles:
            sys.exit()
        if not os.fork():
            door.close()
            return _fork_and_wait(Connection(handles[0]), handles[1:])
        for handle in handles:
            os.close(handle)
        _forget_the_ended()


def _fork_and_wait(line: Connection, streams: list[int]) -> tuple[Wanted, list[int]]:
    """The command has a parent of its own, which tells of its number and of what it ended with."""
    wanted: Wanted = line.recv()
    if command := os.fork():
        for stream in streams:
            os.close(stream)
        _tell(line, command)
    line.close()
    return wanted, streams


def _tell(line: Connection, command: int) -> NoReturn:
    with suppress(BrokenPipeError):  # nobody listens any more
        line.send(command)
        line.send(os.waitstatus_to_exitcode(os.waitpid(command, 0)[1]))
    os._exit(0)


def _forget_the_ended() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _become(wanted: Wanted, streams: list[int]) -> None:
    for number, stream in enumerate(streams, start=1):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", buffering=1, closefd=False)
    os.environ.clear()
    os.environ.update(wanted.environment)
    os.chdir(wanted.folder)
    sys.argv = ["migrator", *wanted.arguments]
    signal.signal(signal.SIGINT, signal.default_int_handler)
