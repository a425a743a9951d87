"""The command line, with its peak memory told at its end: `python -m tests.benchmarks.watched FILE ARGUMENTS…`.

FILE gets the largest resident size in KiB. What the kernel tells the parent (`ru_maxrss`) will not do: a new process
starts with the peak of the one that started it, and a test run is larger than the command it measures.
"""

from __future__ import annotations

import sys
from pathlib import Path

from migrator.cli import main


def _peak_kib() -> int:
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1])


if __name__ == "__main__":
    file = Path(sys.argv.pop(1))
    try:
        main()
    finally:
        file.write_text(str(_peak_kib()))
