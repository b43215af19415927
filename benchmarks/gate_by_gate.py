"""The ansatz written gate by gate beside the template, pennylane-maestro and Qiskit Aer.

    taskset -c 0 python benchmarks/gate_by_gate.py --sizes 66,1000 --layers 0,2,4,6

A QNode that returns samples, on one thread: seconds of the first shot (of a call with one shot) and
of each further one. "PennyLane" is the gate-by-gate QNode on a device that does nothing: building
the tape and PennyLane's checks. The target is gate by gate within 1.5 times the template plus that,
and never slower than maestro. Aer runs its transpiled circuit alone, without PennyLane; maestro is
left out where it is not installed. Processor time, medians.
"""

import time
from importlib.util import find_spec
from typing import Annotated

import numpy as np
import pennylane as qp
import typer
from aer import aer
from ansatz_circuit import angles, ansatz_gates
from rich.console import Console
from rich.table import Table
from timing import median_seconds

import pl_hypernet as plh
from pl_hypernet.devices.hypernet_mps import HypernetMPS

MANY = 1000  # shots of the second call


class Nothing(HypernetMPS):
    """Answers at once, with zeros."""

    def execute(self, circuits, execution_config=None):
        return tuple(np.zeros((c.shots.total_shots, len(c.wires)), dtype=int) for c in circuits)


def qnode(dev, circuit, shots: int):
    @qp.set_shots(shots)
    @qp.qnode(dev, interface=None, diff_method=None)
    def sampled():
        circuit()
        return qp.sample(wires=dev.wires)

    return sampled


def calls(theta, shots: int) -> dict:
    """name -> a call of so many shots."""
    wires = range(theta.shape[1])

    def by_gates():
        rotations = ("RY", "RZ")
        plh.HardwareEfficientAnsatz.compute_decomposition(theta, wires, rotations, "CZ", "chain")

    def template():
        plh.HardwareEfficientAnsatz(theta, wires=wires)

    ours = qp.device("hypernet.mps", wires=wires, seed=0)
    found = {
        "template": qnode(ours, template, shots),
        "gate by gate": qnode(ours, by_gates, shots),
        "PennyLane": qnode(Nothing(wires=wires), by_gates, shots),
    }
    if find_spec("pennylane_maestro"):
        maestro = qp.device("maestro.qubit", wires=wires, simulation_type="MatrixProductState")
        found["maestro"] = qnode(maestro, by_gates, shots)
    run = aer(ansatz_gates(theta), theta.shape[1])
    found["Aer"] = lambda: run(shots)
    return found


def main(
    sizes: Annotated[str, typer.Option(help="Numbers of wires.")] = "66",
    layers: Annotated[str, typer.Option(help="Numbers of layers P.")] = "0,2,4,6",
    repeats: Annotated[int, typer.Option(help="Calls that count.")] = 7,
) -> None:
    console = Console(width=110)
    for n_wires in map(int, sizes.split(",")):
        table = Table(title=f"{n_wires} wires: first shot, each further one", title_justify="left")
        for heading in ("P", "", "first shot (ms)", "a further shot (us)", "of the target"):
            table.add_column(heading, justify="left" if heading == "" else "right")
        for n_layers in map(int, layers.split(",")):
            theta = angles(n_layers, n_wires)
            first = median_seconds(calls(theta, 1), repeats, time.process_time)
            many = median_seconds(calls(theta, MANY), repeats, time.process_time)
            target = 1.5 * first["template"] + first["PennyLane"]
            for name, seconds in first.items():
                further = (many[name] - seconds) / (MANY - 1)
                table.add_row(
                    str(n_layers) if name == "template" else "",
                    name,
                    f"{1e3 * seconds:.2f}",
                    f"{1e6 * further:.2f}",
                    f"{seconds / target:.2f}" if name == "gate by gate" else "",
                    end_section=name == "Aer",
                )
        console.print(table)


if __name__ == "__main__":
    typer.run(main)
