"""How many networks near a good one are good as well: its local entropy."""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from pl_hypernet.networks import Network

SHARE = 0.95  # of a network's own accuracy that its neighbours must reach
DRAWS = 100  # neighbours at each distance
MOST_SAMPLES = 2000


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """Networks at some Hamming distances of one, drawn at random.

    Attributes:
        distances: int (n,), bits that are flipped.
        accuracy, stderr: float64 (n,), mean over the neighbours and its standard error.
        good: float64 (n,), share of the neighbours that reach ``threshold``.
        log_number: float64 (n,), ln of how many such networks there are at each distance, in
            nats: the local entropy of arXiv:1706.08470 at a fixed distance, estimated by drawing;
            -inf where none was drawn.
        own, threshold: accuracy of the network itself, and what counts as good.
    """

    distances: np.ndarray
    accuracy: np.ndarray
    stderr: np.ndarray
    good: np.ndarray
    log_number: np.ndarray
    own: float
    threshold: float


def neighbourhood(
    network: Network, bits: np.ndarray, inputs: np.ndarray, targets: np.ndarray, seed: int = 0
) -> Neighbourhood:
    """Flips 1, 2, 4, 8, ... bits of a network, up to half of them.

    Args:
        network: with classes.
        bits: int8 (n_qubits,), of the network in the middle.
        inputs, targets: (M, n_columns) and (M,) that judge; 2000 of them drawn at random where
            there are more.
        seed: of what is drawn.
    """
    rng = np.random.default_rng(seed)
    targets = np.asarray(targets)
    if len(inputs) > MOST_SAMPLES:
        some = rng.choice(len(inputs), MOST_SAMPLES, replace=False)
        inputs, targets = inputs[some], targets[some]
    right = network.check_inputs(inputs).new_tensor(targets).long()

    def accuracies(rows: np.ndarray) -> np.ndarray:
        return network.score(
            rows, inputs, lambda logits: (network.classify(logits) == right).double().mean(dim=1)
        )

    n_qubits = len(bits)
    distances = 2 ** np.arange(int(np.log2(max(1, n_qubits // 2))) + 1)
    own = float(accuracies(bits[None])[0])
    threshold = SHARE * own
    means, errors, good = [], [], []
    for distance in distances:
        rows = np.repeat(bits[None], DRAWS, axis=0)
        for row in rows:
            row[rng.choice(n_qubits, distance, replace=False)] ^= 1
        found = accuracies(rows)
        means.append(found.mean())
        errors.append(found.std(ddof=1) / np.sqrt(DRAWS))
        good.append((found >= threshold).mean())
    good = np.array(good)
    with np.errstate(divide="ignore"):
        log_number = _log_binomial(n_qubits, distances) + np.log(good)
    return Neighbourhood(
        distances, np.array(means), np.array(errors), good, log_number, own, threshold
    )


def _log_binomial(n: int, k: np.ndarray) -> np.ndarray:
    return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
