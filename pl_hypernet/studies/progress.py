"""How far a sweep is: one bar for all runs, or lines in a log."""

import sys
import time
from contextlib import ExitStack

from rich.progress import BarColumn, Progress, TextColumn

from pl_hypernet.console import Console
from pl_hypernet.training.progress import clock

LOG_LINES = 20  # where there is no terminal


class SweepBar:
    """One bar for all runs, with how many are made and the time that is left; a context manager.

    Args:
        n_runs: all of them.
        shown: whether to show anything.
    """

    def __init__(self, n_runs: int, shown: bool = True):
        self.console, self.shown = Console(stderr=True), shown
        self.live = shown and self.console.is_live
        self._n_runs = n_runs
        self._made = self._failed = 0
        self._shares: dict[str, float] = {}  # of each run, how much of it is made
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[left]}", markup=False),
            console=self.console,
            disable=not self.live,
            redirect_stdout=sys.stdout.isatty(),
        )
        self._task = self._bar.add_task("", total=n_runs, left="")
        self._began: tuple[float, float] | None = None  # when, and what was made before

    def __enter__(self):
        with ExitStack() as stack:
            if self.live:
                stack.enter_context(self._bar)
            self._open = stack.pop_all()
        return self

    def __exit__(self, *error):
        self._open.__exit__(*error)

    def share(self, name: str, share: float) -> None:
        """How much of a run is made; one whose worker was lost goes on from less."""
        self._shares[name] = share
        self._show()

    def made(self, name: str, error: str | None = None, before: bool = False) -> None:
        """A run is over.

        Args:
            name: of the run.
            error: why it failed.
            before: it was made earlier.
        """
        self._shares[name] = 1.0
        self._made, self._failed = self._made + 1, self._failed + bool(error)
        if error:
            self.say(f"{name}: {error}")
        self._show()
        every = max(1, self._n_runs // LOG_LINES)
        if not self.live and not before and self._made % every == 0:
            self.say(self._words())

    def say(self, line: str) -> None:
        if self.shown:
            self.console.print(line, soft_wrap=True, markup=False)

    def _words(self) -> str:
        failed = f", {self._failed} failed" if self._failed else ""
        return f"{self._made} of {self._n_runs} runs{failed}"

    def _show(self) -> None:
        made, now = sum(self._shares.values()), time.monotonic()
        left = ""
        if self._began is None:
            self._began = now, made
        elif made > self._began[1]:
            began, before = self._began
            left = f"{clock((now - began) * (self._n_runs - made) / (made - before))} left"
        self._bar.update(self._task, completed=made, description=self._words(), left=left)
