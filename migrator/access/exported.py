"""The audit as one text that needs no program of ours to be believed: every entry with its hash, the last one signed.

What was cut off at the end of a chain leaves no trace in the chain: whoever keeps an export, or only its signed line,
has the proof of what there was.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from importlib import resources

from migrator.access.audit import GENESIS, Audit
from migrator.access.clock import now
from storage.seal import ED25519_KEY, ED25519_SIGNATURE, P256_KEY, P256_SIGNATURE, SigningKeys

HEAD = "migrator-audit"
"""How the signed line begins: it says how many entries there are, the last one's hash, and when it was signed."""

_NAMES = {ED25519_SIGNATURE: "ed25519", ED25519_KEY: "ed25519-key", P256_SIGNATURE: "p256", P256_KEY: "p256-key"}


def exported(audit: Audit, keys: SigningKeys) -> Iterator[str]:
    """Line by line. Red at an entry that was changed: then nothing is signed."""
    number, last = 0, GENESIS
    for line, last in audit.lines():
        number += 1
        yield f"{last} {line}\n"
    head = f"{HEAD} {number} {last} {now()}\n"
    yield head
    signed = keys.sign(head.encode())
    for file, name in _NAMES.items():
        yield f"{name} {base64.b64encode(signed[file]).decode()}\n"


def check_script() -> str:
    """What checks it, with a shell, coreutils and openssl."""
    return resources.files(__package__).joinpath("check-audit.sh").read_text(encoding="utf-8")
