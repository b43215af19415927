"""A bar with E ± error, on a terminal or, line by line, in a log."""

import sys

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

LOG_LINES = 10  # lines in all where there is no terminal


class ProgressBar:
    """Shows each step of a training; a context manager and a callback.

    Args:
        steps: how many steps there will be.
        console: where to; None: standard error.
    """

    def __init__(self, steps: int, console: Console | None = None):
        self.steps = steps
        self.console = console or Console(file=sys.stderr)
        self._bar = Progress(
            TextColumn("step {task.completed}/{task.total}"),
            BarColumn(bar_width=None),
            TextColumn("E = {task.description}"),
            TimeRemainingColumn(),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self._task = self._bar.add_task("...", total=steps)

    def __enter__(self):
        self._bar.start()
        return self

    def __exit__(self, *_):
        self._bar.stop()

    def __call__(self, record: dict, theta) -> None:
        error = "" if record["stderr"] is None else f" ± {record['stderr']:.4f}"
        energy = f"{record['energy']:.4f}{error}"
        self._bar.update(self._task, completed=record["step"], description=energy)
        for message in record.get("messages", []):
            self.console.print(f"step {record['step']}: {message}", highlight=False)
        every = max(1, self.steps // LOG_LINES)
        if not self.console.is_terminal and record["step"] % every == 0:
            self.console.print(f"step {record['step']}/{self.steps}  E = {energy}", highlight=False)
