"""Shots of the hardware-efficient ansatz from its light cones, in O(2^P P) a shot and qubit.

To measure qubit i of a CZ chain, only the gates in its backward light cone are needed, and all but
a strip of them were already applied for qubits 0 to i - 1. The strip of qubit i is: qubit i + P
enters in R_0|0>; then for p = 1 ... P a CZ of layer p on qubits (i + P - p, i + P - p + 1) and the
rotation R_p on qubit i + P - p. After that qubit i is measured and leaves. So P + 1 qubits are held
at a time, and the weights of the two halves of their state are the probabilities of the bit: the
right-canonical matrix product state of bond dimension 2^P, never written down.

Every rotation is RZ RY RZ. The RZ commute with the CZ, so all that are pending between two strips
are one diagonal, and what is left are real rotations, whose signs the CZ set: the same real numbers
times the real and the imaginary parts. A rotation is divided by its cosine, which the next
normalisation mends: a row plus or minus the tangent times another.

The state is 2^(P + 1) rows of LANES numbers each; in strip i, qubit q is bit q - i of the row's
index. Shots go along the lanes: real parts and then imaginary parts, or twice as many shots if all
is real. What a step joins lies in stretches as long as possible, or in rows at constant distances:
of pointers that might overlap, LLVM vectorises no loop over more than four.
"""

import numpy as np

from pl_hypernet.compiled import FAST, compiled

LANES = 64  # of a row: shots, or their real and imaginary parts
HALF = LANES // 2
ROW = np.uint64(LANES)  # places in the state are unsigned: they do not count from the end


