"""Times of calls that are to be compared."""

import time
from collections.abc import Callable

import numpy as np


def median_seconds(functions: dict, repeats: int, clock: Callable = time.perf_counter) -> dict:
    """Median time of each, called in turn after one call that is not counted.

    Args:
        functions: name -> function without arguments.
        repeats: calls that count.
        clock: ``time.process_time`` leaves out what other programs took of a shared core.
    """
    times: dict = {name: [] for name in functions}
    for _ in range(repeats + 1):
        for name, function in functions.items():
            start = clock()
            function()
            times[name].append(clock() - start)
    return {name: float(np.median(values[1:])) for name, values in times.items()}
