"""What a run would cost, before it runs: circuits, shots, memory, time and money."""

import math
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from pennylane.operation import Operator

from pl_hypernet.circuits import HardwareEfficientAnsatz, start_angles
from pl_hypernet.datasets import Data, as_data
from pl_hypernet.devices import circuit_costs
from pl_hypernet.devices.exact_log_p import check_no_noise
from pl_hypernet.devices.known import noise_of, options_of
from pl_hypernet.errors import InputError
from pl_hypernet.networks import Network
from pl_hypernet.objectives import NetworkLoss
from pl_hypernet.optimizers import Optimizer
from pl_hypernet.settings import (
    CUSTOM,
    LimitSettings,
    OptimizerSettings,
    RunSettings,
    TrainingSettings,
    takes_settings,
)
from pl_hypernet.training.check_task import check_task
from pl_hypernet.training.config import RunConfig
from pl_hypernet.training.hypernetwork import (
    QuantumHypernetwork,
    check_ansatz_options,
    check_device_options,
)
from pl_hypernet.training.network_file import make_network
from pl_hypernet.training.plan_table import Plan, duration
from pl_hypernet.training.sizes import check_sizes, check_step_fits, step_bytes
from pl_hypernet.training.timing import PICTURE_SECONDS, evaluation_seconds, scoring_seconds

LIMITED = {  # figures of a plan by the limits to them
    "max_shots": "shots",
    "max_circuits": "circuits",
    "max_cost": "usd",
    "max_seconds": "seconds",
}
ROUNDING = 1e-9  # of a number of steps
UPDATE_SECONDS = 3e-9  # times angles and estimates of the metric so far: of the solve with it


@takes_settings(RunSettings)
def plan(
    hypernet: QuantumHypernetwork | None = None,
    data=None,
    optimizer=None,
    *,
    settings: dict[str, Any],
    prices=None,
    **optimizer_options,
) -> Plan:
    """What a run would cost: ``plan(hypernet, data, ...)`` of what :func:`train` would do with the
    same arguments, or ``plan(data="mnist", layers=4, ...)`` of settings alone.

    Args:
        hypernet: circuit, device and network; None: as the settings say.
        data: as of :func:`train`; without a ``hypernet`` the name of a dataset, or of a file.
        optimizer: as of :func:`train`.
        {settings}
        prices: a TOML file of Braket's prices, with ``as_of`` and ``per_task`` and tables
            ``per_shot`` and ``per_minute``, whose keys are starts of what follows ``device/`` in
            an ARN, as ``"qpu/iqm/Garnet" = 0.00145``; None: a table with a date.
        **optimizer_options: beside a ``hypernet``, as of :func:`train`.

    Returns:
        Plan: a dict with the keys n_qubits, n_real, n_angles, per_step and total (dicts of
        energies, overlaps, circuits, shots, tasks, seconds, usd; None where there is none),
        circuits (gates and depth of each kind that is sent, compiled), native_gates, bond_dim,
        memory (bytes of a state), step_memory (bytes of a step's shots), line (of qubits), samples
        (train, and test or validation),
        is_regression, cost, limits (by name, those that there are), remarks. The total
        includes the shots that judge the trained state.

    Raises:
        InputError, DeviceError: what does not fit together, as too many qubits for the device.
    """
    if hypernet is None:
        named = {"data": data, "optimizer": optimizer}
        named = {name: value for name, value in named.items() if value is not None}
        return _planned(_of_settings(settings | named | optimizer_options), prices)
    if not isinstance(hypernet, QuantumHypernetwork):
        raise InputError(f"plan of {hypernet!r}: expected a QuantumHypernetwork, or settings alone")
    if data is None:
        raise InputError("plan(hypernet) without data: give them as to train")
    for name in settings:
        if name not in TrainingSettings.model_fields:
            raise InputError(f"{name}={settings[name]!r}: the hypernetwork has its own")
    optimizer = OptimizerSettings().optimizer if optimizer is None else optimizer
    return _planned(_in_hand(hypernet, data, optimizer, settings, optimizer_options), prices)


