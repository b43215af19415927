"""The log-probability of bitstrings under any circuit of one- and two-qubit gates, in torch.

The circuit becomes a matrix product state without a singular value decomposition
(:mod:`pl_hypernet.mps.gate_columns`).
"""

from itertools import pairwise

import torch

from pl_hypernet.errors import InputError
from pl_hypernet.memory import in_bytes, rounded
from pl_hypernet.mps.chain_log_probability import log_square
from pl_hypernet.mps.gate_columns import (
    PlacedGate,
    bond_dims,
    columns_of,
    matrices_of,
    place,
    small_gates,
    torch_device_of,
)

MAX_BOND_DIM = 1024
MAX_BYTES = 2**32  # of all tensors of the state
MAX_VECTOR_WIRES = 16  # up to here a circuit beyond these limits becomes a state vector


def log_probability_by_gates(operations, bits: torch.Tensor, wires=None) -> torch.Tensor:
    """log |<x|U|0>|^2 of bitstrings; see :func:`circuit_log_probability`, without closed forms."""
    gates = small_gates(operations)
    wires = line_of(gates, wires, tuple(bits.shape))
    device = torch_device_of(gates, bits)
    placed = place(gates, wires)
    columns = columns_of(placed, len(wires), device)
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
    columns = columns_or_vector(operations, wires)
    if torch.is_tensor(columns):
        return columns
    return [_site_tensor(column, column[0].device if column else "cpu") for column in columns]


def columns_or_vector(
    operations, wires, max_bond_dim: int | None = None
) -> list[list[torch.Tensor]] | torch.Tensor:
    """What the gates do at each site (:func:`columns_of`), or the state vector, as of
    :func:`differentiable_state`.

    Args:
        max_bond_dim: a larger bond is too large; None: 1024.
    """
    gates = small_gates(operations)
    device = torch_device_of(gates, torch.zeros(0))
    placed = place(gates, wires)
    columns = columns_of(placed, len(wires), device)
    if _fits(columns, len(wires), max_bond_dim):
        return columns
    return _state_vector(placed, len(wires), device)


def bond_dim_by_gates(operations, wires) -> int:
    """That of the state that :func:`differentiable_state` would make, without making it.

    Raises:
        InputError: as of :func:`circuit_log_probability`, but for the size.
    """
    gates = small_gates(operations)
    columns = columns_of(place(gates, wires), len(wires), "cpu")
    return max(bond_dims(columns))


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


def _fits(columns, n_sites: int, max_bond_dim: int | None = None) -> bool:
    """Whether the matrix product state is small enough; if not, a state vector has to be."""
    max_bond_dim = max_bond_dim or MAX_BOND_DIM
    dims = bond_dims(columns)
    size = 32 * sum(left * right for left, right in pairwise(dims))
    fits = max(dims) <= max_bond_dim and size <= MAX_BYTES
    if not fits and n_sites > MAX_VECTOR_WIRES:
        raise InputError(
            f"the circuit needs a bond dimension of {rounded(max(dims))} and tensors of "
            f"{in_bytes(size)}: expected at most {rounded(max_bond_dim)} and {in_bytes(MAX_BYTES)} "
            f"on more than {MAX_VECTOR_WIRES} wires, use fewer gates or an order of wires in which "
            "they are closer"
        )
    return fits


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


def _state_vector(gates: list[PlacedGate], n_sites: int, device) -> torch.Tensor:
    """All amplitudes: complex128 (2**n_sites,), the first site the most significant bit."""
    psi = torch.zeros(2**n_sites, dtype=torch.complex128, device=device)
    psi[0] = 1
    psi = psi.reshape([2] * n_sites)
    for gate, matrix in zip(gates, matrices_of(gates, device), strict=True):
        n = len(gate.sites)
        matrix = matrix.reshape([2] * 2 * n)
        psi = torch.tensordot(matrix, psi, dims=(list(range(n, 2 * n)), gate.sites))
        psi = psi.movedim(list(range(n)), gate.sites)
    return psi.reshape(-1)


def _select(psi: torch.Tensor, bits: torch.Tensor) -> torch.Tensor:
    """log p of bitstrings (shots, n_sites) from all amplitudes."""
    index = torch.zeros(len(bits), dtype=torch.int64, device=bits.device)
    for column in bits.T:
        index = 2 * index + (column == 1)
    return log_square(psi[index])
