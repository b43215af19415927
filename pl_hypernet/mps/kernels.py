"""Compiled loops over the sites of a matrix product state (numba; cached on disk).

All take zero-padded tensors (n_sites, 2, chi, chi): a row vector times ``A[0, x_0] A[1, x_1] ...``
starting from and ending in index 0.
"""

import numpy as np

from pl_hypernet.compiled import FAST, compiled

SHOT_BLOCK = 256  # shots that go through the chain together, along the vector lanes


@compiled()
def right_canonical(tensors, dims):
    """Makes each ``[A^0 A^1]`` an isometry, in place, so that what lies right of a site sums to 1.

    A sweep of LQ decompositions from the right: Gram-Schmidt on the rows, done twice for
    orthogonality to rounding. Rows that depend on others become zero rows, which keeps the state.

    Args:
        tensors: complex128 (n_sites, 2, chi, chi), overwritten.
        dims: int64 (n_sites + 1,), the bond dimensions; the first and last are 1.

    Returns:
        The norm of the state, which is divided out.
    """
    n_sites, _, chi, _ = tensors.shape
    carry = np.zeros((chi, chi), dtype=tensors.dtype)
    carry[0, 0] = 1.0
    rows = np.empty((chi, 2 * chi), dtype=tensors.dtype)
    for site in range(n_sites - 1, -1, -1):
        n_left, n_inner = dims[site], dims[site + 1]
        scale = 0.0
        for a in range(n_left):
            for x in range(2):
                for b in range(n_inner):
                    total = 0j
                    for c in range(n_inner):
                        total += tensors[site, x, a, c] * carry[c, b]
                    rows[a, x * n_inner + b] = total
                    scale += total.real**2 + total.imag**2
        carry[:, :] = 0
        width = 2 * n_inner
        for a in range(n_left):
            for _ in range(2):
                for j in range(a):
                    overlap = 0j
                    for k in range(width):
                        overlap += rows[a, k] * np.conj(rows[j, k])
                    for k in range(width):
                        rows[a, k] -= overlap * rows[j, k]
                    carry[a, j] += overlap
            norm = 0.0
            for k in range(width):
                norm += rows[a, k].real ** 2 + rows[a, k].imag ** 2
            if norm > 1e-28 * scale:
                carry[a, a] = np.sqrt(norm)
                for k in range(width):
                    rows[a, k] /= np.sqrt(norm)
            else:
                rows[a, :width] = 0
        for a in range(n_left):
            for x in range(2):
                for b in range(n_inner):
                    tensors[site, x, a, b] = rows[a, x * n_inner + b]
    return carry[0, 0].real


