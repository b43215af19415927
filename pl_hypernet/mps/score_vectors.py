"""The derivatives of log p for each shot apart, in closed form."""

import numpy as np
import torch

from pl_hypernet.circuits.ansatz import HardwareEfficientAnsatz, rotation_layers
from pl_hypernet.mps import walsh
from pl_hypernet.mps.log_probability import path_amplitudes


def ansatz_score_vectors(ansatz: HardwareEfficientAnsatz, bits: np.ndarray) -> np.ndarray:
    """d log p(x) / d theta of each shot, for a chain of CZ or a product state.

    Args:
        ansatz: one for which ``cones.fits``.
        bits: int8 (shots, n_wires) in {0, 1}.

    Returns:
        float64 (shots, n_rows, n_wires); 0 for a bitstring of probability 0.
    """
    theta = torch.as_tensor(ansatz.data[0], dtype=torch.float64).detach()
    layers = rotation_layers(ansatz.n_layers, ansatz.hyperparameters["rotations"])
    product = ansatz.hyperparameters["pattern"] == "none"
    amplitudes = np.ascontiguousarray(path_amplitudes(theta, layers, product).numpy())
    columns = np.ascontiguousarray(bits.T, dtype=float)
    n_sites, _, chi = amplitudes.shape
    each = np.empty((n_sites, chi, len(bits)), dtype=complex)
    walsh.path_gradient(amplitudes, columns, np.ones(len(bits)), np.zeros_like(amplitudes), each)
    scores = np.empty((len(bits), *theta.shape))
    for row in range(len(theta)):
        # R(t)' = R(t + pi) / 2, and an angle turns the amplitudes of its own qubit alone
        shifted = theta.clone()
        shifted[row] += np.pi
        derivative = path_amplitudes(shifted, layers, product).numpy() / 2
        zero, one = (np.einsum("ir,irs->si", derivative[:, bit], each).real for bit in (0, 1))
        scores[:, row] = 2 * np.where(bits, one, zero)
    return scores
