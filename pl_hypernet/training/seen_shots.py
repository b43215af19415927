"""What the shots of a step chose, as far as its losses show it."""

import numpy as np

from pl_hypernet.analysis.shares import chosen, shares
from pl_hypernet.objectives import NetworkLoss

DIGITS = 4  # of a share in the history


class SeenShots:
    """The loss of a step, which looks at the choices of the bits that it is asked about.

    Args:
        loss: of bits int8 (S, n_qubits).
    """

    def __init__(self, loss: NetworkLoss):
        self.loss = loss
        self._seen: list[tuple[np.ndarray, dict[str, np.ndarray]]] = []

    def __call__(self, bits: np.ndarray) -> np.ndarray:
        losses = self.loss(bits)
        if self.loss.network.choices:
            self._seen.append((losses, chosen(self.loss.network, bits)))
        return losses

    def clear(self) -> None:
        """Forgets what it saw: a step begins."""
        self._seen.clear()

    def shares(self, losses: np.ndarray | None) -> dict[str, dict[str, float]]:
        """The share of each option of each choice; empty for a network without choices.

        Args:
            losses: of the step's energy: its shots are those that count. None, where an optimizer
                hands on a plain number: all shots of the step, those at shifted angles too.
        """
        if not self._seen:
            return {}
        seen = [codes for known, codes in self._seen if known is losses]
        seen = seen or [codes for _, codes in self._seen]
        network = self.loss.network
        codes = {name: np.concatenate([part[name] for part in seen]) for name in seen[0]}
        return {
            name: {option: round(share, DIGITS) for option, share in options.items()}
            for name, options in shares(network, codes).items()
        }
