"""One theta, one loss, nine devices: the same energy; and a training that runs on each.

The last device is braket.aws.qubit: the real AwsDevice of the Braket SDK on an emulated QPU of 20
qubits in a square lattice with PRX and CZ gates, first without noise. Beside them stands the
same QPU with noise, whose energy is compared with that of PennyLane's density matrix under the
noise that the QPU's calibration implies. Ends with an error if the energies disagree.

    pip install "pl_hypernet[bench]"
    python benchmarks/any_device.py
"""

import sys
import time
import warnings
from typing import Annotated

import numpy as np
import pennylane as qml
import typer
from pennylane.tape import QuantumScript
from rich.console import Console
from rich.table import Table
from scipy.stats import chi2

import pl_hypernet as plh
from pl_hypernet.devices.braket.native_gates import compile_native
from pl_hypernet.devices.braket.noise import with_noise
from pl_hypernet.testing import ALPHA

LAYERS = 2
QPU = {"emulator": "iqm-20"}
DEVICES: dict[str, dict] = {
    "default.qubit": {"seed": 1},
    "lightning.qubit": {"seed": 2},
    "default.tensor": {"seed": 3},
    "hypernet.mps": {"seed": 4},
    "default.mixed": {"seed": 5},
    "braket.local.qubit": {},
    "qiskit.aer": {"seed_simulator": 6},
    "maestro.qubit": {"seed": 7},
    "braket.aws.qubit": QPU | {"noise": False},
}


def loss_of(n_wires: int):
    """A loss with fields and couplings, from a fixed seed: bits (S, N) -> (S,)."""
    rng = np.random.default_rng(0)
    fields, couplings = rng.uniform(0, 1, n_wires), rng.normal(size=n_wires - 1)

    def loss(bits):
        spins = 1.0 - 2.0 * np.asarray(bits)
        return spins @ fields + (spins[:, 1:] * spins[:, :-1]) @ couplings

    return loss


def energy_on(device, theta, shots: int | None):
    @qml.set_shots(shots)
    @qml.qnode(device, interface=None, diff_method=None)
    def energy(theta):
        plh.HardwareEfficientAnsatz(theta, wires=device.wires)
        return plh.expected_loss(loss_of(len(device.wires)), wires=device.wires)

    return energy(theta)


def angles(n_wires: int) -> np.ndarray:
    """Not far from |0...0>, where noise shows."""
    shape = plh.HardwareEfficientAnsatz.shape(LAYERS, n_wires)
    return np.random.default_rng(0).normal(0, 0.4, shape)


def noisy_prediction(device, theta) -> float:
    """The exact energy under the noise of a QPU, from PennyLane's density matrix."""
    wires, qpu = device.wires, device.inner.qpu
    tape = QuantumScript([plh.HardwareEfficientAnsatz(theta, wires=wires)])
    (compiled,), _ = compile_native(tape, qpu.native_gates, None, wires)
    labels = dict(zip(wires, device.inner.line, strict=True))
    noisy = QuantumScript(
        with_noise(compiled.operations, qpu, labels), [plh.expected_loss(loss_of(len(wires)))]
    )
    mixed = plh.device("default.mixed", wires=wires)
    (energy,) = qml.execute([noisy], mixed, diff_method=None, interface=None)
    return float(energy)


