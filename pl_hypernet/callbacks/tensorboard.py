"""The steps of a training for TensorBoard."""

import math
from numbers import Number

import numpy as np

from pl_hypernet.analysis.flat import flat
from pl_hypernet.callbacks.callback import Callback, Training
from pl_hypernet.errors import InputError

POINTS = 200  # of a curve, about: no picture shows more, and writing one takes 0.2 ms
FOLDER = "tensorboard"


class TensorBoardLog(Callback):
    """All numbers of the history as scalars, by torch's ``SummaryWriter``.

    Of a run of more than 200 steps every second, third, ... step is written, and all those with an
    energy on all samples. A run that goes on writes its steps again, and TensorBoard leaves the
    earlier ones out.

    Args:
        folder: where to; None: ``tensorboard`` in the run's folder.

    Raises:
        InputError: TensorBoard is not installed; or, as the run starts, no folder, and the run has
            none.
    """

    def __init__(self, folder=None):
        try:
            from tensorboard.compat.proto.summary_pb2 import Summary
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise InputError(
                "TensorBoard is not installed: pip install 'pl_hypernet[logs]', or tensorboard"
            ) from error
        self._given, self._open, self._summary = folder, SummaryWriter, Summary
        self._writer = None

    def on_start(self, training: Training) -> None:
        place = training.path(self._given, FOLDER)
        self._every = math.ceil(training.settings.steps / POINTS)
        self._writer = self._open(str(place), purge_step=1)
        for record in training.history:
            self.on_step(record, np.zeros(0))

    def on_step(self, record: dict, theta: np.ndarray) -> None:
        if record["step"] % self._every and "full_energy" not in record:
            return
        values = [
            self._summary.Value(tag=name.replace(".", "/"), simple_value=value)
            for name, value in flat(record).items()
            if isinstance(value, Number) and name != "step"
        ]
        # one event for all numbers of a step: add_scalar writes one for each, five times as slow
        self._writer.file_writer.add_summary(self._summary(value=values), record["step"])

    def on_end(self, stop_reason: str) -> None:
        if self._writer is not None:
            self._writer.close()
