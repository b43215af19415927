"""The exact Fubini-Study metric of rotations in layers, from their matrix product state."""

import numpy as np

from pl_hypernet.errors import DeviceError
from pl_hypernet.mps.layered_tensors import layered_tensors
from pl_hypernet.mps.layers import Layers
from pl_hypernet.mps.sizes import CLOSED_FORM_BYTES, tensor_bytes


def fubini_study_metric(
    theta: np.ndarray, layers: Layers, between_qubits: bool = True
) -> np.ndarray:
    r"""The metric of the angles,

    .. math:: g_{ij} = \mathrm{Re} \langle \partial_i \psi | \partial_j \psi \rangle
              - \mathrm{Re} \langle \partial_i \psi | \psi \rangle
              \langle \psi | \partial_j \psi \rangle

    (arXiv:2103.09232, eq. 3). A rotation's derivative is half the rotation turned on by pi, so it
    changes the tensor of its own qubit alone. All pairs cost O(d n_wires chi^3), the pairs on one
    qubit O(d chi^3).

    Args:
        theta: float64 (n_rows, n_sites), radians.
        layers: the circuit but for its angles.
        between_qubits: whether to compute elements between angles of different qubits; they are
            0 else.

    Returns:
        float64 (d, d), symmetric, in the order of the flattened angles.

    Raises:
        DeviceError: the bond dimension of the exact state is too large.
    """
    n_rows, n_sites = theta.shape
    chi = layers.bond_dim
    if (n_rows + 1) * tensor_bytes(chi, n_sites) > CLOSED_FORM_BYTES:
        raise DeviceError(
            f"the exact metric needs tensors of bond dimension {chi} for {n_rows} rows of angles "
            f"at {n_sites} wires, which are too large to hold: use metric='sampled'"
        )
    turned = np.repeat(theta[None], n_rows + 1, axis=0)
    turned[np.arange(n_rows), np.arange(n_rows)] += np.pi
    tensors = layered_tensors(turned, layers)
    derivatives, plain = tensors[:-1] / 2, tensors[-1]  # (n_rows, n_sites, 2, chi, chi)

    after = [_corner(chi)]  # what lies right of each site, from the last to the first
    for site in range(n_sites - 1, 0, -1):
        after.insert(0, _from_right(after[0], plain[site], plain[site]))
    gram = np.zeros((n_sites, n_rows, n_sites, n_rows))
    along = np.empty((n_sites, n_rows), dtype=complex)  # <psi|d_j psi>
    before = _corner(chi)
    open_ends = np.empty((0, chi, chi), dtype=complex)  # of <d_i psi|, for i left of the site
    for site in range(n_sites):
        here, turned_here = plain[site], derivatives[:, site]
        closing = np.array([_from_right(after[site], here, d) for d in turned_here])
        along[site] = np.einsum("ab,jab->j", before, closing)
        for i, bra in enumerate(turned_here):
            both = np.array([_from_right(after[site], bra, ket) for ket in turned_here])
            gram[site, i, site] = np.einsum("ab,jab->j", before, both).real
        if between_qubits:
            flat = open_ends.reshape(-1, chi * chi) @ closing.reshape(n_rows, -1).T
            gram[:site, :, site] = flat.real.reshape(site, n_rows, n_rows)
            started = [_from_left(before[None], bra, here) for bra in turned_here]
            open_ends = np.concatenate([_from_left(open_ends, here, here), *started])
        before = _from_left(before[None], here, here)[0]
    upper = gram.reshape(n_sites * n_rows, -1)
    metric = np.triu(upper, 1) + np.triu(upper).T
    along = along.ravel()
    projected = np.outer(along.conj(), along).real
    if not between_qubits:
        projected *= np.kron(np.eye(n_sites), np.ones((n_rows, n_rows)))
    by_site = (metric - projected).reshape(n_sites, n_rows, n_sites, n_rows)
    return by_site.transpose(1, 0, 3, 2).reshape(theta.size, theta.size)


def _corner(chi: int) -> np.ndarray:
    corner = np.zeros((chi, chi), dtype=complex)
    corner[0, 0] = 1
    return corner


def _from_left(envs: np.ndarray, bra: np.ndarray, ket: np.ndarray) -> np.ndarray:
    """sum_t bra_t^dagger env ket_t of environments (n, chi, chi); as two large products."""
    n, chi = envs.shape[:2]
    right = envs.reshape(n * chi, chi) @ ket.transpose(1, 0, 2).reshape(chi, 2 * chi)
    # (n, a, t, d) -> (n, d, t, a)
    right = np.ascontiguousarray(right.reshape(n, chi, 2, chi).transpose(0, 3, 2, 1))
    both = right.reshape(n * chi, 2 * chi) @ bra.conj().reshape(2 * chi, chi)
    return np.ascontiguousarray(both.reshape(n, chi, chi).transpose(0, 2, 1))


def _from_right(env: np.ndarray, bra: np.ndarray, ket: np.ndarray) -> np.ndarray:
    """sum_t bra_t^* env ket_t^T of one environment (chi, chi)."""
    return (bra.conj() @ env @ ket.transpose(0, 2, 1)).sum(axis=0)
