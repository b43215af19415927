"""The MPS engine against Qiskit Aer, and its scaling: bond dimension, number of qubits, log p.

Sampling the ansatz: the kernel (random numbers included) and a whole QNode call against Aer's
fastest setting, ``mps_sample_measure_algorithm="mps_probabilities"``, on one thread. Aer's time is
that of so many shots less that of one shot for the kernel, so that its evolution is not held
against it, and all of it for the QNode. General circuits: layers of random one- and two-qubit
gates, compared in the same way.
Then the cost over the number of qubits, and log p with its gradient against sampling.

Medians of calls in turn; nothing that compiles is timed. On a noisy machine pin it to one core:

    pip install "pl_hypernet[bench]"
    taskset -c 1 python benchmarks/mps_engine.py
"""

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import pennylane as qml
import torch
import typer
from aer import FASTEST, aer
from ansatz_circuit import angles, ansatz_gates, ansatz_state
from pennylane.wires import Wires
from rich.console import Console
from rich.table import Table
from scipy.stats import unitary_group
from timing import median_seconds

import pl_hypernet as plh
from pl_hypernet.mps.evolution import evolve


def peak_flops(repeats: int = 5) -> float:
    """Operations a second of the machine's matrix product in single precision, on this core."""
    n = 1024
    a = torch.rand(n, n)
    seconds = median_seconds({"mm": lambda: a @ a}, repeats)["mm"]
    return 2 * n**3 / seconds


def cone_flops(n_layers: int) -> int:
    """Additions and multiplications of a light-cone strip for one shot: a lower bound."""
    chi = 2**n_layers
    numbers = 2 * 2 * chi  # real and imaginary parts of P + 1 qubits
    turns = 2 * n_layers * numbers  # a product and a sum each
    weights, collapse, phase = 2 * numbers, 3 * numbers // 2, 3 * numbers // 2
    return turns + weights + collapse + phase


def random_gates(n_wires: int, n_layers: int, seed: int = 0) -> list:
    """Brick layers of random two-qubit gates: a bond dimension of up to 4^(n_layers / 2)."""
    rng = np.random.default_rng(seed)
    gates = []
    for layer in range(n_layers):
        for wire in range(layer % 2, n_wires - 1, 2):
            gates += [
                qml.QubitUnitary(unitary_group.rvs(2, random_state=rng), wire),
                qml.QubitUnitary(unitary_group.rvs(4, random_state=rng), [wire, wire + 1]),
            ]
    return gates


def against_aer(gates, ours, qnode, n_wires, max_bond_dim, shots, aer_shots, repeats) -> dict:
    """Times of the kernel and of a QNode, and Aer's for as many shots."""
    theirs = aer(gates, n_wires, max_bond_dim=max_bond_dim)
    functions = {
        "kernel": lambda: ours(shots),
        "Aer": lambda: theirs(aer_shots),
        "Aer, one shot": lambda: theirs(1),
    }
    if qnode is not None:
        functions["QNode"] = lambda: qnode(shots)
    times = median_seconds(functions, repeats)
    a_shot = (times["Aer"] - times["Aer, one shot"]) / (aer_shots - 1)
    whole = times["Aer, one shot"] + a_shot * (shots - 1)
    row = {
        "kernel_us": 1e6 * times["kernel"] / shots,
        "aer_us": 1e6 * a_shot,
        "kernel_ratio": a_shot * shots / times["kernel"],
    }
    if qnode is not None:
        row |= {"qnode_ms": 1e3 * times["QNode"], "qnode_ratio": whole / times["QNode"]}
    return row


def sample_ansatz(n_wires, layers, shots, aer_shots, repeats, peak) -> dict:
    theta = angles(layers, n_wires)
    state = ansatz_state(theta)
    rng = np.random.default_rng(0)
    device = plh.device("hypernet.mps", wires=n_wires, seed=0)

    @qml.qnode(device, diff_method=None)
    def circuit(theta):
        plh.HardwareEfficientAnsatz(theta, wires=range(n_wires))
        return qml.sample(wires=range(n_wires), dtype="int8")

    row = against_aer(
        ansatz_gates(theta),
        lambda s: state.sample(s, rng),
        lambda s: qml.set_shots(circuit, shots=s)(theta),
        n_wires,
        None,
        shots,
        aer_shots,
        repeats,
    )
    row["share_of_peak"] = cone_flops(layers) * n_wires / (row["kernel_us"] * 1e-6) / peak
    return row