@dataclass(frozen=True)
class _Job:
    """A run to plan.

    Attributes:
        config: its settings.
        why: its optimizer was chosen.
        data: without what is held out.
        ansatz: at angles that are not special.
        device, device_options: by name.
        noise: why shots may not follow the circuit.
    """

    config: RunConfig
    why: str | None
    network: Network
    data: Data
    ansatz: Operator
    optimizer: Optimizer
    device: str
    device_options: dict[str, Any]
    noise: str | None


def _of_settings(settings: dict[str, Any]) -> _Job:
    """Of settings alone, without making the device."""
    config = RunConfig.checked(settings)
    data = config.load_data()
    network = make_network(config, data)
    check_device_options(config.device_options)
    options = check_ansatz_options(config.ansatz_options)
    rotations = options.get("rotations", ("RY", "RZ"))
    shape = HardwareEfficientAnsatz.shape(config.layers, network.n_qubits, rotations)
    check_sizes(network.n_qubits, math.prod(shape), config.shots)
    start_angles(shape, 0, config.start)
    ansatz = HardwareEfficientAnsatz(_angles(shape), wires=range(network.n_qubits), **options)
    config, why = config.with_optimizer_chosen(lambda: [ansatz])
    noise = noise_of(config.device, config.device_options)
    optimizer = config.build_optimizer(seed=0)
    return _checked(
        config, why, network, data, ansatz, optimizer, config.device, config.device_options, noise
    )


def _in_hand(hypernet: QuantumHypernetwork, data, optimizer, settings, options) -> _Job:
    """Of what :func:`train` would be given."""
    config = RunConfig.of(hypernet, data, optimizer, settings, options)
    ansatz = hypernet.operator(_angles(hypernet.theta_shape))
    config, why = config.with_optimizer_chosen(lambda: hypernet.operations(ansatz.data[0]))
    if isinstance(optimizer, str):
        optimizer = config.build_optimizer(seed=0)
    if not isinstance(optimizer, Optimizer):
        raise InputError(
            f"optimizer {optimizer!r} does not say what a step sends out: plan with a name, or an "
            "Optimizer of this package"
        )
    device, network = hypernet.device, hypernet.network
    named = hypernet.device_name != CUSTOM
    return _checked(
        config,
        why,
        network,
        as_data(data, regression=network.is_regression),
        ansatz,
        optimizer,
        device.name,
        hypernet.device_options if named else options_of(device),
        device.noise,
    )


def _checked(config: RunConfig, why, network: Network, data: Data, *others) -> _Job:
    """Once what does not depend on costs is found to fit."""
    check_task(network, data)
    ansatz, optimizer = others[:2]
    n_angles = np.size(ansatz.data[0])
    check_sizes(network.n_qubits, n_angles, config.evaluation_shots)
    check_step_fits(optimizer, network.n_qubits, n_angles, config.shots)
    if config.validation is not None:
        data = data.split(config.validation, 0)
    loss = None if config.loss == CUSTOM else config.loss
    NetworkLoss(network, data.inputs[:1], data.targets[:1], loss, config.penalties)
    return _Job(config, why, network, data, *others)


def _angles(shape: tuple[int, ...]) -> np.ndarray:
    """Some that are not special, so that no gate cancels."""
    return np.random.default_rng(0).uniform(0.1, 3.0, shape)


