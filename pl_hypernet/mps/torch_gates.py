"""What `gates` does in compiled loops, by torch: on a GPU."""

import numpy as np
import torch
from pennylane.wires import Wires

from pl_hypernet.mps.gate_layers import Gate
from pl_hypernet.mps.line_kernels import SMALL_RANK
from pl_hypernet.mps.operator_schmidt import schmidt_terms
from pl_hypernet.mps.splitting import ROUNDING, TINY
from pl_hypernet.mps.state import MatrixProductState

SWAP = torch.eye(4, dtype=torch.complex128)[[0, 2, 1, 3]].reshape(2, 2, 2, 2)


class TorchEvolution:
    """As :class:`gates.GateEvolution`.

    Args:
        state, wires, max_bond_dim, cutoff: as there.
        torch_device: where the linear algebra is done.
    """

    def __init__(
        self, wires=(), max_bond_dim=None, cutoff=None, state=None, torch_device: str = "cpu"
    ):
        self.wires = Wires([])
        self.max_bond_dim = max_bond_dim
        self.cutoff = ROUNDING if cutoff is None else cutoff
        self.torch_device = torch_device
        self.fidelity = 1.0
        self.centre = 0
        self.sites: list[torch.Tensor] = []
        if state is None:
            self.append(Wires(wires))
        else:
            self.wires = state.wires
            self.fidelity = state.fidelity
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

    def apply_layers(self, layers: list[list[Gate]]) -> None:
        """Applies gates in layers of those that commute, each in a sweep from the nearer end."""
        for layer in layers:
            backwards = self.centre > layer[len(layer) // 2][1][0]
            for content, positions in reversed(layer) if backwards else layer:
                self._apply(content, positions, backwards)

    def _apply(self, content, positions: tuple[int, ...], to_left: bool) -> None:
        if isinstance(content, tuple):
            self._apply_through_bond(content, positions)
            return
        gate = self._tensor(content)
        if len(positions) == 1:
            site = positions[0]
            self.sites[site] = torch.einsum("xy,ayb->axb", gate, self.sites[site])
            return
        gate = gate.reshape(2, 2, 2, 2)
        first, second = positions
        if second == first + 1:
            self._apply_to_neighbours(gate, first, to_left)
            return
        terms = schmidt_terms(content)
        if len(terms[1]) <= SMALL_RANK:
            self._apply_through_bond(terms, positions)
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

    def _apply_through_bond(self, tensors, positions: tuple[int, ...]) -> None:
        """A matrix product operator, whose bond travels through the sites between."""
        first, last = positions[0], positions[-1]
        self._move_centre(first)
        rank = 1
        at = dict(zip(positions, tensors, strict=True))
        for site in range(first, last + 1):
            here = self.sites[site]
            if site in at:
                tensor = self._tensor(at[site])
                out = torch.einsum("kxyl,ayb->kaxlb", tensor, here)
            else:
                identity = torch.eye(rank, dtype=torch.complex128, device=self.torch_device)
                out = torch.einsum("kl,axb->kaxlb", identity, here)
            rank = out.shape[3]
            self.sites[site] = out.reshape(out.shape[0] * out.shape[1], 2, -1)
        self._move_centre(last)  # the sites outside are canonical still
        self._truncate_leftwards(first)

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
        u, s, v = torch.linalg.svd(_without_tiny(matrix), full_matrices=False)
        s = s / torch.linalg.norm(s)
        kept = max(1, int(torch.count_nonzero(s >= self.cutoff)))
        if self.max_bond_dim is not None:
            kept = min(kept, self.max_bond_dim)
        if kept < len(s):
            dropped = float(torch.sum(s[kept:] ** 2))
            self.fidelity *= 1 - dropped
            s = s[:kept] / torch.linalg.norm(s[:kept])
        return u[:, :kept], s, v[:kept]

    def _move_centre(self, target: int) -> None:
        while self.centre < target:
            site = self.sites[self.centre]
            q, r = torch.linalg.qr(_without_tiny(site.reshape(-1, site.shape[2])))
            self.sites[self.centre] = q.reshape(site.shape[0], 2, -1)
            self.centre += 1
            self.sites[self.centre] = torch.tensordot(r, self.sites[self.centre], 1)
        while self.centre > target:
            site = self.sites[self.centre]
            q, r = torch.linalg.qr(_without_tiny(site.reshape(site.shape[0], -1).T))
            self.sites[self.centre] = q.T.reshape(-1, 2, site.shape[2])
            self.centre -= 1
            self.sites[self.centre] = torch.tensordot(self.sites[self.centre], r.T, 1)

    def state(self) -> MatrixProductState:
        """The state reached, normalised."""
        sites = [site.cpu().numpy() for site in self.sites]
        return MatrixProductState.from_sites(
            sites,
            self.wires,
            fidelity=self.fidelity,
            torch_device=self.torch_device,
        )


def _without_tiny(matrix: torch.Tensor) -> torch.Tensor:
    """The same with 0 in place of what LAPACK makes NaN of."""
    parts = torch.view_as_real(matrix.resolve_conj().contiguous())
    return torch.view_as_complex(torch.where(parts.abs() > TINY, parts, 0.0))
