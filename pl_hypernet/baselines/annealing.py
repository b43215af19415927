"""Simulated annealing over single flips (Kirkpatrick et al., Science 220, 671, 1983)."""

import numpy as np

from pl_hypernet.baselines.chains import make_chains
from pl_hypernet.baselines.task import Found, Task

CHAINS = 10
COOLED = 1e-3  # of the first temperature, at which the last one is
FROZEN = 0.9  # of the allowance, after which only what lowers the loss is taken


def annealing(task: Task, seed: int, chains: int = CHAINS) -> Found:
    """Anneals several networks beside each other; together they are the ensemble.

    The temperature falls geometrically with the share of the allowance that is spent, from the size
    of a flip among random networks: the spread of their losses is that of n_qubits flips.

    Args:
        task: what to find, and what may be spent.
        seed: of starts, flips and decisions.
        chains: how many.
    """
    rng = np.random.default_rng(seed)
    walkers = make_chains(task, task.random_bits(chains, rng))
    hot = 2 * max(walkers.losses.std(), 1e-12) / np.sqrt(task.n_qubits)
    pace = Pace(task)
    while not task.allowance.is_spent:
        share = task.allowance.share
        temperature = hot * COOLED ** (share / FROZEN) if share < FROZEN else 0.0
        shape = chains, pace.flips(chains)
        sites = rng.integers(0, task.n_qubits, shape)
        walkers.advance(sites, -temperature * np.log1p(-rng.random(shape)))
    return Found(walkers.bits)


class Pace:
    """How many flips to try before looking again at what is spent: about 1 % of it, and at most
    each bit once.

    Args:
        task: with its allowance.
    """

    STRIDE = 0.01

    def __init__(self, task: Task):
        self._task, self._number = task, 1
        self._share = task.allowance.share

    def flips(self, chains: int) -> int:
        """Of each chain, at least 1."""
        allowance = self._task.allowance
        share, gained = allowance.share, allowance.share - self._share
        if gained < self.STRIDE / 2:
            self._number *= 2
        elif gained > self.STRIDE:
            self._number = max(1, self._number // 2)
        self._share = share
        left = allowance.left / chains
        most = min(self._task.n_qubits, left if left >= 1 else 1)
        self._number = int(min(self._number, most))
        return self._number
