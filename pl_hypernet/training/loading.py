"""Runs again from the folders that they left."""

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from pl_hypernet.datasets import as_data
from pl_hypernet.errors import BudgetError, DeviceError, InputError, RunFolderError
from pl_hypernet.networks import Network
from pl_hypernet.networks.activations import REGRESSION
from pl_hypernet.training.budget import check_dollars, sample_within
from pl_hypernet.training.check_task import check_task
from pl_hypernet.training.checkpoint import has_checkpoint, load_checkpoint
from pl_hypernet.training.config import RunConfig
from pl_hypernet.training.digests import check_same_data
from pl_hypernet.training.folder import (
    CONFIG,
    LOSSES,
    SHOTS,
    TASKS,
    read_array,
    read_schema,
    read_summary,
)
from pl_hypernet.training.history import read_history
from pl_hypernet.training.hypernetwork import QuantumHypernetwork
from pl_hypernet.training.network_file import network_of_run
from pl_hypernet.training.run import Run
from pl_hypernet.training.ties import broken_ends, broken_ties, refuse
from pl_hypernet.training.trainer import restore_network

STAND_IN = "hypernet.mps"  # needs no account and has no limit of wires


def load(
    folder,
    hypernet: QuantumHypernetwork | None = None,
    data=None,
    loss=None,
    budget: float | None = None,
    check: bool = True,
    network: str | Network | None = None,
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
        check: refuse files that are not as the run wrote them, and other data. If not, what can be
            read is taken as it is; in the place of shots that cannot, others are drawn.
        network: needed, or ``hypernet``, for a run whose network is no :class:`BinaryNetwork`: the
            network, or as ``"mine.py:build"`` the file and its function that make it. The file is
            run; nothing that a folder names is.

    Raises:
        RunFolderError: not a run folder, or damaged, or changed.
        InputError: the run needs ``hypernet`` or ``network``, or a ``budget``, or data of another
            kind than the run's.
        DataError: with ``check``, other data than the run was trained on.
    """
    folder = Path(folder).expanduser()
    refuse_without_steps(folder)
    arrays, plain = load_checkpoint(folder, check)
    config = RunConfig.read(folder / CONFIG)
    history, digest = read_history(folder, plain["n_steps"], check)
    broken, is_of_theta = broken_ends(folder, arrays, plain)
    if check:
        refuse(folder, [*broken_ties(folder, plain, config, digest), *broken])
    if data is not None:
        data = as_data(data, regression=config.activation == REGRESSION)
    schema = _read(lambda: read_schema(folder), check)
    if schema is None:
        schema = (config.load_data() if data is None else data).schema
    bits = losses = written = None
    if is_of_theta:
        bits = _read(lambda: read_array(folder / SHOTS), check)
    if bits is not None:
        losses = _read(lambda: read_array(folder / LOSSES), check)
        written = _read(lambda: read_summary(folder), check)
    if hypernet is None:
        network = network_of_run(network, config, schema)
        try:
            hypernet = QuantumHypernetwork.of(network, config)
        except DeviceError as error:
            if bits is None:
                raise
            # what was measured can be looked at without the device that measured it
            warnings.warn(f"hypernet.mps stands in for {config.device}: {error}", stacklevel=2)
            stand_in = config.model_copy(update={"device": STAND_IN, "device_options": {}})
            hypernet = QuantumHypernetwork.of(network, stand_in)
    data_digest = plain.get("data") if check else None
    if data is not None:
        check_task(hypernet.network, data)
        if config.validation is not None:
            data = data.split(config.validation, hypernet.generator("validation"))
        check_same_data(data, data_digest)
        data_digest = None
    theta = hypernet.check_theta(arrays["theta"])
    hypernet = hypernet.with_own_network()
    restore_network(hypernet.network, arrays)
    if bits is None:
        before = hypernet.device.random_state
        hypernet.device.random_state = plain["device"]
        with hypernet.device.tasks_logged(folder / TASKS):
            bits = _judging_shots(hypernet, theta, config.evaluation_shots, budget)
        hypernet.device.random_state = before
    reason = plain["stop_reason"]
    return Run(
        hypernet, config, schema, theta, history, bits, reason, folder, data, loss, losses,
        written, data_digest,
    )  # fmt: skip


def refuse_without_steps(folder: Path) -> None:
    """Refuses a folder that holds a configuration alone.

    Raises:
        RunFolderError: with how the run is started again.
    """
    if (folder / CONFIG).is_file() and not has_checkpoint(folder):
        raise RunFolderError(
            f"the run in {folder} ended before its first step: start it again with "
            f"pl-hypernet train --config {folder / CONFIG}"
        )


def _read(read: Callable, check: bool):
    """What a file at the end of a run holds; None: there is none, or it cannot be read.

    Raises:
        RunFolderError: with ``check``, it is damaged.
    """
    try:
        return read()
    except RunFolderError as error:
        if check:
            raise
        warnings.warn(f"{error}: it is made again", stacklevel=3)
        return None


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
