"""The log-probability of bitstrings under any circuit of one- and two-qubit gates, in torch.

The circuit becomes a matrix product state without a singular value decomposition of anything that
depends on the angles, whose derivative is unstable: every two-qubit gate is written as

    G = sum_k A_k (x) B_k,

an operator Schmidt decomposition (Nielsen et al., Phys. Rev. A 67, 052301, 2003) whose factors on
one qubit are constants, and whose factors on the other one are entries of G. It holds for all
angles at once, so its derivatives are those of G. Each gate multiplies the bonds that it crosses by
its number of terms; nothing is truncated.
"""

from dataclasses import dataclass
from itertools import pairwise
from math import prod

import numpy as np
import pennylane as qml
import torch
from pennylane.exceptions import DecompositionUndefinedError, MatrixUndefinedError
from pennylane.operation import Operator
from pennylane.ops.functions import bind_new_parameters

from pl_hypernet.errors import InputError
from pl_hypernet.mps.chain_log_probability import log_square
from pl_hypernet.mps.evolution import gates_of
from pl_hypernet.mps.operator_schmidt import interpolative_terms

MAX_BOND_DIM = 1024
MAX_BYTES = 2**32  # of all tensors of the state
MAX_VECTOR_WIRES = 16  # up to here a circuit beyond these limits becomes a state vector
N_SAMPLES = 4  # each random angle adds a term until none is missing, and there are at most four


def log_probability_by_gates(operations, bits: torch.Tensor, wires=None) -> torch.Tensor:
    """log |<x|U|0>|^2 of bitstrings; see :func:`circuit_log_probability`, without closed forms."""
    gates = [gate for operation in operations for gate in _gates(operation)]
    wires = line_of(gates, wires, tuple(bits.shape))
    device = _device(gates, bits)
    placed = _placed(gates, wires)
    columns = _columns(_runs(placed), len(wires), device)
    if _fits(columns, len(wires)):
        return _contract([_site_tensor(column, device) for column in columns], bits.to(device))
    return _select(_state_vector(placed, len(wires), device), bits.to(device))


def differentiable_state(operations, wires) -> list[torch.Tensor] | torch.Tensor:
    """The state that a circuit makes of ``|0...0>``, differentiable by its torch parameters.

    Args:
        operations, wires: as of :func:`circuit_log_probability`.

    Returns:
        Its matrix product, complex128 (chi_left, 2, chi_right) for each wire; or, where bonds are
        too large and there are few wires, its vector, complex128 (2**n_wires,).

    Raises:
        InputError: as of :func:`circuit_log_probability`.
    """
    gates = [gate for operation in operations for gate in _gates(operation)]
    device = _device(gates, torch.zeros(0))
    placed = _placed(gates, wires)
    columns = _columns(_runs(placed), len(wires), device)
    if _fits(columns, len(wires)):
        return [_site_tensor(column, device) for column in columns]
    return _state_vector(placed, len(wires), device)


def bond_dim_by_gates(operations, wires) -> int:
    """That of the state that :func:`differentiable_state` would make, without making it.

    Raises:
        InputError: as of :func:`circuit_log_probability`, but for the size.
    """
    gates = [gate for operation in operations for gate in _gates(operation)]
    columns = _columns(_runs(_placed(gates, wires)), len(wires), "cpu")
    return max(_bond_dims(columns))


def _placed(gates, wires) -> "list[_Gate]":
    position = {wire: site for site, wire in enumerate(wires)}
    return [_Gate(gate, tuple(position[wire] for wire in gate.wires)) for gate in gates]


def _gates(operation) -> list:
    """The one- and two-qubit gates of an operation, their parameters in double precision."""
    try:
        gates = gates_of(operation)
    except DecompositionUndefinedError as error:
        raise InputError(
            f"{operation.name} on {len(operation.wires)} wires has no decomposition: expected "
            "one- and two-qubit gates, write it as those"
        ) from error
    gates = [gate for gate in gates if gate.wires and not isinstance(gate, qml.GlobalPhase)]
    for gate in gates:
        if gate.batch_size is not None:
            raise InputError(
                f"{gate.name} has a batch of {gate.batch_size} parameters: expected one circuit, "
                "call circuit_log_probability for each"
            )
    return [_double(gate) for gate in gates]


def _double(gate):
    """A gate of single precision would have a full rank of rounding errors."""
    parameters = [_cast(parameter) for parameter in gate.data]
    if all(new is old for new, old in zip(parameters, gate.data, strict=True)):
        return gate
    return bind_new_parameters(gate, parameters)


def _cast(parameter):
    if not torch.is_tensor(parameter):
        return parameter
    return parameter.to(torch.complex128 if parameter.is_complex() else torch.float64)


