"""How far apart networks are: mutual Hamming distances over all qubits."""

import numpy as np

from pl_hypernet.spins import to_spins

AT_ONCE = 2**16  # qubits


def mutual_hamming(bits: np.ndarray) -> np.ndarray:
    """Hamming distance of every pair of rows.

    Args:
        bits: int8 (S, n_qubits) in {0, 1}.

    Returns:
        int64 (S (S - 1) / 2,), each from 0 to n_qubits.
    """
    n_qubits = bits.shape[1]
    overlaps = np.zeros((len(bits), len(bits)))
    for begin in range(0, n_qubits, AT_ONCE):
        spins = to_spins(bits[:, begin : begin + AT_ONCE]).astype(np.float32)
        overlaps += spins @ spins.T
    distances = (n_qubits - overlaps) / 2
    return np.rint(distances[np.triu_indices(len(bits), k=1)]).astype(np.int64)


def mean_mutual_hamming(bits: np.ndarray) -> float | None:
    """Mean of :func:`mutual_hamming` at a cost linear in S; None for fewer than two rows.

    A pair differs in a qubit of which n_1 rows read 1 in n_1 (S - n_1) of the S (S - 1) / 2 pairs.
    """
    shots = len(bits)
    if shots < 2:
        return None
    ones = bits.sum(axis=0, dtype=np.int64)
    return float((ones * (shots - ones)).sum() / (shots * (shots - 1) / 2))
