"""Circuits of a user's own, gate by gate: hypernet.mps beside Qiskit Aer's matrix product states.

Each circuit goes through a whole QNode on ``hypernet.mps`` and, transpiled beforehand, through Aer
with ``method="matrix_product_state"``; 1000 shots and one thread each, both in one run. Those that
are small enough also stand beside ``default.qubit``. ``--busy`` starts a second process that takes
all it can get of the same cores; the time then is that of the clock on the wall, as a user sees it.

    pip install "pl_hypernet[bench]"
    taskset -c 0 python benchmarks/any_circuit.py
    taskset -c 0 python benchmarks/any_circuit.py --busy
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import networkx as nx
import numpy as np
import pennylane as qml
import torch
import typer
from aer import aer
from mps_engine import random_gates
from rich.console import Console
from rich.table import Table
from timing import median_seconds

import pl_hypernet as plh

SEED = 0
MOST_QUBITS = 16  # up to which default.qubit runs beside


@dataclass(frozen=True)
class Job:
    """A circuit.

    Attributes:
        name: as it stands in the table.
        n_wires: number of wires.
        queue: queues its operations.
        target: what Aer's time over ours shall be at least.
        max_bond_dim: None: exact.
        beside_aer: whether Aer runs it in reasonable time.
    """

    name: str
    n_wires: int
    queue: Callable[[], object]
    target: float
    max_bond_dim: int | None = None
    beside_aer: bool = True

    def gates(self) -> list[qml.operation.Operator]:
        """Its operations as Aer takes them."""
        tape = qml.tape.make_qscript(self.queue)()
        names = {"RX", "RY", "RZ", "Hadamard", "CNOT", "CZ", "SWAP", "PauliX", "QubitUnitary"}
        names |= {"ControlledPhaseShift", "IsingZZ", "PhaseShift", "S", "T", "GlobalPhase"}
        (tape,), _ = qml.transforms.decompose(tape, gate_set=names)
        return [gate for gate in tape.operations if not isinstance(gate, qml.GlobalPhase)]


def fourier(n_wires: int) -> Callable:
    """The transform of a basis state, and its inverse."""

    def queue():
        qml.BasisState(np.random.default_rng(SEED).integers(0, 2, n_wires), range(n_wires))
        qml.QFT(range(n_wires))
        qml.adjoint(qml.QFT)(range(n_wires))

    return queue


def brickwork(n_wires: int, depth: int) -> Callable:
    gates = random_gates(n_wires, depth, SEED)
    return lambda: [qml.apply(gate) for gate in gates]


def qaoa(n_wires: int, angles=(0.6, 0.4)) -> Callable:
    """One layer for MaxCut of a random 3-regular graph."""
    edges = list(nx.random_regular_graph(3, n_wires, seed=SEED).edges)

    def queue():
        for wire in range(n_wires):
            qml.Hadamard(wire)
        for a, b in edges:
            qml.IsingZZ(angles[0], [a, b])
        for wire in range(n_wires):
            qml.RX(2 * angles[1], wire)

    return queue


def template(kind, n_wires: int, n_layers: int) -> Callable:
    rng = np.random.default_rng(SEED)
    if kind is qml.SimplifiedTwoDesign:
        shapes = kind.shape(n_layers, n_wires)
        weights = [rng.uniform(0, 2 * np.pi, shape) for shape in shapes]
        return lambda: kind(*weights, wires=range(n_wires))
    weights = rng.uniform(0, 2 * np.pi, kind.shape(n_layers, n_wires))
    return lambda: kind(weights, wires=range(n_wires))


def own_ansatz(n_wires: int, n_layers: int) -> Callable:
    angles = np.random.default_rng(SEED).uniform(0, 2 * np.pi, (n_layers, 2, n_wires))

    def queue():
        for layer in angles:
            for wire in range(n_wires):
                qml.RY(layer[0, wire], wire)
                qml.RZ(layer[1, wire], wire)
            for wire in range(n_wires):
                qml.CNOT([wire, (wire + 1) % n_wires])

    return queue


def select(n_controls: int, n_operators: int, n_targets: int) -> Callable:
    rng = np.random.default_rng(SEED)
    words = ["".join(rng.choice(list("XYZ"), n_targets)) for _ in range(n_operators)]

    def queue():
        targets = range(n_controls, n_controls + n_targets)
        for wire in range(n_controls):
            qml.RY(0.3 + wire, wire)
        operators = [
            qml.pauli.string_to_pauli_word(word, {wire: i for i, wire in enumerate(targets)})
            for word in words
        ]
        qml.Select(operators, control=range(n_controls))

    return queue


def multi_controlled(n_controls: int) -> Callable:
    def queue():
        for wire in range(n_controls):
            qml.RY(2.5, wire)
        qml.MultiControlledX(wires=range(n_controls + 1))

    return queue


def adder(n_bits: int) -> Callable:
    def queue():
        for wire in range(n_bits):
            qml.Hadamard(wire)
        work = range(n_bits, n_bits + 2)
        qml.Adder(2 ** (n_bits - 1) - 3, range(n_bits), 2**n_bits, work)

    return queue


def phase_estimation(n_bits: int, n_targets: int = 1) -> Callable:
    def queue():
        for wire in range(n_targets):
            qml.X(wire)
        unitary = qml.prod(*(qml.PhaseShift(0.7 / n_targets, wire) for wire in range(n_targets)))
        estimation = range(n_targets, n_targets + n_bits)
        qml.QuantumPhaseEstimation(unitary, estimation_wires=estimation)

    return queue


def jobs(small: bool) -> list[Job]:
    if small:
        return [
            Job("Fourier transform and inverse, 8 wires", 8, fourier(8), 1),
            Job("brickwork, 8 wires, chi = 4", 8, brickwork(8, 4), 2, 4),
            Job("QAOA, 8 nodes", 8, qaoa(8), 2),
            Job("RY RZ CNOT ring, 8 wires", 8, own_ansatz(8, 2), 5),
            Job("Select of 4", 4, select(2, 4, 2), 1 / 3, beside_aer=False),
        ]
    out = [Job("Fourier transform and inverse, 30 wires", 30, fourier(30), 1)]
    out += [
        Job(f"brickwork, 50 wires, depth 20, chi = {chi}", 50, brickwork(50, 20), 2, chi)
        for chi in (8, 16, 32, 64, 128)
    ]
    out += [Job("QAOA, 3-regular graph of 30 nodes", 30, qaoa(30), 2, beside_aer=False)]
    out += [Job("QAOA, 3-regular graph of 16 nodes", 16, qaoa(16), 2)]
    templates = (qml.StronglyEntanglingLayers, qml.BasicEntanglerLayers, qml.SimplifiedTwoDesign)
    out += [Job(f"{k.__name__}, 62 wires, 2 layers", 62, template(k, 62, 2), 5) for k in templates]
    out += [
        Job("RY RZ CNOT ring, 62 wires, 2 layers", 62, own_ansatz(62, 2), 5),
        Job("Select of 32, 5 + 6 wires", 11, select(5, 32, 6), 1 / 3, beside_aer=False),
        Job("Select of 32, 5 + 35 wires", 40, select(5, 32, 35), 1 / 3, beside_aer=False),
        Job("MCX, 15 controls", 16, multi_controlled(15), 1 / 3, beside_aer=False),
        Job("MCX, 20 controls", 21, multi_controlled(20), 1 / 3, beside_aer=False),
        Job("MCX, 39 controls", 40, multi_controlled(39), 1 / 3, beside_aer=False),
        Job("Adder, 12 bits", 14, adder(12), 1 / 3, beside_aer=False),
        Job("Adder, 38 bits", 40, adder(38), 1 / 3, beside_aer=False),
        Job("phase estimation, 8 bits", 9, phase_estimation(8), 1 / 3, beside_aer=False),
        Job("phase estimation, 8 bits, 40 wires", 40, phase_estimation(8, 32), 1 / 3, None, False),
    ]
    return out


def on_device(job: Job, device, shots: int) -> Callable[[], object]:
    @qml.set_shots(shots)
    @qml.qnode(device, diff_method=None)
    def circuit():
        job.queue()
        return qml.sample(wires=range(job.n_wires))

    return circuit


@contextmanager
def second_process(busy: bool):
    """A process beside us that computes without rest, on the cores that we may use."""
    burner = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if busy else None
    try:
        yield
    finally:
        if burner is not None:
            burner.kill()
            burner.wait()


def main(
    shots: Annotated[int, typer.Option(help="Shots of a call.")] = 1000,
    repeats: Annotated[int, typer.Option(help="Timed calls of each.")] = 3,
    only: Annotated[str, typer.Option(help="Circuits whose names contain this.")] = "",
    busy: Annotated[bool, typer.Option(help="With a second process that is busy.")] = False,
    cpu_time: Annotated[
        bool, typer.Option(help="Time of the processor, where others share the core.")
    ] = False,
    aer_too: Annotated[bool, typer.Option(help="Aer beside it.")] = True,
    small: Annotated[bool, typer.Option(help="A few small circuits.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures.")] = None,
) -> None:
    torch.set_num_threads(1)
    table = Table(title=f"{shots} shots, ms" + (", beside a busy process" if busy else ""))
    for heading in ("", "hypernet.mps", "Aer", "ratio", "default.qubit", "ratio", "wanted"):
        table.add_column(heading, justify="right" if heading else "left")
    figures = {}
    clock = time.process_time if cpu_time else time.perf_counter
    with second_process(busy):
        for job in jobs(small):
            if only not in job.name:
                continue
            ours = plh.device(
                "hypernet.mps", wires=job.n_wires, seed=SEED, max_bond_dim=job.max_bond_dim
            )
            functions = {"ours": on_device(job, ours, shots)}
            if job.beside_aer and aer_too:
                theirs = aer(job.gates(), job.n_wires, max_bond_dim=job.max_bond_dim)
                functions["Aer"] = lambda run=theirs: run(shots)
            if job.n_wires <= MOST_QUBITS:
                exact = qml.device("default.qubit", wires=job.n_wires, seed=SEED)
                functions["default.qubit"] = on_device(job, exact, shots)
            times = median_seconds(functions, repeats, clock)
            ratios = {name: times[name] / times["ours"] for name in functions if name != "ours"}
            figures[job.name] = {"seconds": times, "ratios": ratios, "wanted": job.target}
            cells = [job.name, f"{1e3 * times['ours']:.1f}"]
            for name in ("Aer", "default.qubit"):
                known = name in times
                cells += [f"{1e3 * times[name]:.1f}", f"{ratios[name]:.2f}"] if known else ["", ""]
            table.add_row(*cells, f"{job.target:.2g}")
            Console(stderr=True).print(*cells, f"fidelity {ours.fidelity:.3g}", ours.bond_dim)
    Console().print(table)
    if json_file:
        json_file.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
