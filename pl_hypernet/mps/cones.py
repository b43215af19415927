"""Angles as the light cones of a chain of CZ need them, for many circuits at once."""

from dataclasses import dataclass

import numpy as np

from pl_hypernet.compiled import compiled
from pl_hypernet.mps import light_cone
from pl_hypernet.mps.layers import Layers
from pl_hypernet.mps.product_shots import ProductShots
from pl_hypernet.mps.threads import in_threads


@dataclass(frozen=True)
class Cones:
    """A batch of circuits that differ only in their angles.

    Attributes:
        tangents: float64 (n_circuits, n_sites, P + 1), of half the angle of each rotation's RY, in
            [-1, 1].
        flips: int64 (n_circuits, n_sites), 1 where the bit measured is the opposite of the qubit's.
        phases: complex128 (n_circuits, n_sites, 2^P), the diagonal before the strip of each qubit,
            by the bits of this one (the lowest) and of those that follow.
        start: complex128 (n_circuits, 2^P), the state before the first strip.
        is_real: whether no rotation turns a phase.
    """

    tangents: np.ndarray
    flips: np.ndarray
    phases: np.ndarray
    start: np.ndarray
    is_real: bool

    def draw(self, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Shots from given numbers in [0, 1]: float32 or float64 (n_circuits, n_sites, shots).

        Returns:
            bits int8 (n_circuits, shots, n_sites) and the log of their probabilities, float64
            (n_circuits, shots).
        """
        n_circuits, _, shots = uniforms.shape
        bits = np.empty(uniforms.shape, dtype=np.int8)
        log_probabilities = np.empty((n_circuits, shots))
        lanes = light_cone.LANES
        start = np.repeat(self.start.real, lanes, axis=1).reshape(n_circuits, -1, lanes)
        if not self.is_real:
            start[:, :, lanes // 2 :] = self.start.imag[:, :, None]
        # products of tangents that are rounding would be denormal numbers, which are slow
        tiny = 100 * np.finfo(uniforms.dtype).eps ** 2
        tangents = np.where(np.abs(self.tangents) < tiny, 0, self.tangents)
        arrays = [
            np.ascontiguousarray(array, dtype=uniforms.dtype)
            for array in (tangents, self.phases.real, self.phases.imag, start)
        ]

        def draw_some(circuit: int, begin: int, end: int) -> None:
            tangents, re, im, start = (array[circuit] for array in arrays)
            light_cone.sample_cones(
                tangents,
                self.flips[circuit],
                re,
                im,
                start.ravel(),
                self.is_real,
                uniforms[circuit],
                bits[circuit],
                log_probabilities[circuit],
                begin,
                end,
            )

        in_threads(draw_some, n_circuits, shots, lanes)
        return np.ascontiguousarray(bits.swapaxes(1, 2)), log_probabilities


def cones(thetas: np.ndarray, layers: Layers) -> Cones | ProductShots:
    """The light cones of a batch of circuits, which of a product are single qubits.

    Args:
        thetas: float64 (n_circuits, n_rows, n_sites), radians.
        layers: what they share, a chain of CZ or a product.
    """
    names = layers.rotations
    if layers.is_product:  # one rotation a qubit, from start to end
        _, turn, _ = euler_angles(thetas, (sum(names, ()),))
        return ProductShots(turn[:, 0])
    before, turn, after = euler_angles(thetas, names)
    turn, pending, flips = small_turns(turn, after[:, :-1] + before[:, 1:])
    phases = _phases(pending)
    start = np.zeros((len(thetas), 2 ** (len(names) - 1)), dtype=np.complex128)
    start[:, 0] = 1
    _run_in(np.cos(turn / 2), np.sin(turn / 2), pending, start)
    start *= phases[:, 0]
    tangents = np.tan(turn / 2).swapaxes(1, 2)
    return Cones(tangents, flips, phases, start, is_real=not pending.any())


def euler_angles(thetas: np.ndarray, layers) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each layer's rotations of each qubit as RZ(after) RY(turn) RZ(before), but for a phase.

    Args:
        thetas: float64 (n_circuits, n_rows, n_sites), radians.
        layers: names of the rotations of each layer.

    Returns:
        before, turn, after: float64 (n_circuits, n_layers, n_sites).
    """
    n_circuits, _, n_sites = thetas.shape
    before, turn, after = np.zeros((3, n_circuits, len(layers), n_sites))
    row = 0
    for layer, names in enumerate(layers):
        rows = thetas[:, row : row + len(names)]
        row += len(names)
        if tuple(names) in (("RY",), ("RY", "RZ"), ("RZ", "RY"), ("RZ", "RY", "RZ")):
            position = names.index("RY")
            turn[:, layer] = rows[:, position]
            before[:, layer] = rows[:, :position].sum(axis=1)
            after[:, layer] = rows[:, position + 1 :].sum(axis=1)
            continue
        matrices = np.eye(2, dtype=complex)
        for position, name in enumerate(names):
            matrices = rotations(name, rows[:, position]) @ matrices
        turn[:, layer] = 2 * np.arctan2(np.abs(matrices[..., 1, 0]), np.abs(matrices[..., 0, 0]))
        total = np.angle(matrices[..., 1, 1]) * 2  # before + after
        difference = np.angle(matrices[..., 1, 0]) * 2  # after - before
        before[:, layer], after[:, layer] = (total - difference) / 2, (total + difference) / 2
    return before, turn, after


def rotations(name: str, angles: np.ndarray) -> np.ndarray:
    """Matrices (..., 2, 2) of one rotation with many angles; all of determinant 1."""
    c, s = np.cos(angles / 2), np.sin(angles / 2)
    zero = np.zeros_like(c)
    rows = {
        "RX": [[c, -1j * s], [-1j * s, c]],
        "RY": [[c, -s], [s, c]],
        "RZ": [[c - 1j * s, zero], [zero, c + 1j * s]],
    }[name]
    return np.moveaxis(np.array(rows), (0, 1), (-2, -1))


def small_turns(turn, pending) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same circuits with every turn in [-pi/2, pi/2], but for flips of the measured bits.

    A turn by pi is a Y, but for a phase. It is taken out and moved to the end of the circuit: past
    a CZ it leaves a Z on the neighbours, past an RZ it changes the sign of the angle, and so does
    such a Z past an RY. At the end a Y flips the bit, and a Z does nothing.

    Args:
        turn: float64 (n_circuits, P + 1, n_sites), radians.
        pending: float64 (n_circuits, P, n_sites), angles of the RZ between two turns, radians.

    Returns:
        turn, pending: as given; flips: int64 (n_circuits, n_sites), 0 or 1.
    """
    # first to (-pi, pi], by their sines and cosines: an angle may be huge
    turn, pending = (np.arctan2(np.sin(a), np.cos(a)) for a in (turn, pending))
    y = np.zeros((len(turn), turn.shape[2]), dtype=np.int64)
    z = np.zeros_like(y)
    for layer in range(turn.shape[1]):
        angles = turn[:, layer] * (1 - 2 * z)
        halves = np.rint(angles / np.pi)
        turn[:, layer] = angles - np.pi * halves
        y ^= halves.astype(np.int64) & 1
        if layer < pending.shape[1]:
            pending[:, layer] *= 1 - 2 * y
            z[:, 1:] ^= y[:, :-1]
            z[:, :-1] ^= y[:, 1:]
    return turn, pending, y


def _phases(pending: np.ndarray) -> np.ndarray:
    """The diagonal before each strip: complex (n_circuits, n_sites, 2^P)."""
    n_circuits, n_layers, n_sites = pending.shape
    angles = np.zeros((n_circuits, n_sites, 2**n_layers))
    codes = np.arange(2**n_layers)
    for p in range(1, n_layers + 1):  # in the strip of i, qubit i + P - p is about to get R_p
        bit = n_layers - p
        signs = (codes >> bit & 1) - 0.5
        angles[:, : max(n_sites - bit, 0)] += pending[:, p - 1, bit:, None] * signs
    return np.exp(1j * angles)


@compiled()
def _run_in(cosines, sines, pending, start):
    """The strips of the qubits -P ... -1, which are not there: gates on qubits 0 ... P - 1."""
    n_circuits, n_slots, n_sites = cosines.shape
    n_layers = n_slots - 1
    for circuit in range(n_circuits):
        v, cosine, sine = start[circuit], cosines[circuit], sines[circuit]
        for i in range(-n_layers, 0):
            entering = i + n_layers
            slot = 1 << entering
            if entering < n_sites:
                for x in range(slot):
                    v[x | slot] = sine[0, entering] * v[x]
                    v[x] *= cosine[0, entering]
            for p in range(1, entering + 1):
                qubit = entering - p
                if qubit >= n_sites:
                    continue
                slot, neighbour = 1 << qubit, 2 << qubit
                phase = np.exp(0.5j * pending[circuit, p - 1, qubit])
                c, s = cosine[p, qubit], sine[p, qubit]
                for x in range(len(v)):
                    if not x & slot:
                        a, b = v[x] / phase, v[x | slot] * phase
                        if x & neighbour:
                            b = -b
                        v[x] = c * a - s * b
                        v[x | slot] = s * a + c * b