def compare(n_wires: int, shots: int, console: Console) -> bool:
    theta = angles(n_wires)
    exact = float(energy_on(plh.device("default.qubit", wires=n_wires), theta, None))
    table = Table(
        title=f"The same {theta.size} angles at N = {n_wires}, {shots} shots on each device",
        title_justify="left",
    )
    for heading in ("device", "energy", "standard errors off", "seconds"):
        table.add_column(heading, justify="left" if heading == "device" else "right", no_wrap=True)
    estimates = []
    for name, options in DEVICES.items():
        device = plh.device(name, wires=n_wires, **options)
        start = time.perf_counter()
        estimate = energy_on(device, theta, shots)
        seconds = time.perf_counter() - start
        estimates.append(estimate)
        label = f"{name}, QPU" if "emulator" in options else name
        off = (float(estimate) - exact) / estimate.stderr
        table.add_row(label, f"{estimate}", f"{off:+.2f}", f"{seconds:.2f}")
    table.add_section()
    device = plh.device("braket.aws.qubit", wires=n_wires, **QPU)
    start = time.perf_counter()
    noisy = energy_on(device, theta, shots)
    seconds = time.perf_counter() - start
    predicted = noisy_prediction(device, theta)
    off_exact = (float(noisy) - exact) / noisy.stderr
    off = (float(noisy) - predicted) / noisy.stderr
    table.add_row("the QPU with noise", f"{noisy}", f"{off_exact:+.2f}", f"{seconds:.2f}")
    console.print(table)

    values = np.array([float(estimate) for estimate in estimates])
    weights = np.array([estimate.stderr**-2 for estimate in estimates])
    mean = (weights * values).sum() / weights.sum()
    statistic = (weights * (values - mean) ** 2).sum()
    p_value = chi2.sf(statistic, df=len(values) - 1)
    console.print(
        f"exact energy {exact:.4f}; chi-square over the {len(values)} = {statistic:.1f}, "
        f"p = {p_value:.2g}\nwith noise the calibration predicts {predicted:.4f}: measured "
        f"{off:+.2f} standard errors off",
        highlight=False,
    )
    return p_value > ALPHA and abs(off) < 5


def compare_many_wires(n_wires: int, shots: int, console: Console) -> bool:
    """hypernet.mps against default.tensor, where no state vector can follow."""
    theta = angles(n_wires)
    ours, theirs = (
        energy_on(plh.device(name, wires=n_wires, seed=seed), theta, shots)
        for seed, name in enumerate(("hypernet.mps", "default.tensor"))
    )
    off = (float(ours) - float(theirs)) / np.hypot(ours.stderr, theirs.stderr)
    console.print(
        f"N = {n_wires}: hypernet.mps {ours}, default.tensor {theirs}: {off:+.2f} standard errors "
        "apart\n",
        highlight=False,
    )
    return abs(off) < 5


def train_on_each(n_steps: int, console: Console) -> None:
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(200, 4))
    data = (inputs, (inputs[:, 0] + inputs[:, 1] > 0).astype(int))
    network = plh.BinaryNetwork(4, [1], activation=plh.Choice("sigmoid", "hard_sigmoid"))
    table = Table(
        title=f"{n_steps} QN-SPSA steps, {network.n_qubits} qubits, 200 shots an energy",
        title_justify="left",
    )
    for heading in ("device", "first E", "last E", "circuits", "shots", "s"):
        table.add_column(heading, justify="left" if heading == "device" else "right", no_wrap=True)
    for name, options in (*DEVICES.items(), ("braket.aws.qubit", QPU)):
        options = {key: value for key, value in options.items() if "seed" not in key}
        hypernet = plh.QuantumHypernetwork(network, name, layers=1, shots=200, **options)
        run = plh.train(hypernet, data, steps=n_steps, progress=False, stepsize=0.02)
        first, last = run.history[0], run.history[-1]
        label = name
        if options:
            label += ", noisy" if options.get("noise", True) else ", QPU"
        table.add_row(
            label,
            f"{first['energy']:.2f} ± {first['stderr']:.2f}",
            f"{last['energy']:.2f} ± {last['stderr']:.2f}",
            f"{last['circuits']}",
            f"{last['shots']}",
            f"{sum(record['seconds'] for record in run.history):.0f}",
        )
    console.print(table)


def main(
    wires: Annotated[int, typer.Option(help="N of the energies.")] = 10,
    shots: Annotated[int, typer.Option(help="Shots on each device.")] = 20_000,
    many_wires: Annotated[int, typer.Option(help="N where only MPS devices can follow.")] = 66,
    steps: Annotated[int, typer.Option(help="QN-SPSA steps on each device.")] = 20,
) -> None:
    warnings.simplefilter("ignore")
    console = Console()
    agree = compare(wires, shots, console)
    agree &= compare_many_wires(many_wires, shots, console)
    train_on_each(steps, console)
    if not agree:
        sys.exit("the devices disagree")


if __name__ == "__main__":
    typer.run(main)
