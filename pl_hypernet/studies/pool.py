"""Runs handed out to workers, and handed out again when a worker is lost."""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from pl_hypernet.studies.folder import RUNS
from pl_hypernet.studies.one_run import on_worker
from pl_hypernet.studies.progress import SweepBar
from pl_hypernet.studies.study import SweptRun
from pl_hypernet.workers import connected

TRIES = 3  # of a run whose workers are lost again and again, without getting further


class Pool:
    """Workers, which are started with the first run that is to be made; a context manager.

    Args:
        folder: of the study.
        workers, scheduler: as of :func:`sweep`.
        bar: is told how far runs are.
    """

    def __init__(self, folder: Path, workers: int, scheduler: Any, bar: SweepBar):
        self._runs = (folder / RUNS).resolve()
        self._workers, self._scheduler, self._bar = workers, scheduler, bar
        self._topic = f"pl_hypernet-{uuid.uuid4().hex}"
        self._client: Any = None
        self._futures: dict[str, Any] = {}  # by the names of their runs, those in progress
        self._shares: dict[str, float] = {}  # how much of a run is made

    def __enter__(self):
        self._open = ExitStack()
        return self

    def __exit__(self, *error):
        if self._futures:  # Ctrl-C: what has not begun on a cluster need not
            self._client.cancel(list(self._futures.values()))
        if self._client is not None:
            self._client.unsubscribe_topic(self._topic)
        self._open.__exit__(*error)

    def make(self, runs: list[SweptRun]) -> Iterator[tuple[SweptRun, dict[str, Any]]]:
        """Each run, as it is over, with its summary or ``{"error": a line}``."""
        if not runs:
            return
        from distributed import KilledWorker, as_completed

        if self._client is None:
            self._client = self._open.enter_context(connected(self._workers, self._scheduler))
            self._client.subscribe_topic(self._topic, self._told)
        by_name = {run.name: run for run in runs}
        before = dict.fromkeys(by_name, 0.0)  # how much was made when it was handed out
        left = dict.fromkeys(by_name, TRIES)
        futures = [self._submit(run) for run in runs]
        completed = as_completed(futures, loop=self._client.loop)
        for future in completed:
            name = next(name for name, other in self._futures.items() if other is future)
            error = future.exception() if future.status == "error" else None
            share = self._shares.get(name, 0.0)
            if isinstance(error, KilledWorker):  # Dask itself hands out a few times
                left[name] = TRIES if share > before[name] else left[name] - 1
                before[name] = share
                if left[name]:
                    completed.add(self._submit(by_name[name]))
                    continue
            del self._futures[name]
            if future.status == "finished":
                yield by_name[name], future.result()
                continue
            said = f"{future.status}" if error is None else f"{type(error).__name__}: {error}"
            yield by_name[name], {"error": " ".join(said.split())}

    def _submit(self, run: SweptRun):
        network = run.config.network if isinstance(run.config.network, str) else None
        future = self._client.submit(
            on_worker,
            run.name,
            run.settings,
            str(self._runs / run.name),
            self._topic,
            network,
            key=f"{run.name}-{uuid.uuid4().hex}",
            pure=False,
        )
        self._futures[run.name] = future
        return future

    def _told(self, event) -> None:
        """How far a run is, by one of Dask's events: a time and what was said."""
        said = event[1]
        self._shares[said["run"]] = said["share"]
        self._bar.share(said["run"], said["share"])
