"""The exact matrix product state of layers of rotations and entanglers, in closed form.

A CZ or CNOT is a sum over the control's bit, ``sum_c |c><c| (x) U^c``: a bond of dimension 2 that
carries the control's bit to the target. So P layers of a chain need a bond of 2^P, and the
amplitude of a site, given the bits on its bonds, is a product of P + 1 two-by-two rotations with
projectors and flips between them. A ring carries, besides, the last qubit's bit of each layer
around to the first: 4^P. In a brick wall every bond sees every second layer: 2^ceil(P/2).
"""

import numpy as np

from pl_hypernet.compiled import compiled
from pl_hypernet.mps.layers import Layers


def layered_tensors(thetas: np.ndarray, layers: Layers) -> np.ndarray:
    """The exact tensors of a batch of circuits.

    Args:
        thetas: float64 (n_circuits, n_rows, n_sites), radians.
        layers: what they share.

    Returns:
        complex128 (n_circuits, n_sites, 2, chi, chi): amplitude of bits x is the (0, 0) element of
        ``A[0, x_0] A[1, x_1] ... A[n_sites - 1, x_{n_sites - 1}]``.
    """
    codes, ends = layers.rotation_codes
    left, right, n_bits = layers.bond_bits
    chi = layers.bond_dim
    tensors = np.zeros((len(thetas), layers.n_sites, 2, chi, chi), dtype=np.complex128)
    _fill(
        tensors,
        np.ascontiguousarray(thetas, dtype=np.float64),
        codes,
        ends,
        left,
        right,
        n_bits,
        layers.ring,
        layers.entangler == "CNOT",
    )
    return tensors


@compiled()
def site_matrices(theta, codes, ends, matrices):
    """Product of the rotations of each layer on one site: theta (n_rows,), matrices (P+1, 2, 2)."""
    row = 0
    for layer in range(len(ends)):
        m = matrices[layer]
        m[0, 0] = m[1, 1] = 1.0
        m[0, 1] = m[1, 0] = 0.0
        while row < ends[layer]:
            c, s = np.cos(theta[row] / 2), np.sin(theta[row] / 2)
            for j in range(2):
                top, bottom = m[0, j], m[1, j]
                if codes[row] == 0:
                    m[0, j] = c * top - 1j * s * bottom
                    m[1, j] = c * bottom - 1j * s * top
                elif codes[row] == 1:
                    m[0, j] = c * top - s * bottom
                    m[1, j] = s * top + c * bottom
                else:
                    m[0, j] = (c - 1j * s) * top
                    m[1, j] = (c + 1j * s) * bottom
            row += 1


@compiled()
def _fill(tensors, thetas, codes, ends, left, right, n_bits, ring, cnot):
    """Fills zeroed tensors (n_circuits, n_sites, 2, chi, chi); see :func:`layered_tensors`."""
    n_circuits, n_sites = tensors.shape[:2]
    n_layers = len(ends) - 1
    n_codes = 2**n_bits  # values of the bits that gates send to the right neighbour
    n_around = 2**n_layers if ring else 1  # values of the bits that travel around the ring
    matrices = np.empty((n_layers + 1, 2, 2), dtype=np.complex128)
    for circuit in range(n_circuits):
        for site in range(n_sites):
            site_matrices(thetas[circuit, :, site], codes, ends, matrices)
            first, last = site == 0, site == n_sites - 1
            inner = not (first or last)
            for l_code in range(1 if first else n_codes):
                for r_code in range(1 if last else n_codes):
                    # the amplitude of an inner site does not depend on the bits going around
                    for around in range(1 if inner else n_around):
                        v0, v1, possible = _site(
                            matrices,
                            left[:, site],
                            right[:, site],
                            l_code,
                            r_code,
                            around,
                            ring and first,
                            ring and last,
                            cnot,
                        )
                        if not possible:
                            continue
                        for w in range(n_around) if inner else range(around, around + 1):
                            row = 0 if first else l_code * n_around + w
                            column = 0 if last else r_code * n_around + w
                            tensors[circuit, site, 0, row, column] = v0
                            tensors[circuit, site, 1, row, column] = v1


@compiled()
def _site(matrices, left, right, l_code, r_code, around, receives, sends, cnot):
    """The two amplitudes of one site for given bits on its bonds.

    Follows the qubit through the layers: its neighbour's bit flips it (CNOT) or its phase (CZ),
    the bond to the right projects it on the bit that it sends. A bond bit that no gate carries
    must be 0 (``possible`` is False otherwise), so that nothing is counted twice.
    """
    v0, v1 = matrices[0, 0, 0], matrices[0, 1, 0]
    seen_left = seen_right = 0
    for layer in range(len(left)):
        bit = 1 << layer
        if left[layer] >= 0:
            seen_left |= 1 << left[layer]
            if l_code >> left[layer] & 1:
                if cnot:
                    v0, v1 = v1, v0
                else:
                    v1 = -v1
        if right[layer] >= 0:
            seen_right |= 1 << right[layer]
            if r_code >> right[layer] & 1:
                v0 = 0j
            else:
                v1 = 0j
        if receives and around & bit:
            if cnot:
                v0, v1 = v1, v0
            else:
                v1 = -v1
        if sends:
            if around & bit:
                v0 = 0j
            else:
                v1 = 0j
        m = matrices[layer + 1]
        v0, v1 = m[0, 0] * v0 + m[0, 1] * v1, m[1, 0] * v0 + m[1, 1] * v1
    possible = (l_code | seen_left) == seen_left and (r_code | seen_right) == seen_right
    return v0, v1, possible
