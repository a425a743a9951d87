"""The command line: argv to the service, the answer to the terminal, the verdict to the exit code."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command and exit with its code: 0 done, 1 fault, 2 usage, 3 red, 130 interrupted."""
    from migrator.cli.app import run

    sys.exit(run(sys.argv[1:]))
