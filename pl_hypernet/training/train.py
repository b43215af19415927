"""From data to a trained hypernetwork in one call."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from torch.nn import Module

from pl_hypernet.callbacks import Callback
from pl_hypernet.console import Console
from pl_hypernet.datasets import as_data
from pl_hypernet.errors import InputError
from pl_hypernet.networks import Network
from pl_hypernet.settings import CUSTOM, TrainingSettings, takes_settings
from pl_hypernet.training.budget import Budget, check_dollars
from pl_hypernet.training.callbacks import Callbacks
from pl_hypernet.training.check_task import check_task
from pl_hypernet.training.config import RunConfig
from pl_hypernet.training.folder import CONFIG, make_run_folder, unmake_run_folder
from pl_hypernet.training.hypernetwork import QuantumHypernetwork
from pl_hypernet.training.run import Run
from pl_hypernet.training.session import Session
from pl_hypernet.training.sizes import check_ansatz_fits, check_sizes, check_step_fits
from pl_hypernet.training.trainer import Trainer
from pl_hypernet.training.writer import RunWriter


@takes_settings(TrainingSettings)
def train(
    hypernet: QuantumHypernetwork,
    data,
    optimizer="qnspsa",
    *,
    settings: dict[str, Any],
    theta=None,
    callbacks: Sequence[Callable | Callback] = (),
    out=None,
    progress: bool = True,
    budget: float | None = None,
    prices=None,
    **optimizer_options,
) -> Run:
    """Trains a quantum hypernetwork.

    Args:
        hypernet: circuit, device and network.
        data: a :class:`Data`, or a user's own arrays ``(X, y)`` or ``(X, y, X_test, y_test)``.
        optimizer: ``"qnspsa"``, ``"spsa"``, ``"score"``, ``"pathwise"``; ``"auto"``, which chooses
            by device and ansatz and says why; or an object with ``step_and_cost``.
        {settings}
        theta: start angles, as those of another run; None: drawn from the seed.
        callbacks: functions ``callback(record, theta)`` that are called after each step with its
            line of the history, or :class:`pl_hypernet.Callback`, of which
            :mod:`pl_hypernet.callbacks` has some; one that returns something true ends the
            training, and what it returned becomes ``run.stop_reason``.
        out: folder to write to, which must not exist; None: nothing is written. A run that ended
            too soon goes on from there: :func:`resume`.
        progress: show a bar.
        budget: ``max_cost``, or ``math.inf``: any amount. A device whose tasks are paid for wants
            one of them.
        prices: a TOML file of Braket's prices in place of the table that we have, see :func:`plan`.
        **optimizer_options: arguments of a named optimizer, as ``stepsize``.

    Returns:
        Run: theta, history, evaluation, summary, pictures; what a network trains along is in
        ``run.hypernet.network``, a copy of the one that was given. Ctrl-C ends the training and
        returns what was reached.

    Raises:
        InputError, DataError, DeviceError, RunFolderError: before anything is written or run; or
            in the middle, as of losses that turn NaN: the error holds the angles of the last step
            that went well as ``.theta``, and with ``out`` the checkpoint does.
    """
    began = time.perf_counter()
    if not isinstance(hypernet, QuantumHypernetwork):
        raise _no_hypernetwork(hypernet, data)
    hypernet = hypernet.with_own_network()
    config = RunConfig.of(hypernet, data, optimizer, settings, optimizer_options)
    if theta is not None:
        config = config.model_copy(update={"start": CUSTOM})
    watching = Callbacks(callbacks, config, out is not None)
    loss = settings.get("loss")
    config, why = config.with_optimizer_chosen(lambda: hypernet.operations(hypernet.start_angles()))
    if why and progress:
        Console(stderr=True).print(why)
    network = hypernet.network
    data = as_data(data, regression=network.is_regression)
    check_task(network, data)
    check_sizes(hypernet.n_qubits, hypernet.n_angles, config.evaluation_shots)
    check_ansatz_fits(hypernet)
    if config.validation is not None:
        data = data.split(config.validation, hypernet.generator("validation"))
    if isinstance(optimizer, str):
        optimizer = config.build_optimizer(hypernet.generator("optimizer"))
    check_step_fits(optimizer, hypernet.n_qubits, hypernet.n_angles, hypernet.shots)
    trainer = Trainer(hypernet, data, optimizer, config, theta, loss if callable(loss) else None)
    allowed = agreed_budget(trainer, config, budget, prices)
    session = Session(trainer, config, data, loss, allowed, folder_pictures=out is not None)
    folder, made = None, []
    if out is not None:
        config.to_toml()  # refused before a folder is made
        folder, made = make_run_folder(out)
        if config.secrets and progress:
            names = ", ".join(config.secrets)
            Console(stderr=True).print(f"not written to {CONFIG}: device option {names}")
    try:
        with RunWriter(folder, config, data, watching) as writer:
            return session.run(writer, progress, began)
    except BaseException:
        if made and session.may_be_forgotten(folder):
            unmake_run_folder(made)
        raise


def agreed_budget(trainer: Trainer, config: RunConfig, budget, prices) -> Budget | None:
    """Of a training whose tasks are paid for, once what it costs is agreed to.

    Args:
        trainer, config: of the training.
        budget, prices: as of :func:`train`.

    Raises:
        InputError: no amount, one that is too small, or two.
    """
    check_dollars(budget)
    if budget is not None and config.max_cost not in (None, budget):
        raise InputError(f"budget={budget}, max_cost={config.max_cost}: give one of them")
    dollars = config.max_cost if budget is None else budget
    spending = trainer.hypernet.device.spending
    if spending is None:
        return None
    if prices is not None:
        spending.use_prices(prices)
    spent = trainer.dollars
    allowed = Budget(trainer.hypernet, trainer.optimizer, config, dollars, spent)
    if trainer.n_steps == 0 or dollars is None:
        allowed.check(trainer.step_shots)
    return allowed


def _no_hypernetwork(given, data) -> InputError:
    """The line for something else, with what to write for a network or a module."""
    write = "plh.QuantumHypernetwork(network)"
    if isinstance(given, Module) and not isinstance(given, Network):
        schema = as_data(data).schema
        shape = (1, *schema.image_shape) if schema.image_shape else (schema.n_inputs,)
        write = f"plh.QuantumHypernetwork(plh.TorchNetwork(module, {shape}))"
    return InputError(f"hypernet {type(given).__name__}: expected a hypernetwork, write {write}")
