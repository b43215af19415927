"""Branch and bound for one sigmoid layer: its optimum, proved, or how far it can be at most."""

import heapq

import numpy as np

from pl_hypernet.baselines.one_flip import descended
from pl_hypernet.baselines.one_layer import one_layer
from pl_hypernet.baselines.relaxation import Relaxation
from pl_hypernet.baselines.task import GRADIENT, DoesNotApply, Found, Task

CLOSE = 1e-9  # nats: bounds within this of the best network are as good
STARTS = 20  # searches before it begins, at most
OF_STARTS = 0.2  # of the allowance that they may spend


def branch_and_bound(task: Task, seed: int) -> Found:
    """Halves the set of all networks, bit by bit, and drops what cannot hold a better one.

    The bound is the lowest loss over bits that may be any number from 0 to 1. Of the open sets the
    one of the lowest bound comes first; it is halved by the bit that is nearest to 1/2. The first
    network to beat is the best of up to 20 one-flip searches, and of one from the relaxed bits.

    Args:
        task: what to find, and what may be spent; beyond it the gap is said.
        seed: of the searches.

    Returns:
        The best network, with ``lower_bound`` of all, ``gap``, as a share of its loss, 0 where it
        is proved, and ``nodes``.

    Raises:
        DoesNotApply: other networks than of one layer, one output, a sigmoid and cross-entropy.
    """
    layer = one_layer(task)
    if layer.n_outputs > 1 or layer.choice >= 0 or layer.hard[0]:
        raise DoesNotApply("for one output with a sigmoid: --activation sigmoid")
    relaxed, allowance = Relaxation(layer), task.allowance
    n = task.n_qubits
    bound = relaxed.bound(np.zeros(n), np.ones(n), np.inf, np.full(n, 0.5))
    allowance.spend(GRADIENT * bound.evaluations)
    rounded = np.round(bound.bits).astype(np.int8)
    starts = [rounded, *task.random_bits(STARTS, np.random.default_rng(seed))]
    best, lowest = rounded, relaxed.loss(rounded)
    for start in starts:
        if allowance.share > OF_STARTS:
            break
        end = descended(task, start[None])[0][0]
        if (loss := relaxed.loss(end)) < lowest:
            best, lowest = end, loss
    low, high = np.zeros(n, dtype=np.int8), np.ones(n, dtype=np.int8)
    # a number in each entry, so that boxes of the same bound are not compared
    open_sets = [(bound.lower, 0, low, high, bound.bits)]
    nodes = 1
    while open_sets and open_sets[0][0] < lowest - CLOSE and not allowance.is_spent:
        _, _, low, high, at = heapq.heappop(open_sets)
        free = np.flatnonzero(low < high)
        bit = free[np.abs(at[free] - 0.5).argmin()]
        for value in (0, 1):
            below, above = low.copy(), high.copy()
            below[bit] = above[bit] = value
            start = np.where(np.arange(n) == bit, value, at)
            bound = relaxed.bound(below.astype(float), above.astype(float), lowest, start)
            nodes += 1
            allowance.spend(GRADIENT * bound.evaluations + 1)
            rounded = np.round(bound.bits)
            if (loss := relaxed.loss(rounded)) < lowest:
                best, lowest = rounded.astype(np.int8), loss
            if bound.lower < lowest - CLOSE:
                heapq.heappush(open_sets, (bound.lower, nodes, below, above, bound.bits))
    lower = min(open_sets[0][0], lowest) if open_sets else lowest
    lower = lowest if lower >= lowest - CLOSE else lower
    gap = (lowest - lower) / lowest if lowest > 0 else 0.0
    if gap == 0:
        note = f"optimum {lowest:.6f} proved, {nodes:,} sets"
    else:
        note = (
            f"no network below {lower:.6f}, found {lowest:.6f}: a gap of {gap:.1%}, {nodes:,} sets"
        )
    figures = {"lower_bound": lower, "lowest": lowest, "gap": gap, "nodes": nodes}
    return Found(best[None], figures=figures, note=note)
