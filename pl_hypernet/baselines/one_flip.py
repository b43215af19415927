"""One-flip search: downhill by single bits to a network that no flip makes better, and again."""

import numpy as np

from pl_hypernet.baselines.annealing import Pace
from pl_hypernet.baselines.chains import make_chains
from pl_hypernet.baselines.task import Found, Lowest, Task

CHAINS = 10
KEPT = 1000  # ends that are kept


def one_flip(task: Task, seed: int, chains: int = CHAINS) -> Found:
    """Searches from random networks until the allowance is spent; the ends are the ensemble.

    Bits are tried in an order of each search's own, round after round, and flipped as soon as that
    lowers the loss. Where nothing came to its end, searches are taken as far as they got.

    Args:
        task: what to find, and what may be spent.
        seed: of starts and orders.
        chains: searches beside each other.
    """
    rng = np.random.default_rng(seed)
    n_qubits = task.n_qubits
    walkers = make_chains(task, task.random_bits(chains, rng))
    orders = np.array([rng.permutation(n_qubits) for _ in range(chains)])
    refused, at = np.zeros(chains, dtype=int), 0
    ends, pace = Lowest(KEPT), Pace(task)
    while not task.allowance.is_spent:
        number = pace.flips(chains)
        sites = orders[:, np.arange(at, at + number) % n_qubits]
        at += number
        found = walkers.advance(sites, np.zeros(sites.shape))
        refused = np.where(found < number, found, refused + number)
        for r in np.flatnonzero(refused >= n_qubits):
            ends.add(walkers.bits[r][None].copy(), walkers.losses[r][None].copy())
            walkers.restart(r, task.random_bits(1, rng)[0])
            orders[r] = rng.permutation(n_qubits)
            refused[r] = 0
    return Found(walkers.bits if ends.bits is None else ends.bits)


def descended(task: Task, bits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Networks int8 (R, n_qubits) taken downhill to their ends, and their losses (R,)."""
    walkers = make_chains(task, bits)
    sites = np.broadcast_to(np.arange(task.n_qubits), bits.shape).copy()
    while (walkers.advance(sites, np.zeros(sites.shape)) < task.n_qubits).any():
        pass
    return walkers.bits, walkers.losses
