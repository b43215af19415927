"""Shots of the hardware-efficient ansatz from its light cones, in O(2^P P) a shot and qubit.

To measure qubit i of a CZ chain, only the gates in its backward light cone are needed, and all but
a strip of them were already applied for qubits 0 to i - 1. The strip of qubit i is: qubit i + P
enters in R_0|0>; then for p = 1 ... P a CZ of layer p on qubits (i + P - p, i + P - p + 1) and the
rotation R_p on qubit i + P - p. After that qubit i is measured and leaves. So P + 1 qubits are held
at a time, their state is always normalised, and the weights of its two halves are the probabilities
of the bit: the right-canonical matrix product state of bond dimension 2^P, never written down.

Every rotation is RZ RY RZ. The RZ commute with the CZ, so all that are pending between two strips
are one diagonal, and what is left are real rotations, whose signs the CZ set: the same real numbers
times the real and the imaginary parts. Without RZ everything is real.

Shots go along the vector lanes. Qubit j lives in bit j mod (P + 1) of the row's index, so the place
of the qubit that leaves is that of the next one to enter.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit

from pl_hypernet.circuits.ansatz import HardwareEfficientAnsatz, rotation_layers

BLOCK = 64  # shots that go through the chain together
FAST = {"contract", "reassoc", "nsz", "arcp"}


@dataclass(frozen=True)
class Cones:
    """The angles of an ansatz as the strips need them.

    Attributes:
        cosines, sines: float64 (n_sites, P + 1), of half the angle of each rotation's RY.
        phases: complex128 (n_sites, 2^(P + 1)), the diagonal before the strip of each qubit;
            real (all 1) if no rotation turns a phase.
        start: complex128 (2^(P + 1),), the state before the first strip.
    """

    cosines: np.ndarray
    sines: np.ndarray
    phases: np.ndarray
    start: np.ndarray

    @property
    def is_real(self) -> bool:
        return not np.iscomplexobj(self.phases)

    def draw(self, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Shots from given numbers in [0, 1]: float32 or float64 (n_sites, shots).

        Returns:
            bits int8 (shots, n_sites) and the log of their probabilities, float64 (shots,).
        """
        dtype = uniforms.dtype
        bits = np.empty(uniforms.shape, dtype=np.int8)
        log_probabilities = np.empty(uniforms.shape[1])
        parts = [self.start.real] if self.is_real else [self.start.real, self.start.imag]
        sample_cones(
            self.cosines.astype(dtype),
            self.sines.astype(dtype),
            self.phases.real.astype(dtype),
            self.phases.imag.astype(dtype),
            np.repeat(np.stack(parts, axis=1), BLOCK, axis=1).astype(dtype),
            uniforms,
            bits,
            log_probabilities,
        )
        return np.ascontiguousarray(bits.T), log_probabilities


def is_cz_chain(ansatz: HardwareEfficientAnsatz) -> bool:
    """Whether every layer joins each two neighbours by a CZ."""
    options = ansatz.hyperparameters
    chain = options["pattern"] == "chain" or (
        options["pattern"] == "ring" and len(ansatz.wires) == 2
    )
    return chain and options["entangler"] == "CZ"


def fits(ansatz: HardwareEfficientAnsatz) -> bool:
    """Whether an ansatz can be sampled so: a chain of CZ, or a product state."""
    return is_cz_chain(ansatz) or ansatz.hyperparameters["pattern"] == "none"


def cones(theta: np.ndarray, ansatz: HardwareEfficientAnsatz) -> Cones:
    """The light cones of one circuit.

    Args:
        theta: float64 (n_rows, n_sites), radians.
        ansatz: the template, for its options; :func:`fits` holds.
    """
    layers = rotation_layers(ansatz.n_layers, ansatz.hyperparameters["rotations"])
    if ansatz.hyperparameters["pattern"] == "none":  # one rotation a qubit, from start to end
        layers = (sum(layers, ()),)
    before, turn, after = euler_angles(theta, layers)
    cosines, sines = np.cos(turn / 2).T.copy(), np.sin(turn / 2).T.copy()
    pending = after[:-1] + before[1:]  # (P, n_sites): between R_p and R_(p+1) of each qubit
    phases = _phases(pending)
    start = np.zeros(2 ** len(layers), dtype=np.complex128)
    start[0] = 1
    _run_in(cosines, sines, pending, start)
    start *= phases[0]
    if not pending.any():
        phases, start = phases.real.copy(), start.real.copy()
    return Cones(cosines, sines, phases, start)


