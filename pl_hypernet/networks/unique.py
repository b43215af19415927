"""Late in training most shots repeat: each different bitstring is scored once."""

import numpy as np


def unique_bitstrings(bits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different rows of bits, and which of them each row is.

    Args:
        bits: int8 (S, n_qubits) in {0, 1}.

    Returns:
        rows: int8 (U, n_qubits), in lexicographic order.
        inverse: int64 (S,), with ``rows[inverse]`` equal to ``bits``.
    """
    packed = np.ascontiguousarray(np.packbits(bits, axis=1))
    keys = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    return bits[first], inverse.ravel()
