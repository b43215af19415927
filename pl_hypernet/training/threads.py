"""How many threads torch scores small batches of networks with."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

SMALL = 2**21  # outputs of a step below which one thread is as fast as several


@contextmanager
def one_thread_if_small(n_outputs: int) -> Iterator[None]:
    """One thread for small work: several gain little there, and on a machine where other programs
    run they wait for each other (a step of the 66-qubit job then took five times as long).

    Args:
        n_outputs: networks times samples that one energy scores.
    """
    before = torch.get_num_threads()
    if n_outputs <= SMALL:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
