"""Compiled decompositions of small matrices: one factor orthonormal, directions that are rounding
left out.

Loops and not expressions of arrays, each of which numba compiles by itself; and small functions, as
the time that it takes grows faster than their length.
"""

import numpy as np

from pl_hypernet.compiled import FAST, compiled
from pl_hypernet.mps.leading_vectors import leading_vectors

EXACTLY = -1.0  # a number, as numba compiles a function anew for each constant that is none
ROUNDING = 1e-12  # Schmidt coefficients below this are rounding
SMALL = 96  # rows or columns up to which Gram-Schmidt is as fast as LAPACK's QR
EXACT = 256  # and faster than its singular values
SEEN = 1e-10  # dropped weight beyond which a Gram matrix tells what to keep
TINY = 1e-140  # numbers whose products LAPACK cannot hold; of a state of norm 1


@compiled(apart=True, nogil=True)
def zero_matrix(p, q):
    """A complex matrix: compiled here once, and not in each function that makes one."""
    return np.zeros((p, q), dtype=np.complex128)


@compiled(apart=True, nogil=True)
def new_matrix(p, q):
    return np.empty((p, q), dtype=np.complex128)


@compiled(apart=True, nogil=True, fastmath=FAST)
def orthonormal_rows(matrix):
    """C (p, r) and Q (r, q), rows orthonormal, with matrix = C Q up to 1e-12 of its norm.

    Gram-Schmidt with the largest row first, which finds the rank r; each new row is made orthogonal
    twice, so that it is to rounding.

    Args:
        matrix: complex128 (p, q).
    """
    p, q = matrix.shape
    re, im, weight = np.empty((p, q)), np.empty((p, q)), np.empty(p)
    total = 0.0
    for i in range(p):
        weight[i] = 0.0
        for k in range(q):
            x, y = matrix[i, k].real, matrix[i, k].imag
            re[i, k] = x if abs(x) > TINY else 0.0
            im[i, k] = y if abs(y) > TINY else 0.0
            weight[i] += re[i, k] * re[i, k] + im[i, k] * im[i, k]
        total += weight[i]
    most = min(p, q)
    found = np.empty(most, dtype=np.int64)  # the row of each direction, made orthonormal in place
    c = zero_matrix(p, most)
    limit = ROUNDING * ROUNDING * total
    rank = 0
    while rank < most:
        best, rest = -1, 0.0
        for i in range(p):
            if weight[i] >= 0:  # it waits
                rest += weight[i]
                if best < 0 or weight[i] > weight[best]:
                    best = i
        if best < 0 or rest <= limit:
            break
        weight[best] = -1.0
        for number in range(rank):  # once more, so that it is orthogonal to rounding
            at = found[number]
            a_re, a_im = 0.0, 0.0
            for k in range(q):
                a_re += re[at, k] * re[best, k] + im[at, k] * im[best, k]
                a_im += re[at, k] * im[best, k] - im[at, k] * re[best, k]
            for k in range(q):
                re[best, k] -= a_re * re[at, k] - a_im * im[at, k]
                im[best, k] -= a_re * im[at, k] + a_im * re[at, k]
            c[best, number] += complex(a_re, a_im)
        left = 0.0
        for k in range(q):
            left += re[best, k] * re[best, k] + im[best, k] * im[best, k]
        if left <= limit / p:
            continue
        norm = np.sqrt(left)
        for k in range(q):
            re[best, k] /= norm
            im[best, k] /= norm
        c[best, rank] = norm
        found[rank] = best
        for i in range(p):
            if weight[i] >= 0:
                a_re, a_im, left = 0.0, 0.0, 0.0
                for k in range(q):
                    a_re += re[best, k] * re[i, k] + im[best, k] * im[i, k]
                    a_im += re[best, k] * im[i, k] - im[best, k] * re[i, k]
                for k in range(q):
                    x = re[i, k] - a_re * re[best, k] + a_im * im[best, k]
                    y = im[i, k] - a_re * im[best, k] - a_im * re[best, k]
                    re[i, k], im[i, k] = x, y
                    left += x * x + y * y
                c[i, rank] = complex(a_re, a_im)
                weight[i] = left
        rank += 1
    size = max(1, rank)
    coefficients = zero_matrix(p, size)
    rows = zero_matrix(size, q)
    if rank == 0:
        rows[0, 0] = 1.0
    for j in range(rank):
        for i in range(p):
            coefficients[i, j] = c[i, j]
        for k in range(q):
            rows[j, k] = complex(re[found[j], k], im[found[j], k])
    return coefficients, rows


@compiled(apart=True, nogil=True)
def transposed(matrix):
    """A copy (q, p) of a contiguous matrix (p, q)."""
    p, q = matrix.shape
    out = new_matrix(q, p)
    for i in range(p):
        for k in range(q):
            out[k, i] = matrix[i, k]
    return out


@compiled(apart=True, nogil=True)
def squared_norm(matrix):
    total = 0.0
    for i in range(matrix.shape[0]):
        for k in range(matrix.shape[1]):
            total += matrix[i, k].real ** 2 + matrix[i, k].imag ** 2
    return total


