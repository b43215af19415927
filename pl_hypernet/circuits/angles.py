"""Angles to start the training from."""

import math
from numbers import Real

import numpy as np
from pennylane import numpy as pnp

from pl_hypernet.errors import InputError, unknown_name
from pl_hypernet.spins import to_spins

SMALL = 0.1  # radians
CONFIDENCE = 0.7  # |<Z>| of each bit, with a sign drawn or given
METHODS = ("uniform", "small", "near_product", "random_signs")


def start_angles(
    shape: tuple[int, ...], seed=None, method: str = "uniform", bits=None, confidence=None
):
    """Random angles in radians.

    Args:
        shape: shape of the angles, as from ``HardwareEfficientAnsatz.shape``.
        seed: None, int, or a numpy Generator, as for ``numpy.random.default_rng``.
        method: ``"uniform"``: independent in [-pi/2, pi/2]. ``"small"``: independent in
            [-0.1, 0.1], a state close to ``|0...0>``. ``"near_product"``: small too, but for the
            last row (the rotations right before the measurement), which is pi/2 and a small
            angle. Entanglers meet almost basis states, and every bit is about as likely 0 as 1,
            so that none is decided by chance before the training: of 20 seeds of the 66-qubit job
            none got stuck, where with ``"uniform"`` 1 of 10 did. ``"random_signs"``: small too,
            but for the last row, so that <Z> of each bit is near +0.7 or -0.7, at random. Deep
            networks need it: where all bits are even, signs of sums of signs carry nothing.
        bits: int8 (n_wires,), a network trained elsewhere, to start near in place of a random one;
            ``method`` is left aside.
        confidence: |<Z>| of each bit, in (0, 1], of ``bits`` or ``"random_signs"``; None: 0.7. The
            small angles take a little of it, but for a product state.

    Returns:
        pennylane.numpy.tensor: float64 of the given shape, ``requires_grad=True``.

    Raises:
        InputError: an unknown method; bits, a confidence or a shape that will not do.
    """
    rng = np.random.default_rng(seed)
    if method not in METHODS:
        raise unknown_name("method of start_angles", method, METHODS)
    if bits is None and method != "random_signs" and confidence is not None:
        raise InputError(
            f"confidence={confidence} goes with bits, or with method='random_signs', not with "
            f"{method!r}"
        )
    if bits is not None or method == "random_signs":
        confidence = CONFIDENCE if confidence is None else confidence
        angles = _near_basis_state(shape, rng, bits, confidence)
    elif method == "uniform":
        angles = rng.uniform(-math.pi / 2, math.pi / 2, shape)
    else:
        angles = rng.uniform(-SMALL, SMALL, shape)
        if method == "near_product":
            _check_rows(method, shape)
            angles[-1] += math.pi / 2
    return pnp.array(angles, requires_grad=True)


def _near_basis_state(shape, rng, bits, confidence) -> np.ndarray:
    """The last row turns each qubit from |0> to <Z> = confidence times its spin."""
    _check_rows("random_signs" if bits is None else "a start near bits", shape)
    if isinstance(confidence, bool) or not isinstance(confidence, Real) or not 0 < confidence <= 1:
        raise InputError(f"confidence={confidence}: expected |<Z>| of each bit, in (0, 1]")
    n_wires = shape[-1]
    bits = rng.integers(0, 2, n_wires) if bits is None else np.asarray(bits)
    if bits.shape != (n_wires,) or not np.isin(bits, (0, 1)).all():
        raise InputError(
            f"bits have shape {bits.shape}: expected ({n_wires},), 0 or 1 for each qubit, as of "
            "one shot"
        )
    angles = rng.uniform(-SMALL, SMALL, shape)
    angles[-1] = np.arccos(confidence * to_spins(bits.astype(int)))
    return angles


def _check_rows(method: str, shape) -> None:
    if len(shape) < 2:
        raise InputError(
            f"{method} needs angles in rows, as of HardwareEfficientAnsatz; got shape "
            f"{tuple(shape)}: use 'uniform' or 'small'"
        )
