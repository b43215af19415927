"""The derivatives of log p for each shot apart: in closed form, or by a pass for each shot."""

import numpy as np
import torch
from pennylane.wires import Wires

from pl_hypernet.mps import walsh
from pl_hypernet.mps.chain_log_probability import path_amplitudes
from pl_hypernet.mps.closed_form import closed_form_alone
from pl_hypernet.mps.layers import Layers


def score_vectors(
    operations, bits: np.ndarray, wires: Wires, angles: torch.Tensor, log_p: torch.Tensor
) -> torch.Tensor:
    """d log p / d angles of each shot.

    Args:
        operations: of the circuit.
        bits: int8 (shots, n_wires).
        wires: labels of the columns of the bits.
        angles: float64 (d,), that the operations were made of.
        log_p: (shots,), what :func:`circuit_log_probability` gave.

    Returns:
        float64 (shots, d).
    """
    form = closed_form_alone(operations)
    scores = form.scores(bits) if form is not None and form.wires == wires else None
    if scores is None:
        rows = [torch.autograd.grad(one, angles, retain_graph=True)[0] for one in log_p]
        return torch.stack(rows)
    made = operations[0].data[0]
    return torch.autograd.grad(made, angles, torch.from_numpy(scores), is_grads_batched=True)[0]


def chain_score_vectors(theta: torch.Tensor, layers: Layers, bits: np.ndarray) -> np.ndarray:
    """d log p(x) / d theta of each shot.

    Args:
        theta: float64 (n_rows, n_sites).
        layers: a chain of CZ or a product.
        bits: int8 (shots, n_sites) in {0, 1}.

    Returns:
        float64 (shots, n_rows, n_sites); 0 for a bitstring of probability 0.
    """
    rotations, product = layers.rotations, layers.is_product
    amplitudes = np.ascontiguousarray(path_amplitudes(theta, rotations, product).numpy())
    columns = np.ascontiguousarray(bits.T, dtype=float)
    n_sites, _, chi = amplitudes.shape
    each = np.empty((n_sites, chi, len(bits)), dtype=complex)
    walsh.path_gradient(amplitudes, columns, np.ones(len(bits)), np.zeros_like(amplitudes), each)
    scores = np.empty((len(bits), *theta.shape))
    for row in range(len(theta)):
        # R(t)' = R(t + pi) / 2, and an angle turns the amplitudes of its own qubit alone
        shifted = theta.clone()
        shifted[row] += np.pi
        derivative = path_amplitudes(shifted, rotations, product).numpy() / 2
        zero, one = (np.einsum("ir,irs->si", derivative[:, bit], each).real for bit in (0, 1))
        scores[:, row] = 2 * np.where(bits, one, zero)
    return scores
