from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.address import below
from storage.credentials import Accounts, Credentials
from storage.errors import Misuse
from storage.location import open_store, split_archive
from storage.s3.address import AMAZON, S3Address
from storage.s3.patience import Patience
from storage.s3.wire import Wire

KEYS = Credentials(access_key="key", secret_key="secret")  # noqa: S106
ACCOUNTS = Accounts(variables={"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"})
_NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\\\0"), min_size=1).filter(
    lambda name: name not in (".", "..")
)


def test_all_of_an_address() -> None:
    address = S3Address.parse(
        "s3://bucket/my%20prefix/a?endpoint=https://minio.example:9000&region=eu-west-3&style=path&ca=/etc/ca%26.pem"
    )
    assert address == S3Address(
        bucket="bucket",
        prefix="my prefix/a",
        endpoint="https://minio.example:9000",
        region="eu-west-3",
        style="path",
        ca="/etc/ca&.pem",
    )


def test_what_goes_without_saying() -> None:
    assert S3Address.parse("s3://bucket/") == S3Address(bucket="bucket", endpoint=AMAZON, region="us-east-1")


@given(st.lists(_NAMES, max_size=3).map("/".join), st.sampled_from(["path", "virtual", None]), st.none() | _NAMES)
def test_an_address_is_written_as_it_is_read(prefix: str, style: str | None, ca: str | None) -> None:
    address = S3Address(bucket="bucket", prefix=prefix, endpoint="http://[::1]:9000", style=style, ca=ca)
    if "@" not in str(address):
        assert S3Address.parse(str(address)) == address


def test_two_ways_to_write_one_store_are_one_address() -> None:
    plain = "s3://bucket/a?endpoint=https://x.example"
    for other in (
        "s3://bucket/a/?region=us-east-1&endpoint=https://x.example/",
        "s3://bucket/%61?endpoint=https%3A//x.example",
    ):
        assert str(S3Address.parse(other)) == plain


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("s3://bucket?endpont=https://x", 'did you mean "endpoint"'),
        ("s3://bucket?secret=1", "known: endpoint, region, style, ca, account"),
        ("s3://bucket?account=a-b", "account=partner"),
        ("s3://bucket?endpoint=https://bucket.s3.amazonaws.com", "leave endpoint= out for Amazon"),
        ("s3://bucket?endpoint=x.example:9000", "https://host:port"),
        ("s3://bucket?endpoint=ftp://x.example", "https://host:port"),
        ("s3://bucket?endpoint=https://x.example/path", "https://host:port"),
        ("s3://bucket?endpoint=https://x.example:port", "https://host:port"),
        ("s3://bucket?style=vhost", "style=virtual"),
        ("s3://bucket?region=", "give it once"),
        ("s3://bucket?region=a&region=b", "give it once"),
        ("s3://bucket?region=a/b", "region=us-east-1"),
        ("s3://bucket:9000/a", "endpoint="),
        ("s3://[bucket/a", "endpoint="),
        ("s3://bucket?endpoint=http://[::1", "endpoint="),
        ("s3:///a", "endpoint="),
        ("s3://bucket/a#b", "endpoint="),
        ("s3://bucket/a/../b", "without '..'"),
    ],
)
def test_an_address_that_is_none(url: str, hint: str) -> None:
    with pytest.raises(Misuse) as failure:
        open_store(url, ACCOUNTS)
    assert hint in failure.value.next


@pytest.mark.parametrize("url", ["s3://key:hidden@bucket/a", "s3://bucket?endpoint=https://key:hidden@x.example"])
def test_a_secret_in_an_address_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(Misuse, match="credentials do not belong") as failure:
        open_store(url, ACCOUNTS)
    assert "hidden" not in str(failure.value)


def test_a_bucket_needs_credentials_and_they_are_never_shown() -> None:
    with pytest.raises(Misuse, match="no credentials") as failure:
        open_store("s3://bucket")
    assert "AWS_ACCESS_KEY_ID" in failure.value.next
    for told in (KEYS, ACCOUNTS):
        assert "secret" not in repr(told).replace("secret_key", "")


def test_a_key_that_was_given_as_an_option_is_not_repeated() -> None:
    with pytest.raises(Misuse, match="has no 'secret_key'") as failure:
        open_store("s3://bucket?secret_key=hidden&region=x", ACCOUNTS)
    assert "hidden" not in str(failure.value) and "region=x" in failure.value.where


# ── accounts ────────────────────────────────────────────────────────────────────────────────────────────────
def test_an_address_may_name_whose_keys_open_it() -> None:
    accounts = Accounts(
        variables={**ACCOUNTS.variables, "AWS_ACCESS_KEY_ID_PARTNER": "theirs", "AWS_SECRET_ACCESS_KEY_PARTNER": "s"}
    )
    address = S3Address.parse("s3://bucket/a?account=Partner")
    assert str(address) == "s3://bucket/a?account=partner"
    assert accounts.credentials(address.account or "", where="").access_key == "theirs"
    assert accounts.credentials("", where="").access_key == "key"


def test_keys_of_another_account_are_never_taken_instead() -> None:
    with pytest.raises(Misuse, match="no credentials") as failure:
        open_store("s3://bucket?account=partner", ACCOUNTS)
    assert failure.value.next == "export AWS_ACCESS_KEY_ID_PARTNER and AWS_SECRET_ACCESS_KEY_PARTNER"


def test_keys_out_of_a_file_may_end_as_its_lines_do_and_hold_nothing_else() -> None:
    """A line break in a header would be told by the library, with the token it stands in."""
    lines = {name: f"{value}\r\n" for name, value in ACCOUNTS.variables.items()}
    assert Accounts(variables=lines).credentials("", where="") == KEYS
    with pytest.raises(Misuse, match="AWS_SESSION_TOKEN holds") as failure:
        open_store("s3://bucket", Accounts(variables={**ACCOUNTS.variables, "AWS_SESSION_TOKEN": "hid\r\nden"}))
    assert "hid" not in str(failure.value)


def test_an_archive_in_a_bucket_has_an_address_of_its_own() -> None:
    store = str(S3Address.parse("s3://bucket/a?endpoint=https://x.example"))
    location = below(store, "acme-1")
    assert location == "s3://bucket/a/acme-1?endpoint=https://x.example"
    assert split_archive(location) == (store, "acme-1")
    assert below(location, "data/x") == "s3://bucket/a/acme-1/data/x?endpoint=https://x.example"
    with pytest.raises(Misuse):
        split_archive("s3://bucket")


def test_a_question_mark_in_a_folder_is_part_of_its_name() -> None:
    assert below("/why?/store", "acme-1") == "/why?/store/acme-1"


@pytest.mark.parametrize(
    ("query", "begins"),
    [
        ("endpoint=https://x.example", "https://x.example/bucket/"),
        ("endpoint=https://x.example&style=virtual", "https://bucket.x.example/"),
        ("region=eu-west-3", "https://bucket.s3.eu-west-3.amazonaws.com/"),
        ("region=eu-west-3&style=path", "https://s3.eu-west-3.amazonaws.com/bucket/"),
    ],
)
def test_where_the_bucket_stands_in_requests(query: str, begins: str) -> None:
    wire = Wire(S3Address.parse(f"s3://bucket?{query}"), KEYS, Patience())
    assert wire.url("GET", "a b").startswith(f"{begins}a%20b")


def test_an_authority_that_is_not_there_is_said_before_anything_is_sent() -> None:
    with pytest.raises(Misuse, match="no such file"):
        open_store("s3://bucket?ca=/nowhere/ca.pem", ACCOUNTS)
