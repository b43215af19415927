"""Shots of one circuit drawn by eight libraries: cost over qubits, bond dimension and shots.

The circuit is the hardware-efficient ansatz with P layers of a chain of CZ, at random angles: a
matrix product state of bond dimension 2^P. Timed is the sampling alone, never the evolution:

- **hypernet.mps**: ``state.sample``, random numbers included, in its default single precision. It
  draws from the light cones of the circuit. "general tensors" is our sampler of any matrix product
  state, which has as much to start from as the others have.
- **maestro**, the simulator under pennylane-maestro: ``SampleCountsMany`` of an evolved state.
- **Qiskit Aer**: ``matrix_product_state`` with both of its algorithms, on one thread: the time of
  many shots less that of one. Of ``mps_apply_measure`` 100 shots are timed, of
  ``mps_probabilities`` at least 1000: fewer cannot be told from the evolution.
- **tensorcircuit-ng**: ``MPSCircuit.measure``, compiled by JAX for 1000 shots at once where JAX is
  installed; compiling is not timed, and takes too long beyond 264 qubits. In single precision, its
  default, up to 150 qubits.
- **emu-mps** draws 32 shots at once; 96 are timed.
- **MQT YAQS**, **quimb** and **TeNPy** draw one shot after the other; two are timed.
- **default.tensor** of PennyLane has no finite shots. Its state is a circuit of quimb's, sampled by
  the very function that is timed for quimb, so it has no row of its own. It is slower still: its
  tensors carry a tag for each wire.

Those of which nothing else is said compute in double precision. Each must first pass a G-test
against the exact distribution at 8 qubits, default.tensor too. At each size the mean log p of their
shots must be that of ours within 5 standard errors. A library that fails a test, or with an error,
is named and has no time, as is one that is not installed: Aer's ``mps_probabilities``, emu-mps and
quimb carry the probability of a whole shot, which leaves the range of double precision, 1e-308, at
about 1300 qubits of this circuit.

Times are medians of processor time, of calls in turn, so that other programs count little; pin it
to one core, so that no library starts more threads:

    pip install "pl_hypernet[bench]" jax
    taskset -c 1 python benchmarks/sampling_scaling.py --plot docs/sampling_scaling.png
"""

import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import pennylane as qml
import torch
import typer
from ansatz_circuit import angles, ansatz_state
from rich.console import Console
from rich.table import Table
from samplers import DEFAULT_TENSOR, LIBRARIES
from samplers.sampler import LeftOut
from sampling_picture import save_plot
from timing import median_seconds

import pl_hypernet as plh
from pl_hypernet.testing import ALPHA, MOST_ERRORS, g_test

OURS = next(iter(LIBRARIES))
WIRES, LAYERS, SHOTS = 66, 2, 1000  # of the sweeps over something else
LABELS = {
    "qubits": f"qubits (bond dimension {2**LAYERS}, {SHOTS} shots)",
    "bond_dim": f"bond dimension ({WIRES} qubits, {SHOTS} shots)",
    "shots": f"shots ({WIRES} qubits, bond dimension {2**LAYERS})",
}
CHECK_WIRES, CHECK_SHOTS = 8, 1000
REFERENCE_SHOTS = 1000


def right_libraries(console: Console) -> dict[str, Callable]:
    """Builders of the libraries that draw the exact distribution at a small size.

    The others are named on the console. Ends the program if ours is among them.
    """
    theta = angles(LAYERS, CHECK_WIRES)
    ansatz = plh.HardwareEfficientAnsatz(theta, wires=range(CHECK_WIRES))
    exact = np.abs(qml.matrix(ansatz)[:, 0]) ** 2
    right = {}
    for name, library in {**LIBRARIES, "default.tensor": DEFAULT_TENSOR}.items():
        if library.version is None:
            console.print(f"left out: {name}, {library.distribution} is not installed")
            continue
        try:
            builder = library.load()
            sampler = builder(theta, ansatz_state(theta))
            p_value = g_test(sampler.bits(sampler.draw(CHECK_SHOTS)), exact)
            wrong = f"does not draw |<x|psi>|^2: G-test, p = {p_value:.1e}"
        except Exception as error:  # whatever a library fails with, the others go on
            p_value, wrong = 0.0, f"fails: {error}"
        if p_value >= ALPHA:
            right[name] = builder
        elif name == OURS:
            sys.exit(f"{name} {wrong}")
        else:
            console.print(f"left out: {name} {wrong}")
    console.print(f"exact at {CHECK_WIRES} qubits by a G-test: {'; '.join(right)}")
    right.pop("default.tensor", None)
    return right


def errors_off(bits: np.ndarray, theta, reference: np.ndarray) -> float:
    """Standard errors by which the mean log p of shots lies off that of a reference."""
    with torch.no_grad():
        log_p = plh.log_probability(torch.tensor(theta), bits).numpy()
    error = reference.std() * np.sqrt(1 / len(log_p) + 1 / len(reference))
    return abs(log_p.mean() - reference.mean()) / error


