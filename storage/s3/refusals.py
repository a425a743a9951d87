"""What a server or the network refuses, in the words of the one tree of errors."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import urllib3.exceptions as http

from storage.errors import AlreadyExists, Fault, MigratorError, Misuse, TransientFault

_TOLERATED = timedelta(minutes=5)  # a clock further off is worth a word with every refused signature
_AGAIN = "try again; if it stays so, ask whoever runs the server"


@dataclass(frozen=True, kw_only=True)
class _Meaning:
    error: type[MigratorError]
    what: str
    next: str


_KEYS = "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, with _NAME at their end where the address has account="
_TOKEN = "get new temporary credentials, and export all three AWS_… variables"  # noqa: S105 - advice, no secret
_WRONG_KEY = _Meaning(error=Misuse, what="the server does not know this access key", next=_KEYS)
_WRONG_TOKEN = _Meaning(error=Misuse, what="the session token is not valid, or has expired", next=_TOKEN)
_DENIED_TOKEN = _Meaning(
    error=Fault,
    what="permission denied, or the session token is not valid any more",
    next="unset AWS_SESSION_TOKEN if the keys are lasting ones; else get new ones, or the rights there",
)
_BUSY = _Meaning(error=TransientFault, what="the server is too busy or has failed", next=_AGAIN)
_MEANINGS: Mapping[str, _Meaning] = {
    "NoSuchBucket": _Meaning(error=Misuse, what="there is no such bucket", next="check its name, or make it first"),
    "NoSuchKey": _Meaning(error=Misuse, what="there is no such object", next="check the store and the archive's name"),
    "InvalidBucketName": _Meaning(error=Misuse, what="this is not a bucket's name", next="check the address"),
    "InvalidAccessKeyId": _WRONG_KEY,
    "SignatureDoesNotMatch": _Meaning(error=Misuse, what="the secret key is wrong", next=_KEYS),
    "ExpiredToken": _WRONG_TOKEN,
    "TokenRefreshRequired": _WRONG_TOKEN,
    "InvalidToken": _WRONG_TOKEN,
    "InvalidClientTokenId": _WRONG_TOKEN,
    "AuthorizationHeaderMalformed": _Meaning(
        error=Misuse, what="the region is wrong", next="add region= to the address"
    ),
    "PermanentRedirect": _Meaning(error=Misuse, what="the bucket is elsewhere", next="check region= and endpoint="),
    "TemporaryRedirect": _Meaning(error=Misuse, what="the bucket is elsewhere", next="check region= and endpoint="),
    "AccessDenied": _Meaning(error=Fault, what="permission denied", next="give this key read and write rights there"),
    "QuotaExceeded": _Meaning(error=Fault, what="the quota is used up", next="free some space, then run it again"),
    "EntityTooLarge": _Meaning(
        error=Fault, what="the server takes no object so large", next="raise the server's limit"
    ),
    "InvalidObjectState": _Meaning(error=Fault, what="the object was moved to a tape", next="restore it there first"),
    "PreconditionFailed": _Meaning(error=AlreadyExists, what="the object exists already", next="read it instead"),
    "NoSuchUpload": _Meaning(
        error=Fault, what="somebody ended the upload meanwhile", next="look at the bucket's lifecycle rules"
    ),
    "NotImplemented": _Meaning(
        error=Fault, what="the server cannot do that", next="see docs/stores.md for what it must be able to do"
    ),
    "ConditionalRequestConflict": _BUSY,
    "OperationAborted": _BUSY,
    "InternalError": _BUSY,
    "RequestTimeout": _BUSY,
    "ServiceUnavailable": _BUSY,
    "SlowDown": _BUSY,
    "TooManyRequests": _BUSY,
    "XAmzContentSHA256Mismatch": _Meaning(error=TransientFault, what="the data was damaged on its way", next=_AGAIN),
}


def refused(status: int, code: str, message: str, *, where: str, skew: timedelta, has_token: bool) -> MigratorError:
    """The error for an answer that is none, by its code and else by its status.

    `skew`: how far this machine's clock is ahead. `has_token`: a session token was sent, which some servers just deny.
    """
    if code == "RequestTimeTooSkewed" or (code in ("AccessDenied", "SignatureDoesNotMatch") and abs(skew) > _TOLERATED):
        return Misuse(
            f"this machine's clock is {_readable(skew)} the server's: it takes no signature of ours",
            where=where,
            next="set the clock of this machine, or of the server",
        )
    meaning = _DENIED_TOKEN if has_token and code == "AccessDenied" else _MEANINGS.get(code)
    if meaning is not None:
        return meaning.error(meaning.what, where=where, next=meaning.next)
    said = " ".join(filter(None, (f"HTTP {status}", code, message)))
    if status >= 500 or status == 429:
        return TransientFault(f"the server has failed: {said}", where=where, next=_AGAIN)
    if not code:
        return Misuse(f"this server does not speak S3: {said}", where=where, next="check endpoint= of the address")
    return Fault(f"the server refused: {said}", where=where, next="see what that means for this server")


def failed(error: http.HTTPError, *, where: str, has_ca: bool) -> MigratorError:
    """The error for a request that got no answer; the library's own text holds addresses, and is not repeated."""
    if isinstance(error, http.SSLError):
        advice = "check that the file named by ca= holds the authority that signed the server's certificate"
        without = "add ca=/path/to/authority.pem to the address, where a private authority signed the certificate"
        reason = getattr(error.args[0], "verify_message", "") if error.args else ""
        what = f"no secure connection: {reason or 'the server does not speak TLS as it should'}"
        return Fault(what, where=where, next=advice if has_ca else without)
    if isinstance(error, http.LocationValueError):
        return Misuse("no server can have this name", where=where, next="check endpoint= of the address")
    if isinstance(error, http.NameResolutionError):
        cause = error.__cause__  # a resolver that is busy now may know the name a moment later
        is_passing = isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_AGAIN
        return (TransientFault if is_passing else Fault)(
            "the server's name is not known", where=where, next="check endpoint= of the address, and the network"
        )
    if isinstance(error, http.NewConnectionError):
        return TransientFault("the server cannot be reached", where=where, next="check endpoint=, and that it runs")
    if isinstance(error, http.TimeoutError):
        return TransientFault("the server does not answer in time", where=where, next=_AGAIN)
    return TransientFault("the connection to the server was lost", where=where, next=_AGAIN)


def _readable(skew: timedelta) -> str:
    minutes = round(abs(skew).total_seconds() / 60)
    hours, rest = divmod(minutes, 60)
    return f"{f'{hours} h ' * bool(hours)}{rest} min {'ahead of' if skew > timedelta(0) else 'behind'}"
