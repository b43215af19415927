"""How accurate the MPS engine is: single precision at many qubits, and truncated states.

Single precision: shots drawn in single and in double precision with different random numbers, at
2112 qubits. Every <Z_i> and <Z_i Z_i+1> of either is compared with the exact value, in standard
errors, and so are the two with each other; the largest of thousands of normal deviates has the
p-value given. With the same random numbers, the share of bits that differ is counted too.

Truncated states: the ansatz of bond dimension 64 at smaller bond dimensions, once truncated in a
sweep from its closed form and once gate by gate: the fidelity that the state reports against its
overlap with the exact state.

    python benchmarks/mps_accuracy.py --shots 1000000      # two minutes
"""

import json
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from ansatz_circuit import angles
from rich.console import Console
from rich.table import Table
from scipy.stats import norm

import pl_hypernet as plh
from pl_hypernet.mps.evolution import evolve, evolve_by_gates
from pl_hypernet.testing import ALPHA

PART = 10_000  # shots at a time
SEEDS = {"single": 1, "double": 2}


def ansatz_of(layers: int, wires: int):
    return plh.HardwareEfficientAnsatz(angles(layers, wires), wires=range(wires))


def exact_state(layers: int, wires: int):
    ansatz = ansatz_of(layers, wires)
    return evolve([[ansatz]], [ansatz.wires])[0]


def drawn_moments(state, shots: int, precision: str) -> np.ndarray:
    """Means of all Z_i and then of all Z_i Z_i+1 over fresh shots."""
    rng = np.random.default_rng(SEEDS[precision])
    n = len(state.wires)
    ones = np.zeros(2 * n - 1, dtype=np.int64)
    for begin in range(0, shots, PART):
        bits, _ = state.sample(min(PART, shots - begin), rng, precision)
        ones[:n] += bits.sum(axis=0, dtype=np.int64)
        ones[n:] += (bits[:, 1:] ^ bits[:, :-1]).sum(axis=0, dtype=np.int64)
    return 1 - 2 * ones / shots


def exact_moments(state) -> np.ndarray:
    n = len(state.wires)
    words = [(i,) for i in range(n)] + [(i, i + 1) for i in range(n - 1)]
    z = np.diag([1.0, -1.0])
    return np.array([state.product_expectation(dict.fromkeys(w, z)) for w in words])


def largest_deviation(deviations: np.ndarray) -> tuple[float, float]:
    """The largest, and the probability of one so large among so many normal deviates."""
    largest = float(np.abs(deviations).max())
    return largest, float(-np.expm1(len(deviations) * np.log1p(-2 * norm.sf(largest))))


def precision_table(wires: int, layers: int, shots: int) -> tuple[Table, dict, bool]:
    state = exact_state(layers, wires)
    exact = exact_moments(state)
    means = {precision: drawn_moments(state, shots, precision) for precision in SEEDS}
    variance = np.maximum(1 - exact**2, 1 / shots) / shots
    deviations = {
        "single against exact": (means["single"] - exact) / np.sqrt(variance),
        "double against exact": (means["double"] - exact) / np.sqrt(variance),
        "single against double": (means["single"] - means["double"]) / np.sqrt(2 * variance),
    }
    table = Table(
        title=f"{wires} qubits, bond dimension {state.bond_dim}, {shots} shots of each: "
        f"{len(exact)} expectation values",
        title_justify="left",
    )
    for heading in ("", "root mean square", "largest", "p of the largest"):
        table.add_column(heading, justify="right" if heading else "left")
    figures = {}
    for name, z in deviations.items():
        largest, p_value = largest_deviation(z)
        rms = float(np.sqrt(np.mean(z**2)))
        table.add_row(name, f"{rms:.3f}", f"{largest:.2f} standard errors", f"{p_value:.2g}")
        figures[name] = {"rms": rms, "largest": largest, "p": p_value}
    uniforms = np.random.default_rng(0).random((wires, min(shots, PART)), dtype=np.float32)
    differing = (state.draw(uniforms)[0] != state.draw(uniforms.astype(float))[0]).mean()
    figures["bits that differ"] = float(differing)
    return table, figures, all(row["p"] > ALPHA for row in list(figures.values())[:3])


def truncation_table(wires: int, layers: int, bond_dims: list[int]) -> tuple[Table, list, bool]:
    exact = exact_state(layers, wires)
    ansatz = ansatz_of(layers, wires)
    table = Table(
        title=f"{wires} qubits, {layers} layers, exact bond dimension {exact.bond_dim}",
        title_justify="left",
    )
    for heading in ("bond dimension", "one sweep: 1 - fidelity", "as reported", "gate by gate: "
                    "1 - fidelity", "as reported"):  # fmt: skip
        table.add_column(heading, justify="right")
    figures, agree = [], True
    for chi in bond_dims:
        (sweep,) = evolve([[ansatz]], [ansatz.wires], chi)
        by_gates = evolve_by_gates([ansatz], ansatz.wires, chi)
        lost = [1 - exact.overlap(sweep), 1 - sweep.fidelity]
        lost += [1 - exact.overlap(by_gates), 1 - by_gates.fidelity]
        table.add_row(str(chi), *(f"{value:.3g}" for value in lost))
        figures.append([chi, *lost])
        agree &= abs(lost[0] - lost[1]) < 1e-9
    return table, figures, agree


def main(
    wires: Annotated[int, typer.Option(help="Qubits of the test of precision.")] = 2112,
    shots: Annotated[int, typer.Option(help="Shots in each precision.")] = 20_000,
    layers: Annotated[int, typer.Option(help="Layers of the test of precision.")] = 2,
    bond_dims: Annotated[str, typer.Option(help="Of the truncated states.")] = "2,4,8,16,32,48",
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures.")] = None,
) -> None:
    console = Console()
    table, precision, precise = precision_table(wires, layers, shots)
    console.print(table)
    console.print(f"of bits from the same numbers, {precision['bits that differ']:.1e} differ\n")
    table, truncation, agree = truncation_table(66, 6, [int(chi) for chi in bond_dims.split(",")])
    console.print(table)
    if json_file:
        figures = {"precision": precision, "truncation": truncation}
        json_file.write_text(json.dumps(figures, indent=2) + "\n")
    if not (precise and agree):
        sys.exit("a deviation is too large")


if __name__ == "__main__":
    typer.run(main)
