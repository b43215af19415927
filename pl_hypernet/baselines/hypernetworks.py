"""The hypernetwork itself, and its control without entanglement, as methods of the comparison."""

import math

from pl_hypernet.baselines.task import GRADIENT, DoesNotApply, Found, Task
from pl_hypernet.datasets import Data
from pl_hypernet.networks import Network
from pl_hypernet.objectives import NetworkLoss
from pl_hypernet.settings import AUTO, CUSTOM
from pl_hypernet.training import QuantumHypernetwork, Run, train
from pl_hypernet.training.config import RunConfig
from pl_hypernet.training.limits import counts_of_step

PATHWISE = "pathwise"
OUT_OF_TIME = "seconds"  # why a training ended
_compiled: set[tuple] = set()  # kinds of steps


def hypernetwork(task: Task, seed: int) -> Found:
    """Trains as the settings say; what the shots of its energies are scored on is what it spends.

    Its steps are as many as the evaluations that it may spend allow, and it ends with its seconds.
    Where shots adapt, they are as many as all shots in each would allow; it may spend less.

    Raises:
        DoesNotApply: an ansatz, a device, a start or an optimizer that only a program can hold;
            fewer evaluations than a step takes.
    """
    return found_by(task, trained(task, task.network, task.data, task.config, seed))


def product_state(task: Task, seed: int) -> Found:
    """The same without entangling layers."""
    config = task.config.model_copy(update={"layers": 0})
    return found_by(task, trained(task, task.network, task.data, config, seed))


def found_by(task: Task, run: Run) -> Found:
    network = run.hypernet.network
    own = network if network.learns else None
    return Found(run.bits, network=own, evaluation=run.evaluation)


def trained(
    task: Task,
    network: Network,
    data: Data,
    config: RunConfig,
    seed: int,
    evaluations: float = math.inf,
    seconds: float = math.inf,
) -> Run:
    """A training that spends of the task's allowance.

    Args:
        task: whose allowance it is.
        network, data: what is trained on what.
        config: the settings of the run.
        seed: that takes the place of theirs.
        evaluations, seconds: that it may spend at most, and no more than is left; what judges
            its shots is not counted.

    Raises:
        DoesNotApply: see :func:`hypernetwork`.
    """
    config = config.model_copy(update={"seed": seed})
    hypernet = made(network, config)
    step = evaluations_of_step(hypernet, data, config)
    with task.allowance.clock_stopped():
        if hypernet.device.compiles:
            _compile(network, data, config)
    samples = len(data.inputs) / len(task.data.inputs)
    allowance = task.allowance
    if allowance.used == 0 and step * samples > allowance.evaluations:
        raise DoesNotApply(
            f"where it can make a step, of {step * samples:,.0f} evaluations: fewer shots, or more "
            "evaluations"
        )
    evaluations = min(evaluations, allowance.left)
    seconds = min(seconds, allowance.limit - allowance.seconds)
    settings = config.of_training
    if evaluations < math.inf:
        settings["steps"] = max(1, int(evaluations / (step * samples) + 1e-9))
    settings["validation"] = None  # the data are split already
    loss = settings.pop("loss")
    begun = last = allowance.seconds

    def end(record: dict, theta) -> str | None:
        nonlocal last
        last = allowance.seconds
        return OUT_OF_TIME if last - begun >= seconds else None

    run = train(
        hypernet, data, loss=task.own_loss or loss, callbacks=[end], progress=False, **settings
    )
    allowance.forgive(allowance.seconds - last)
    if run.stop_reason == "interrupted":
        raise KeyboardInterrupt
    allowance.spend(step * samples * _full_steps(run))
    return run


def _full_steps(run: Run) -> float:
    """Of how many steps of all ``shots`` those that were made have the shots."""
    if run.config.adaptive_shots is None:
        return run.history[-1]["step"] if run.history else 0
    return sum(record["step_shots"] for record in run.history) / run.hypernet.shots


def made(network: Network, config: RunConfig) -> QuantumHypernetwork:
    """The hypernetwork of a seed.

    Raises:
        DoesNotApply: settings that stand for an object.
    """
    settings = config.ansatz, config.device, config.start
    if any(isinstance(each, str) and each == CUSTOM for each in settings):
        raise DoesNotApply("where ansatz, device and start are by name, as each seed makes its own")
    return QuantumHypernetwork.of(network, config)


def _compile(network: Network, data: Data, config: RunConfig) -> None:
    """What a step compiles, with the first one of its kind in this process."""
    kind = config.optimizer, config.layers > 0
    if kind in _compiled:
        return
    _compiled.add(kind)
    few = config.model_copy(update={"shots": 2, "evaluation_shots": 2, "adaptive_shots": None})
    settings = few.of_training | {"steps": 1, "validation": None, "loss": None}
    train(made(network, few), data, progress=False, **settings)


def evaluations_of_step(hypernet: QuantumHypernetwork, data: Data, config: RunConfig) -> float:
    """Of a step: its shots, times the share of the training samples that it sees, times what a
    gradient takes where there is one.

    Raises:
        DoesNotApply: an optimizer that does not say what a step sends out.
    """
    config, _ = config.with_optimizer_chosen(lambda: hypernet.operations(hypernet.start_angles()))
    if config.optimizer in (CUSTOM, AUTO):
        raise DoesNotApply("where the optimizer is by name: one of its own may take any number")
    optimizer = config.build_optimizer(0)
    share = min(1.0, config.batch_size / len(data.inputs))
    if config.optimizer == PATHWISE:
        loss = NetworkLoss(hypernet.network, data.inputs[:1], data.targets[:1])
        n_samples = min(config.batch_size, len(data.inputs))
        curvature = bool(config.optimizer_options.get("curvature"))
        times = loss.scorings_of_gradient(hypernet.shots, n_samples, curvature, GRADIENT)
        return hypernet.shots * share * times
    counts = counts_of_step(hypernet, optimizer, hypernet.shots)
    return (counts.circuits - counts.overlaps) * hypernet.shots * share
