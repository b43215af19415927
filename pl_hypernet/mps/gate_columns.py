"""What the gates of a circuit do at each site of a line, differentiable in torch.

There is no singular value decomposition of anything that depends on the angles, as its derivative
is unstable: every two-qubit gate is written as

    G = sum_k A_k (x) B_k,

an operator Schmidt decomposition (Nielsen et al., Phys. Rev. A 67, 052301, 2003) whose factors on
one qubit are constants, and whose factors on the other one are entries of G. It holds for all
angles at once, so its derivatives are those of G. Each gate multiplies the bonds that it crosses by
its number of terms; nothing is truncated.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import prod

import numpy as np
import pennylane as qml
import torch
from pennylane.exceptions import DecompositionUndefinedError, MatrixUndefinedError
from pennylane.operation import Operator
from pennylane.ops import Controlled
from pennylane.ops.functions import bind_new_parameters
from pennylane.ops.qubit.attributes import supports_broadcasting

from pl_hypernet.errors import InputError
from pl_hypernet.mps.evolution import gates_of
from pl_hypernet.mps.operator_schmidt import interpolative_terms

N_SAMPLES = 4  # each random angle adds a term until none is missing, and there are at most four
CONSTANT = {qml.CZ, qml.CNOT, qml.CY, qml.CH, qml.SWAP, qml.ISWAP, qml.SX, qml.S, qml.T}
TWO_TERMS = (Controlled, qml.IsingXX, qml.IsingYY, qml.IsingZZ, qml.MultiRZ)
CONSTANT |= {qml.Hadamard, qml.X, qml.Y, qml.Z}


def place(gates, wires) -> "list[PlacedGate]":
    """Gates with the sites of their wires on a line."""
    position = {wire: site for site, wire in enumerate(wires)}
    return [PlacedGate(gate, tuple(position[wire] for wire in gate.wires)) for gate in gates]


def small_gates(operations) -> list:
    """The one- and two-qubit gates of operations, their parameters in double precision."""
    return [gate for operation in operations for gate in _gates(operation)]


def _gates(operation) -> list:
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


@dataclass(frozen=True)
class PlacedGate:
    """An operator on one or two sites of the line."""

    operator: Operator
    sites: tuple[int, ...]

    @property
    def varies(self) -> bool:
        """Whether it is a function of torch parameters."""
        return any(map(torch.is_tensor, self.operator.data))

    def samples(self, rng: np.random.Generator) -> torch.Tensor:
        """The matrix at random parameters: complex128 (N_SAMPLES, d, d), on the CPU.

        The torch parameters are drawn, the others are kept. An array of parameters may mean any
        matrix, so random matrices stand for its gate.
        """
        kind = type(self.operator)
        if _is_batchable(self.operator):
            return _samples_of(kind, len(self.operator.data), N_SAMPLES)
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


def matrices_of(gates: list[PlacedGate], device) -> list[torch.Tensor]:
    """Of each gate, complex128 (2, 2) or (4, 4), differentiable; of one kind at once."""
    matrices: list = [None] * len(gates)
    together: dict[type, list[int]] = {}
    for i, gate in enumerate(gates):
        operator = gate.operator
        if _is_batchable(operator):
            together.setdefault(type(operator), []).append(i)
            continue
        constant = type(operator) in CONSTANT
        matrix = _constant_matrix(type(operator)) if constant else _matrix(operator)
        matrices[i] = torch.as_tensor(matrix, device=device).to(torch.complex128)
    for kind, places in together.items():
        columns = zip(*(gates[i].operator.data for i in places), strict=True)
        made = kind.compute_matrix(*(torch.stack(column).to(device) for column in columns))
        for i, matrix in zip(places, made.to(torch.complex128).unbind(), strict=True):
            matrices[i] = matrix
    return matrices


def _is_batchable(operator) -> bool:
    """Whether its matrix is a function of its class and of numbers in torch, nothing else."""
    return (
        operator.name in supports_broadcasting
        and not isinstance(operator, qml.IsingXY)  # whose batch is numpy's alone
        and bool(operator.data)
        and not operator.hyperparameters
        and all(torch.is_tensor(number) and number.ndim == 0 for number in operator.data)
    )


@lru_cache(maxsize=256)
def _samples_of(kind: type, n_parameters: int, n_samples: int) -> torch.Tensor:
    angles = np.random.default_rng(1).uniform(-np.pi, np.pi, (n_parameters, n_samples))
    return kind.compute_matrix(*torch.as_tensor(angles)).to(torch.complex128)


@lru_cache(maxsize=256)
def _constant_matrix(kind: type) -> np.ndarray:
    return kind.compute_matrix()


def _runs(gates: list[PlacedGate]) -> list[list[PlacedGate]]:
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


def bond_dim_bound(gates, wires) -> int:
    """At least the bond dimension of the state that gates make, from their kinds alone.

    Args:
        gates: on one or two wires.
        wires: labels of the sites, in order.
    """
    doublings = np.zeros(len(wires), dtype=int)
    placed = place([gate for gate in gates if gate.wires], wires)
    for run in _runs([gate for gate in placed if not isinstance(gate.operator, qml.GlobalPhase)]):
        if len(run[0].sites) == 2:
            few = len(run) == 1 and isinstance(run[0].operator, TWO_TERMS)
            doublings[slice(*sorted(run[0].sites))] += 1 if few else 2
    return 2 ** int(doublings.max(initial=0))


def columns_of(gates: list[PlacedGate], n_sites: int, device) -> list[list[torch.Tensor]]:
    """What the gates do at each site, in their order: complex128 (k_left, 2, 2, k_right) each, the
    bit after the gate before the bit before it."""
    rng = np.random.default_rng(0)
    columns: list[list[torch.Tensor]] = [[] for _ in range(n_sites)]
    matrix_of = dict(zip(map(id, gates), matrices_of(gates, device), strict=True))
    for run in _runs(gates):
        pair = sorted(run[0].sites)
        matrices = [matrix_of[id(gate)] for gate in run]
        if len(pair) == 1:
            columns[pair[0]].append(matrices[0].reshape(1, 2, 2, 1))
            continue
        sites = [gate.sites for gate in run]
        matrix = _product(matrices, sites, pair)
        if not torch.isfinite(matrix).all():
            raise InputError(
                f"{run[0].operator.name} on wires {list(run[0].operator.wires)} has a matrix with "
                "NaN or infinity: expected finite parameters"
            )
        if any(gate.varies for gate in run):
            samples = _product(
                [gate.samples(rng) if gate.varies else matrix_of[id(gate)].cpu() for gate in run],
                sites,
                pair,
            )
            examples = torch.cat([matrix.detach().cpu()[None], samples])
            left, right = interpolative_terms(matrix, examples.numpy())
        else:
            left, right = (
                torch.as_tensor(part, device=device)
                for part in _constant_terms(matrix.cpu().numpy().tobytes())
            )
        columns[pair[0]].append(left)
        columns[pair[1]].append(right)
        through = torch.einsum(
            "io,xy->ixyo", torch.eye(left.shape[3]).to(left), torch.eye(2).to(left)
        )
        for site in range(pair[0] + 1, pair[1]):
            columns[site].append(through)
    return columns


@lru_cache(maxsize=256)
def _constant_terms(matrix: bytes) -> tuple[np.ndarray, np.ndarray]:
    gate = np.frombuffer(matrix, dtype=complex).reshape(4, 4).copy()
    left, right = interpolative_terms(torch.as_tensor(gate), gate[None])
    return left.numpy(), right.numpy()


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


def bond_dims(columns) -> list[int]:
    """Of the state that columns make of ``|0...0>``: before the first site, then after each."""
    return [1, *(prod(gate.shape[3] for gate in column) for column in columns)]


def torch_device_of(gates, bits) -> torch.device:
    """That of the gates' torch parameters; where there are none, that of other numbers."""
    tensors = (parameter for gate in gates for parameter in gate.data if torch.is_tensor(parameter))
    return next(tensors, bits).device
