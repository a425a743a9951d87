"""Who asks to stop is heard by everyone it concerns, and once."""

from __future__ import annotations

import os
import signal

import pytest

from migrator.runs.interrupts import watched


def test_what_comes_too_late_for_a_run_is_heard_by_who_performs_one_after_the_other() -> None:
    """A worker that was told to stop while a run was being recorded began the next one."""
    with watched(signal.SIGTERM) as worker:
        with watched(is_held=True), watched() as run:
            run.is_ending = True
            os.kill(os.getpid(), signal.SIGTERM)
        assert (worker.seen, run.seen) == (True, False)


def test_what_a_run_is_asked_is_not_asked_of_who_performs_others() -> None:
    """A run that is cancelled, or another's by now, is interrupted by SIGINT; its worker goes on."""
    with watched(signal.SIGTERM) as worker:
        with pytest.raises(KeyboardInterrupt), watched() as run:
            os.kill(os.getpid(), signal.SIGINT)
        assert (worker.seen, run.seen) == (False, True)
