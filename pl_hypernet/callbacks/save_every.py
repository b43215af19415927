"""Checkpoints at steps of one's own choice."""

import numpy as np

from pl_hypernet.callbacks.callback import Callback, Training
from pl_hypernet.errors import InputError


class SaveEvery(Callback):
    """Writes a checkpoint after every so many steps, beside those of the run's own pace.

    A run writes one a second at most, and less often where they are large.

    Args:
        steps: between two of them; with 1 a run loses no step, however it ends.

    Raises:
        InputError: fewer than 1.
    """

    def __init__(self, steps: int):
        if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
            raise InputError(f"steps={steps!r}: expected a number of steps, at least 1")
        self._steps = steps

    def on_start(self, training: Training) -> None:
        self._save = training.save

    def on_step(self, record: dict, theta: np.ndarray) -> None:
        if record["step"] % self._steps == 0:
            self._save()
