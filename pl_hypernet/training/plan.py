"""What a run would cost, before it runs: circuits, shots, memory, time and money."""

import json
import math

import numpy as np
from rich import box
from rich.table import Table

from pl_hypernet.analysis.tables import Figures
from pl_hypernet.circuits import HardwareEfficientAnsatz, start_angles
from pl_hypernet.devices import circuit_costs
from pl_hypernet.devices.exact_log_p import check_no_noise
from pl_hypernet.devices.known import noise_of
from pl_hypernet.objectives import NetworkLoss
from pl_hypernet.optimizers import Optimizer
from pl_hypernet.training.check_task import check_task
from pl_hypernet.training.config import RunConfig
from pl_hypernet.training.hypernetwork import check_ansatz_options, check_device_options
from pl_hypernet.training.timing import PICTURE_SECONDS, evaluation_seconds, scoring_seconds

UPDATE_SECONDS = 3e-9  # times angles and estimates of the metric so far: of the solve with it


class Plan(Figures):
    """Figures of a run that was not run; printing it gives a table."""

    def to_json(self) -> str:
        return json.dumps(self, indent=2)

    def table(self) -> Table:
        """The table that the command shows."""
        table = Table(
            title=f"{self['n_qubits']} qubits, {self['n_angles']} angles on {self['device']}; "
            f"{self['steps']} steps of {self['optimizer']} with {self['shots_per_energy']} shots",
            title_justify="left",
            box=box.SIMPLE_HEAD,
            caption="\n".join(self["remarks"]),
            caption_justify="left",
        )
        table.add_column("")
        table.add_column("a step", justify="right")
        table.add_column("in all", justify="right")
        step, total = self["per_step"], self["total"]
        table.add_row("energies", f"{step['energies']}", f"{total['energies']:,}")
        exact = " (exact, no shots)" if self["exact_overlaps"] else ""
        table.add_row("overlaps" + exact, f"{step['overlaps']}", f"{total['overlaps']:,}")
        table.add_row("circuits", f"{step['circuits']}", f"{total['circuits']:,}")
        table.add_row("shots", f"{step['shots']:,}", f"{total['shots']:,}")
        if total["tasks"] is not None:
            table.add_row("paid tasks", f"{step['tasks']}", f"{total['tasks']:,}")
        table.add_row("about", duration(step["seconds"]), duration(total["seconds"]))
        if self["cost"] is not None:
            label = f"cost, prices of {self['cost']['as_of']}"
            table.add_row(label, dollars(step["usd"]), dollars(total["usd"]))
        table.add_section()
        for kind, gates in self["circuits"].items():
            size = f"{gates['one_qubit']} + {gates['two_qubit']}"
            table.add_row(f"gates of 1 + 2 qubits, an {kind}", size, f"depth {gates['depth']}")
        if self["native_gates"]:
            table.add_row("native gates", "", " ".join(self["native_gates"]))
        if self["bond_dim"] is not None:
            table.add_row("bond dimension", "", f"{self['bond_dim']}")
        if self["memory"] is not None:
            table.add_row("memory of a state", "", memory(self["memory"]))
        return table


