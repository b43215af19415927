"""The best angles of a training, by its own energies."""

from collections import deque

import numpy as np

from pl_hypernet.callbacks.callback import Callback, Training
from pl_hypernet.errors import InputError


class BestAngles(Callback):
    """Keeps the angles after the steps whose mean training energy was the lowest so far.

    One energy alone would be the luckiest, not the lowest: the lowest of 1000 of the same mean lies
    three of their standard deviations below it.

    Args:
        window: steps whose energies are averaged.

    Attributes:
        theta: the angles after the last of these steps, None before there are as many.
        energy (float): the lowest mean, inf before.
        step (int): the last of these steps.

    Raises:
        InputError: a window of fewer than 2 steps.
    """

    def __init__(self, window: int = 20):
        if isinstance(window, bool) or not isinstance(window, int) or window < 2:
            raise InputError(f"window={window!r}: expected a number of steps, at least 2")
        self.theta: np.ndarray | None = None
        self.energy = np.inf
        self.step = 0
        self._energies: deque[float] = deque(maxlen=window)
        self._best: tuple[float, ...] = ()  # whose mean is the lowest

    def on_start(self, training: Training) -> None:
        self._energies.clear()
        self._energies.extend(record["energy"] for record in training.history)
        if not training.history:  # another training begins
            self.theta, self.energy, self.step, self._best = None, np.inf, 0, ()

    def on_step(self, record: dict, theta: np.ndarray) -> None:
        energies = self._energies
        energies.append(record["energy"])
        mean = sum(energies) / len(energies)
        if len(energies) == energies.maxlen and mean < self.energy:
            self.energy, self.step, self.theta = mean, record["step"], np.array(theta)
            self._best = tuple(energies)

    @property
    def stderr(self) -> float:
        """Standard error of the energy, by the scatter of those that it is the mean of."""
        return (
            float(np.std(self._best, ddof=1) / np.sqrt(len(self._best))) if self._best else np.inf
        )

    def state(self) -> dict[str, np.ndarray]:
        if self.theta is None:
            return {}
        return {"theta": self.theta, "energies": np.array(self._best), "step": np.array(self.step)}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        self.theta, self.step = arrays["theta"], arrays["step"].item()
        self._best = tuple(arrays["energies"].tolist())
        self.energy = sum(self._best) / len(self._best)
