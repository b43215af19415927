"""Energies in the lines that Braket makes curves of."""

import numpy as np
from braket.jobs.metrics import log_metric

from pl_hypernet.callbacks import Callback

METRICS = ("energy", "stderr", "full_energy")


class JobMetrics(Callback):
    """Prints the energies of each step as metrics of a hybrid job."""

    def on_step(self, record: dict, theta: np.ndarray) -> None:
        for name in METRICS:
            if record.get(name) is not None:
                log_metric(name, record[name], iteration_number=record["step"])
