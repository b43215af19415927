"""An order of wires on a line in which few gates cross each bond.

The bond dimension of an exact state is at most 2 to the number of pairs of wires that gates join
across the bond, each counted once; finding the best order is the minimum cut linear arrangement,
which is NP-hard, so it is looked for from a few starts by moving one wire at a time.
"""

from functools import lru_cache

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import reverse_cuthill_mckee

MAX_WIRES = 100  # beyond which looking takes seconds
MAX_PASSES = 20
WORTH = 8.0  # times that the cost must become smaller, since it is a bound


@lru_cache(maxsize=64)
def narrow_order(n_wires: int, pairs: tuple[tuple[int, int], ...]) -> tuple[int, ...]:
    """Positions of wires, in an order of smaller bonds; as given if none is clearly better.

    Args:
        n_wires: number of wires.
        pairs: that gates join, by their number.
    """
    given = np.arange(n_wires)
    if n_wires > MAX_WIRES or not pairs:
        return tuple(given.tolist())
    ends = np.array(pairs)
    joined = np.zeros((n_wires, n_wires))
    joined[ends[:, 0], ends[:, 1]] = joined[ends[:, 1], ends[:, 0]] = 1
    _, vectors = np.linalg.eigh(np.diag(joined.sum(axis=0)) - joined)
    starts = [
        given,
        np.argsort(vectors[:, 1], kind="stable"),  # Fiedler's vector
        reverse_cuthill_mckee(csr_array(joined), symmetric_mode=True).astype(int),
    ]
    best = min((_improved(order, ends) for order in starts), key=lambda order: _cost(order, ends))
    better = _cost(best, ends) * WORTH <= _cost(given, ends)
    return tuple((best if better else given).tolist())


def _cost(order: np.ndarray, ends: np.ndarray) -> float:
    """Of all bonds, 2 to the number of pairs across."""
    place = np.empty(len(order), dtype=int)
    place[order] = np.arange(len(order))
    a, b = place[ends[:, 0]], place[ends[:, 1]]
    n = len(order) + 1
    change = np.bincount(np.minimum(a, b), minlength=n) - np.bincount(np.maximum(a, b), minlength=n)
    return float(np.sum(2.0 ** np.cumsum(change)))


def _improved(order: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Wires moved one by one to their best place, until none gains."""
    cost = _cost(order, ends)
    for _ in range(MAX_PASSES):
        before = cost
        for wire in range(len(order)):
            rest = order[order != wire]
            moves = [np.insert(rest, place, wire) for place in range(len(order))]
            costs = [_cost(move, ends) for move in moves]
            least = int(np.argmin(costs))
            if costs[least] < cost:
                order, cost = moves[least], costs[least]
        if cost == before:
            break
    return order
