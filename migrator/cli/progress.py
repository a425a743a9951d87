"""Progress on stderr: a live line on a terminal, one plain line a step elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from migrator.cli.output import stderr
from migrator.outcomes import Progress as Callback
from migrator.outcomes import Tick, silent


@contextmanager
def shown(*, quiet: bool = False) -> Iterator[Callback]:
    """The callback to give to the service while a command runs."""
    if quiet:
        yield silent
    elif stderr.is_terminal:
        with _Live() as live:
            yield live.tick
    else:
        yield _Plain().tick


class _Live:
    def __init__(self) -> None:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[count]}"),
            TimeElapsedColumn(),
        )
        self._progress = Progress(*columns, console=stderr, transient=True)
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> _Live:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def tick(self, tick: Tick) -> None:
        for task in [task for step, task in self._tasks.items() if step != tick.step]:
            self._progress.remove_task(task)
        self._tasks = {step: task for step, task in self._tasks.items() if step == tick.step}
        if tick.step not in self._tasks:
            self._tasks[tick.step] = self._progress.add_task(tick.step, total=tick.total, count="")
        words = f"{tick.step} {tick.what}".strip()
        count = f"{tick.done:,} of {tick.total:,}" if tick.total else ""
        self._progress.update(
            self._tasks[tick.step], description=words, completed=tick.done, total=tick.total, count=count
        )


class _Plain:
    """For logs: a line when a step begins, none while it goes on."""

    def __init__(self) -> None:
        self._step = ""

    def tick(self, tick: Tick) -> None:
        if tick.step != self._step:
            self._step = tick.step
            stderr.print(f"… {tick.step}", markup=False)
