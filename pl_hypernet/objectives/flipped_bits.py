"""The loss of networks with flipped bits: what is lowered so that networks bear flips."""

import numpy as np

from pl_hypernet.networks.derivatives import FIRST_ORDER, Derivatives
from pl_hypernet.objectives.network_loss import NetworkLoss


class FlippedBits:
    """A loss of bitstrings of which each bit is flipped with a probability, anew at each call.

    Its mean is low where a network's neighbours are good as well, which is what local-entropy
    training looks for (arXiv:1605.06444). Of a product state it is the mean loss of the state whose
    every <Z> is 1 - 2 p times as large: the flips are noise of Pauli X before the measurement.

    Args:
        loss: of networks as they are.
        p: probability of a flip, from 0 to 0.5.
        rng: draws the flips.
    """

    def __init__(self, loss: NetworkLoss, p: float, rng: np.random.Generator):
        self.loss = loss
        self.p = p
        self.rng = rng

    def __call__(self, bits) -> np.ndarray:
        """Losses float64 (S,) of bits int8 (S, n_qubits), flipped."""
        return self.loss(self._flip(bits))

    def backward(self, bits) -> None:
        """As :meth:`NetworkLoss.backward`, of the flipped bits."""
        self.loss.backward(self._flip(bits))

    def spin_gradients(self, bits, how: Derivatives = FIRST_ORDER) -> tuple[np.ndarray, np.ndarray]:
        """As :meth:`NetworkLoss.spin_gradients`: losses of the flipped bits, and derivatives of
        their mean over the flips by each spin that was given.

        A spin is seen as it is with probability 1 - p and turned around with p, so what counts is
        1 - 2 p times the derivative by the spin that is seen.
        """
        losses, by_spin = self.loss.spin_gradients(self._flip(bits), how)
        return losses, (1 - 2 * self.p) * by_spin

    def _flip(self, bits) -> np.ndarray:
        bits = np.asarray(bits, dtype=np.int8)
        return bits ^ (self.rng.random(bits.shape, dtype=np.float32) < self.p)
