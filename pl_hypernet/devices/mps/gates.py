"""Gate-by-gate evolution of a matrix product state, with truncation.

One site is the centre of orthogonality, everything left of it is left-canonical and everything
right of it right-canonical, so that a singular value decomposition at the centre gives the Schmidt
coefficients of the whole state and dropping the smallest is the best truncation of that bond.
"""

import numpy as np
from pennylane.wires import Wires

from pl_hypernet.devices.mps.state import MatrixProductState

SWAP = np.eye(4).reshape(2, 2, 2, 2).transpose(1, 0, 2, 3)
NO_CUTOFF = 1e-12  # Schmidt coefficients below this are rounding


class GateEvolution:
    """A line of qubits that gates act on.

    Args:
        state: the start; None: all qubits in ``|0>``.
        wires: label of each site, if there is no state.
        max_bond_dim: largest bond dimension kept; None: no limit.
        cutoff: Schmidt coefficients (of the normalised state) below this are dropped; None: 1e-12.
    """

    def __init__(self, wires=(), max_bond_dim=None, cutoff=None, state=None):
        self.wires = Wires([])
        self.max_bond_dim = max_bond_dim
        self.cutoff = NO_CUTOFF if cutoff is None else cutoff
        self.truncation_error = 0.0
        self.centre = 0
        self.sites: list[np.ndarray] = []
        if state is None:
            self.append(Wires(wires))
        else:
            self.wires = state.wires
            self.truncation_error = state.truncation_error
            canonical = MatrixProductState(state.canonical, state.wires, state.bond_dims)
            self.sites = canonical.to_sites()

    def append(self, wires) -> None:
        """Adds qubits in ``|0>`` at the right end."""
        self._move_centre(0)
        up = np.array([1.0, 0.0], dtype=np.complex128).reshape(1, 2, 1)
        self.sites += [up.copy() for _ in wires]
        self.wires = self.wires + wires

    def multiply(self, phase: complex) -> None:
        """Multiplies the state by a number of modulus 1."""
        self.sites[self.centre] = phase * self.sites[self.centre]

    def apply(self, matrix: np.ndarray, positions: tuple[int, ...]) -> None:
        """Applies a one- or two-qubit gate.

        Args:
            matrix: complex (2, 2) or (4, 4), the first position the more significant bit.
            positions: sites that it acts on, in the order of the matrix; may lie far apart.
        """
        if len(positions) == 1:
            site = positions[0]
            self.sites[site] = np.einsum("xy,ayb->axb", matrix, self.sites[site])
            return
        gate = np.asarray(matrix).reshape(2, 2, 2, 2)
        first, second = positions
        if first > second:
            gate = gate.transpose(1, 0, 3, 2)
            first, second = second, first
        for left in range(second - 1, first, -1):  # bring the far qubit next to the near one
            self._apply_to_neighbours(SWAP, left, to_left=True)
        self._apply_to_neighbours(gate, first, to_left=second == first + 1 and self.centre <= first)
        for left in range(first + 1, second):
            self._apply_to_neighbours(SWAP, left, to_left=False)

    def _apply_to_neighbours(self, gate: np.ndarray, left: int, to_left: bool) -> None:
        """A gate (2, 2, 2, 2) on sites left, left + 1; the centre ends on the side asked for."""
        self._move_centre(left if self.centre <= left else left + 1)
        pair = np.tensordot(self.sites[left], self.sites[left + 1], axes=(2, 0))
        pair = np.einsum("xyuv,auvb->axyb", gate, pair)
        n_left, n_right = pair.shape[0], pair.shape[3]
        u, s, v = np.linalg.svd(pair.reshape(2 * n_left, 2 * n_right), full_matrices=False)
        u, s, v = self._truncate(u, s, v)
        if to_left:
            u = u * s
        else:
            v = s[:, None] * v
        self.centre = left if to_left else left + 1
        self.sites[left] = u.reshape(n_left, 2, -1)
        self.sites[left + 1] = v.reshape(-1, 2, n_right)

    def _truncate(self, u, s, v):
        """Drops Schmidt coefficients, counts their weight, and normalises what stays."""
        s = s / np.linalg.norm(s)
        kept = max(1, int(np.count_nonzero(s >= self.cutoff)))
        if self.max_bond_dim is not None:
            kept = min(kept, self.max_bond_dim)
        self.truncation_error += float(np.sum(s[kept:] ** 2))
        s = s[:kept]
        return u[:, :kept], s / np.linalg.norm(s), v[:kept]

    def _move_centre(self, target: int) -> None:
        while self.centre < target:
            site = self.sites[self.centre]
            q, r = np.linalg.qr(site.reshape(-1, site.shape[2]))
            self.sites[self.centre] = q.reshape(site.shape[0], 2, -1)
            self.centre += 1
            self.sites[self.centre] = np.tensordot(r, self.sites[self.centre], axes=(1, 0))
        while self.centre > target:
            site = self.sites[self.centre]
            q, r = np.linalg.qr(site.reshape(site.shape[0], -1).T)
            self.sites[self.centre] = q.T.reshape(-1, 2, site.shape[2])
            self.centre -= 1
            self.sites[self.centre] = np.tensordot(self.sites[self.centre], r.T, axes=(2, 0))

    def truncate(self) -> None:
        """One sweep that truncates every bond, from the left end to the right one."""
        self._move_centre(0)
        for left in range(len(self.sites) - 1):
            self._apply_to_neighbours(np.eye(4).reshape(2, 2, 2, 2), left, to_left=False)

    def state(self) -> MatrixProductState:
        """The state reached, normalised."""
        return MatrixProductState.from_sites(self.sites, self.wires, self.truncation_error)
