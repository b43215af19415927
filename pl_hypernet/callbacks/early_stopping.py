"""The end of a training that no longer gets anywhere."""

import math

import numpy as np

from pl_hypernet.callbacks.callback import Callback, Training
from pl_hypernet.errors import InputError

STOP_REASON = "stop_early"


class EarlyStopping(Callback):
    """Ends a training once the energy has not fallen by more than its error.

    Every ``window`` steps the mean energy of the last ``window`` of them is compared with that of
    as many before. The error is the standard error of the difference, from the scatter of the
    energies within each window: shots, mini-batches and the optimizer's directions. All of it is
    in the history, so that a run that goes on stops where it would have stopped.

    Args:
        window: steps. The fewer, the sooner it ends a training that falls slowly.

    Raises:
        InputError: fewer than 2.
    """

    def __init__(self, window: int = 100):
        if isinstance(window, bool) or not isinstance(window, int) or window < 2:
            raise InputError(f"window={window!r}: expected a number of steps, at least 2")
        self.window = window
        self._energies: list[float] = []  # of the last two windows, in between

    def on_start(self, training: Training) -> str | None:
        made = len(training.history)
        last = 2 * self.window + made % self.window  # what is beyond the windows is of the next one
        self._energies = [record["energy"] for record in training.history[-last:]]
        return self._answer(made)

    def on_step(self, record: dict, theta: np.ndarray) -> str | None:
        self._energies.append(record["energy"])
        return self._answer(record["step"])

    def _answer(self, step: int) -> str | None:
        if step == 0 or step % self.window:
            return None
        self._energies = self._energies[-2 * self.window :]
        return STOP_REASON if self._has_stalled() else None

    def _has_stalled(self) -> bool:
        if len(self._energies) < 2 * self.window:
            return False
        windows = np.reshape(self._energies, (2, self.window))
        before, now = windows.mean(axis=1)
        error = math.sqrt(windows.var(axis=1, ddof=1).sum() / self.window)
        return bool(before - now <= error)
