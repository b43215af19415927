"""Contractions of chains of CZ by Walsh-Hadamard transforms, in O(chi log chi) a site.

A CZ carries its control's bit r along the bond, and puts the sign (-1)^(l r) on a target whose
own bit is r. So the tensor of a site is ``A^t_{l r} = a_t(r) (-1)^{l . r}`` with the bits l, r of
all layers: a row vector times it is a Walsh-Hadamard transform and then a diagonal. ``a_t(r)`` is
the amplitude of the qubit's path through its values r_1 ... r_P before each layer of CZ to the end
t. At the last site nothing depends on r any more: the sum over r is taken.
"""

import numpy as np

from pl_hypernet.compiled import FAST, compiled
from pl_hypernet.mps.layered_tensors import site_matrices
from pl_hypernet.mps.layers import Layers

BLOCK = 32  # shots that go through the chain together
EVERY = 8  # sites between two normalisations, before a number can under- or overflow


def path_amplitudes(theta: np.ndarray, layers: Layers) -> np.ndarray:
    """The a_t(r) of every site.

    Args:
        theta: float64 (n_rows, n_sites), radians.
        layers: the circuit but for its angles.

    Returns:
        complex128 (n_sites, 2, 2^P), the value before layer p in bit p - 1 of r.
    """
    codes, ends = layers.rotation_codes
    paths = np.empty((theta.shape[1], 2, 2**layers.n_layers), dtype=np.complex128)
    _fill_paths(np.ascontiguousarray(theta, dtype=np.float64), codes, ends, paths)
    return paths


@compiled()
def _fill_paths(theta, codes, ends, paths):
    n_layers = len(ends) - 1
    matrices = np.empty((n_layers + 1, 2, 2), dtype=np.complex128)
    for site in range(len(paths)):
        site_matrices(theta[:, site], codes, ends, matrices)
        for r in range(2**n_layers):
            for t in range(2):
                value, before = 1 + 0j, 0
                for layer in range(n_layers + 1):
                    after = r >> layer & 1 if layer < n_layers else t
                    value *= matrices[layer, after, before]
                    before = after
                paths[site, t, r] = value


@compiled()
def transform_axes(env, chi):
    """Walsh-Hadamard transform of both indices of a matrix, in place."""
    step = 1
    while step < chi:
        for a in range(chi):
            if not a & step:
                for b in range(chi):
                    top, bottom = env[a, b], env[a + step, b]
                    env[a, b], env[a + step, b] = top + bottom, top - bottom
        for a in range(chi):
            for b in range(chi):
                if not b & step:
                    top, bottom = env[a, b], env[a, b + step]
                    env[a, b], env[a, b + step] = top + bottom, top - bottom
        step *= 2


@compiled(nogil=True)
def contract(bra, ket, weights):
    """<bra| D_0 (x) D_1 (x) ... |ket> with a diagonal matrix on each site, in O(chi^2 log chi).

    Args:
        bra, ket: complex128 (n_sites, 2, chi), of :func:`path_amplitudes`.
        weights: float64 (n_sites, 2), the diagonals; all 1 for the plain overlap.
    """
    chi = bra.shape[2]
    env = np.zeros((chi, chi), dtype=np.complex128)
    env[0, 0] = 1
    for site in range(len(bra)):
        transform_axes(env, chi)
        for a in range(chi):
            left0 = weights[site, 0] * np.conj(bra[site, 0, a])
            left1 = weights[site, 1] * np.conj(bra[site, 1, a])
            for b in range(chi):
                env[a, b] *= left0 * ket[site, 0, b] + left1 * ket[site, 1, b]
    return env.sum()


@compiled(nogil=True)
def overlaps(bras, kets):
    """<bra|ket> of pairs: complex128 (n,), of path amplitudes (n, n_sites, 2, chi)."""
    values = np.empty(len(bras), dtype=np.complex128)
    ones = np.ones(bras.shape[1:3])
    for i in range(len(bras)):
        values[i] = contract(bras[i], kets[i], ones)
    return values


