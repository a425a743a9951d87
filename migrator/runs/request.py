"""What was asked for: everything needed to perform a run, on any machine and at any time. It never holds a secret.

Plans keep their `${…}` unexpanded: whoever performs the run says what they mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from storage.errors import Misuse


@dataclass(frozen=True, kw_only=True)
class Document:
    """A text as it was read; `file` is how messages name it."""

    text: str = field(repr=False)
    file: str


@dataclass(frozen=True, kw_only=True)
class SnapshotRequest:
    plan: Document
    mask: Document | None = None
    mask_key: str | None = None  # the fingerprint of the key to mask with
    subject: str | None = None
    prove_full: bool = False


@dataclass(frozen=True, kw_only=True)
class LoadRequest:
    """A migration, or a rehearsal of one, of an archive that was chosen."""

    plan: Document
    mapping: Document
    archive: str
    rehearse: bool
    whole: bool = False
    on: str | None = None  # a rehearsal in a copy of the target's tables, there; without its password


@dataclass(frozen=True, kw_only=True)
class VerificationRequest:
    of_run: str
    deep: bool = False


@dataclass(frozen=True, kw_only=True)
class RollbackRequest:
    of_run: str
    whole: bool = False


@dataclass(frozen=True, kw_only=True)
class ClosingRequest:
    of_run: str


@dataclass(frozen=True, kw_only=True)
class RestoreRequest:
    archive: str
    url: str  # without its password; on a server the ${NAME} of a platform
    master: bool = False


Request = SnapshotRequest | LoadRequest | VerificationRequest | RollbackRequest | ClosingRequest | RestoreRequest

_OPERATIONS: dict[str, type[Request]] = {
    "snapshot": SnapshotRequest,
    "load": LoadRequest,
    "verify": VerificationRequest,
    "rollback": RollbackRequest,
    "close": ClosingRequest,
    "restore": RestoreRequest,
}
_DOCUMENTS = ("plan", "mapping", "mask")


def written(request: Request) -> dict[str, Any]:
    """As the catalog keeps it."""
    (operation,) = (name for name, kind in _OPERATIONS.items() if isinstance(request, kind))
    return {"operation": operation, **asdict(request)}


def read_request(told: Mapping[str, Any]) -> Request:
    """What `written` gave. Misuse where another version of this program wrote it, and this one cannot perform it."""
    parts = {name: value for name, value in told.items() if name != "operation"}
    for name in _DOCUMENTS:
        if parts.get(name) is not None:
            parts[name] = Document(**parts[name])
    try:
        return _OPERATIONS[told["operation"]](**parts)
    except (KeyError, TypeError) as error:
        raise Misuse(
            "another version of this program began the run, and this one does not know how to perform it",
            where=f"request: {error}",
            next="use the version that began it, or give the command again",
        ) from error
