"""A dozen strikes in three worlds: whatever is killed, cut off, full or locked, the end is that of an undisturbed run.

`python -m tests.kills` does hundreds, of every kind, between every pair.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.kills.ending import set_back
from tests.kills.scene import Scene
from tests.kills.sides import CATALOG, SOURCE, STORE, TARGET, grounds
from tests.kills.strike import Strike
from tests.kills.strikes import (
    CREDENTIALS_EXPIRED,
    KILL,
    LOCKED,
    NETWORK_CUT,
    QUOTA,
    RESTLESS,
    SERVER_KILLED,
    STORE_FULL,
    TERM,
)
from tests.kills.trial import tried

FILES = (
    ("staging", KILL),
    ("commit", QUOTA),
    ("snapshot", STORE_FULL),
    ("rollback", TERM),
)
SERVED = (
    ("merge", SERVER_KILLED[TARGET]),
    ("snapshot", NETWORK_CUT[SOURCE]),
    ("snapshot", SERVER_KILLED[STORE]),
    ("verification", SERVER_KILLED[CATALOG]),
)
OTHER_WAY = (
    ("merge", LOCKED[TARGET]),
    ("rollback", NETWORK_CUT[TARGET]),
    ("commit", RESTLESS),
    ("staging", CREDENTIALS_EXPIRED[TARGET]),
)


@pytest.mark.parametrize(
    ("name", "is_served", "strikes"),
    [
        ("sqlite-sqlite", False, FILES),
        ("postgresql-mariadb", True, SERVED),
        ("mariadb-postgresql", False, OTHER_WAY),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_strikes(tmp_path: Path, name: str, is_served: bool, strikes: Sequence[tuple[str, Strike]]) -> None:
    with grounds(tmp_path) as running:
        scene = Scene.of(name, running, is_served=is_served)
        for number, (phase, strike) in enumerate(strikes):
            tried(scene, phase, strike, random.Random(number))  # noqa: S311 - a moment, no secret
        set_back(scene, "at last")
