"""Compiled decompositions of small matrices: one factor orthonormal, directions that are rounding
left out."""

import numpy as np

from pl_hypernet.compiled import compiled

ROUNDING = 1e-12  # Schmidt coefficients below this are rounding
SMALL = 96  # rows or columns up to which Gram-Schmidt is as fast as LAPACK's QR
EXACT = 256  # and faster than its singular values
SEEN = 1e-5  # dropped weight beyond which single precision tells what to keep
TINY = 1e-140  # numbers whose products LAPACK cannot hold; of a state of norm 1


@compiled(nogil=True, fastmath={"contract", "reassoc", "nsz", "arcp"})
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
    c = np.zeros((p, most), dtype=np.complex128)
    out = np.zeros((max(1, most), q), dtype=np.complex128)
    q_re, q_im = np.empty((most, q)), np.empty((most, q))
    waits = np.ones(p, dtype=np.bool_)
    limit = ROUNDING * ROUNDING * total
    rank = 0
    while rank < most:
        best, rest = -1, 0.0
        for i in range(p):
            if waits[i]:
                rest += weight[i]
                if best < 0 or weight[i] > weight[best]:
                    best = i
        if best < 0 or rest <= limit:
            break
        waits[best] = False
        v_re, v_im = re[best], im[best]
        for j in range(rank):
            a_re, a_im = _project(q_re[j], q_im[j], v_re, v_im)
            c[best, j] += complex(a_re, a_im)
        left = 0.0
        for k in range(q):
            left += v_re[k] * v_re[k] + v_im[k] * v_im[k]
        if left <= limit / p:
            continue
        norm = np.sqrt(left)
        for k in range(q):
            q_re[rank, k] = v_re[k] / norm
            q_im[rank, k] = v_im[k] / norm
            out[rank, k] = complex(q_re[rank, k], q_im[rank, k])
        c[best, rank] = norm
        for i in range(p):
            if waits[i]:
                a_re, a_im = _project(q_re[rank], q_im[rank], re[i], im[i])
                c[i, rank] = complex(a_re, a_im)
                left = 0.0
                for k in range(q):
                    left += re[i, k] * re[i, k] + im[i, k] * im[i, k]
                weight[i] = left
        rank += 1
    if rank == 0:
        out[0, 0], rank = 1.0, 1
    return np.ascontiguousarray(c[:, :rank]), out[:rank]


@compiled(nogil=True, fastmath={"contract", "reassoc", "nsz", "arcp"})
def _project(q_re, q_im, v_re, v_im):
    """Takes the part along q out of v, in place; returns its coefficient."""
    a_re, a_im = 0.0, 0.0
    for k in range(len(q_re)):
        a_re += q_re[k] * v_re[k] + q_im[k] * v_im[k]
        a_im += q_re[k] * v_im[k] - q_im[k] * v_re[k]
    for k in range(len(q_re)):
        v_re[k] -= a_re * q_re[k] - a_im * q_im[k]
        v_im[k] -= a_re * q_im[k] + a_im * q_re[k]
    return a_re, a_im


@compiled(nogil=True)
def orthonormal_left(matrix):
    """Q (p, r) and C (r, q), columns of Q orthonormal, with matrix = Q C."""
    if min(matrix.shape) <= SMALL:
        return _orthonormal_columns(matrix)
    q, r = np.linalg.qr(without_tiny(matrix))
    return np.ascontiguousarray(q), np.ascontiguousarray(r)


@compiled(nogil=True)
def _orthonormal_columns(matrix):
    c, q = orthonormal_rows(np.ascontiguousarray(matrix.T))
    return np.ascontiguousarray(q.T), np.ascontiguousarray(c.T)


@compiled(nogil=True)
def orthonormal_right(matrix):
    """C (p, r) and Q (r, q), rows of Q orthonormal, with matrix = C Q."""
    if min(matrix.shape) <= SMALL:
        return orthonormal_rows(matrix)
    q, r = np.linalg.qr(without_tiny(np.ascontiguousarray(matrix.T)))
    return np.ascontiguousarray(r.T), np.ascontiguousarray(q.T)


@compiled(nogil=True)
def without_tiny(matrix):
    """The same with 0 in place of what LAPACK makes NaN of."""
    out = np.empty_like(matrix)
    for i in range(matrix.shape[0]):
        for k in range(matrix.shape[1]):
            x, y = matrix[i, k].real, matrix[i, k].imag
            out[i, k] = complex(x if abs(x) > TINY else 0.0, y if abs(y) > TINY else 0.0)
    return out


