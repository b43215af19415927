"""A phase that depends on how many spins agree with a pattern, on a matrix product state.

exp(-i gamma f(xi . sigma)) is diagonal: an automaton reads the spins from the left and counts those
that agree with the pattern, so as a matrix product operator its bond holds a count. It is never
made. The product with a state is compressed by one round of fitting, as in arXiv:2208.14468: what
the product is in the right bases of the state itself, and of copies of it that a few phases twist,
gives left bases; in these the leading Schmidt vectors are taken, from the right. The twisted copies
let bonds grow; without them fitting finds nothing that the state did not have.

Costs f are linear where the pattern is wrong and 0 where it is right, so counts from which the sign
of xi . sigma is decided are one state of the automaton: before spin j of n there are about
min(j, n - j) of them. Counts that are rare (``width`` standard deviations) are taken for the
nearest one that is not, which leaves the operator unitary.

A state is kept in two arrays: tensors complex (N, chi, 2, chi), of which site j uses [:dims[j], :,
:dims[j + 1]], and dims int64 (N + 1,). Bit 0 is +1.
"""

import numpy as np
from site_kernels import adjoint, leading_rows, matrix_of, product

from pl_hypernet.compiled import FAST, compiled


@compiled(fastmath=FAST)
def windows(signs, means, width, first, last):
    """The counts that are told apart before each spin, and after the last one.

    Args:
        signs: float64 (N,), the pattern, +1 or -1; N is odd.
        means: float64 (N,), of the spins, in [-1, 1].
        width: standard deviations of independent spins; inf: all counts whose sign is open.
        first, last: int64 (N + 1,), written.
    """
    n = len(signs)
    rest, before = 0.0, 0.0
    for j in range(n):
        rest += signs[j] * means[j]
    for j in range(n + 1):
        left = n - j
        low, high = (
            max(-left, rest - width * np.sqrt(left)),
            min(left, rest + width * np.sqrt(left)),
        )
        first[j] = int(np.floor((j - high) / 2))  # from here on it can be right
        last[j] = int(np.ceil((j - low) / 2))  # from here on it is right
        a, b = max(-j, before - width * np.sqrt(j)), min(j, before + width * np.sqrt(j))
        a, b = int(np.floor((j + a) / 2)), int(np.ceil((j + b) / 2))
        if b < first[j]:
            last[j] = first[j]
        elif a > last[j]:
            first[j] = last[j]
        else:
            first[j], last[j] = max(first[j], a), min(last[j], b)
        if j < n:
            rest -= signs[j] * means[j]
            before += signs[j] * means[j]
    first[n], last[n] = (n - 1) // 2, (n + 1) // 2


@compiled(apart=True, fastmath=FAST)
def step(count, low, high, lag):
    """The count that is told apart, and the phase that one below ``low`` brings with it."""
    phase = 1.0 + 0.0j
    for _ in range(low - count):
        phase *= lag
    return min(max(count, low), high), phase


@compiled(apart=True, fastmath=FAST)
def continued(after, counter, j, agrees):
    """What remains at the right of a spin that agrees (1) or not (0), for each count before it.

    Args:
        after: complex (counts after the spin, e, k).
        counter: (first, last, lag), as of :func:`windows`, lag (1,) the phase that a count misses
            that is 1 too low.

    Returns:
        complex (counts before the spin, e, k).
    """
    first, last, lag = counter
    found = np.empty((last[j] - first[j] + 1, after.shape[1], after.shape[2]), np.complex128)
    for c in range(len(found)):
        to, phase = step(first[j] + c + agrees, first[j + 1], last[j + 1], lag[0])
        block = after[to - first[j + 1]]
        for a in range(block.shape[0]):
            for s in range(block.shape[1]):
                found[c, a, s] = phase * block[a, s]
    return found