@compiled(nogil=True, fastmath=FAST)
def _enter(v, n_rows, t, new):
    """A qubit enters as the highest bit, and the next one is turned."""
    n = np.uint64(n_rows // 4 * LANES)
    for i0 in range(n):
        i1, i2 = i0 + n, i0 + n + n
        i3 = i2 + n
        a, b = v[i0], v[i1]
        v[i0] = a - t * b
        v[i1] = b + t * a
        a, b = new * a, new * b
        v[i2] = a + t * b
        v[i3] = t * a - b


@compiled(nogil=True, fastmath=FAST)
def _turn(v, first, n, t):
    """RY of the qubit whose halves are n numbers long; its neighbour's bit is 0."""
    first, n = np.uint64(first), np.uint64(n)
    for i0 in range(first, first + n):
        i1 = i0 + n
        a, b = v[i0], v[i1]
        v[i0] = a - t * b
        v[i1] = b + t * a


@compiled(nogil=True, fastmath=FAST)
def _turn_minus(v, first, n, t):
    """The same where the neighbour's bit is 1: after a change of sign by the CZ."""
    first, n = np.uint64(first), np.uint64(n)
    for i0 in range(first, first + n):
        i1 = i0 + n
        a, b = v[i0], v[i1]
        v[i0] = a + t * b
        v[i1] = t * a - b


@compiled(nogil=True, fastmath=FAST)
def _turn_twice(v, first, n, t, u):
    """RY by t of a qubit, and then by u of the next lower one, whose halves are n numbers long."""
    first, n = np.uint64(first), np.uint64(n)
    for i0 in range(first, first + n):
        i1, i2 = i0 + n, i0 + n + n
        i3 = i2 + n
        a, b = v[i0], v[i2]
        a0, b0 = a - t * b, b + t * a
        a, b = v[i1], v[i3]
        a1, b1 = a - t * b, b + t * a
        v[i0] = a0 - u * a1
        v[i1] = a1 + u * a0
        v[i2] = b0 + u * b1
        v[i3] = u * b0 - b1


@compiled(nogil=True, fastmath=FAST)
def _turn_twice_minus(v, first, n, t, u):
    first, n = np.uint64(first), np.uint64(n)
    for i0 in range(first, first + n):
        i1, i2 = i0 + n, i0 + n + n
        i3 = i2 + n
        a, b = v[i0], v[i2]
        a0, b0 = a + t * b, t * a - b
        a, b = v[i1], v[i3]
        a1, b1 = a + t * b, t * a - b
        v[i0] = a0 - u * a1
        v[i1] = a1 + u * a0
        v[i2] = b0 + u * b1
        v[i3] = u * b0 - b1


@compiled(nogil=True, fastmath=FAST)
def _last_turn(v, first, t, weights):
    """The turn of the qubit to be measured, on 4 rows; weights (2 LANES,), added to."""
    first = np.uint64(first)
    for k in range(ROW):
        i0, i1 = first + k, first + k + ROW
        i2, i3 = i1 + ROW, i1 + ROW + ROW
        a, b = v[i0], v[i1]
        a0, a1 = a - t * b, b + t * a
        a, b = v[i2], v[i3]
        b0, b1 = a + t * b, t * a - b
        v[i0] = a0
        v[i1] = a1
        v[i2] = b0
        v[i3] = b1
        weights[k] += a0 * a0 + b0 * b0
        weights[k + ROW] += a1 * a1 + b1 * b1


@compiled(nogil=True, fastmath=FAST)
def _last_three_turns(v, first, s, t, u, sign, weights):
    """The last three steps at once, on 8 rows; the sign is that of the CZ before the first."""
    first = np.uint64(first)
    for k in range(ROW):
        i0 = first + k
        i1 = i0 + ROW
        i2, i3 = i1 + ROW, i1 + ROW + ROW
        i4, i5 = i3 + ROW, i3 + ROW + ROW
        i6, i7 = i5 + ROW, i5 + ROW + ROW
        a, b = v[i0], sign * v[i4]
        a0, b0 = a - s * b, b + s * a
        a, b = v[i1], sign * v[i5]
        a1, b1 = a - s * b, b + s * a
        a, b = v[i2], sign * v[i6]
        a2, b2 = a - s * b, b + s * a
        a, b = v[i3], sign * v[i7]
        a3, b3 = a - s * b, b + s * a
        a0, a2 = a0 - t * a2, a2 + t * a0
        a1, a3 = a1 - t * a3, a3 + t * a1
        b0, b2 = b0 + t * b2, t * b0 - b2
        b1, b3 = b1 + t * b3, t * b1 - b3
        a0, a1 = a0 - u * a1, a1 + u * a0
        a2, a3 = a2 + u * a3, u * a2 - a3
        b0, b1 = b0 - u * b1, b1 + u * b0
        b2, b3 = b2 + u * b3, u * b2 - b3
        v[i0] = a0
        v[i1] = a1
        v[i2] = a2
        v[i3] = a3
        v[i4] = b0
        v[i5] = b1
        v[i6] = b2
        v[i7] = b3
        weights[k] += a0 * a0 + a2 * a2 + b0 * b0 + b2 * b2
        weights[k + ROW] += a1 * a1 + a3 * a3 + b1 * b1 + b3 * b3


@compiled(nogil=True, fastmath=FAST)
def _weigh(v, weights):
    """Squares of two rows."""
    for k in range(ROW):
        weights[k] += v[k] * v[k]
        weights[k + ROW] += v[k + ROW] * v[k + ROW]


@compiled(nogil=True)
def _strip(v, n_rows, t, weights):
    """The steps of a strip after the qubit's entry, and the weights of the two bits.

    Args:
        t: (P + 1,), the tangent of each step.
    """
    n_layers = len(t) - 1
    _enter(v, n_rows, t[1], t[0])
    p, n = 2, n_rows // 8 * LANES  # the length of a half of the qubit of step p
    while p <= n_layers:
        left = n_layers - p + 1  # steps
        if left == 3:
            sign = v.dtype.type(1)
            for first in range(0, n_rows * LANES, 8 * LANES):
                _last_three_turns(v, first, t[p], t[p + 1], t[p + 2], sign, weights)
                sign = -sign
            return
        if left == 1:
            for first in range(0, n_rows * LANES, 4 * LANES):
                _last_turn(v, first, t[p], weights)
            return
        if left == 2 or left == 4:
            for first in range(0, n_rows * LANES, 4 * n):
                _turn(v, first, n, t[p])
                _turn_minus(v, first + 2 * n, n, t[p])
            p += 1
            n //= 2
            continue
        for first in range(0, n_rows * LANES, 4 * n):
            _turn_twice(v, first, n // 2, t[p], t[p + 1])
            _turn_twice_minus(v, first + 2 * n, n // 2, t[p], t[p + 1])
        p += 2
        n //= 4
    _weigh(v, weights)
    _weigh(v[2 * LANES :], weights)


@compiled(nogil=True, fastmath=FAST, error_model="numpy")
def _choose(weights, shots, flip, uniforms, tiny, m, taken):
    """A bit for each shot: m (2 LANES,): what the halves are multiplied by, 0 for one of them.

    shots: of a row; HALF where the other half of it are the imaginary parts.
    flip: 1 where the half of bit 0 is the second one.
    taken: the probability of the bit chosen, negative for bit 1 (0 if both are 0).
    """
    half = np.uint64(HALF)
    if shots == HALF:
        for k in range(half):
            weights[k] += weights[k + half]
            weights[k + ROW] += weights[k + ROW + half]
    zeros, ones = np.uint64(flip) * ROW, np.uint64(1 - flip) * ROW
    for k in range(np.uint64(shots)):
        p0, p1 = weights[zeros + k], weights[ones + k]
        total = p0 + p1
        q0 = p0 if p0 > tiny * total else p0 * 0
        q1 = p1 if p1 > tiny * total else p1 * 0
        zero = (uniforms[k] * (q0 + q1) < q0) | (q1 <= 0)
        q = q0 if zero else q1
        scale = 1 / np.sqrt(q) if q > 0 else q
        m[zeros + k] = scale if zero else q0 * 0
        m[ones + k] = q1 * 0 if zero else scale
        share = q / total if total > 0 else total
        taken[k] = share if zero else -share
    if shots == HALF:
        for k in range(half):
            m[k + half] = m[k]
            m[k + ROW + half] = m[k + ROW]


@compiled(nogil=True, fastmath=FAST)
def _note(taken, bits, product):
    for k in range(len(bits)):
        bits[k] = taken[k] < 0
        product[k] *= abs(taken[k])


@compiled(nogil=True, fastmath=FAST)
def _collapse(v, w, x, m):
    """Row x of w is what the rows 2x and 2x + 1 of v leave of the state."""
    out = np.uint64(x) * ROW
    of = out + out
    for k in range(ROW):
        w[out + k] = m[k] * v[of + k] + m[k + ROW] * v[of + k + ROW]


@compiled(nogil=True, fastmath=FAST)
def _collapse_and_turn(v, w, x, m, re, im):
    """The same, times the phase pending."""
    half, out = np.uint64(HALF), np.uint64(x) * ROW
    of = out + out
    for k in range(half):
        a = m[k] * v[of + k] + m[k + ROW] * v[of + k + ROW]
        b = m[k] * v[of + k + half] + m[k + ROW] * v[of + k + ROW + half]
        w[out + k] = a * re - b * im
        w[out + k + half] = a * im + b * re


@compiled(nogil=True)
def sample_cones(
    tangents, flips, phases_re, phases_im, start, is_real, uniforms, bits, log_probabilities,
    begin, end,
):  # fmt: skip
    """Draws the bitstrings of the shots begin ... end - 1; see the head of this file.

    Args:
        tangents: real (n_sites, P + 1).
        flips: int64 (n_sites,), 1 where the bit measured is the opposite of the qubit's.
        phases_re, phases_im: dtype of the tangents, (n_sites, 2^P): before each strip.
        start: same dtype, (2^P LANES,): before the first strip.
        is_real: whether there are no imaginary parts, nor phases.
        uniforms: same dtype, (n_sites, shots), in [0, 1].
        bits: int8 (n_sites, shots), written.
        log_probabilities: float64 (shots,), written.
    """
    n_sites, n_layers = tangents.shape[0], tangents.shape[1] - 1
    n_rows = 2 ** (n_layers + 1)
    block = LANES if is_real else HALF
    dtype = start.dtype
    tiny = 100 * np.finfo(dtype).eps ** 2
    v = np.zeros(n_rows * LANES, dtype=dtype)
    w = v if n_layers > 4 else np.zeros(n_rows * LANES, dtype=dtype)  # in place to save cache
    weights, m = np.zeros(2 * LANES, dtype=dtype), np.zeros(2 * LANES, dtype=dtype)
    u, taken = np.zeros(LANES, dtype=dtype), np.zeros(LANES, dtype=dtype)
    product = np.empty(LANES, dtype=np.float64)
    t = np.empty(n_layers + 1, dtype=dtype)
    for first in range(begin, end, block):
        n = min(block, end - first)
        product[:] = 1
        log_probabilities[first : first + n] = 0
        for i in range(n_sites):
            if i == 0:
                w[: len(start)] = start
            else:
                for x in range(n_rows // 2):
                    if is_real:
                        _collapse(v, w, x, m)
                    else:
                        _collapse_and_turn(v, w, x, m, phases_re[i, x], phases_im[i, x])
            v, w = w, v
            for p in range(n_layers + 1):
                qubit = i + n_layers - p
                t[p] = tangents[qubit, p] if qubit < n_sites else 0
            weights[:] = 0
            _strip(v, n_rows, t, weights)
            u[:n] = uniforms[i, first : first + n]
            _choose(weights, block, flips[i], u, tiny, m, taken)
            _note(taken[:n], bits[i, first : first + n], product[:n])
            if i % 8 == 7 or i == n_sites - 1:  # before the product can underflow
                for k in range(n):
                    log_probabilities[first + k] += np.log(product[k])
                product[:] = 1
