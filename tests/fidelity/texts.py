"""Texts that other tools have changed: what every database's text columns are measured with."""

from __future__ import annotations

CONTROLS = "".join(map(chr, range(1, 32))) + "\x7f\x80\x85\x9f"
TEXTS = (
    "café",
    "",
    " ",
    "  both ends  ",
    "\\N",
    "\\\\N",
    "NULL",
    "nan",
    "007",
    "1e5",
    "'",
    '"',
    'a"b,c',
    "it''s",
    "\\",
    "C:\\new\\table",
    "a\rb\nc\r\nd",
    "\t",
    CONTROLS,
    "e\u0301 is not \u00e9",
    "👩‍👩‍👧 😀 𝒳",
    "\ufeffmarked",
    "\u200b\u00a0\u2028",
    "\uffff\U0010ffff",
    "caf\u00c3\u00a9",  # UTF-8 taken for latin1, and made UTF-8 again
    "שלום \u202e abc",
    "=SUM(A1)",
    "x" * 20_000,
)