def plan(*, prices=None, **settings) -> Plan:
    """What a run would cost.

    Args:
        prices: a TOML file of Braket's prices, with ``as_of`` and ``per_task`` and tables
            ``per_shot`` and ``per_minute``, whose keys are starts of what follows ``device/`` in
            an ARN, as ``"qpu/iqm/Garnet" = 0.00145``; None: a table with a date.
        **settings: as in a run's ``config.toml``: ``device``, ``device_options``, ``layers``,
            ``shots``, ``steps``, ``data``, ``optimizer_options``, ....

    Returns:
        Plan: a dict with the keys per_step and total (dicts of energies, overlaps, circuits, shots,
        tasks, seconds, usd; None where there is none), circuits (gates and depth of each kind,
        compiled), native_gates, bond_dim, memory (bytes of a state), line (of qubits), cost,
        remarks. The total includes the shots that judge the trained state.

    Raises:
        InputError, DeviceError: what does not fit together, as too many qubits for the device.
    """
    config = RunConfig.checked(settings)
    data = config.load_data()
    network = config.build_network(data.n_inputs, data.mean_square)
    check_task(network, data)
    if config.validation is not None:
        data = data.split(config.validation, 0)
    check_device_options(config.device_options)
    NetworkLoss(network, data.inputs[:1], data.targets[:1], config.loss, config.penalties)
    options = check_ansatz_options(config.ansatz_options)
    rotations = options.get("rotations", ("RY", "RZ"))
    shape = HardwareEfficientAnsatz.shape(config.layers, network.n_qubits, rotations)
    start_angles(shape, 0, config.start)
    theta = np.random.default_rng(0).uniform(0.1, 3.0, shape)  # none that is special
    ansatz = HardwareEfficientAnsatz(theta, wires=range(network.n_qubits), **options)
    config, why = config.with_optimizer_chosen(lambda: [ansatz])
    optimizer = config.build_optimizer(seed=0)
    costs = circuit_costs(config.device, ansatz, config.shots, config.device_options, prices)

    _check_objective(config, optimizer, network.n_qubits, costs.exact_overlaps)
    per_task = costs.circuits_per_task
    step = {"energies": 0, "overlaps": 0, "tasks": 0 if per_task else None}
    noise = noise_of(config.device, config.device_options)
    for batch in optimizer.circuits_per_step(ansatz, noise):
        step["energies"] += batch["energy"]
        step["overlaps"] += batch["overlap"]
        if per_task:
            step["tasks"] += math.ceil((batch["energy"] + batch["overlap"]) / per_task)
    step["circuits"] = step["energies"] + step["overlaps"]
    measured = step["energies"] + (0 if costs.exact_overlaps else step["overlaps"])
    step["shots"] = measured * config.shots
    n_batch = min(config.batch_size, len(data.inputs))
    scoring = scoring_seconds(network, config.shots, n_batch)
    learned = min(config.steps, theta.size / 2) if step["overlaps"] else 0
    step["seconds"] = None
    if costs.seconds is not None:
        step["seconds"] = (
            step["energies"] * (costs.seconds["energy"] + scoring)
            + step["overlaps"] * costs.seconds["overlap"]
            + (step["tasks"] or 0) * costs.task_seconds
            + UPDATE_SECONDS * theta.size * learned
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
    remarks = [
        *([why] if why else []),
        *costs.remarks,
        f"in all: and {config.evaluation_shots} shots to judge the end"
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
        device=config.device,
        n_qubits=network.n_qubits,
        n_angles=theta.size,
        optimizer=config.optimizer,
        steps=config.steps,
        shots_per_energy=config.shots,
        exact_overlaps=costs.exact_overlaps,
        per_step=step,
        total=total,
        circuits={kind: vars(gates) for kind, gates in costs.gates.items()},
        native_gates=list(costs.native_gates),
        bond_dim=costs.bond_dim,
        memory=costs.memory,
        line=list(costs.line),
        cost=None if costs.price is None else vars(costs.price),
        remarks=remarks,
    )


def _check_objective(
    config: RunConfig, optimizer: Optimizer, n_wires: int, exact_overlaps: bool
) -> None:
    """Refuses what a training would refuse at its first step.

    Raises:
        DeviceError, InputError: an exact metric without exact overlaps, an entropy of noisy shots.
    """
    optimizer.check_overlaps(config.device, n_wires, exact_overlaps)
    if config.entropy:
        check_no_noise(noise_of(config.device, config.device_options))


def duration(seconds: float | None) -> str:
    """As 12 ms, 3.4 s, 5 min, 2.1 h, 3 days."""
    if seconds is None:
        return "?"
    for unit, size, most in (("ms", 1e-3, 1), ("s", 1, 100), ("min", 60, 6000), ("h", 3600, 2e5)):
        if seconds < most:
            return f"{seconds / size:.2g} {unit}"
    return f"{seconds / 86_400:,.0f} days"


def dollars(amount: float) -> str:
    return f"${amount:,.2f}"


def memory(n_bytes: float) -> str:
    """As 64 B, 1.5 kB, 17 MB."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if n_bytes < 1000:
            return f"{n_bytes:.3g} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.3g} PB"