def right_samplers(theta, builders: dict[str, Callable]) -> tuple[dict, dict[str, str]]:
    """The samplers of a circuit that work, and what is wrong with the others."""
    state = ansatz_state(theta)
    _, reference = state.sample(REFERENCE_SHOTS, np.random.default_rng(1))
    right, wrong = {}, {}
    for name, build in builders.items():
        try:
            sampler = build(theta, state)
            off = errors_off(sampler.bits(sampler.draw(sampler.timed(100))), theta, reference)
        except LeftOut as reason:
            wrong[name] = str(reason)
            continue
        except Exception as error:  # whatever a library fails with, the others go on
            wrong[name] = f"fails: {error}"
            continue
        if off > MOST_ERRORS:
            wrong[name] = f"wrong shots: their mean log p lies {off:.0f} standard errors off"
        else:
            right[name] = sampler
    if OURS in wrong:
        sys.exit(f"{OURS} {wrong[OURS]}")
    return right, wrong


def seconds_per_shot(drawing: dict, shots: int, repeats: int) -> dict[str, float]:
    """Seconds of each library's sampling, without the evolution, divided by the shots."""
    calls = {}
    for name, sampler in drawing.items():
        count = sampler.timed(shots)
        calls[name, count] = lambda draw=sampler.draw, count=count: draw(count)
        if sampler.evolves:
            calls[name, 1] = lambda draw=sampler.draw: draw(1)
    times = median_seconds(calls, repeats, clock=time.process_time)
    each = {}
    for name, sampler in drawing.items():
        count = sampler.timed(shots)
        if sampler.evolves:
            each[name] = (times[name, count] - times[name, 1]) / (count - 1)
        else:
            each[name] = times[name, count] / count
    return each


def measure(builders, n_wires: int, n_layers: int, shots: int, repeats: int) -> dict:
    """One point of a sweep: seconds a shot, shots timed, and who is left out for what reason."""
    drawing, left_out = right_samplers(angles(n_layers, n_wires), builders)
    return {
        "shots": shots,
        "seconds_per_shot": seconds_per_shot(drawing, shots, repeats),
        "shots_timed": {name: sampler.timed(shots) for name, sampler in drawing.items()},
        "left_out": left_out,
    }


def cell(point: dict, name: str) -> str:
    """Microseconds a shot and how many times ours that is."""
    seconds = point["seconds_per_shot"]
    if name not in seconds:
        return "-"
    microseconds = rounded(1e6 * seconds[name], digits=3)
    if name == OURS:
        return microseconds
    return f"{microseconds} ({rounded(seconds[name] / seconds[OURS], digits=2)})"


def rounded(value: float, digits: int) -> str:
    """So many digits that count, without an exponent."""
    decimals = digits - 1 - int(np.floor(np.log10(value)))
    return f"{round(value, decimals):,.{max(0, decimals)}f}"


def print_sweep(console: Console, title: str, sweep: dict[int, dict], names: list[str]) -> None:
    table = Table(
        title=f"Processor time, us a shot (times ours), over {title}", title_justify="left"
    )
    for heading in ("", *names):
        lines = heading.replace(", ", "\n").replace(" (", "\n(")
        table.add_column(lines, justify="right", no_wrap=True)
    for value, point in sweep.items():
        table.add_row(f"{value:,}", *(cell(point, name) for name in names))
    console.print(table)
    for value, point in sweep.items():
        for name, reason in point["left_out"].items():
            console.print(f"left out at {value:,}: {name}, {reason}")


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def main(
    sizes: Annotated[str, typer.Option(help="Numbers of qubits.")] = "33,66,132,264,528,1056,2112",
    layers: Annotated[str, typer.Option(help="Layers P: bond dimensions 2^P.")] = "1,2,3,4,5,6,7",
    shots: Annotated[str, typer.Option(help="Numbers of shots.")] = "10,100,1000,10000,100000",
    repeats: Annotated[int, typer.Option(min=1, help="Timed calls of each.")] = 5,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the figures: a PNG.")] = None,
) -> None:
    """Time of a shot in eight libraries, over qubits, bond dimension and shots."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # of libraries at sizes that they cannot do
    console = Console(width=230, highlight=False)
    builders = right_libraries(console)

    def point(n_wires: int, n_layers: int, n_shots: int) -> dict:
        return measure(builders, n_wires, n_layers, n_shots, repeats)

    sweeps = {
        "qubits": {n: point(n, LAYERS, SHOTS) for n in numbers(sizes)},
        "bond_dim": {2**p: point(WIRES, p, SHOTS) for p in numbers(layers)},
        "shots": {s: point(WIRES, LAYERS, s) for s in numbers(shots)},
    }
    for name, sweep in sweeps.items():
        print_sweep(console, LABELS[name], sweep, list(builders))
    if plot:
        save_plot(plot, sweeps, LABELS)
    if json_file:
        versions = {LIBRARIES[name].distribution: LIBRARIES[name].version for name in builders}
        json_file.write_text(json.dumps({"versions": versions, "sweeps": sweeps}, indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
