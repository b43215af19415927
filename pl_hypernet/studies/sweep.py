"""Many runs, on many processes or machines: each is an ordinary run folder."""

import os
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from pl_hypernet.console import Console
from pl_hypernet.errors import InputError, RunFolderError
from pl_hypernet.studies.estimate import estimate
from pl_hypernet.studies.folder import RUNS, places, study_folder
from pl_hypernet.studies.metrics import figures_of
from pl_hypernet.studies.one_run import summary_if_made
from pl_hypernet.studies.pool import Pool
from pl_hypernet.studies.progress import SweepBar
from pl_hypernet.studies.results import SweepResults
from pl_hypernet.studies.study import Study, SweptRun, read_study
from pl_hypernet.studies.values import Point
from pl_hypernet.training.whole_files import written_to
from pl_hypernet.workers import check_dask


def sweep(
    study,
    out=None,
    *,
    workers: int | None = None,
    scheduler=None,
    networks: Sequence[str] = (),
    progress: bool = True,
) -> SweepResults:
    """Makes the runs of a study, side by side on Dask, those that are not made yet.

    A run whose worker is lost goes on from its checkpoint on another one. The same sweep again goes
    on where it was, and finds made what is made; it may have more values, points or seeds by then.

    Args:
        study: path of a TOML file, which is a run's ``config.toml`` and a table ``[sweep]``, see
            :class:`pl_hypernet.settings.SweepSettings`; the folder of a study, which goes on; or a
            dict as of the file.
        out: folder; None: the file's name without its ending. Runs are in ``out/runs``.
        workers: processes of this machine, of one thread each; None: as many as processors. A
            script that calls this needs ``if __name__ == "__main__":`` around it.
        scheduler: in their place, the address of a Dask cluster, or a ``distributed.Client`` of
            one. Its workers need this package, and to see the folder under the same path.
        networks: files that make networks and may be run, as ``"mine.py:build"``.
        progress: show a bar.

    Returns:
        SweepResults: a row for each run, which ``out/results.csv`` holds too, and the picture that
        is in ``out/results.png``. A run that fails has an ``error``, and ends no other.

    Raises:
        InputError, DataError, DeviceError, RunFolderError: before any run: of any of them, by what
            :func:`plan` says; or Dask is not installed.
    """
    if workers is None:
        here = getattr(os, "sched_getaffinity", None)  # Linux alone says what this process may use
        workers = len(here(0)) if here else os.cpu_count() or 1
    if not isinstance(workers, int) or workers < 1:
        raise InputError(f"workers={workers!r}: expected a number of at least 1")
    check_dask()
    source, folder = places(study, out)
    asked = read_study(source, networks)
    console = Console(stderr=True)
    with console.status("checking all runs") if progress and console.is_live else nullcontext():
        planned = estimate(asked, workers if scheduler is None else 1)
    made = _Made(asked, folder)
    with study_folder(folder, asked), SweepBar(planned.runs, progress) as bar:
        for line in filter(None, (planned.said, str(planned))):
            bar.say(line)
        try:
            with Pool(folder, workers, scheduler, bar) as pool:
                search = asked.search()
                while points := search.ask():
                    search.tell([made.score(runs) for runs in made.make(points, pool, bar)])
        finally:
            results = made.results()
            if results.rows:
                with written_to(folder):
                    results.save()
    return results


class _Made:
    """The runs of a sweep, and what they reached.

    Args:
        study: what was asked for.
        folder: of it.
    """

    def __init__(self, study: Study, folder: Path):
        self._study, self._folder = study, folder
        self._runs: dict[str, SweptRun] = {}  # by name, in the order of their points
        self._rows: dict[str, dict[str, Any]] = {}

    def make(self, points: list[Point], pool: Pool, bar: SweepBar) -> list[list[SweptRun]]:
        """Makes the runs of these points that are not made; all of them for each point."""
        of_points = [self._study.runs(point) for point in points]
        new = {run.name: run for runs in of_points for run in runs if run.name not in self._runs}
        self._runs |= new
        left = []
        for run in new.values():
            try:
                summary = summary_if_made(self._folder / RUNS / run.name)
            except RunFolderError:  # the worker will say so
                summary = None
            if summary is None:
                left.append(run)
                continue
            self._rows[run.name] = _row(run, summary)
            bar.made(run.name, before=True)
        for run, summary in pool.make(left):
            self._rows[run.name] = _row(run, summary)
            bar.made(run.name, summary.get("error"))
        return of_points

    def score(self, runs: list[SweptRun]) -> float | None:
        """The mean of the metric over the seeds of a point; None: not all runs have it."""
        values = [self._rows[run.name].get(self._study.sweep.metric) for run in runs]
        return None if None in values else float(np.mean(values))

    def results(self) -> SweepResults:
        """As far as it got."""
        names = tuple(each.name for each in self._study.parameters)
        rows = [self._rows[name] for name in self._runs if name in self._rows]
        return SweepResults(self._folder, names, self._study.sweep.metric, rows)


def _row(run: SweptRun, summary: dict[str, Any]) -> dict[str, Any]:
    """Where a run is, what differs, and its figures; settings come before figures of their name."""
    about = {"run": f"{RUNS}/{run.name}", **run.point, "seed": run.seed}
    figures = figures_of(summary)
    return about | {name: figure for name, figure in figures.items() if name not in about}
