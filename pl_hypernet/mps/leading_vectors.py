"""Compiled eigenvectors of a small Hermitian matrix: of the largest eigenvalues.

Householder reflections make the matrix tridiagonal, rotations with implicit shifts make that
diagonal (Golub and Van Loan, Matrix Computations, 8.3), and the reflections are undone for the
vectors that are wanted alone. Up to some hundred rows this takes half of LAPACK's time or less.
"""

import numpy as np

from pl_hypernet.compiled import FAST, compiled

LEAST = 1e-30  # entries below are no part of a matrix of trace 1
EPSILON = 2.0**-52
MOST_SWEEPS = 60  # for one eigenvalue; two or three are enough


@compiled(apart=True, nogil=True)
def reflection(row_re, row_im, a_re, a_im, k):
    """The reflection that leaves of the first k entries of a row the last one alone.

    Args:
        row_re, row_im: float64 (n,).
        a_re, a_im: float64 (n,), written: the unit vector v of 1 - 2 v v^dagger; 0: there is none.

    Returns:
        Real and imaginary part of what is left.
    """
    weight = 0.0
    for j in range(k):
        weight += row_re[j] * row_re[j] + row_im[j] * row_im[j]
    x, y = row_re[k - 1], row_im[k - 1]
    size = np.sqrt(x * x + y * y)
    norm = np.sqrt(weight)
    scale = 0.0  # where it is so already
    if weight - size * size > EPSILON * EPSILON * weight:
        scale = 1 / np.sqrt(2 * norm * (norm + size))
    for j in range(k):
        a_re[j], a_im[j] = scale * row_re[j], -scale * row_im[j]
    if scale == 0:
        return x, y
    c, s = (x / size, y / size) if size > 0 else (1.0, 0.0)
    a_re[k - 1] += scale * norm * c
    a_im[k - 1] -= scale * norm * s
    return -norm * c, -norm * s


@compiled(apart=True, nogil=True, fastmath=FAST)
def reflect(re, im, a_re, a_im, p_re, p_im, k):
    """A reflection of the first k rows and columns of a Hermitian matrix, in place.

    With p = A v - v (v^dagger A v) it is A - 2 v p^dagger - 2 p v^dagger, of which p is written.
    """
    between = 0.0
    for i in range(k):
        row_re, row_im = re[i], im[i]
        g, h = 0.0, 0.0
        for j in range(k):
            g += row_re[j] * a_re[j] - row_im[j] * a_im[j]
            h += row_re[j] * a_im[j] + row_im[j] * a_re[j]
        p_re[i], p_im[i] = 2 * g, 2 * h
        between += a_re[i] * g + a_im[i] * h
    for i in range(k):
        p_re[i] -= 2 * between * a_re[i]
        p_im[i] -= 2 * between * a_im[i]
    for i in range(k):
        row_re, row_im = re[i], im[i]
        b_re, b_im, g, h = a_re[i], a_im[i], p_re[i], p_im[i]
        for j in range(k):
            row_re[j] -= b_re * p_re[j] + b_im * p_im[j] + g * a_re[j] + h * a_im[j]
            row_im[j] -= b_im * p_re[j] - b_re * p_im[j] + h * a_re[j] - g * a_im[j]


@compiled(apart=True, nogil=True)
def tridiagonal(re, im, d, e_re, e_im, v_re, v_im):
    """Makes a Hermitian matrix tridiagonal, from the last row on; it is overwritten.

    All loops of the reflections begin at 0: others are not vectorised.

    Args:
        re, im: float64 (n, n).
        d: float64 (n,), written: the diagonal.
        e_re, e_im: float64 (n,), written: e[k] is what stands below d[k].
        v_re, v_im: float64 (n, n), written: row k is that of :func:`reflection` of the rows before.
    """
    n = len(d)
    p_re, p_im = np.empty(n), np.empty(n)
    for k in range(n - 1, 0, -1):
        d[k] = re[k, k]
        e_re[k - 1], e_im[k - 1] = reflection(re[k], im[k], v_re[k], v_im[k], k)
        if v_re[k, k - 1] != 0 or v_im[k, k - 1] != 0:
            reflect(re, im, v_re[k], v_im[k], p_re, p_im, k)
    d[0] = re[0, 0]


@compiled(apart=True, nogil=True, fastmath=FAST)
def rotate(z, i, c, s):
    """Turns rows i and i + 1."""
    upper, lower = z[i], z[i + 1]
    for k in range(len(upper)):
        x, y = upper[k], lower[k]
        lower[k] = s * x + c * y
        upper[k] = c * x - s * y


