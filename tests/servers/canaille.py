"""A private Canaille, a real OpenID Connect provider: two people, one of them in a group that has a role."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

import httpx2

from tests.servers.process import LOOPBACK, PASSWORD, Server, free_port, listens, started

SECRET = "of-the-program"  # noqa: S105 - on the loopback, for the time of a test
BACK = "http://testserver/login/provider/back"
_STEPS = 12


class Canaille:
    """Everybody's password is PASSWORD."""

    def __init__(self, folder: Path) -> None:
        self._port = free_port()
        app = Path(__file__).with_name("canaille_app.py")
        self._server = Server(
            "canaille",
            [sys.executable, "-P", str(app), str(self._port), PASSWORD, SECRET, BACK],
            folder,
            answers=lambda: listens(self._port),
            own_account=True,
        )

    @property
    def issuer(self) -> str:
        return f"http://{LOOPBACK}:{self._port}"

    def create(self) -> None:
        self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def sent_back(self, login: str, address: str) -> str:
        """As somebody at a browser: from where the program sends them, by login and password, to where they end."""
        with httpx2.Client() as browser:
            answer = browser.get(address)
            for _ in range(_STEPS):
                if answer.is_redirect:
                    address = urljoin(str(answer.url), answer.headers["location"])
                    if not address.startswith(self.issuer):
                        return address
                    answer = browser.get(address)
                    continue
                answer = browser.post(str(answer.url), data=_filled(answer.text, login))
        raise AssertionError(f"it goes on and on: {answer.url} {answer.status_code}")


def _filled(page: str, login: str) -> dict[str, str]:
    form = dict(re.findall(r'name="([^"]+)"[^>]*?value="([^"]*)"', page))
    asked = re.findall(r'<input[^>]*name="([^"]+)"', page)
    return {**form, **{name: value for name, value in (("login", login), ("password", PASSWORD)) if name in asked}}


@contextmanager
def running() -> Iterator[Canaille]:
    with started("canaille", Canaille) as provider:
        yield provider
