"""What DBOS is asked, it is asked in a thread beside: a signal ends the waiting, and no transaction in its middle.

An interruption may come between any two instructions of the main thread. Within a library's transaction it could leave
a connection with its locks held, for which whoever asks next waits for ever: DBOS repeats what finds a lock.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from queue import SimpleQueue
from threading import Lock, Thread
from typing import TypeVar

Answer = TypeVar("Answer")

_asking = Lock()  # the main thread takes it only where nobody is to be interrupted any more


def aside(ask: Callable[[], Answer]) -> Answer:
    """What it gives or raises. Whoever is interrupted leaves it to its end; what is asked after that waits for it."""
    # the answer once it is there: who is interrupted while it waits for one may keep its lock from whoever gives it
    answers = SimpleQueue[Future[Answer]]()

    def work() -> None:
        answer: Future[Answer] = Future()
        with _asking:
            try:
                answer.set_result(ask())
            except BaseException as error:  # noqa: BLE001 - it is raised where it was asked
                answer.set_exception(error)
        answers.put(answer)

    Thread(target=copy_context().run, args=(work,), name="asks DBOS", daemon=True).start()
    return answers.get().result()


def settled(patience_s: float) -> None:
    """Wait for what somebody left to its end, and not for longer."""
    if _asking.acquire(timeout=patience_s):
        _asking.release()
