"""JSON that shows what is there: nothing in it makes a terminal or an editor show something else."""

from __future__ import annotations

import json
import re

# controls, line ends, marks that turn the direction of writing, halves of characters
_INVISIBLE = re.compile("[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def visible_json(value: object) -> str:
    """On one line, without blanks between its parts; what cannot be seen is written as an escape."""
    line = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _INVISIBLE.sub(lambda found: f"\\u{ord(found[0]):04x}", line)
