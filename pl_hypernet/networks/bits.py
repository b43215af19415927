"""Bitstrings as they are handed over, checked."""

import numpy as np
from torch import Tensor

from pl_hypernet.errors import InputError


def as_bits(bits) -> np.ndarray:
    """Bits int8 (S, n_qubits) of numpy or torch.

    Raises:
        InputError: another number of dimensions, or other values than 0 and 1.
    """
    bits = bits.cpu().numpy() if isinstance(bits, Tensor) else np.asarray(bits)
    if bits.ndim != 2:
        raise InputError(f"bits have shape {bits.shape}: expected (shots, n_qubits)")
    whole = bits.dtype.kind in "biu" or (bits == np.round(bits)).all()
    if bits.size and (not whole or bits.min() < 0 or bits.max() > 1):
        raise InputError("bits hold other values than 0 and 1: a spin s is the bit (1 - s) / 2")
    return bits.astype(np.int8, copy=False)


def as_array(tensor: Tensor) -> np.ndarray:
    """On the host, without its graph."""
    return tensor.detach().cpu().numpy()
