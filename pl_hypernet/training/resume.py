"""A run that goes on from its folder, as if it had never stopped."""

import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pl_hypernet.callbacks import Callback
from pl_hypernet.console import Console
from pl_hypernet.datasets import as_data
from pl_hypernet.errors import InputError
from pl_hypernet.networks.activations import REGRESSION
from pl_hypernet.settings import CUSTOM, ResumeSettings, takes_settings
from pl_hypernet.settings.weights import changes
from pl_hypernet.training.callbacks import Callbacks
from pl_hypernet.training.check_task import check_task
from pl_hypernet.training.checkpoint import load_to_go_on
from pl_hypernet.training.config import RunConfig
from pl_hypernet.training.digests import check_same_data
from pl_hypernet.training.folder import CONFIG, SHOTS, SUMMARY, read_array
from pl_hypernet.training.history import read_history
from pl_hypernet.training.hypernetwork import QuantumHypernetwork
from pl_hypernet.training.loading import load, refuse_without_steps
from pl_hypernet.training.network_file import network_of_run
from pl_hypernet.training.run import Run
from pl_hypernet.training.session import Session
from pl_hypernet.training.ties import broken_ends, broken_ties, refuse
from pl_hypernet.training.train import agreed_budget
from pl_hypernet.training.trainer import Trainer, keeps_state
from pl_hypernet.training.writer import RunWriter
from pl_hypernet.version import __version__

DECAYING = ("score", "pathwise")  # optimizers whose rate falls over the steps


@takes_settings(ResumeSettings)
def resume(
    folder,
    *,
    settings: dict[str, Any],
    hypernet: QuantumHypernetwork | None = None,
    data=None,
    optimizer=None,
    loss=None,
    callbacks: Sequence[Callable | Callback] = (),
    progress: bool = True,
    budget: float | None = None,
    prices=None,
    check: bool = True,
    network=None,
) -> Run:
    """Goes on with a run that was interrupted or killed, or that is to make more steps.

    On simulators that can be seeded angles, history and shots are bit for bit those of a run that
    never stopped, on the same kind of machine with the same versions. What may make a difference is
    said. Rates and weights that change over the steps do so over the new number of them, from the
    next step on.

    Args:
        folder: of the run.
        {settings}
        hypernet, data, loss: as of :func:`load`, for a run on objects of its own.
        optimizer: for a run with an optimizer object of its own.
        callbacks, progress, budget, prices: as of :func:`train`.
        check, network: as of :func:`load`.

    Returns:
        Run: as of :func:`train`, with the history from the first step on.

    Raises:
        RunFolderError, InputError, DataError, DeviceError: as of :func:`load` and :func:`train`; or
            another process writes the run.
    """
    began = time.perf_counter()
    folder = Path(folder).expanduser()
    refuse_without_steps(folder)
    (arrays, plain), is_newest = load_to_go_on(folder)
    config = RunConfig.read(folder / CONFIG)
    records, digest = read_history(folder, plain["n_steps"], check)
    broken, is_of_theta = broken_ends(folder, arrays, plain)
    if check:
        refuse(folder, [*broken_ties(folder, plain, config, digest), *broken])
    further = ResumeSettings.checked(settings)
    changed = {name: value for name, value in further.model_dump().items() if value is not None}
    before, config = config, RunConfig.checked(config.model_dump() | changed)
    made = plain["n_steps"]
    if config.steps < made:
        raise InputError(f"steps={config.steps}: the run in {folder} has made {made}; give more")
    has_end = is_newest and is_of_theta and (folder / SUMMARY).exists()
    if config.steps == made and has_end:
        more = "a larger --steps, steps=, makes more"
        _say(progress, f"the run in {folder} has made its {made} steps: {more}")
        return load(folder, hypernet, data, loss, budget, check, network)

    watching = Callbacks(callbacks, config, True)
    if data is None:
        data = config.load_data()
    data = as_data(data, regression=config.activation == REGRESSION)
    if hypernet is None:
        made_again = network_of_run(network, config, data.schema)
        hypernet = QuantumHypernetwork.of(made_again, config)
    hypernet = hypernet.with_own_network()
    check_task(hypernet.network, data)
    if config.validation is not None:
        data = data.split(config.validation, hypernet.generator("validation"))
    if check:
        check_same_data(data, plain.get("data"))
    if config.loss == CUSTOM and not callable(loss):
        raise InputError("this run has a loss of its own: hand it over as loss")
    if optimizer is None:
        if config.optimizer == CUSTOM:
            raise InputError("this run has an optimizer object of its own: hand it over")
        optimizer = config.build_optimizer(hypernet.generator("optimizer"))
    trainer = Trainer(hypernet, data, optimizer, config, None, loss if callable(loss) else None)
    trainer.restore(arrays, plain)
    for remark in _differences(trainer, plain, before, config):
        _say(progress, remark)
    allowed = agreed_budget(trainer, config, budget, prices)
    seconds = sum(record["seconds"] for record in records)
    session = Session(trainer, config, data, loss, allowed, True, seconds)
    if has_end and (limit := session.limits.stop_reason()):
        _say(progress, f"{limit} allows no further step of the run in {folder}: give more")
        return load(folder, hypernet, data, loss, budget, check)
    bits = None
    if is_of_theta:  # of an end that was interrupted, or that nothing follows
        bits = read_array(folder / SHOTS)
    watching.restore(arrays)
    with RunWriter(folder, config, data, watching, made, check) as writer:
        _say(progress, f"going on from step {made} of {config.steps}")
        return session.run(writer, progress, began, bits)


def _differences(trainer: Trainer, plain: dict, before: RunConfig, config: RunConfig) -> list[str]:
    """Why steps may be others than those of a run that never stopped."""
    found = []
    if plain.get("version", __version__) != __version__:
        found.append(
            f"the run was made with pl_hypernet {plain['version']}, and this is {__version__}: its "
            "steps may be others than those of a run that never stopped"
        )
    if not plain["between_steps"]:
        found.append("the run ended in the middle of a step: those that follow are drawn anew")
    if plain["device"] is None:
        device = trainer.hypernet.device.name
        found.append(f"{device} cannot be seeded: its shots are fresh ones")
    if not ("optimizer" in plain and keeps_state(trainer.optimizer)):
        found.append("the optimizer has no state() and restore(): it begins anew at these angles")
    scheduled = [name for name in ("entropy", "mmd") if changes(getattr(config, name))]
    if config.optimizer in DECAYING and "decay_steps" not in config.optimizer_options:
        scheduled.append("the learning rate")
    if trainer.hypernet.network.trained_along:
        scheduled.append("the rate of the real parameters")
    if scheduled and config.steps != before.steps:
        found.append(
            f"{' and '.join(scheduled)}: changes over the steps, from here on over {config.steps} "
            f"in place of {before.steps}"
        )
    return found


def _say(progress: bool, line: str) -> None:
    if progress:
        Console(stderr=True).print(line, soft_wrap=True, markup=False)
    elif not line.startswith("going on"):
        warnings.warn(line, stacklevel=3)
