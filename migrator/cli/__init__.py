"""The command line: argv to the service, the answer to the terminal, the verdict to the exit code."""

from __future__ import annotations

import gc
import io
import signal
import sys


def main() -> None:
    """Run the command and exit with its code: 0 done, 1 fault, 2 usage, 3 red, 130 interrupted."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a supervisor's stop is a person's Ctrl-C
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # so is a closed terminal, unless nohup says otherwise
        signal.signal(signal.SIGHUP, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a character it has no code for makes no fault of what is done
            stream.reconfigure(errors="backslashreplace")
    try:
        from migrator.cli.app import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # while this program was still being read in
        sys.stderr.write("error: interrupted before anything began\n")
        code = 130
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the answer is given: what comes now must not make another of it
    if code:
        gc.collect()  # what an error's frames still hold, its library would complain of at the end of the process
    sys.exit(code)
