"""The circuits of one call on two workers, beside one process: which circuits gain by it.

Each call has four circuits, as a step of SPSA with two pairs, or of QN-SPSA. Seconds by the clock,
one thread in each process; what an empty circuit takes on the workers is its way there and back. To
be run on a machine with two processors that have nothing else to do.

    pip install "pl_hypernet[sweep]"
    OMP_NUM_THREADS=1 python benchmarks/spread_device.py
"""

import time
from collections.abc import Callable
from typing import Annotated

import pennylane as qml
import torch
import typer
from any_circuit import brickwork, own_ansatz
from pennylane.tape import QuantumScript
from rich.console import Console
from rich.table import Table
from timing import median_seconds

import pl_hypernet as plh

CIRCUITS = 4
WORKERS = 2
SHOTS = 1000
JOBS: dict[str, tuple[str, int, dict, Callable]] = {
    "nothing but a measurement of 66 qubits": ("hypernet.mps", 66, {}, list),
    "RY RZ, ring of CNOT, 62 wires": ("hypernet.mps", 62, {}, own_ansatz(62, 2)),
    "brickwork, 50 wires, chi = 32": (
        *("hypernet.mps", 50, {"max_bond_dim": 32}),
        brickwork(50, 20),
    ),
    "brickwork, 50 wires, chi = 64": (
        *("hypernet.mps", 50, {"max_bond_dim": 64}),
        brickwork(50, 20),
    ),
    "default.qubit, 18 wires": ("default.qubit", 18, {}, own_ansatz(18, 2)),
}


def caller(device, n_wires: int, queue: Callable) -> Callable[[], object]:
    operations = qml.tape.make_qscript(queue)().operations
    measured = [qml.sample(wires=range(n_wires))]
    tapes = [QuantumScript(operations, measured, shots=SHOTS) for _ in range(CIRCUITS)]
    return lambda: qml.execute(tapes, device, diff_method=None)


def main(
    repeats: Annotated[int, typer.Option(help="Timed calls of each.")] = 7,
    only: Annotated[str, typer.Option(help="Circuits whose names contain this.")] = "",
) -> None:
    torch.set_num_threads(1)
    table = Table(title=f"{CIRCUITS} circuits, {SHOTS} shots each, ms by the clock")
    for heading in ("", "one process", f"{WORKERS} workers", "ratio"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, (device, n_wires, options, queue) in JOBS.items():
        if only not in name:
            continue
        both = {
            "alone": plh.device(device, wires=n_wires, seed=0, **options),
            "spread": plh.device(device, wires=n_wires, seed=0, workers=WORKERS, **options),
        }
        functions = {key: caller(each, n_wires, queue) for key, each in both.items()}
        alone, spread = median_seconds(functions, repeats, time.perf_counter).values()
        table.add_row(name, f"{1e3 * alone:.1f}", f"{1e3 * spread:.1f}", f"{alone / spread:.2f}")
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
