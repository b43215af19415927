"""How good a vote is of how many networks, and of which."""

from dataclasses import dataclass

import numpy as np

from pl_hypernet.networks import Network
from pl_hypernet.networks.votes import Votes

MOST_NUMBERS = 2**25  # probabilities that are held
MOST_NETWORKS = 2000
DRAWS = 20  # random subsets of each size


@dataclass(frozen=True, eq=False)
class Ensembles:
    """Accuracies of votes by mean probability.

    Attributes:
        sizes: int (n,), numbers of networks.
        random: float64 (n,), mean accuracy over subsets drawn at random, without replacement.
        spread: float64 (n,), the standard deviation over these; 0 of all networks.
        top: float64 (n,), of the networks of the lowest training losses.
        n_samples: that judge; a part drawn at random where all would be too many.
        weighted: of all networks, those of low training loss with more weight: exp(-L / spread of
            the losses).
    """

    sizes: np.ndarray
    random: np.ndarray
    spread: np.ndarray
    top: np.ndarray
    weighted: float
    n_samples: int


def ensembles(
    network: Network,
    bits: np.ndarray,
    losses: np.ndarray,
    inputs: np.ndarray,
    targets: np.ndarray,
    seed: int = 0,
) -> Ensembles:
    """Votes of 1, 2, 5, 10, ... of the networks.

    Args:
        network: with classes.
        bits: int8 (S, n_qubits); of more than 2000 the first ones.
        losses: float64 (S,), on training samples, by which some are preferred.
        inputs, targets: (M, n_columns) and (M,) that judge. Where S M n_classes is more than 2^25,
            a part of the samples drawn at random does.
        seed: of what is drawn.
    """
    rng = np.random.default_rng(seed)
    bits, losses = bits[:MOST_NETWORKS], losses[:MOST_NETWORKS]
    fits = max(1, MOST_NUMBERS // (len(bits) * max(2, network.n_outputs)))
    if len(inputs) > fits:
        some = rng.choice(len(inputs), fits, replace=False)
        inputs, targets = inputs[some], np.asarray(targets)[some]
    p = network.score(bits, inputs, network.probabilities)
    if p.shape[2] == 1:
        p = np.concatenate([1 - p, p], axis=2)
    shots = len(bits)
    order = np.argsort(losses, kind="stable")
    sizes = _sizes(shots)
    random, spread, top = [], [], []
    for size in sizes:
        n_draws = 1 if size == shots else DRAWS
        drawn = [
            accuracy(p[rng.choice(shots, size, replace=False)].mean(axis=0), targets)
            for _ in range(n_draws)
        ]
        random.append(np.mean(drawn))
        spread.append(np.std(drawn))
        top.append(accuracy(p[order[:size]].mean(axis=0), targets))
    unit = np.std(losses) or 1.0
    weights = np.exp((losses.min() - losses) / unit)
    weighted = accuracy(np.einsum("s,smk->mk", weights / weights.sum(), p), targets)
    return Ensembles(
        sizes, np.array(random), np.array(spread), np.array(top), weighted, len(inputs)
    )


def accuracy(p: np.ndarray, targets: np.ndarray) -> float:
    """Of the class of the largest probability (M, n_classes), ties as in any vote."""
    return float(np.mean(Votes(p, None).classes == targets))


def _sizes(shots: int) -> np.ndarray:
    """1, 2, 5, 10, ... and all."""
    steps = [m * 10**k for k in range(9) for m in (1, 2, 5)]
    return np.array([size for size in steps if size < shots] + [shots])
