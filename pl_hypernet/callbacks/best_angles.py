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
        stderr (float): its standard error, by the scatter of the energies.
        step (int): the last of these steps.

    Raises:
        InputError: a window of fewer than 2 steps.
    """

    def __init__(self, window: int = 20):
        if isinstance(window, bool) or not isinstance(window, int) or window < 2:
            raise InputError(f"window={window!r}: expected a number of steps, at least 2")
        self.theta: np.ndarray | None = None
        self.energy = self.stderr = np.inf
        self.step = 0
        self._energies: deque[float] = deque(maxlen=window)

    def on_start(self, training: Training) -> None:
        self._energies.extend(record["energy"] for record in training.history)

    def on_step(self, record: dict, theta: np.ndarray) -> None:
        energies = self._energies
        energies.append(record["energy"])
        mean = sum(energies) / len(energies)
        if len(energies) == energies.maxlen and mean < self.energy:
            self.energy, self.step, self.theta = mean, record["step"], theta.copy()
            self.stderr = float(np.std(energies, ddof=1) / np.sqrt(len(energies)))

    def state(self) -> dict[str, np.ndarray]:
        if self.theta is None:
            return {}
        numbers = np.array([self.energy, self.stderr, self.step])
        return {"theta": np.asarray(self.theta), "numbers": numbers}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        self.theta = arrays["theta"]
        self.energy, self.stderr, step = map(float, arrays["numbers"])
        self.step = int(step)
