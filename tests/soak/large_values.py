"""One value of 200 MiB, out of any platform and into any other: every verdict green, and memory a small multiple of it.

    python -m tests.soak.large_values
    python -m tests.soak.large_values --mib 200 --out-of postgresql --to mariadb --of text

Prints a line a step; ends with 1 where a step took more than BASE_MIB and MOST_TIMES the value, or was not green.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.benchmarks.servers import KINDS, MARIADB, POSTGRESQL, SQLITE, servers
from tests.soak.promise import ending
from tests.soak.there_and_back import ThereAndBack

BASE_MIB, MOST_TIMES = 300, 7
MAPPING = """\
mapping: large
version: 1
tables: {papers: {edges: [{from: papers, columns: {id: id, content: content}}]}}
"""
BYTES, TEXT = CLASSES = ("bytes", "text")
_TYPES = {
    BYTES: {SQLITE: "BLOB", POSTGRESQL: "bytea", MARIADB: "LONGBLOB"},
    TEXT: {SQLITE: "TEXT", POSTGRESQL: "text", MARIADB: "LONGTEXT"},
}
_CONTENTS = {
    BYTES: {
        SQLITE: "randomblob({bytes})",
        POSTGRESQL: "decode(repeat(md5('large'), {bytes} / 16), 'hex')",
        MARIADB: "repeat(unhex(md5('large')), {bytes} / 16)",
    },
    TEXT: {
        SQLITE: "hex(randomblob({bytes} / 2))",
        POSTGRESQL: "repeat(md5('large'), {bytes} / 32)",
        MARIADB: "repeat(md5('large'), {bytes} / 32)",
    },
}


def made(move: ThereAndBack, kinds: tuple[str, str], *, mib: int, of: str = BYTES) -> ThereAndBack:
    """The move of a table with one value of so many bytes, between platforms of these kinds."""
    for platform, kind in ((move.source, kinds[0]), (move.target, kinds[1])):
        platform.run(f"CREATE TABLE papers (id INTEGER PRIMARY KEY, content {_TYPES[of][kind]} NOT NULL)")
    move.source.run(f"INSERT INTO papers VALUES (1, {_CONTENTS[of][kinds[0]].format(bytes=mib << 20)})")
    return move.written(MAPPING)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mib", type=int, default=200)
    parser.add_argument("--out-of", choices=KINDS, default=SQLITE)
    parser.add_argument("--to", choices=KINDS, default=SQLITE)
    parser.add_argument("--of", choices=CLASSES, default=BYTES)
    given = parser.parse_args()
    most = BASE_MIB + MOST_TIMES * given.mib
    with tempfile.TemporaryDirectory(prefix="migrator-soak-") as name, servers(Path(name)) as running:
        if MARIADB in (given.out_of, given.to):
            running.mariadb.admin("SET GLOBAL max_allowed_packet = 1073741824")
        source, target, empty = (running.database(kind) for kind in (given.out_of, given.to, given.out_of))
        move = ThereAndBack(folder=Path(name), source=source, target=target, empty=empty)
        print("| step | wall s | peak MiB | times the value |\n| --- | ---: | ---: | ---: |", flush=True)
        for step, cost in made(move, (given.out_of, given.to), mib=given.mib, of=given.of).judged(most):
            times = (cost.peak - BASE_MIB) / given.mib
            print(f"| {step} | {cost.wall:.1f} | {cost.peak:.0f} | {times:.1f} |", flush=True)


if __name__ == "__main__":
    ending(main)