def line_of(gates, wires, shape) -> list:
    """The labels of the sites; see ``wires`` of :func:`circuit_log_probability`."""
    used = list(dict.fromkeys(wire for gate in gates for wire in gate.wires))
    if wires is None:
        wires = range(shape[1]) if set(used) <= set(range(shape[1])) else used
    wires = list(wires)
    known = set(wires)
    missing = [wire for wire in used if wire not in known]
    if missing or len(known) != len(wires):
        what = f"lack {missing[0]!r}, which a gate acts on" if missing else "repeat a label"
        raise InputError(f"wires {what}: expected each wire of the circuit once")
    if len(wires) != shape[1]:
        raise InputError(
            f"bits have shape {shape}: expected (shots, {len(wires)}), a column for each wire; "
            "name wires without a gate in the argument wires"
        )
    return wires


def _device(gates, bits) -> torch.device:
    tensors = (parameter for gate in gates for parameter in gate.data if torch.is_tensor(parameter))
    return next(tensors, bits).device


@dataclass(frozen=True)
class _Gate:
    """An operator on one or two sites of the line."""

    operator: Operator
    sites: tuple[int, ...]

    def matrix(self, device) -> torch.Tensor:
        """complex128 (2, 2) or (4, 4), differentiable."""
        return torch.as_tensor(_matrix(self.operator), device=device).to(torch.complex128)

    def samples(self, rng: np.random.Generator) -> torch.Tensor:
        """The matrix at random parameters: complex128 (N_SAMPLES, d, d), on the CPU.

        The torch parameters are drawn, the others are kept. An array of parameters may mean any
        matrix, so random matrices stand for its gate.
        """
        variable = [torch.is_tensor(parameter) for parameter in self.operator.data]
        if any(map(np.ndim, self.operator.data)) and any(variable):
            shape = (2, N_SAMPLES, 2 ** len(self.sites), 2 ** len(self.sites))
            re, im = rng.normal(size=shape)
            return torch.as_tensor(re + 1j * im)
        matrices = np.empty((N_SAMPLES, *[2 ** len(self.sites)] * 2), dtype=complex)
        for i in range(N_SAMPLES):
            parameters = [
                rng.uniform(-np.pi, np.pi) if drawn else parameter
                for parameter, drawn in zip(self.operator.data, variable, strict=True)
            ]
            matrices[i] = _matrix(bind_new_parameters(self.operator, parameters))
        return torch.as_tensor(matrices)


def _matrix(operator):
    try:
        return operator.matrix() if operator.has_matrix else qml.matrix(operator)
    except (MatrixUndefinedError, RuntimeError) as error:  # also: one that numpy has to compute
        raise InputError(
            f"{operator.name} has no matrix in torch ({error}): expected unitary gates, write it "
            "as those"
        ) from error


def _runs(gates: list[_Gate]) -> list[list[_Gate]]:
    """Gates that become one: those on the same two sites with no other two-qubit gate on either
    between them, and the one-qubit gates that these enclose. All others stand alone."""
    runs = []
    pairs: dict[int, list] = {}  # the latest two-qubit run on each site
    singles: dict[int, list] = {}  # the one-qubit runs on each site since then
    for gate in gates:
        run = [gate]
        if len(gate.sites) == 1:
            singles.setdefault(gate.sites[0], []).append(run)
            runs.append(run)
            continue
        first, second = gate.sites
        enclosed = singles.pop(first, []) + singles.pop(second, [])
        if first in pairs and pairs[first] is pairs.get(second):
            for single in enclosed:
                pairs[first] += single
                single.clear()
            pairs[first].append(gate)
            continue
        pairs[first] = pairs[second] = run
        runs.append(run)
    return [run for run in runs if run]


def _columns(runs: list[list[_Gate]], n_sites: int, device) -> list[list[torch.Tensor]]:
    """What the gates do at each site, in their order: complex128 (k_left, 2, 2, k_right) each, the
    bit after the gate before the bit before it."""
    rng = np.random.default_rng(0)
    columns: list[list[torch.Tensor]] = [[] for _ in range(n_sites)]
    for run in runs:
        pair = sorted(run[0].sites)
        matrices = [gate.matrix(device) for gate in run]
        if len(pair) == 1:
            columns[pair[0]].append(matrices[0].reshape(1, 2, 2, 1))
            continue
        sites = [gate.sites for gate in run]
        matrix = _product(matrices, sites, pair)
        examples = matrix.detach().cpu()[None]
        if any(torch.is_tensor(parameter) for gate in run for parameter in gate.operator.data):
            samples = _product([_sampled(gate, rng) for gate in run], sites, pair)
            examples = torch.cat([examples, samples])
        if not torch.isfinite(examples).all():
            raise InputError(
                f"{run[0].operator.name} on wires {list(run[0].operator.wires)} has a matrix with "
                "NaN or infinity: expected finite parameters"
            )
        left, right = interpolative_terms(matrix, examples.numpy())
        columns[pair[0]].append(left)
        columns[pair[1]].append(right)
        through = torch.einsum(
            "io,xy->ixyo", torch.eye(left.shape[3]).to(left), torch.eye(2).to(left)
        )
        for site in range(pair[0] + 1, pair[1]):
            columns[site].append(through)
    return columns


