# ruff: noqa: S106 - a NULL token is no secret
from __future__ import annotations

import io

import pyarrow as pa
import pytest

from storage import csvtext
from storage.errors import Red
from storage.schema import Column, Kind, Table, Type
from tests.support_archive import INTEGER, TEXT

TABLE = Table(name="t", columns=(Column(name="n", type=INTEGER), Column(name='x"', type=TEXT, null_token="\\N1")))


def encoded(numbers: list[str | None], texts: list[str | None], start: int = 0) -> bytes:
    arrays = [pa.array(column, pa.string()).slice(start) for column in (numbers, texts)]
    return csvtext.encoded(csvtext.master_records(arrays, len(arrays[0]), TABLE))


def read(content: bytes, table: Table = TABLE, longest: int = 10) -> list[list[str | None]]:
    batches = csvtext.read_texts(io.BytesIO(content), table, has_header=True, longest=longest)
    return [list(row) for batch in batches for row in zip(*batch.to_pydict().values(), strict=True)]


def test_null_empty_and_the_token_as_text_are_three_things() -> None:
    content = encoded(["1", None, "3", "4"], [None, "", "\\N", 'a"\r\n,'])
    assert content == b'1,\\N1\r\n\\N,""\r\n3,"\\N"\r\n4,"a""\r\n,"\r\n'
    assert read(csvtext.header(TABLE) + content) == [["1", None], [None, ""], ["3", "\\N"], ["4", 'a"\r\n,']]


def test_a_slice_is_encoded_as_its_own_rows() -> None:
    assert encoded(["1", "2", "3"], ["a", "b", "c"], start=2) == b'3,"c"\r\n'
    lines = pa.array(["skipped", "kept", "skipped"]).slice(1, 1)
    assert csvtext.encoded(lines) == b"kept\r\n"
    assert csvtext.encoded(lines.slice(0, 0)) == b""


def test_a_record_longer_than_a_block_is_read() -> None:
    long = "x" * (5 << 20)
    content = csvtext.header(TABLE) + encoded(["1", "2"], [long, "b"])
    assert read(content, longest=len(long) + 10) == [["1", long], ["2", "b"]]


@pytest.mark.parametrize(
    "content",
    [b'"n","x"\r\n', b"", b'"n","x"""\r\n1\r\n', b'"n","x"""\r\n1,"a",2\r\n'],
    ids=["other header", "no header", "too few fields", "too many fields"],
)
def test_what_the_descriptor_does_not_describe_is_red(content: bytes) -> None:
    with pytest.raises(Red, match="corrupt"):
        read(content)


def test_rows_without_columns_are_counted() -> None:
    table = Table(name="t", columns=())
    batches = csvtext.read_texts(io.BytesIO(b"\r\n\r\n\r\n"), table, has_header=True, longest=0)
    assert [batch.num_rows for batch in batches] == [2]


def test_a_single_column_keeps_its_empty_rows() -> None:
    table = Table(name="t", columns=(Column(name="x", type=Type(kind=Kind.BINARY)),))
    assert read(b'"x"\r\n""\r\n\\N\r\n""\r\n', table) == [[""], [None], [""]]
