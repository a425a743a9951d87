from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.address import below
from storage.credentials import Credentials
from storage.errors import Misuse
from storage.location import open_store, split_archive
from storage.retry import Retries
from storage.s3.address import AMAZON, S3Address
from storage.s3.wire import Wire

KEYS = Credentials(access_key="key", secret_key="secret")  # noqa: S106
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
        ("s3://bucket?secret=1", "known: endpoint, region, style, ca"),
        ("s3://bucket?endpoint=x.example:9000", "https://host:port"),
        ("s3://bucket?endpoint=ftp://x.example", "https://host:port"),
        ("s3://bucket?endpoint=https://x.example/path", "https://host:port"),
        ("s3://bucket?endpoint=https://x.example:port", "https://host:port"),
        ("s3://bucket?style=vhost", "style=virtual"),
        ("s3://bucket?region=", "give it once"),
        ("s3://bucket?region=a&region=b", "give it once"),
        ("s3://bucket?region=a/b", "region=us-east-1"),
        ("s3://bucket:9000/a", "endpoint="),
        ("s3:///a", "endpoint="),
        ("s3://bucket/a#b", "endpoint="),
        ("s3://bucket/a/../b", "without '..'"),
    ],
)
def test_an_address_that_is_none(url: str, hint: str) -> None:
    with pytest.raises(Misuse) as failure:
        open_store(url, KEYS)
    assert hint in failure.value.next


@pytest.mark.parametrize("url", ["s3://key:hidden@bucket/a", "s3://bucket?endpoint=https://key:hidden@x.example"])
def test_a_secret_in_an_address_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(Misuse, match="credentials do not belong") as failure:
        open_store(url, KEYS)
    assert "hidden" not in str(failure.value)


def test_a_bucket_needs_credentials_and_they_are_never_shown() -> None:
    with pytest.raises(Misuse, match="no credentials") as failure:
        open_store("s3://bucket")
    assert "AWS_ACCESS_KEY_ID" in failure.value.next
    assert "secret" not in repr(KEYS).replace("secret_key", "")


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
    wire = Wire(S3Address.parse(f"s3://bucket?{query}"), KEYS, Retries())
    assert wire.url("GET", "a b").startswith(f"{begins}a%20b")


def test_an_authority_that_is_not_there_is_said_before_anything_is_sent() -> None:
    with pytest.raises(Misuse, match="no such file"):
        open_store("s3://bucket?ca=/nowhere/ca.pem", KEYS)
