"""Evolution of a matrix product state by gates, with truncation.

One site is the centre of orthogonality, everything left of it is left-canonical and everything
right of it right-canonical, so that a singular value decomposition at the centre gives the Schmidt
coefficients of the whole state and dropping the smallest is the best truncation of that bond.
"""

import numpy as np
import torch
from pennylane.wires import Wires

from pl_hypernet.mps.gate_layers import Gate
from pl_hypernet.mps.operator_schmidt import schmidt_terms
from pl_hypernet.mps.state import MatrixProductState

SWAP = torch.eye(4, dtype=torch.complex128)[[0, 2, 1, 3]].reshape(2, 2, 2, 2)
NO_CUTOFF = 1e-12  # Schmidt coefficients below this are rounding
SMALL_RANK = 2  # operator rank up to which a long bond is cheaper than swaps (measured)


class GateEvolution:
    """A line of qubits that gates act on.

    Args:
        state: the start; None: all qubits in ``|0>``.
        wires: label of each site, if there is no state.
        max_bond_dim: largest bond dimension kept; None: no limit.
        cutoff: Schmidt coefficients (of the normalised state) below this are dropped; None: 1e-12.
        torch_device: where the linear algebra is done.

    Attributes:
        truncation_error: the sum of the discarded weights.
        fidelity: the product of 1 - discarded weight. Of one sweep of :meth:`truncate` this is the
            fidelity with the state before, exactly: the projections on what is kept are nested.
            Over gates it estimates the fidelity with the exact state (arXiv:2002.07730, Eq. 8).
    """

    def __init__(
        self, wires=(), max_bond_dim=None, cutoff=None, state=None, torch_device: str = "cpu"
    ):
        self.wires = Wires([])
        self.max_bond_dim = max_bond_dim
        self.cutoff = NO_CUTOFF if cutoff is None else cutoff
        self.torch_device = torch_device
        self.truncation_error = 0.0
        self.fidelity = 1.0
        self.centre = 0
        self.sites: list[torch.Tensor] = []
        if state is None:
            self.append(Wires(wires))
        else:
            self.wires = state.wires
            self.truncation_error, self.fidelity = state.truncation_error, state.fidelity
            canonical = MatrixProductState(state.canonical, state.wires, state.bond_dims)
            self.sites = [self._tensor(site) for site in canonical.to_sites()]

    def _tensor(self, array) -> torch.Tensor:
        array = torch.as_tensor(np.ascontiguousarray(array), dtype=torch.complex128)
        return array.to(self.torch_device)

    def append(self, wires) -> None:
        """Adds qubits in ``|0>`` at the right end."""
        self._move_centre(0)
        self.sites += [self._tensor([[[1], [0]]]) for _ in wires]
        self.wires = self.wires + wires

    def multiply(self, phase: complex) -> None:
        """Multiplies the state by a number of modulus 1."""
        self.sites[self.centre] = phase * self.sites[self.centre]

    def apply_layer(self, layer: list[Gate]) -> None:
        """Applies gates that commute, sorted by position, in a sweep from the nearer end."""
        backwards = self.centre > layer[len(layer) // 2][1][0]
        for matrix, positions in reversed(layer) if backwards else layer:
            self.apply(matrix, positions, backwards)

    def apply(self, matrix, positions: tuple[int, ...], to_left: bool = False) -> None:
        """Applies a one- or two-qubit gate.

        Args:
            matrix: complex (2, 2) or (4, 4), the first position the more significant bit.
            positions: sites that it acts on, in increasing order; may lie far apart.
            to_left: at which of two neighbours the centre is left.
        """
        gate = self._tensor(matrix)
        if len(positions) == 1:
            site = positions[0]
            self.sites[site] = torch.einsum("xy,ayb->axb", gate, self.sites[site])
            return
        gate = gate.reshape(2, 2, 2, 2)
        first, second = positions
        if second == first + 1:
            self._apply_to_neighbours(gate, first, to_left)
            return
        left, right = schmidt_terms(gate)
        if len(left) <= SMALL_RANK:
            self._apply_through_bond(left, right, first, second)
            return
        swap = SWAP.to(self.torch_device)
        for site in range(second - 1, first, -1):  # bring the far qubit next to the near one
            self._apply_to_neighbours(swap, site, to_left=True)
        self._apply_to_neighbours(gate, first, to_left=False)
        for site in range(first + 1, second):
            self._apply_to_neighbours(swap, site, to_left=False)

    def _apply_to_neighbours(self, gate: torch.Tensor, left: int, to_left: bool) -> None:
        """A gate (2, 2, 2, 2) on sites left, left + 1; the centre ends on the side asked for."""
        self._move_centre(left if self.centre <= left else left + 1)
        pair = torch.tensordot(self.sites[left], self.sites[left + 1], dims=1)
        n_left, n_right = pair.shape[0], pair.shape[3]
        pair = torch.einsum("xyuv,auvb->axyb", gate, pair).reshape(2 * n_left, 2 * n_right)
        u, s, v = self._truncated(pair)
        u, v = (u * s, v) if to_left else (u, s[:, None] * v)
        self.centre = left if to_left else left + 1
        self.sites[left] = u.reshape(n_left, 2, -1)
        self.sites[left + 1] = v.reshape(-1, 2, n_right)

    def _apply_through_bond(self, left, right, first: int, second: int) -> None:
        """A gate sum_k left[k] (x) right[k] whose index k travels through the sites between."""
        self._move_centre(first if self.centre < second else second)
        rank = len(left)
        identity = torch.eye(rank, dtype=torch.complex128, device=self.torch_device)
        a = torch.einsum("kxy,ayb->axkb", left, self.sites[first])
        self.sites[first] = a.reshape(*a.shape[:2], -1)
        for site in range(first + 1, second):
            a = torch.einsum("kl,axb->kaxlb", identity, self.sites[site])
            self.sites[site] = a.reshape(rank * a.shape[1], 2, -1)
        a = torch.einsum("kxy,ayb->kaxb", right, self.sites[second])
        self.sites[second] = a.reshape(-1, *a.shape[2:])
        # the sites outside are canonical still; those between are made so on the way back
        if self.centre == first:
            self._move_centre(second)
            self._truncate_leftwards(first)
        else:
            self._move_centre(first)
            self._truncate_rightwards(second)

    def truncate(self) -> None:
        """One sweep that truncates every bond, from the left end to the right one."""
        self._move_centre(0)
        self._truncate_rightwards(len(self.sites) - 1)

    def _truncate_rightwards(self, target: int) -> None:
        while self.centre < target:
            site = self.sites[self.centre]
            u, s, v = self._truncated(site.reshape(-1, site.shape[2]))
            self.sites[self.centre] = u.reshape(site.shape[0], 2, -1)
            self.centre += 1
            self.sites[self.centre] = torch.tensordot(s[:, None] * v, self.sites[self.centre], 1)

    def _truncate_leftwards(self, target: int) -> None:
        while self.centre > target:
            site = self.sites[self.centre]
            u, s, v = self._truncated(site.reshape(site.shape[0], -1))
            self.sites[self.centre] = v.reshape(-1, 2, site.shape[2])
            self.centre -= 1
            self.sites[self.centre] = torch.tensordot(self.sites[self.centre], u * s, 1)

    def _truncated(self, matrix: torch.Tensor):
        """Singular value decomposition without the Schmidt coefficients that are dropped.

        Counts their weight, and normalises what stays.
        """
        u, s, v = torch.linalg.svd(matrix, full_matrices=False)
        s = s / torch.linalg.norm(s)
        kept = max(1, int(torch.count_nonzero(s >= self.cutoff)))
        if self.max_bond_dim is not None:
            kept = min(kept, self.max_bond_dim)
        if kept < len(s):
            dropped = float(torch.sum(s[kept:] ** 2))
            self.truncation_error += dropped
            self.fidelity *= 1 - dropped
            s = s[:kept] / torch.linalg.norm(s[:kept])
        return u[:, :kept], s, v[:kept]

    def _move_centre(self, target: int) -> None:
        while self.centre < target:
            site = self.sites[self.centre]
            q, r = torch.linalg.qr(site.reshape(-1, site.shape[2]))
            self.sites[self.centre] = q.reshape(site.shape[0], 2, -1)
            self.centre += 1
            self.sites[self.centre] = torch.tensordot(r, self.sites[self.centre], 1)
        while self.centre > target:
            site = self.sites[self.centre]
            q, r = torch.linalg.qr(site.reshape(site.shape[0], -1).T)
            self.sites[self.centre] = q.T.reshape(-1, 2, site.shape[2])
            self.centre -= 1
            self.sites[self.centre] = torch.tensordot(self.sites[self.centre], r.T, 1)

    def state(self) -> MatrixProductState:
        """The state reached, normalised."""
        sites = [site.cpu().numpy() for site in self.sites]
        return MatrixProductState.from_sites(
            sites,
            self.wires,
            truncation_error=self.truncation_error,
            fidelity=self.fidelity,
            torch_device=self.torch_device,
        )
