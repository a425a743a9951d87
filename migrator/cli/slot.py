"""One process of a worker: performs one run after the other, until it is told to stop or its worker is gone."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from contextlib import suppress
from dataclasses import replace

from migrator.cli.logs import ABOUT, log_to_stderr

_LOG = logging.getLogger("migrator.worker")


def main() -> None:
    """Serve until SIGTERM, or until standard input ends with the worker that holds its other end."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the worker hears it, and says what becomes of its runs
    threading.Thread(target=_leave_with_worker, daemon=True).start()
    with suppress(KeyboardInterrupt):
        _perform()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    sys.exit(0)


def _perform() -> None:
    from migrator.runs.liveness.worker_log import WorkerLog
    from migrator.settings import read_settings
    from migrator.tracing import tracing
    from migrator.wiring import here

    settings = read_settings()
    log_to_stderr(settings.log)
    traced = tracing(settings, "worker")
    if traced is None:
        here().work(WorkerLog(_say))
        return
    try:
        replace(here(traced.tick), spanned=traced.run).work(WorkerLog(_say))
    finally:
        traced.close()


def _say(run_id: str, tenant: str, words: str) -> None:
    _LOG.info("%s", words, extra={ABOUT: {"run": run_id, "tenant": tenant}})


def _leave_with_worker() -> None:
    """A worker that was killed wants nothing finished: others take its runs over, as of any that died."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
