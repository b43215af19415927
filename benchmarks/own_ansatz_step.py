"""One step of QN-SPSA with an ansatz of a user's own: on hypernet.mps, and on qiskit.aer.

RY, RZ and a ring of CNOT, two layers, written gate by gate, and the same optimizer on both devices:
energies from shots, overlaps exact where the device knows them, else measured with as many shots.
Processor time, one thread, both in one run.

    pip install "pl_hypernet[bench]"
    python benchmarks/own_ansatz_step.py
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import pennylane as qml
import torch
import typer
from timing import median_seconds

import pl_hypernet as plh

LAYERS = 2
DEVICES = {
    "hypernet.mps": {"seed": 0},
    "qiskit.aer": {
        "method": "matrix_product_state",
        "mps_sample_measure_algorithm": "mps_probabilities",
        "max_parallel_threads": 1,
    },
}


def ansatz(theta, wires) -> None:
    n = len(wires)
    for layer in theta.reshape(LAYERS, 2, n):
        for i, wire in enumerate(wires):
            qml.RY(layer[0, i], wire)
            qml.RZ(layer[1, i], wire)
        for i in range(n):
            qml.CNOT([wires[i], wires[(i + 1) % n]])


def stepper(name: str, n_wires: int, shots: int) -> Callable[[], None]:
    device = plh.device(name, wires=n_wires, **DEVICES[name])

    @qml.set_shots(shots)
    @qml.qnode(device)
    def energy(theta):
        ansatz(theta, device.wires)
        return plh.expected_loss(lambda bits: bits.mean(axis=1), wires=device.wires)

    optimizer = plh.QNSPSAOptimizer(seed=0)
    theta = plh.start_angles((2 * LAYERS * n_wires,), seed=0)

    def step():
        nonlocal theta
        theta, _ = optimizer.step_and_cost(energy, theta)

    return step


def main(
    n_wires: Annotated[int, typer.Option(help="Wires.")] = 62,
    shots: Annotated[int, typer.Option(help="Shots of a circuit.")] = 1000,
    repeats: Annotated[int, typer.Option(help="Timed steps of each.")] = 3,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures.")] = None,
) -> None:
    torch.set_num_threads(1)
    steps = {name: stepper(name, n_wires, shots) for name in DEVICES}
    times = median_seconds(steps, repeats, time.process_time)
    ours, theirs = times.values()
    for name, seconds in times.items():
        print(f"{name:14}{1e3 * seconds:10.1f} ms")
    print(f"{'ratio':14}{theirs / ours:10.1f}")
    if json_file:
        json_file.write_text(json.dumps(times, indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
