"""Addresses: what a person typed is shown again, but never a password."""

from __future__ import annotations

import pytest

from migrator.contracts import ReadLimits
from migrator.wiring import open_source, open_target
from storage.address import redacted
from storage.errors import Misuse


@pytest.mark.parametrize(
    "secret", ["s3cr3t", "p/s3cr3t", "s3c#s3cr3t", "a:s3cr3t", "a@s3cr3t", "[s3cr3t", "%40s3cr3t?"]
)
@pytest.mark.parametrize("kind", ["unknown", "sqlite"])
def test_no_message_holds_a_password(kind: str, secret: str) -> None:
    url = f"{kind}://person:{secret}@server/name"
    assert redacted(url) == f"{kind}://person:***@server/name"
    for opened in (lambda: open_source(url, ReadLimits()), lambda: open_target(url)):
        with pytest.raises(Misuse) as refused:
            opened()
        assert "s3cr3t" not in str(refused.value) and "server/name" in str(refused.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql:/me:s3cr3t@host/db", "postgresql:/me:***@host/db"),
        ("me:s3cr3t@host/db", "me:***@host/db"),
        ("postgresql://host/db?user=me&password=s3cr3t&sslmode=require", None),
        ("mysql://me:s3cr3t@host/db?ssl_key_passwd=s3cr3t", "mysql://me:***@host/db?ssl_key_passwd=***"),
        ("s3://bucket?AWS_SECRET_ACCESS_KEY=s3cr3t", "s3://bucket?AWS_SECRET_ACCESS_KEY=***"),
        ("rest+https://host/v1?apikey=s3cr3t&api_key=s3cr3t&X-Amz-Signature=s3cr3t&page=2", None),
    ],
)
def test_a_password_is_known_where_it_does_not_belong(url: str, shown: str | None) -> None:
    assert redacted(url) == (shown or url.replace("s3cr3t", "***"))


@pytest.mark.parametrize("url", ["sqlite:////tmp/a:b@c.db", "s3://bucket/prefix?endpoint=x", "file:///dump.zip", ""])
def test_an_address_without_a_password_is_shown_as_it_is(url: str) -> None:
    assert redacted(url) == url
