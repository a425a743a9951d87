"""A folder on a small disk of its own, where this machine lets us mount one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

_MIB = 256


@dataclass(frozen=True, kw_only=True)
class Disk:
    """`is_own`: it can be filled up without filling up anything else."""

    folder: Path
    is_own: bool

    @classmethod
    def mounted(cls, folder: Path, stack: ExitStack) -> Disk:
        """Make the folder a disk in memory, until the stack closes; else it stays what it is."""
        folder.mkdir(parents=True, exist_ok=True)
        is_own = _run("mount", "-t", "tmpfs", "-o", f"size={_MIB}m", "none", str(folder))
        if is_own:
            stack.callback(_run, "umount", "-l", str(folder))
        return cls(folder=folder, is_own=is_own)

    @contextmanager
    def full(self) -> Iterator[None]:
        """Nothing more fits on it."""
        told = os.statvfs(self.folder)
        used = (told.f_blocks - told.f_bfree) * told.f_frsize
        self._resize(f"{max(used >> 10, 4)}k")
        try:
            yield
        finally:
            self._resize(f"{_MIB}m")

    def _resize(self, size: str) -> None:
        _run("mount", "-o", f"remount,size={size}", str(self.folder))


def _run(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
