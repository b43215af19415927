"""Shots of the hardware-efficient ansatz: hypernet.mps against Qiskit Aer's MPS simulator.

Ours is a whole QNode call from angles to bits. Aer gets its circuit transpiled beforehand, and its
time ends with the result object, before bits are read from it; it runs on one thread. Calls are
timed in turn. First, all must sample the same distribution: <Z_i> and <Z_i Z_i+1> have to agree
within 5 standard errors, or the program stops with an error.

On a noisy machine pin it to one core and read the ratios to ours; those of processor time (CPU)
leave out what other jobs took, which hits long calls more than short ones:

    pip install "pl_hypernet[bench]"
    taskset -c 1 python benchmarks/sampling_vs_aer.py
"""

import json
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import numpy as np
import pennylane as qml
import typer
from aer import FASTEST, aer, aer_bits
from ansatz_circuit import ansatz_gates
from rich.console import Console
from rich.table import Table

import pl_hypernet as plh

SEED = 0
CHECK_SHOTS = 10_000
OURS = "hypernet.mps"


def our_sampler(theta: np.ndarray, precision: str) -> Callable[[int], np.ndarray]:
    """shots -> bits int8 (shots, wires), a call of a QNode."""
    wires = range(theta.shape[-1])
    device = qml.device("hypernet.mps", wires=len(wires), seed=SEED, precision=precision)

    @qml.qnode(device, diff_method=None)
    def circuit(theta):
        plh.HardwareEfficientAnsatz(theta, wires=wires)
        return qml.sample(wires=wires, dtype="int8")

    return lambda shots: qml.set_shots(circuit, shots=shots)(theta)


def as_bits(result) -> np.ndarray:
    """Bits int8 (shots, wires) of either side."""
    return result if isinstance(result, np.ndarray) else aer_bits(result)


def largest_deviation(bits: np.ndarray, other: np.ndarray) -> float:
    """Largest difference in <Z_i> and <Z_i Z_i+1>, in standard errors."""
    means = []
    for sample in (bits, other):
        spins = 1 - 2 * sample.astype(float)
        means.append(np.hstack([spins.mean(axis=0), (spins[:, 1:] * spins[:, :-1]).mean(axis=0)]))
    variance = 1 - ((means[0] + means[1]) / 2) ** 2
    stderr = np.sqrt(variance * (1 / len(bits) + 1 / len(other)))
    return float(np.max(np.abs(means[0] - means[1]) / np.maximum(stderr, 1e-12)))


def time_in_turn(samplers: dict[str, Callable], shots: int, repeats: int) -> dict[str, list]:
    """Milliseconds (wall, processor) of each call, after one of each that is not counted."""
    times: dict[str, list] = {name: [] for name in samplers}
    for _ in range(repeats + 1):
        for name, sampler in samplers.items():
            wall, processor = time.perf_counter(), time.process_time()
            sampler(shots)
            spent = time.perf_counter() - wall, time.process_time() - processor
            times[name].append(1e3 * np.array(spent))
    return {name: values[1:] for name, values in times.items()}


def main(
    wires: Annotated[int, typer.Option(min=2, help="Number of qubits.")] = 66,
    layers: Annotated[int, typer.Option(min=0, help="Entangling layers P.")] = 2,
    shots: Annotated[int, typer.Option(min=1, help="Shots of each call.")] = 1000,
    repeats: Annotated[int, typer.Option(min=1, help="Timed calls of each.")] = 41,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures.")] = None,
) -> None:
    """Time of sampling the hardware-efficient ansatz, against Qiskit Aer."""
    theta = np.asarray(plh.start_angles(plh.HardwareEfficientAnsatz.shape(layers, wires), SEED))
    gates = ansatz_gates(theta)
    samplers = {
        OURS: our_sampler(theta, "single"),
        f"{OURS}, double": our_sampler(theta, "double"),
        "Aer, default": aer(gates, wires, algorithm=None),
        f"Aer, {FASTEST}": aer(gates, wires),
    }
    bits = {name: as_bits(sampler(CHECK_SHOTS)) for name, sampler in samplers.items()}
    deviations = {name: largest_deviation(bits[name], bits[OURS]) for name in bits}
    worst = max(deviations, key=deviations.get)
    if deviations[worst] > 5:
        sys.exit(f"{worst} and ours differ by {deviations[worst]:.1f} standard errors")
    times = time_in_turn(samplers, shots, repeats)
    table = Table("", title=f"Medians, {shots} shots, {wires} qubits, {layers} layers")
    for column in ("ms", "min - max", "ratio", "CPU ms", "CPU ratio"):
        table.add_column(column, justify="right")
    rows = {}
    our_wall, our_cpu = np.median(times[OURS], axis=0)
    for name, calls in times.items():
        wall, cpu = np.median(calls, axis=0)
        low, high = np.min(calls, axis=0)[0], np.max(calls, axis=0)[0]
        rows[name] = {"median_ms": wall, "min_ms": low, "max_ms": high, "ratio": wall / our_wall}
        rows[name] |= {"cpu_ms": cpu, "cpu_ratio": cpu / our_cpu}
        cells = f"{wall:.2f}", f"{low:.1f} - {high:.1f}", f"{wall / our_wall:.2f}"
        table.add_row(name, *cells, f"{cpu:.2f}", f"{cpu / our_cpu:.2f}")
    Console().print(table)
    print(f"<Z_i> and <Z_i Z_i+1> agree within {deviations[worst]:.1f} standard errors.")
    if json_file:
        figures = {"wires": wires, "layers": layers, "shots": shots, "repeats": repeats}
        figures |= {"aer": version("qiskit-aer"), "deviations": deviations, "times": rows}
        json_file.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
