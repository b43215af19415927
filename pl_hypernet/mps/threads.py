"""Work in blocks of shots, shared among as many threads as torch uses."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import torch

LEAST_BLOCKS = 4  # for a thread; waking it costs as much as some blocks do


def in_threads(
    function: Callable[[int, int, int], None], n_circuits: int, shots: int, block: int
) -> None:
    """Calls ``function(circuit, begin, end)`` until all shots of all circuits are done.

    What is computed must not depend on how the shots are divided. The number of threads is
    ``torch.get_num_threads()``; the function has to let go of Python's lock to gain by it.
    """
    blocks = -(-shots // block)
    threads = min(torch.get_num_threads(), n_circuits * blocks // LEAST_BLOCKS)
    if threads < 2:
        for circuit in range(n_circuits):
            function(circuit, 0, shots)
        return
    parts = min(blocks, -(-threads // n_circuits))  # of each circuit
    step = -(-blocks // parts) * block
    jobs = [
        (circuit, begin, min(begin + step, shots))
        for circuit in range(n_circuits)
        for begin in range(0, shots, step)
    ]
    pool = _pool(torch.get_num_threads())
    for done in [pool.submit(function, *job) for job in jobs]:
        done.result()


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="hypernet.mps")


if hasattr(os, "register_at_fork"):  # a forked child has the pools of its parent without threads
    os.register_at_fork(after_in_child=_pool.cache_clear)
