"""Search that learns nothing: random networks, and all of them."""

import numpy as np

from pl_hypernet.baselines.task import DoesNotApply, Found, Lowest, Task
from pl_hypernet.measurements.expected_loss import bitstrings

KEPT = 20  # networks of the lowest training losses
AT_ONCE = 2**12  # networks
MOST_BITS = 24


def random_search(task: Task, seed: int) -> Found:
    """Scores random networks; the 20 of the lowest training losses are the ensemble.

    Raises:
        DoesNotApply: a network that trains real numbers along.
    """
    rng = np.random.default_rng(seed)
    task.check_no_real()
    lowest, number = Lowest(KEPT), KEPT
    while lowest.bits is None or not task.allowance.is_spent:
        bits = task.random_bits(int(max(1, min(number, task.allowance.left))), rng)
        lowest.add(bits, task.loss(bits))
        if task.allowance.share < 0.5:
            number = min(2 * number, AT_ONCE, max(1, int(task.allowance.used / 10)))
    return Found(lowest.bits)


def exhaustive(task: Task, seed: int) -> Found:
    """Scores all networks, whatever the allowance is; the 20 best are the ensemble.

    Raises:
        DoesNotApply: more than 24 bits, or real numbers that are trained along.
    """
    task.check_no_real()
    n = task.n_qubits
    if n > MOST_BITS:
        raise DoesNotApply(f"for at most {MOST_BITS} bits, not {n}: 2^{n} networks are too many")
    lowest = Lowest(KEPT)
    for begin in range(0, 2**n, AT_ONCE):
        bits = bitstrings(begin, min(2**n, begin + AT_ONCE), n)
        lowest.add(bits, task.loss(bits))
    return Found(lowest.bits, note="all networks scored")
