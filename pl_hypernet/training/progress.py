"""How far a run is, from its first step to its last picture: one bar, or lines in a log."""

import sys
import time
from contextlib import ExitStack

from numba.core import event
from rich.progress import BarColumn, Progress, TextColumn

from pl_hypernet.console import Console

LOG_LINES = 10  # of the training, where there is no terminal
COMPILING = "compiling, once"


class ProgressBar(event.Listener):
    """One bar for all stages of a run, with E ± error and the time that is left; a context manager.

    Args:
        stages: the seconds that each stage will take, about, by its name and in order; None where
            the stage itself has to show it.
        shown: whether to show anything.
        console: where to; None: standard error.
    """

    def __init__(
        self,
        stages: dict[str, float | None],
        shown: bool = True,
        console: Console | None = None,
    ):
        self.shown = shown
        self.console = console or Console(stderr=True)
        self.live = shown and self.console.is_live
        self._expected = dict(stages)
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[energy]}", markup=False),
            TextColumn("{task.fields[left]}", markup=False),
            console=self.console,
            disable=not self.live,
            redirect_stdout=sys.stdout.isatty(),  # what is printed into a file belongs there
        )
        self._task = self._bar.add_task("", total=1.0, energy="", left="")
        self._counted: float | None = None  # since when; the first step takes longer than others
        self._compiling = False
        self._logged = -1

    def __enter__(self):
        with ExitStack() as stack:
            if self.live:
                stack.enter_context(self._bar)
            stack.enter_context(event.install_listener("numba:compile", self))
            self._open = stack.pop_all()
        self._began = time.monotonic()
        self.stage(next(iter(self._expected)))
        return self

    def __exit__(self, *error):
        self._open.__exit__(*error)

    def stage(self, name: str, line: str | None = None) -> None:
        """A stage begins.

        Args:
            name: one of ``stages``.
            line: of it in a log.
        """
        for other in list(self._expected):  # those before it are over
            if other == name:
                break
            del self._expected[other]
        self._name, self._first = name, None
        self._show(name, 0.0)
        self._bar.refresh()  # however short it is
        if line:
            self._log(line)

    def first_step(self, number: int, solves: str, is_long: bool) -> None:
        """The first step begins, which may take long: what it solves, in words."""
        label = f"step {number}: {solves}" if solves else f"step {number}"
        self._show(label, 0.0)
        self._bar.refresh()
        if is_long:
            self._log(label)

    def step(self, record: dict, steps: int) -> None:
        """A step of the training was made: its line of the history, and how many there will be."""
        number = record["step"]
        has_line = not self.live and number % max(1, steps // LOG_LINES) == 0
        if not self.shown:
            return
        for message in record.get("messages", []):
            self.console.print(f"step {number}: {message}")
        if self.live or has_line:
            error = "" if record["stderr"] is None else f" ± {record['stderr']:.4f}"
            energy = self.console.plain(f"E = {record['energy']:.4f}{error}")
            self._update(energy=energy)
            self._show(f"step {number}/{steps}", number / steps)
        if has_line:
            self._log(f"step {number}/{steps}  {energy}")

    def share(self, share: float) -> None:
        """How much of the stage is done, from 0 to 1."""
        self._show(None, share)

    def on_start(self, _) -> None:
        """numba compiles a loop: in the first run on a machine, which then takes longer."""
        if not self._compiling:
            self._compiling = True
            self._log(COMPILING)
        self._update(description=COMPILING)

    def on_end(self, _) -> None:
        self._update(description=self._label)

    def done(self) -> None:
        """The run is over."""
        seconds = time.monotonic() - self._began
        self._update(description="done", completed=1.0, left=clock(seconds))

    def _show(self, label: str | None, share: float) -> None:
        now = time.monotonic()
        left = self._left(now, share)
        if left is not None:
            passed = 0.0 if self._counted is None else now - self._counted
            self._update(
                completed=passed / max(passed + left, 1e-9),
                left=f"{clock(left)} left",
            )
        if label is not None:
            self._label = label
            self._update(description=label)

    def _update(self, **fields) -> None:
        if self.live:
            self._bar.update(self._task, **fields)

    def _left(self, now: float, share: float) -> float | None:
        """Seconds until the end of the run, about."""
        here, *later = self._expected.values()
        if self._first is None:
            if share > 0:
                self._first = now, share
                if self._counted is None:
                    self._counted = now
        elif share > self._first[1]:
            began, before = self._first
            here = (now - began) * (1 - share) / (share - before)
        return None if here is None else here + sum(later)

    def _log(self, line: str) -> None:
        if self.shown and not self.live:
            self.console.print(line)


def clock(seconds: float) -> str:
    """As 0:00:12."""
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
