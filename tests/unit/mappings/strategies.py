"""Values that have broken somebody's migration before."""

from __future__ import annotations

from hypothesis import strategies as st

AWKWARD = [
    "",
    " ",
    "\\N",
    "ß",
    "é",
    "e\u0301",
    "İ",
    "👩‍👧",
    "a'b",
    'a"b',
    "a\nb",
    "a\r\n",
    "ال",
    "\t",
    "%",
    "_",
    "{}",
    "\x00",
    "a\x00b",
]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(AWKWARD)
INTEGERS = st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3)
MAYBE_TEXTS = st.none() | TEXTS
