"""Shows what is under way: on a terminal a bar for bytes and a clock for steps, in a log one line per step."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from meshproof.toolchain.program import Progress, Step


@contextlib.contextmanager
def shown(console: Console) -> Iterator[Progress]:
    """Give what `find(progress=…)` takes; the display is gone when the block ends."""
    if not console.is_terminal:
        yield _Lines(console)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Bars(*columns, console=console, transient=True) as bars:
        yield _Bars(bars)


class _Bars:
    """One bar, replaced when something else begins: the program's sources come one after the other."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._doing = ""

    def __call__(self, step: Step) -> None:
        if step.doing != self._doing:
            self._doing = step.doing
            for task in self._bars.task_ids:
                self._bars.remove_task(task)
            self._bars.add_task(step.doing, total=None)
        (task,) = self._bars.task_ids
        self._bars.update(task, completed=step.done_bytes, total=step.total_bytes or None)


class _Lines:
    """For a log: each step once."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._doing = ""

    def __call__(self, step: Step) -> None:
        if step.doing != self._doing:
            self._doing = step.doing
            self._console.print(step.doing, markup=False, highlight=False)
