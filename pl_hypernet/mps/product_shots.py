"""Shots of qubits that nothing joins: each is a coin of its own."""

from dataclasses import dataclass

import numpy as np

from pl_hypernet.compiled import compiled
from pl_hypernet.mps.threads import in_threads

BLOCK = 64  # shots that go to one thread
HELD = 2**13  # random numbers held at a time, which a processor has at hand


@dataclass(frozen=True)
class ProductShots:
    """A batch of circuits without entanglers.

    Attributes:
        turns: float64 (n_circuits, n_sites), radians: bit 0 has the probability cos^2(turn / 2).
    """

    turns: np.ndarray

    def draw(self, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As :meth:`Cones.draw`."""
        n_circuits, n_sites, shots = uniforms.shape
        bits = np.empty((n_circuits, shots, n_sites), dtype=np.int8)
        log_probabilities = np.empty((n_circuits, shots))
        zeros, ones = np.cos(self.turns / 2) ** 2, np.sin(self.turns / 2) ** 2
        tiny = 100 * np.finfo(uniforms.dtype).eps ** 2  # as of a chain: what is rounding is 0
        zeros, ones = np.where(zeros > tiny, zeros, 0), np.where(ones > tiny, ones, 0)
        limits = zeros.astype(uniforms.dtype)

        def draw_some(circuit: int, begin: int, end: int) -> None:
            _draw(
                limits[circuit],
                zeros[circuit],
                ones[circuit],
                uniforms[circuit],
                bits[circuit],
                log_probabilities[circuit],
                begin,
                end,
            )

        in_threads(draw_some, n_circuits, shots, BLOCK)
        return bits, log_probabilities

    def bits(self, shots: int, rng: np.random.Generator, dtype: type) -> np.ndarray:
        """The bits of :meth:`draw` alone, from the same numbers, of which few are held at a time.

        Args:
            shots: of each circuit.
            rng: of the numbers.
            dtype: of the numbers, float32 or float64.
        """
        n_circuits, n_sites = self.turns.shape
        bits = np.empty((n_circuits, shots, n_sites), dtype=np.int8)
        limits = (np.cos(self.turns / 2) ** 2).astype(dtype)
        step = max(1, HELD // shots)
        held = np.empty((step, shots), dtype)
        for circuit in range(n_circuits):
            for begin in range(0, n_sites, step):
                uniforms = held[: n_sites - begin]
                rng.random(dtype=dtype, out=uniforms)
                _compare(limits[circuit], uniforms, bits[circuit], begin)
        return bits


@compiled(nogil=True, error_model="numpy")
def _compare(limits, uniforms, bits, begin):
    """Bits of some sites of one circuit, from ``begin`` on; as :func:`_draw`.

    Args:
        limits: dtype of the uniforms, (n_sites,): below which a bit is 0.
        uniforms: real (n, shots), below 1.
        bits: int8 (shots, n_sites), written.
        begin: the first of the n sites.
    """
    n, shots = uniforms.shape
    for k in range(shots):
        for i in range(n):
            bits[k, begin + i] = uniforms[i, k] >= limits[begin + i]


@compiled(nogil=True, error_model="numpy")
def _draw(limits, zeros, ones, uniforms, bits, log_probabilities, begin, end):
    """Draws the shots begin ... end - 1 of one circuit.

    Args:
        limits: dtype of the uniforms, (n_sites,): below which the bit is 0.
        zeros, ones: float64 (n_sites,), the probabilities of the two bits.
        uniforms: real (n_sites, shots), in [0, 1].
        bits: int8 (shots, n_sites), written.
        log_probabilities: float64 (shots,), written.
    """
    n_sites = len(uniforms)
    product = np.ones(end - begin)
    log_probabilities[begin:end] = 0
    for i in range(n_sites):
        zero, one, limit = zeros[i], ones[i], limits[i]
        for k in range(end - begin):
            is_one = (uniforms[i, begin + k] >= limit) & (one > 0)
            bits[begin + k, i] = is_one
            product[k] *= one if is_one else zero
        if i % 8 == 7 or i == n_sites - 1:  # before the product can underflow
            for k in range(end - begin):
                log_probabilities[begin + k] += np.log(product[k])
            product[:] = 1
