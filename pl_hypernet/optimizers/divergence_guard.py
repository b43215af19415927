"""Back to the best angles when a training diverges."""

import math

import numpy as np

WINDOW = 20  # steps whose energies are averaged
ENOUGH = 8  # standard errors of a difference of two such averages; a long run has many of them
SHARE = 0.1  # of what the training has gained so far


class DivergenceGuard:
    """Watches the energies of a training, and tells when it has lost what it had.

    The mean energy of the last 20 steps is compared with the lowest such mean. It has diverged when
    it lies above by more than 8 standard errors of the difference (the energies' own scatter:
    shots, mini-batches and directions) and by more than a tenth of what was gained since the start.
    """

    def __init__(self):
        self._energies: list[float] = []  # of the last steps, WINDOW at most
        self._first = math.nan  # mean of the first window
        self._best = math.inf  # lowest mean, and the variance of its energies
        self._variance = 0.0
        self._theta = np.zeros(0)  # where it was reached

    def check(self, theta: np.ndarray, energy: float) -> np.ndarray | None:
        """Takes in a step.

        Args:
            theta: float64 (d,), the angles.
            energy: their energy.

        Returns:
            The best angles, float64 (d,), if the training has diverged; else None.
        """
        self._energies = [*self._energies, float(energy)][-WINDOW:]
        if len(self._energies) < WINDOW:
            return None
        mean, variance = float(np.mean(self._energies)), float(np.var(self._energies, ddof=1))
        if math.isnan(self._first):
            self._first = mean
        if mean < self._best:
            self._best, self._variance, self._theta = mean, variance, np.array(theta)
            return None
        error = math.sqrt((variance + self._variance) / WINDOW)
        if mean - self._best <= max(ENOUGH * error, SHARE * abs(self._first - self._best)):
            return None
        self._energies.clear()
        return self._theta.copy()

    def state(self) -> tuple[dict[str, np.ndarray], dict]:
        """Arrays, and what can be written as JSON."""
        arrays = {"guard_theta": self._theta.copy(), "guard_energies": np.array(self._energies)}
        plain = {"first": self._first, "best": self._best, "variance": self._variance}
        return arrays, {
            name: value if math.isfinite(value) else None for name, value in plain.items()
        }

    def restore(self, arrays: dict[str, np.ndarray], plain: dict) -> None:
        """Takes over what :meth:`state` gave."""
        self._theta = np.array(arrays["guard_theta"])
        self._energies = arrays["guard_energies"].tolist()
        self._first = math.nan if plain["first"] is None else plain["first"]
        self._best = math.inf if plain["best"] is None else plain["best"]
        self._variance = plain["variance"]