@compiled(apart=True, nogil=True)
def without_tiny(matrix):
    """A copy with 0 in place of what LAPACK makes NaN of."""
    out = new_matrix(matrix.shape[0], matrix.shape[1])
    for i in range(matrix.shape[0]):
        for k in range(matrix.shape[1]):
            x, y = matrix[i, k].real, matrix[i, k].imag
            out[i, k] = complex(x if abs(x) > TINY else 0.0, y if abs(y) > TINY else 0.0)
    return out


@compiled(apart=True, nogil=True)
def by_qr(matrix, to_left):
    """All of a matrix (p, q) as a product, by LAPACK's QR decomposition."""
    directions, rest = np.linalg.qr(transposed(matrix) if to_left else matrix)
    p, q = matrix.shape
    narrow = min(p, q)
    left = new_matrix(p, narrow)
    right = new_matrix(narrow, q)
    for j in range(narrow):
        for i in range(p):
            left[i, j] = rest[j, i] if to_left else directions[i, j]
        for k in range(q):
            right[j, k] = directions[k, j] if to_left else rest[j, k]
    return left, right


@compiled(apart=True, nogil=True)
def adjoint(matrix, factor):
    """The conjugate transpose (q, p) of a matrix (p, q), times a real factor."""
    p, q = matrix.shape
    out = new_matrix(q, p)
    for i in range(p):
        for k in range(q):
            out[k, i] = factor * np.conj(matrix[i, k])
    return out


@compiled(apart=True, nogil=True)
def by_gram(matrix, to_left, max_bond_dim, cutoff, total):
    """As :func:`split`, of a matrix of squared norm ``total``, by eigenvectors of its Gram matrix:
    to 1e-15 of the whole weight."""
    scaled = adjoint(matrix, 1 / total)
    gram = np.dot(scaled, matrix) if to_left else np.dot(matrix, scaled)
    basis = leading_vectors(gram, max_bond_dim, cutoff * cutoff)
    conjugate = adjoint(basis, 1.0)
    rest = np.dot(matrix, basis) if to_left else np.dot(conjugate, matrix)
    weight = squared_norm(rest)
    scale = 1 / np.sqrt(weight)
    for i in range(rest.shape[0]):
        for k in range(rest.shape[1]):
            rest[i, k] *= scale
    dropped = 1 - weight / total
    if to_left:
        return rest, conjugate, dropped
    return basis, rest, dropped


@compiled(apart=True, nogil=True)
def by_singular_values(matrix, to_left, max_bond_dim, cutoff, total):
    """As :func:`split`, of a matrix of squared norm ``total``."""
    p, q = matrix.shape
    narrow = min(p, q)
    u, s, v = np.linalg.svd(matrix, False)
    kept = min(narrow, max_bond_dim)
    while kept > 1 and s[kept - 1] < cutoff * np.sqrt(total):
        kept -= 1
    stays, dropped = 0.0, 0.0
    for j in range(narrow):
        if j < kept:
            stays += s[j] * s[j]
        else:
            dropped += s[j] * s[j] / total
    left = new_matrix(p, kept)
    right = new_matrix(kept, q)
    for j in range(kept):
        weight = s[j] / np.sqrt(stays)
        for i in range(p):
            left[i, j] = u[i, j] * (weight if to_left else 1.0)
        for k in range(q):
            right[j, k] = v[j, k] * (1.0 if to_left else weight)
    return left, right, dropped


@compiled(apart=True, nogil=True)
def split(matrix, to_left, max_bond_dim, cutoff):
    """The best approximation of a matrix by a product of two, L (p, k) and R (k, q).

    R has orthonormal rows if ``to_left``, else L has orthonormal columns. Nothing but rounding is
    dropped, and the other factor is what is left, where no limit asks for more; else the Schmidt
    coefficients that are dropped, and what stays is normalised.

    What is dropped is found by :func:`by_gram`, or where it is less than that tells, by singular
    values.

    Args:
        matrix: complex128 (p, q).
        to_left: where the centre of orthogonality goes.
        max_bond_dim: largest k.
        cutoff: least Schmidt coefficient of the normalised matrix that is kept; EXACTLY: there is
            no limit, and no rank to be found.

    Returns:
        L, R, and the weight that was dropped.
    """
    narrow = min(matrix.shape)
    exactly = cutoff == EXACTLY
    by_rows = exactly and narrow <= SMALL
    if by_rows or (not exactly and cutoff <= ROUNDING and narrow <= min(EXACT, max_bond_dim)):
        rest, directions = orthonormal_rows(matrix if to_left else transposed(matrix))
        if to_left:
            return rest, directions, 0.0
        return transposed(directions), transposed(rest), 0.0
    total = squared_norm(matrix)
    clean = without_tiny(matrix)
    if exactly:
        left, right = by_qr(clean, to_left)
        return left, right, 0.0
    if cutoff <= ROUNDING or cutoff * cutoff > SEEN:
        left, right, dropped = by_gram(clean, to_left, max_bond_dim, cutoff, total)
        if dropped > SEEN:
            return left, right, dropped
    return by_singular_values(clean, to_left, max_bond_dim, cutoff, total)
