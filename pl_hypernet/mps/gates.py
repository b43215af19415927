"""Evolution of a matrix product state by gates, with truncation.

One site is the centre of orthogonality, everything left of it is left-canonical and everything
right of it right-canonical, so that a singular value decomposition at the centre gives the Schmidt
coefficients of the whole state and dropping the smallest is the best truncation of that bond.
"""

import numpy as np
from pennylane.wires import Wires

from pl_hypernet.mps import line_kernels
from pl_hypernet.mps.gate_layers import Gate
from pl_hypernet.mps.line_kernels import ONE, OPERATOR, TWO
from pl_hypernet.mps.operator_schmidt import schmidt_terms
from pl_hypernet.mps.splitting import ROUNDING
from pl_hypernet.mps.state import MatrixProductState
from pl_hypernet.torch_threads import one_thread_if_narrow

NO_LIMIT = 2**62
AT_ONCE = 64  # bond dimension up to which a circuit is multiplied out before it is truncated


class GateEvolution:
    """A line of qubits that gates act on, in compiled loops.

    Args:
        state: the start; None: all qubits in ``|0>``.
        wires: label of each site, if there is no state.
        max_bond_dim: largest bond dimension kept; None: no limit.
        cutoff: Schmidt coefficients (of the normalised state) below this are dropped; None: 1e-12.

    Attributes:
        fidelity: the product of 1 - discarded weight. Of one sweep of :meth:`truncate` this is the
            fidelity with the state before, exactly: the projections on what is kept are nested.
            Over gates it estimates the fidelity with the exact state (arXiv:2002.07730, Eq. 8).
    """

    def __init__(self, wires=(), max_bond_dim=None, cutoff=None, state=None):
        self.max_bond_dim = NO_LIMIT if max_bond_dim is None else max_bond_dim
        self.cutoff = ROUNDING if cutoff is None else max(cutoff, ROUNDING)
        if state is None:
            self.wires = Wires(wires)
            self.fidelity = 1.0
            self.tensors, self.dims = _all_zero(len(self.wires))
        else:
            self.wires, self.fidelity = state.wires, state.fidelity
            self.tensors, self.dims = state.canonical, np.asarray(state.bond_dims, dtype=np.int64)

    def append(self, wires) -> None:
        """Adds qubits in ``|0>`` at the right end."""
        if not len(wires):
            return
        more, _ = _all_zero(len(wires))
        chi = self.tensors.shape[2]
        tensors = np.zeros((len(self.dims) - 1 + len(wires), 2, chi, chi), dtype=np.complex128)
        tensors[: len(self.tensors)] = self.tensors
        tensors[len(self.tensors) :, :, :1, :1] = more
        self.tensors = tensors
        self.dims = np.concatenate([self.dims, np.ones(len(wires), dtype=np.int64)])
        self.wires = self.wires + wires

    def multiply(self, phase: complex) -> None:
        """Multiplies the state by a number of modulus 1."""
        if phase == 1 or not len(self.tensors):  # of no qubits nothing shows a phase
            return
        self.tensors = self.tensors.copy()
        self.tensors[0] *= phase

    def apply_layers(self, layers: list[list[Gate]]) -> None:
        """Applies gates in layers of those that commute, as of :func:`gate_layers`."""
        if not layers:
            return
        self._evolve(layers, at_once=self._fits_at_once(layers))

    def _fits_at_once(self, layers: list[list[Gate]]) -> bool:
        """Whether bonds stay small without truncation, so that one sweep at the end is enough."""
        bound = np.log2(self.dims)
        for layer in layers:
            for content, positions in layer:
                if len(positions) > 1:
                    rank = content[0].shape[3] if isinstance(content, tuple) else 2
                    bound[positions[0] + 1 : positions[-1] + 1] += np.log2(rank)
            if bound.max() > np.log2(AT_ONCE):
                return False
        for layer in layers:
            for content, positions in layer:
                if len(positions) == 2 and not isinstance(content, tuple):
                    rank = len(schmidt_terms(content)[1])
                    bound[positions[0] + 1 : positions[1] + 1] += np.log2(rank) - 1
        return bound.max() <= np.log2(AT_ONCE)

    def truncate(self) -> None:
        """One sweep that truncates every bond, from the left end to the right one."""
        self._evolve([], truncate=True)

    def _evolve(self, layers, truncate: bool = False, at_once: bool = False) -> None:
        gates = _packed(layers, at_once)
        with one_thread_if_narrow(min(self.max_bond_dim, 2 ** (len(self.wires) // 2))):
            self.tensors, self.dims, log = line_kernels.evolve(
                self.tensors, self.dims, truncate, at_once, *gates, self.max_bond_dim, self.cutoff
            )
        self.fidelity *= float(np.exp(log))

    def state(self) -> MatrixProductState:
        """The state reached, normalised."""
        tensors = self.tensors.copy()
        tensors[:1] /= np.linalg.norm(tensors[:1]) or 1.0  # there may be no qubits
        state = MatrixProductState(tensors, self.wires, self.dims, fidelity=self.fidelity)
        state.__dict__["canonical"] = tensors
        return state


def _all_zero(n_sites: int) -> tuple[np.ndarray, np.ndarray]:
    tensors = np.zeros((n_sites, 2, 1, 1), dtype=np.complex128)
    tensors[:, 0] = 1
    return tensors, np.ones(n_sites + 1, dtype=np.int64)


def _packed(layers: list[list[Gate]], as_operators: bool) -> tuple[np.ndarray, ...]:
    """Layers of gates as :func:`line_kernels.evolve` takes them; those on neighbours as
    operators too if so asked."""
    starts, kinds, spans, where = [0], [], [], []
    ones, pairs, numbers, places = [], [], [], []
    size = 0  # of the numbers
    for layer in layers:
        for content, positions in layer:
            first, last = positions[0], positions[-1]
            spans.append((first, last))
            if len(positions) == 1 and not isinstance(content, tuple):
                kinds.append(ONE)
                where.append((len(ones), 0))
                ones.append(content)
                continue
            where.append((len(pairs), len(places)))
            if isinstance(content, tuple):
                kinds.append(OPERATOR)
            else:
                kinds.append(TWO)
                pairs.append(content)
                if last == first + 1 and not as_operators:
                    continue
                content = schmidt_terms(content)
            at = dict(zip(positions, content, strict=True))
            for site in range(first, last + 1):
                if site not in at:
                    places.append((-1, 0, 0))
                    continue
                tensor = at[site]
                places.append((size, tensor.shape[0], tensor.shape[3]))
                numbers.append(tensor.ravel())
                size += tensor.size
        starts.append(len(kinds))
    return (
        np.array(starts),
        np.array(kinds, dtype=np.int64),
        np.array(spans, dtype=np.int64).reshape(-1, 2),
        np.array(where, dtype=np.int64).reshape(-1, 2),
        np.array(ones, dtype=np.complex128).reshape(-1, 2, 2),
        np.array(pairs, dtype=np.complex128).reshape(-1, 4, 4),
        np.concatenate(numbers, dtype=np.complex128) if numbers else np.zeros(0, np.complex128),
        np.array(places, dtype=np.int64).reshape(-1, 3),
    )
