"""Every strike there is, in one list."""

from tests.kills.strike import Strike
from tests.kills.strikes.credentials import CREDENTIALS_EXPIRED
from tests.kills.strikes.disks import QUOTA, SCRATCH_FULL, STORE_FULL, TARGET_FULL, TARGET_SERVER_FULL
from tests.kills.strikes.locks import LOCKED, LOCKED_TOO_LONG, RESTLESS
from tests.kills.strikes.networks import NETWORK_CUT, NETWORK_SLOWED, NETWORK_STALLED
from tests.kills.strikes.processes import INT, KILL, TERM
from tests.kills.strikes.servers import SERVER_KILLED

__all__ = [
    "CREDENTIALS_EXPIRED",
    "INT",
    "KILL",
    "LOCKED",
    "LOCKED_TOO_LONG",
    "NETWORK_CUT",
    "NETWORK_SLOWED",
    "NETWORK_STALLED",
    "QUOTA",
    "RESTLESS",
    "SCRATCH_FULL",
    "SERVER_KILLED",
    "STORE_FULL",
    "STRIKES",
    "TARGET_FULL",
    "TARGET_SERVER_FULL",
    "TERM",
]

STRIKES: tuple[Strike, ...] = (
    KILL,
    TERM,
    INT,
    *SERVER_KILLED.values(),
    *NETWORK_CUT.values(),
    *NETWORK_STALLED.values(),
    *NETWORK_SLOWED.values(),
    *CREDENTIALS_EXPIRED.values(),
    QUOTA,
    SCRATCH_FULL,
    STORE_FULL,
    TARGET_FULL,
    TARGET_SERVER_FULL,
    *LOCKED.values(),
    RESTLESS,
    LOCKED_TOO_LONG,
)
