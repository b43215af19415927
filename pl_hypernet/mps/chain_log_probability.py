"""log p of bitstrings under a chain of CZ, or a product state, and its gradient, in torch."""

from collections.abc import Sequence

import numpy as np
import torch

from pl_hypernet.mps import walsh
from pl_hypernet.mps.layers import Layers


def chain_log_p(theta: torch.Tensor, layers: Layers, bits: torch.Tensor) -> torch.Tensor:
    """log p in O(2^P P) a bitstring and qubit, differentiable by theta.

    On the CPU compiled kernels do the work, forwards and backwards, and on another torch device,
    that of theta, plain torch does.

    Args:
        theta: float64 (n_rows, n_sites).
        layers: a chain of CZ or a product.
        bits: (shots, n_sites) in {0, 1}.

    Returns:
        float64 (shots,).
    """
    return log_p_of_paths(path_amplitudes(theta, layers.rotations, layers.is_product), bits)


def log_p_of_paths(paths: torch.Tensor, bits: torch.Tensor) -> torch.Tensor:
    """As :func:`chain_log_p`, of path amplitudes complex128 (n_sites, 2, 2^P)."""
    columns = bits.to(paths.device, torch.float64).T.contiguous()
    if paths.device.type == "cpu":
        return _LogProbability.apply(torch.view_as_real(paths), columns)
    return chain_log_probability(paths, columns)


def path_amplitudes(theta: torch.Tensor, rotations, product: bool = False) -> torch.Tensor:
    """As :func:`walsh.path_amplitudes`, differentiable: complex128 (n_wires, 2, 2^P).

    Args:
        theta: float64 (n_rows, n_wires).
        rotations: names of those of each layer.
        product: there are no CZ: the layers of each qubit are one rotation, and P is 0.
    """
    c, s = torch.cos(theta / 2), torch.sin(theta / 2)
    zero = torch.zeros_like(c)
    row, matrices = 0, []
    for names in rotations:
        matrix = torch.eye(2, dtype=torch.complex128, device=theta.device)
        for name in names:
            re, im = {
                "RX": ((c, zero, zero, c), (zero, -s, -s, zero)),
                "RY": ((c, -s, s, c), (zero, zero, zero, zero)),
                "RZ": ((c, zero, zero, c), (-s, zero, zero, s)),
            }[name]
            rotation = torch.complex(
                torch.stack([part[row] for part in re], dim=-1),
                torch.stack([part[row] for part in im], dim=-1),
            )
            matrix = rotation.reshape(-1, 2, 2) @ matrix
            row += 1
        matrices.append(matrix.expand(theta.shape[1], 2, 2))
    return paths_through(matrices, product)


def paths_through(matrices: Sequence[torch.Tensor], product: bool = False) -> torch.Tensor:
    """Path amplitudes of matrices of each layer, complex128 (n_sites, 2, 2)."""
    paths = matrices[0][:, :, :1]
    for matrix in matrices[1:]:
        if product:
            paths = matrix @ paths
        else:  # the last value joins the values before it, as their highest bit
            paths = torch.einsum("nts,nsr->ntsr", matrix, paths).reshape(len(matrix), 2, -1)
    return paths


def chain_log_probability(paths: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """The same as the compiled kernel in plain torch, for any torch device.

    Args:
        paths: complex128 (n_wires, 2, chi).
        columns: float64 (n_wires, shots), the bits.
    """
    chi, shots = paths.shape[2], columns.shape[1]
    v = torch.zeros(shots, chi, dtype=paths.dtype, device=paths.device)
    v[:, 0] = 1
    log = torch.zeros(shots, dtype=torch.float64, device=paths.device)
    signs = _walsh_matrix(chi, paths)
    for site, bits in enumerate(columns):
        v = (v @ signs) * paths[site][bits.long()]
        scale = v.detach().abs().amax(dim=1, keepdim=True)
        scale = torch.where(scale == 0, 1, scale)
        v = v / scale
        log = log + 2 * torch.log(scale[:, 0])
    return log + log_square(v.sum(dim=1))


def _walsh_matrix(chi: int, like: torch.Tensor) -> torch.Tensor:
    matrix = torch.ones(1, 1, dtype=like.dtype, device=like.device)
    one = torch.tensor([[1, 1], [1, -1]], dtype=like.dtype, device=like.device)
    while len(matrix) < chi:
        matrix = torch.kron(matrix, one)
    return matrix


class _LogProbability(torch.autograd.Function):
    """The compiled kernels, for torch's automatic differentiation."""

    @staticmethod
    def forward(ctx, paths, columns):
        ctx.save_for_backward(paths, columns)
        out = np.empty(columns.shape[1])
        walsh.log_probabilities(_complex(paths), columns.numpy(), out)
        return torch.from_numpy(out)

    @staticmethod
    def backward(ctx, weights):
        paths, columns = ctx.saved_tensors
        if torch.is_grad_enabled():  # second derivatives are wanted, which the kernels do not give
            value = chain_log_probability(torch.view_as_complex(paths), columns)
            return torch.autograd.grad(value, paths, weights, create_graph=True)[0], None
        amplitudes = _complex(paths)
        gradient = np.zeros_like(amplitudes)
        weights = np.ascontiguousarray(weights.numpy())
        none = np.empty((0, 0, 0), dtype=complex)
        walsh.path_gradient(amplitudes, columns.numpy(), weights, gradient, none)
        # d log p = 2 Re(gradient da)
        parts = np.stack([2 * gradient.real, -2 * gradient.imag], axis=-1)
        return torch.from_numpy(parts), None


def _complex(paths: torch.Tensor) -> np.ndarray:
    return np.ascontiguousarray(torch.view_as_complex(paths.detach()).numpy())


def log_square(amplitudes: torch.Tensor) -> torch.Tensor:
    """log |a|^2; -inf for a = 0, with derivative 0."""
    p = amplitudes.real**2 + amplitudes.imag**2
    impossible = p == 0
    # the 1 keeps the derivative of a logarithm at 0, and with it NaN, out of the gradient
    return torch.where(impossible, -torch.inf, torch.log(torch.where(impossible, 1, p)))
