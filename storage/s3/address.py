"""`s3://bucket/prefix?endpoint=&region=&style=&ca=&account=`: where a store in a bucket is, and how it is reached."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote, urlsplit

from storage.address import redacted
from storage.errors import Misuse
from storage.objects import checked_key

AMAZON = "https://s3.amazonaws.com"
REGION = "us-east-1"
STYLES = ("path", "virtual")
_KEYS = ("endpoint", "region", "style", "ca", "account")
_FORM = "write s3://bucket/prefix?endpoint=https://host:port"


@dataclass(frozen=True, kw_only=True)
class S3Address:
    """A bucket, a prefix in it (may be empty), and its server; no secret ever stands in it.

    `style`: whether the bucket stands in the path or in the host name; without it, as the SDK does at that server.
    `ca`: a PEM file with the authority that signed the server's certificate, where no public one did.
    `account`: the name of whose keys open it, where they are not the ones without a name.
    """

    bucket: str
    prefix: str = ""
    endpoint: str = AMAZON
    region: str = REGION
    style: str | None = None
    ca: str | None = None
    account: str | None = None

    @classmethod
    def parse(cls, url: str) -> S3Address:
        """The address a person wrote. Misuse for an unknown key, for a secret in it, and for anything else."""
        if "@" in url:  # nothing of it is repeated: a key stands there
            raise Misuse(
                "credentials do not belong in an address",
                where="store s3://…",
                next="export AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead",
            )
        parts, url = _parts(url), redacted(url)  # from here on it is shown only
        options = _options(parts.query, url)
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}", parts.netloc) or parts.fragment:
            raise Misuse("this is not the address of a bucket", where=url, next=_FORM)
        prefix = unquote(parts.path).strip("/")
        return cls(
            bucket=parts.netloc,
            prefix=checked_key(prefix) if prefix else "",
            endpoint=_endpoint(options["endpoint"], url) if "endpoint" in options else AMAZON,
            region=_region(options.get("region", REGION), url),
            style=_style(options["style"], url) if "style" in options else None,
            ca=options.get("ca"),
            account=_account(options["account"], url) if "account" in options else None,
        )

    def __str__(self) -> str:
        """The address again, always written the same way: two stores are one if their addresses are equal."""
        path = f"/{quote(self.prefix)}" if self.prefix else ""
        usual = {"endpoint": AMAZON, "region": REGION}
        given = {key: getattr(self, key) for key in _KEYS if getattr(self, key) not in (None, usual.get(key))}
        query = "&".join(f"{key}={quote(value, safe='/:[]')}" for key, value in given.items())
        return f"s3://{self.bucket}{path}{'?' * bool(query)}{query}"


def _parts(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:  # a bracket that opens and does not close, say
        raise Misuse("this is not the address of a bucket", where=redacted(url), next=_FORM) from error


def _options(query: str, url: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for pair in filter(None, query.split("&")):
        key, _, value = pair.partition("=")
        if key not in _KEYS:
            close = difflib.get_close_matches(key.lower(), _KEYS, n=1)
            hint = f'did you mean "{close[0]}"?' if close else f"known: {', '.join(_KEYS)}"
            raise Misuse(f"an S3 address has no {key!r}", where=url, next=hint)
        if key in options or not value:
            raise Misuse(f"{key} stands there twice, or is empty", where=url, next="give it once, with its value")
        options[key] = unquote(value)
    return options


def _endpoint(endpoint: str, url: str) -> str:
    parts = _parts(endpoint)
    if parts.scheme not in ("http", "https") or not _is_server(parts):
        raise Misuse(
            f"{endpoint!r} is not the address of a server",
            where=url,
            next="write endpoint=https://host:port, or http:// where the network is trusted",
        )
    return f"{parts.scheme}://{parts.netloc}"


def _is_server(parts: SplitResult) -> bool:
    try:
        port = parts.port
    except ValueError:
        return False
    return bool(parts.hostname) and port != 0 and parts.path in ("", "/") and not parts.query and not parts.fragment


def _region(region: str, url: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]+", region):
        raise Misuse(f"{region!r} is not a region", where=url, next=f"write region={REGION}, say, or leave it out")
    return region


def _account(account: str, url: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_]+", account):
        raise Misuse(
            f"{account!r} cannot name an account",
            where=url,
            next="write account=partner for the keys in AWS_ACCESS_KEY_ID_PARTNER and AWS_SECRET_ACCESS_KEY_PARTNER",
        )
    return account.lower()


def _style(style: str, url: str) -> str:
    if style not in STYLES:
        raise Misuse(f"{style!r} is not a style", where=url, next="write style=path or style=virtual, or leave it out")
    return style
