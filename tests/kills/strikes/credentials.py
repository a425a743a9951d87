"""Who could log in a moment ago cannot any more: a password was changed, keys were revoked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from psycopg import sql

from tests.kills.scene import Scene
from tests.kills.sides import SIDES, Side
from tests.kills.strike import COMMANDS_OF, At, Strike, side
from tests.kills.watched import Watched
from tests.servers.ceph import Ceph
from tests.servers.mariadb import Mariadb
from tests.servers.postgres import Postgres
from tests.servers.process import LOOPBACK, PASSWORD

_FAULT, _MISUSE = 1, 2


def _expired(role: str) -> At:
    @contextmanager
    def at(scene: Scene, _watched: Watched) -> Iterator[None]:
        struck = side(scene, role)
        if isinstance(struck.server, Ceph):
            with struck.server.owner_suspended():
                yield
            return
        _change_password(struck, f"{PASSWORD}, changed")
        try:
            yield
        finally:
            _change_password(struck, PASSWORD)

    return at


def _change_password(struck: Side, password: str) -> None:
    user = urlsplit(struck.url).username or ""
    if isinstance(struck.server, Postgres):
        named = {"user": sql.Identifier(user), "password": sql.Literal(password)}
        struck.server.admin(sql.SQL("ALTER ROLE {user} PASSWORD {password}").format(**named))
    elif isinstance(struck.server, Mariadb):
        struck.server.admin(f"ALTER USER `{user}`@'{LOOPBACK}' IDENTIFIED BY '{password}'")


CREDENTIALS_EXPIRED = {
    role: Strike(
        name=f"expired credentials of the {role}",
        at=_expired(role),
        codes=frozenset({_FAULT, _MISUSE}),
        commands=COMMANDS_OF[role],
        fits=lambda scene, role=role: side(scene, role).server is not None,  # type: ignore[misc]
    )
    for role in SIDES
}