@compiled(apart=True, fastmath=FAST)
def taken_up(site, d, remains, before):
    """Takes a spin to what remains: complex (counts, d, k), written, of (2, counts, e, k)."""
    _, counts, e, k = remains.shape
    columns = np.empty((2 * e, counts * k), np.complex128)
    matrix = np.empty((d, 2 * e), np.complex128)
    for bit in range(2):
        for a in range(e):
            for p in range(d):
                matrix[p, bit * e + a] = site[p, bit, a]
            for c in range(counts):
                for s in range(k):
                    columns[bit * e + a, c * k + s] = remains[bit, c, a, s]
    found = product(matrix, columns)
    for c in range(counts):
        for p in range(d):
            for s in range(k):
                before[c, p, s] = found[p, c * k + s]


@compiled(apart=True, fastmath=FAST)
def tested(tensors, dims, agreeing, counter, ends, twists, tests):
    """From the right: what remains at each bond of twisted copies of the state.

    Args:
        agreeing: int64 (N,), the bit of each spin that agrees.
        ends: complex (2,), the phases of the counts (N - 1) / 2 and (N + 1) / 2.
        twists: complex (B, N), by what a copy turns each spin that agrees.
        tests: complex (N + 1, W * chi * B * chi), written; of bond j an array (counts, dims[j],
            B * dims[j]).
    """
    first, last, _ = counter
    n, copies = len(agreeing), len(twists)
    for i in range(2 * copies):
        tests[n, i] = ends[i // copies]
    for j in range(n - 1, 0, -1):
        d, e = dims[j], dims[j + 1]
        counts, more = last[j] - first[j] + 1, last[j + 1] - first[j + 1] + 1
        after = tests[j + 1, : more * e * copies * e].reshape((more, e, copies * e))
        remains = np.empty((2, counts, e, copies * d), np.complex128)
        for bit in range(2):
            agrees = int(bit == agreeing[j])
            found = continued(after, counter, j, agrees).reshape((counts * e * copies, e))
            turned = product(found, adjoint(matrix_of(tensors[j], bit, d, e)))
            for c in range(counts):
                for a in range(e):
                    for b in range(copies):
                        twist = twists[b, j] if agrees else 1.0 + 0.0j
                        for q in range(d):
                            x = turned[(c * e + a) * copies + b, q]
                            remains[bit, c, a, b * d + q] = twist * x
        before = tests[j, : counts * d * copies * d].reshape((counts, d, copies * d))
        taken_up(tensors[j], d, remains, before)


@compiled(apart=True, fastmath=FAST)
def in_bases(tensors, dims, agreeing, counter, j, left, after):
    """The product in bases at the left and at the right of a spin: complex (own, 2 k).

    Args:
        left: complex (own * counts, d), of the bond before spin j.
        after: complex (counts, e, k), what remains after it.

    Returns:
        That, and what the state is after the spin: complex (2, own, counts * e).
    """
    first, last, _ = counter
    d, e, k = dims[j], dims[j + 1], after.shape[2]
    counts = last[j] - first[j] + 1
    own = len(left) // counts
    moved = np.empty((2, own, counts * e), np.complex128)
    found = np.empty((own, 2 * k), np.complex128)
    for bit in range(2):
        matrix = product(left, matrix_of(tensors[j], bit, d, e)).reshape((own, counts * e))
        remains = continued(after, counter, j, int(bit == agreeing[j])).reshape((counts * e, k))
        in_basis = product(matrix, remains)
        for p in range(own):
            for a in range(counts * e):
                moved[bit, p, a] = matrix[p, a]
            for q in range(k):
                found[p, bit * k + q] = in_basis[p, q]
    return found, moved


@compiled(apart=True, fastmath=FAST)
def spanned(tensors, dims, agreeing, counter, copies, most, tests, lefts, own_dims):
    """From the left: the product in bases of what the tests span best.

    Args:
        copies: B of :func:`tested`.
        most: vectors of a basis.
        tests: as of :func:`tested`.
        lefts: complex (N, most * W * chi), written; before spin j an array (own_dims[j], counts,
            dims[j]), with own_dims int64 (N,).
    """
    first, last, lag = counter
    n = len(agreeing)
    lefts[0, 0] = 1
    own_dims[0] = 1
    for j in range(n - 1):
        d, e, own = dims[j], dims[j + 1], own_dims[j]
        counts, more = last[j] - first[j] + 1, last[j + 1] - first[j + 1] + 1
        left = lefts[j, : own * counts * d].reshape((own * counts, d))
        after = tests[j + 1, : more * e * copies * e].reshape((more, e, copies * e))
        found, moved = in_bases(tensors, dims, agreeing, counter, j, left, after)
        rows = leading_rows(adjoint(found.reshape((2 * own, copies * e))), most)
        joined = np.zeros((2 * own, more * e), np.complex128)
        for bit in range(2):
            agrees = int(bit == agreeing[j])
            for c in range(counts):
                to, phase = step(first[j] + c + agrees, first[j + 1], last[j + 1], lag[0])
                to -= first[j + 1]
                for p in range(own):
                    for a in range(e):
                        joined[2 * p + bit, to * e + a] += phase * moved[bit, p, c * e + a]
        own_dims[j + 1] = len(rows)
        turned = product(rows, joined).ravel()
        for i in range(len(turned)):
            lefts[j + 1, i] = turned[i]


@compiled(apart=True, fastmath=FAST)
def fitted(tensors, dims, agreeing, counter, ends, lefts, own_dims, rights):
    """From the right: the product on its leading chi Schmidt vectors, right-canonical.

    Schmidt vectors are those of the product in the bases of :func:`spanned` at the left and those
    chosen so far at the right. The tensors and dims are overwritten.

    Args:
        rights: complex (N + 1, W * chi * chi), overwritten.

    Returns:
        The weight of the product that is kept, before the state is normalised.
    """
    first, last, _ = counter
    n = len(agreeing)
    rights[n, 0], rights[n, 1] = ends
    kept, chi = 1, tensors.shape[1]
    for j in range(n - 1, -1, -1):
        d, e, own = dims[j], dims[j + 1], own_dims[j]
        counts, more = last[j] - first[j] + 1, last[j + 1] - first[j + 1] + 1
        left = lefts[j, : own * counts * d].reshape((own * counts, d))
        after = rights[j + 1, : more * e * kept].reshape((more, e, kept))
        found, _ = in_bases(tensors, dims, agreeing, counter, j, left, after)
        if j == 0:
            weight = 0.0
            for s in range(2 * kept):
                weight += found[0, s].real ** 2 + found[0, s].imag ** 2
            rows = found
            for s in range(2 * kept):
                rows[0, s] /= np.sqrt(weight)
        else:
            rows = leading_rows(found, chi)
            new = len(rows)
            remains = np.empty((2, counts, e, new), np.complex128)
            for bit in range(2):
                block = continued(after, counter, j, int(bit == agreeing[j]))
                turn = np.empty((kept, new), np.complex128)
                for p in range(new):
                    for q in range(kept):
                        turn[q, p] = rows[p, bit * kept + q].conjugate()
                flat = product(block.reshape((counts * e, kept)), turn)
                for c in range(counts):
                    for a in range(e):
                        for s in range(new):
                            remains[bit, c, a, s] = flat[c * e + a, s]
            before = rights[j, : counts * d * new].reshape((counts, d, new))
            taken_up(tensors[j], d, remains, before)
        for p in range(len(rows)):
            for bit in range(2):
                for q in range(kept):
                    tensors[j, p, bit, q] = rows[p, bit * kept + q]
        dims[j + 1] = kept
        kept = len(rows)
    return weight


@compiled(fastmath=FAST)
def phases_applied(tensors, dims, agreeing, counter, ends, twists, most, tests, lefts):
    """The product with one pattern's phases, compressed, in place.

    Args:
        tensors: complex (N, chi, 2, chi), right-canonical, afterwards too.
        dims: int64 (N + 1,).
        agreeing, counter, ends, twists: as of :func:`tested`.
        most: bond dimension before the last sweep.
        tests, lefts: complex (N + 1, W * chi * B * chi) and (N + 1, W * chi * most), to work in.

    Returns:
        The weight that is kept, in [0, 1], before the state is normalised.
    """
    own_dims = np.ones(len(agreeing), np.int64)
    tested(tensors, dims, agreeing, counter, ends, twists, tests)
    spanned(tensors, dims, agreeing, counter, len(twists), most, tests, lefts, own_dims)
    return fitted(tensors, dims, agreeing, counter, ends, lefts, own_dims, tests)
