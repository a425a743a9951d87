"""A network between a command and a server: plain TCP on the loopback that can be cut, stalled, slowed and silenced."""

from __future__ import annotations

import ctypes
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.servers.process import LOOPBACK

_AT_ONCE = 16 << 10
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: a close that says nothing more, as a router that forgets does

_ATTACH_FILTER = 26  # SO_ATTACH_FILTER, which Python does not name
_DROP = struct.pack("HBBI", 0x06, 0, 0, 0)  # a program of one instruction: keep nothing of the packet


class Proxy:
    """Takes connections at `port` and passes them on to `to`, as long as its network holds."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._pairs: set[_Pair] = set()
        self._silent: set[_Pair] = set()
        self._is_cut = False
        self._flows = threading.Event()
        self._flows.set()
        self._bytes_per_second: float | None = None
        threading.Thread(target=self._accept, daemon=True).start()

    @contextmanager
    def cut(self) -> Iterator[None]:
        """Every connection breaks, on both sides, and nobody gets a new one."""
        with self._lock:
            self._is_cut = True
            pairs = set(self._pairs)
        for pair in pairs:
            pair.reset()
        yield
        self._is_cut = False

    @contextmanager
    def stalled(self) -> Iterator[None]:
        """Nothing arrives any more, and nobody is told."""
        self._flows.clear()
        yield
        self._flows.set()

    @contextmanager
    def silenced(self) -> Iterator[None]:
        """What is connected now hears nothing until it is buried, not even that its packets arrived; others get
        through."""
        with self._lock:
            pairs = set(self._pairs)
            self._silent |= pairs
        for pair in pairs:
            pair.silence()
        yield

    def bury(self) -> None:
        """What was silenced ends: its clients are gone, and a new one that is given the port of one would hear nothing
        either."""
        with self._lock:
            silent, self._silent = self._silent, set()
        for pair in silent:
            pair.reset()

    @contextmanager
    def slowed(self, bytes_per_second: float) -> Iterator[None]:
        """Every direction of every connection carries this much."""
        self._bytes_per_second = bytes_per_second
        yield
        self._bytes_per_second = None

    def close(self) -> None:
        self._listener.close()
        for pair in set(self._pairs):
            pair.reset()

    # ── passing on ──────────────────────────────────────────────────────────────────────────────────────────
    def _accept(self) -> None:
        with suppress(OSError):  # closed: the tests are over
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection((LOOPBACK, self._to))
        except OSError:  # nobody listens there just now
            _reset(client)
            return
        pair = _Pair(client, server)
        with self._lock:
            self._pairs.add(pair)
            is_cut = self._is_cut
        if is_cut:
            pair.reset()
        ways = [threading.Thread(target=self._pass_on, args=way, daemon=True) for way in pair.ways]
        for way in ways:
            way.start()
        for way in ways:
            way.join()
        with self._lock:
            self._pairs.discard(pair)
            self._silent.discard(pair)
        pair.close()

    def _pass_on(self, out_of: socket.socket, into: socket.socket) -> None:
        with suppress(OSError):
            while data := out_of.recv(_AT_ONCE):
                self._flows.wait()
                if rate := self._bytes_per_second:
                    time.sleep(len(data) / rate)
                into.sendall(data)
            into.shutdown(socket.SHUT_WR)
            return
        for end in (out_of, into):  # the other direction is to learn of it
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class _Pair:
    """A client's connection and its server's."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.ways = ((client, server), (server, client))

    def silence(self) -> None:
        for end, _ in self.ways:
            with suppress(OSError):
                _drop_every_packet(end)

    def reset(self) -> None:
        for end, _ in self.ways:
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        for end, _ in self.ways:
            end.close()


def _drop_every_packet(end: socket.socket) -> None:
    """By a filter of the kernel's: whoever sends to it gets no acknowledgement, as of a machine without power."""
    drop = ctypes.create_string_buffer(_DROP)
    end.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, struct.pack("HL", 1, ctypes.addressof(drop)))


def _reset(end: socket.socket) -> None:
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    end.close()
