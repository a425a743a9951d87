"""How much is tried: little and always the same in a test run, as much as one likes, and anew each time, by hand.

`MIGRATOR_SOAK=50 pytest tests/random` tries fifty times as much. What it finds becomes an `@example`.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

TIMES = int(os.environ.get("MIGRATOR_SOAK", "1"))
_CONSTANT = TIMES == 1
_PHASES = (Phase.explicit, Phase.generate)  # to make what was found smaller would take hours with a server


def tried(examples: int) -> settings:
    """So many examples of something that takes a database: one is made for all of them."""
    return settings(
        max_examples=examples * TIMES,
        derandomize=_CONSTANT,
        database=None,
        deadline=None,
        phases=_PHASES,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
