"""Large values stand aside: the workbench takes 2,048 rows at once, however wide they are, so it holds handles to them.

A handle says the content's hash and size, so two values are equal exactly where their handles are. Values that look
like handles stand aside too: in the workbench nothing that begins like a handle is anything else.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from duckdb.func import ARROW
from duckdb.sqltypes import BLOB, VARCHAR

from storage.errors import Fault
from storage.files import single

LONGEST = 3072
"""Bytes of a value that is held as it is. No server's index takes longer ones: keys are never handles there."""

MARK, _AFTER = b"\x1flarge:", b"\x1flarge;"
_HANDLE = re.compile(r"(?:\x1f|\\x1F)large:([0-9a-f]{12})[0-9a-f]{52}:([0-9]+)")
_GIVEN_BYTES = 8 << 20
_SLICE = 1 << 20
_HELD, _WHOLE = "migrator_held", "migrator_whole"

HANDLED = frozenset({"VARCHAR", "BLOB"})
"""The DuckDB types that have large values."""


class LargeValues:
    """Keeps each content once, in a file of its own; memory is that of one batch.

    `failed` is what a function of the workbench raised, as far as it was a Fault.
    """

    def __init__(self, folder: Path) -> None:
        self._kept = sqlite3.connect(folder / "large.sqlite", check_same_thread=False, isolation_level=None)
        # a scratch file: it is worth nothing once the process is gone
        for setting in ("page_size = 16384", "journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE"):
            self._kept.execute(f"PRAGMA {setting}")
        self._kept.execute("CREATE TABLE large (hash BLOB PRIMARY KEY, content BLOB NOT NULL)")
        self.failed: Fault | None = None

    def provide(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make the functions that `held_sql` and `whole_sql` call."""
        for type_ in (VARCHAR, BLOB):
            for name, function in ((_HELD, self.held), (_WHOLE, self.whole)):
                provided = self._remembering(function)
                connection.create_function(f"{name}_{type_}".lower(), provided, [type_], type_, type=ARROW)

    def _remembering(self, function: Callable[[pa.Array], pa.Array]) -> Callable[[pa.ChunkedArray], pa.Array]:
        def run(column: pa.ChunkedArray) -> pa.Array:
            try:
                return function(column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column)
            except Fault as error:
                self.failed = error
                raise

        return run

    def close(self) -> None:
        self._kept.close()

    def held(self, column: pa.Array) -> pa.Array:
        """The column, a handle in the place of every large value; the same array where there is none."""
        if not can_be_large(column.type) or not len(column):
            return column
        is_large = pc.or_(pc.greater(pc.binary_length(column), LONGEST), _are_handles(column)).fill_null(False)
        if not pc.any(is_large).as_py():
            return column
        handles = [self._put(column[row.as_py()].as_buffer()) for row in pc.indices_nonzero(is_large)]
        return pc.replace_with_mask(column, is_large, pa.array(handles, column.type))

    def whole(self, column: pa.Array) -> pa.Array:
        """The way back: the values themselves, all in memory."""
        if not can_be_large(column.type) or not len(column):
            return column
        is_handle = _are_handles(column).fill_null(False)
        if not pc.any(is_handle).as_py():
            return column
        contents = [self._get(column[row.as_py()].as_buffer()) for row in pc.indices_nonzero(is_handle)]
        if len(column) == 1:  # as every value of many MiB is given: it is not to be copied
            return single(contents[0], column.type)
        return pc.replace_with_mask(column, is_handle, pa.array(contents, column.type))

    def given(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """The batch with the values themselves, in slices that fit in memory."""
        start = total = 0
        for row, size in enumerate(_sizes(batch)):
            if total + size > _GIVEN_BYTES and row > start:
                yield self._whole_rows(batch.slice(start, row - start))
                start, total = row, 0
            total += size
        yield self._whole_rows(batch.slice(start))

    def _whole_rows(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        columns = [self.whole(column) for column in batch.columns]
        return pa.RecordBatch.from_arrays(columns, schema=batch.schema) if columns else batch

    def _put(self, content: pa.Buffer) -> bytes:
        digest = hashlib.sha256(content)
        try:
            if not self._kept.execute("SELECT 1 FROM large WHERE hash = ?", [digest.digest()]).fetchone():
                self._insert(digest.digest(), content)
        except (sqlite3.OperationalError, sqlite3.DataError) as error:
            raise Fault(
                f"the workbench cannot put a value of {content.size:,} bytes aside: {error}",
                where=tempfile.gettempdir(),
                next="free space there, or point TMPDIR at a larger disk",
            ) from error
        return b"%b%b:%d" % (MARK, digest.hexdigest().encode(), content.size)

    def _insert(self, digest: bytes, content: pa.Buffer) -> None:
        """What is long in slices: given as a parameter, SQLite would copy it twice."""
        if content.size <= _SLICE:
            self._kept.execute("INSERT INTO large VALUES (?, ?)", [digest, memoryview(content)])
            return
        kept = self._kept.execute("INSERT INTO large VALUES (?, zeroblob(?))", [digest, content.size])
        with self._kept.blobopen("large", "content", kept.lastrowid or 0) as blob:
            for start in range(0, content.size, _SLICE):
                blob.write(memoryview(content)[start : start + _SLICE])

    def _get(self, handle: pa.Buffer) -> bytes:
        digest = bytes.fromhex(handle.to_pybytes()[len(MARK) :].partition(b":")[0].decode())
        (row,) = self._kept.execute("SELECT rowid FROM large WHERE hash = ?", [digest]).fetchone()
        with self._kept.blobopen("large", "content", row, readonly=True) as blob:
            return bytes(blob.read())


def can_be_large(type_: pa.DataType) -> bool:
    return bool(pa.types.is_string(type_) or pa.types.is_binary(type_))


def is_handle(value: str, type_: str) -> str:
    """The condition that a value of this DuckDB type is a handle."""
    first, after = (_literal(end, type_) for end in (MARK, _AFTER))
    return f"({value} >= {first} AND {value} < {after})"


def size_aside(value: str, type_: str) -> str:
    """How many bytes stand aside for a value of the workbench: 0 where it is no handle."""
    text = f"decode({value})" if type_ == "BLOB" else value
    return f"CASE WHEN {is_handle(value, type_)} THEN split_part({text}, ':', 3)::BIGINT ELSE 0 END"


def whole_sql(value: str, type_: str) -> str:
    """The value itself of one the workbench holds."""
    return f"{_WHOLE}_{type_.lower()}({value})"


def held_sql(value: str, type_: str) -> str:
    """The expression's value as the workbench holds it; `value` is written several times."""
    if type_ not in HANDLED:
        return value
    size = f"octet_length({value})" if type_ == "BLOB" else f"strlen({value})"
    large = f"{size} > {LONGEST} OR {is_handle(value, type_)}"
    return f"CASE WHEN {large} THEN {_HELD}_{type_.lower()}({value}) ELSE {value} END"


def readable(text: str) -> str:
    """A text of the workbench as a person reads it: of a large value, its size and the beginning of its hash."""
    return _HANDLE.sub(lambda found: f"({int(found[2]):,} bytes, SHA-256 {found[1]}…)", text)


def _literal(content: bytes, type_: str) -> str:
    if type_ == "BLOB":
        return "'" + "".join(f"\\x{byte:02X}" for byte in content) + "'::BLOB"
    return "(chr(31) || '" + content[1:].decode() + "')"


def _are_handles(column: pa.Array) -> pa.Array:
    return pc.starts_with(column, MARK if pa.types.is_binary(column.type) else MARK.decode())


def _sizes(batch: pa.RecordBatch) -> list[int]:
    """Bytes that stand aside for each row; empty where there are none."""
    sizes: list[int] = []
    for column in batch.columns:
        if not can_be_large(column.type):
            continue
        for row in pc.indices_nonzero(_are_handles(column).fill_null(False)):
            sizes = sizes or [0] * batch.num_rows
            sizes[row.as_py()] += int(column[row.as_py()].as_buffer().to_pybytes().rpartition(b":")[2])
    return sizes
