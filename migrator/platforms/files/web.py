"""Files at a web server: only what lies below the address the plan names is asked for, and nothing is followed."""

from __future__ import annotations

from typing import IO
from urllib.parse import quote, unquote

import certifi
import urllib3
import urllib3.exceptions as http
from urllib3.util import Url, make_headers, parse_url

from migrator.platforms.files.names import ABSENT, OUTSIDE, leads_out, relative, too_large
from storage.errors import Misuse, TransientFault
from storage.retry import Retries

_TIMEOUT = urllib3.Timeout(connect=10, read=60)  # seconds without a byte, not of a whole file
_CHUNK = 1 << 20
_AS_WRITTEN = "/!$&'()*+,;=:@~"  # what may stand unquoted in a path
_AT_ONCE = 10
_BUSY = (408, 425, 429, 500, 502, 503, 504)


class WebFiles:
    """What GET answers below `base`, which may name who asks (`https://user:${PASSWORD}@host/`); safe for threads."""

    def __init__(self, base: str, *, retries: Retries | None = None) -> None:
        address = _parsed(base)
        self.url = str(address._replace(auth=None)).rstrip("/")
        self._headers = {"Accept-Encoding": "identity", "User-Agent": "migrator", **_credentials(address)}
        self._beginnings = (f"{self.url}/", f"{(address.path or '').rstrip('/')}/")
        self._retries = retries or Retries()
        self._pool = urllib3.PoolManager(
            maxsize=_AT_ONCE, timeout=_TIMEOUT, cert_reqs="CERT_REQUIRED", ca_certs=certifi.where()
        )

    def fetch(self, name: str, into: IO[bytes], *, most: int) -> str | None:
        """Write the file to `into`; where there is none to be had, why. A Fault where the server does not answer."""
        path = self._path(name)
        if path is None:
            return OUTSIDE
        return self._retries.repeat(lambda _attempt: self._answered(f"{self.url}/{path}", into, most))

    def _path(self, name: str) -> str | None:
        """The path below the base, quoted: a whole address is so already, a mere name is not."""
        found = relative(name, self._beginnings)
        if found is None:
            return None
        if not name.startswith(self._beginnings[0]):
            return None if leads_out(found) else quote(found, safe=_AS_WRITTEN)
        path, mark, query = found.partition("#")[0].partition("?")
        return None if leads_out(unquote(path)) else quote(f"{path}{mark}{query}", safe=f"{_AS_WRITTEN}%?")

    def _answered(self, url: str, into: IO[bytes], most: int) -> str | None:
        into.seek(0)
        into.truncate()
        try:
            response = self._pool.request(
                "GET", url, headers=self._headers, preload_content=False, redirect=False, retries=False
            )
            try:
                if response.status in _BUSY:
                    raise self._silent(f"it answers {response.status}")
                return _refused(response.status) or _copied(response, into, most)
            finally:
                response.close()
        except http.HTTPError as error:
            raise self._silent(type(error).__name__) from error

    def _silent(self, how: str) -> TransientFault:
        return TransientFault(
            f"the web server does not give its files: {how}",
            where=self.url,
            next="check the address that the plan names as base, and the server; then run the same command again",
        )


def _refused(status: int) -> str | None:
    """Why such an answer is no file; None where it is one."""
    if status == 200:
        return None
    if status in (404, 410):
        return ABSENT
    if 300 <= status < 400:
        return f"the server sends elsewhere ({status}), and only the place that the plan names is asked"
    return f"the server does not give it ({status})"


def _copied(response: urllib3.BaseHTTPResponse, into: IO[bytes], most: int) -> str | None:
    size = 0
    for chunk in response.stream(_CHUNK, decode_content=True):
        size += len(chunk)
        if size > most:
            return too_large(max(size, int(response.headers.get("Content-Length", 0))), most)
        into.write(chunk)
    return None


def _parsed(base: str) -> Url:
    try:
        address = parse_url(base)
    except http.LocationParseError as error:
        raise Misuse("this is no address of a web server", where="base", next="write https://host/path/") from error
    if not address.host or address.query or address.fragment:
        raise Misuse(
            "this is no address that files lie below",
            where=str(address._replace(auth=None, query=None, fragment=None)),
            next="write https://host/path/, without ? and #",
        )
    return address


def _credentials(address: Url) -> dict[str, str]:
    return make_headers(basic_auth=unquote(address.auth)) if address.auth else {}