@compiled(nogil=True)
def truncated(matrix, to_left, max_bond_dim, cutoff):
    """The best approximation of a matrix by a product of two, L (p, k) and R (k, q).

    R has orthonormal rows if ``to_left``, else L has orthonormal columns. Nothing but rounding is
    dropped, and the other factor is what is left, where no limit asks for more; else the Schmidt
    coefficients that are dropped, and what stays is normalised.

    Args:
        matrix: complex128 (p, q).
        max_bond_dim: largest k.
        cutoff: least Schmidt coefficient of the normalised matrix that is kept.

    Returns:
        L, R, and the weight that was dropped.
    """
    narrow = min(matrix.shape)
    if cutoff <= ROUNDING and narrow <= min(EXACT, max_bond_dim):
        if to_left:
            left, right = orthonormal_rows(matrix)
        else:
            left, right = _orthonormal_columns(matrix)
        return left, right, 0.0
    total = _weight(matrix)
    if cutoff <= ROUNDING or cutoff * cutoff > SEEN:
        basis = _largest_directions(matrix, to_left, total, max_bond_dim, cutoff)
        adjoint = np.ascontiguousarray(np.conj(basis).T)
        rest = np.dot(matrix, basis) if to_left else np.dot(adjoint, matrix)
        weight = _weight(rest)
        if weight < (1 - SEEN) * total:
            rest /= np.sqrt(weight)
            dropped = 1 - weight / total
            return (rest, adjoint, dropped) if to_left else (basis, rest, dropped)
    u, s, v = np.linalg.svd(without_tiny(matrix), False)
    kept, dropped = _kept(s / np.sqrt(total), max_bond_dim, cutoff)
    left = np.ascontiguousarray(u[:, :kept])
    right = np.ascontiguousarray(v[:kept])
    scale = 1 / np.sqrt(np.sum(s[:kept] ** 2))
    for k in range(kept):
        if to_left:
            left[:, k] *= s[k] * scale
        else:
            right[k] *= s[k] * scale
    return left, right, dropped


@compiled(nogil=True)
def _kept(s, max_bond_dim, cutoff):
    """How many of the Schmidt coefficients of a state of norm 1 stay, and the weight that goes."""
    kept = min(len(s), max_bond_dim)
    while kept > 1 and s[kept - 1] < cutoff:
        kept -= 1
    dropped = 0.0
    for value in s[kept:]:
        dropped += value * value
    return kept, dropped


@compiled(nogil=True)
def _weight(matrix):
    """The square of the norm."""
    weight = 0.0
    for i in range(matrix.shape[0]):
        for k in range(matrix.shape[1]):
            weight += matrix[i, k].real ** 2 + matrix[i, k].imag ** 2
    return weight


@compiled(nogil=True)
def _largest_directions(matrix, of_columns, total, max_bond_dim, cutoff):
    """Orthonormal (n, k), where a matrix is largest: its right singular vectors, or its left ones.

    Eigenvectors of the Gram matrix in single precision, which is twice as fast, made orthonormal by
    Newton's iteration. They err by 1e-7 of the whole weight, at the most.
    """
    adjoint = np.ascontiguousarray(np.conj(matrix).T)
    gram = np.dot(adjoint, matrix) if of_columns else np.dot(matrix, adjoint)
    n = len(gram)
    coarse = np.empty((n, n), dtype=np.complex64)
    for i in range(n):
        for k in range(n):
            x, y = gram[i, k].real / total, gram[i, k].imag / total
            coarse[i, k] = complex(x if abs(x) > 1e-30 else 0.0, y if abs(y) > 1e-30 else 0.0)
    values, vectors = np.linalg.eigh(coarse)
    kept = min(n, max_bond_dim)
    while kept > 1 and values[n - kept] < cutoff * cutoff:
        kept -= 1
    basis = np.empty((n, kept), dtype=np.complex128)
    for i in range(n):
        for k in range(kept):
            basis[i, k] = vectors[i, n - 1 - k]
    for _ in range(2):
        change = np.dot(np.ascontiguousarray(np.conj(basis).T), basis)
        change *= -0.5
        for k in range(kept):
            change[k, k] += 1.5
        basis = np.dot(basis, change)
    return basis
