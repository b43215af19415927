"""Runs again from the folders that they left."""

import warnings
from pathlib import Path

import numpy as np

from pl_hypernet.datasets import as_data
from pl_hypernet.errors import BudgetError, DeviceError, InputError, RunFolderError
from pl_hypernet.networks.activations import REGRESSION
from pl_hypernet.training.budget import check_dollars, sample_within
from pl_hypernet.training.check_task import check_task
from pl_hypernet.training.checkpoint import NAME as CHECKPOINT
from pl_hypernet.training.checkpoint import load_checkpoint
from pl_hypernet.training.config import RunConfig
from pl_hypernet.training.folder import (
    CONFIG,
    SHOTS,
    TASKS,
    read_array,
    read_history,
    read_schema,
)
from pl_hypernet.training.hypernetwork import QuantumHypernetwork
from pl_hypernet.training.run import Run
from pl_hypernet.training.trainer import restore_network

STAND_IN = "hypernet.mps"  # needs no account and has no limit of wires


def load(
    folder,
    hypernet: QuantumHypernetwork | None = None,
    data=None,
    loss=None,
    budget: float | None = None,
) -> Run:
    """The run that a folder holds, with the same shots as when it ended.

    Data are needed only where shots are judged: for ``run.evaluation`` and the pictures.

    Args:
        folder: as given to ``train(..., out=folder)`` or printed by ``pl-hypernet train``.
        hypernet: needed for a run with an ansatz or device object of its own.
        data: what the run was trained on, to judge the shots of a run on arrays of its own.
        loss: to judge the shots of a run with a loss of its own.
        budget: US dollars that the shots which judge a run may cost, where it did not end, and was
            on a device whose tasks are paid for.

    Raises:
        RunFolderError: not a run folder, or damaged.
        InputError: the run needs ``hypernet``, or a ``budget``, or data of another kind than the
            run's.
    """
    folder = Path(folder)
    if (folder / CONFIG).is_file() and not (folder / CHECKPOINT).exists():
        raise RunFolderError(
            f"the run in {folder} ended before its first step: start it again with "
            f"pl-hypernet train --config {folder / CONFIG}"
        )
    arrays, plain = load_checkpoint(folder)
    config = RunConfig.read(folder / CONFIG)
    if data is not None:
        data = as_data(data, regression=config.activation == REGRESSION)
    schema = read_schema(folder)
    if schema is None:
        schema = (config.load_data() if data is None else data).schema
    bits = read_array(folder / SHOTS)
    if hypernet is None:
        try:
            hypernet = config.build_hypernetwork(schema.n_inputs)
        except DeviceError as error:
            if bits is None:
                raise
            # what was measured can be looked at without the device that measured it
            warnings.warn(f"hypernet.mps stands in for {config.device}: {error}", stacklevel=2)
            stand_in = config.model_copy(update={"device": STAND_IN, "device_options": {}})
            hypernet = stand_in.build_hypernetwork(schema.n_inputs)
    if data is not None:
        check_task(hypernet.network, data)
        if config.validation is not None:
            data = data.split(config.validation, hypernet.generator("validation"))
    theta = hypernet.check_theta(arrays["theta"])
    hypernet = hypernet.with_own_network()
    restore_network(hypernet.network, arrays)
    if bits is None:
        before = hypernet.device.random_state
        hypernet.device.random_state = plain["device"]
        with hypernet.device.tasks_logged(folder / TASKS):
            bits = _judging_shots(hypernet, theta, config.evaluation_shots, budget)
        hypernet.device.random_state = before
    history = read_history(folder)[: plain["n_steps"]]
    reason = plain["stop_reason"]
    return Run(hypernet, config, schema, theta, history, bits, reason, folder, data, loss)


def _judging_shots(hypernet, theta, shots: int, budget: float | None) -> np.ndarray:
    """Shots that judge the state of a run that did not end.

    Raises:
        InputError: they would cost something that was not agreed to. Tasks that the log of the run
            holds are paid for already.
    """
    check_dollars(budget)
    try:
        return sample_within(hypernet, theta, shots, budget or 0.0)
    except BudgetError as error:
        spending = hypernet.device.spending
        raise InputError(
            f"this run did not end, and {shots} shots to judge its state would cost about "
            f"${spending.cost_of(1, shots):,.2f} {spending.terms}: give load a budget=DOLLARS"
        ) from error
