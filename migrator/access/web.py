"""What an identity provider answers: small JSON objects, over a way nobody reads along, never from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import certifi
import urllib3
import urllib3.exceptions as http

from migrator.access.provider import is_private_way
from storage.errors import Fault, TransientFault

_TIMEOUT = urllib3.Timeout(connect=5, read=10)
_LARGEST = 1 << 20
_NEXT = "try again, or log in with a password; an admin looks at the provider and at MIGRATOR_OIDC"


@dataclass(frozen=True, kw_only=True)
class Web:
    """Follows nothing, and waits seconds only: people wait meanwhile. `authority` is a PEM file of a private one."""

    authority: str | None = None
    _pool: urllib3.PoolManager = field(init=False, repr=False)

    def __post_init__(self) -> None:
        authority = self.authority or certifi.where()
        pool = urllib3.PoolManager(maxsize=4, timeout=_TIMEOUT, cert_reqs="CERT_REQUIRED", ca_certs=authority)
        object.__setattr__(self, "_pool", pool)

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        return self._asked("GET", url, dict(headers or {}), None)

    def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, Any]:
        sent = {**headers, "Content-Type": "application/x-www-form-urlencoded"}
        return self._asked("POST", url, sent, urlencode(form).encode())

    def _asked(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> dict[str, Any]:
        """Fault where the answer is none; neither what was sent nor what came back is in it."""
        if not is_private_way(url):
            raise Fault("the provider names an address that keeps no secrets", where=url, next=_NEXT)
        sent = {**headers, "Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "migrator"}
        try:
            response = self._pool.request(
                method, url, body=body, headers=sent, redirect=False, retries=False, preload_content=False
            )
            try:
                content = response.read(_LARGEST + 1, decode_content=False)
            finally:
                response.close()
        except http.HTTPError as error:
            raise TransientFault(
                f"the provider does not answer: {type(error).__name__}", where=url, next=_NEXT
            ) from error
        if response.status != 200 or len(content) > _LARGEST:
            raise Fault(f"the provider refuses: it answers {response.status}", where=url, next=_NEXT)
        return _object(content, url)


def _object(content: bytes, url: str) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Fault("the provider's answer is not JSON", where=url, next=_NEXT) from error
    if not isinstance(found, dict):
        raise Fault("the provider's answer is no JSON object", where=url, next=_NEXT)
    return found