@compiled(nogil=True, fastmath=FAST)
def _butterfly(top, bottom):
    for s in range(len(top)):
        a, b = top[s], bottom[s]
        top[s], bottom[s] = a + b, a - b


@compiled(nogil=True)
def _transform(v):
    """Walsh-Hadamard transform over the rows, in place."""
    step = 1
    while step < len(v):
        for x in range(len(v)):
            if not x & step:
                _butterfly(v[x], v[x + step])
        step *= 2


@compiled(nogil=True, fastmath=FAST)
def _multiply(row, zero, one, bits):
    """A row of complex numbers times the one or the other number, by the shots' bits."""
    n = len(bits)
    for s in range(n):
        re = zero.real + bits[s] * (one.real - zero.real)
        im = zero.imag + bits[s] * (one.imag - zero.imag)
        a, b = row[s], row[s + n]
        row[s], row[s + n] = a * re - b * im, a * im + b * re


@compiled(nogil=True, fastmath=FAST)
def _add_squares(row, total):
    n = len(total)
    for s in range(n):
        total[s] += row[s] * row[s] + row[s + n] * row[s + n]


@compiled(nogil=True, fastmath=FAST)
def _scale(row, factors):
    n = len(factors)
    for s in range(n):
        row[s] *= factors[s]
        row[s + n] *= factors[s]


@compiled(nogil=True)
def _normalise(v, total):
    """Divides each shot's vector by its norm; total: the squared norms, written."""
    total[:] = 0
    for x in range(len(v)):
        _add_squares(v[x], total)
    factors = np.empty_like(total)
    for s in range(len(total)):
        factors[s] = 1 / np.sqrt(total[s]) if total[s] > 0 else 0.0
    for x in range(len(v)):
        _scale(v[x], factors)


@compiled(nogil=True)
def log_probabilities(paths, bits, out):
    """log |<x|psi>|^2 of given bitstrings, without underflow at any number of sites.

    Args:
        paths: complex128 (n_sites, 2, chi), of :func:`path_amplitudes`.
        bits: float64 (n_sites, shots), each 0 or 1.
        out: float64 (shots,), written.
    """
    n_sites, _, chi = paths.shape
    shots = bits.shape[1]
    v = np.empty((chi, 2 * BLOCK))
    total = np.empty(BLOCK)
    for first in range(0, shots, BLOCK):
        n = min(BLOCK, shots - first)
        here = np.zeros((n_sites, BLOCK))
        here[:, :n] = bits[:, first : first + n]
        _start(v)
        out[first : first + n] = 0
        for site in range(n_sites):
            _transform(v)
            for r in range(chi):
                _multiply(v[r], paths[site, 0, r], paths[site, 1, r], here[site])
            if site % EVERY == EVERY - 1 and site < n_sites - 1:
                _normalise(v, total)
                for s in range(n):
                    out[first + s] += np.log(total[s])
        for s in range(n):
            re = im = 0.0
            for r in range(chi):
                re += v[r, s]
                im += v[r, s + BLOCK]
            out[first + s] += np.log(re * re + im * im)