def euler_angles(theta: np.ndarray, layers) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each layer's rotations of each qubit as RZ(after) RY(turn) RZ(before), but for a phase.

    Args:
        theta: float64 (n_rows, n_sites), radians.
        layers: names of the rotations of each layer.

    Returns:
        before, turn, after: float64 (n_layers, n_sites).
    """
    n_sites = theta.shape[1]
    before, turn, after = np.zeros((3, len(layers), n_sites))
    row = 0
    for layer, names in enumerate(layers):
        rows = theta[row : row + len(names)]
        row += len(names)
        if tuple(names) in (("RY",), ("RY", "RZ"), ("RZ", "RY"), ("RZ", "RY", "RZ")):
            position = names.index("RY")
            turn[layer] = rows[position]
            before[layer] = rows[:position].sum(axis=0)
            after[layer] = rows[position + 1 :].sum(axis=0)
            continue
        matrices = np.broadcast_to(np.eye(2, dtype=complex), (n_sites, 2, 2))
        for name, angles in zip(names, rows, strict=True):
            matrices = _rotations(name, angles) @ matrices
        turn[layer] = 2 * np.arctan2(np.abs(matrices[:, 1, 0]), np.abs(matrices[:, 0, 0]))
        total = np.angle(matrices[:, 1, 1]) * 2  # before + after
        difference = np.angle(matrices[:, 1, 0]) * 2  # after - before
        before[layer], after[layer] = (total - difference) / 2, (total + difference) / 2
    return before, turn, after


def _rotations(name: str, angles: np.ndarray) -> np.ndarray:
    """Matrices (n, 2, 2) of one rotation with n angles; all of determinant 1."""
    c, s = np.cos(angles / 2), np.sin(angles / 2)
    zero = np.zeros_like(c)
    rows = {
        "RX": [[c, -1j * s], [-1j * s, c]],
        "RY": [[c, -s], [s, c]],
        "RZ": [[c - 1j * s, zero], [zero, c + 1j * s]],
    }[name]
    return np.moveaxis(np.array(rows), 2, 0)


def _phases(pending: np.ndarray) -> np.ndarray:
    """The diagonal before each strip: complex (n_sites, 2^(P + 1)), by slots."""
    n_layers, n_sites = pending.shape
    n_slots = n_layers + 1
    angles = np.zeros((n_sites, 2**n_slots))
    codes = np.arange(2**n_slots)
    for p in range(1, n_layers + 1):  # qubit i + P - p is about to get R_p in the strip of i
        qubits = np.arange(n_sites) + n_layers - p
        there = qubits < n_sites
        signs = (codes[None, :] >> (qubits[there] % n_slots)[:, None] & 1) - 0.5
        angles[there] += pending[p - 1, qubits[there], None] * signs
    return np.exp(1j * angles)


@njit(cache=True)
def _run_in(cosines, sines, pending, v):
    """The strips of the qubits -P ... -1, which are not there: gates on qubits 0 ... P - 1."""
    n_sites, n_slots = cosines.shape
    n_layers = n_slots - 1
    for i in range(-n_layers, 0):
        entering = i + n_layers
        slot = 1 << (entering % n_slots)
        if entering < n_sites:
            for x in range(len(v)):
                if not x & slot:
                    v[x | slot] = sines[entering, 0] * v[x]
                    v[x] *= cosines[entering, 0]
        for p in range(1, n_layers + 1):
            qubit = i + n_layers - p
            if qubit < 0 or qubit >= n_sites:
                continue
            slot, neighbour = 1 << (qubit % n_slots), 1 << ((qubit + 1) % n_slots)
            phase = np.exp(0.5j * pending[p - 1, qubit])
            for x in range(len(v)):
                if not x & slot:
                    a, b = v[x] / phase, v[x | slot] * phase
                    if x & neighbour and qubit + 1 < n_sites:
                        b = -b
                    v[x] = cosines[qubit, p] * a - sines[qubit, p] * b
                    v[x | slot] = sines[qubit, p] * a + cosines[qubit, p] * b


# The rows of v are named by their index: a slice would be counted as a reference, at each call.


@njit(cache=True, nogil=True, fastmath=FAST)
def _enter(v, x00, x10, x01, x11, c0, s0, c1, s1):
    """A qubit enters and its neighbour is turned: rows by (neighbour, new qubit)."""
    for k in range(v.shape[1]):
        a, b = v[x00, k], v[x10, k]
        v[x00, k] = c0 * a - s0 * b
        v[x10, k] = s0 * a + c0 * b
        v[x01, k] = c1 * a + s1 * b
        v[x11, k] = s1 * a - c1 * b


@njit(cache=True, nogil=True, fastmath=FAST)
def _turn(v, x0, x1, c, s, sign):
    """RY after a CZ: rows by the qubit's bit; sign -1 where its neighbour's is 1."""
    c1, s1 = sign * c, sign * s
    for k in range(v.shape[1]):
        a, b = v[x0, k], v[x1, k]
        v[x0, k] = c * a - s1 * b
        v[x1, k] = s * a + c1 * b


@njit(cache=True, nogil=True, fastmath=FAST)
def _turn_twice(v, x00, x01, x10, x11, c, s, sign, d, t):
    """Two steps of a strip at once: rows by (left qubit, right qubit), the right one first."""
    c1, s1 = sign * c, sign * s
    for k in range(v.shape[1]):
        a, b = v[x00, k], v[x01, k]
        left0, left1 = c * a - s1 * b, s * a + c1 * b
        a, b = v[x10, k], v[x11, k]
        right0, right1 = c * a - s1 * b, s * a + c1 * b
        v[x00, k] = d * left0 - t * right0
        v[x10, k] = t * left0 + d * right0
        v[x01, k] = d * left1 + t * right1
        v[x11, k] = t * left1 - d * right1


@njit(cache=True, nogil=True, fastmath=FAST)
def _weigh(v, slot, weights):
    """Squared norms of the halves of v: weights (2, width), by the bit of the slot."""
    weights[:, :] = 0
    for x in range(len(v)):
        half = 1 if x & slot else 0
        for k in range(v.shape[1]):
            weights[half, k] += v[x, k] * v[x, k]


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def _choose(weights, uniforms, tiny, m, taken):
    """A bit for each shot: m (2, width): what the halves are multiplied by, 0 for one of them.

    taken: the probability of the bit chosen, negative for bit 1 (0 if both are 0).
    """
    n, width = len(uniforms), weights.shape[1]
    if width > n:
        for k in range(n):
            weights[0, k] += weights[0, k + n]
            weights[1, k] += weights[1, k + n]
    for k in range(n):
        p0, p1 = weights[0, k], weights[1, k]
        total = p0 + p1
        q0 = p0 if p0 > tiny * total else p0 * 0
        q1 = p1 if p1 > tiny * total else p1 * 0
        zero = (uniforms[k] * (q0 + q1) < q0) | (q1 <= 0)
        q = q0 if zero else q1
        scale = 1 / np.sqrt(q) if q > 0 else q
        m[0, k] = scale if zero else q0 * 0
        m[1, k] = q1 * 0 if zero else scale
        share = q / total if total > 0 else total
        taken[k] = share if zero else -share
    if width > n:
        m[:, n:] = m[:, :n]


@njit(cache=True, nogil=True, fastmath=FAST)
def _note(taken, bits, product):
    for k in range(len(bits)):
        bits[k] = taken[k] < 0
        product[k] *= abs(taken[k])


@njit(cache=True, nogil=True, fastmath=FAST)
def _collapse(v, x, y, m):
    for k in range(v.shape[1]):
        v[x, k] = m[0, k] * v[x, k] + m[1, k] * v[y, k]


@njit(cache=True, nogil=True, fastmath=FAST)
def _turn_phase(v, x, n, re, im):
    for k in range(n):
        a, b = v[x, k], v[x, k + n]
        v[x, k] = a * re - b * im
        v[x, k + n] = a * im + b * re


@njit(cache=True, nogil=True)
def _leave(v, slot, m, n, phases_re, phases_im):
    """The measured qubit leaves; the pending phases are applied to what stays."""
    for x in range(len(v)):
        if not x & slot:
            _collapse(v, x, x | slot, m)
            if v.shape[1] > n:
                _turn_phase(v, x, n, phases_re[x], phases_im[x])


@njit(cache=True, nogil=True)
def sample_cones(cosines, sines, phases_re, phases_im, start, uniforms, bits, log_probabilities):
    """Draws bitstrings; see the head of this file.

    Args:
        cosines, sines: real (n_sites, P + 1).
        phases_re, phases_im: same dtype, (n_sites, 2^(P + 1)).
        start: same dtype, (2^(P + 1), BLOCK) if all is real, else (2^(P + 1), 2 BLOCK): the real
            parts, and then the imaginary ones.
        uniforms: same dtype, (n_sites, shots), in [0, 1].
        bits: int8 (n_sites, shots), written.
        log_probabilities: float64 (shots,), written.
    """
    n_sites, n_slots = cosines.shape
    n_layers = n_slots - 1
    size, width = start.shape
    shots = uniforms.shape[1]
    dtype = start.dtype
    one, zero = dtype.type(1), dtype.type(0)
    tiny = 100 * np.finfo(dtype).eps ** 2
    v = np.empty((size, width), dtype=dtype)
    weights = np.empty((2, width), dtype=dtype)
    m = np.empty((2, width), dtype=dtype)
    u = np.zeros(BLOCK, dtype=dtype)
    taken = np.empty(BLOCK, dtype=dtype)
    product = np.empty(BLOCK, dtype=np.float64)
    for first in range(0, shots, BLOCK):
        n = min(BLOCK, shots - first)
        v[:, :] = start
        product[:] = 1
        log_probabilities[first : first + n] = 0
        for i in range(n_sites):
            if n_layers == 0:
                v[0, :], v[1, :] = cosines[i, 0], sines[i, 0]
            else:
                new, qubit = i + n_layers, i + n_layers - 1
                a0 = cosines[new, 0] if new < n_sites else one
                a1 = sines[new, 0] if new < n_sites else zero
                c = cosines[qubit, 1] if qubit < n_sites else one
                s = sines[qubit, 1] if qubit < n_sites else zero
                slot, new_slot = 1 << (qubit % n_slots), 1 << (new % n_slots)
                for x in range(size):
                    if not (x & slot or x & new_slot):
                        y = x | new_slot
                        _enter(v, x, x | slot, y, y | slot, a0 * c, a0 * s, a1 * c, a1 * s)
                p = 2
                while p <= n_layers:
                    qubit = i + n_layers - p
                    c = cosines[qubit, p] if qubit < n_sites else one
                    s = sines[qubit, p] if qubit < n_sites else zero
                    slot, right = 1 << (qubit % n_slots), 1 << ((qubit + 1) % n_slots)
                    if (n_layers - p) % 2 == 0:  # an odd number of steps is left
                        for x in range(size):
                            if not x & slot:
                                _turn(v, x, x | slot, c, s, -one if x & right else one)
                        p += 1
                        continue
                    left = 1 << ((qubit - 1) % n_slots)
                    d = cosines[qubit - 1, p + 1] if qubit - 1 < n_sites else one
                    t = sines[qubit - 1, p + 1] if qubit - 1 < n_sites else zero
                    for x in range(size):
                        if not (x & slot or x & left):
                            y = x | left
                            sign = -one if x & right else one
                            _turn_twice(v, x, x | slot, y, y | slot, c, s, sign, d, t)
                    p += 2
            slot = 1 << (i % n_slots)
            _weigh(v, slot, weights)
            u[:n] = uniforms[i, first : first + n]
            _choose(weights, u, tiny, m, taken)
            _note(taken[:n], bits[i, first : first + n], product[:n])
            if i < n_sites - 1 and n_layers > 0:
                _leave(v, slot, m, BLOCK, phases_re[i + 1], phases_im[i + 1])
            if i % 8 == 7 or i == n_sites - 1:  # before the product can underflow
                for s_ in range(n):
                    log_probabilities[first + s_] += np.log(product[s_])
                product[:] = 1
