"""The circuits of an optimiser's step in one call, at few shots each.

    taskset -c 1 python benchmarks/few_shot_calls.py

Processor time of a shot, from angles to bits: all circuits in one call, each in a call of its own,
and the whole ``execute`` of hypernet.mps. In brackets: how many times that of a shot of one circuit
at 1000 shots. Gradients through the network measured by shifts take 27 circuits a step at two
layers, of 10 or 20 shots. Medians of calls in turn.
"""

import time
from typing import Annotated

import numpy as np
import pennylane as qml
import torch
import typer
from ansatz_circuit import angles
from pennylane.tape import QuantumScript
from pennylane.wires import Wires
from rich.console import Console
from rich.table import Table
from timing import median_seconds

import pl_hypernet as plh
from pl_hypernet.mps.batches import sample_all
from pl_hypernet.mps.evolution import evolve

MANY = 1000


def step_seconds(n_wires: int, n_layers: int, n_circuits: int, shots: int, repeats: int) -> dict:
    """Seconds of a shot, by how it is drawn; "one": of MANY of one circuit."""
    rng = np.random.default_rng(0)
    theta = angles(n_layers, n_wires)
    thetas = [theta + rng.normal(size=theta.shape) for _ in range(n_circuits)]
    wires = range(n_wires)
    circuits = [[plh.HardwareEfficientAnsatz(one, wires=wires)] for one in thetas]
    states = evolve(circuits, [Wires(wires)] * n_circuits)
    device = qml.device("hypernet.mps", wires=wires, seed=0)
    tapes = [QuantumScript(gates, [qml.sample(wires=wires)], shots=shots) for gates in circuits]

    def draw(states, shots):
        return list(sample_all(states, [shots] * len(states), rng, device.precision))

    seconds = median_seconds(
        {
            "one": lambda: draw(states[:1], MANY),
            "together": lambda: draw(states, shots),
            "each alone": lambda: [draw([state], shots) for state in states],
            "execute": lambda: device.execute(tapes),
        },
        repeats,
        time.process_time,
    )
    drawn = n_circuits * shots
    return {name: s / (MANY if name == "one" else drawn) for name, s in seconds.items()}


def main(
    qubits: Annotated[str, typer.Option(help="Numbers of qubits.")] = "66,786",
    layers: Annotated[int, typer.Option(help="Layers of the ansatz.")] = 2,
    circuits: Annotated[int, typer.Option(help="Of a step.")] = 27,
    shots: Annotated[str, typer.Option(help="Of each circuit.")] = "5,10,20,50",
    repeats: Annotated[int, typer.Option(help="Calls that count.")] = 9,
) -> None:
    torch.set_num_threads(1)
    table = Table(title=f"{circuits} circuits, {layers} layers: us a shot", title_justify="left")
    ways = ("together", "each alone", "execute")
    for heading in ("qubits", "shots of a circuit", f"one circuit, {MANY} shots", *ways):
        table.add_column(heading, justify="right")
    for n_wires in map(int, qubits.split(",")):
        for n_shots in map(int, shots.split(",")):
            found = step_seconds(n_wires, layers, circuits, n_shots, repeats)
            cells = [f"{1e6 * found[way]:.2f} ({found[way] / found['one']:.1f})" for way in ways]
            table.add_row(str(n_wires), str(n_shots), f"{1e6 * found['one']:.2f}", *cells)
    Console(width=110).print(table)


if __name__ == "__main__":
    typer.run(main)
