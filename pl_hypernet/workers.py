"""Dask's workers: processes of this machine, or those of a cluster that is there."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing import forkserver, get_all_start_methods, get_context
from typing import Any

from pl_hypernet.errors import InputError

NO_DASK = "Dask is not installed, which hands out work: pip install 'pl_hypernet[sweep]'"
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
LOADED = ["pl_hypernet.training", "distributed"]
METHOD = "distributed.worker.multiprocessing-method"
HERE = "127.0.0.1:0"  # any port, which other machines do not reach
CONFIG = {
    "distributed.scheduler.worker-saturation": 1.0,  # no run waits at a worker that has one
    "distributed.scheduler.http.routes": [],  # no pages of what is computed
    "distributed.worker.http.routes": [],
    "distributed.worker.profile.enabled": False,  # nobody looks at it
}
SECONDS = 10  # for which an address is tried


def check_dask() -> None:
    """Refuses to begin without Dask.

    Raises:
        InputError: it is not installed.
    """
    try:
        import distributed  # noqa: F401
    except ImportError as error:
        raise InputError(NO_DASK) from error


@contextmanager
def connected(workers: int, scheduler: Any) -> Iterator[Any]:
    """A client of Dask.

    Args:
        workers: processes of this machine, of one thread each.
        scheduler: the address of a cluster that takes their place, or a ``distributed.Client`` of
            one, which stays open; None: this machine.

    Raises:
        InputError: nothing answers at the address, or workers cannot be started.
    """
    import dask
    from distributed import Client

    if isinstance(scheduler, Client):
        yield scheduler
        return
    with ExitStack() as stack:
        if scheduler is None:
            if "forkserver" in get_all_start_methods():
                _load_once()
                stack.enter_context(dask.config.set({METHOD: "forkserver"}))
            stack.enter_context(dask.config.set(CONFIG))
            scheduler = stack.enter_context(_processes(workers))
        try:
            client = Client(scheduler, timeout=SECONDS, set_as_default=False)
        except (OSError, TypeError, ValueError, MemoryError) as error:  # the last of no scheduler's
            raise InputError(
                f"scheduler {scheduler!r}: no scheduler of Dask answers there; expected an "
                "address, as tcp://10.0.0.1:8786"
            ) from error
        yield stack.enter_context(client)


def _processes(number: int):
    """A cluster of processes of this machine."""
    from distributed import LocalCluster

    try:
        return LocalCluster(
            n_workers=number,
            threads_per_worker=1,
            processes=True,
            memory_limit=0,  # what a run needs is known before it begins
            dashboard_address=HERE,  # of servers that Dask starts in any case: None is 0.0.0.0
            worker_dashboard_address=HERE,
            scheduler_kwargs={"dashboard": False},
            silence_logs=50,  # a lost worker is a matter of course
        )
    except RuntimeError as error:  # each process imports the program's main file
        raise InputError(
            "workers cannot be started: in a program of your own put what it does below if "
            "__name__ == '__main__':"
        ) from error


def _load_once() -> None:
    """Workers are forked from one process that has loaded PyTorch and PennyLane, which takes ten
    seconds of a processor: so they are there at once, also in the place of one that was lost."""
    get_context("forkserver").set_forkserver_preload(LOADED)
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    try:
        forkserver.ensure_running()
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