@compiled(nogil=True)
def _start(v):
    v[:, :] = 0
    v[0, : v.shape[1] // 2] = 1


@compiled(nogil=True, fastmath=FAST)
def _accumulate(y, g, zero, one, bits, z, denominator):
    """z = y g, and denominator += a z with the amplitude a that the shot's bit chooses."""
    n = len(bits)
    for s in range(n):
        re, im = y[s] * g[s] - y[s + n] * g[s + n], y[s] * g[s + n] + y[s + n] * g[s]
        z[s], z[s + n] = re, im
        a = zero.real + bits[s] * (one.real - zero.real)
        b = zero.imag + bits[s] * (one.imag - zero.imag)
        denominator[s] += a * re - b * im
        denominator[s + n] += a * im + b * re


@compiled(nogil=True, fastmath=FAST)
def _add_up(z, factors, bits):
    """Sums over the shots of z times factors, for bit 0 and for bit 1: four real numbers."""
    n = len(bits)
    re0 = im0 = re1 = im1 = 0.0
    for s in range(n):
        re = z[s] * factors[s] - z[s + n] * factors[s + n]
        im = z[s] * factors[s + n] + z[s + n] * factors[s]
        re1 += bits[s] * re
        im1 += bits[s] * im
        re0 += (1 - bits[s]) * re
        im0 += (1 - bits[s]) * im
    return re0, im0, re1, im1


@compiled(nogil=True, fastmath=FAST)
def _write_out(z, factors, out):
    """The products of the same, each for itself."""
    n = len(z) // 2
    for s in range(len(out)):
        re = z[s] * factors[s] - z[s + n] * factors[s + n]
        out[s] = re + 1j * (z[s] * factors[s + n] + z[s + n] * factors[s])


@compiled(nogil=True)
def path_gradient(paths, bits, weights, gradient, each):
    """Adds sum_s weights_s d log psi(x_s) / d a_t(r), backwards through the chain.

    The vectors before each site are kept for a block of shots. Scales drop out, since each site's
    term is divided by the amplitude that the same vectors give.

    Args:
        paths, bits: as of :func:`log_probabilities`.
        weights: float64 (shots,).
        gradient: complex128 (n_sites, 2, chi), added to.
        each: complex128 (n_sites, chi, shots) for the terms of the sum, by the amplitudes a_t(r)
            of each shot's own bits, in place of the sum; without sites where that is wanted.
    """
    n_sites, _, chi = paths.shape
    shots = bits.shape[1]
    before = np.empty((n_sites, chi, 2 * BLOCK))
    g, z = np.empty((chi, 2 * BLOCK)), np.empty((chi, 2 * BLOCK))
    denominator, factors = np.empty(2 * BLOCK), np.empty(2 * BLOCK)
    total = np.empty(BLOCK)
    for first in range(0, shots, BLOCK):
        n = min(BLOCK, shots - first)
        here = np.zeros((n_sites, BLOCK))
        here[:, :n] = bits[:, first : first + n]
        w = np.zeros(BLOCK)
        w[:n] = weights[first : first + n]
        _start(before[0])
        for site in range(n_sites):
            v = before[site]
            _transform(v)
            if site < n_sites - 1:
                following = before[site + 1]
                following[:, :] = v
                for r in range(chi):
                    _multiply(following[r], paths[site, 0, r], paths[site, 1, r], here[site])
                if site % EVERY == EVERY - 1:
                    _normalise(following, total)
        g[:, :BLOCK] = 1
        g[:, BLOCK:] = 0
        for site in range(n_sites - 1, -1, -1):
            denominator[:] = 0
            for r in range(chi):
                zero, one = paths[site, 0, r], paths[site, 1, r]
                _accumulate(before[site, r], g[r], zero, one, here[site], z[r], denominator)
            for s in range(BLOCK):
                re, im = denominator[s], denominator[s + BLOCK]
                size = re * re + im * im
                # a bitstring of probability 0 has no gradient
                factors[s] = w[s] * re / size if size > 0 else 0.0
                factors[s + BLOCK] = -w[s] * im / size if size > 0 else 0.0
            for r in range(chi):
                if len(each) > 0:
                    _write_out(z[r], factors, each[site, r, first : first + n])
                else:
                    re0, im0, re1, im1 = _add_up(z[r], factors, here[site])
                    gradient[site, 0, r] += re0 + 1j * im0
                    gradient[site, 1, r] += re1 + 1j * im1
                _multiply(g[r], paths[site, 0, r], paths[site, 1, r], here[site])
            _transform(g)
            if site % EVERY == 0:
                _normalise(g, total)