@compiled(nogil=True, fastmath=FAST)
def sample(re, im, is_real, dims, uniforms, bits, log_probabilities, begin, end):
    """Draws bitstrings site by site, each bit from its exact conditional distribution.

    Only those of the shots begin ... end - 1.

    Args:
        re, im: real (n_sites, 2, chi, chi), the right-canonical tensors. Their dtype is the
            precision: conditional probabilities below 100 eps^2 are rounding and count as zero.
        is_real: whether the imaginary parts are all 0.
        dims: int64 (n_sites + 1,), the bond dimensions.
        uniforms: same dtype, (n_sites, shots), in [0, 1]; bit 1 is drawn where the number is at
            least the conditional probability of bit 0.
        bits: int8 (n_sites, shots), written.
        log_probabilities: float64 (shots,), written: log of the product of the conditional
            probabilities of the bits drawn.
    """
    n_sites, _, chi, _ = re.shape
    dtype = re.dtype
    tiny = 100 * np.finfo(dtype).eps ** 2
    v_re = np.empty((chi, SHOT_BLOCK), dtype=dtype)
    v_im = np.empty((chi, SHOT_BLOCK), dtype=dtype)
    w_re = np.empty((2, chi, SHOT_BLOCK), dtype=dtype)
    w_im = np.empty((2, chi, SHOT_BLOCK), dtype=dtype)
    p = np.empty((2, SHOT_BLOCK), dtype=dtype)
    chosen = np.empty(SHOT_BLOCK, dtype=np.int8)
    scales = np.empty((2, SHOT_BLOCK), dtype=dtype)
    product = np.empty(SHOT_BLOCK, dtype=np.float64)
    for start in range(begin, end, SHOT_BLOCK):
        n = min(SHOT_BLOCK, end - start)
        for s in range(n):  # no slices: numba compiles messages on their shapes for each
            v_re[0, s], v_im[0, s] = 1, 0
            product[s] = 1
            log_probabilities[start + s] = 0
        for site in range(n_sites):
            n_left, n_right = dims[site], dims[site + 1]
            for x in range(2):
                for s in range(n):
                    p[x, s] = 0
                for b in range(n_right):
                    out_re, out_im = w_re[x, b], w_im[x, b]
                    for s in range(n):
                        out_re[s] = 0
                        out_im[s] = 0
                    for a in range(n_left):
                        a_re, a_im = re[site, x, a, b], im[site, x, a, b]
                        in_re, in_im = v_re[a], v_im[a]
                        if is_real:
                            for s in range(n):
                                out_re[s] += in_re[s] * a_re
                        else:
                            for s in range(n):
                                out_re[s] += in_re[s] * a_re - in_im[s] * a_im
                                out_im[s] += in_re[s] * a_im + in_im[s] * a_re
                    for s in range(n):
                        p[x, s] += out_re[s] * out_re[s] + out_im[s] * out_im[s]
            for s in range(n):
                total = p[0, s] + p[1, s]
                p0 = p[0, s] if p[0, s] > tiny * total else dtype.type(0)
                p1 = p[1, s] if p[1, s] > tiny * total else dtype.type(0)
                one = uniforms[site, start + s] * (p0 + p1) >= p0 and p1 > 0
                taken = p1 if one else p0
                chosen[s] = 1 if one else 0
                product[s] *= taken / total if total > 0 else 0.0
                scale = 1 / np.sqrt(taken) if taken > 0 else dtype.type(0)
                scales[0, s] = 0 if one else scale
                scales[1, s] = scale if one else 0
            for s in range(n):
                bits[site, start + s] = chosen[s]
            for b in range(n_right):
                for s in range(n):
                    v_re[b, s] = w_re[0, b, s] * scales[0, s] + w_re[1, b, s] * scales[1, s]
                    v_im[b, s] = w_im[0, b, s] * scales[0, s] + w_im[1, b, s] * scales[1, s]
            if site % 8 == 7 or site == n_sites - 1:  # before the product can underflow
                for s in range(n):
                    log_probabilities[start + s] += np.log(product[s])
                    product[s] = 1


@compiled(nogil=True)
def transfer(env, bra, ket, weights):
    """Carries an environment rightwards: env -> sum_x w_x bra_x^dagger env ket_x, for each site.

    Args:
        env: complex128 (chi_bra, chi_ket).
        bra, ket: complex128 (n_sites, 2, chi, chi) each, of equal length; chi may differ.
        weights: float64 (n_sites, 2), a diagonal matrix on each site; all 1 for a plain overlap.

    Returns:
        complex128 (chi_bra, chi_ket).
    """
    n_bra, n_ket = bra.shape[2], ket.shape[2]
    half = np.empty((n_bra, n_ket), dtype=np.complex128)
    for site in range(len(bra)):
        following = np.zeros((n_bra, n_ket), dtype=np.complex128)
        for x in range(2):
            if weights[site, x] == 0:
                continue
            for a in range(n_bra):
                for d in range(n_ket):
                    total = 0j
                    for c in range(n_ket):
                        total += env[a, c] * ket[site, x, c, d]
                    half[a, d] = weights[site, x] * total
            for b in range(n_bra):
                for a in range(n_bra):
                    factor = np.conj(bra[site, x, a, b])
                    if factor != 0:
                        for d in range(n_ket):
                            following[b, d] += factor * half[a, d]
        env = following
    return env