@compiled(apart=True, nogil=True)
def diagonalise(d, e, z):
    """Eigenvalues and eigenvectors of a real tridiagonal matrix, by implicit shifts.

    Args:
        d: float64 (n,), the diagonal; becomes the eigenvalues, in no order.
        e: float64 (n,), what is below it, and a 0; overwritten.
        z: float64 (n, n), the identity; its rows become the eigenvectors.
    """
    n = len(d)
    for first in range(n):
        for _ in range(MOST_SWEEPS):
            last = first
            while last < n - 1 and abs(e[last]) > EPSILON * (abs(d[last]) + abs(d[last + 1])):
                last += 1
            if last == first:
                break
            half = (d[first + 1] - d[first]) / (2 * e[first])
            root = np.sqrt(half * half + 1)
            shift = e[first] / (half + (root if half >= 0 else -root))
            g, c, s, moved = d[last] - d[first] + shift, 1.0, 1.0, 0.0
            done = True
            for i in range(last - 1, first - 1, -1):
                f, b = s * e[i], c * e[i]
                r = np.sqrt(f * f + g * g)
                e[i + 1] = r
                if r == 0:
                    d[i + 1] -= moved
                    e[last] = 0.0
                    done = False
                    break
                s, c = f / r, g / r
                g = d[i + 1] - moved
                r = (d[i] - g) * s + 2 * c * b
                moved = s * r
                d[i + 1] = g + moved
                g = c * r - b
                rotate(z, i, c, s)
            if done:
                d[first] -= moved
                e[first] = g
                e[last] = 0.0


@compiled(apart=True, nogil=True, fastmath=FAST)
def undo_reflections(u_re, u_im, v_re, v_im):
    """Rows u (kept, n) in the basis before :func:`tridiagonal`, in place."""
    for k in range(1, u_re.shape[1]):
        a_re, a_im = v_re[k], v_im[k]
        for row in range(len(u_re)):
            b_re, b_im = u_re[row], u_im[row]
            g, h = 0.0, 0.0
            for j in range(k):
                g += a_re[j] * b_re[j] + a_im[j] * b_im[j]
                h += a_re[j] * b_im[j] - a_im[j] * b_re[j]
            g, h = 2 * g, 2 * h
            for j in range(k):
                b_re[j] -= g * a_re[j] - h * a_im[j]
                b_im[j] -= g * a_im[j] + h * a_re[j]


@compiled(apart=True, nogil=True)
def leading_vectors(matrix, most, least):
    """Eigenvectors of a positive Hermitian matrix of trace 1, as columns of complex128 (n, kept).

    Args:
        matrix: complex128 (n, n).
        most: how many at most.
        least: smaller eigenvalues are left out, but for the largest.
    """
    n = len(matrix)
    re, im, v_re, v_im = np.empty((n, n)), np.empty((n, n)), np.empty((n, n)), np.empty((n, n))
    for i in range(n):
        for k in range(n):
            x, y = matrix[i, k].real, matrix[i, k].imag
            re[i, k] = x if abs(x) > LEAST else 0.0
            im[i, k] = y if abs(y) > LEAST else 0.0
    d, e_re, e_im, e = np.empty(n), np.zeros(n), np.zeros(n), np.empty(n)
    tridiagonal(re, im, d, e_re, e_im, v_re, v_im)
    for i in range(n):
        e[i] = np.sqrt(e_re[i] * e_re[i] + e_im[i] * e_im[i])
        for k in range(n):
            re[i, k] = 1.0 if i == k else 0.0
    diagonalise(d, e, re)
    limit = min(n, most)
    order = np.empty(limit, dtype=np.int64)
    kept = 0
    while kept < limit:
        best = 0
        for i in range(n):
            if d[i] > d[best]:
                best = i
        if kept > 0 and d[best] < least:
            break
        order[kept] = best
        d[best] = -1.0  # it is taken
        kept += 1
    u_re, u_im = np.empty((kept, n)), np.empty((kept, n))
    c, s = 1.0, 0.0  # the phases that make what is below the diagonal real
    for i in range(n):
        for row in range(kept):
            u_re[row, i] = c * re[order[row], i]
            u_im[row, i] = s * re[order[row], i]
        size = np.sqrt(e_re[i] * e_re[i] + e_im[i] * e_im[i])
        if size > 0:
            c, s = (c * e_re[i] - s * e_im[i]) / size, (c * e_im[i] + s * e_re[i]) / size
    undo_reflections(u_re, u_im, v_re, v_im)
    out = np.empty((n, kept), dtype=np.complex128)
    for i in range(n):
        for row in range(kept):
            out[i, row] = complex(u_re[row, i], u_im[row, i])
    return out
