"""Compiled steps on the tensors of a matrix product state, as ``counted_phases`` keeps it."""

import numpy as np

from pl_hypernet.compiled import FAST, compiled


@compiled(fastmath=FAST)
def mixed(tensors, dims, beta):
    """Applies exp(i beta X) to each spin, in place."""
    c, s = np.cos(beta), np.sin(beta)
    for j in range(len(tensors)):
        site = tensors[j]
        for a in range(dims[j]):
            for b in range(dims[j + 1]):
                x, y = site[a, 0, b], site[a, 1, b]
                re, im = c * x.real - s * y.imag, c * x.imag + s * y.real
                site[a, 1, b] = complex(c * y.real - s * x.imag, c * y.imag + s * x.real)
                site[a, 0, b] = complex(re, im)


@compiled(apart=True, fastmath=FAST)
def product(a, b):
    """Of two contiguous complex matrices."""
    return np.dot(a, b)


@compiled(apart=True, fastmath=FAST)
def matrix_of(site, bit, d, e):
    """The matrix (d, e) of a bit, contiguous, of a site complex (chi, 2, chi)."""
    a = np.empty((d, e), np.complex128)
    for p in range(d):
        for q in range(e):
            a[p, q] = site[p, bit, q]
    return a


@compiled(apart=True, fastmath=FAST)
def adjoint(a):
    """Of a complex matrix, contiguous."""
    found = np.empty((a.shape[1], a.shape[0]), np.complex128)
    for p in range(a.shape[0]):
        for q in range(a.shape[1]):
            found[q, p] = a[p, q].conjugate()
    return found


@compiled(apart=True)
def leading_rows(a, most):
    """The at most ``most`` leading right singular vectors, as orthonormal rows."""
    vectors = np.linalg.eigh(product(adjoint(a), a))[1]
    n = len(vectors)
    found = np.empty((min(most, n), n), np.complex128)
    for p in range(len(found)):
        for q in range(n):
            found[p, q] = vectors[q, n - 1 - p].conjugate()
    return found


@compiled(fastmath=FAST)
def spin_means(tensors, dims, means):
    """The mean of each spin, written to float64 (N,), of right-canonical tensors."""
    left = np.ones((1, 1), np.complex128)
    for j in range(len(tensors)):
        d, e = dims[j], dims[j + 1]
        total = np.zeros((e, e), np.complex128)
        means[j] = 0
        for bit in range(2):
            a = matrix_of(tensors[j], bit, d, e)
            moved = product(adjoint(a), product(left, a))
            for p in range(e):
                means[j] += (1 - 2 * bit) * moved[p, p].real
                for q in range(e):
                    total[p, q] += moved[p, q]
        left = total
