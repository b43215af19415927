"""How a loss of bitstrings changes with each spin, for gradients through the network."""

from collections.abc import Callable

import numpy as np
import torch

from pl_hypernet.errors import InputError
from pl_hypernet.measurements.expected_loss import losses_of
from pl_hypernet.networks.derivatives import FIRST_ORDER, Derivatives

MOST_FLIPPED = 128  # qubits of which a loss without derivatives is asked flip by flip
AT_ONCE = 2**22  # bits of flipped strings held at a time


def spin_gradients(
    loss: Callable, bits: np.ndarray, how: Derivatives = FIRST_ORDER
) -> tuple[np.ndarray, np.ndarray]:
    """Losses of bitstrings, and their derivatives by each spin s = 1 - 2 b.

    Args:
        loss: with a method ``spin_gradients(bits, how)`` of its own, as
            :class:`NetworkLoss`; a torch module of bits that torch can differentiate; or any
            function of bits, of at most 128 qubits, of which each bit is flipped.
        bits: int8 (shots, n_qubits).
        how: what is wanted; all but the mean is for such a method alone.

    Returns:
        losses float64 (shots,), derivatives real (shots, n_qubits); their mean (n_qubits,).

    Raises:
        InputError: torch cannot differentiate the loss, and there are too many qubits to flip.
    """
    if hasattr(loss, "spin_gradients"):
        return loss.spin_gradients(bits, how)
    if how.curvature:
        raise InputError(
            f"curvature=True with the loss {loss!r}: expected a NetworkLoss; use curvature=False"
        )
    losses, by_spin = _of_bits(loss, bits)
    return losses, by_spin.mean(axis=0) if how.mean else by_spin


def _of_bits(loss: Callable, bits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As :func:`spin_gradients`, of a loss without a method of its own."""
    if isinstance(loss, torch.nn.Module):
        real = torch.tensor(bits, dtype=torch.get_default_dtype(), requires_grad=True)
        try:
            losses = loss(real)
            (gradient,) = torch.autograd.grad(losses.sum(), real)
        except RuntimeError as error:
            return flipped_or_refused(loss, bits, error)
        return losses.detach().numpy().astype(float), gradient.numpy().astype(float) / -2
    return flipped_or_refused(loss, bits)


def flipped_or_refused(loss: Callable, bits: np.ndarray, error: Exception | None = None):
    """Losses, and their derivatives by flips, of a loss that torch does not differentiate.

    Raises:
        InputError: too many qubits for that.
    """
    n_qubits = bits.shape[1]
    if n_qubits > MOST_FLIPPED:
        why = f"torch cannot differentiate it ({error})" if error else "it is no torch module"
        raise InputError(
            f"the loss {loss!r} has no derivatives: {why}, and {n_qubits} qubits are too many to "
            f"flip one by one (at most {MOST_FLIPPED}); give a NetworkLoss or a torch module of "
            "bits, or take optimizer='score' or 'spsa'"
        ) from error
    losses = losses_of(loss, bits)
    return losses, flip_gradients(loss, bits, losses, np.arange(n_qubits))


def flip_gradients(
    loss: Callable, bits: np.ndarray, losses: np.ndarray, qubits: np.ndarray
) -> np.ndarray:
    """Half the difference of the losses with a spin up and down, for some qubits of each shot.

    These are the derivatives of the multilinear function that agrees with the loss on all
    bitstrings, so exact for any loss (local expectation gradients, Titsias and Lazaro-Gredilla,
    NeurIPS 2015).

    Args:
        loss: bits int8 (S, n_qubits) -> (S,).
        bits: int8 (shots, n_qubits).
        losses: float64 (shots,), theirs.
        qubits: int (n,), the columns to flip.

    Returns:
        float64 (shots, n).
    """
    shots, n_qubits = bits.shape
    flipped = np.empty((len(qubits), shots))
    at_once = max(1, AT_ONCE // (shots * n_qubits))
    for start in range(0, len(qubits), at_once):
        some = qubits[start : start + at_once]
        rows = np.repeat(bits[None], len(some), axis=0)
        rows[np.arange(len(some)), :, some] ^= 1
        found = losses_of(loss, rows.reshape(-1, n_qubits))
        flipped[start : start + len(some)] = found.reshape(len(some), shots)
    gradients = flipped.T  # in its place, as the shots may be many
    np.subtract(losses[:, None], gradients, out=gradients)
    gradients *= 0.5
    return np.negative(gradients, out=gradients, where=bits[:, qubits] == 1)
