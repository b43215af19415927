r"""Flips of single bits of a network of one layer, in the time of the samples that they change.

A flip adds :math:`\delta_m` to one output of sample m, with probability P of its class. The
cross-entropy then changes by :math:`\log(1 + P (e^{\delta_m} - 1))`, less :math:`\delta_m` where it
is the class of the sample. Logarithms of products are taken, not sums of logarithms; exponentials
are computed once for each input, as a flip back divides: :math:`1 + P (e^{-\delta} - 1) =
(1 + (1 - P) (e^\delta - 1)) / e^\delta`.
"""

import math

import numpy as np

from pl_hypernet.compiled import compiled

LOW, HIGH = 0.02, 0.98  # of a hard sigmoid, see networks.activations


@compiled(apart=True)
def soft_change(p, samples, growth, sign, block):
    """The sum of log(1 + p g) over some samples; for ``sign`` -1 that of log(1 + (1 - p) g).

    Args:
        p: float64 (M,), of one class.
        samples: uint32 (n,), ascending.
        growth: float64 (n,), g = exp(delta) - 1.
        sign: 1.0 or -1.0.
        block: factors whose product of four strands is a number.
    """
    total, n = 0.0, len(samples)
    offset = 0.0 if sign > 0 else 1.0
    for begin in range(0, n, 4 * block):
        a = b = c = d = 1.0
        end = min(n, begin + 4 * block)
        whole = begin + (end - begin) // 4 * 4
        for i in range(begin, whole, 4):
            a *= 1.0 + (offset + sign * p[samples[i]]) * growth[i]
            b *= 1.0 + (offset + sign * p[samples[i + 1]]) * growth[i + 1]
            c *= 1.0 + (offset + sign * p[samples[i + 2]]) * growth[i + 2]
            d *= 1.0 + (offset + sign * p[samples[i + 3]]) * growth[i + 3]
        for i in range(whole, end):
            a *= 1.0 + (offset + sign * p[samples[i]]) * growth[i]
        total += math.log(a * b * c * d)
    return total


@compiled(apart=True)
def hard_p(z):
    """The hard sigmoid."""
    return min(max(0.5 + 0.25 * z, LOW), HIGH)


@compiled(apart=True)
def hard_change(z, sides, samples, delta, sign):
    """The change of the sum of -log p, with p the hard sigmoid of a sample's own side.

    Args:
        z: float64 (M,), the output.
        sides: float64 (M,), 1 or -1 by the sample's class.
        samples, delta: as of :func:`soft_change`; what is added to z, times ``sign``.
    """
    total, n = 0.0, len(samples)
    for begin in range(0, n, 64):
        before = after = 1.0
        for i in range(begin, min(n, begin + 64)):
            m = samples[i]
            before *= hard_p(sides[m] * z[m])
            after *= hard_p(sides[m] * (z[m] + sign * delta[i]))
        total += math.log(before) - math.log(after)
    return total


@compiled(apart=True)
def loss_of_state(z, p, targets, sides, hard):
    """The sum of -log p of each sample's class: of the hard sigmoid, or of ``p``."""
    total = 0.0
    for m in range(len(targets)):
        total -= math.log(hard_p(sides[m] * z[m]) if hard else p[targets[m], m])
    return total


@compiled(apart=True)
def apply_flip(z, p, row, samples, growth, delta, sign):
    """Brings z (M,), of one output alone, and probabilities (K, M) to where a flip takes them."""
    n_classes = len(p)
    for i in range(len(samples)):
        m = samples[i]
        ratio = 1.0 + growth[i]
        if sign < 0:
            ratio = 1.0 / ratio
        p[row, m] *= ratio
        total = p[0, m]
        for k in range(1, n_classes):
            total += p[k, m]
        shrink = 1.0 / total
        for k in range(n_classes):
            p[k, m] *= shrink
        if n_classes == 2:
            z[m] += sign * delta[i]


@compiled()
def walk(bits, state, columns, of_bits, task, sites, slacks):
    """Tries flips one after the other, and takes those that raise the loss by less than a slack.

    Args:
        bits: int8 (n_qubits,), changed in place.
        state: (z float64 (M,), p float64 (K, M), loss float64 (1,) the sum over samples), changed.
        columns: (first int64 (C + 1,), samples uint32 (n,), growth (n,), delta (n,) float64): the
            samples that each column changes lie from first[c] to first[c + 1].
        of_bits: (column, row int64 (n_qubits,), sign float64 (n_qubits,)); column -1: the bit
            chooses the activation.
        task: (targets int64 (M,), sides float64 (M,), own float64 (K, C): sum of delta over the
            samples of a class, sums float64 (C,): over all, hard bool (2,), choice: its bit or -1,
            block: as of :func:`soft_change`).
        sites: int64 (n,), bits to flip.
        slacks: float64 (n,), in units of the sum over samples; inf: any change.

    Returns:
        Flips taken, and flips refused since the last of them.
    """
    z, p, loss = state
    first, samples, growth, delta = columns
    column, row, sign = of_bits
    targets, sides, own, sums, hard, choice, block = task
    taken = refused = 0
    for t in range(len(sites)):
        q = sites[t]
        now_hard = hard[bits[choice]] if choice >= 0 else hard[0]
        c = column[q]
        if c < 0:
            change = loss_of_state(z, p, targets, sides, hard[1 - bits[q]]) - loss[0]
        else:
            k = row[q]
            s = sign[q] if bits[q] == 0 else -sign[q]
            begin, end = first[c], first[c + 1]
            if now_hard:
                change = hard_change(z, sides, samples[begin:end], delta[begin:end], s)
            else:
                change = soft_change(p[k], samples[begin:end], growth[begin:end], s, block)
                change -= s * own[k, c]
                if s < 0:
                    change -= sums[c]
        if change < slacks[t]:
            bits[q] ^= 1
            loss[0] += change
            if c >= 0:
                apply_flip(z, p, k, samples[begin:end], growth[begin:end], delta[begin:end], s)
            taken += 1
            refused = 0
        else:
            refused += 1
    return taken, refused


def probabilities(z: np.ndarray) -> np.ndarray:
    """Softmax float64 (K, M) of sums (K, M); of one output those of both classes (2, M)."""
    if len(z) == 1:
        z = np.concatenate([np.zeros_like(z), z])
    p = np.exp(z - z.max(axis=0))
    return p / p.sum(axis=0)
