"""Every strike there is, in one list."""

from tests.kills.strike import Strike
from tests.kills.strikes.cancelling import CANCELLED
from tests.kills.strikes.credentials import CREDENTIALS_EXPIRED
from tests.kills.strikes.disks import QUOTA, SCRATCH_FULL, SERVER_FULL, STORE_FULL, TARGET_FULL
from tests.kills.strikes.keepers import BOTH_KILLED, KEEPER_KILLED
from tests.kills.strikes.locks import LOCKED, LOCKED_TOO_LONG, RESTLESS, SERIALIZABLE
from tests.kills.strikes.networks import NETWORK_CUT, NETWORK_GONE, NETWORK_SILENT, NETWORK_SLOWED, NETWORK_STALLED
from tests.kills.strikes.processes import INT, KILL, TERM
from tests.kills.strikes.servers import SERVER_AWAY, SERVER_KILLED
from tests.kills.strikes.workers import PERFORMER_KILLED, WORKER_HANGS, WORKER_KILLED

__all__ = [
    "BOTH_KILLED",
    "CANCELLED",
    "CREDENTIALS_EXPIRED",
    "INT",
    "KEEPER_KILLED",
    "KILL",
    "LOCKED",
    "LOCKED_TOO_LONG",
    "NETWORK_CUT",
    "NETWORK_GONE",
    "NETWORK_SILENT",
    "NETWORK_SLOWED",
    "NETWORK_STALLED",
    "PERFORMER_KILLED",
    "QUOTA",
    "RESTLESS",
    "SCRATCH_FULL",
    "SERIALIZABLE",
    "SERVER_AWAY",
    "SERVER_FULL",
    "SERVER_KILLED",
    "STORE_FULL",
    "STRIKES",
    "TARGET_FULL",
    "TERM",
    "WORKER_HANGS",
    "WORKER_KILLED",
]

STRIKES: tuple[Strike, ...] = (
    KILL,
    TERM,
    INT,
    CANCELLED,
    KEEPER_KILLED,
    BOTH_KILLED,
    WORKER_KILLED,
    PERFORMER_KILLED,
    WORKER_HANGS,
    *SERVER_KILLED.values(),
    *SERVER_AWAY.values(),
    *NETWORK_CUT.values(),
    *NETWORK_STALLED.values(),
    *NETWORK_SLOWED.values(),
    *NETWORK_SILENT.values(),
    *NETWORK_GONE.values(),
    *CREDENTIALS_EXPIRED.values(),
    QUOTA,
    SCRATCH_FULL,
    STORE_FULL,
    TARGET_FULL,
    *SERVER_FULL.values(),
    *LOCKED.values(),
    RESTLESS,
    SERIALIZABLE,
    LOCKED_TOO_LONG,
)
