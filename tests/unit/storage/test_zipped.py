"""A ZIP that exists nowhere: every reader takes it for one, and whoever goes on with a download gets the same bytes."""

from __future__ import annotations

import io
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import zipped
from storage.zipped import Entry, Zipped

names = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/\\"), min_size=1, max_size=8)
contents = st.dictionaries(names, st.binary(max_size=300), max_size=5)


def entry(name: str, content: bytes) -> Entry:
    def read() -> Iterator[bytes]:
        for start in range(0, len(content), 7):
            yield content[start : start + 7]

    return Entry(name=name, size=len(content), read=read)


def made(found: dict[str, bytes]) -> Zipped:
    return Zipped(tuple(entry(name, content) for name, content in found.items()))


def read(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert file.testzip() is None
        return {name: file.read(name) for name in file.namelist()}


@given(contents)
def test_what_goes_in_comes_out_and_the_length_is_known_before(found: dict[str, bytes]) -> None:
    whole = b"".join(made(found).from_byte())
    assert len(whole) == made(found).length
    assert read(whole) == found


@given(contents, st.data())
def test_from_any_byte_it_is_the_same(found: dict[str, bytes], data: st.DataObject) -> None:
    whole = b"".join(made(found).from_byte())
    start = data.draw(st.integers(0, len(whole)))
    assert b"".join(made(found).from_byte(start)) == whole[start:]


@pytest.mark.parametrize("limit", [0, 50, 150])
def test_beyond_four_gigabytes_it_is_written_as_zip64(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    # what is written past a limit of so few bytes stands as it does past four gigabytes
    monkeypatch.setattr(zipped.Entry, "is_large", property(lambda entry: entry.size >= limit))
    found = {"a": b"x" * 100, "b": b"", "c": b"y" * 60}
    whole = b"".join(made(found).from_byte())
    assert (read(whole), len(whole)) == (found, made(found).length)


def test_more_files_than_the_old_format_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipped, "_MANY", 3)
    found = {str(number): b"x" for number in range(5)}
    whole = b"".join(made(found).from_byte())
    assert b"PK\x06\x06" in whole and b"PK\x06\x07" in whole
    assert len(whole) == made(found).length


@pytest.mark.parametrize("size", [2, 4])
def test_an_object_of_another_length_ends_the_download(size: int) -> None:
    wrong = Entry(name="a", size=size, read=lambda: iter([b"xxx"]))
    with pytest.raises(ValueError, match="not as long"):
        list(Zipped((wrong,)).from_byte())


def test_the_usual_tool_unpacks_it(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"".join(made({"data/a.txt": b"one", "b": b""}).from_byte()))
    subprocess.run(["unzip", "-q", "a.zip"], cwd=tmp_path, check=True, timeout=60)
    assert (tmp_path / "data" / "a.txt").read_bytes() == b"one"
