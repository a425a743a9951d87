"""Tests of permissions, run by root as by anybody: for a while the process is somebody whom permissions hold."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

NOBODY = 65534


@contextmanager
def without_privileges() -> Iterator[None]:
    """As root: for a while as nobody. As anybody else: as they are."""
    if os.geteuid() != 0:
        yield
        return
    os.setresuid(NOBODY, NOBODY, 0)  # the saved identity stays, to come back
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)
