"""Threads for torch's work on many small matrices.

torch divides each operation among its threads, which then wait for each other. Where the operations
are small they gain little, and on a machine where other programs run they lose much: a step of the
66-qubit job took five times as long, an evaluation of it thirty times. Here whole parts of the work
go to threads instead, which compute each operation alone and wait for nobody.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from threading import Barrier
from typing import TypeVar

import torch
from threadpoolctl import ThreadpoolController, threadpool_limits

SMALL = 2**21  # outputs of a step up to which one thread is as fast as several
LIGHT = 2**28  # multiplications for them up to which it is
NARROW = 256  # bond dimension up to which one thread is about as fast as several
AHEAD = 2  # parts for each thread whose results may wait to be fetched

Part, Result = TypeVar("Part"), TypeVar("Result")


@contextmanager
def one_thread_if_small(n_outputs: int, work: int = 0) -> Iterator[None]:
    """All of torch's and numpy's work inside in one thread, if it is small.

    numpy's threads look for work without rest, which takes twice the time of a processor.

    Args:
        n_outputs: networks times samples that one energy scores.
        work: multiplications for each of them.
    """
    if n_outputs > SMALL or n_outputs * work > LIGHT:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1, user_api="blas"):
            yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def one_thread_if_narrow(bond_dim: float) -> Iterator[None]:
    """LAPACK and BLAS in compiled loops in one thread, where matrices are small.

    Their threads wait for each other within each of thousands of decompositions.

    Args:
        bond_dim: the largest that there can be.
    """
    if bond_dim > NARROW:
        yield
        return
    with _libraries().limit(limits=1, user_api="blas"):
        yield


@cache
def _libraries() -> ThreadpoolController:
    """Found once, as looking for them takes milliseconds."""
    return ThreadpoolController()


def in_order(function: Callable[[Part], Result], parts: Iterable[Part]) -> Iterator[Result]:
    """``map(function, parts)`` in as many threads as torch has; results do not depend on how many.

    Few results are held at a time, however many parts there are.
    """
    threads = torch.get_num_threads()
    if threads < 2:
        yield from map(function, parts)
        return
    pool = _pool(threads)
    waiting: deque[Future] = deque()
    try:
        for part in parts:
            waiting.append(pool.submit(function, part))
            if len(waiting) > AHEAD * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:  # an error or Ctrl-C: what has not begun need not
            future.cancel()


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Threads in each of which torch has one thread."""
    all_started = Barrier(threads + 1)
    pool = ThreadPoolExecutor(threads, "torch", initializer=_one_thread)
    for _ in range(threads):
        pool.submit(all_started.wait)
    all_started.wait()
    torch.set_num_threads(threads)  # what other threads begin with, until one sets its own
    return pool


def _one_thread() -> None:
    torch.get_num_threads()  # torch sets a thread up at its first call, which must not come later
    torch.set_num_threads(1)


def _after_fork() -> None:
    """A forked child has the pools of its parent without threads: torch's own would be waited for
    for ever."""
    _pool.cache_clear()
    torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
