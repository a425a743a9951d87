"""Signed requests to one bucket: addressed and signed by the SDK, sent once, or again where only the line was noisy."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import cast
from urllib.parse import SplitResult, urlunsplit
from xml.etree import ElementTree

import certifi
import urllib3
import urllib3.exceptions as http
from minio.credentials.credentials import Credentials as Signing
from minio.helpers import BaseURL, DictType
from minio.signer import sign_v4_s3

from storage.credentials import Credentials
from storage.errors import Misuse
from storage.s3.address import S3Address
from storage.s3.patience import Patience
from storage.s3.refusals import failed, refused

_TIMEOUT = urllib3.Timeout(connect=10, read=60)  # seconds without a byte, not of a whole transfer
_OF_HEAD = {403: "AccessDenied", 404: "NoSuchKey", 412: "PreconditionFailed"}  # such an answer has no text to say why


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the server said; `code` is its word for what went wrong, and empty where nothing did."""

    code: str
    headers: Mapping[str, str]
    data: bytes
    where: str

    def document(self, name: str) -> ElementTree.Element:
        """The XML the answer consists of. Misuse where it is another: any web server has a page for every request."""
        with suppress(ElementTree.ParseError):
            found = _xml(self.data)
            if found.tag.rpartition("}")[2] == name:
                return found
        raise Misuse(
            f"this server does not speak S3: its answer is no {name}",
            where=self.where,
            next="check endpoint= of the address",
        )


class Wire:
    """One bucket at one server. Nothing is sent before the first request; safe for threads."""

    def __init__(self, address: S3Address, credentials: Credentials, retries: Patience) -> None:
        if address.ca is not None and not Path(address.ca).is_file():
            raise Misuse("there is no such file of an authority", where=address.ca, next="check ca= of the address")
        self.retries = retries
        self._address = address
        self._base = _base(address)
        self._signing = Signing(credentials.access_key, credentials.secret_key, credentials.session_token)
        self._pool = urllib3.PoolManager(
            maxsize=10, timeout=_TIMEOUT, cert_reqs="CERT_REQUIRED", ca_certs=address.ca or certifi.where()
        )

    def request(
        self,
        method: str,
        key: str = "",
        *,
        query: Mapping[str, str] | None = None,
        body: bytes = b"",
        accept: Container[str] = (),
    ) -> Answer:
        """`send`, repeated where a TransientFault was all that was wrong."""
        return self.retries.repeat(lambda _attempt: self.send(method, key, query=query, body=body, accept=accept))

    def send(
        self,
        method: str,
        key: str = "",
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        accept: Container[str] = (),
    ) -> Answer:
        """The answer to one request; one that is none is raised, unless its code is one to `accept`."""
        response = self._open(method, key, query=query, headers=headers, body=body)
        return self._answer(response, method, key, accept)

    def stream(self, key: str, *, start: int = 0) -> urllib3.BaseHTTPResponse:
        """The object's bytes from `start` on, still to be read; an error is raised as by `send`."""
        headers = {"Range": f"bytes={start}-"} if start else {}
        response = self._open("GET", key, headers=headers, stream=True)
        if response.status not in (200, 206):
            with self.translated(key):
                response.read(cache_content=True)
            self._answer(response, "GET", key, ())
        return response

    def translated(self, key: str) -> _Translated:
        """A context: what the network refuses about `key` is raised in our words."""
        return _Translated(self.where(key), has_ca=self._address.ca is not None)

    def url(self, method: str, key: str) -> str:
        """Where a request for the object goes."""
        return urlunsplit(self._url(method, key, {}))

    def where(self, key: str) -> str:
        """The object, or the bucket, as a message names it."""
        account = f", account {self._address.account}" if self._address.account else ""
        return f"s3://{self._address.bucket}{'/' * bool(key)}{key} at {self._address.endpoint}{account}"

    def _open(
        self,
        method: str,
        key: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        stream: bool = False,
    ) -> urllib3.BaseHTTPResponse:
        url = self._url(method, key, query or {})
        signed = self._signed(method, url, headers or {}, body)
        with self.translated(key):
            return self._pool.urlopen(
                method,
                urlunsplit(url),
                body=body or None,
                headers=signed,
                preload_content=not stream,
                redirect=False,
                retries=False,  # repeating is ours: twice would be five times five
            )

    def _url(self, method: str, key: str, query: Mapping[str, str]) -> SplitResult:
        return self._base.build(
            method=method,
            region=self._address.region,
            bucket_name=self._address.bucket,
            object_name=key or None,
            query_params=dict(query),
        )

    def _signed(self, method: str, url: SplitResult, headers: Mapping[str, str], body: bytes) -> Mapping[str, str]:
        now, digest = datetime.now(UTC), hashlib.sha256(body).hexdigest()
        every: DictType = {**headers, "Host": url.netloc, "x-amz-content-sha256": digest}
        every["x-amz-date"] = f"{now:%Y%m%dT%H%M%SZ}"
        if self._signing.session_token:
            every["X-Amz-Security-Token"] = self._signing.session_token
        signed = sign_v4_s3(
            method=method,
            url=url,
            region=self._address.region,
            headers=every,
            credentials=self._signing,
            content_sha256=digest,
            date=now,
        )
        return cast(Mapping[str, str], signed)

    def _answer(self, response: urllib3.BaseHTTPResponse, method: str, key: str, accept: Container[str]) -> Answer:
        code, message = _said(response, method)
        is_well = response.status < 300 and not code  # completing an upload may fail with the status of success
        if is_well or code in accept:
            return Answer(code=code, headers=response.headers, data=response.data, where=self.where(key))
        if method == "HEAD":  # says in words what is wrong with the key, the clock or the bucket
            self.send("GET", query={"list-type": "2", "max-keys": "1"})
        raise refused(
            response.status,
            code,
            message,
            where=self.where(key),
            skew=_skew(response.headers.get("Date")),
            has_token=self._signing.session_token is not None,
        )


class _Translated:
    def __init__(self, where: str, *, has_ca: bool) -> None:
        self._where = where
        self._has_ca = has_ca

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, _type: object, error: object, _traceback: object) -> None:
        if isinstance(error, http.HTTPError):
            raise failed(error, where=self._where, has_ca=self._has_ca) from error


def _base(address: S3Address) -> BaseURL:
    try:
        base = BaseURL(address.endpoint, address.region)
    except ValueError as error:
        raise Misuse(
            f"the SDK does not know this endpoint: {error}",
            where=str(address),
            next="leave endpoint= out for Amazon, which region= is enough for; else check it",
        ) from error
    if address.style is not None:
        base.virtual_style_flag = address.style == "virtual"
    return base


def _skew(server_time: str | None) -> timedelta:
    """How far this machine's clock is ahead of the server's; nothing where the server does not say."""
    try:
        return datetime.now(UTC) - parsedate_to_datetime(server_time or "")
    except (TypeError, ValueError):
        return timedelta(0)


def _said(response: urllib3.BaseHTTPResponse, method: str) -> tuple[str, str]:
    """Code and message of an error; both empty where the answer holds none."""
    if method == "HEAD":
        return _OF_HEAD.get(response.status, "") if response.status >= 300 else "", ""
    if response.status < 300 and not (method == "POST" and b"<Error" in response.data):
        return "", ""
    try:
        error = _xml(response.data)
    except ElementTree.ParseError:
        return "", ""
    return error.findtext("{*}Code") or "", error.findtext("{*}Message") or ""


def _xml(data: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(data.lstrip())  # noqa: S314 - the answer of a server that the plan's author chose
