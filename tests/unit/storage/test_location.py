from __future__ import annotations

from pathlib import Path

import pytest

from storage.errors import Misuse
from storage.local import LocalStore
from storage.location import open_store, split_archive


@pytest.mark.parametrize(
    ("url", "path"),
    [("file:///data/store", "/data/store"), ("/data/store", "/data/store"), ("file:///d%C3%A9j%C3%A0 vu", "/déjà vu")],
)
def test_folders(url: str, path: str) -> None:
    store = open_store(url)
    assert isinstance(store, LocalStore)
    assert store.root == Path(path)


@pytest.mark.parametrize("url", ["", "s3://bucket/prefix", "file://server/share", "file:///a?b=c"])
def test_other_addresses_are_misuse(url: str) -> None:
    with pytest.raises(Misuse):
        open_store(url)


@pytest.mark.parametrize(
    "url",
    [
        "s3://key:secret@host/bucket",
        "file://me:secret@host/folder",
        "ftp://me:[secret@host/folder",
        "postgresql://me:secret@[::1/database",
        "https://host/folder?token=secret",
        "postgresql:/me:secret@host/database",  # a slash too few is no folder called postgresql:
        "file:/srv/archives",
    ],
)
def test_what_is_no_store_is_a_misuse_that_repeats_no_secret(url: str) -> None:
    with pytest.raises(Misuse) as failure:
        open_store(url)
    assert "secret" not in str(failure.value)


@pytest.mark.parametrize(
    ("location", "parts"),
    [
        ("/s/acme-1", ("/s", "acme-1")),
        ("/s/acme-1/", ("/s", "acme-1")),
        ("file:///s/acme-1", ("file:///s", "acme-1")),
        ("acme-1", (".", "acme-1")),
        ("/acme-1", ("/", "acme-1")),
    ],
)
def test_an_archive_location_is_its_store_and_its_id(location: str, parts: tuple[str, str]) -> None:
    assert split_archive(location) == parts


@pytest.mark.parametrize("location", ["", "/", "..", "/s/.."])
def test_no_archive(location: str) -> None:
    with pytest.raises(Misuse):
        split_archive(location)
