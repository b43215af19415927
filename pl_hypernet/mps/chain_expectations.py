"""<Z> of every qubit of a chain of CZ, and its gradient, in O(4^P P) a qubit.

The expectation value of one qubit depends on its light cone alone. Of all qubits together two
sweeps along the line make the values, and two more the gradient of any weighted sum of them.
"""

import numpy as np
import torch

from pl_hypernet.compiled import compiled
from pl_hypernet.mps.chain_log_probability import path_amplitudes
from pl_hypernet.mps.layers import Layers
from pl_hypernet.mps.walsh import transform_axes


def chain_z_expectations(theta: torch.Tensor, layers: Layers) -> torch.Tensor:
    """<Z> of each site, differentiable (once) by theta.

    Args:
        theta: float64 (n_rows, n_sites), radians, on the CPU.
        layers: a chain of CZ or a product.

    Returns:
        float64 (n_sites,).
    """
    if layers.is_product and len(theta) == 1:  # one rotation about X or Y
        return torch.cos(theta[0])
    paths = path_amplitudes(theta, layers.rotations, layers.is_product)
    return _ZExpectations.apply(torch.view_as_real(paths))


class _ZExpectations(torch.autograd.Function):
    """The compiled sweeps, for torch's automatic differentiation."""

    @staticmethod
    def forward(ctx, parts):
        paths = np.ascontiguousarray(torch.view_as_complex(parts.detach()).numpy())
        n_sites, _, chi = paths.shape
        left, right = np.empty((2, n_sites, chi, chi), dtype=complex)
        z = np.empty(n_sites)
        _sweep(paths, left, right, z)
        ctx.arrays = paths, left, right
        return torch.from_numpy(z)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, weights):
        gradient = np.empty_like(ctx.arrays[0])
        _sweep_back(*ctx.arrays, np.ascontiguousarray(weights.numpy()), gradient)
        # d <Z> = 2 Re(gradient da)
        return torch.from_numpy(np.stack([2 * gradient.real, -2 * gradient.imag], axis=-1))


@compiled(nogil=True)
def _sweep(paths, left, right, z):
    """Environments of every site, and <Z>.

    Args:
        paths: complex128 (n_sites, 2, chi), of :func:`walsh.path_amplitudes`.
        left: complex128 (n_sites, chi, chi), written: what lies left of a site, transformed.
        right: the same of what lies right of it.
        z: float64 (n_sites,), written.
    """
    n_sites, _, chi = paths.shape
    env = np.zeros((chi, chi), dtype=np.complex128)
    env[0, 0] = 1
    for site in range(n_sites):
        zero, one = paths[site, 0], paths[site, 1]
        transform_axes(env, chi)
        left[site] = env
        for a in range(chi):
            for b in range(chi):
                env[a, b] *= np.conj(zero[a]) * zero[b] + np.conj(one[a]) * one[b]
    env[:, :] = 1
    for site in range(n_sites - 1, -1, -1):
        zero, one = paths[site, 0], paths[site, 1]
        right[site] = env
        total = 0.0
        for a in range(chi):
            for b in range(chi):
                of_zero, of_one = np.conj(zero[a]) * zero[b], np.conj(one[a]) * one[b]
                total += (env[a, b] * left[site, a, b] * (of_zero - of_one)).real
                env[a, b] *= of_zero + of_one
        z[site] = total
        transform_axes(env, chi)


@compiled(nogil=True)
def _sweep_back(paths, left, right, weights, gradient):
    """The gradient of sum_i weights_i <Z_i>.

    With F and X the environments left and right of a site, two more are needed: G, the weighted sum
    of the left ones with a Z on one of their sites, and Y, that of the right ones.

    Args:
        paths, left, right: as of :func:`_sweep`.
        weights: float64 (n_sites,).
        gradient: complex128 (n_sites, 2, chi), written: g with the derivative 2 Re(g da).
    """
    n_sites, _, chi = paths.shape
    sums = np.empty_like(left)
    env = np.zeros((chi, chi), dtype=np.complex128)
    for site in range(n_sites):
        zero, one = paths[site, 0], paths[site, 1]
        transform_axes(env, chi)
        sums[site] = env
        for a in range(chi):
            for b in range(chi):
                of_zero, of_one = np.conj(zero[a]) * zero[b], np.conj(one[a]) * one[b]
                env[a, b] *= of_zero + of_one
                env[a, b] += weights[site] * left[site, a, b] * (of_zero - of_one)
    env[:, :] = 0
    gradient[:] = 0
    for site in range(n_sites - 1, -1, -1):
        zero, one = paths[site, 0], paths[site, 1]
        for a in range(chi):
            for b in range(chi):
                plain = right[site, a, b] * sums[site, a, b] + env[a, b] * left[site, a, b]
                with_z = weights[site] * right[site, a, b] * left[site, a, b]
                gradient[site, 0, b] += np.conj(zero[a]) * (plain + with_z)
                gradient[site, 1, b] += np.conj(one[a]) * (plain - with_z)
                of_zero, of_one = np.conj(zero[a]) * zero[b], np.conj(one[a]) * one[b]
                env[a, b] *= of_zero + of_one
                env[a, b] += weights[site] * right[site, a, b] * (of_zero - of_one)
        transform_axes(env, chi)