def sample_random(n_wires, bond_dim, shots, aer_shots, repeats, peak) -> dict:
    gates = random_gates(n_wires, 2 * int(np.log2(bond_dim)))
    (state,) = evolve([gates], [Wires(range(n_wires))], max_bond_dim=bond_dim)
    rng = np.random.default_rng(0)
    _ = state.canonical
    row = against_aer(
        gates, lambda s: state.sample(s, rng), None, n_wires, bond_dim, shots, aer_shots, repeats
    )
    dims = state.bond_dims
    flops = 8 * float(np.sum(dims[:-1] * 2 * dims[1:]))
    row["share_of_peak"] = flops / (row["kernel_us"] * 1e-6) / peak
    return row


def over_qubits(sizes, layers, shots, repeats) -> dict[int, float]:
    """Seconds of the kernel at each number of qubits."""
    functions = {}
    for n in sizes:
        state = ansatz_state(angles(layers, n))
        rng = np.random.default_rng(0)
        functions[n] = lambda state=state, rng=rng: state.sample(shots, rng)
    return median_seconds(functions, repeats)


def log_p_against_sampling(n_wires, layers, shots, repeats) -> dict[str, float]:
    theta = angles(layers, n_wires)
    state = ansatz_state(theta)
    rng = np.random.default_rng(0)
    bits, _ = state.sample(shots, rng)
    t = torch.tensor(theta, requires_grad=True)

    def both():
        plh.log_probability(t, bits).sum().backward()

    def forward():
        with torch.no_grad():
            plh.log_probability(t, bits)

    functions = {"sampling": lambda: state.sample(shots, rng), "log p": forward, "both": both}
    return median_seconds(functions, repeats)


def main(
    wires: Annotated[int, typer.Option(help="Qubits of the comparison with Aer.")] = 62,
    shots: Annotated[int, typer.Option(help="Shots of a call.")] = 10_000,
    aer_shots: Annotated[int, typer.Option(help="Shots that Aer is timed with.")] = 1000,
    repeats: Annotated[int, typer.Option(help="Timed calls of each.")] = 5,
    layers: Annotated[str, typer.Option(help="Layers of the ansatz.")] = "2,4,6",
    bond_dims: Annotated[str, typer.Option(help="Of the random circuits; empty: none.")] = "16,64",
    sizes: Annotated[str, typer.Option(help="Numbers of qubits.")] = "66,528,2112",
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures.")] = None,
) -> None:
    torch.set_num_threads(1)
    console = Console()
    peak = peak_flops()
    console.print(f"matrix product, single precision: {peak / 1e9:.0f} GFLOP/s", highlight=False)
    figures: dict = {"peak_flops": peak, "ansatz": {}, "random": {}}
    table = Table(
        title=f"{wires} qubits, {shots} shots, against Aer's {FASTEST}", title_justify="left"
    )
    headings = ("", "kernel, us a shot", "Aer", "ratio", "QNode, ms", "ratio", "share of peak")
    for heading in headings:
        table.add_column(heading, justify="right" if heading else "left")
    jobs = [("ansatz", int(p), sample_ansatz) for p in layers.split(",")]
    jobs += [("random", int(chi), sample_random) for chi in bond_dims.split(",") if chi]
    for kind, number, job in jobs:
        row = job(wires, number, shots, aer_shots, repeats, peak)
        figures[kind][number] = row
        name = f"ansatz, chi {2**number}" if kind == "ansatz" else f"random gates, chi {number}"
        table.add_row(
            name,
            f"{row['kernel_us']:.2f}",
            f"{row['aer_us']:.1f}",
            f"{row['kernel_ratio']:.1f}",
            f"{row['qnode_ms']:.1f}" if "qnode_ms" in row else "",
            f"{row['qnode_ratio']:.1f}" if "qnode_ms" in row else "",
            f"{row['share_of_peak']:.2f}",
        )
    console.print(table)
    numbers = [int(n) for n in sizes.split(",")]
    times = over_qubits(numbers, 2, shots // 10, repeats)
    figures["over_qubits"] = times
    for n in numbers[1:]:
        times_as_many = n / numbers[0]
        console.print(
            f"{n} qubits against {numbers[0]}: {times[n] / times[numbers[0]]:.1f} times the time "
            f"of {times_as_many:.1f} times as many",
            highlight=False,
        )
    times = log_p_against_sampling(66, 2, 1000, repeats)
    figures["log_p"] = times
    console.print(
        f"log p of 1000 shots at 66 qubits: {times['log p'] / times['sampling']:.1f} times the "
        f"sampling; with its gradient {times['both'] / times['sampling']:.1f} times",
        highlight=False,
    )
    if json_file:
        json_file.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