def _planned(job: _Job, prices) -> Plan:
    config, network, data = job.config, job.network, job.data
    optimizer, ansatz, n_angles = job.optimizer, job.ansatz, np.size(job.ansatz.data[0])
    costs = circuit_costs(job.device, ansatz, config.shots, job.device_options, prices)
    optimizer.check_overlaps(job.device, network.n_qubits, costs.exact_overlaps)
    if config.entropy:
        check_no_noise(job.noise)
    few = config.adaptive_shots
    if few is not None:
        copy(optimizer).watch_noise()  # refused if it cannot; the one in hand stays as it is
    per_task = costs.circuits_per_task
    step = {"energies": 0, "overlaps": 0, "tasks": 0 if per_task else None}
    for batch in optimizer.circuits_per_step(ansatz, job.noise):
        step["energies"] += batch["energy"]
        step["overlaps"] += batch["overlap"]
        if per_task:
            step["tasks"] += math.ceil((batch["energy"] + batch["overlap"]) / per_task)
    step["circuits"] = step["energies"] + step["overlaps"]
    measured = step["energies"] + (0 if costs.exact_overlaps else step["overlaps"])
    step["shots"] = measured * config.shots
    n_batch = min(config.batch_size, len(data.inputs))
    scoring = scoring_seconds(network, config.shots, n_batch)
    learned = min(config.steps, n_angles / 2) if step["overlaps"] else 0
    step["seconds"] = None
    if costs.seconds is not None:
        step["seconds"] = (
            step["energies"] * (costs.seconds["energy"] + scoring)
            + step["overlaps"] * costs.seconds["overlap"]
            + (step["tasks"] or 0) * costs.task_seconds
            + UPDATE_SECONDS * n_angles * learned
        )
    total = {name: None if value is None else value * config.steps for name, value in step.items()}
    end = None  # seconds of evaluation and pictures
    # the calibration of the step, energies on all samples, and the evaluation of the trained state
    before = optimizer.circuits_at_start()
    between = config.steps // config.evaluate_every if config.evaluate_every else 0
    tasks = math.ceil(before / per_task) + between + 1 if per_task else 0
    total["energies"] += before + between + 1
    total["circuits"] += before + between + 1
    total["shots"] += (before + between) * config.shots + config.evaluation_shots
    if costs.seconds is not None:
        energies = before + between + config.evaluation_shots / config.shots
        total["seconds"] += (
            energies * costs.seconds["energy"]
            + before * scoring
            + between * scoring_seconds(network, config.shots, len(data.inputs))
            + tasks * costs.task_seconds
        )
        end = evaluation_seconds(network, config.evaluation_shots, data.n_samples) + PICTURE_SECONDS
        total["seconds"] += end
    if per_task:
        total["tasks"] += tasks
    for part in (step, total):
        part["usd"] = None
        if costs.price is not None:
            part["usd"] = costs.price.dollars(part["tasks"], part["shots"])
    limits = {name: most for name, most in config.part(LimitSettings).items() if most is not None}
    remarks = [
        *_steps_within(limits, step, total, config.steps),
        *([job.why] if job.why else []),
        *costs.remarks,
        *([f"shots adapt, from {few} on: these are the most"] if few else []),
        f"in all: with the {config.evaluation_shots:,} shots that judge the end"
        + (f"; evaluation and pictures take {duration(end)}" if end is not None else ""),
    ]
    if costs.price is not None:
        remarks.insert(0, f"{costs.price.source}...: {costs.price}, as of {costs.price.as_of}")
    elif per_task:
        remarks.insert(
            0,
            f"no price known of {costs.arn}: give a table with --prices, as README says",
        )
    return Plan(
        device=job.device,
        n_qubits=network.n_qubits,
        n_real=network.n_real,
        n_angles=n_angles,
        optimizer=config.optimizer,
        steps=config.steps,
        shots_per_energy=config.shots,
        exact_overlaps=costs.exact_overlaps,
        per_step=step,
        total=total,
        circuits={
            kind: vars(gates)
            for kind, gates in costs.gates.items()
            if kind != "overlap" or step["overlaps"]
        },
        native_gates=list(costs.native_gates),
        bond_dim=costs.bond_dim,
        memory=costs.memory,
        step_memory=step_bytes(optimizer, network.n_qubits, int(n_angles), config.shots),
        samples={
            "train": len(data.inputs),
            "validation" if data.are_held_out else "test": data.n_samples - len(data.inputs),
        },
        is_regression=network.is_regression,
        line=list(costs.line),
        cost=None if costs.price is None else vars(costs.price),
        limits=limits,
        remarks=remarks,
    )


def _steps_within(limits: dict[str, float], step: dict, total: dict, steps: int) -> list[str]:
    """How many steps each limit allows, where these are fewer."""
    said = []
    for name, figure in LIMITED.items():
        if name not in limits or not step[figure] or limits[name] >= total[figure]:
            continue
        beside = total[figure] - steps * step[figure]  # the start, looks and the evaluation
        allowed = max(0, math.floor((limits[name] - beside) / step[figure] + ROUNDING))
        if allowed < steps:
            about = "about " if name == "max_seconds" else ""
            said.append(f"{name} allows {about}{allowed} of {steps} steps")
    return said
