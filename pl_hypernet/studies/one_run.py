"""One run of a sweep, on whichever machine: begun, gone on with, or found made."""

import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

from pl_hypernet.errors import HypernetError, RunFolderError
from pl_hypernet.training import resume, train
from pl_hypernet.training.checkpoint import has_checkpoint
from pl_hypernet.training.config import RunConfig
from pl_hypernet.training.folder import CONFIG, read_summary
from pl_hypernet.training.from_settings import made_of_settings

STOPPED = "interrupted"  # why a run ended that is to go on
SECONDS = 0.5  # between two reports of how far it is

_one_at_a_time = Lock()  # threads of torch and numpy are set for a whole process


def summary_if_made(folder: Path) -> dict[str, Any] | None:
    """The summary of a run that has ended as it should; None: it is still to be made.

    Raises:
        RunFolderError: the file is damaged.
    """
    summary = read_summary(folder)
    return summary if summary is not None and summary.get("stop_reason") != STOPPED else None


def make_run(
    settings: dict[str, Any],
    folder,
    network: str | None = None,
    report: Callable[[float], None] = lambda share: None,
) -> dict[str, Any]:
    """Begins a run in this folder, or goes on with it.

    Args:
        settings: all of them, by name.
        folder: of the run; its parent exists.
        network: a file that makes the network, as ``mine.py:build``.
        report: called after each step with the share of the steps that are made.

    Returns:
        Its summary.

    Raises:
        HypernetError: as of :func:`train` and :func:`resume`.
    """
    folder = Path(folder)
    if not folder.parent.is_dir():
        raise RunFolderError(
            f"{socket.gethostname()} has no folder {folder.parent}: workers of a sweep need a file "
            "system that all machines share"
        )
    if (made := summary_if_made(folder)) is not None:
        return made
    if has_checkpoint(folder):
        steps = RunConfig.read(folder / CONFIG).steps
        told = [_after_step(report, steps)]
        return resume(folder, callbacks=told, progress=False, network=network).summary
    if folder.exists():  # killed before its first step
        shutil.rmtree(folder)
    config, data, hypernet, _ = made_of_settings(settings)
    told = [_after_step(report, config.steps)]
    training = config.of_training
    return train(hypernet, data, out=folder, callbacks=told, progress=False, **training).summary


def _after_step(report: Callable[[float], None], steps: int) -> Callable:
    """A callback of a training that makes so many."""

    def tell(record: dict, theta) -> None:
        report(record["step"] / steps)

    return tell


def on_worker(
    name: str, settings: dict[str, Any], folder: str, topic: str, network: str | None
) -> dict[str, Any]:
    """The same on a worker of Dask, which says how far it is.

    Args:
        name: of the run.
        settings, folder, network: as of :func:`make_run`.
        topic: of Dask's events, to which ``{"run": name, "share": of its steps}`` goes.

    Returns:
        Its summary, or ``{"error": a line}``.
    """
    from distributed import get_worker

    worker, said = get_worker(), 0.0

    def report(share: float) -> None:
        nonlocal said
        now = time.monotonic()
        if now > said + SECONDS:
            said = now
            worker.log_event(topic, {"run": name, "share": share})

    with _one_at_a_time:
        try:
            return dict(make_run(settings, folder, network, report))
        except HypernetError as error:
            return {"error": " ".join(str(error).split())}
