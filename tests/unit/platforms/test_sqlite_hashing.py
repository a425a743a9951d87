"""The hash of a row is what journals hold: however it is computed, it never changes."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any
from unittest.mock import patch

from hypothesis import example, given
from hypothesis import strategies as st

from migrator.platforms.sqlite import hashing

_VALUES = st.none() | st.integers() | st.floats() | st.text(max_size=9) | st.binary(max_size=40)


@given(st.lists(_VALUES | st.text("'\"a\\", max_size=20).map(str.encode), min_size=1, max_size=4).map(tuple))
@example((b"it's " * 2,))
@example((b'say "it"' * 2, b"'" * 9))
@example((b'it\'s "both"' * 2, "name"))
def test_a_large_value_is_hashed_in_pieces_to_the_same_hash(values: tuple[Any, ...]) -> None:
    with patch.object(hashing, "_PIECE", 3):
        found = hashing._hash(*values)
    assert found == blake2b(ascii(values).encode("ascii"), digest_size=16).digest()
