"""How much longer things take while other programs run on all cores, torch's threads as they are.

    python benchmarks/busy_machine.py

Median seconds by the clock, first on a quiet machine, then beside as many processes that count as
there are cores. Of two that share a core fairly each has half of it: a ratio of 2; what waits for
its own threads has far more.

The main job's step is QN-SPSA at 66 qubits, 8x8 pixels of 0 and 1, mini-batches of 500. The others
are QNodes of 62 wires that return 1000 shots: the ansatz at two bond dimensions, and gates one by
one of which none knows a closed form.
"""

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import Annotated

import numpy as np
import pennylane as qml
import typer
from rich.console import Console
from rich.table import Table
from timing import median_seconds

import pl_hypernet as plh
from pl_hypernet.training.minibatches import MiniBatches

WIRES = 62


def main_job_step():
    data = plh.datasets.mnist()
    network = plh.BinaryNetwork(64, activation=plh.Choice("sigmoid", "hard_sigmoid"))
    hypernet = plh.QuantumHypernetwork(network, layers=2, shots=200, seed=0)
    loss = plh.NetworkLoss(network, data.inputs, data.targets)
    batches = MiniBatches(len(data.inputs), 500, np.random.default_rng(0))
    optimizer = plh.QNSPSAOptimizer(seed=0)
    cost = hypernet.energy_qnode(loss)
    theta = hypernet.start_angles()

    def step():
        nonlocal theta
        loss.select(batches.next())
        theta, _ = optimizer.step_and_cost(cost, theta)

    return step


def ansatz(layers: int):
    theta = np.random.default_rng(0).normal(size=plh.HardwareEfficientAnsatz.shape(layers, WIRES))
    return sampled(lambda: plh.HardwareEfficientAnsatz(theta, wires=range(WIRES)))


def brickwork(depth: int, max_bond_dim: int):
    angles = np.random.default_rng(0).uniform(-3, 3, (depth, WIRES, 2))

    def gates():
        for layer in range(depth):
            for wire in range(WIRES):
                qml.RY(angles[layer, wire, 0], wire)
                qml.RX(angles[layer, wire, 1], wire)
            for wire in range(layer % 2, WIRES - 1, 2):
                qml.IsingXX(0.7, [wire, wire + 1])

    return sampled(gates, max_bond_dim=max_bond_dim)


def sampled(gates, **options):
    dev = plh.device("hypernet.mps", wires=WIRES, seed=0, **options)

    @qml.set_shots(1000)
    @qml.qnode(dev, diff_method=None)
    def circuit():
        gates()
        return qml.sample()

    return circuit


@contextmanager
def busy(n_processes: int):
    """Others that never wait, as long as this lasts."""
    others = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(n_processes)
    ]
    time.sleep(1)
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def main(
    repeats: Annotated[int, typer.Option(help="Of each; medians.")] = 15,
    others: Annotated[int | None, typer.Option(help="Processes; default: one a core.")] = None,
) -> None:
    functions = {
        "step of the main job": main_job_step(),
        "62 wires, P = 2": ansatz(2),
        "62 wires, P = 4": ansatz(4),
        "62 wires, brickwork, chi = 16": brickwork(10, 16),
    }
    quiet = median_seconds(functions, repeats)
    with busy(others or os.cpu_count() or 1):
        loaded = median_seconds(functions, repeats)
    table = Table("", "quiet, ms", "busy, ms", "ratio", title="Beside programs on all cores")
    for name, seconds in quiet.items():
        ratio = f"{loaded[name] / seconds:.2f}"
        table.add_row(name, f"{1000 * seconds:.1f}", f"{1000 * loaded[name]:.1f}", ratio)
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