def _sampled(gate: _Gate, rng) -> torch.Tensor:
    if any(map(torch.is_tensor, gate.operator.data)):
        return gate.samples(rng)
    return gate.matrix("cpu")


def _product(matrices, sites, pair) -> torch.Tensor:
    """Gates one after the other as one on a pair of sites: complex128 (..., 4, 4)."""
    product = torch.eye(4).to(matrices[0])
    for matrix, where in zip(matrices, sites, strict=True):
        product = _on_pair(matrix, where, pair) @ product
    return product


def _on_pair(matrix: torch.Tensor, sites, pair) -> torch.Tensor:
    """A gate (..., d, d) on one or both sites of a pair, as (..., 4, 4)."""
    lead = matrix.shape[:-2]
    if len(sites) == 1:
        order = "...xyuv" if sites[0] == pair[0] else "...yxvu"
        both = torch.einsum(f"...xu,yv->{order}", matrix, torch.eye(2).to(matrix))
        return both.reshape(*lead, 4, 4)
    if sites[0] == pair[0]:
        return matrix
    return torch.einsum("...xyuv->...yxvu", matrix.reshape(*lead, 2, 2, 2, 2)).reshape(*lead, 4, 4)


def _fits(columns, n_sites: int) -> bool:
    """Whether the matrix product state is small enough; if not, a state vector has to be."""
    dims = _bond_dims(columns)
    size = 32 * sum(left * right for left, right in pairwise(dims))
    fits = max(dims) <= MAX_BOND_DIM and size <= MAX_BYTES
    if not fits and n_sites > MAX_VECTOR_WIRES:
        raise InputError(
            f"the circuit needs a bond dimension of {max(dims):.6g} and tensors of "
            f"{size / 2**30:.3g} GiB: expected at most {MAX_BOND_DIM} and {MAX_BYTES >> 30} GiB "
            f"on more than {MAX_VECTOR_WIRES} wires, use fewer gates or an order of wires in which "
            "they are closer"
        )
    return fits


def _bond_dims(columns) -> list[int]:
    return [1, *(prod(gate.shape[3] for gate in column) for column in columns)]


def _site_tensor(column: list[torch.Tensor], device) -> torch.Tensor:
    """The gates of a site applied to ``|0>``: complex128 (chi_left, 2, chi_right)."""
    tensor = torch.tensor([1, 0], dtype=torch.complex128, device=device).reshape(1, 2, 1)
    for gate in column:
        left, right = tensor.shape[0] * gate.shape[0], tensor.shape[2] * gate.shape[3]
        tensor = torch.einsum("lyr,ixyo->lixro", tensor, gate).reshape(left, 2, right)
    return tensor


def _contract(tensors: list[torch.Tensor], bits: torch.Tensor) -> torch.Tensor:
    """log |amplitude|^2 of bitstrings: float64 (shots,).

    Args:
        tensors: complex128 (chi_left, 2, chi_right), one for each site.
        bits: (shots, n_sites), on the same device.
    """
    v = torch.ones(len(bits), 1, dtype=torch.complex128, device=bits.device)
    log = torch.zeros(len(bits), dtype=torch.float64, device=bits.device)
    for tensor, column in zip(tensors, bits.T, strict=True):
        both = (v @ tensor.reshape(tensor.shape[0], -1)).reshape(len(bits), 2, -1)
        v = torch.where(column[:, None] == 1, both[:, 1], both[:, 0])
        scale = v.detach().abs().amax(dim=1, keepdim=True)
        scale = torch.where(scale == 0, 1, scale)
        v = v / scale
        log = log + 2 * torch.log(scale[:, 0])
    return log + log_square(v[:, 0])


def _state_vector(gates: list[_Gate], n_sites: int, device) -> torch.Tensor:
    """All amplitudes: complex128 (2**n_sites,), the first site the most significant bit."""
    psi = torch.zeros(2**n_sites, dtype=torch.complex128, device=device)
    psi[0] = 1
    psi = psi.reshape([2] * n_sites)
    for gate in gates:
        n = len(gate.sites)
        matrix = gate.matrix(device).reshape([2] * 2 * n)
        psi = torch.tensordot(matrix, psi, dims=(list(range(n, 2 * n)), gate.sites))
        psi = psi.movedim(list(range(n)), gate.sites)
    return psi.reshape(-1)


def _select(psi: torch.Tensor, bits: torch.Tensor) -> torch.Tensor:
    """log p of bitstrings (shots, n_sites) from all amplitudes."""
    index = torch.zeros(len(bits), dtype=torch.int64, device=bits.device)
    for column in bits.T:
        index = 2 * index + (column == 1)
    return log_square(psi[index])
